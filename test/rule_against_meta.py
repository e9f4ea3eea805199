"""A rule for shapes and counts beside what torch does on meta."""

import functools

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from torcharc.graph import N, TensorSpec
from torcharc.meta import run_on_meta
from torcharc.registry import find

checked = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def spec(*dims, dtype="float32"):
    return TensorSpec((N, *dims), dtype)


def meta(name, arguments, inputs):
    """What a run on meta gives, or None where it fails; a recurrent layer takes every step there."""
    try:
        return run_on_meta(functools.partial(find(name).make, **arguments), inputs, {})
    except Exception:  # noqa: BLE001  # whatever torch raises, the rule must not answer
        return None


def assert_agrees(name, arguments, inputs, rule=None):
    """A rule that answers says what a run on meta says."""
    answer = (rule or find(name).rule)(arguments, inputs)
    if answer is not None:
        assert answer == meta(name, arguments, inputs)
    return answer


sizes = st.integers(1, 9)
small = st.integers(1, 4)
shapes = st.lists(sizes, min_size=0, max_size=5)
tensors = st.builds(
    lambda dims, dtype: spec(*dims, dtype=dtype),
    st.lists(st.one_of(sizes, sizes, sizes, st.none()), min_size=0, max_size=5),
    st.sampled_from(["float32", "float32", "float32", "float64", "int64"]),
)


def optional(**strategies):
    return st.fixed_dictionaries({}, optional=strategies)


def per_axis(rank, values):
    return st.one_of(values, st.lists(values, min_size=rank, max_size=rank), st.lists(values, min_size=1, max_size=3))


def merged(*parts):
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})
