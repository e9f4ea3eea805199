"""`require`: conditions on the variables of a spec, and the one problem of a variable that fails one."""

import copy

import pytest
from refusal import message

import torcharc

SPEC = {
    "vars": {"width": 8, "heads": 2, "half": "${width // 2}"},
    "require": {"heads": "${heads > 0 and width % heads == 0}", "width": "${width > 0}"},
    "inputs": {"x": {"dtype": "float32", "shape": [None, 5]}},
    "graph": [
        {"name": "fc", "type": "Linear", "params": {"out_features": "${width}"}},
        {"name": "split", "type": "Rearrange", "params": {"pattern": "n (h e) -> n h e", "h": "${heads}"}},
    ],
    "outputs": {"y": "split"},
}


def requiring(require):
    return {**copy.deepcopy(SPEC), "require": require}


def test_spec_that_meets_them_is_built():
    assert torcharc.build(SPEC, width=12, heads=4).module_dict.fc.out_features == 12


def test_spec_may_stand_under_model():
    assert message({"model": SPEC}, heads=3) == (
        "1 problem in the spec\nspec.model.vars.heads\n  found: heads = 3, width = 8\n"
        "  expected: heads > 0 and width % heads == 0"
    )


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"heads": 3}, "spec.vars.heads\n  found: heads = 3, width = 8\n  expected: heads > 0 and width % heads == 0"),
        ({"heads": 0}, "spec.vars.heads\n  found: heads = 0, width = 8\n  expected: heads > 0 and width % heads == 0"),
        (
            {"heads": "2"},
            "spec.vars.heads\n  found: heads = '2'\n  expected: an integer\n  hint: write 2 without quotes",
        ),
        ({"width": "x"}, "spec.vars.width\n  found: width = 'x'\n  expected: an integer"),
        ({"width": 0}, "spec.vars.width\n  found: width = 0\n  expected: width > 0"),
    ],
    ids=str,
)
def test_variable_that_fails_is_the_one_problem(variables, text):
    assert message(SPEC, **variables) == f"1 problem in the spec\n{text}"


def test_fault_of_a_text_is_told_where_its_variables_have_no_requirement():
    spec = requiring({"half": "${half > 0}", "heads": "${heads > 0}"})
    text = "spec.vars.half\n  found: 'x' // 2 in '${width // 2}'\n  expected: numbers"
    spec["vars"]["width"] = "x"
    assert message(spec) == f"1 problem in the spec\n{text}"


def test_variables_at_fault_by_themselves_are_all_told():
    spec = requiring({"width": "${width > 0}", "heads": "${heads > 0}"})
    assert message(spec, heads=0, width=0) == (
        "2 problems in the spec\nspec.vars.width\n  found: width = 0\n  expected: width > 0\n"
        "spec.vars.heads\n  found: heads = 0\n  expected: heads > 0"
    )


def test_what_follows_from_a_fault_is_not_told():
    spec = requiring({"half": "${half > 0}", "heads": "${half % heads == 0}", "width": "${width > 0}"})
    assert message(spec, width=0) == "1 problem in the spec\nspec.vars.width\n  found: width = 0\n  expected: width > 0"


@pytest.mark.parametrize(
    ("require", "text"),
    [
        (
            {"head": "${heads > 0}"},
            "spec.require.head\n  found: the key 'head'\n  expected: one of the keys: half, heads, width\n"
            "  hint: did you mean 'heads'?",
        ),
        (
            ["${heads > 0}"],
            "spec.require\n  found: ['${heads > 0}']\n"
            "  expected: variables with their conditions: {depth: '${depth > 0}'}",
        ),
        ({"heads": 3}, "spec.require.heads\n  found: 3\n  expected: a condition: '${depth > 0}'"),
        (
            {"heads": "${haeds > 0}"},
            "spec.require.heads\n  found: the name 'haeds' in '${haeds > 0}'\n"
            "  expected: one of the names: half, heads, width\n  hint: did you mean 'heads'?",
        ),
    ],
    ids=["unknown variable", "no mapping", "no condition", "unknown name"],
)
def test_faulty_requirement_is_a_problem(require, text):
    assert message(requiring(require)) == f"1 problem in the spec\n{text}"
