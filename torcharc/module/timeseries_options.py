"""The options of the time series transformers, and the problems they may have."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from torcharc.arguments import Kind, read_value
from torcharc.errors import Problem, quote
from torcharc.module.attention_window import AttentionSpan
from torcharc.module.feedforward import check_activation
from torcharc.module.position import check_dropout, check_pe


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What a time series transformer is made of; `TSTransformer` explains each."""

    d_model: int
    nhead: int
    num_encoder_layers: int = 1
    num_decoder_layers: int = 1
    dropout: float = 0.3
    dim_feedforward: int = 2048
    activation: str | Mapping[str, Any] = "relu"
    in_embedding: Literal["Linear", "Conv1d"] = "Linear"
    pe: str | Mapping[str, Any] | None = None
    attention_size: int | None = None
    in_channels: int = 1
    out_channels: int = 1
    q: int = 8
    v: int = 8
    chunk_mode: Literal["chunk", "window"] | None = "chunk"
    chunk_size: int = 168
    padding: int = 42
    scalar_output: bool = False

    def span(self, *, causal: bool = False) -> AttentionSpan:
        """Which time steps attend to which."""
        if self.chunk_mode is None:
            return AttentionSpan(self.attention_size, causal=causal)
        margin = self.padding if self.chunk_mode == "window" else 0
        return AttentionSpan(self.attention_size, self.chunk_size - 2 * margin, margin, causal)


_SIZE = Kind(frozenset({"int"}), low=1)
_COUNT = Kind(frozenset({"int"}), low=0)

KINDS = {
    "d_model": _SIZE,
    "nhead": _SIZE,
    "num_encoder_layers": _COUNT,
    "num_decoder_layers": _COUNT,
    "dim_feedforward": _SIZE,
    "in_embedding": Kind(frozenset({"str"}), words=("Linear", "Conv1d")),
    "attention_size": Kind(frozenset({"int", "null"}), low=0),
    "in_channels": _SIZE,
    "out_channels": _SIZE,
    "q": _SIZE,
    "v": _SIZE,
    "chunk_mode": Kind(frozenset({"str", "null"}), words=("chunk", "window")),
    "chunk_size": _SIZE,
    "padding": _COUNT,
    "scalar_output": Kind(frozenset({"bool"})),
}


def check_options(options: Options) -> Iterator[Problem]:
    """The problems of `options`, each under the name of its option."""
    wrong = {name: _check_kind(name, getattr(options, name)) for name in KINDS}
    for problems in wrong.values():
        yield from problems
    yield from check_dropout(options.dropout)
    yield from check_activation(options.activation)
    yield from check_pe(options.pe)
    sizes_fit = not (wrong["chunk_size"] or wrong["padding"])
    if options.chunk_mode == "window" and sizes_fit and 2 * options.padding >= options.chunk_size:
        yield Problem(("padding",), quote(options.padding), f"less than half of chunk_size={options.chunk_size}")


def check_head_sizes(d_model: int, nhead: int, *, q: int | None, v: int | None) -> Iterator[Problem]:
    """The problems of heads that PyTorch's layers cannot have: theirs share out `d_model` evenly."""
    if _check_kind("d_model", d_model) or _check_kind("nhead", nhead):
        return
    if d_model % nhead:
        yield Problem(("nhead",), quote(nhead), f"a divisor of d_model={d_model}")
        return
    size = d_model // nhead
    for name, value in (("q", q), ("v", v)):
        if value is not None and (isinstance(value, bool) or value != size):
            yield Problem((name,), quote(value), f"{size}, which is d_model / nhead", f"leave out {name}")


def _check_kind(name: str, value: object) -> list[Problem]:
    return read_value(KINDS[name], value, (name,))[1]
