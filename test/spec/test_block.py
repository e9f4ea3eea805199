"""Registered specs: a spec of any format as a type in any other."""

import pytest
import torch
from arcgraph_specs import graph, node
from refusal import message
from torch import nn

import torcharc

RESIDUAL = {
    "params": {"width": None},
    "inputs": ["x"],
    "graph": [node("fc", "Linear", "x", out_features="width"), node("sum", "torch.add", ["x", "fc"])],
    "outputs": {"y": "sum"},
}
ENCODER = {
    "dag_vars": {"w": 4},
    "dag_in_shape": [8],
    "fc": {"type": "Linear", "layers": ["${w}"], "activation": "ReLU"},
}
HALVES = graph(node("parts", "torch.chunk", "x", chunks=2, dim=1), outputs={"left": "parts.0", "right": "parts.1"})
NARROW = {"type": "Linear", "out_features": "${w}"}
OLD = {
    "modules": {"fc": {"LazyLinear": {"out_features": 3}}},
    "graph": {"input": "x", "modules": {"fc": ["x"]}, "output": "fc"},
}


@pytest.fixture(autouse=True)
def registered():
    """The specs above as types."""
    specs = {"Residual": RESIDUAL, "Encoder": ENCODER, "Halves": HALVES, "Old": OLD}
    for name, spec in specs.items():
        assert torcharc.register(name, spec) is spec
    yield
    for name in specs:
        torcharc.unregister(name)


def test_module_is_a_type_in_a_graph_spec():
    nodes = [node("one", "Residual", "x", width=8), node("two", "Residual", "one.y", width="W")]
    network = torcharc.build(graph(*nodes, vars={"W": 8}), seed=0)
    torch.manual_seed(0)
    one, two = nn.Linear(8, 8), nn.Linear(8, 8)
    x = torch.rand(2, 8)
    y = x + one(x)
    torch.testing.assert_close(network(x), y + two(y))


def test_module_is_a_type_in_an_arc():
    arc = {"dag_in_shape": [8], "res": {"type": "Residual", "width": 8}, "head": {"type": "Linear", "out_features": 2}}
    network = torcharc.build(arc)
    assert network(torch.rand(3, 8)).shape == (3, 2)
    assert next(iter(network.state_dict())) == "module_dict.res.module_dict.fc.weight"


def test_arc_is_a_type_in_a_graph_spec_with_its_variables_as_params():
    network = torcharc.build(graph(node("enc", "Encoder", "x", w=5), node("head", "Linear", out_features=2)))
    assert network.module_dict["head"].in_features == 5
    assert network(torch.rand(3, 8)).shape == (3, 2)


def test_old_format_is_a_type_in_a_graph_spec():
    assert torcharc.build(graph(node("old", "Old", "x")))(torch.rand(2, 8)).shape == (2, 3)


def test_several_outputs_go_by_name():
    x = torch.rand(2, 8)
    network = torcharc.build(graph(node("cut", "Halves", "x"), node("sum", "torch.add", ["cut.left", "cut.right"])))
    torch.testing.assert_close(network(x), x[:, :4] + x[:, 4:])
    arc = {"dag_in_shape": {"x": [8]}, "cut": {"type": "Halves"}, "act": {"type": "Tanh", "in_names": ["left"]}}
    torch.testing.assert_close(torcharc.build(arc)(x), {"left": x[:, :4].tanh(), "right": x[:, 4:]})


def test_copies_draw_weights_of_their_own_and_shared_ones_do_not():
    repeated = torcharc.build(graph({**node("r", "Residual", "x", width=8), "repeat": 3}))
    assert len(list(repeated.parameters())) == 6
    nodes = [node("r", "Residual", "x", width=8), {"name": "again", "module": "r", "inputs": "r"}]
    assert len(list(torcharc.build(graph(*nodes)).parameters())) == 2


def test_inspection_counts_blocks():
    assert torcharc.inspect(graph(node("r", "Residual", "x", width=8))).params == 72


def test_unknown_param_names_the_nearest():
    assert message(graph(node("r", "Residual", "x", widht=8))) == (
        "1 problem in the spec\n"
        "spec.graph[0].params.widht\n"
        "  found: the key 'widht'\n"
        "  expected: one of the keys: width\n"
        "  hint: did you mean 'width'?"
    )


def test_fault_within_is_told_at_the_node_that_runs_it():
    text = message({"dag_in_shape": [8], "res": {"type": "Residual", "width": "wide"}})
    assert text == (
        "1 problem in the spec\n"
        "spec.res\n"
        "  found: in the registered Residual, at graph[0].params.out_features: 'width', which is 'wide'\n"
        "  expected: an integer above 0"
    )


def test_faulty_spec_is_refused_at_once():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.register("Faulty", {"inputs": ["x"], "graph": [node("a", "Linaer", "x")], "outputs": {"y": "a"}})
    assert [problem.path for problem in error.value.problems] == [("graph", 0, "type")]
    assert torcharc.types("Faulty") == []


def test_taken_name_is_refused():
    with pytest.raises(torcharc.ArgumentError) as error:
        torcharc.register("Linear", RESIDUAL)
    assert str(error.value) == (
        "1 problem in the arguments\n"
        "name\n"
        "  found: 'Linear'\n"
        "  expected: a name that no other type has\n"
        "  hint: choose another name"
    )


def test_specs_that_hold_one_another_are_refused():
    relu = {"inputs": ["x"], "graph": [node("a", "ReLU", "x")], "outputs": {"y": "a"}}
    torcharc.register("Inner", relu)
    torcharc.register("Outer", {**relu, "graph": [node("a", "Inner", "x")]})
    torcharc.unregister("Inner")
    torcharc.register("Inner", {**relu, "graph": [node("a", "Outer", "x")]})
    try:
        assert "registered specs that hold themselves: Inner → Outer → Inner" in message(graph(node("a", "Inner", "x")))
    finally:
        torcharc.unregister("Inner")
        torcharc.unregister("Outer")


def test_what_is_kept_of_a_spec_goes_with_the_types_in_it():
    def inner(width):
        return {"dag_vars": {"w": width}, "dag_in_shape": [8], "fc": {"type": "Linear", "layers": ["${w}"]}}

    arc = {"dag_in_shape": [8], "a": {"type": "Outer"}, "b": {"type": "Outer", "w": 5}}
    torcharc.register("Inner", inner(3))
    torcharc.register("Outer", {"dag_vars": {"w": 7}, "dag_in_shape": [8], "one": {"type": "Inner"}, "two": NARROW})
    try:
        assert torcharc.inspect(arc)["b"].output.shape == (5,)
        assert torcharc.inspect(arc).params == (8 * 3 + 3) + (3 * 7 + 7) + (7 * 3 + 3) + (3 * 5 + 5)
        torcharc.unregister("Inner")
        torcharc.register("Inner", inner(4))
        assert torcharc.inspect(arc).params == (8 * 4 + 4) + (4 * 7 + 7) + (7 * 4 + 4) + (4 * 5 + 5)
    finally:
        torcharc.unregister("Outer")
        torcharc.unregister("Inner")
