"""What a format cannot say is refused by `to_spec`, with what stands in the way."""

# ruff: noqa: E501  # messages are quoted as they are shown

import pytest
import torch
from arcgraph_specs import graph, node

import torcharc
from torcharc.graph import Graph, Node, Ref

X = {"x": [None, 8]}
GRAPH = {"input": "x", "modules": {"a": ["x"]}, "output": "a"}


def message(spec, form):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.to_spec(spec, form)
    return str(error.value)


def refusal(found, expected):
    hint = "the format arcgraph can say every network"
    return f"1 problem in the spec\nspec\n  found: {found}\n  expected: {expected}\n  hint: {hint}"


@pytest.mark.parametrize(
    ("spec", "form", "found", "expected"),
    [
        (
            graph(node("a", "ReLU", "x"), node("b", "torch.add", ["a", "x"])),
            "arc",
            "the node 'b', which is fed 'x'",
            "tensors that are each used once: a ReuseFork gives one tensor several names",
        ),
        (
            graph(node("a", "torch.add", {"input": "x", "other": "x"})),
            "arc",
            "the node 'a', which is fed 'x'",
            "tensors that are each used once: a ReuseFork gives one tensor several names",
        ),
        (
            graph(node("a", "MultiheadAttention", ["x"] * 3, embed_dim=8, num_heads=2), inputs={"x": [None, 5, 8]}),
            "modules",
            "the outputs",
            "one that the format modules can say",
        ),
        (
            graph(node("a", "LSTM", hidden_size=4), node("b", "ReLU", "a.0"), inputs={"x": [None, 5, 8]}),
            "modules",
            "the node 'b', which is fed 'a.0'",
            "what another node gives as a whole; Get gives a part of it",
        ),
        (
            {"modules": {"a": {"LazyLinear": {"out_features": 2}}}, "graph": GRAPH},
            "arc",
            "the input 'x': no shape",
            "inputs with shapes, the batch first, as an arc states them",
        ),
        (
            graph(node("a", "ReLU"), inputs=X, outputs={"y": "a", "z": "a"}),
            "arc",
            "the outputs y = a, z = a",
            "what is carried at the end: x = a",
        ),
        (
            {"type": "Linear", "in_features": 3, "out_features": 2},
            "modules",
            "a single module",
            "a network of nodes",
        ),
        (
            graph(
                node("a", "Embedding", num_embeddings=9, embedding_dim=2),
                inputs={"x": {"dtype": "long", "shape": ["2 * 3", 4]}},
            ),
            "modules",
            "the input 'x': (6, 4)",
            "inputs with shapes, the batch first",
        ),
    ],
    ids=str,
)
def test_format_refuses_what_it_cannot_say(spec, form, found, expected):
    assert message(spec, form) == refusal(found, expected)


def test_name_that_no_mapping_can_hold_is_refused():
    found = Graph((("$x", None),), (Node("a", "ReLU", {}, (("input", Ref("$x", of_input=True)),)),), (("y", Ref("a")),))
    assert (
        message(found, "arcgraph")
        == """1 problem in the spec
spec
  found: a network
  expected: one that the format arcgraph can say; it says of it: the key '$x', expected one of the keys: $choice, $float, $int, $subset"""
    )


def test_unknown_format_is_named():
    assert (
        message({"dag_in_shape": [8], "a": {"type": "ReLU"}}, "arcgrap")
        == """1 problem in the spec
spec.format
  found: 'arcgrap'
  expected: a format: arc, arcgraph, modules
  hint: did you mean 'arcgraph'?"""
    )


def test_faulty_spec_is_refused_with_its_problems():
    assert (
        message({"dag_in_shape": [8], "a": {"type": "RelU"}}, "arc")
        == """1 problem in the spec
spec.a.type
  found: 'RelU'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'ReLU'?"""
    )


def test_module_without_a_spec_is_refused():
    assert (
        message(torch.nn.Linear(2, 1), "arcgraph")
        == """1 problem in the spec
spec
  found: a Linear without a spec
  expected: a network that torcharc.build made, a graph or a spec"""
    )
