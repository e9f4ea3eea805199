"""A small network to be trained, and what is said of a faulty optimizer for it."""

import pytest
from torch import nn

from torcharc.errors import SpecError
from torcharc.optim import build_optimizer


def make_model():
    return nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1))


class Graph(nn.Module):
    """Names its parameters as a DAGNet does."""

    def __init__(self):
        super().__init__()
        self.module_dict = nn.ModuleDict({"image": nn.Linear(2, 2), "vector": nn.Linear(2, 1)})


def message(spec, model=None):
    with pytest.raises(SpecError) as error:
        build_optimizer(spec, make_model() if model is None else model)
    return str(error.value)
