"""A learned number per head and distance of two positions, added to attention scores (T5)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, quote
from torcharc.registry import register


@register(example={"params": {"num_heads": 2, "causal": True}, "inputs": {"query": [5, 8], "key": [5, 8]}})
class RelativePositionBias(nn.Module):
    """Gives a learned number per head and bucket of distances (Raffel et al. 2020, T5, section 2.1).

    What lies near has a bucket of its own, what lies further off shares one by the logarithm of
    its distance, and all from `max_distance` on share the last.

    Args:
        num_heads: h.
        buckets: How many buckets there are; half of them for what follows, unless `causal`.
        max_distance: Where the last bucket begins, above the number of those that stand for one distance.
        causal: Whether positions see themselves and the past alone: the future gets minus infinity.

    Shapes:
        Queries `(N, L, *)` and keys `(N, S, *)` (default: the queries), whose lengths are all that
        matters → `(1, h, L, S)`, which is added to scores `(N, h, L, S)`.

    Example:
        >>> RelativePositionBias(2)(torch.rand(3, 5, 8), torch.rand(3, 7, 8)).shape
        torch.Size([1, 2, 5, 7])

    Raises:
        ArgumentError: If there are too few buckets, or `max_distance` is too small.
    """

    init_names = ("weight",)

    def __init__(self, num_heads: int, *, buckets: int = 32, max_distance: int = 128, causal: bool = False):
        exact = buckets // (2 if causal else 4)
        if exact < 1:
            raise ArgumentError(Problem(("buckets",), quote(buckets), f"at least {2 if causal else 4}"))
        if max_distance <= exact:
            raise ArgumentError(Problem(("max_distance",), quote(max_distance), f"more than {exact}"))
        super().__init__()
        self.buckets = buckets
        self.max_distance = max_distance
        self.causal = causal
        self.weight = nn.Parameter(torch.empty(buckets, num_heads))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, query: Tensor, key: Tensor | None = None) -> Tensor:
        """What is added to the scores."""
        queries = torch.arange(query.shape[1], device=query.device)
        keys = torch.arange((query if key is None else key).shape[1], device=query.device)
        distance = keys - queries[:, None]  # (L, S)
        bias = self.weight[self._bucket(distance)].permute(2, 0, 1)[None]
        return bias.masked_fill(distance > 0, -math.inf) if self.causal else bias

    def _bucket(self, distance: Tensor) -> Tensor:
        """The bucket of each distance of a key from its query, negative in the past."""
        side = self.buckets if self.causal else self.buckets // 2
        exact = side // 2
        size = -distance.clamp(max=0) if self.causal else distance.abs()
        far = (size.clamp(min=1).float() / exact).log() / math.log(self.max_distance / exact) * (side - exact)
        bucket = torch.where(size < exact, size, (exact + far.long()).clamp(max=side - 1))
        return bucket if self.causal else bucket + side * (distance > 0)

    def extra_repr(self) -> str:
        """Heads, buckets, and what the last begins with."""
        heads = self.weight.shape[1]
        return f"{heads}, buckets={self.buckets}, max_distance={self.max_distance}, causal={self.causal}"
