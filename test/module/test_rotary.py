"""Rotary embedding against complex numbers, and the property it is made for."""

import cmath

import pytest
import torch

from torcharc.errors import ArgumentError
from torcharc.module.rotary import RotaryEmbedding


@pytest.mark.parametrize(("dims", "base"), [(None, 10000.0), (4, 100.0)])
def test_pairs_turn_as_complex_numbers_do(dims, base):
    x = torch.randn(2, 3, 5, 8, dtype=torch.float64)
    found = RotaryEmbedding(dims, base=base)(x)
    turned = dims or 8
    for position in range(5):
        for m in range(turned // 2):
            number = complex(x[1, 2, position, m], x[1, 2, position, m + turned // 2])
            number *= cmath.exp(1j * position * base ** (-2 * m / turned))
            pair = found[1, 2, position, m], found[1, 2, position, m + turned // 2]
            assert [float(part) for part in pair] == pytest.approx([number.real, number.imag], abs=1e-6)
    assert torch.equal(found[..., turned:], x[..., turned:])


def test_scores_depend_on_the_distance_alone():
    query, key = torch.randn(8).expand(1, 6, 8), torch.randn(8).expand(1, 6, 8)
    turn = RotaryEmbedding()
    scores = turn(query)[0] @ turn(key)[0].T
    for distance in range(-5, 6):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"dims": 3}, "dims\n  found: 3\n  expected: an even integer above 0, as features turn in pairs"),
        ({"base": 0}, "base\n  found: 0\n  expected: a number above 0"),
    ],
)
def test_faulty_arguments_are_refused(arguments, text):
    with pytest.raises(ArgumentError) as error:
        RotaryEmbedding(**arguments)
    assert str(error.value) == f"1 problem in the arguments\n{text}"
