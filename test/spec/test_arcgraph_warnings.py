"""Warnings on Arc-Graph specs: likely mistakes that build, and what looks alike and is meant."""

import pytest
from arcgraph_specs import FC, RELU, RNN, SEQUENCE, graph, module, node, tensor

import torcharc
from torcharc.errors import format_problem

WARNINGS = {
    "unused_node": (
        graph(RELU, node("more", "Tanh", "x"), outputs={"y": "act"}),
        ("spec.graph[1]\n  found: the node 'more'\n  expected: something that refers to it"),
    ),
    "unused_input": (
        graph(RELU, inputs={"x": tensor([None, 8]), "z": tensor([None, 2])}),
        ("spec.inputs.z\n  found: the input 'z'\n  expected: something that refers to it"),
    ),
    "unused_module": (
        graph(RELU, modules=module()),
        ("spec.modules.block\n  found: the module 'block'\n  expected: a module that some node runs"),
    ),
    "unused_input_of_a_module": (
        graph(
            node("b", "module.block", ["x", "x"]),
            modules=module(params={}, inputs=["a", "b"], graph=[node("in", "ReLU", "b")]),
        ),
        ("spec.modules.block.inputs[0]\n  found: the input 'a'\n  expected: something that refers to it"),
    ),
    "linear_after_linear": (
        graph(FC, node("again", "Linear", "fc", out_features=2)),
        (
            "spec.graph[1]\n"
            "  found: the node 'again' is Linear, as 'fc' is, which feeds it\n"
            "  expected: an activation between them: two Linear in a row are one affine map"
        ),
    ),
    "sum_that_repeats_an_axis": (
        graph(node("one", "Linear", "x", out_features=1), node("sum", "torch.add", ["x", "one"])),
        (
            "spec.graph[1]\n"
            "  found: the node 'sum' sums (N, 8) and (N, 1)\n"
            "  expected: equal sizes; the axis of size 1 is repeated"
        ),
    ),
    "sum_with_the_batch_on_two_axes": (
        graph(
            node("one", "Linear", "x", out_features=1),
            node("flat", "torch.sum", "x", dim=1),
            node("sum", "torch.sub", ["one", "flat"]),
        ),
        (
            "spec.graph[2]\n"
            "  found: the node 'sum' sums (N, 1) and (N,)\n"
            "  expected: the batch on one axis; here it is on two\n"
            "  hint: unsqueeze the shorter one"
        ),
    ),
    "squeeze_of_every_axis": (
        graph(node("s", "torch.squeeze", "x")),
        (
            "spec.graph[0]\n"
            "  found: the node 's' squeezes every axis of size 1\n"
            "  expected: the axis, as dim: 1; a batch of 1 is dropped otherwise"
        ),
    ),
    "batch_norm_of_a_sequence": (
        graph(RNN, node("act", "ReLU"), node("norm", "BatchNorm1d", "act", num_features=5), inputs=SEQUENCE),
        (
            "spec.graph[2]\n"
            "  found: the node 'norm' is BatchNorm1d on a sequence (N, 5, 4)\n"
            "  expected: channels on axis 1, which it normalizes\n"
            "  hint: LayerNorm takes the last axis"
        ),
    ),
}


@pytest.mark.parametrize(("spec", "message"), WARNINGS.values(), ids=WARNINGS.keys())
def test_likely_mistake_is_warned_of_and_builds(spec, message):
    torcharc.build(spec)
    found = [problem for problem in torcharc.check(spec) if problem.severity == "warning"]
    assert "\n".join(map(format_problem, found)) == message


# what looks alike and is meant


def warnings(spec):
    return [problem.found for problem in torcharc.check(spec) if problem.severity == "warning"]


def test_batch_norm_behind_a_convolution_is_meant():
    nodes = [
        node("conv", "Conv1d", "x", out_channels=4, kernel_size=3),
        node("act", "ReLU"),
        node("norm", "BatchNorm1d"),
    ]
    assert warnings(graph(*nodes, inputs=SEQUENCE)) == []


def test_table_added_to_a_batch_is_meant():
    nodes = [node("table", "Parameter", shape=[5, 8]), node("sum", "torch.add", ["x", "table"])]
    assert warnings(graph(*nodes, inputs=SEQUENCE)) == []


def test_squeeze_of_one_axis_is_meant():
    assert warnings(graph(node("s", "torch.squeeze", "x", dim=1), inputs={"x": tensor([None, 1, 8])})) == []


@pytest.mark.parametrize(
    "left_out",
    [
        {**node("b", "module.block", "x", width=4), "when": False},
        {**node("b", "module.block", "x", width=4), "repeat": 0},
        {**node("b", "module.outer", "x"), "when": False},
        node("b", "module.${name}", "x"),
    ],
)
def test_module_of_a_node_left_out_is_meant(left_out):
    outer = {"inputs": ["a"], "graph": [node("in", "module.block", "a", width=4)], "outputs": {"o": "in"}}
    other = {"inputs": ["a"], "graph": [node("in", "ReLU", "a")], "outputs": {"o": "in"}}
    modules = {**module(), "other": other}
    modules |= {"outer": outer} if left_out.get("type") == "module.outer" else {}
    named = {"vars": {"name": "other"}} if left_out["type"] == "module.${name}" else {}
    spec = graph(left_out, node("act", "module.other", "b"), modules=modules, **named)
    assert [problem for problem in torcharc.check(spec) if problem.severity != "note"] == []


def test_undefined_reference_is_one_problem():
    spec = graph(node("deep_1", "ReLU", "x"), node("out", "Tanh", "deep_2"))
    assert [(p.severity, p.code) for p in torcharc.check(spec)] == [("error", "undefined")]


def test_errors_of_all_nodes_are_told_at_once():
    nodes = [
        node("a", "Linear", "x", out_features=0),
        node("b", "Linaer", "a"),
        node("c", "ReLU", ["b", "x"]),
        node("d", "ReLU", "z"),
    ]
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(graph(*nodes))
    assert [problem.path for problem in error.value.problems] == [
        ("graph", 0, "params", "out_features"),
        ("graph", 1, "type"),
        ("graph", 2, "inputs"),
        ("graph", 3, "inputs"),
    ]
