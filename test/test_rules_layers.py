"""Rules for layers agree with torch over random arguments, or do not answer."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_against_meta import assert_agrees, checked, meta, optional, per_axis, sizes, small, spec, tensors
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from torcharc.registry import find
from torcharc.rules import RULES

# what a rule must answer: the ordinary cases, with numbers worked out by hand

UNCHANGED = [name for name, rule in RULES.items() if rule is RULES["ReLU"]]


# random arguments: a rule agrees with torch, or does not answer


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
