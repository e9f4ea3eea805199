"""A learned vector for each position, added to a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.errors import InputError, Problem
from torcharc.graph import FreeDim, TensorSpec
from torcharc.registry import register
from torcharc.rules import Outcome, same


def _infer(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
    """The input's own shape; a sequence of any length fits here, if it may be too long for a run on meta."""
    x, most, width = inputs[0], arguments["max_len"], arguments["d_model"]
    if not isinstance(x, TensorSpec) or len(x.shape) != 3 or x.shape[2] != width or same(arguments, inputs) is None:
        return None
    length = x.shape[1]
    fits = length is None or isinstance(length, FreeDim) or (isinstance(length, int) and 0 < length <= most)
    return Outcome(x, most * width) if fits else None


@register(rule=_infer, example={"params": {"max_len": 16}, "inputs": {"x": [5, 8]}})
class LearnedPositions(nn.Module):
    """Adds a learned vector per position (Gehring et al. 2017; so do BERT and GPT-2).

    Args:
        d_model: D, the size of a step; the input tells it.
        max_len: How many positions have a vector; a longer sequence is refused.

    Shapes:
        `(N, L, D)` → `(N, L, D)`, L up to `max_len`.

    Example:
        >>> LearnedPositions(8, max_len=4)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 3, 8])
    """

    init_names = ("weight",)

    def __init__(self, d_model: int, *, max_len: int):
        super().__init__()
        self.max_len = max_len
        self.weight = nn.Parameter(torch.empty(max_len, d_model))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """The sum.

        Raises:
            InputError: If L is above `max_len`.
        """
        length = x.shape[-2]
        if length > self.max_len:
            expected = f"at most max_len={self.max_len} positions, which have a vector"
            raise InputError(Problem((), f"{length} positions", expected, f"max_len: {length}", "too-long"))
        return x + self.weight[:length]

    def extra_repr(self) -> str:
        """The table's shape."""
        return f"{self.weight.shape[1]}, max_len={self.max_len}"
