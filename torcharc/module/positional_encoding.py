"""The position encoding of the text models: a fixed and a learned table, added."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from torcharc.errors import InputError, Problem, quote
from torcharc.graph import TensorSpec
from torcharc.module.position import check_dropout, encode_sinusoid
from torcharc.module.text_options import check_sizes, refuse, require_rank
from torcharc.module.tracing import is_tracing
from torcharc.registry import register

MAX_LEN = 5000


def check_length(arguments: Mapping[str, Any], structs: Mapping[str, Any]) -> Iterator[Problem]:
    """The problem of an input whose length is known, and greater than the arguments' `max_len`."""
    spec, most = next(iter(structs.values()), None), arguments.get("max_len", MAX_LEN)
    shape = spec.shape if isinstance(spec, TensorSpec) else ()
    length = shape[1] if len(shape) > 1 else None
    if isinstance(length, int) and isinstance(most, int) and length > most:
        expected = f"at least {length}, the steps of the input"
        yield Problem(("max_len",), quote(most), expected, f"write max_len: {length}", "too-long")


@register(check=check_length, example={"params": {"max_len": 16}, "inputs": {"x": [5, 8]}})
class PositionalEncoding(nn.Module):
    """Adds sines and cosines of the position and a learned vector for it, then drops out.

    `dropout(x + S[:L] + P[:L])`: S as in Vaswani et al. 2017, section 3.5 (with D odd the last
    cosine is left out), P drawn from N(0, 0.02 ** 2).

    Args:
        d_model: D, the size of a step.
        max_len: The most steps that a sequence may have.
        dropout: Probability, 1 excluded, that an element of the sum is zeroed in training.
        learnable: Whether there is a P.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> PositionalEncoding(4, max_len=10)(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 3, 4])
    """

    skip_init = True
    table: Tensor

    def __init__(self, d_model: int, max_len: int = MAX_LEN, dropout: float = 0.1, *, learnable: bool = True):
        refuse([*check_sizes(d_model=d_model, max_len=max_len), *check_dropout(dropout)])
        super().__init__()
        self.d_model = d_model
        self.max_len = max_len
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("table", torch.empty(max_len, d_model), persistent=False)
        self.learned = nn.Parameter(torch.empty(max_len, d_model)) if learnable else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws P and computes S."""
        self._fill_table()
        if self.learned is not None:
            nn.init.normal_(self.learned, std=0.02)

    def _fill_table(self) -> None:
        if not self.table.is_meta:
            times = torch.arange(self.max_len, device=self.table.device)
            self.table.copy_(encode_sinusoid(times, self.d_model))

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Self:
        before = self.table
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.table.dtype != before.dtype or before.is_meta:
            self._fill_table()  # the formula in the new dtype: converted, it would keep the errors of the old one
        return self

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """The encoded sequence, for `x` of shape `(N, L, D)` or `(L, D)`.

        Args:
            x: The sequence.
            start: The position of its first step, for a sequence that comes in pieces.

        Raises:
            InputError: If a position is `max_len` or above, or `x` has another number of axes.
        """
        require_rank(x, "a sequence (L, D), or a batch of them (N, L, D)", 2, 3)
        end = start + x.shape[-2]
        if x.is_meta and end > self.max_len:
            return x  # where sizes are free, they stand for smaller ones too; `check_length` tells the others
        if not is_tracing() and end > self.max_len:
            expected = f"at most max_len={self.max_len} positions"
            raise InputError(Problem(("x",), f"{end} steps", expected, f"write max_len={end} or more", "too-long"))
        rows = self.table[start:end] if self.learned is None else self.table[start:end] + self.learned[start:end]
        out: Tensor = self.dropout(x + rows)
        return out
