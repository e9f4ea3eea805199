"""Learned positions: the rows that are added, and what is too long."""

import pytest
import torch

from torcharc.errors import InputError
from torcharc.module.position_table import LearnedPositions


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
