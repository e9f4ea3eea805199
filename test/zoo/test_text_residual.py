"""DeepResidualCNN is its layers in order."""

import pytest
import torch
from text_cases import exact, residual_cnn
from torch.nn import functional as F

from torcharc.errors import ArgumentError


def test_residual_network_is_its_layers():
    model = residual_cnn(num_residual_blocks=1).double().eval()
    x = torch.randn(3, 9, 5, dtype=torch.float64)
    y = x.transpose(1, 2)
    for layer in model.stages:
        if hasattr(layer, "conv"):
            y = F.relu(layer.norm(F.conv1d(y, layer.conv.weight, layer.conv.bias, padding=1)))
            continue
        z = F.relu(layer.first.norm(F.conv1d(y, layer.first.conv.weight, layer.first.conv.bias, padding=1)))
        z = layer.second.norm(F.conv1d(z, layer.second.conv.weight, layer.second.conv.bias, padding=1))
        y = F.relu(z + y)
    exact(model(x), model.head[3](F.relu(model.head[0](y.mean(-1)))))


def test_stages_may_have_no_residual_blocks():
    assert len(residual_cnn(num_residual_blocks=0).stages) == 2
    assert len(residual_cnn(num_residual_blocks=3).stages) == 8


def test_wrong_stages_are_refused():
    with pytest.raises(ArgumentError) as error:
        residual_cnn(hidden_dims=[4, 0], num_residual_blocks=-1)
    assert str(error.value) == (
        "2 problems in the arguments\n"
        "num_residual_blocks\n  found: -1\n  expected: an integer of at least 0\n"
        "hidden_dims\n  found: [4, 0]\n  expected: a list of integers above 0, one for each stage"
    )
