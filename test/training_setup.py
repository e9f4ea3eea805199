"""Setups for training from specs, and small networks to be trained."""

import pytest

import torcharc
from torcharc.errors import SpecError


def build(spec, model=None):
    return torcharc.build_training(spec, model)


def message(spec, model=None):
    with pytest.raises(SpecError) as error:
        build(spec, model)
    return str(error.value)


def make_net(**heads):
    """A network from an arc; with several heads it gives a dict."""
    names = list(heads)
    nodes = {name: {"type": "Linear", "in_names": [name], "out_features": size} for name, size in heads.items()}
    trunk = {"type": "Linear", "layers": [8], "activation": "ReLU"}
    fork = {"heads": {"type": "ReuseFork", "names": names}} if len(names) > 1 else {}
    if not fork:
        nodes = {names[0]: {"type": "Linear", "out_features": heads[names[0]]}}
    return torcharc.build({"dag_in_shape": [4], "trunk": trunk, **fork, **nodes}, seed=0)
