"""Faults in modules of a spec and in their uses: all of them at once, each where it is written, none that follows."""

import pytest
from arcgraph_specs import graph, node

import torcharc

BLOCK = {
    "params": {"width": 4},
    "inputs": ["a"],
    "graph": [node("fc", "Linear", "a", out_features="width"), node("act", "ReLU", "fc")],
    "outputs": {"y": "act"},
}
ENCODER = {
    "dag_vars": {"width": 4},
    "dag_in_shape": [8],
    "fc": {"type": "Linear", "layers": ["${width}"], "activation": "Tanh"},
}
FUSE = {
    "dag_in_shape": {"left": [4], "right": [5]},
    "cat": {"type": "ConcatMerge", "in_names": ["left", "right"]},
}
FAULTY_SPLIT = {
    "dag_in_shape": [8],
    "act": {"type": "Rellu"},
    "cut": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}},
}
HEAD = {"type": "Linear", "out_features": 0}
HEAD_FAULT = "spec.head.out_features\n  found: 0\n  expected: an integer above 0"


def arc(modules, /, shape=(8,), **nodes):
    return {"dag_in_shape": list(shape), "dag_modules": modules, **nodes}


def old(modules, calls, output, shape=(8,)):
    return {"modules": modules, "graph": {"input": {"x": list(shape)}, "modules": calls, "output": output}}


def message(spec):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    return str(error.value)


def paths(spec):
    return [problem.path for problem in torcharc.check(spec) if problem.severity == "error"]


# cycles


CYCLE = {"A": {"dag_in_shape": [8], "b": {"type": "module.B"}}, "B": {"dag_in_shape": [8], "a": {"type": "module.A"}}}
IN_GRAPHS = {
    name: {
        "params": {"w": 1},
        "inputs": ["x"],
        "graph": [node("n", f"module.{other}", "x", w=w)],
        "outputs": {"y": "n"},
    }
    for name, other, w in (("A", "B", 2), ("B", "A", 3))
}


def test_cycle_of_arcs_is_one_error():
    spec = graph(node("one", "module.A", "x"), node("two", "module.B", "one"), modules=CYCLE)
    assert message(spec) == (
        "1 problem in the spec\n"
        "spec.modules.B.a.type\n"
        "  found: modules that hold themselves: A → B → A\n"
        "  expected: modules that end"
    )


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (arc(CYCLE, a={"type": "module.B"}, b={"type": "module.A"}), ("dag_modules", "A", "b", "type")),
        (old({**CYCLE, "c": {"module.B": None}}, {"A": ["x"], "c": ["A"]}, "c"), ("modules", "B", "a", "type")),
        (graph(node("a", "module.A", "x"), node("b", "module.B", "a", w=9), modules=IN_GRAPHS), None),
        (arc({"A": {"dag_in_shape": [8], "a": {"type": "module.A"}}}, a={"type": "module.A"}), None),
        (
            arc({"A": arc({"Own": {"type": "module.A"}}, a={"type": "module.Own"})}, a={"type": "module.A"}),
            ("dag_modules", "A", "dag_modules", "Own", "type"),
        ),
    ],
    ids=["arc", "2.x", "graph", "itself", "through its own"],
)
def test_cycle_is_told_once_in_every_format(spec, place):
    errors = [problem for problem in torcharc.check(spec) if problem.severity == "error"]
    assert [problem.code for problem in errors] == ["cycle"]
    assert place is None or errors[0].path == place


def test_too_many_levels_are_one_problem():
    modules = {f"M{i}": {"dag_in_shape": [8], "a": {"type": f"module.M{i + 1}"}} for i in range(600)}
    modules["M600"] = BLOCK
    assert message(graph(node("a", "module.M0", "x"), modules=modules)) == (
        "1 problem in the spec\n"
        "spec.modules.M31.a\n"
        "  found: more levels of modules\n"
        "  expected: at most 32; torcharc.spec.arcgraph_blocks.MOST_NESTED sets the limit"
    )


