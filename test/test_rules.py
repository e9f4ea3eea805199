"""Every rule, held against a run on meta over random arguments; and that rules answer where all is well."""

import dataclasses
import functools
import math

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from torcharc import repetition
from torcharc.graph import BatchDim, N, TensorSpec
from torcharc.meta import run_on_meta
from torcharc.registry import find, type_names
from torcharc.rules import RULES, Outcome

BLOCKS = ["StochasticDepth", "ReuseFork", "SplitFork", "ConcatMerge", "SumMerge", "MeanMerge", "ProdMerge", "FiLMMerge"]

checked = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture(autouse=True, scope="module")
def time_enough():
    """A recurrent layer takes every step on meta."""
    most, repetition.MOST_OPERATIONS = repetition.MOST_OPERATIONS, 10**6
    yield
    repetition.MOST_OPERATIONS = most


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


def test_rules_are_those_of_types():
    assert [name for name in RULES if find(name).rule is not RULES[name]] == []
    registered = [name for name in type_names() if find(name).rule is not None and name not in RULES]
    assert [name for name in registered if not name.startswith("Lazy")] == sorted(BLOCKS, key=registered.index)


# what a rule must answer: the ordinary cases, with numbers worked out by hand

ORDINARY = [
    ("Linear", {"in_features": 8, "out_features": 3}, spec(8), spec(3), 27, 24),
    ("Linear", {"in_features": 8, "out_features": 3, "bias": False}, spec(5, 8), spec(5, 3), 24, 120),
    ("Linear", {"in_features": 8, "out_features": 3}, spec(None, 8), spec(None, 3), 27, None),
    ("Flatten", {}, spec(2, 3, 4), spec(24), 0, 0),
    ("Embedding", {"num_embeddings": 10, "embedding_dim": 4}, spec(5, dtype="int64"), spec(5, 4), 40, 0),
    ("LayerNorm", {"normalized_shape": 6}, spec(5, 6), spec(5, 6), 12, 0),
    ("LayerNorm", {"normalized_shape": [5, 6], "bias": False}, spec(5, 6), spec(5, 6), 30, 0),
    ("LayerNorm", {"normalized_shape": 6, "elementwise_affine": False}, spec(6), spec(6), 0, 0),
    ("RMSNorm", {"normalized_shape": 6}, spec(5, 6), spec(5, 6), 6, 0),
    ("GroupNorm", {"num_groups": 2, "num_channels": 4}, spec(4, 5), spec(4, 5), 8, 0),
    ("BatchNorm1d", {"num_features": 4}, spec(4), spec(4), 8, 0),
    ("BatchNorm1d", {"num_features": 4, "affine": False}, spec(4, 7), spec(4, 7), 0, 0),
    ("BatchNorm2d", {"num_features": 4}, spec(4, 7, 7), spec(4, 7, 7), 8, 0),
    ("BatchNorm3d", {"num_features": 4}, spec(4, 7, 7, 7), spec(4, 7, 7, 7), 8, 0),
    ("Conv1d", {"in_channels": 3, "out_channels": 4, "kernel_size": 3}, spec(3, 10), spec(4, 8), 40, 288),
    (
        "Conv2d",
        {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 2},
        spec(4, 9, 8),
        spec(6, 5, 4),
        6 * 2 * 9 + 6,
        6 * 2 * 9 * 20,
    ),
    (
        "Conv2d",
        {"in_channels": 1, "out_channels": 2, "kernel_size": [3, 5], "padding": "same", "bias": False},
        spec(1, 7, 6),
        spec(2, 7, 6),
        30,
        30 * 42,
    ),
    (
        "Conv3d",
        {"in_channels": 1, "out_channels": 2, "kernel_size": 2, "dilation": 2, "padding": "valid"},
        spec(1, 5, 5, 5),
        spec(2, 3, 3, 3),
        18,
        16 * 27,
    ),
    (
        "ConvTranspose2d",
        {"in_channels": 3, "out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
        spec(3, 4, 4),
        spec(2, 8, 8),
        56,
        54 * 16,
    ),
    ("ConvTranspose1d", {"in_channels": 2, "out_channels": 2, "kernel_size": 2}, spec(2, 4), spec(2, 5), 10, 32),
    (
        "ConvTranspose3d",
        {"in_channels": 1, "out_channels": 1, "kernel_size": 2},
        spec(1, 2, 2, 2),
        spec(1, 3, 3, 3),
        9,
        64,
    ),
    ("MaxPool1d", {"kernel_size": 2}, spec(3, 9), spec(3, 4), 0, 0),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1}, spec(3, 9, 9), spec(3, 5, 5), 0, 0),
    ("MaxPool3d", {"kernel_size": 2, "stride": 1, "dilation": 2}, spec(1, 5, 5, 5), spec(1, 3, 3, 3), 0, 0),
    ("AvgPool1d", {"kernel_size": 2}, spec(3, 9), spec(3, 4), 0, 0),
    ("AvgPool2d", {"kernel_size": [2, 3]}, spec(3, 9, 9), spec(3, 4, 3), 0, 0),
    ("AvgPool3d", {"kernel_size": 2}, spec(3, 4, 4, 4), spec(3, 2, 2, 2), 0, 0),
    *[
        (f"Adaptive{kind}Pool{d}d", {"output_size": 2}, spec(3, *[5] * d), spec(3, *[2] * d), 0, 0)
        for kind in ("Avg", "Max")
        for d in (1, 2, 3)
    ],
    (
        "RNN",
        {"input_size": 3, "hidden_size": 2, "batch_first": True},
        spec(5, 3),
        (spec(5, 2), TensorSpec((1, N, 2))),
        14,
        50,
    ),
    (
        "GRU",
        {"input_size": 3, "hidden_size": 2, "bidirectional": True},
        spec(5, 3),
        (spec(5, 4), TensorSpec((2, 5, 2))),
        84,
        300,
    ),
    (
        "LSTM",
        {"input_size": 3, "hidden_size": 2, "num_layers": 2, "proj_size": 1, "batch_first": True},
        spec(5, 3),
        (spec(5, 1), (TensorSpec((2, N, 1)), TensorSpec((2, N, 2)))),
        84,
        260,
    ),
    *[(f"Dropout{d}d", {"p": 0.2}, spec(3, *[5] * d), spec(3, *[5] * d), 0, 0) for d in (1, 2, 3)],
]
UNCHANGED = [name for name, rule in RULES.items() if rule is RULES["ReLU"]]


