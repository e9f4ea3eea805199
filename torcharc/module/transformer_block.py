"""One layer of a transformer encoder, with the options of this decade.

Shapes: `N` batch, `L` tokens, `D` width, `F` width between the two linear layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torcharc.errors import Problem, quote
from torcharc.module.relative_attention import (
    PORTS,
    POSITIONS,
    Cache,
    MultiHeadAttentionWithRelativePosition,
    check_attention,
)
from torcharc.module.text_options import ACTIVATIONS, Activation, check_choice, check_sizes, refuse
from torcharc.module.token_mask import check_masks
from torcharc.registry import register

GATED: dict[str, Activation] = {"swiglu": F.silu, "geglu": F.gelu}
NORMS: dict[str, type[nn.LayerNorm | nn.RMSNorm]] = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}


class FeedForward(nn.Module):
    """Two linear layers with an activation between them; with a gate three (Shazeer 2020, GLU variants).

    Args:
        d_model: D.
        d_ff: F.
        dropout: Probability that a number between the layers is zeroed in training.
        activation: `relu`, `gelu`, `swish` or `silu`, `leaky_relu`, `tanh`; `swiglu`, `geglu`: a gate,
            `linear2(silu(linear1(x)) * linear3(x))`, or with gelu in place of silu.

    Example:
        >>> import torch
        >>> FeedForward(4, 16, activation="swiglu")(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 3, 4])
    """

    def __init__(self, d_model: int, d_ff: int, dropout: float = 0.1, activation: str = "gelu"):
        super().__init__()
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.linear3 = nn.Linear(d_model, d_ff) if activation in GATED else None
        self.dropout = nn.Dropout(dropout)
        self.activation = {**ACTIVATIONS, **GATED}[activation]

    def forward(self, x: Tensor) -> Tensor:
        """The result `(..., D)` for `x` `(..., D)`."""
        inner = self._activate(self.linear1(x))
        if self.linear3 is not None:
            inner = inner * self.linear3(x)
        out: Tensor = self.linear2(self.dropout(inner))
        return out

    def _activate(self, x: Tensor) -> Tensor:
        """The activation of what `linear1` gave."""
        # the widest array of all: a second one of its size costs more than the activation itself
        if torch.is_grad_enabled() or self.linear1._forward_hooks or self.activation is not F.gelu:
            return self.activation(x)
        changed: Tensor = torch.ops.aten.gelu_(x)
        return changed


@register(
    check=check_masks,
    ports=PORTS,
    example={"params": {"n_heads": 2, "d_ff": 16, "norm_first": True}, "inputs": {"x": [6, 8]}},
)
class TransformerBlock(nn.Module):
    """Self-attention, then a feed-forward layer, each with a residual and a normalization.

    `x = norm1(x + dropout(attention(x)))`, `x = norm2(x + dropout(feed_forward(x)))`; with
    `norm_first` `x + dropout(f(norm(x)))` (Vaswani et al. 2017; Xiong et al. 2020 for the order).

    Args:
        d_model: D.
        n_heads: Heads of the attention, a divisor of D.
        d_ff: F.
        dropout: Probability, 1 excluded, that a number is zeroed in training: an attention weight, a number
            within the feed-forward layer, a result of either.
        activation: `relu`, `gelu`, `swish` or `silu`, `leaky_relu`, `tanh`; or with a gate `swiglu`, `geglu`.
        use_relative_pos: Whether the attention has Shaw's relative positions.
        max_relative_position: As in `MultiHeadAttentionWithRelativePosition`.
        norm_first: Whether normalization stands before each layer, not behind.
        norm: `layer`, or `rms` (Zhang and Sennrich 2019).
        position: Another kind of position: `shaw`, `shaw_keys`, `t5`, `alibi`, `rope`, `none`.
        causal: Whether a token sees itself and those before it alone.
        n_kv_heads: Heads of keys and values, a divisor of `n_heads`.

    Raises:
        ArgumentError: If arguments are out of range or contradict each other; it names all of them.

    Example:
        >>> import torch
        >>> TransformerBlock(8, n_heads=2, d_ff=32)(torch.zeros(4, 5, 8)).shape
        torch.Size([4, 5, 8])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.1,
        activation: str = "gelu",
        use_relative_pos: bool = True,
        *,
        max_relative_position: int = 32,
        norm_first: bool = False,
        norm: str = "layer",
        position: str | None = None,
        causal: bool = False,
        n_kv_heads: int | None = None,
    ):
        refuse(check_block(dict(locals())))
        super().__init__()
        self.norm_first = norm_first
        self.attention = MultiHeadAttentionWithRelativePosition(
            d_model,
            n_heads,
            dropout,
            max_relative_position,
            position=choose_position(use_relative_pos, position),
            causal=causal,
            n_kv_heads=n_kv_heads,
        )
        self.norm1 = make_norm(norm, d_model)
        self.feed_forward = FeedForward(d_model, d_ff, dropout, activation)
        self.norm2 = make_norm(norm, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        keep: Tensor | None = None,
        *,
        cache: Cache | None = None,
        use_cache: bool = False,
    ) -> Tensor | tuple[Tensor, Cache]:
        """The tokens `(N, L, D)` for `x` `(N, L, D)`.

        `mask`, `keep`, `cache` and `use_cache` are those of `MultiHeadAttentionWithRelativePosition`,
        and so are the errors.
        """
        found = self.attention(self.norm1(x) if self.norm_first else x, mask, keep, cache=cache, use_cache=use_cache)
        found, cache = found if use_cache else (found, None)
        if self.norm_first:
            x = x + self.dropout(found)
            x = x + self.dropout(self.feed_forward(self.norm2(x)))
        else:
            x = self.norm1(x + self.dropout(found))
            x = self.norm2(x + self.dropout(self.feed_forward(x)))
        return x if cache is None else (x, cache)


def make_norm(norm: str, d_model: int) -> nn.Module:
    """The normalization of that name, eps 1e-5."""
    return NORMS[norm](d_model, eps=1e-5)


def choose_position(use_relative_pos: bool, position: str | None) -> str:
    """The kind of position; by `use_relative_pos` where none is named."""
    return position or ("shaw" if use_relative_pos else "none")


def check_block(given: dict[str, Any]) -> Iterator[Problem]:
    """The problems of the arguments of `TransformerBlock`, given by name."""
    position, relative = given["position"], given["use_relative_pos"]
    if position is not None and position != "none" and not relative:
        expected = f"'none' or nothing beside use_relative_pos={relative}"
        hint = "leave use_relative_pos out"
        if position in POSITIONS:
            yield Problem(("position",), quote(position), expected, hint, "value")
    yield from check_sizes(d_ff=given["d_ff"])
    yield from check_choice("activation", given["activation"], [*ACTIVATIONS, *GATED])
    yield from check_choice("norm", given["norm"], NORMS)
    yield from check_attention(
        given["d_model"],
        given["n_heads"],
        given["dropout"],
        given["max_relative_position"],
        "none" if position is None else position,
        given["n_kv_heads"],
    )
