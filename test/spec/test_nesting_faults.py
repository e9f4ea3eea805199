"""Several faults in specs with modules: all of them at once, each where it is written, none that follows."""

import nested_specs
import pytest
from arcgraph_specs import graph, node
from nested_specs import BLOCK, arc, old

import torcharc

ENCODER = {**nested_specs.ENCODER, "dag_in_shape": [8]}
FAULTY_SPLIT = {
    "dag_in_shape": [8],
    "act": {"type": "Rellu"},
    "cut": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}},
}
HEAD = {"type": "Linear", "out_features": 0}


def message(spec):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    return str(error.value)


def paths(spec):
    return [problem.path for problem in torcharc.check(spec) if problem.severity == "error"]


def test_faults_in_an_arc_and_behind_it_are_told_at_once():
    inner = {
        "dag_in_shape": [8],
        "b": {"type": "Linaer", "out_features": 4},
        "c": {"type": "Linear", "out_features": 0},
    }
    spec = graph(node("a", "module.A", "x"), node("h", "Linear", "a", out_features=-1), modules={"A": inner})
    assert message(spec) == (
        "3 problems in the spec\n"
        "spec.graph[1].params.out_features\n"
        "  found: -1\n"
        "  expected: an integer above 0\n"
        "spec.modules.A.b.type\n"
        "  found: 'Linaer'\n"
        "  expected: the name of a type; torcharc.types() lists them\n"
        "  hint: did you mean 'Linear'?\n"
        "spec.modules.A.c.out_features\n"
        "  found: 0\n"
        "  expected: an integer above 0"
    )


def test_fault_before_a_module_does_not_hide_those_within():
    inner = {"dag_in_shape": [8], "c": {"type": "Linear", "out_features": 0}}
    spec = graph(node("z", "Linaer", "x"), node("a", "module.A", "z"), modules={"A": inner})
    assert paths(spec) == [("graph", 0, "type"), ("modules", "A", "c", "out_features")]
    free = {**inner, "dag_in_shape": [None], "c": {"type": "Linear", "out_features": 4}}
    assert paths(graph(node("z", "Linaer", "x"), node("a", "module.A", "z"), modules={"A": free})) == [
        ("graph", 0, "type")
    ]


def test_outputs_of_a_faulty_arc_are_not_missed():
    spec = graph(
        node("cut", "module.S", "x"),
        node("m", "Linear", "cut.mean", out_features=2),
        outputs={"y": "m", "z": "cut.std"},
        modules={"S": FAULTY_SPLIT},
    )
    assert paths(spec) == [("modules", "S", "act", "type")]
    nodes = {
        "cut": {"type": "module.S"},
        "m": {"type": "Tanh", "in_names": ["mean"]},
        "s": {**HEAD, "in_names": ["std"]},
    }
    assert paths({**arc({"S": FAULTY_SPLIT}, **nodes), "dag_in_shape": {"x": [8]}}) == [
        ("dag_modules", "S", "act", "type"),
        ("s", "out_features"),
    ]
    modules = {"S": FAULTY_SPLIT, "mean": {"Get": {"key": "mean"}}, "head": {"Linear": {"out_features": 0}}}
    assert paths(old(modules, {"S": ["x"], "mean": ["S"], "head": ["mean"]}, "head")) == [
        ("modules", "S", "act", "type"),
        ("modules", "head", "Linear", "out_features"),
    ]


def test_unreadable_names_of_a_fork_within_are_not_missed():
    inner = {"dag_in_shape": [8], "cut": {"type": "SplitFork", "shapes": "abc"}}
    spec = graph(node("c", "module.S", "x"), node("m", "ReLU", "c.mean"), outputs={"y": "m"}, modules={"S": inner})
    assert paths(spec) == [("modules", "S", "cut", "shapes")]


def test_output_of_a_list_of_nodes_is_known_where_its_node_is_faulty():
    half = {
        "inputs": ["a"],
        "graph": [node("f", "Linaer", "a"), node("g", "ReLU", "a")],
        "outputs": {"l": "f", "r": "g"},
    }
    nodes = [node("c", "module.H", "x"), node("m", "ReLU", "c.l"), node("n", "Linear", "c.r", out_features=0)]
    spec = graph(*nodes, node("k", "ReLU", "c.q"), outputs={"m": "m", "n": "n", "k": "k"}, modules={"H": half})
    assert paths(spec) == [
        ("graph", 2, "params", "out_features"),
        ("graph", 3, "inputs"),
        ("modules", "H", "graph", 0, "type"),
    ]
    assert "expected: one of its outputs: c.l, c.r" in message(spec)


def test_module_whose_uses_are_all_faulty_is_read():
    inner = {**BLOCK, "params": {"width": None}, "graph": [node("fc", "Linaer", "a")], "outputs": {"y": "fc"}}
    assert paths(arc({"B": inner}, a={"type": "module.B"})) == [("dag_modules", "B", "graph", 0, "type"), ("a",)]


def test_unused_modules_are_warned_of_and_read():
    spec = arc({"B": BLOCK, "C": {"dag_in_shape": [8], "n": {"type": "Linaer"}}}, a={"type": "ReLU"})
    assert [(problem.severity, problem.path) for problem in torcharc.check(spec)] == [
        ("warning", ("dag_modules", "B")),
        ("warning", ("dag_modules", "C")),
        ("error", ("dag_modules", "C", "n", "type")),
    ]
    spec = old({"B": BLOCK, "C": {**ENCODER, "n": {"type": "module.B"}}, "r": {"ReLU": None}}, {"r": ["x"]}, "r")
    assert [(problem.severity, problem.path) for problem in torcharc.check(spec)] == [("warning", ("modules", "C"))]


# files


YAML = """\
dag_in_shape: [8]
dag_modules:
  Block:
    params: {width: 4}
    inputs: [a]
    graph:
      - {name: fc, type: Linear, inputs: a, params: {out_feature: 3}}
    outputs: {y: fc}
  Arc:
    dag_in_shape: [8]
    one: {type: module.Blok}
    two: {type: Linaer, out_features: 3}
net: {type: module.Arc}
end: {type: module.Block, widht: 4}
"""


def test_faults_of_a_file_have_lines_and_are_mended(tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text(YAML, encoding="utf-8")
    found = [(problem.source.rsplit(":", 1)[1], problem.path) for problem in torcharc.check(file)]
    assert found == [
        ("7", ("dag_modules", "Block", "graph", 0, "params", "out_feature")),
        ("11", ("dag_modules", "Arc", "one", "type")),
        ("12", ("dag_modules", "Arc", "two", "type")),
        ("14", ("end", "widht")),
    ]
    mended = torcharc.repair(file)
    assert [problem.severity for problem in torcharc.check(mended.spec)] == []
    assert len(mended.applied) == 4


def test_misspelt_module_of_a_2x_spec_is_mended():
    spec = old({"Block": BLOCK, "a": {"module.Blok": {"width": 3}}}, {"a": ["x"]}, "a")
    assert torcharc.repair(spec).spec == old({"Block": BLOCK, "a": {"module.Block": {"width": 3}}}, {"a": ["x"]}, "a")
