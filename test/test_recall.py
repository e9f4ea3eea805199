"""What is kept of earlier builds: a variant is the same network whether its other parts were seen before or not."""

import copy

import pytest
import torch
from torch import nn

import torcharc
from bench.cold import forget
from torcharc.planner import make_plan

SPEC = {
    "dag_in_shape": {"left": [6], "right": [4]},
    "fork": {"type": "SplitFork", "in_names": ["left"], "shapes": {"up": [4], "down": [2]}},
    "tail": {"type": "Linear", "in_names": ["down"], "out_features": 3},
    "merge": {"type": "ConcatMerge", "in_names": ["up", "right"]},
    "hidden": {"type": "Linear", "layers": [8, 8], "activation": "ReLU", "dropout": 0.1},
    "out": {"type": "Linear", "out_features": 5},
    "ends": {"type": "SplitFork", "shapes": {"a": [2], "b": [3]}},
}


def vary(*keys, value):
    spec = copy.deepcopy(SPEC)
    place = spec
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return spec


VARIANTS = {
    "none": copy.deepcopy(SPEC),
    "order": vary("merge", "in_names", value=["right", "up"]),
    "parts": vary("fork", "shapes", value={"down": [2], "up": [4]}),
    "other parts": vary("fork", "shapes", value={"up": [3], "down": [3]}),
    "inputs": vary("dag_in_shape", value={"right": [4], "left": [6]}),
    "input": vary("dag_in_shape", "right", value=[7]),
    "layers": vary("hidden", "layers", value=[8, 9]),
    "dropout": vary("hidden", "dropout", value=0.2),
    "left out": vary("tail", value={"type": "Identity", "in_names": ["down"]}),
    "bias": vary("out", "bias", value=False),
    "copies": vary("out", "repeat", value=2),
}


def describe(spec):
    """All that a build of `spec` depends on, and what it gives for the same weights."""
    plan, _ = make_plan(spec)
    network = torcharc.build(spec, seed=0).eval()
    torch.manual_seed(1)
    xs = {name: torch.rand(2, *shape) for name, shape in sorted(spec["dag_in_shape"].items())}
    given = {name: value.tolist() for name, value in network(xs).items()}
    return plan.graph, plan.inputs, plan.steps, plan.outputs, plan.schedule, repr(network), list(given.items())


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_is_what_it_is_alone(name):
    forget()
    alone = describe(copy.deepcopy(VARIANTS[name]))
    for before in VARIANTS:
        forget()
        describe(copy.deepcopy(VARIANTS[before]))
        assert describe(copy.deepcopy(VARIANTS[name])) == alone
    for before in VARIANTS:
        describe(copy.deepcopy(VARIANTS[before]))
    assert describe(copy.deepcopy(VARIANTS[name])) == alone


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("in_names", ["upp"], ("tail", "in_names", 0)),
        ("out_features", -1, ("tail", "out_features")),
        ("repaet", 2, ("tail", "repaet")),
    ],
)
def test_fault_behind_recalled_nodes_is_told_as_alone(key, value, path):
    spec = vary("tail", key, value=value)
    forget()
    alone = torcharc.check(spec)
    torcharc.build(SPEC)
    assert torcharc.check(spec) == alone
    assert alone[0].path == path


def test_type_that_was_registered_anew_is_read_anew():
    spec = {"dag_in_shape": [4], "fc": {"type": "Linear", "out_features": 6}, "own": {"type": "OwnOfRecall"}}
    torcharc.register("OwnOfRecall", nn.ReLU)
    try:
        assert type(torcharc.build(spec).module_dict.own) is nn.ReLU
    finally:
        torcharc.unregister("OwnOfRecall")
    torcharc.register("OwnOfRecall", nn.Tanh)
    try:
        assert type(torcharc.build(spec).module_dict.own) is nn.Tanh
    finally:
        torcharc.unregister("OwnOfRecall")
    with pytest.raises(torcharc.SpecError):
        torcharc.build(spec)


def test_stack_that_holds_what_is_no_module_is_refused_as_torch_does():
    from torcharc.stack import Sequential

    with pytest.raises(TypeError) as expected:
        nn.Sequential(nn.ReLU(), 3)
    with pytest.raises(TypeError) as found:
        Sequential(nn.ReLU(), 3)
    assert str(found.value) == str(expected.value)
    assert list(Sequential(nn.ReLU(), nn.Tanh()).state_dict()) == []
    assert repr(Sequential(nn.ReLU(), nn.Tanh())) == repr(nn.Sequential(nn.ReLU(), nn.Tanh()))
