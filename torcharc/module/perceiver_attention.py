"""Attention layers of the Perceiver: pre-norm, GELU, with free sizes of heads and values.

The shapes: `N` batch, `L` positions that ask, `M` positions that are looked at, `D` and `C`
their channels, `H` heads of `K` query and `V` value channels.
"""

from __future__ import annotations

import dataclasses
from typing import cast

from torch import Tensor, nn
from torch.nn import functional


@dataclasses.dataclass(frozen=True, slots=True)
class Heads:
    """How many heads, and the size of queries, keys (`dim`) and values (`v_dim`) in each."""

    number: int
    dim: int
    v_dim: int


class Attention(nn.Module):
    """Multi-head attention, softmax(Q Kᵀ / √K) V, then a projection back to D channels.

    Args:
        embed_dim: D, channels of the positions that ask.
        context_dim: C, channels of the positions that are looked at.
        heads: Sizes of the heads; they need not divide D.
    """

    def __init__(self, embed_dim: int, context_dim: int, heads: Heads) -> None:
        super().__init__()
        self.num_heads = heads.number
        self.to_flat_q = nn.Linear(embed_dim, heads.number * heads.dim)
        self.to_flat_k = nn.Linear(context_dim, heads.number * heads.dim)
        self.to_flat_v = nn.Linear(context_dim, heads.number * heads.v_dim)
        self.to_z = nn.Linear(heads.number * heads.v_dim, embed_dim)

    def forward(self, embed: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """What each position of `embed` (N, L, D) draws from `context` (N, M, C), (N, L, D).

        `mask`, bool, (N, M) or (N, L, M), is true where a position may be looked at; a row with
        none gives zeros before the projection.
        """
        q = self._split(self.to_flat_q(embed))  # (N, H, L, K)
        k = self._split(self.to_flat_k(context))  # (N, H, M, K)
        v = self._split(self.to_flat_v(context))  # (N, H, M, V)
        if mask is not None:
            mask = mask[:, None, None] if mask.dim() == 2 else mask[:, None]
        z = functional.scaled_dot_product_attention(q, k, v, mask)  # (N, H, L, V)
        return cast(Tensor, self.to_z(z.transpose(1, 2).flatten(2)))

    def _split(self, x: Tensor) -> Tensor:
        """(N, L, H * K) as (N, H, L, K)."""
        return x.reshape(*x.shape[:2], self.num_heads, -1).transpose(1, 2)


class SelfAttention(nn.Module):
    """Attention of normalized (N, L, D) to itself."""

    def __init__(self, embed_dim: int, heads: Heads) -> None:
        super().__init__()
        self.attn = Attention(embed_dim, embed_dim, heads)
        self.layer_norm = nn.LayerNorm(embed_dim)

    def forward(self, embed: Tensor) -> Tensor:
        """(N, L, D) to (N, L, D)."""
        embed = self.layer_norm(embed)
        return cast(Tensor, self.attn(embed, embed))


class CrossAttention(nn.Module):
    """Attention of (N, L, D) to another array (N, M, C), both normalized first."""

    def __init__(self, embed_dim: int, context_dim: int, heads: Heads) -> None:
        super().__init__()
        self.attn = Attention(embed_dim, context_dim, heads)
        self.embed_layer_norm = nn.LayerNorm(embed_dim)
        self.context_layer_norm = nn.LayerNorm(context_dim)

    def forward(self, embed: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, L, D) and (N, M, C) to (N, L, D); `mask` as in `Attention`."""
        return cast(Tensor, self.attn(self.embed_layer_norm(embed), self.context_layer_norm(context), mask))


class FeedForward(nn.Module):
    """LayerNorm, then D -> D * widening_factor -> D with GELU between."""

    def __init__(self, embed_dim: int, widening_factor: int) -> None:
        super().__init__()
        wide = embed_dim * widening_factor
        self.module = nn.Sequential(
            nn.LayerNorm(embed_dim), nn.Linear(embed_dim, wide), nn.GELU(), nn.Linear(wide, embed_dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, D) to (N, L, D)."""
        return cast(Tensor, self.module(x))


class Residual(nn.Module):
    """x + dropout(module(x, ...)); the dropout acts in training only."""

    def __init__(self, module: nn.Module, dropout_p: float) -> None:
        super().__init__()
        self.module = module
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """(N, L, D) to (N, L, D)."""
        y = self.module(x) if context is None else self.module(x, context, mask)
        return x + cast(Tensor, self.dropout(y))


class AttentionLayer(nn.ModuleList):
    """Attention, then a `FeedForward`, each with its `Residual`."""

    def __init__(self, attention: nn.Module, embed_dim: int, widening_factor: int, dropout_p: float) -> None:
        feed_forward = FeedForward(embed_dim, widening_factor)
        super().__init__([Residual(attention, dropout_p), Residual(feed_forward, dropout_p)])

    def forward(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """(N, L, D) to (N, L, D); `context` (N, M, C) and `mask` go to the attention."""
        return cast(Tensor, self[1](self[0](x, context, mask)))
