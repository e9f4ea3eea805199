"""Self-attention with several heads that sees relative positions, in one of several ways.

Shapes: `N` batch, `L` tokens, `D` width, `h` heads, `E = D / h`, `P` tokens before these that are
cached, `S = P + L` keys.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.errors import InputError, Problem, quote
from torcharc.module.position import check_dropout
from torcharc.module.relative_position import AlibiPosition, BucketPosition, NoPosition, RotaryPosition
from torcharc.module.shaw_position import ShawKeys, ShawPosition
from torcharc.module.text_options import check_choice, check_heads, check_sizes, refuse, require_rank
from torcharc.module.token_mask import Sizes, check_masks, join_masks, mark_causal, read_keep, read_mask
from torcharc.registry import register

POSITIONS = ("shaw", "shaw_keys", "t5", "alibi", "rope", "none")
Cache = tuple[Tensor, Tensor]
"""Keys and values of the tokens so far, each `(N, heads of keys, P, E)`."""

PORTS = (Port("x"), Port("mask", required=False), Port("keep", required=False))


@register(
    check=check_masks,
    ports=PORTS,
    example={"params": {"n_heads": 2, "max_relative_position": 2}, "inputs": {"x": [6, 8]}},
)
class MultiHeadAttentionWithRelativePosition(nn.Module):
    """Self-attention with learned vectors for relative positions (Shaw et al. 2018), or another kind of position.

    Args:
        d_model: D.
        n_heads: h, a divisor of D.
        dropout: Probability, 1 excluded, that an attention weight is zeroed in training.
        max_relative_position: K; for the two kinds of Shaw, tokens further apart share a vector.
        position: `shaw`: vectors for keys and values; `shaw_keys`: for keys alone; `t5`: a learned number
            per head and bucket of distances; `alibi`: a multiple of the distance; `rope`: turned queries
            and keys; `none`. All but `shaw` run in `scaled_dot_product_attention`.
        scale_relative: Whether Shaw's term of the scores is divided by sqrt(E) like the other one.
        residual_norm: Whether the result is `LayerNorm(x + attention)`.
        causal: Whether a token sees itself and those before it alone.
        n_kv_heads: Heads of keys and values, a divisor of h that share them evenly; `None`: h
            (Ainslie et al. 2023, grouped-query attention).

    Raises:
        ArgumentError: If an argument is out of range, or heads do not divide D.

    Example:
        >>> import torch
        >>> attention = MultiHeadAttentionWithRelativePosition(8, 2)
        >>> attention(torch.zeros(4, 5, 8), keep=torch.ones(4, 5)).shape
        torch.Size([4, 5, 8])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        dropout: float = 0.1,
        max_relative_position: int = 32,
        *,
        position: str = "shaw",
        scale_relative: bool = True,
        residual_norm: bool = False,
        causal: bool = False,
        n_kv_heads: int | None = None,
    ):
        refuse(check_attention(d_model, n_heads, dropout, max_relative_position, position, n_kv_heads))
        super().__init__()
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads or n_heads
        self.dropout = dropout
        self.causal = causal
        head_size = d_model // n_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, self.n_kv_heads * head_size)
        self.value = nn.Linear(d_model, self.n_kv_heads * head_size)
        self.output = nn.Linear(d_model, d_model)
        self.position = _make_position(position, n_heads, head_size, max_relative_position, scale_relative)
        self.norm = nn.LayerNorm(d_model) if residual_norm else None

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        keep: Tensor | None = None,
        *,
        cache: Cache | None = None,
        use_cache: bool = False,
    ) -> Tensor | tuple[Tensor, Cache]:
        """What the tokens find in one another.

        Args:
            x: `(N, L, D)`.
            mask: `(N, L, S)` or `(N, h, L, S)`, N and h may be 1; nonzero: the query may attend to the key.
            keep: `(N, S)`; nonzero: the token is real, and may be attended to.
            cache: Keys and values of the tokens before these, as an earlier call gave them.
            use_cache: Whether those of all tokens so far are given back too; the attention must be causal.

        Returns:
            `(N, L, D)`, and with `use_cache` the cache. A token that may see none gets the output layer's bias.

        Raises:
            InputError: If a shape does not fit, a mask is one that is to be added, or a cache is not possible.
        """
        require_rank(x, "(N, L, D)", 3)
        if not self.causal and (use_cache or cache is not None):
            raise InputError(Problem(("use_cache",), "attention that is not causal", "causal=True", code="cache"))
        start = 0 if cache is None else cache[0].shape[-2]
        query = self.position.turn(self._split(self.query(x), self.n_heads), start)  # (N, h, L, E)
        key = self.position.turn(self._split(self.key(x), self.n_kv_heads), start)
        value = self._split(self.value(x), self.n_kv_heads)
        if cache is not None:
            key, value = torch.cat([cache[0], key], -2), torch.cat([cache[1], value], -2)
        found = self._attend(query, key, value, self._read_masks(x, key, mask, keep), cached=cache is not None)
        out: Tensor = self.output(found.transpose(1, 2).flatten(2))
        if self.norm is not None:
            out = self.norm(x + out)
        return (out, (key, value)) if use_cache else out

    def _split(self, x: Tensor, heads: int) -> Tensor:
        """`(N, L, heads * E)` as `(N, heads, L, E)`."""
        return torch.unflatten(x, -1, (heads, -1)).transpose(1, 2)

    def _read_masks(self, x: Tensor, key: Tensor, mask: Tensor | None, keep: Tensor | None) -> Tensor | None:
        batch, queries, keys = x.shape[0], x.shape[1], key.shape[-2]
        seen = read_mask(mask, Sizes(batch, self.n_heads, queries, keys))
        return join_masks(seen, read_keep(keep, (batch, keys)))

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, cached: bool) -> Tensor:
        """`(N, h, L, E)` for queries, keys, values and a mask of booleans `(N, h, L, S)`."""
        queries, keys = query.shape[-2], key.shape[-2]
        if self.n_kv_heads != self.n_heads:
            key, value = self._repeat(key), self._repeat(value)
        dropout = self.dropout if self.training else 0.0
        shaw = isinstance(self.position, ShawPosition)
        bias = None if shaw else self.position.bias(query, keys)
        # SDPA's own causal mask has its corner at the first key, and stands beside no other mask
        plain = self.causal and mask is None and bias is None and not cached and not shaw
        if self.causal and not plain and not (cached and queries == 1):
            order = mark_causal(queries, keys, query.device)[None, None]
            mask = order if mask is None else mask & order
        if isinstance(self.position, ShawPosition):
            return self.position.attend(query, key, value, mask, dropout)
        if bias is not None:
            mask = bias if mask is None else bias.masked_fill(~mask, float("-inf"))
        return F.scaled_dot_product_attention(query, key, value, mask, dropout, is_causal=plain)

    def _repeat(self, x: Tensor) -> Tensor:
        """Keys or values for each head of the queries."""
        times = self.n_heads // self.n_kv_heads
        return x[:, :, None].expand(-1, -1, times, -1, -1).flatten(1, 2)

    def extra_repr(self) -> str:
        return f"n_heads={self.n_heads}, dropout={self.dropout}, causal={self.causal}"


