"""Rows of the text blocks: each beside the formulation that one would write first, and beside the fastest one.

Here "by hand" is that formulation. The peer has none of these blocks.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from bench.measure import Task

BATCH, WIDTH, HEADS, REACH = 4, 512, 8, 32
ROOT = pathlib.Path(__file__).resolve().parent.parent
Pair = tuple[Task, Task]
Table = Iterator[tuple[str, float | None, Callable[[], Pair] | None]]


class PlainShaw(nn.Module):
    """Attention of Shaw et al. 2018 with a vector for each pair of tokens: `[L, L, E]` gathered, then einsum."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.keys, self.values = (nn.Parameter(torch.randn(2 * REACH + 1, WIDTH // HEADS) / 50) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, L, D)` for `x` `(N, L, D)`."""
        q, k, v = (self.split(layer(x)) for layer in (self.query, self.key, self.value))
        found = self.attend(q, k, v, self.rows(x.shape[1]))
        out: Tensor = self.output(found.transpose(1, 2).flatten(2))
        return out

    def split(self, x: Tensor) -> Tensor:
        """`(N, L, D)` as `(N, h, L, E)`."""
        return torch.unflatten(x, -1, (HEADS, -1)).transpose(1, 2)

    def rows(self, length: int) -> Tensor:
        """The row of each pair in the tables, `(L, L)`."""
        times = torch.arange(length)
        return (times[None] - times[:, None]).clamp(-REACH, REACH) + REACH

    def attend(self, q: Tensor, k: Tensor, v: Tensor, rows: Tensor) -> Tensor:
        """`(N, h, L, E)`."""
        keys, values = self.keys[rows], self.values[rows]
        scores = (q @ k.mT + torch.einsum("nhie,ije->nhij", q, keys)) / math.sqrt(q.shape[-1])
        weights = scores.softmax(-1)
        return weights @ v + torch.einsum("nhij,ije->nhie", weights, values)


