"""Calls of networks from graph specs: by keyword, dict and position, checked; categorical inputs."""

import pytest
import torch
from arcgraph_specs import graph, node
from torch import nn

import torcharc


def build(*nodes, **more):
    return torcharc.build(graph(*nodes, **more), seed=0).eval()


# --- calls ---


def test_call_by_keyword_dict_and_position():
    network = build(node("out", "torch.sub", ["a", "b"]), inputs={"a": [None, 3], "b": [None, 3]})
    a, b = torch.rand(2, 3), torch.rand(2, 3)
    for found in (network(a, b), network(b=b, a=a), network({"b": b, "a": a}), network({"a": a}, b=b)):
        torch.testing.assert_close(found, a - b)


CALLS = [
    (
        {"a": torch.rand(2, 3)},
        "inputs.b\n  found: the inputs a\n  expected: the input 'b'",
    ),
    (
        {"a": torch.rand(2, 3), "b": torch.rand(2), "c": torch.rand(2)},
        "inputs.c\n  found: the input 'c'\n  expected: one of the inputs: a, b",
    ),
    (
        {"a": torch.rand(3), "b": torch.rand(2)},
        "inputs.a\n  found: a tensor of float32, shape (3,)\n  expected: a floating tensor of shape (N, 3)",
    ),
    (
        {"a": torch.rand(2, 4), "b": torch.rand(2)},
        "inputs.a\n  found: a tensor of float32, shape (2, 4)\n  expected: a floating tensor of shape (N, 3)",
    ),
    (
        {"a": torch.ones(2, 3).long(), "b": torch.rand(2)},
        "inputs.a\n  found: a tensor of int64, shape (2, 3)\n  expected: a floating tensor of shape (N, 3)",
    ),
    (
        {"a": torch.rand(2, 3), "b": [1, 2]},
        "inputs.b\n  found: a value of type list\n  expected: a floating tensor of shape (N,)",
    ),
    (
        {"a": torch.rand(2, 3), "b": torch.rand(5)},
        "inputs.b\n  found: 5 samples\n  expected: 2 samples, as the input 'a' has",
    ),
]


@pytest.mark.parametrize(("fed", "text"), CALLS)
def test_wrong_call_is_refused(fed, text):
    network = build(
        node("t", "Tanh", "a"),
        node("s", "Tanh", "b"),
        inputs={"a": [None, 3], "b": [None]},
        outputs={"t": "t", "s": "s"},
    )
    with pytest.raises(torcharc.InputError) as error:
        network(**fed)
    assert str(error.value) == f"1 problem in the inputs\n{text}"


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_kind_is_checked_and_not_the_precision(dtype):
    assert build(node("t", "Tanh", "x"))(torch.rand(2, 8).to(dtype)).dtype == dtype


def test_axes_of_any_size():
    network = build(
        node("mean", "torch.mean", "x", dim=1), node("fc", "Linear", out_features=2), inputs={"x": [None, None, 8]}
    )
    assert network(torch.rand(2, 5, 8)).shape == network(torch.rand(2, 9, 8)).shape == (2, 2)


def test_categorical_inputs_are_embedded():
    inputs = {
        "user": {"dtype": "long", "shape": [None], "categorical": True, "vocab_size": "V", "embedding_dim": 4},
        "seen": {"dtype": "int32", "shape": [None, 3], "categorical": True, "vocab_size": 9, "embedding_dim": 4},
    }
    nodes = [node("taste", "torch.mean", "seen", dim=1), node("out", "torch.add", ["user.output", "taste"])]
    network = build(*nodes, inputs=inputs, vars={"V": 7})
    torch.manual_seed(0)
    user, seen = nn.Embedding(7, 4), nn.Embedding(9, 4)
    a, b = torch.tensor([1, 6]), torch.randint(0, 9, (2, 3), dtype=torch.int32)
    torch.testing.assert_close(network(user=a, seen=b), user(a) + seen(b).mean(1))
    assert [tuple(p.shape) for p in network.parameters()] == [(7, 4), (9, 4)]