def test_every_rule_has_an_ordinary_case():
    assert set(RULES) == {name for name, *_ in ORDINARY} | set(UNCHANGED) | {"Bilinear"}  # two inputs: below


@pytest.mark.parametrize(("name", "arguments", "given", "output", "params", "macs"), ORDINARY)
def test_rule_answers_the_ordinary(name, arguments, given, output, params, macs):
    answer = find(name).rule(arguments, [given])
    assert answer == Outcome(output, params, macs)
    assert answer == meta(name, arguments, [given])


@pytest.mark.parametrize("name", UNCHANGED)
def test_elementwise_rule_answers_the_ordinary(name):
    for fed in (spec(5), spec(3, 4, 4), spec(None, 3)):
        assert find(name).rule({}, [fed]) == Outcome(fed) == meta(name, {}, [fed])


# random arguments: a rule agrees with torch, or does not answer

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


@checked
@given(st.sampled_from(UNCHANGED), tensors)
def test_elementwise_rules_agree(name, given):
    assert_agrees(name, {}, [given])


@checked
@given(st.integers(1, 3), tensors, st.floats(0, 1))
def test_channel_dropout_rules_agree(rank, given, p):
    assert_agrees(f"Dropout{rank}d", {"p": p}, [given])


@checked
@given(tensors, sizes, sizes, optional(bias=st.booleans()), st.booleans())
def test_linear_rule_agrees(given, fed, out, options, fits):
    if fits and type(given.shape[-1]) is int:
        fed = given.shape[-1]
    assert_agrees("Linear", {"in_features": fed, "out_features": out, **options}, [given])


