"""Reading the training part of a spec, in tests."""

import copy

from torcharc.errors import Problem
from torcharc.spec.training import read_training

LOSS = {"type": "torch.nn.MSELoss", "inputs": {"input": "y", "target": "price"}}
MSE = {"type": "MSELoss", "inputs": {"input": "y", "target": "price"}, "params": {}, "weight": 1.0, "name": "y"}
ADAM = {"type": "Adam", "lr": 0.001}


def read(spec, outputs=("y",), **options):
    """The training part of a spec without problems."""
    before = copy.deepcopy(spec)
    training, problems = read_training(spec, outputs, **options)
    assert problems == []
    assert spec == before
    return training


def find(spec, outputs=("y",), **options):
    """The problems of a spec that has some."""
    before = copy.deepcopy(spec)
    training, problems = read_training(spec, outputs, **options)
    assert training is None
    assert spec == before
    return problems


def twice(path, found, place, first):
    return Problem(path, found, f"the same as {place}: {first}", code="twice")
