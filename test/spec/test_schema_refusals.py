"""What the JSON Schema refuses, `check` refuses; and the other way round for structure."""

import copy
import inspect
import json
import random

import modules_examples
import pytest
from arcgraph_specs import graph, node
from arcs import JSON, VALID, WORDS, walk
from hypothesis import given, settings
from hypothesis import strategies as st
from malformed import CASES
from schema_validation import EXAMPLES, QUICK, SHARED, faults, make_validator, plain, reach
from torch import nn

from torcharc.arc_ref import REF_ARCS
from torcharc.registry import find, type_names
from torcharc.spec.load import load_spec

SPECS = [
    *VALID,
    *(arc for arc in REF_ARCS.values() if len(json.dumps(arc)) < 2500),
    *(load_spec(file).spec for file in EXAMPLES),
    *(modules_examples.read_with_shapes(name) for name in modules_examples.EXAMPLES),
    SHARED,
]
MODES = str(inspect.signature(nn.Conv2d).parameters["padding_mode"])
VALIDATOR = make_validator()
VALUES = [None, True, False, 0, 1, -3, 7, 0.5, 2.5, "4", "abc", "ReLU", "x", [], {}, [1], [[1]], {"a": 1}, ["a"]]


def change(spec, seed):
    """A copy of a spec with one part replaced, deleted, inserted or misspelt."""
    choose, spec = random.Random(seed), plain(spec)
    *way, key = choose.choice(list(walk(spec)))
    place, value = reach(spec, way), copy.deepcopy(choose.choice(VALUES))
    action = choose.choice(["replace", "replace", "delete", "insert", "misspell"])
    if action == "delete":
        del place[key]
    elif action == "insert" and isinstance(place, dict):
        place[choose.choice(["zzz_key", *WORDS])] = value
    elif action == "insert":
        place.insert(key, value)
    elif action == "misspell" and isinstance(place, dict):
        place[f"{key}q"] = place.pop(key)
    else:
        place[key] = value if action == "replace" else "Linaer"
    return spec


def is_left_out(spec, path):
    """Whether `check` does not look at a place: what feeds an arc of one module."""
    return "in_names" in path and "dag_in_shape" not in spec


@settings(QUICK, max_examples=200)
@given(st.sampled_from(SPECS), st.integers(0, 10**9))
def test_what_the_schema_refuses_is_refused_by_check(spec, seed):
    changed = change(spec, seed)
    errors = [error for error in VALIDATOR.iter_errors(changed) if not is_left_out(changed, error.absolute_path)]
    assert not errors or faults(changed) != []


@settings(QUICK, max_examples=200)
@given(st.sampled_from(SPECS), st.integers(0, 10**9))
def test_structural_problems_are_refused_by_the_schema(spec, seed):
    changed = change(spec, seed)
    if any(is_structural(problem, changed) for problem in faults(changed)):
        assert not VALIDATOR.is_valid(changed)


def is_structural(problem, spec):
    """Whether a problem is one of keys, types or kinds of values, where the schema looks at them.

    It leaves to `check` what lies within an argument that is a mapping, the sizes that the input
    determines, the ports, the params of the spec's own modules, the rows of a compact module, the
    parts of an optimizer, which may stand in several places.
    """
    path = problem.path
    if {"compact", "names", "shapes", "arc", "optimizer"} & {*map(str, path)} or path[:2] == ("graph", "modules"):
        return False
    if problem.code == "unknown-key":
        return not ("params" in path and is_module(spec, path))
    if problem.code == "missing-key":
        if not problem.found.startswith("no key '"):
            return False
        return problem.found.split("'")[1] not in SIZES and not ("params" in path and is_module(spec, path))
    return problem.code == "unknown-type" and problem.expected.startswith("the name of a type")


SIZES = {key for name in type_names() for key in find(name).inferred} | {"in_shape", "inputs"}


def is_module(spec, path):
    """Whether the params at `path` are those of a module of the spec, or of a stack."""
    if path[0] == "modules" and len(path) == 4:
        return True
    place = reach(spec, path[: path.index("params")])
    return isinstance(place, dict) and str(place.get("type", "")).startswith(("module", "arc."))


@settings(QUICK, max_examples=100)
@given(JSON)
def test_any_value_that_validates_is_a_mapping_with_a_network(value):
    if VALIDATOR.is_valid(plain_or_none(value)):
        assert isinstance(value, dict)
        assert {"dag_in_shape", "type"} & set(value)