def conv_inputs(rank):
    return st.one_of(
        st.tuples(*[sizes] * (rank + 1)).map(lambda dims: spec(*dims)),
        st.tuples(*[st.integers(4, 9)] * (rank + 1)).map(lambda dims: spec(*dims)),
        tensors,
    )


@settings(checked, max_examples=400)
@given(st.data())
def test_conv_rules_agree(data):
    rank = data.draw(st.integers(1, 3))
    given = data.draw(conv_inputs(rank))
    channels = given.shape[1] if len(given.shape) > 1 and type(given.shape[1]) is int else 3
    groups = data.draw(st.sampled_from([1, 1, 2, channels]))
    arguments = {
        "in_channels": data.draw(st.sampled_from([channels, channels, channels, 4])),
        "out_channels": data.draw(st.one_of(sizes, small.map(lambda k: k * groups))),
        "kernel_size": data.draw(per_axis(rank, small)),
        **data.draw(
            optional(
                stride=per_axis(rank, small),
                padding=st.one_of(st.sampled_from(["same", "valid"]), per_axis(rank, st.integers(0, 3))),
                dilation=per_axis(rank, st.integers(1, 3)),
                groups=st.just(groups),
                bias=st.booleans(),
                padding_mode=st.sampled_from(["zeros", "zeros", "reflect", "circular"]),
            )
        ),
    }
    assert_agrees(f"Conv{rank}d", arguments, [given])


def plain_axes(rank, values):
    """An argument of a window that is well formed, so that its value decides."""
    return st.one_of(values, st.lists(values, min_size=rank, max_size=rank))


@settings(checked, max_examples=200)
@given(st.data())
def test_output_padding_is_checked_as_torch_does(data):
    rank = data.draw(st.integers(1, 3))
    values = {"stride": st.integers(1, 3), "dilation": st.integers(1, 3), "output_padding": st.integers(0, 3)}
    chosen = {key: data.draw(plain_axes(rank, value)) for key, value in values.items()}
    arguments = {"in_channels": 2, "out_channels": 2, "kernel_size": 2, **chosen}
    name, fed = f"ConvTranspose{rank}d", spec(2, *[4] * rank)
    answer, problems = assert_agrees(name, arguments, [fed]), list(find(name).check(arguments, {"input": fed}))
    try:  # for real: on meta, torch lets every output padding through
        getattr(nn, name)(**arguments)(torch.zeros(1, 2, *[4] * rank))
    except RuntimeError:
        assert (answer, [problem.path for problem in problems]) == (None, [("output_padding",)])
    else:
        assert (answer is None, problems) == (False, [])


@settings(checked, max_examples=300)
@given(st.data())
def test_transposed_conv_rules_agree(data):
    rank = data.draw(st.integers(1, 3))
    given = data.draw(conv_inputs(rank))
    channels = given.shape[1] if len(given.shape) > 1 and type(given.shape[1]) is int else 3
    arguments = {
        "in_channels": data.draw(st.sampled_from([channels, channels, channels, 4])),
        "out_channels": data.draw(sizes),
        "kernel_size": data.draw(per_axis(rank, small)),
        **data.draw(
            optional(
                stride=per_axis(rank, small),
                padding=per_axis(rank, st.integers(0, 3)),
                output_padding=per_axis(rank, st.integers(0, 3)),
                dilation=per_axis(rank, st.integers(1, 3)),
                groups=st.integers(1, 3),
                bias=st.booleans(),
                padding_mode=st.sampled_from(["zeros", "zeros", "zeros", "reflect"]),
            )
        ),
    }
    assert_agrees(f"ConvTranspose{rank}d", arguments, [given])