def test_many_copies_of_copies_are_refused_before_they_are_made():
    modules = {
        f"M{i}": {"dag_in_shape": [8], **{f"n{j}": {"type": f"module.M{i + 1}"} for j in range(9)}} for i in range(9)
    }
    found = message(arc({**modules, "M9": BLOCK}, a={"type": "module.M0"}))
    assert "  expected: at most 10,000; torcharc.spec.arcgraph_blocks.MOST_NODES sets the limit" in found


# uses


def test_unknown_module_names_the_nearest():
    assert message(arc({"Block": BLOCK}, a={"type": "module.Blok"}, head=HEAD)) == (
        "2 problems in the spec\n"
        "spec.a.type\n"
        "  found: 'module.Blok'\n"
        "  expected: a module of the spec: Block\n"
        "  hint: did you mean 'module.Block'?\n" + HEAD_FAULT
    )
    assert message(old({"Block": BLOCK, "a": {"module.Blok": None}}, {"a": ["x"]}, "a")) == (
        "1 problem in the spec\n"
        "spec.modules.a['module.Blok']\n"
        "  found: 'module.Blok'\n"
        "  expected: a module of the spec: Block\n"
        "  hint: did you mean 'module.Block'?"
    )


def test_module_of_an_arc_without_modules_is_refused():
    assert message({"dag_in_shape": [8], "a": {"type": "module.Block"}}) == (
        "1 problem in the spec\nspec.a.type\n  found: 'module.Block'\n  expected: a module; the spec has none"
    )


def test_misspelt_param_names_the_nearest_and_leads_to_nothing_else():
    wide = {"type": "module.Block", "widht": 8}
    assert message(arc({"Block": BLOCK, "E": ENCODER}, a=wide, b={"type": "module.E"}, head=HEAD)) == (
        "2 problems in the spec\n"
        "spec.a.widht\n"
        "  found: the key 'widht'\n"
        "  expected: one of the keys: in_names, type, width\n"
        "  hint: did you mean 'width'?\n" + HEAD_FAULT
    )
    assert message(old({"Block": BLOCK, "a": {"module.Block": {"widht": 8}}}, {"a": ["x"]}, "a")) == (
        "1 problem in the spec\n"
        "spec.modules.a['module.Block'].widht\n"
        "  found: the key 'widht'\n"
        "  expected: one of the keys: width\n"
        "  hint: did you mean 'width'?"
    )


def test_param_that_has_to_be_given():
    block = {**BLOCK, "params": {"width": None}}
    assert message(arc({"B": block}, a={"type": "module.B"}, head=HEAD)) == (
        "2 problems in the spec\n"
        "spec.a\n"
        "  found: no key 'width'\n"
        "  expected: the key 'width', which is required\n" + HEAD_FAULT
    )
    assert paths(old({"B": block}, {"B": ["x"]}, "B")) == [("graph", "modules", "B")]


def test_misspelt_key_of_copies_is_told_as_such():
    assert message(arc({"B": BLOCK}, a={"type": "module.B", "repeatt": 2})) == (
        "1 problem in the spec\n"
        "spec.a.repeatt\n"
        "  found: the key 'repeatt'\n"
        "  expected: one of the keys: in_names, parallel, repeat, share, type, when\n"
        "  hint: did you mean 'repeat'?"
    )


def test_wrong_number_of_inputs_names_the_ports():
    assert message(arc({"F": FUSE}, a={"type": "module.F"}, head=HEAD)) == (
        "2 problems in the spec\n"
        "spec.a\n"
        "  found: no key 'in_names'\n"
        "  expected: in_names with 2 tensors for module.F: left, right\n" + HEAD_FAULT
    )


def test_copies_side_by_side_give_one_tensor_each():
    split = {"dag_in_shape": [8], "cut": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}}}
    assert message(arc({"S": split}, a={"type": "module.S", "parallel": 2})) == (
        "1 problem in the spec\n"
        "spec.a.type\n"
        "  found: 'module.S'\n"
        "  expected: a type that gives one tensor; module.S gives several"
    )


def test_module_stands_in_no_sequential():
    modules = {"B": BLOCK, "s": {"Sequential": [{"module.B": None}]}}
    assert message(old(modules, {"s": ["x"]}, "s")) == (
        "1 problem in the spec\n"
        "spec.modules.s.Sequential[0]['module.B']\n"
        "  found: 'module.B'\n"
        "  expected: a type: a module of the spec stands by itself"
    )