def check_attention(
    d_model: object,
    n_heads: object,
    dropout: object,
    max_relative_position: object,
    position: object,
    n_kv_heads: object,
) -> Iterator[Problem]:
    """The problems of the arguments of `MultiHeadAttentionWithRelativePosition`."""
    wrong = [*check_heads(d_model, n_heads)]
    yield from wrong
    yield from check_dropout(dropout)
    yield from check_sizes(max_relative_position=max_relative_position)
    yield from check_choice("position", position, POSITIONS)
    if wrong or not isinstance(d_model, int) or not isinstance(n_heads, int):
        return
    if position == "rope" and d_model // n_heads % 2:
        expected = f"another one: rope turns pairs of features, and heads of {d_model // n_heads} have no pairs"
        yield Problem(("position",), "'rope'", expected, code="value")
    if n_kv_heads is not None and (type(n_kv_heads) is not int or n_kv_heads < 1 or n_heads % n_kv_heads):
        expected = f"nothing, or a divisor of n_heads={n_heads}"
        yield Problem(("n_kv_heads",), quote(n_kv_heads), expected, code="value")


def _make_position(position: str, n_heads: int, head_size: int, reach: int, scale: bool) -> NoPosition:
    if position in ("shaw", "shaw_keys"):
        cls = ShawPosition if position == "shaw" else ShawKeys
        return cls(head_size, reach, scale=scale)
    if position == "t5":
        return BucketPosition(n_heads)
    if position == "alibi":
        return AlibiPosition(n_heads)
    return RotaryPosition() if position == "rope" else NoPosition()