@checked
@given(
    st.sampled_from([name for name in RULES if name.startswith("BatchNorm")]),
    tensors,
    sizes,
    st.booleans(),
    optional(affine=st.booleans(), track_running_stats=st.booleans(), momentum=st.none(), bias=st.booleans()),
)
def test_batch_norm_rules_agree(name, given, features, fits, options):
    if fits and len(given.shape) > 1 and type(given.shape[1]) is int:
        features = given.shape[1]
    if "bias" not in find(name).signature.arguments:
        options.pop("bias", None)
    assert_agrees(name, {"num_features": features, **options}, [given])


@checked
@given(tensors, sizes, small, st.booleans(), optional(affine=st.booleans(), bias=st.booleans()))
def test_group_norm_rule_agrees(given, channels, groups, fits, options):
    if fits and len(given.shape) > 1 and type(given.shape[1]) is int:
        channels = given.shape[1]
    if "bias" not in find("GroupNorm").signature.arguments:
        options.pop("bias", None)
    assert_agrees("GroupNorm", {"num_groups": groups, "num_channels": channels, **options}, [given])


@pytest.mark.parametrize("groups", range(1, 8))
def test_group_norm_rule_knows_divisors(groups):
    answer = assert_agrees("GroupNorm", {"num_groups": groups, "num_channels": 6}, [spec(6, 4)])
    assert (answer is None) == (groups not in (1, 2, 3, 6))


@checked
@given(st.data())
def test_last_axes_norm_rules_agree(data):
    given = data.draw(tensors)
    name = data.draw(st.sampled_from(["LayerNorm", "RMSNorm"]))
    count = data.draw(st.integers(0, len(given.shape)))
    tail = [dim if type(dim) is int else 3 for dim in given.shape[len(given.shape) - count :]]
    shape = data.draw(st.sampled_from([tail, tuple(tail), [*tail, 2], tail[-1] if tail else 4]))
    options = data.draw(optional(elementwise_affine=st.booleans(), bias=st.booleans()))
    if name == "RMSNorm":
        options.pop("bias", None)
    assert_agrees(name, {"normalized_shape": shape, **options}, [given])


@settings(checked, max_examples=300)
@given(st.data())
def test_pool_rules_agree(data):
    rank, kind = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(["Max", "Avg"]))
    given = data.draw(conv_inputs(rank))
    options = {
        "stride": st.one_of(st.none(), per_axis(rank, small)),
        "padding": per_axis(rank, st.integers(0, 2)),
        "ceil_mode": st.booleans(),
    }
    if kind == "Max":
        options |= {"dilation": per_axis(rank, st.integers(1, 3)), "return_indices": st.booleans()}
    else:
        options |= {"count_include_pad": st.booleans()}
    arguments = {"kernel_size": data.draw(per_axis(rank, small)), **data.draw(optional(**options))}
    assert_agrees(f"{kind}Pool{rank}d", arguments, [given])


@checked
@given(st.data())
def test_adaptive_pool_rules_agree(data):
    rank, kind = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(["Max", "Avg"]))
    given = data.draw(conv_inputs(rank))
    sizes_or_none = st.one_of(st.none(), st.integers(0, 5))
    arguments = {"output_size": data.draw(per_axis(rank, sizes_or_none))}
    if kind == "Max":
        arguments |= data.draw(optional(return_indices=st.booleans()))
    assert_agrees(f"Adaptive{kind}Pool{rank}d", arguments, [given])


@checked
@given(tensors, optional(start_dim=st.integers(-2, 3), end_dim=st.integers(-2, 3)))
def test_flatten_rule_agrees(given, options):
    assert_agrees("Flatten", options, [given])


