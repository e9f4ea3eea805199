"""Small transformers for series, and what they are fed."""

import pytest
import torch

from torcharc.module.timeseries import PTTSTransformer, TSTransformer

BOTH = pytest.mark.parametrize("cls", [TSTransformer, PTTSTransformer])
SPANS = {
    "default": {},
    "chunk": {"chunk_size": 4},
    "window": {"chunk_mode": "window", "chunk_size": 7, "padding": 2},
}
EACH_SPAN = pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)


def make(cls, **options):
    """A small model with fixed weights, none of them at its start, in evaluation."""
    layers = {"num_encoder_layers": 2, "num_decoder_layers": 2}
    sizes = {"dim_feedforward": 16, "in_channels": 3, "out_channels": 2, "pe": "sinusoid"}
    model = cls(**{"d_model": 8, "nhead": 2, **layers, **sizes, **options})
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / 2
    return model.eval()


def make_series(length=11, batch=3):
    return torch.randn(batch, length, 3, generator=torch.Generator().manual_seed(1))
