"""Forks, by themselves and in arcs."""

import pytest
import torch

import torcharc
from torcharc.module.fork import Chunk, ChunkFork, ReuseFork, Split, SplitFork


def arguments_message(make):
    with pytest.raises(torcharc.ArgumentError) as error:
        make()
    return str(error.value)


def spec_message(shape, **node):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build({"dag_in_shape": shape, "fork": node})
    return str(error.value)


def test_reuse_fork_gives_the_same_tensor_under_each_name():
    x = torch.rand(2, 3)
    parts = ReuseFork(["b", "a"])(x)
    assert list(parts) == ["b", "a"]
    assert parts["a"] is x
    assert parts["b"] is x


def test_split_fork_cuts_the_first_axis_behind_the_batch():
    x = torch.rand(2, 7, 4)
    parts = SplitFork({"mean": [4], "std": 3})(x)
    assert list(parts) == ["mean", "std"]
    assert torch.equal(parts["mean"], x[:, :4])
    assert torch.equal(parts["std"], x[:, 4:])


def test_split_fork_undoes_concat_merge():
    xs = {"a": torch.rand(2, 3, 4), "b": torch.rand(2, 5, 4)}
    parts = SplitFork({"a": [3], "b": [5]})(torcharc.build({"type": "ConcatMerge"})(xs))
    assert all(torch.equal(parts[name], xs[name]) for name in xs)


def test_chunk_fork_divides_an_axis():
    x = torch.rand(2, 3, 6)
    parts = ChunkFork(["q", "k", "v"], dim=2)(x)
    assert torch.equal(torch.cat(list(parts.values()), 2), x)
    assert parts["k"].shape == (2, 3, 2)


def test_chunk_and_split_give_tuples():
    x = torch.rand(2, 10)
    assert [tuple(part.shape) for part in Chunk(2)(x)] == [(2, 5), (2, 5)]
    assert [tuple(part.shape) for part in Split([4, 6])(x)] == [(2, 4), (2, 6)]
    assert [tuple(part.shape) for part in Split(5)(x)] == [(2, 5), (2, 5)]
    assert isinstance(Split(5)(x), tuple)


def test_forks_have_no_weights():
    for fork in (ReuseFork(["a"]), SplitFork({"a": 1}), ChunkFork(["a"]), Chunk(), Split(1)):
        assert not fork.state_dict()


def test_forks_print_what_they_are():
    forks = [ReuseFork(["a", "b"]), SplitFork({"a": [1], "b": 2}), ChunkFork(["a"], 2), Chunk(3), Split([1, 2])]
    assert [str(fork) for fork in forks] == [
        "ReuseFork(a, b)",
        "SplitFork(a=1, b=2)",
        "ChunkFork(a, dim=2)",
        "Chunk(chunks=3, dim=1)",
        "Split([1, 2], dim=1)",
    ]


@pytest.mark.parametrize("fork", [ReuseFork, ChunkFork])
@pytest.mark.parametrize(
    ("names", "found", "expected"),
    [
        ([], "[]", "a list of names, at least one"),
        ("ab", "'ab'", "a list of names, at least one"),
        (["a", 1], "['a', 1]", "names that are strings"),
        (["a", ""], "['a', '']", "names that are strings"),
        (["a", "a"], "['a', 'a']", "names that differ from one another"),
    ],
)
def test_names_that_are_no_names_are_refused(fork, names, found, expected):
    assert arguments_message(lambda: fork(names)) == (
        f"1 problem in the arguments\nnames\n  found: {found}\n  expected: {expected}"
    )


def test_sizes_that_are_no_sizes_are_refused_all_at_once():
    assert (
        arguments_message(lambda: SplitFork({"a": 0, "b": [2, 2], "c": True, "d": 3}))
        == """3 problems in the arguments
shapes.a
  found: 0
  expected: [size], an integer above 0
shapes.b
  found: [2, 2]
  expected: [size], an integer above 0
shapes.c
  found: True
  expected: [size], an integer above 0"""
    )
    assert (
        arguments_message(lambda: SplitFork({}))
        == """1 problem in the arguments
shapes
  found: {}
  expected: {name: [size]}, at least one"""
    )


def test_fork_in_an_arc_feeds_its_branches():
    arc = {
        "dag_in_shape": [8],
        "fork": {"type": "SplitFork", "shapes": {"left": [3], "right": [5]}},
        "l": {"type": "Linear", "in_names": ["left"], "out_features": 2},
        "r": {"type": "Linear", "in_names": ["right"], "out_features": 4},
    }
    net = torcharc.build(arc)
    x = torch.rand(2, 8)
    outputs = net(x)
    assert list(outputs) == ["right", "left"]
    assert torch.equal(outputs["left"], net.module_dict.l(x[:, :3]))
    assert torch.equal(outputs["right"], net.module_dict.r(x[:, 3:]))


def test_tuple_forks_carry_their_first_part():
    net = torcharc.build({"dag_in_shape": [10], "fork": {"type": "ForkSplit", "split_size_or_sections": [4, 6]}})
    x = torch.rand(2, 10)
    assert torch.equal(net(x), x[:, :4])


def test_get_picks_another_part_of_a_tuple():
    arc = {"dag_in_shape": [10], "fork": {"type": "ForkChunk"}, "second": {"type": "Get", "key": 1}}
    x = torch.rand(2, 10)
    assert torch.equal(torcharc.build(arc)(x), x[:, 5:])


def test_split_in_an_arc_must_sum_to_its_input():
    assert (
        spec_message([3, 4, 4], type="SplitFork", shapes={"a": 1, "b": 1})
        == """1 problem in the spec
spec.fork.shapes
  found: {'a': 1, 'b': 1}, in sum 2
  expected: sizes that sum to 3, the first axis of (3, 4, 4)"""
    )


def test_chunks_in_an_arc_must_divide_their_axis():
    assert (
        spec_message([7], type="ChunkFork", names=["a", "b"])
        == """1 problem in the spec
spec.fork.names
  found: ['a', 'b']
  expected: a number of names that divides 7, axis 1 of (7)"""
    )


def test_fork_of_open_size_is_built():
    arc = {"dag_in_shape": [None], "fork": {"type": "SplitFork", "shapes": {"a": 2, "b": 3}}}
    assert {name: part.shape for name, part in torcharc.build(arc)(torch.rand(4, 5)).items()} == {
        "a": (4, 2),
        "b": (4, 3),
    }


@pytest.mark.parametrize("shape", [[], [4]])
def test_dim_beyond_the_input_is_a_problem(shape):
    with pytest.raises(torcharc.SpecError, match="inputs that ChunkFork can take; it says: Dimension out of range"):
        torcharc.build({"dag_in_shape": shape, "fork": {"type": "ChunkFork", "names": ["a", "b"], "dim": 2}})
