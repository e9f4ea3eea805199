"""A value given at the call that a spec cannot be built with is one problem, which names it."""

import pytest
from arcgraph_specs import graph, node
from refusal import message

import torcharc

ARC = {
    "dag_vars": {"width": 8, "heads": 2, "depth": 1},
    "dag_in_shape": [5, 4],
    "embed": {"type": "Linear", "layers": ["${width}"]},
    "attend": {"type": "TransformerEncoderLayer", "nhead": "${heads}", "batch_first": True, "repeat": "${depth}"},
    "head": {"type": "Linear", "layers": ["${width}", 2]},
}
TWO = {
    "vars": {"width": 8},
    "modules": {"a": {"Linear": {"out_features": "${width}"}}, "b": {"Linear": {"out_features": "${width}"}}},
    "graph": {"input": {"x": [4]}, "modules": {"a": ["x"], "b": ["a"]}, "output": "b"},
}


def test_value_that_several_nodes_refuse_is_told_once():
    assert message(ARC, width=-1) == (
        "1 problem in the spec\nspec.dag_vars.width\n  found: width = -1\n"
        "  expected: a value that fits; now spec.embed.layers[0] has -1, expected is out_features, an integer above 0"
    )
    assert message(TWO, width=0) == (
        "1 problem in the spec\nspec.vars.width\n  found: width = 0\n"
        "  expected: a value that fits; now spec.modules.a.Linear.out_features has 0, expected is an integer above 0"
    )


def test_the_value_at_fault_is_told_apart_from_the_others():
    assert message(ARC, width=16, depth=2, heads=-2).split("\n")[:3] == [
        "1 problem in the spec",
        "spec.dag_vars.heads",
        "  found: heads = -2",
    ]


def test_values_that_do_not_go_together_are_all_named():
    assert message(ARC, width=12, heads=8) == (
        "1 problem in the spec\nspec.dag_vars.width\n  found: width = 12, heads = 8\n"
        "  expected: values that fit together; now spec.attend has TransformerEncoderLayer(d_model=12, nhead=8,"
        " batch_first=True), expected is arguments that TransformerEncoderLayer can take; it says: embed_dim must be"
        " divisible by num_heads"
    )


def test_faults_of_the_spec_itself_stay_where_they_are():
    spec = graph(node("a", "Linear", "x", out_features="width", bais=True))
    assert message(spec, width=3) == (
        "1 problem in the spec\nspec.graph[0].params.bais\n  found: the key 'bais'\n"
        "  expected: one of the keys: bias, in_features, init, out_features\n  hint: did you mean 'bias'?"
    )


@pytest.mark.parametrize("prefix", [(), ("model",)])
def test_value_is_placed_among_the_variables_wherever_they_stand(prefix):
    spec = {"vars": {"width": 8}, **graph(node("a", "Linear", "x", out_features="${width}"))}
    found = message({"model": spec} if prefix else spec, width="wide")
    assert found.split("\n")[1:3] == [".".join(("spec", *prefix, "vars", "width")), "  found: width = 'wide'"]


def test_warnings_of_the_spec_stay_beside_a_value_at_fault():
    spec = graph(node("a", "Linear", "x", out_features="${width}"), node("b", "Linear", "a", out_features=2))
    spec["vars"] = {"width": 8}
    warnings = torcharc.check(spec)
    assert [problem.severity for problem in warnings] == ["warning"]
    assert [problem.path for problem in torcharc.check(spec, width=-1)] == [warnings[0].path, ("vars", "width")]


def test_variable_without_a_value_of_its_own_is_no_fault_beside_an_unknown_one():
    spec = graph(node("a", "Linear", "x", out_features="${width}"))
    spec["vars"] = {"width": None}
    assert message(spec, width=8, depht=2) == (
        "1 problem in the spec\nspec.vars.depht\n  found: a value for the variable 'depht'\n"
        "  expected: one of the variables: width"
    )