class BucketShaw(PlainShaw):
    """The same with each row of the tables used once: scores gathered, weights summed by row."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, rows: Tensor) -> Tensor:
        """`(N, h, L, E)`."""
        index = rows.expand(*q.shape[:-1], rows.shape[-1])
        scores = (q @ k.mT + (q @ self.keys.mT).gather(-1, index)) / math.sqrt(q.shape[-1])
        weights = scores.softmax(-1)
        sums = weights.new_zeros(*weights.shape[:-1], 2 * REACH + 1).scatter_add(-1, index, weights)
        return weights @ v + sums @ self.values


class PlainConcat(nn.Module):
    """Luong's concat scores, all pairs `[x_i; x_j]` made."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * width, width)
        self.v = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, L, D)` for `x` `(N, L, D)`."""
        shape = (x.shape[0], x.shape[1], *x.shape[1:])
        pairs = torch.cat([x[:, :, None].expand(shape), x[:, None].expand(shape)], -1)
        return (torch.tanh(self.linear(pairs)) @ self.v).softmax(-1) @ x


class PlainSpan(nn.Module):
    """The attention of `TSTransformer` over a span, in full, under a mask that is added."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, query: Tensor, memory: Tensor) -> Tensor:
        """`(N, L, D)` for sequences `(N, L, D)`."""
        layer, length = self.layer, query.shape[1]
        q, k, v = (
            part(x).unflatten(-1, (layer.nhead, -1)).transpose(1, 2)
            for part, x in ((layer._W_q, query), (layer._W_k, memory), (layer._W_v, memory))
        )
        hidden = ~layer.span.mask(length)
        scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(hidden, -math.inf)
        out: Tensor = layer._W_o((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        return out


def table() -> Table:
    """Name, goal as a ratio, and maker of each row."""
    for length in (128, 512):
        goal = 0.65 if length == 512 else None
        yield f"text: relative attention, T={length}, to a vector per pair", goal, _shaw(PlainShaw, length)
        yield f"text: relative attention, T={length}, to the fastest known", 1.05, _shaw(BucketShaw, length)
        yield f"text: relative attention, T={length}, training", None, _shaw(PlainShaw, length, train=True)
    yield "text: concat attention, to all pairs made", 0.4, _concat
    yield "text: transformer block, to TransformerEncoderLayer", 1.05, lambda: _block(train=False)
    yield "text: transformer block, training", 1.1, lambda: _block(train=True)
    yield "text: TSTransformer, chunks of 168 in 1008, to full attention", None, _series
    yield "text: relative attention, T=512, peak memory", 0.5, None


def _shaw(plain: Callable[[], PlainShaw], length: int, *, train: bool = False) -> Callable[[], Pair]:
    def make() -> Pair:
        from torcharc.zoo.text import MultiHeadAttentionWithRelativePosition

        ours = MultiHeadAttentionWithRelativePosition(WIDTH, HEADS, 0.0, REACH)
        weights = {name.replace("position.", ""): value for name, value in ours.state_dict().items()}
        other = plain()
        other.load_state_dict(weights)
        return _pair(ours, other, torch.randn(BATCH, length, WIDTH), train=train)

    return make


def _concat() -> Pair:
    from torcharc.zoo.text import ConcatAttention

    ours, other = ConcatAttention(256), PlainConcat(256)
    other.load_state_dict(ours.state_dict())
    return _pair(ours, other, torch.randn(BATCH, 128, 256))


def _block(*, train: bool) -> Pair:
    from torcharc.zoo.text import TransformerBlock

    ours = TransformerBlock(WIDTH, HEADS, 4 * WIDTH, use_relative_pos=False)
    other = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, activation="gelu", batch_first=True)
    state = ours.state_dict()
    for kind in ("weight", "bias"):
        parts = [state.pop(f"attention.{name}.{kind}") for name in ("query", "key", "value")]
        state[f"self_attn.in_proj_{kind}"] = torch.cat(parts)
        state[f"self_attn.out_proj.{kind}"] = state.pop(f"attention.output.{kind}")
        for name in ("linear1", "linear2"):
            state[f"{name}.{kind}"] = state.pop(f"feed_forward.{name}.{kind}")
    other.load_state_dict(state)
    return _pair(ours, other, torch.randn(BATCH, 128, WIDTH), train=train)


def _series() -> Pair:
    import torcharc

    spec = {"type": "TSTransformer", "d_model": 64, "nhead": 8, "num_encoder_layers": 1, "num_decoder_layers": 1}
    ours, other = (torcharc.build({**spec, "dropout": 0.0, "dim_feedforward": 256}) for _ in range(2))
    other.load_state_dict(ours.state_dict())
    for layer in [*other.encoders, *other.decoders]:
        for name in ("_selfAttention", "_encoderDecoderAttention"):
            if hasattr(layer, name):
                setattr(layer, name, PlainSpan(getattr(layer, name)))
    return _pair(ours, other, torch.randn(BATCH, 1008, 1))


def _pair(ours: nn.Module, other: nn.Module, x: Tensor, *, train: bool = False) -> Pair:
    """Both on the same input, after a check that they give the same."""
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(x), other.eval()(x), rtol=1e-4, atol=1e-4)
    return _task(ours, x, train=train), _task(other, x, train=train)


def _task(module: nn.Module, x: Tensor, *, train: bool) -> Task:
    module.train(train)
    if not train:
        return Task(module, lambda: x, grad=False)
    leaf = x.clone().requires_grad_()

    def step(x: Tensor) -> None:
        module.zero_grad()
        x.grad = None
        module(x).sum().backward()

    return Task(step, lambda: leaf)


_MEMORY = """
import pathlib, re, sys
sys.path.append({root!r})
import torch
from bench.text import BATCH, HEADS, REACH, WIDTH, PlainShaw
from torcharc.zoo.text import MultiHeadAttentionWithRelativePosition
torch.set_num_threads(1)
torch.set_grad_enabled(False)
model = {make}
model(torch.randn(1, 8, WIDTH))
x = torch.randn(BATCH, 512, WIDTH)
status = pathlib.Path("/proc/self/status")
def size(name):
    return int(re.search(name + r":\\s+(\\d+)", status.read_text()).group(1)) * 1024
pathlib.Path("/proc/self/clear_refs").write_text("5")  # resets the mark of the highest size
before = size("VmRSS")
model(x)
print(size("VmHWM") - before)
"""


def measure_memory(python: str) -> dict[str, float]:
    """Bytes that a forward of relative attention takes at its height, T=512; by hand, with a vector per pair."""
    ours = "MultiHeadAttentionWithRelativePosition(WIDTH, HEADS, 0.0, REACH).eval()"
    found = {}
    for key, make in (("value", ours), ("hand", "PlainShaw().eval()")):
        source = _MEMORY.format(root=str(ROOT), make=make)
        output = subprocess.run(
            [python, "-P", "-c", source], check=True, capture_output=True, text=True, env=os.environ
        )
        found[key] = float(json.loads(output.stdout))
    return {**found, "ratio": found["value"] / found["hand"]}
