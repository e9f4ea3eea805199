"""Resizing to the size of another tensor, beside torch's own interpolation."""

import pytest
import torch
from torch.nn import functional

import torcharc
from torcharc.module.resize import ResizeLike


@pytest.mark.parametrize(("mode", "axes"), [("linear", 1), ("bilinear", 2), ("nearest", 2), ("trilinear", 3)])
def test_resize_is_interpolation_to_the_size_of_the_other(mode, axes):
    x, like = torch.rand(2, 3, *[4, 5, 6][:axes]), torch.rand(2, 1, *[7, 3, 9][:axes])
    expected = functional.interpolate(x, size=[7, 3, 9][:axes], mode=mode)
    torch.testing.assert_close(ResizeLike(mode)(x, like), expected)


def test_corners_are_aligned_where_that_is_said():
    x, like = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 8, 8)
    expected = functional.interpolate(x, size=(8, 8), mode="bilinear", align_corners=True)
    torch.testing.assert_close(ResizeLike(align_corners=True)(x, like), expected)


def test_size_is_inferred_where_it_is_free():
    spec = {
        "inputs": {"x": {"dtype": "float32", "shape": [None, 3, None, None]}},
        "graph": [
            {"name": "small", "type": "AvgPool2d", "params": {"kernel_size": 2}},
            {"name": "large", "type": "ResizeLike", "inputs": ["small", "x"]},
        ],
        "outputs": {"y": "large"},
    }
    assert torcharc.inspect(spec).outputs["y"].shape == (3, None, None)
    assert torcharc.build(spec)(torch.rand(2, 3, 11, 8)).shape == (2, 3, 11, 8)
