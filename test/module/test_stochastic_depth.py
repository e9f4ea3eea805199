"""Stochastic depth: whole samples left out while training, in the right share and scale."""

import pytest
import torch

import torcharc
from torcharc.module.stochastic_depth import StochasticDepth


def test_samples_are_left_out_whole_and_the_mean_stays():
    torch.manual_seed(0)
    found = StochasticDepth(0.25)(torch.ones(20_000, 2, 3))
    kept = found[:, 0, 0]
    assert torch.equal(found, kept[:, None, None].expand_as(found))
    torch.testing.assert_close(kept.unique(), torch.tensor([0.0, 1 / 0.75]))
    assert abs(found.mean().item() - 1) < 0.02


def test_evaluation_and_zero_change_nothing():
    x = torch.rand(4, 3)
    assert StochasticDepth(0.5).eval()(x) is x
    assert StochasticDepth(0.0)(x) is x


def test_probability_is_checked():
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build({"dag_in_shape": [3], "drop": {"type": "StochasticDepth", "p": 1}, "relu": {"type": "ReLU"}})
    assert str(caught.value) == (
        "1 problem in the spec\nspec.drop.p\n  found: 1\n  expected: a probability of at least 0 and below 1"
    )
