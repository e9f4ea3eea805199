"""Encoder and decoder of the Perceiver IO (Jaegle et al. 2021, https://arxiv.org/abs/2107.14795)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from torcharc.module.perceiver_attention import AttentionLayer, CrossAttention, Heads, SelfAttention
from torcharc.module.perceiver_component import DEPTH, OPTIONAL_SIZE, PROBABILITY, SIZE, Component, Rule, shape_rule


def learned(*shape: int) -> nn.Parameter:
    """A learned array of `shape`, drawn from a normal distribution (std 0.02) cut at -2 and 2."""
    array = torch.empty(shape)
    if array.numel():
        nn.init.trunc_normal_(array, std=0.02)
    return nn.Parameter(array)


def drop_keys(state_dict: dict[str, Any], *prefixes: str) -> None:
    """Takes the keys that begin with one of `prefixes` out of `state_dict`."""
    for key in [key for key in state_dict if key.startswith(prefixes)]:
        del state_dict[key]


CROSS_RULES = {
    "head_dim": SIZE,
    "v_head_dim": OPTIONAL_SIZE,
    "cross_attn_num_heads": SIZE,
    "cross_attn_widening_factor": SIZE,
    "dropout_p": PROBABILITY,
}


class PerceiverEncoder(Component):
    """Latents that first attend to the input, then, in blocks with shared weights, to themselves.

    The input may have any number of positions M: the cost is M * N, not M * M.

    Args:
        in_shape: `(M, C)`, positions and channels of the input; M may be `None` (any).
        latent_shape: `(N, D)`, number and channels of the latents.
        head_dim: Query and key channels of a head; it need not divide D.
        v_head_dim: Value channels of a head; default: `head_dim`.
        cross_attn_num_heads: Heads that attend to the input.
        cross_attn_widening_factor: Hidden channels / D of the feed-forward network after them.
        num_self_attn_blocks: How often the block is applied; more of them add no parameter.
        num_self_attn_per_block: Self-attention layers in the block.
        self_attn_num_heads: Heads of each of these layers.
        self_attn_widening_factor: Hidden channels / D of their feed-forward networks.
        dropout_p: Dropout of every residual branch, 0 <= p < 1.

    Raises:
        ArgumentError: If a size is no integer above 0, or `dropout_p` is out of range.

    Example:
        >>> encoder = PerceiverEncoder((100, 3), (8, 16), num_self_attn_per_block=2)
        >>> encoder(torch.rand(4, 100, 3)).shape
        torch.Size([4, 8, 16])
    """

    rules: ClassVar[Mapping[str, Rule]] = CROSS_RULES | {
        "in_shape": shape_rule("[positions, channels]", range(2, 3), open_first=True),
        "latent_shape": shape_rule("[latents, channels]", range(2, 3)),
        "num_self_attn_blocks": DEPTH,
        "num_self_attn_per_block": DEPTH,
        "self_attn_num_heads": SIZE,
        "self_attn_widening_factor": SIZE,
    }

    def __init__(
        self,
        in_shape: Sequence[int | None],
        latent_shape: Sequence[int],
        head_dim: int = 32,
        v_head_dim: int | None = None,
        cross_attn_num_heads: int = 1,
        cross_attn_widening_factor: int = 1,
        num_self_attn_blocks: int = 8,
        num_self_attn_per_block: int = 6,
        self_attn_num_heads: int = 8,
        self_attn_widening_factor: int = 1,
        dropout_p: float = 0.0,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name in self.rules}
        self.require(**arguments)
        super().__init__()
        number, width = self.out_shape = tuple(latent_shape)
        self.num_self_attn_blocks = num_self_attn_blocks
        self.latent = learned(number, width)
        cross_heads = Heads(cross_attn_num_heads, head_dim, v_head_dim or head_dim)
        cross = CrossAttention(width, cast(int, in_shape[-1]), cross_heads)
        layers = [AttentionLayer(cross, width, cross_attn_widening_factor, dropout_p)]
        heads = Heads(self_attn_num_heads, head_dim, v_head_dim or head_dim)
        block = [
            AttentionLayer(SelfAttention(width, heads), width, self_attn_widening_factor, dropout_p)
            for _ in range(num_self_attn_per_block)
        ]
        self.encoder_processor = nn.ModuleList([*layers, nn.Sequential(*block)])

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Latents (N, *latent_shape) that have seen `x` (N, M, C).

        `mask`, bool, (N, M), is true at the positions of `x` that count; also (N, latents, M).
        """
        encode, process = self.encoder_processor
        latent = encode(self.latent.expand(x.shape[0], -1, -1), x, mask)
        for _ in range(self.num_self_attn_blocks):
            latent = process(latent)
        return cast(Tensor, latent)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # torcharc 1.x listed the one block once per application, as layers 1, 2, 3, ...
        start = f"{prefix}encoder_processor."
        parts = {key.removeprefix(start).split(".")[0] for key in state_dict if key.startswith(start)}
        drop_keys(state_dict, *(f"{start}{part}." for part in parts - {"0", "1"}))
        super()._load_from_state_dict(state_dict, prefix, *args)


class PerceiverDecoder(Component):
    """Learned queries that attend once to the latents.

    Args:
        in_shape: `(N, D)`, number and channels of the latents; N may be `None` (any).
        out_shape: `(O, E)`, number and channels of the queries, and so of the output.
        head_dim: Query and key channels of a head.
        v_head_dim: Value channels of a head; default: `head_dim`.
        cross_attn_num_heads: Number of heads.
        cross_attn_widening_factor: Hidden channels / E of the feed-forward network.
        dropout_p: Dropout of both residual branches, 0 <= p < 1.

    Raises:
        ArgumentError: If a size is no integer above 0, or `dropout_p` is out of range.

    Example:
        >>> PerceiverDecoder((8, 16), (5, 12))(torch.rand(4, 8, 16)).shape
        torch.Size([4, 5, 12])
    """

    rules: ClassVar[Mapping[str, Rule]] = CROSS_RULES | {
        "in_shape": shape_rule("[latents, channels]", range(2, 3), open_first=True),
        "out_shape": shape_rule("[queries, channels]", range(2, 3)),
    }

    def __init__(
        self,
        in_shape: Sequence[int | None],
        out_shape: Sequence[int],
        head_dim: int = 32,
        v_head_dim: int | None = None,
        cross_attn_num_heads: int = 1,
        cross_attn_widening_factor: int = 1,
        dropout_p: float = 0.0,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name in self.rules}
        self.require(**arguments)
        super().__init__()
        number, width = self.out_shape = tuple(out_shape)
        self.output_query = learned(number, width)
        heads = Heads(cross_attn_num_heads, head_dim, v_head_dim or head_dim)
        cross = CrossAttention(width, cast(int, in_shape[-1]), heads)
        self.decoder = AttentionLayer(cross, width, cross_attn_widening_factor, dropout_p)

    def forward(self, latent: Tensor) -> Tensor:
        """(N, latents, channels) to (N, *out_shape)."""
        return cast(Tensor, self.decoder(self.output_query.expand(latent.shape[0], -1, -1), latent))
