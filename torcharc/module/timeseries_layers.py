"""The layers of `TSTransformer`: attention over a span, encoder, decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torcharc.module.attention_window import AttentionSpan, attend
from torcharc.module.feedforward import PositionwiseFeedForward
from torcharc.module.timeseries_options import Options


class MultiHeadAttention(nn.Module):
    """Attention with `nhead` heads (Vaswani et al. 2017, section 3.2.2), over a span of time steps.

    Args:
        d_model: D, the size of a time step.
        nhead: H, the number of heads.
        q: Size of a query, and of a key, in each head.
        v: Size of a value in each head.
        span: Which time steps attend to which; by default all to all.

    Example:
        >>> x = torch.zeros(2, 3, 4)
        >>> MultiHeadAttention(4, 2, q=5, v=6)(x, x).shape
        torch.Size([2, 3, 4])
    """

    def __init__(self, d_model: int, nhead: int, *, q: int = 8, v: int = 8, span: AttentionSpan | None = None):
        super().__init__()
        self.nhead = nhead
        self.span = span or AttentionSpan()
        self._W_q = nn.Linear(d_model, nhead * q)
        self._W_k = nn.Linear(d_model, nhead * q)
        self._W_v = nn.Linear(d_model, nhead * v)
        self._W_o = nn.Linear(nhead * v, d_model)

    def forward(self, query: Tensor, memory: Tensor) -> Tensor:
        """What the steps of `query` `(N, L, D)` find in `memory` `(N, L, D)`; the result is `(N, L, D)`."""
        queries = self._split(self._W_q(query))  # (N, H, L, q)
        keys = self._split(self._W_k(memory))  # (N, H, L, q)
        values = self._split(self._W_v(memory))  # (N, H, L, v)
        found = attend(queries, keys, values, self.span)  # (N, H, L, v)
        out: Tensor = self._W_o(found.transpose(-3, -2).flatten(-2))
        return out

    def _split(self, x: Tensor) -> Tensor:
        """`(N, L, H * size)` as `(N, H, L, size)`."""
        return torch.unflatten(x, -1, (self.nhead, -1)).transpose(-3, -2)


class Encoder(nn.Module):
    """One encoder layer: self-attention, then feed-forward, each as `x = norm(x + dropout(f(x)))`.

    Example:
        >>> Encoder(Options(d_model=4, nhead=2))(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 3, 4])
    """

    def __init__(self, options: Options):
        super().__init__()
        self._selfAttention = _make_attention(options)
        self._feedForward = PositionwiseFeedForward(
            options.d_model, options.dim_feedforward, activation=options.activation
        )
        self._layerNorm1 = nn.LayerNorm(options.d_model)
        self._layerNorm2 = nn.LayerNorm(options.d_model)
        self._dropout = nn.Dropout(options.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """The encoded sequence `(N, L, D)` of `x` `(N, L, D)`."""
        x = self._layerNorm1(x + self._dropout(self._selfAttention(x, x)))
        x = self._layerNorm2(x + self._dropout(self._feedForward(x)))
        return x


class Decoder(nn.Module):
    """One decoder layer: causal self-attention, attention to the memory, feed-forward; each as in `Encoder`.

    Example:
        >>> x = torch.zeros(2, 3, 4)
        >>> Decoder(Options(d_model=4, nhead=2))(x, x).shape
        torch.Size([2, 3, 4])
    """

    def __init__(self, options: Options):
        super().__init__()
        self._selfAttention = _make_attention(options, causal=True)
        self._encoderDecoderAttention = _make_attention(options)
        self._feedForward = PositionwiseFeedForward(
            options.d_model, options.dim_feedforward, activation=options.activation
        )
        self._layerNorm1 = nn.LayerNorm(options.d_model)
        self._layerNorm2 = nn.LayerNorm(options.d_model)
        self._layerNorm3 = nn.LayerNorm(options.d_model)
        self._dropout = nn.Dropout(options.dropout)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """The decoded sequence `(N, L, D)` of `x` `(N, L, D)`, given the `memory` `(N, L, D)`."""
        x = self._layerNorm1(x + self._dropout(self._selfAttention(x, x)))
        x = self._layerNorm2(x + self._dropout(self._encoderDecoderAttention(x, memory)))
        x = self._layerNorm3(x + self._dropout(self._feedForward(x)))
        return x


def _make_attention(options: Options, *, causal: bool = False) -> MultiHeadAttention:
    span = options.span(causal=causal)
    return MultiHeadAttention(options.d_model, options.nhead, q=options.q, v=options.v, span=span)
