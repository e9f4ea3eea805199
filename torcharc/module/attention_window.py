"""Attention in which each time step attends to a stretch of time steps around it.

`AttentionSpan` says which; `attend` computes it, in blocks where that saves work.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclasses.dataclass(frozen=True, slots=True)
class AttentionSpan:
    """The time steps that a time step attends to: from one to another, without a gap.

    All rules that are set hold together. Each lets a step attend to its own time, so that no
    step is left with nothing to attend to.

    Attributes:
        reach: Steps `i` and `j` attend to each other if `|i - j| <= reach`; `None`: at any distance.
        block: The sequence is cut into blocks of this many steps, the last one may be shorter, and
            a step attends within its block; `None`: everywhere.
        margin: Steps of the neighbourhood that a block sees beyond each of its ends.
        causal: Whether a step attends to its own time and the past alone.

    Example:
        >>> AttentionSpan(block=2, margin=1).mask(4).int()
        tensor([[1, 1, 1, 0],
                [1, 1, 1, 0],
                [0, 1, 1, 1],
                [0, 1, 1, 1]], dtype=torch.int32)
    """

    reach: int | None = None
    block: int | None = None
    margin: int = 0
    causal: bool = False

    def limits(self, times: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """The first and the last time, both included, that each of `times` attends to.

        Args:
            times: Times of the queries, integers of any shape.
            length: L, the number of keys; their times are 0 to L - 1.
        """
        first, last = torch.zeros_like(times), torch.full_like(times, length - 1)
        if self.reach is not None:
            first, last = torch.maximum(first, times - self.reach), torch.minimum(last, times + self.reach)
        if self.block is not None:
            start = torch.div(times, self.block, rounding_mode="floor") * self.block
            first = torch.maximum(first, start - self.margin)
            last = torch.minimum(last, start + (self.block - 1 + self.margin))
        if self.causal:
            last = torch.minimum(last, times)
        return first, last

    def mask(self, length: int, device: torch.device | None = None) -> Tensor:
        """Booleans `(L, L)`: whether the step of the row attends to the step of the column."""
        times = torch.arange(length, device=device)
        first, last = self.limits(times[:, None], length)
        return (first <= times) & (times <= last)

    def is_limited(self, length: int) -> bool:
        """Whether anything but `causal` keeps two steps of a sequence of `length` apart."""
        near = self.reach is not None and self.reach < length - 1
        return near or self.is_blocked(length)

    def is_blocked(self, length: int) -> bool:
        """Whether a sequence of `length` is cut into more blocks than one."""
        return self.block is not None and self.block < length


def attend(query: Tensor, key: Tensor, value: Tensor, span: AttentionSpan) -> Tensor:
    """Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1), scale `1 / sqrt(E)`, over `span`.

    The result is that of full attention under `span.mask(L)`. Where the span cuts the sequence
    into blocks, time and memory grow with `L * (block + 2 * margin)` in place of `L * L`.

    Args:
        query: `(..., H, L, E)`, H heads.
        key: `(..., H, L, E)`, of the same L.
        value: `(..., H, L, V)`.
        span: Which times attend to which.

    Returns:
        `(..., H, L, V)`.
    """
    length = query.shape[-2]
    if span.is_blocked(length):
        return _attend_blocks(query, key, value, span)
    if span.is_limited(length):
        return F.scaled_dot_product_attention(query, key, value, attn_mask=span.mask(length, query.device))
    return F.scaled_dot_product_attention(query, key, value, is_causal=span.causal)


def _attend_blocks(query: Tensor, key: Tensor, value: Tensor, span: AttentionSpan) -> Tensor:
    """`attend`, every block of queries against the keys it sees."""
    length, block, margin = query.shape[-2], span.block or 1, span.margin
    count = (length + block - 1) // block
    queries = _cut(query, count, block, margin=0)  # (..., H, count, block, E)
    keys = _cut(key, count, block, margin=margin)  # (..., H, count, block + 2 * margin, E)
    values = _cut(value, count, block, margin=margin)  # (..., H, count, block + 2 * margin, V)
    mask = _block_mask(span, length, count, query.device)
    # fused kernels want four axes, of the mask too: the blocks stand where heads do, so one mask serves all heads
    found = F.scaled_dot_product_attention(
        queries.flatten(0, -4), keys.flatten(0, -4), values.flatten(0, -4), attn_mask=mask[None]
    )  # (... * H, count, block, V)
    steps = found.flatten(-3, -2)[:, :length]
    return torch.unflatten(steps, 0, query.shape[:-2])


def _cut(x: Tensor, count: int, block: int, *, margin: int) -> Tensor:
    """`x` `(..., L, E)` as `count` pieces, `(..., count, block + 2 * margin, E)`, with zeros beyond its ends."""
    behind = count * block - x.shape[-2] + margin
    padded = F.pad(x, (0, 0, margin, behind))
    return padded.unfold(-2, block + 2 * margin, block).transpose(-2, -1)


def _block_mask(span: AttentionSpan, length: int, count: int, device: torch.device) -> Tensor:
    """Booleans `(count, block, block + 2 * margin)`: whether the query attends to the key."""
    block = span.block or 1
    starts = torch.arange(count, device=device)[:, None, None] * block
    queries = starts + torch.arange(block, device=device)[:, None]
    keys = starts - span.margin + torch.arange(block + 2 * span.margin, device=device)
    first, last = span.limits(queries, length)
    # queries behind the end attend to themselves: a row without any key would give NaN
    return ((first <= keys) & (keys <= last)) | (queries == keys)
