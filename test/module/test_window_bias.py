"""The bias of windows, pixel by pixel."""

import math

import pytest
import torch

from torcharc.errors import ArgumentError
from torcharc.module.window_bias import WindowBias


def test_offset_of_two_pixels_picks_the_row():
    bias = WindowBias(3, num_heads=2)
    found = bias(torch.zeros(1, 6, 6, 4))
    assert found.shape == (1, 2, 9, 9)
    for first in range(9):
        for second in range(9):
            down, across = first // 3 - second // 3, first % 3 - second % 3
            assert torch.equal(found[0, :, first, second], bias.weight[(down + 2) * 5 + across + 2])


@pytest.mark.parametrize("size", [(4, 4), (4, 6), (2, 2)])
def test_pixels_from_opposite_edges_do_not_see_each_other(size):
    height, width = size
    bias = WindowBias(2, num_heads=1, shift=1)
    image = torch.arange(height * width, dtype=torch.float32).reshape(1, height, width, 1)
    rolled = image.roll((-1, -1), (1, 2))[0, :, :, 0]
    found, plain = bias(image), WindowBias(2, num_heads=1)
    plain.load_state_dict(bias.state_dict())
    index = 0
    for top in range(0, height, 2):
        for left in range(0, width, 2):
            pixels = rolled[top : top + 2, left : left + 2].flatten().int().tolist()
            places = [divmod(pixel, width) for pixel in pixels]
            for first in range(4):
                for second in range(4):
                    near = all(abs(a - b) <= 1 for a, b in zip(places[first], places[second], strict=True))
                    same = near and (height > 2 or places[first][0] == places[second][0])
                    same = same and (width > 2 or places[first][1] == places[second][1])
                    expected = plain(image)[0, 0, first, second] if same else -math.inf
                    assert found[index, 0, first, second] == expected
            index += 1


def test_shift_out_of_range_is_refused():
    with pytest.raises(ArgumentError) as error:
        WindowBias(4, num_heads=1, shift=4)
    assert str(error.value) == (
        "1 problem in the arguments\nshift\n  found: 4\n  expected: at least 0 and below window=4"
    )