@checked
@given(
    tensors,
    sizes,
    sizes,
    optional(padding_idx=st.one_of(st.none(), st.integers(-10, 10)), max_norm=st.just(1.0)),
)
def test_embedding_rule_agrees(given, rows, width, options):
    assert_agrees("Embedding", {"num_embeddings": rows, "embedding_dim": width, **options}, [given])


@pytest.mark.parametrize("padding", [-6, -5, -1, 0, 4, 5])
def test_embedding_rule_knows_its_rows(padding):
    arguments = {"num_embeddings": 5, "embedding_dim": 2, "padding_idx": padding}
    answer = assert_agrees("Embedding", arguments, [spec(3, dtype="int64")])
    assert (answer is None) == (padding in (-6, 5))


@settings(checked, max_examples=12)  # a run on meta takes every step
@given(
    st.sampled_from(["RNN", "GRU", "LSTM"]),
    st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3)),
    optional(
        num_layers=st.integers(1, 3),
        bidirectional=st.booleans(),
        bias=st.booleans(),
    ),
    st.integers(0, 3),
)
def test_recurrent_rules_agree(name, dims, options, proj):
    steps, width, hidden = dims
    arguments = {"input_size": width, "hidden_size": hidden, "batch_first": True, **options}
    if name == "LSTM":
        arguments["proj_size"] = proj
    answer = assert_agrees(name, arguments, [spec(steps, width)])
    assert (answer is None) == (name == "LSTM" and proj >= hidden)


@checked
@given(st.tuples(small, small, small), st.lists(sizes, max_size=2), st.booleans())
def test_bilinear_rule_agrees(widths, rest, bias):
    one, two, out = widths
    arguments = {"in1_features": one, "in2_features": two, "out_features": out, "bias": bias}
    inputs = [spec(*rest, one), spec(*rest, two)]
    answer = find("Bilinear").rule(arguments, inputs)
    assert dataclasses.replace(answer, macs=0) == meta("Bilinear", arguments, inputs)  # torch counts none
    if None not in rest:
        count = math.prod(rest)
        with FlopCounterMode(display=False) as counter:
            products = torch.mm(torch.ones(count, two), torch.ones(two, out * one))
            torch.bmm(products.view(count, out, one), torch.ones(count, one, 1))
        assert 2 * answer.macs == counter.get_total_flops()
    assert find("Bilinear").rule(arguments, [spec(*rest, one + 1), spec(*rest, two)]) is None


LAYOUTS = {
    "batch first": ((N, 3, 4), True, (N,)),
    "steps first": ((3, N, 4), False, (N,)),
    "batch as steps": ((N, 3, 4), False, (3,)),
    "one sequence": ((3, 4), False, ()),
    "batch as one sequence": ((N, 4), True, ()),
    "no batch": ((2, 3, 4), True, (2,)),
    "shifted batch": ((BatchDim(1, 2), 2, 4), True, (BatchDim(1, 2),)),
}


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("stated", [False, True], ids=["alone", "with a state"])
def test_recurrent_rules_know_every_layout(name, layout, stated):
    shape, batch_first, batch = LAYOUTS[layout]
    state = TensorSpec((2, *batch, 5))
    states = (state, state) if name == "LSTM" else state
    arguments = {"input_size": 4, "hidden_size": 5, "num_layers": 2, "batch_first": batch_first}
    answer = assert_agrees(name, arguments, [TensorSpec(shape), states] if stated else [TensorSpec(shape)])
    assert answer.output == (TensorSpec((*shape[:-1], 5)), states)


@pytest.mark.parametrize("wrong", [TensorSpec((2, N, 6)), TensorSpec((1, N, 5)), TensorSpec((2, N, 5), "int64"), None])
def test_recurrent_rules_leave_a_wrong_state_to_torch(wrong):
    arguments = {"input_size": 4, "hidden_size": 5, "num_layers": 2, "batch_first": True}
    assert assert_agrees("GRU", arguments, [spec(3, 4), wrong]) is None