def plain_or_none(value):
    """A JSON-like value as JSON has it; None for the numbers that JSON lacks."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except ValueError:
        return None


def arc_of(params):
    return {"dag_in_shape": [3, 8, 8], "node": params}


@pytest.mark.parametrize(
    "spec",
    [
        arc_of({"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "strid": 2}),
        arc_of({"type": "Conv2d", "out_channels": 4}),
        arc_of({"type": "Conv2d", "out_channels": "4", "kernel_size": 3}),
        arc_of({"type": "Conv2d", "out_channels": 0, "kernel_size": 3}),
        arc_of({"type": "Conv2d", "out_channels": True, "kernel_size": 3}),
        arc_of({"type": "Conv2d", "out_channels": 4, "kernel_size": {"a": 1}}),
        pytest.param(
            arc_of({"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding_mode": "zero"}),
            marks=pytest.mark.skipif("Literal" not in MODES, reason="this torch does not tell its modes"),
        ),
        arc_of({"type": "Conv3", "out_channels": 4, "kernel_size": 3}),
        arc_of({"out_channels": 4, "kernel_size": 3}),
        arc_of({"type": "Conv2d", "layers": []}),
        arc_of({"type": "Conv2d", "layers": [4]}),
        arc_of({"type": "Conv2d", "layers": [[4, 3, 1, 0, 1, 1, True, "zeros", 9]]}),
        arc_of({"type": "Conv2d", "layers": [[4, 3]], "activation": "relu"}),
        arc_of({"type": "Conv2d", "layers": [[4, 3]], "norm": "ReLU"}),
        arc_of({"type": "Conv2d", "layers": [[4, 3]], "dropout": 1.5}),
        arc_of({"type": "Conv2d", "layers": [[4, 3]], "batch_norm": {"epsilon": 1.0}}),
        arc_of({"type": "Conv2d", "layers": [[4, 3]], "init": "xavier"}),
        arc_of({"type": "Conv2d", "layers": [[4, 3]], "init": {"type": "normal_", "sd": 1}}),
        arc_of({"type": "ReLU", "layers": [4]}),
        arc_of({"type": "ReLU", "in_names": "x"}),
        arc_of({"type": "ReLU", "repeat": -1}),
        arc_of({"type": "ReLU", "repeat": 2, "parallel": 2}),
        arc_of({"type": "ReLU", "parallel": 2, "share": True}),
        arc_of({"type": "Conv2d", "layers": [[4, 3]], "init": {"weight": "normal_", "biases": "zeros_"}}),
        arc_of({"type": "Sequential", "layers": [{"type": "ReLU", "inplac": True}]}),
        arc_of([]),
        {"dag_in_shape": [8]},
        {"dag_in_shape": [8, "x"], "node": {"type": "ReLU"}},
        {"dag_in_shape": {}, "node": {"type": "ReLU"}},
        {"dag_in_shape": [8], "a.b": {"type": "ReLU"}},
        {"dag_in_shape": [8], "keys": {"type": "ReLU"}},
        {"node": {"type": "ReLU"}},
        graph({"name": "a", "type": "ReLU", "param": {}}),
        graph({"name": "a"}),
        graph({"name": "a.b", "type": "ReLU"}),
        graph(node("a", "ReLu")),
        graph(node("a", "Linear")),
        graph(node("a", "Linear", out_features=[1])),
        graph(node("a", "Linear", out_features=4, biass=True)),
        graph({"name": "a", "type": "Linear", "params": [4]}),
        graph({"name": "a", "type": "ReLU", "inputs": []}),
        graph({"name": "a", "type": "ReLU", "inputs": "x..y"}),
        graph({"name": "a", "module": "b", "params": {}}, node("b", "ReLU")),
        graph(node("a", "arc.stack", module="m")),
        graph(node("a", "torch.select", "x", dim=0)),
        graph(node("a", "ReLU"), outputs={}),
        graph(node("a", "ReLU"), outputs={"y": 3}),
        graph(node("a", "ReLU"), inputs={"x": {"shape": [None, 8]}}),
        graph(node("a", "ReLU"), inputs={"x": {"shape": [None, 8], "dtype": "float31"}}),
        graph(node("a", "ReLU"), inputs={"x": {"shape": [None, 0], "dtype": "float"}}),
        graph(node("a", "ReLU"), modules={"m": {"graph": [node("a", "ReLU")], "outputs": {"y": "a"}}}),
        graph(node("a", "ReLU"), extra=1),
        graph(node("a", "ReLU"), require={"n": 3}, vars={"n": 3}),
        {"inputs": {"x": {"shape": [None, 8], "dtype": "float"}}, "outputs": {"y": "a"}},
        {"modules": {"a": {"ReLU": None}}},
        {
            "modules": {"a": {"ReLU": None, "Tanh": None}},
            "graph": {"input": "x", "modules": {"a": ["x"]}, "output": "a"},
        },
        {"modules": {"a": {"ReLU": {"x": 1}}}, "graph": {"input": "x", "modules": {"a": ["x"]}, "output": "a"}},
        {"modules": {"a": {"RelU": None}}, "graph": {"input": "x", "modules": {"a": ["x"]}, "output": "a"}},
        {"modules": {"a": {"ReLU": None}}, "graph": {"input": "x", "modules": {"a": "x"}, "output": "a"}},
        {"modules": {"a": {"ReLU": None}}, "graph": {"input": "x", "modules": {"a": ["x"]}}},
        {"modules": {"a": {"Sequential": []}}, "graph": {"input": "x", "modules": {"a": ["x"]}, "output": "a"}},
    ],
    ids=str,
)
def test_faulty_structure_is_refused_by_both(spec, validator):
    assert faults(spec) != []
    assert not validator.is_valid(plain(spec))


def test_malformed_specs_of_wrong_structure_are_refused(validator):
    found = [case.values[0] for case in CASES]
    found = [spec for spec in found if isinstance(spec, dict) and all(isinstance(key, str) for key in spec)]
    wrong = [spec for spec in found if any(is_structural(problem, spec) for problem in faults(spec))]
    assert len(wrong) > 15
    assert [spec for spec in wrong if validator.is_valid(plain(spec))] == []
