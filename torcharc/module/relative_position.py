"""What the distance of two tokens adds to attention, other than Shaw's tables.

A kind of position has two methods. `turn` changes queries and keys before they meet, `bias` is
added to the scores. Shapes: `N` batch, `h` heads, `L` queries, `S` keys, of which the last L stand
where the queries stand, `E` the size of a head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from torcharc.module.rotary import turn_pairs

BUCKETS = 32


class NoPosition(nn.Module):
    """Attention that does not see positions."""

    def turn(self, x: Tensor, start: int) -> Tensor:
        """Queries or keys `(N, h, L, E)` of the positions from `start` on, made ready to meet."""
        return x

    def bias(self, query: Tensor, keys: int) -> Tensor | None:
        """What is added to the scores, `(1 or N, h, L, S)`, for queries `(N, h, L, E)` and S keys."""
        return None


class RotaryPosition(NoPosition):
    """Turns pairs of features by angles that grow with the position (Su et al. 2021, RoFormer).

    Feature `m` and feature `m + E/2` of position `p` turn by `p * 10000 ** (-2m / E)`, so that a
    score depends on the distance alone.
    """

    def turn(self, x: Tensor, start: int) -> Tensor:
        """`x` `(N, h, L, E)` turned."""
        return turn_pairs(x, start=start)


class AlibiPosition(NoPosition):
    """Takes a multiple of the distance from each score (Press et al. 2022, ALiBi).

    Args:
        n_heads: h; each head has a slope of its own.
    """

    def __init__(self, n_heads: int):
        super().__init__()
        self.n_heads = n_heads

    def bias(self, query: Tensor, keys: int) -> Tensor:
        """`-slope * |i - j|`, `(1, h, L, S)`."""
        distance = relative_distance(query.shape[-2], keys, query.device).abs()
        slopes = torch.tensor(alibi_slopes(self.n_heads), dtype=query.dtype, device=query.device)
        return (slopes[:, None, None] * -distance.to(query.dtype))[None]


def alibi_slopes(n_heads: int) -> list[float]:
    """The slopes of the heads: `2 ** (-8m / h)` for m = 1 to h, if h is a power of 2.

    Otherwise those of the power p below h, then `2 ** (-8m / 2p)` for m = 1, 3, ...

    Example:
        >>> alibi_slopes(3)
        [0.0625, 0.00390625, 0.25]
    """
    power = 2 ** int(math.log2(n_heads))
    slopes = [2 ** (-8 * m / power) for m in range(1, power + 1)]
    return slopes + [2 ** (-4 * m / power) for m in range(1, 2 * (n_heads - power), 2)]


class BucketPosition(NoPosition):
    """Adds a learned number per head and bucket of distances (Raffel et al. 2020, T5; both directions).

    Args:
        n_heads: h.
    """

    init_names = ()

    def __init__(self, n_heads: int):
        super().__init__()
        self.table = nn.Parameter(torch.empty(BUCKETS, n_heads))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the table from N(0, 0.02 ** 2)."""
        nn.init.normal_(self.table, std=0.02)

    def bias(self, query: Tensor, keys: int) -> Tensor:
        """The table's numbers, `(1, h, L, S)`."""
        bucket = distance_bucket(relative_distance(query.shape[-2], keys, query.device))
        return self.table[bucket].permute(2, 0, 1)[None]


def relative_distance(queries: int, keys: int, device: torch.device | None = None) -> Tensor:
    """`j - i`, int64 `(L, S)`, for the key at `j` and the query at `i`; the last query stands at the last key."""
    times = torch.arange(keys, device=device)
    return times - times[keys - queries :, None]


def distance_bucket(distance: Tensor) -> Tensor:
    """The bucket, 0 to 31, of each distance `j - i`: near ones have their own, far ones share by their logarithm.

    Example:
        >>> distance_bucket(torch.tensor([-200, -8, -1, 0, 1, 9, 16])).tolist()
        [15, 8, 1, 0, 17, 24, 26]
    """
    half, exact, reach = BUCKETS // 2, BUCKETS // 4, 128
    size = distance.abs()
    far = (size.clamp(min=exact).double() / exact).log() / math.log(reach / exact) * (half - exact)
    shared = (exact + (far + 1e-9).floor().long()).clamp(max=half - 1)  # at powers of 2 the logarithm is a hair short
    return half * (distance > 0) + torch.where(size < exact, size, shared)