def test_copies_of_a_2x_spec_are_made_by_a_module_that_names_it():
    assert message(old({"E": {**ENCODER, "repeat": 2}}, {"E": ["x"]}, "E")) == (
        "1 problem in the spec\n"
        "spec.modules.E.repeat\n"
        "  found: the key 'repeat'\n"
        "  expected: no copies of a spec itself; {module.E: {...}, repeat: ...} makes them"
    )


@pytest.mark.parametrize(
    ("key", "meant"), [("modules", "dag_modules"), ("dag_module", "dag_modules"), ("dag_var", "dag_vars")]
)
def test_misspelt_key_of_an_arc_is_read_as_it_was_meant(key, meant):
    spec = {"dag_in_shape": [8], "dag_vars": {"w": 3}, "dag_modules": {"B": BLOCK}}
    spec |= {"a": {"type": "module.B", "width": "${w}"}}
    spec[key] = spec.pop(meant)
    assert message(spec) == (
        "1 problem in the spec\n"
        f"spec.{key}\n"
        f"  found: the key '{key}'\n"
        "  expected: one of the keys: dag_in_shape, dag_modules, dag_vars\n"
        f"  hint: did you mean '{meant}'?"
    )
    assert torcharc.check(torcharc.repair(spec).spec) == []


# shapes


def test_shape_that_is_fed_is_compared_with_the_declared_one():
    narrow = {**ENCODER, "dag_in_shape": [7]}
    assert message(graph(node("a", "module.E", "x"), modules={"E": narrow})) == (
        "1 problem in the spec\n"
        "spec.graph[0]\n"
        "  found: the node 'a' (module.E) with input = the input x (8)\n"
        "  expected: input (7), as module.E declares it"
    )
    assert message(arc({"E": narrow}, a={"type": "module.E"}, head=HEAD)) == (
        "2 problems in the spec\n"
        "spec.a\n"
        "  found: input = the input (8)\n"
        "  expected: input (7), as module.E declares it\n" + HEAD_FAULT
    )
    assert message(old({"E": narrow}, {"E": ["x"]}, "E")) == (
        "1 problem in the spec\n"
        "spec.graph.modules.E\n"
        "  found: input = the input x (8)\n"
        "  expected: input (7), as module.E declares it"
    )


def test_every_input_that_differs_is_named_at_once():
    spec = graph(node("a", "module.F", {"left": "x", "right": "x"}), modules={"F": FUSE})
    assert message(spec) == (
        "1 problem in the spec\n"
        "spec.graph[0]\n"
        "  found: the node 'a' (module.F) with left = the input x (8), right = the input x (8)\n"
        "  expected: left (4), right (5), as module.F declares them"
    )


def test_other_rank_is_refused_and_free_axes_are_not():
    conv = {"dag_in_shape": [3, None], "c": {"type": "Conv1d", "layers": [[4, 1]]}}
    assert message(arc({"C": conv}, a={"type": "module.C"})) == (
        "1 problem in the spec\n"
        "spec.a\n"
        "  found: input = the input (8)\n"
        "  expected: input (3, any), as module.C declares it"
    )
    assert torcharc.check(arc({"C": conv}, (3, 9), a={"type": "module.C"})) == []


def test_copy_that_gives_another_shape_than_the_next_takes():
    assert message(arc({"E": ENCODER}, a={"type": "module.E", "repeat": 3})) == (
        "1 problem in the spec\nspec.a\n  found: input = copy 0 (4)\n  expected: input (8), as module.E declares it"
    )


def test_registered_spec_is_compared_too():
    torcharc.register("ProblemEncoder", ENCODER)
    try:
        assert message({"dag_in_shape": [7], "a": {"type": "ProblemEncoder"}}) == (
            "1 problem in the spec\n"
            "spec.a\n"
            "  found: input = the input (7)\n"
            "  expected: input (8), as ProblemEncoder declares it"
        )
    finally:
        torcharc.unregister("ProblemEncoder")


# several faults


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
