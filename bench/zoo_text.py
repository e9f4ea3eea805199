"""ViT-B/16 and BERT-base written by hand, with the initialization of the zoo, for `python -m bench.zoo`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class Attention(nn.Module):
    """Self-attention with several heads."""

    def __init__(self, width: int, heads: int, init: Callable[[nn.Linear], nn.Linear]):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.project = (init(nn.Linear(width, width)) for _ in range(4))
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`(N, L, D)` → `(N, L, D)`."""
        parts = [part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)]
        found = scaled_dot_product_attention(*parts, attn_mask=mask).transpose(1, 2).flatten(2)
        return self.drop(self.project(found))


class Layer(nn.Module):
    """A layer of ViT (norms first) or BERT (norms last)."""

    def __init__(self, width: int, heads: int, init: Any, *, first: bool, eps: float):
        super().__init__()
        attention, mlp = init
        self.first = first
        self.norm, self.norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.attention = Attention(width, heads, attention)
        self.expand, self.reduce = mlp(nn.Linear(width, 4 * width)), mlp(nn.Linear(4 * width, width))
        self.gelu, self.drop, self.drop2 = nn.GELU(), nn.Dropout(0.1), nn.Dropout(0.1)

    def mlp(self, x: Tensor) -> Tensor:
        """The two linear layers."""
        return self.drop2(self.reduce(self.drop(self.gelu(self.expand(x)))))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`(N, L, D)` → `(N, L, D)`."""
        if self.first:
            x = x + self.attention(self.norm(x))
            return x + self.mlp(self.norm2(x))
        x = self.norm(x + self.attention(x, mask))
        return self.norm2(x + self.mlp(x))


def _xavier(layer: nn.Linear, std: float = 0.0) -> nn.Linear:
    nn.init.xavier_uniform_(layer.weight)
    nn.init.normal_(layer.bias, std=std) if std else nn.init.zeros_(layer.bias)
    return layer


def _truncated(layer: Any) -> Any:
    nn.init.trunc_normal_(layer.weight, std=0.02, a=-0.04, b=0.04)
    if isinstance(layer, nn.Linear):
        nn.init.zeros_(layer.bias)
    return layer


class ViT(nn.Module):
    """ViT-B/16 by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 768, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 768))
        self.positions = nn.Parameter(nn.init.normal_(torch.empty(197, 768), std=0.02))
        init = _xavier, lambda layer: _xavier(layer, 1e-6)
        self.blocks = nn.ModuleList(Layer(768, 12, init, first=True, eps=1e-6) for _ in range(12))
        self.norm, self.head = nn.LayerNorm(768, 1e-6), nn.Linear(768, 1000)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 3, 224, 224)` → `(N, 1000)`."""
        patches = self.embed(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(image), 1, 768), patches], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class Bert(nn.Module):
    """BERT-base by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.word, self.segment = (_truncated(nn.Embedding(count, 768)) for count in (30522, 2))
        self.positions = nn.Parameter(nn.init.trunc_normal_(torch.empty(512, 768), std=0.02, a=-0.04, b=0.04))
        self.norm, self.drop = nn.LayerNorm(768, 1e-12), nn.Dropout(0.1)
        init = _truncated, _truncated
        self.layers = nn.ModuleList(Layer(768, 12, init, first=False, eps=1e-12) for _ in range(12))
        self.pool = _truncated(nn.Linear(768, 768))

    def forward(self, ids: Tensor, segments: Tensor) -> tuple[Tensor, Tensor]:
        """`(N, L)` and `(N, L)` → `(N, L, 768)` and `(N, 768)`."""
        x = self.word(ids) + self.segment(segments) + self.positions[: ids.shape[1]]
        x = self.drop(self.norm(x))
        for layer in self.layers:
            x = layer(x, (ids != 0)[:, None, None])
        return x, self.pool(x[:, 0]).tanh()
