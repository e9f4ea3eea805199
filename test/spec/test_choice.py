"""Choices in specs: what is open, and faults of the forms."""

import pytest
from refusal import shown

import torcharc
from torcharc.spec.choice import check_choices, open_choices, refuse_choices

SPACE = {
    "fc": {"type": "Linear", "out_features": {"$choice": [16, {"$int": [32, 64], "$step": 8}]}},
    "rate": {"$float": [1e-4, 1], "$log": True},
    "layers": [{"$subset": ["a", "b", "c"], "$size": 2}, 3],
}


def test_open_choices():
    assert open_choices(SPACE) == [("fc", "out_features"), ("rate",), ("layers", 0)]
    assert open_choices(SPACE["fc"], ("net",)) == [("net", "out_features")]
    assert open_choices({"a": [1, {"b": "$choice"}]}) == []
    assert check_choices(SPACE) == []


def test_space_is_refused():
    assert shown(refuse_choices(SPACE)) == (
        """spec.fc.out_features
  found: {'$choice': [16, {'$int': [...], '$step': 8}]}
  expected: a value: a spec with open choices is a space, and cannot be built
spec.rate
  found: {'$float': [0.0001, 1], '$log': True}
  expected: a value: a spec with open choices is a space, and cannot be built
spec.layers[0]
  found: {'$size': 2, '$subset': ['a', 'b', 'c']}
  expected: a value: a spec with open choices is a space, and cannot be built"""
    )
    assert refuse_choices({"a": 1}) == []


@pytest.mark.parametrize(
    ("form", "path", "found", "expected", "hint"),
    [
        (
            {"$chioce": [1]},
            "['$chioce']",
            "the key '$chioce'",
            "one of the keys: $choice, $float, $int, $subset",
            "did you mean '$choice'?",
        ),
        ({"$choice": [1], "$int": [1, 2]}, "", "the keys $choice and $int", "one kind of choice", ""),
        ({"$choice": [1], "size": 1}, ".size", "the key 'size'", "one of the keys: $choice", ""),
        (
            {"$int": [1, 2], "$setp": 1},
            "['$setp']",
            "the key '$setp'",
            "one of the keys: $int, $log, $step",
            "did you mean '$step'?",
        ),
        ({"$choice": []}, "['$choice']", "[]", "a list of options, at least one", ""),
        ({"$choice": 3}, "['$choice']", "3", "a list of options, at least one", ""),
        ({"$choice": [{"$choice": []}]}, "['$choice'][0]['$choice']", "[]", "a list of options, at least one", ""),
        ({"$subset": [1, 2], "$size": 3}, "['$size']", "3", "an integer from 1 to 2", ""),
        ({"$int": [1, 2.0]}, "['$int']", "[1, 2.0]", "[low, high], two integers", ""),
        ({"$int": [True, 2]}, "['$int']", "[True, 2]", "[low, high], two integers", ""),
        ({"$int": 3}, "['$int']", "3", "[low, high], two integers", ""),
        ({"$float": [0, "1"]}, "['$float']", "[0, '1']", "[low, high], two numbers", ""),
        ({"$float": [3, 1]}, "['$float']", "[3, 1]", "[low, high] with low <= high", ""),
        ({"$float": [0, 1], "$log": True}, "['$float']", "[0, 1]", "bounds above 0, as $log is true", ""),
        ({"$float": [0, 1], "$log": 1}, "['$log']", "1", "true or false", ""),
        ({"$int": [0, 8], "$step": 0}, "['$step']", "0", "an integer above 0", ""),
        ({"$int": [0, 8], "$step": 0.5}, "['$step']", "0.5", "an integer above 0", ""),
        ({"$float": [0, 8], "$step": None}, "['$step']", "nothing", "a number above 0", ""),
        ({"$int": [1, 8], "$step": 2, "$log": True}, "['$step']", "2", "no $step, as $log is true", ""),
    ],
)
def test_faulty_choice(form, path, found, expected, hint):
    lines = [f"spec.a[0]{path}", f"  found: {found}", f"  expected: {expected}"]
    assert shown(refuse_choices({"a": [form]})) == "\n".join(lines + ([f"  hint: {hint}"] if hint else []))


def test_build_refuses_a_space():
    arc = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": {"$choice": [1, 2]}}}
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build(arc)
    assert (
        str(caught.value)
        == """1 problem in the spec
spec.fc.out_features
  found: {'$choice': [1, 2]}
  expected: a value: a spec with open choices is a space, and cannot be built"""
    )


def width_of(bounds, **more):
    return {
        "dag_vars": {"low": 8, "width": {"$int": [8, 64]}, **more},
        "dag_in_shape": [8],
        "fc": {"type": "Linear", "out_features": {"$int": bounds}},
    }


@pytest.mark.parametrize("bounds", [["${low}", "${4 * low}"], ["${low // 2}", 64], [1, "${width}"], ["${width}", 8]])
def test_bounds_may_be_templates(bounds):
    assert check_choices(width_of(bounds), (), {"low": 8, "width": {"$int": [8, 64]}}) == []
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(width_of(bounds))
    assert [problem.code for problem in error.value.problems] == ["open", "open"]


@pytest.mark.parametrize(
    ("bounds", "place", "found", "expected"),
    [
        (["${low}", 4], "", "['${low}', 4]", "[low, high] with low <= high"),
        (["${low / 3}", 9], "", "['${low / 3}', 9]", "[low, high], two integers"),
        (
            ["${loww}", 9],
            "[0]",
            "the name 'loww' in '${loww}'",
            "one of the names: low, width\n  hint: did you mean 'low'?",
        ),
    ],
)
def test_bounds_that_templates_make_are_checked(bounds, place, found, expected):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(width_of(bounds))
    assert str(error.value) == (
        f"1 problem in the spec\nspec.fc.out_features['$int']{place}\n  found: {found}\n  expected: {expected}"
    )


def test_bounds_follow_a_given_variable():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(width_of(["${low}", 16]), low=32, width=4)
    assert [problem.expected for problem in error.value.problems] == ["[low, high] with low <= high"]
