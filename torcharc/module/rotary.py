"""Rotary position embedding: queries and keys turn by angles that grow with their position."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, quote
from torcharc.module.position import turn_angles
from torcharc.registry import register


def turn_pairs(x: Tensor, *, start: int = 0, dims: int | None = None, base: float = 10000.0) -> Tensor:
    """`x` `(*, L, E)` of the positions from `start` on, the pairs of its first `dims` features turned.

    Feature `m` and feature `m + dims / 2` of position `p` turn by `p * base ** (-2m / dims)` (Su et al. 2021).
    """
    dims = dims or x.shape[-1]
    times = torch.arange(start, start + x.shape[-2], device=x.device)
    angles = turn_angles(times, dims, base)  # (L, dims / 2)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second, rest = x[..., : dims // 2], x[..., dims // 2 : dims], x[..., dims:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin, rest], -1)


@register(example={"params": {"dims": 4}, "inputs": {"x": [2, 5, 8]}})
class RotaryEmbedding(nn.Module):
    """Turns pairs of features by an angle that grows with the position (Su et al. 2021, RoFormer).

    Feature `m` and feature `m + dims / 2` of position `p` turn by the angle
    `p * base ** (-2m / dims)`, so that the product of a query and a key depends on their distance
    alone. It has no parameters; queries and keys may run through the same one.

    Args:
        dims: How many features turn, even, from the first on (GPT-NeoX turns a quarter of them);
            default: all.
        base: The longest wavelength is `2 pi base`; above 0.

    Shapes:
        `(*, L, E)` → `(*, L, E)`: L positions, E features of a head.

    Example:
        >>> RotaryEmbedding()(torch.ones(1, 2, 4))[0, 1].round(decimals=3)
        tensor([-0.3010,  0.9900,  1.3820,  1.0100])

    Raises:
        ArgumentError: If `dims` is odd or below 2, or `base` is not above 0.
    """

    def __init__(self, dims: int | None = None, *, base: float = 10000.0):
        if dims is not None and (dims < 2 or dims % 2):
            raise ArgumentError(Problem(("dims",), quote(dims), "an even integer above 0, as features turn in pairs"))
        if base <= 0:
            raise ArgumentError(Problem(("base",), quote(base), "a number above 0"))
        super().__init__()
        self.dims = dims
        self.base = base

    def forward(self, x: Tensor) -> Tensor:
        """`x` turned."""
        return turn_pairs(x, dims=self.dims, base=self.base)

    def extra_repr(self) -> str:
        """How many features turn, and the base."""
        return f"dims={self.dims}, base={self.base}"
