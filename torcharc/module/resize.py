"""Resizing of feature maps to the size of another one."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from torcharc.registry import register


@register(example={"params": {"mode": "bilinear"}, "inputs": {"input": [2, 4, 5], "like": [3, 8, 9]}})
class ResizeLike(nn.Module):
    """A feature map at the spatial size of another one, as a segmentation brings its scores to the image.

    Args:
        mode: How new values are found, as in `torch.nn.functional.interpolate`.
        align_corners: As there; for the modes that are linear or cubic.

    Shapes:
        `input` `(N, C, *)` and `like` `(N, D, H, W)` → `(N, C, H, W)`; with one and three axes likewise.

    Example:
        >>> import torch
        >>> ResizeLike()(torch.rand(1, 4, 3, 3), torch.rand(1, 2, 6, 5)).shape
        torch.Size([1, 4, 6, 5])
    """

    def __init__(
        self,
        mode: Literal["nearest", "nearest-exact", "area", "linear", "bilinear", "bicubic", "trilinear"] = "bilinear",
        *,
        align_corners: bool | None = None,
    ):
        super().__init__()
        self.mode = mode
        self.align_corners = align_corners

    def forward(self, input: Tensor, like: Tensor) -> Tensor:
        """`input`, resized."""
        size = like.shape[2:]
        return functional.interpolate(input, size, mode=self.mode, align_corners=self.align_corners)

    def extra_repr(self) -> str:
        """The mode."""
        return f"mode={self.mode!r}"
