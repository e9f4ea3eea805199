"""Faults in the use of modules of a spec: cycles, unknown names, params, inputs, shapes."""

import nested_specs
import pytest
from arcgraph_specs import graph, node
from nested_specs import BLOCK, arc, old

import torcharc

ENCODER = {**nested_specs.ENCODER, "dag_in_shape": [8]}
FUSE = {
    "dag_in_shape": {"left": [4], "right": [5]},
    "cat": {"type": "ConcatMerge", "in_names": ["left", "right"]},
}
HEAD = {"type": "Linear", "out_features": 0}
HEAD_FAULT = "spec.head.out_features\n  found: 0\n  expected: an integer above 0"


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
