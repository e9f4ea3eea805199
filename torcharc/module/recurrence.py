"""LSTM and GRU over sequences of unequal length, without packing.

The forward direction reads padding last, so that it does no harm. The backward direction would
start in it: each sequence is reversed within its own length, read forward and reversed back. That
gives what packing gives, and unlike packing it runs on meta, compiles and exports.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def run_recurrent(rnn: nn.LSTM | nn.GRU, x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """The states of all steps of all sequences; padded ones are zero.

    Args:
        rnn: The layers; `batch_first`, with biases, without projections.
        x: `(N, L, I)`.
        lengths: Real steps of each sequence, int64 `(N)`, from 0 to L; `None`: all are real.

    Returns:
        `(N, L, H)`, twice as wide if `rnn` is bidirectional.
    """
    if x.is_meta:
        return _run_on_meta(rnn, x)
    if lengths is None:
        out: Tensor = rnn(x)[0]
        return out
    steps = torch.arange(x.shape[1], device=x.device)
    real = (steps < lengths[:, None])[..., None]  # (N, L, 1)
    # step t of a reversed sequence of n steps is step n - 1 - t; padding stays where it is
    order = torch.where(real[..., 0], lengths[:, None] - 1 - steps, steps)[..., None]
    ways = 2 if rnn.bidirectional else 1
    for layer in range(rnn.num_layers):
        if layer and rnn.dropout:
            x = F.dropout(x, rnn.dropout, rnn.training)
        found = [_run_one(rnn, ways * layer, x)]
        if ways == 2:
            turned = x.gather(1, order.expand_as(x))
            back = _run_one(rnn, ways * layer + 1, turned)
            found.append(back.gather(1, order.expand_as(back)))
        x = torch.cat(found, -1) if ways == 2 else found[0]
        x = x.masked_fill(~real, 0.0)
    return x


def _run_on_meta(rnn: nn.LSTM | nn.GRU, x: Tensor) -> Tensor:
    """The shape of the result, by the same products, those of all steps at once: torch would run each step."""
    ways = 2 if rnn.bidirectional else 1
    state = x.new_empty(*x.shape[:2], rnn.hidden_size)
    for layer in range(rnn.num_layers):
        for weights in rnn.all_weights[ways * layer : ways * (layer + 1)]:
            F.linear(x, weights[0])
            F.linear(state, weights[1])
        x = torch.cat([state] * ways, -1)
    return x


def _run_one(rnn: nn.LSTM | nn.GRU, index: int, x: Tensor) -> Tensor:
    """The states `(N, L, H)` that one direction of one layer gives."""
    state = x.new_zeros(1, x.shape[0], rnn.hidden_size)
    weights: Any = rnn.all_weights[index]
    settings = (True, 1, 0.0, False, False, True)  # biases, layers, dropout, training, bidirectional, batch first
    if isinstance(rnn, nn.LSTM):
        return torch.lstm(x, (state, state), weights, *settings)[0]
    return torch.gru(x, state, weights, *settings)[0]
