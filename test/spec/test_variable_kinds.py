"""A variable with a requirement keeps the kind that the spec gives it."""

import pytest

import torcharc

SHAPES = {"x": {"dtype": "float32", "shape": [None, 4]}}


def spec_of(own, require="${value != 'never'}"):
    """A spec with one variable more than it needs."""
    return {
        "vars": {"base": 3, "value": own},
        **({} if require is None else {"require": {"value": require}}),
        "inputs": SHAPES,
        "graph": [
            {"name": "fc", "type": "Linear", "inputs": "x", "params": {"out_features": "${3 if value == 0 else base}"}}
        ],
        "outputs": {"y": "fc"},
    }


def told(own, given, require="${value != 'never'}"):
    """What is told of a given value: nothing, or what was found and expected, and the hint."""
    problems = torcharc.check(spec_of(own, require), value=given)
    assert all(problem.path[:2] == ("vars", "value") for problem in problems)
    return [(problem.found, problem.expected, problem.hint) for problem in problems]


@pytest.mark.parametrize(
    ("own", "given"),
    [
        (12, 3),
        (0.5, 3),
        (0, 0.1),
        (0.5, 0.25),
        ("1e-6", 0.5),  # as YAML 1.1 reads 1e-6
        ("relu", "gelu"),
        (True, False),
        ([1, 2], [3]),
        ([1, 2], []),
        ([], ["a", 1]),
        ([[1, 2.5]], [[1], [2, 3.5]]),
        ([3, True], [False, 4]),
        ({"eps": 1}, {"type": "normal_"}),
        ({"type": "zeros_"}, {}),
        ("${base * 2}", 7),
        (None, 7),
        (None, "any"),
        (12, None),  # the requirement says whether there may be none
    ],
    ids=str,
)
def test_value_of_the_same_kind_is_taken(own, given):
    assert told(own, given) == []


@pytest.mark.parametrize(
    ("own", "given", "found", "expected", "hint"),
    [
        (12, 2.5, "value = 2.5", "an integer", ""),
        (12, 3.0, "value = 3.0", "an integer", "write 3"),
        (12, "3", "value = '3'", "an integer", "write 3 without quotes"),
        (12, True, "value = True", "an integer", ""),
        (12, [3], "value = [3]", "an integer", ""),
        (0.5, "abc", "value = 'abc'", "a number", ""),
        (0.5, float("inf"), "value = inf", "a finite number", ""),
        (0.5, False, "value = False", "a number", ""),
        ("relu", 3, "value = 3", "a string", ""),
        (True, 0, "value = 0", "true or false", ""),
        ([1, 2], 3, "value = 3", "a list of integers", ""),
        ([1, 2], [1, 2.5, "a"], "value[1] = 2.5", "an integer", ""),
        ([[1], [2]], [[1], 2], "value[1] = 2", "a list of integers", ""),
        ({"eps": 1}, "abc", "value = 'abc'", "a mapping", ""),
        ("${base * 2}", 7.5, "value = 7.5", "an integer", ""),
    ],
    ids=str,
)
def test_value_of_another_kind_is_one_problem(own, given, found, expected, hint):
    assert told(own, given) == [(found, expected, hint)]


def test_null_is_for_the_requirement_to_refuse():
    assert told(12, None, "${value > 0}") == [("value = nothing", "value > 0", "")]


def test_variable_without_requirement_takes_any_kind():
    assert told(0, 0.1, None) == []


def test_own_value_of_the_spec_may_be_of_any_kind():
    assert torcharc.check(spec_of(2.5)) == []