# forks and merges


@checked
@given(tensors, st.lists(st.sampled_from("abc"), max_size=3))
def test_reuse_fork_rule_agrees(given, names):
    assert_agrees("ReuseFork", {"names": names}, [given])


@checked
@given(tensors, st.dictionaries(st.sampled_from("abc"), st.one_of(small, st.lists(small, min_size=1, max_size=2))))
def test_split_fork_rule_agrees(given, shapes):
    assume(None not in given.shape[1:2])  # an axis of any size is taken at its word
    assert_agrees("SplitFork", {"shapes": shapes}, [given])


@checked
@given(st.lists(small, min_size=1, max_size=3), st.lists(sizes, max_size=2), st.sampled_from(["float32", "int64"]))
def test_split_fork_rule_answers(parts, rest, dtype):
    given = spec(sum(parts), *rest, dtype=dtype)
    arguments = {"shapes": {f"part_{index}": [size] for index, size in enumerate(parts)}}
    answer = assert_agrees("SplitFork", arguments, [given])
    assert answer == Outcome({f"part_{index}": spec(size, *rest, dtype=dtype) for index, size in enumerate(parts)})


@checked
@given(st.sampled_from(["ConcatMerge", "SumMerge", "MeanMerge", "ProdMerge"]), st.data())
def test_merge_rules_agree(name, data):
    first = data.draw(tensors)
    others = st.one_of(st.just(first), tensors)
    specs = [first, *data.draw(st.lists(others, min_size=1, max_size=2))]
    arguments = data.draw(optional(dim=st.integers(-1, 3))) if name == "ConcatMerge" else {}
    for fed in (dict(zip("abc", specs, strict=False)), tuple(specs)):
        assert_agrees(name, arguments, [fed])


@checked
@given(st.lists(sizes, min_size=2, max_size=3), st.lists(sizes, max_size=2))
def test_concat_rule_answers(channels, rest):
    fed = {f"x_{index}": spec(size, *rest) for index, size in enumerate(channels)}
    assert assert_agrees("ConcatMerge", {}, [fed]) == Outcome(spec(sum(channels), *rest))


@pytest.mark.parametrize("name", ["SumMerge", "MeanMerge", "ProdMerge"])
def test_equal_merge_rules_answer(name):
    assert assert_agrees(name, {}, [{"a": spec(3, 4), "b": spec(3, 4)}]) == Outcome(spec(3, 4))


@checked
@given(sizes, sizes, st.lists(sizes, max_size=3))
def test_film_rule_answers(channels, width, rest):
    fed = {"image": spec(channels, *rest), "vector": spec(width)}
    arguments = {
        "names": {"feature": "image", "conditioner": "vector"},
        "shapes": {"image": [channels, *rest], "vector": [width]},
    }
    answer = assert_agrees("FiLMMerge", arguments, [fed])
    assert answer == Outcome(fed["image"], 2 * (width + 1) * channels, 2 * width * channels)


# batch axes that are folded


@pytest.mark.parametrize("name", ["ReLU", "Linear", "Conv1d", "Flatten", "Embedding", "MaxPool1d", "LayerNorm"])
def test_rules_leave_a_folded_batch_to_meta(name):
    arguments = {
        "Linear": {"in_features": 8, "out_features": 3},
        "Conv1d": {"in_channels": 4, "out_channels": 3, "kernel_size": 2},
        "Embedding": {"num_embeddings": 9, "embedding_dim": 2},
        "MaxPool1d": {"kernel_size": 2},
        "LayerNorm": {"normalized_shape": 8},
    }.get(name, {})
    folded = TensorSpec((BatchDim(5), 4, 8), "int64" if name == "Embedding" else "float32")
    assert_agrees(name, arguments, [folded])
    batch_last = TensorSpec((4, N), "float32")
    if name != "Embedding":
        assert_agrees(name, arguments, [batch_last])
