"""The reference arcs as tests use them: heavy ones shrunk, with inputs to run on."""

from __future__ import annotations

import torch

import torcharc
from torcharc.arc_ref import REF_ARCS


def shrink(value):
    """A heavy arc with the same parts on a small image, with narrow latents and few layers."""
    if isinstance(value, dict):
        small = {"num_self_attn_per_block": 2, "num_self_attn_blocks": 2, "latent_shape": [8, 16], "head_dim": 16}
        return {key: small[key] if key in small else shrink(item) for key, item in value.items()}
    if isinstance(value, list):
        return [6 if item == 224 else shrink(item) for item in value]
    return value


def light(name):
    """The arc, shrunk where a pass takes more than a second."""
    return shrink(REF_ARCS[name]) if name.startswith("perceiver") else REF_ARCS[name]


def only(values):
    """The one value, or all by name."""
    return next(iter(values.values())) if len(values) == 1 else values


def make_inputs(arc, batch, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)

    def fill(info):
        if isinstance(info, dict):
            return {name: fill(item) for name, item in info.items()}
        sizes = [batch, *(12 if size is None else size for size in info.shape)]
        if info.dtype == "int64":
            return torch.randint(0, 20, sizes, generator=generator)
        return torch.randn(sizes, generator=generator).to(dtype)

    return only({name: fill(info) for name, info in torcharc.inspect(arc).inputs.items()})
