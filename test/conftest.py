"""What holds in every test: no public function changes the spec that it is given."""

import functools
import pickle

import pytest

import torcharc
from torcharc import repetition

BUILDERS = ("build", "inspect", "build_optimizer", "build_scheduler", "build_criterion", "build_training")


@pytest.fixture(scope="module")
def every_step():
    """A recurrent layer takes every step on meta, however long that takes."""
    most, repetition.MOST_OPERATIONS = repetition.MOST_OPERATIONS, 10**6
    yield
    repetition.MOST_OPERATIONS = most


@pytest.fixture(scope="session", autouse=True)
def specs_unchanged():
    """Lets every builder of the package compare its spec before with its spec after."""
    builders = {name: getattr(torcharc, name) for name in BUILDERS if hasattr(torcharc, name)}
    for name, builder in builders.items():
        setattr(torcharc, name, watch(builder))
    yield
    for name, builder in builders.items():
        setattr(torcharc, name, builder)


def watch(builder):
    """`builder`, but it fails where the call has changed the spec."""

    @functools.wraps(builder)
    def watched(spec, *args, **kwargs):
        before = snapshot(spec)
        try:
            return builder(spec, *args, **kwargs)
        finally:
            assert snapshot(spec) == before, f"{builder.__name__} changed its spec"

    return watched


def snapshot(spec):
    """Contents, order and shared parts of a spec; None where it holds what cannot be written."""
    try:
        return pickle.dumps(spec)
    except (pickle.PicklingError, AttributeError, TypeError, RecursionError):
        return None
