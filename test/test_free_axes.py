"""Axes of any size: each position has a size of its own in inference, followed through the nodes."""

import pytest
import torch
from arcgraph_specs import graph, node
from refusal import message

import torcharc
from torcharc.graph import FreeDim, N, TensorSpec
from torcharc.infer import infer_plan
from torcharc.meta import run_on_meta
from torcharc.spec.formats import parse_spec


def found(spec):
    """What each node gives, by name, as inference has it."""
    plan, problems = infer_plan(parse_spec(spec)[0])
    assert problems == []
    return {step.node.name: step.outcome.output for step in plan.steps}


SEQUENCE = {"x": [None, None, 8]}
IMAGE = {"image": [None, 3, None, None]}

ATTENTION = graph(
    node("turned", "torch.transpose", "x", dim0=1, dim1=2),
    node("scores", "torch.bmm", ["x", "turned"]),
    node("weights", "torch.softmax", "scores", dim=-1),
    node("y", "torch.bmm", ["weights", "x"]),
    inputs=SEQUENCE,
)


def test_axes_are_followed_through_the_nodes():
    length = FreeDim(1)
    assert {name: output.shape for name, output in found(ATTENTION).items()} == {
        "turned": (N, 8, length),
        "scores": (N, length, length),
        "weights": (N, length, length),
        "y": (N, length, 8),
    }


@pytest.mark.parametrize("length", [1, 5, 61])
def test_attention_over_a_free_length_runs(length):
    x = torch.rand(2, length, 8)
    expected = torch.softmax(x @ x.transpose(1, 2), -1) @ x
    torch.testing.assert_close(torcharc.build(ATTENTION)(x), expected)


def test_axes_that_grow_with_a_free_axis_are_linear_in_it():
    spec = graph(
        node("twice", "torch.cat", ["x", "x"], dim=1),
        node("turned", "torch.transpose", "x", dim0=1, dim1=2),
        node("conv", "Conv1d", "turned", in_channels=8, out_channels=4, kernel_size=3),
        node("half", "MaxPool1d", "conv", kernel_size=2),
        inputs=SEQUENCE,
        outputs={"a": "twice", "b": "half"},
    )
    shapes = {name: output.shape for name, output in found(spec).items()}
    assert shapes["twice"] == (N, FreeDim(1, 2, 0), 8)
    assert shapes["conv"] == (N, 4, FreeDim(1, 1, -2))
    assert shapes["half"] == (N, 4, None)


def test_shapes_are_shown_without_what_they_follow():
    nodes = torcharc.inspect(ATTENTION).nodes
    assert [step.output.shape for step in nodes] == [(8, None), (None, None), (None, None), (None, 8)]
    assert str(TensorSpec((N, FreeDim(1, 2, 3), 4))) == "(any, 4)"


def test_two_inputs_share_the_sizes_of_their_positions():
    spec = graph(node("sum", "torch.add", ["x", "y"]), inputs={"x": [None, None, 8], "y": [None, None, 8]})
    assert found(spec)["sum"].shape == (N, FreeDim(1), 8)


def test_free_axes_that_are_mixed_up_are_found():
    spec = graph(
        node("turned", "torch.transpose", "x", dim0=1, dim1=2),
        node("sum", "torch.add", ["x", "turned"]),
        inputs={"x": [None, None, None]},
    )
    assert message(spec) == (
        "1 problem in the spec\n"
        "spec.graph[1]\n"
        "  found: the node 'sum' (torch.add) with input = the input x (any, any), other = turned (any, any)\n"
        "  expected: inputs that torch.add can take; it says: Attempting to broadcast a dimension of length free axis 1"
        " at -1! Mismatching argument at index 1 had torch.Size([N, free axis 2, free axis 1]); but expected shape"
        " should be broadcastable to [N, free axis 1, free axis 2]"
    )


def test_free_axis_that_was_shortened_is_another():
    spec = graph(
        node("conv", "Conv1d", "x", in_channels=8, out_channels=8, kernel_size=3),
        node("sum", "torch.add", ["x", "conv"]),
        inputs={"x": [None, 8, None]},
    )
    assert [problem.path for problem in torcharc.check(spec)] == [("graph", 1)]
    padded = {**spec, "graph": [{**spec["graph"][0], "params": {**spec["graph"][0]["params"], "padding": 1}}]}
    padded["graph"].append(spec["graph"][1])
    assert torcharc.build(padded)(torch.rand(2, 8, 5)).shape == (2, 8, 5)


def test_what_follows_a_free_axis_in_an_unknown_way_may_still_fit_it():
    """Half of a height and twice that is the height again, where it is even: no inference can tell."""
    spec = graph(
        node("down", "Conv2d", "image", in_channels=3, out_channels=3, kernel_size=2, stride=2),
        node("up", "Upsample", "down", scale_factor=2),
        node("skip", "torch.cat", ["image", "up"], dim=1),
        inputs=IMAGE,
    )
    assert torcharc.build(spec)(torch.rand(2, 3, 8, 6)).shape == (2, 6, 8, 6)
    assert torcharc.inspect(spec)["skip"].output.shape == (6, None, None)


def test_run_tells_a_batch_from_a_free_axis():
    x = TensorSpec((N, FreeDim(1), FreeDim(2), 3))

    def output(function):
        return run_on_meta(lambda: Apply(function), [x], {}).output.shape

    class Apply(torch.nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)

    assert output(lambda x: x.permute(2, 0, 3, 1)) == (FreeDim(2), N, 3, FreeDim(1))
    assert output(lambda x: x.flatten(1, 2)) == (N, None, 3)
    assert output(lambda x: x.flatten(0, 1)) == (None, FreeDim(2), 3)
    assert output(lambda x: x.sum(2)) == (N, FreeDim(1), 3)


def test_axes_are_followed_into_blocks():
    module = {"inputs": ["q"], "graph": [node("add", "torch.add", ["q", "q"])], "outputs": {"y": "add"}}
    spec = graph(node("m", "module.M", "x"), node("y", "torch.add", ["m", "x"]), inputs=SEQUENCE, modules={"M": module})
    assert found(spec) == dict.fromkeys("my", TensorSpec((N, FreeDim(1), 8)))
