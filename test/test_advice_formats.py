"""Warnings and notes of `check` in the arc and the 2.x format, and of variables in every format."""

import pytest
from arcgraph_specs import graph, node

import torcharc
from torcharc.errors import format_problem


def shown(spec):
    """Severity and text of each problem."""
    return [f"{problem.severity} {format_problem(problem)}" for problem in torcharc.check(spec)]


def modules(**more):
    spec = {
        "modules": {"fc": {"Linear": {"in_features": 8, "out_features": 4}}},
        "graph": {"input": "x", "modules": {"fc": ["x"]}, "output": "fc"},
    }
    return {**spec, **more}


ARC = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4}}
RELU = node("act", "ReLU", "x")


@pytest.mark.parametrize(
    ("spec", "key"),
    [(ARC, "dag_vars"), (graph(RELU), "vars"), (modules(), "vars"), ({"model": graph(RELU)}, "vars")],
    ids=["arc", "arcgraph", "modules", "model"],
)
def test_unused_variable_is_warned_of_in_every_format(spec, key):
    assert shown({key: {"width": 8}, **spec}) == [
        f"warning spec.{key}.width\n  found: the variable 'width'\n  expected: a variable that something uses"
    ]


def test_variable_that_another_uses_is_used():
    arc = {
        "dag_vars": {"width": 8, "twice": "${2 * width}"},
        "dag_in_shape": [8],
        "a": {"type": "Linear", "layers": ["${twice}"]},
    }
    assert shown(arc) == []


def test_variable_that_is_a_mapping_may_be_an_anchor_of_its_file():
    assert shown({"vars": {"conv": {"bias": False}}, **modules()}) == []


def test_unused_module_is_warned_of():
    spec = modules()
    spec["modules"] = {**spec["modules"], "act": {"ReLU": None}}
    assert shown(spec) == [
        "warning spec.modules.act\n  found: the module 'act'\n  expected: a module that some node runs"
    ]


def test_unused_node_is_warned_of():
    spec = modules()
    spec["graph"] = {**spec["graph"], "modules": {"fc": ["x"], "fc~more": ["x"]}}
    assert shown(spec) == [
        "warning spec.graph.modules['fc~more']\n  found: the node 'fc~more'\n  expected: something that refers to it"
    ]


@pytest.mark.parametrize(
    ("inputs", "place"), [(["x", "y"], "[1]"), ({"x": [8], "y": [8]}, ".y")], ids=["names", "shapes"]
)
def test_unused_input_is_warned_of(inputs, place):
    spec = modules()
    spec["graph"] = {**spec["graph"], "input": inputs}
    assert shown(spec) == [
        f"warning spec.graph.input{place}\n  found: the input 'y'\n  expected: something that refers to it"
    ]


def test_unused_parts_are_not_told_beside_errors():
    spec = modules()
    spec["graph"] = {**spec["graph"], "modules": {"fc": ["z"]}}
    assert [problem.severity for problem in torcharc.check(spec)] == ["error"]


def test_input_that_an_arc_carries_through_is_noted():
    arc = {"dag_in_shape": {"x": [8], "mask": [8]}, "fc": {"type": "Linear", "out_features": 4}}
    assert shown(arc) == [
        "note spec.dag_in_shape.mask\n"
        "  found: the input 'mask'\n"
        "  expected: a node that takes it; it is carried to the output as it is"
    ]
    assert list(torcharc.inspect(arc).outputs) == ["x", "mask"]


def test_linear_behind_linear_is_warned_of_in_every_format():
    arc = {**ARC, "more": {"type": "Linear", "out_features": 4}}
    old = modules()
    old["modules"] = {**old["modules"], "more": {"Linear": {"in_features": 4, "out_features": 4}}}
    old["graph"] = {"input": "x", "modules": {"fc": ["x"], "more": ["fc"]}, "output": "more"}
    for spec, place in ((arc, "more"), (old, "graph.modules.more")):
        assert shown(spec) == [
            f"warning spec.{place}\n"
            "  found: the node 'more' is Linear, as 'fc' is, which feeds it\n"
            "  expected: an activation between them: two Linear in a row are one affine map"
        ]
