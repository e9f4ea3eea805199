"""What attention within windows of an image adds to its scores (Swin Transformer)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, quote
from torcharc.registry import register


@register(example={"params": {"window": 2, "num_heads": 3, "shift": 1}, "inputs": {"x": [4, 6, 9]}})
class WindowBias(nn.Module):
    """Gives a learned number per head and offset of two pixels in a window (Liu et al. 2021, section 3.2).

    In an image that was rolled by `shift` up and to the left, windows at the end hold pixels from
    opposite edges: these do not see each other, they get minus infinity.

    Args:
        window: W, pixels along an edge of a window.
        num_heads: h.
        shift: By how many pixels the image was rolled, from 0 up to `window`, excluded.

    Shapes:
        An image `(N, H, B, C)`, H and B multiples of W, whose size is all that matters →
        `(1, h, W*W, W*W)` without a shift, else `(H*B/W/W, h, W*W, W*W)`, windows row by row; it is
        added to scores `(N, H*B/W/W, h, W*W, W*W)`.

    Example:
        >>> WindowBias(2, num_heads=3, shift=1)(torch.rand(5, 4, 6, 9)).shape
        torch.Size([6, 3, 4, 4])

    Raises:
        ArgumentError: If `shift` is below 0, or `window` or above.
    """

    init_names = ("weight",)
    index: Tensor

    def __init__(self, window: int, *, num_heads: int, shift: int = 0):
        if not 0 <= shift < window:
            raise ArgumentError(Problem(("shift",), quote(shift), f"at least 0 and below window={window}"))
        super().__init__()
        self.window = window
        self.shift = shift
        self.weight = nn.Parameter(torch.empty((2 * window - 1) ** 2, num_heads))
        nn.init.trunc_normal_(self.weight, std=0.02)
        self.register_buffer("index", self._offsets(), persistent=False)

    def _offsets(self) -> Tensor:
        """The row of the table for each pair of pixels, `(W*W, W*W)`."""
        edge = torch.arange(self.window)
        rows, columns = edge.repeat_interleave(self.window), edge.repeat(self.window)
        down = rows[:, None] - rows + self.window - 1
        across = columns[:, None] - columns + self.window - 1
        return down * (2 * self.window - 1) + across

    def forward(self, x: Tensor) -> Tensor:
        """What is added to the scores."""
        bias = self.weight[self.index].permute(2, 0, 1)[None]  # (1, h, W*W, W*W)
        return bias + self._mask(x)[:, None] if self.shift else bias

    def _mask(self, x: Tensor) -> Tensor:
        """Minus infinity for pixels of one window that come from opposite edges, `(H*B/W/W, W*W, W*W)`."""
        down, across = (
            (torch.arange(size, device=x.device) >= size - self.shift).reshape(-1, self.window) for size in x.shape[1:3]
        )  # (H/W, W) and (B/W, W): whether a row, a column was rolled over the edge
        part = 2 * down[:, None, :, None] + across[None, :, None, :].int()
        part = part.reshape(-1, self.window**2)  # (H*B/W/W, W*W)
        return torch.zeros((), device=x.device, dtype=x.dtype).masked_fill(part[:, :, None] != part[:, None], -math.inf)

    def extra_repr(self) -> str:
        """Window, heads and shift."""
        return f"{self.window}, num_heads={self.weight.shape[1]}, shift={self.shift}"
