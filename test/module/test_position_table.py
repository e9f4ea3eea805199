"""Learned positions: the rows that are added, and what is too long."""

import functools

import pytest
import torch

import torcharc
from torcharc.errors import InputError
from torcharc.graph import N, TensorSpec
from torcharc.meta import run_on_meta
from torcharc.module.position_table import LearnedPositions
from torcharc.registry import find


def test_each_position_gets_its_row():
    positions, x = LearnedPositions(4, max_len=6), torch.randn(2, 3, 4)
    for index in range(3):
        assert torch.equal(positions(x)[:, index], x[:, index] + positions.weight[index])


def test_longer_sequence_is_refused():
    with pytest.raises(InputError) as error:
        LearnedPositions(4, max_len=6)(torch.zeros(1, 7, 4))
    assert str(error.value) == (
        "1 problem in the inputs\ninputs\n  found: 7 positions\n"
        "  expected: at most max_len=6 positions, which have a vector\n  hint: max_len: 7"
    )


@pytest.mark.parametrize("shape", [(5, 4), (60, 4), (61, 4), (None, 4), (5, 3), (4,), (2, 5, 4)])
def test_rule_says_what_a_run_on_meta_says(shape):
    arguments, fed = {"max_len": 60, "d_model": 4}, TensorSpec((N, *shape))
    answer = find("LearnedPositions").rule(arguments, [fed])
    assert (answer is None) == (shape not in [(5, 4), (60, 4), (None, 4)])
    if answer is not None:
        assert answer == run_on_meta(functools.partial(LearnedPositions, **arguments), [fed], {})


def test_few_positions_fit_a_sequence_of_any_length():
    spec = {
        "inputs": {"x": {"dtype": "float32", "shape": [None, None, 4]}},
        "graph": [{"name": "y", "type": "LearnedPositions", "params": {"max_len": 6}}],
        "outputs": {"y": "y"},
    }
    assert torcharc.build(spec)(torch.zeros(2, 3, 4)).shape == (2, 3, 4)
