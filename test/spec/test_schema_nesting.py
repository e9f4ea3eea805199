"""The JSON Schema of specs with modules of every form agrees with `check` on structure, both ways."""

import copy
import random

import pytest
from arcgraph_specs import graph, node
from arcs import WORDS, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nested_specs import BLOCK, ENCODER, OLD, SPECS, SPLIT, arc, old
from schema_validation import faults, make_validator, plain, reach

import torcharc
from torcharc.registry import find, type_names

VALIDATOR = make_validator()
QUICK = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
VALUES = [None, True, 0, -3, 7, 2.5, "4", "ReLU", "module.Block", "x", [], {}, [1], {"a": 1}, ["a"], BLOCK, ENCODER]
NESTED = [
    *SPECS.values(),
    arc({"B": BLOCK}, **{"a": {"type": "module.B", "width": 8, "repeat": 2}, "b": {"type": "ReLU"}, "b~c": {}}),
    {"dag_modules": {"B": BLOCK}, "type": "module.B", "width": 5, "dag_in_shape": [8], "repeat": 2},
    {"dag_vars": {"w": 3}, **arc(None, a={"type": "Linear", "out_features": "${w}"})},
    old(
        {"S": SPLIT, "O": OLD, "g": {"Get": {"key": "mean"}}, "o": {"module.O": {"out": 4}}},
        {"S": ["x"], "g": ["S"], "o": ["g"]},
        "o",
    ),
    graph(
        node("a", "module.Old", "x"),
        modules={"Old": {**OLD, "modules": {"fc": {"modules.B": {"width": 3}}}}, "B": BLOCK},
    ),
]


def change(spec, seed):
    """A copy of a spec with one part replaced, deleted, inserted or misspelt."""
    choose, spec = random.Random(seed), plain(spec)
    *way, key = choose.choice(list(walk(spec)))
    place, value = reach(spec, way), copy.deepcopy(choose.choice(VALUES))
    action = choose.choice(["replace", "delete", "insert", "misspell"])
    if action == "delete":
        del place[key]
    elif action == "insert" and isinstance(place, dict):
        place[choose.choice(["zzz_key", "repeat", "dag_modules", "modules", *WORDS])] = value
    elif action == "insert":
        place.insert(key, value)
    elif action == "misspell" and isinstance(place, dict):
        place[f"{key}q"] = place.pop(key)
    else:
        place[key] = value
    return spec


@pytest.mark.parametrize("spec", NESTED, ids=str)
def test_nested_specs_validate(spec):
    assert faults(spec) == []
    assert [error.message for error in VALIDATOR.iter_errors(plain(spec))] == []


@pytest.mark.parametrize(
    "spec",
    [
        arc({"B": {**BLOCK, "grph": []}}, a={"type": "module.B"}),
        arc({"B": {"inputs": ["a"], "outputs": {"y": "a"}}}, a={"type": "module.B"}),
        arc({"B": BLOCK, "C": 3}, a={"type": "module.B"}),
        arc([BLOCK], a={"type": "ReLU"}),
        arc({"a.b": BLOCK}, a={"type": "ReLU"}),
        arc({"B": {"dag_in_shape": [8], "fc": {"type": "Linaer"}}}, a={"type": "module.B"}),
        arc({"B": BLOCK}, a={"type": "moduleB"}),
        arc({"B": BLOCK}),
        arc({"B": BLOCK}, s={"type": "Sequential", "layers": [{"type": "module.B"}]}),
        old({"B": BLOCK, "b": {"module.B": [3]}}, {"b": ["x"]}, "b"),
        old({"B": BLOCK, "b": {"module.B": None, "ReLU": None}}, {"b": ["x"]}, "b"),
        old({"B": {**BLOCK, "repeat": 2}}, {"B": ["x"]}, "B"),
        old({"B": {**ENCODER, "repeat": 2}}, {"B": ["x"]}, "B"),
        old({"B": {**BLOCK, "graph": [{"name": "fc"}]}}, {"B": ["x"]}, "B"),
        old({"B": BLOCK, "s": {"Sequential": [{"module.B": None}]}}, {"s": ["x"]}, "s"),
        graph(node("a", "module.A", "x"), modules={"A": arc({"B": {"type": "Linaer"}}, b={"type": "module.B"})}),
    ],
    ids=str,
)
def test_faulty_structure_is_refused_by_both(spec):
    assert faults(spec) != []
    assert not VALIDATOR.is_valid(plain(spec))


@QUICK
@given(st.sampled_from(NESTED), st.integers(0, 10**9))
def test_what_the_schema_refuses_is_refused_by_check(spec, seed):
    changed = change(spec, seed)
    assert VALIDATOR.is_valid(changed) or faults(changed) != []


@QUICK
@given(st.sampled_from(NESTED), st.integers(0, 10**9))
def test_structural_problems_are_refused_by_the_schema(spec, seed):
    changed = change(spec, seed)
    if any(is_structural(problem, changed) for problem in faults(changed)):
        assert not VALIDATOR.is_valid(changed)


SIZES = {key for name in type_names() for key in find(name).inferred} | {"in_shape", "inputs", "in_names"}


def is_structural(problem, spec):
    """Whether a problem is one of keys or types, where the schema looks at them.

    It leaves to `check` the params of a spec's own modules, what they lead to, sizes, ports, what is called.
    """
    path = problem.path
    if not is_written(spec, path[:-1]) or {"names", "shapes"} & {*map(str, path)} or path[:2] == ("graph", "modules"):
        return False
    if problem.code == "unknown-key":
        return not is_of_module(spec, path)
    if problem.code == "missing-key" and problem.found.startswith("no key '"):
        key = problem.found.split("'")[1]
        return key not in SIZES and not is_of_module(spec, (*path, key))
    return problem.code == "unknown-type" and problem.expected.startswith("the name of a type")


def is_written(spec, path):
    """Whether a place stands in the spec as it is, and is not made by a template."""
    for key in path:
        if not isinstance(spec, dict | list) or (isinstance(spec, dict) and key not in spec):
            return False
        spec = spec[key]
    return isinstance(spec, dict | list)


def is_of_module(spec, path):
    """Whether a key stands among the params that a node gives to a module of the spec."""
    place = spec
    for key in ("", *path[:-1]):
        place = place if key == "" else place[key] if isinstance(place, list) or key in place else None
        if str(key).startswith("module") and "." in str(key):
            return True
        if not isinstance(place, dict | list):
            return False
        if isinstance(place, dict) and str(place.get("type", "")).startswith(("module", "arc.")):
            return True
    return False


def test_registered_names_are_no_modules_of_the_spec(request):
    torcharc.register("module.ofUser", arc({"B": BLOCK}, a={"type": "module.B"}))
    request.addfinalizer(lambda: torcharc.unregister("module.ofUser"))
    validator = make_validator()
    spec = {"dag_in_shape": [8], "a": {"type": "module.ofUser"}}
    assert torcharc.check(spec) == []
    assert validator.is_valid(spec)
    assert not validator.is_valid({**spec, "a": {"type": "module.ofUser", "width": 3}})
