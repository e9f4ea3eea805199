"""Stochastic depth: residual branches that are left out at random while training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, quote
from torcharc.registry import register
from torcharc.rules import same


def _check(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """The problem of a probability that is none, or leaves nothing."""
    p = arguments.get("p", 0.5)
    if not 0 <= p < 1:
        yield Problem(("p",), quote(p), "a probability of at least 0 and below 1", code="value")


@register(rule=same, check=_check, example={"params": {"p": 0.2}, "inputs": {"input": [6, 5, 5]}})
class StochasticDepth(nn.Module):
    """Zeros whole samples with probability `p` while training, the others scaled by `1 / (1 - p)` (Huang et al. 2016).

    Placed at the end of a residual branch, before the addition.

    Args:
        p: Probability of a sample to be left out, from 0 (included) to 1 (excluded).

    Shapes:
        `(N, *)` → `(N, *)`.

    Example:
        >>> sorted(set(StochasticDepth(0.5)(torch.ones(100, 1)).flatten().tolist()))
        [0.0, 2.0]
    """

    def __init__(self, p: float = 0.5):
        super().__init__()
        if problems := list(_check({"p": p}, {})):
            raise ArgumentError(problems)
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """The input, some of its samples zeroed."""
        if not self.training or self.p == 0:
            return input
        shape = (input.shape[0], *[1] * (input.ndim - 1))
        kept = torch.empty(shape, dtype=input.dtype, device=input.device).bernoulli_(1 - self.p)
        return input * kept / (1 - self.p)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"
