"""Validating specs against the JSON Schema."""

import json
import pathlib

import jsonschema
from arcgraph_specs import graph, node
from hypothesis import HealthCheck, settings

import torcharc

EXAMPLES = sorted((pathlib.Path(__file__).parents[1] / "example").rglob("*.yaml"))
QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
SHARED = graph(
    node("twice", "module.Block", "x", width="2 * WIDTH"),
    {"name": "again", "module": "twice", "inputs": "x"},
    node("stack", "arc.stack", "twice", module="modules.Same", count="3"),
    {"name": "heads", "type": "Linear", "params": {"out_features": 4}, "parallel": "${HEADS}"},
    node("cat", "torch.cat", {"tensors": ["heads", "again"]}, dim=1),
    node("mask", "torch.select", {"input": "cat", "dim": 1, "index": 0}),
    node("out", "torch.nn.Dropout", "cat", p="1e-1"),
    outputs={"y": "out.output", "z": "mask"},
    vars={"WIDTH": 4, "HEADS": 2},
    modules={
        "Block": {
            "inputs": ["x"],
            "params": {"width": None},
            "graph": [{"name": "fc", "type": "nn.Linear", "params": {"out_features": "width"}, "inputs": ["x"]}],
            "outputs": {"y": "fc"},
        },
        "Same": {
            "inputs": ["x"],
            "graph": [{"name": "act", "type": "F.gelu"}, {"name": "off", "type": "Tanh", "when": "${HEADS > 1}"}],
            "outputs": {"y": "off"},
        },
    },
)


def make_validator():
    return jsonschema.Draft202012Validator(torcharc.schema())


def plain(spec):
    """A spec as JSON has it: tuples as lists."""
    return json.loads(json.dumps(spec))


def faults(spec):
    return [problem for problem in torcharc.check(spec) if problem.severity == "error"]


def explain(validator, spec):
    error = jsonschema.exceptions.best_match(validator.iter_errors(plain(spec)))
    return "" if error is None else f"{list(error.absolute_path)}: {error.message[:300]}"


def reach(value, path):
    for key in path:
        value = value[key]
    return value
