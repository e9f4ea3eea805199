"""Merges, by themselves and in arcs."""

import pytest
import torch
from refusal import message
from torch.testing import assert_close

import torcharc
from torcharc.module.listed import MergeBMM, MergeConcat, MergeDot, MergeMean, MergeProd, MergeStack, MergeSum
from torcharc.module.merge import (
    BmmMerge,
    ConcatMerge,
    DotMerge,
    MeanMerge,
    Merge,
    ProdMerge,
    StackMerge,
    SumMerge,
)

A, B, C = torch.rand(3, 2, 6) - 0.5

EQUAL = [
    pytest.param(ConcatMerge(), MergeConcat(), torch.cat([A, B, C], 1), id="concat"),
    pytest.param(ConcatMerge(dim=0), MergeConcat(dim=0), torch.cat([A, B, C]), id="concat of batches"),
    pytest.param(StackMerge(), MergeStack(), torch.stack([A, B, C], 1), id="stack"),
    pytest.param(StackMerge(dim=2), MergeStack(dim=2), torch.stack([A, B, C], 2), id="stack on another axis"),
    pytest.param(SumMerge(), MergeSum(), A + B + C, id="sum"),
    pytest.param(MeanMerge(), MergeMean(dim=0), (A + B + C) / 3, id="mean, whatever dim"),
    pytest.param(ProdMerge(), MergeProd(dim=5), A * B * C, id="prod, whatever dim"),
]


@pytest.mark.parametrize(("named", "listed", "result"), EQUAL)
def test_merge_of_named_tensors_or_of_a_list(named, listed, result):
    assert_close(named({"a": A, "b": B, "c": C}), result)
    assert_close(named([A, B, C]), result)
    assert_close(listed([A, B, C]), result)


def test_dot_is_the_sum_of_products_over_the_last_axis():
    x, y = torch.rand(2, 3, 6), torch.rand(2, 3, 6)
    assert_close(DotMerge()({"x": x, "y": y}), (x * y).sum(-1))
    assert_close(MergeDot()(x, y), torch.einsum("nij,nij->ni", x, y))


def test_bmm_is_the_product_of_matrices():
    x, y = torch.rand(2, 3, 5), torch.rand(2, 5, 6)
    assert_close(BmmMerge()({"x": x, "y": y}), torch.stack([x[0] @ y[0], x[1] @ y[1]]))
    assert_close(MergeBMM()(x, y), x @ y)


def test_merges_keep_the_order_of_their_tensors():
    assert torch.equal(ConcatMerge()({"b": B, "a": A}), torch.cat([B, A], 1))


def test_merge_does_not_change_its_tensors():
    x, y = A.clone(), B.clone()
    for merge in (SumMerge(), ProdMerge(), MeanMerge()):
        merge([x, y])
    assert torch.equal(x, A)
    assert torch.equal(y, B)


def test_merge_of_its_own_kind_must_say_how():
    with pytest.raises(TypeError, match="Merge does not say how to merge"):
        Merge()([A, B])


# --- in arcs ----------------------------------------------------------------------------------------


def arc(inputs, type_, **node):
    return {"dag_in_shape": inputs, "merge": {"type": type_, "in_names": list(inputs), **node}}


@pytest.mark.parametrize(
    ("type_", "node", "shape"),
    [
        ("ConcatMerge", {}, (8, 4)),
        ("ConcatMerge", {"dim": 2}, (4, 8)),
        ("ConcatMerge", {"dim": -1}, (4, 8)),
        ("StackMerge", {}, (2, 4, 4)),
        ("SumMerge", {}, (4, 4)),
        ("MeanMerge", {}, (4, 4)),
        ("ProdMerge", {}, (4, 4)),
        ("DotMerge", {}, (4,)),
        ("BmmMerge", {}, (4, 4)),
        ("MergeConcat", {}, (8, 4)),
        ("MergeStack", {}, (2, 4, 4)),
        ("MergeSum", {}, (4, 4)),
        ("MergeMean", {}, (4, 4)),
        ("MergeProd", {}, (4, 4)),
        ("MergeDot", {}, (4,)),
        ("MergeBMM", {}, (4, 4)),
    ],
)
def test_inferred_shape_is_that_of_the_forward(type_, node, shape):
    spec = arc({"x": [4, 4], "y": [4, 4]}, type_, **node)
    assert torcharc.inspect(spec).outputs["x"].shape == shape
    assert torcharc.build(spec)(torch.rand(3, 4, 4), torch.rand(3, 4, 4)).shape == (3, *shape)


def test_concat_takes_the_order_of_in_names():
    spec = {"dag_in_shape": {"x": [2], "y": [3]}, "merge": {"type": "ConcatMerge", "in_names": ["y", "x"]}}
    x, y = torch.rand(2, 2), torch.rand(2, 3)
    assert torch.equal(torcharc.build(spec)({"x": x, "y": y}), torch.cat([y, x], 1))


CLASHES = [
    (
        {"x": [3, 4], "y": [3, 5]},
        "ConcatMerge",
        "spec.merge\n  found: x (3, 4), y (3, 5)\n  expected: tensors whose axes but 1 are equal",
    ),
    ({"x": [3], "y": [4]}, "SumMerge", "spec.merge\n  found: x (3), y (4)\n  expected: tensors of one shape"),
    ({"x": [3], "y": [3, 1]}, "ProdMerge", "spec.merge\n  found: x (3), y (3, 1)\n  expected: tensors of one shape"),
    ({"x": [3], "y": [4]}, "MergeStack", "spec.merge\n  found: (3), (4)\n  expected: tensors of one shape"),
    ({"x": [3]}, "ConcatMerge", "spec.merge.in_names\n  found: 1 tensor\n  expected: at least 2 tensors to merge"),
    ({"x": [3]}, "MeanMerge", "spec.merge.in_names\n  found: 1 tensor\n  expected: at least 2 tensors to merge"),
    ({"x": [3]}, "DotMerge", "spec.merge.in_names\n  found: 1 tensor\n  expected: 2 tensors"),
    ({"x": [3], "y": [3], "z": [3]}, "DotMerge", "spec.merge.in_names\n  found: 3 tensors\n  expected: 2 tensors"),
    (
        {"x": [3], "y": [3], "z": [3]},
        "MergeDot",
        "spec.merge.in_names\n  found: ['x', 'y', 'z']\n  expected: at most 2 tensors for MergeDot: x, y",
    ),
]


@pytest.mark.parametrize(("inputs", "type_", "lines"), CLASHES)
def test_tensors_that_do_not_fit_are_a_problem(inputs, type_, lines):
    assert message(arc(inputs, type_)) == f"1 problem in the spec\n{lines}"


def test_broadcasting_is_refused_by_sums_and_left_to_functions():
    inputs = {"x": [3, 4], "y": [3, 1]}
    assert "tensors of one shape" in message(arc(inputs, "SumMerge"))
    assert torcharc.inspect(arc(inputs, "torch.add")).outputs["x"].shape == (3, 4)


def test_unknown_argument_of_a_merge_is_a_problem():
    assert (
        message(arc({"x": [3], "y": [3]}, "ConcatMerge", dims=1))
        == """1 problem in the spec
spec.merge.dims
  found: the key 'dims'
  expected: one of the keys: dim, in_names, init, type
  hint: did you mean 'dim'?"""
    )
