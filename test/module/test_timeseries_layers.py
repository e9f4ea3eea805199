import math

import numpy as np
import pytest
import torch

from torcharc.module.attention_window import AttentionSpan
from torcharc.module.timeseries_layers import Decoder, Encoder, MultiHeadAttention
from torcharc.module.timeseries_options import Options

ATOL = 1e-10


def allowed_pairs(length, *, causal=False, reach=None):
    near = length if reach is None else reach
    pairs = [[abs(i - j) <= near and (j <= i or not causal) for j in range(length)] for i in range(length)]
    return np.array(pairs)


def linear(state, name, x):
    return x @ state[f"{name}.weight"].numpy().T + state[f"{name}.bias"].numpy()


def normalize(state, name, x):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return scaled * state[f"{name}.weight"].numpy() + state[f"{name}.bias"].numpy()


def attention(state, name, query, memory, nhead, mask):
    """Heads one after the other, in NumPy."""
    q, k = linear(state, f"{name}_W_q", query), linear(state, f"{name}_W_k", memory)
    v = linear(state, f"{name}_W_v", memory)
    heads = []
    for part_q, part_k, part_v in zip(*(np.split(part, nhead, -1) for part in (q, k, v)), strict=True):
        scores = np.where(mask, part_q @ part_k.swapaxes(-1, -2) / math.sqrt(part_q.shape[-1]), -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        heads.append(weights / weights.sum(-1, keepdims=True) @ part_v)
    return linear(state, f"{name}_W_o", np.concatenate(heads, -1))


def feedforward(state, x):
    return linear(state, "_feedForward._linear2", np.maximum(linear(state, "_feedForward._linear1", x), 0))


def naive_encoder(state, x, nhead, mask):
    x = normalize(state, "_layerNorm1", x + attention(state, "_selfAttention.", x, x, nhead, mask))
    return normalize(state, "_layerNorm2", x + feedforward(state, x))


def naive_decoder(state, x, memory, nhead, mask, cross_mask):
    x = normalize(state, "_layerNorm1", x + attention(state, "_selfAttention.", x, x, nhead, mask))
    found = attention(state, "_encoderDecoderAttention.", x, memory, nhead, cross_mask)
    x = normalize(state, "_layerNorm2", x + found)
    return normalize(state, "_layerNorm3", x + feedforward(state, x))


def randomize(module):
    """Every parameter away from its start, so that norms and biases count too; double precision."""
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2
    return module.double().eval()


def make_series(length, d_model, seed=0):
    return torch.randn(2, length, d_model, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("q", "v"), [(8, 8), (3, 5)])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_naive_heads(q, v, causal):
    module = randomize(MultiHeadAttention(7, 3, q=q, v=v, span=AttentionSpan(causal=causal)))
    x, memory = make_series(6, 7), make_series(6, 7, seed=1)
    expected = attention(module.state_dict(), "", x.numpy(), memory.numpy(), 3, allowed_pairs(6, causal=causal))
    np.testing.assert_allclose(module(x, memory).detach().numpy(), expected, atol=ATOL)


@pytest.mark.parametrize("reach", [None, 2])
def test_encoder_equals_naive_encoder(reach):
    encoder = randomize(Encoder(Options(d_model=7, nhead=3, q=4, v=5, dim_feedforward=9, attention_size=reach)))
    x = make_series(6, 7)
    expected = naive_encoder(encoder.state_dict(), x.numpy(), 3, allowed_pairs(6, reach=reach))
    np.testing.assert_allclose(encoder(x).detach().numpy(), expected, atol=ATOL)


@pytest.mark.parametrize("reach", [None, 2])
def test_decoder_equals_naive_decoder(reach):
    decoder = randomize(Decoder(Options(d_model=7, nhead=3, q=4, v=5, dim_feedforward=9, attention_size=reach)))
    x, memory = make_series(6, 7), make_series(6, 7, seed=1)
    masks = allowed_pairs(6, causal=True, reach=reach), allowed_pairs(6, reach=reach)
    expected = naive_decoder(decoder.state_dict(), x.numpy(), memory.numpy(), 3, *masks)
    np.testing.assert_allclose(decoder(x, memory).detach().numpy(), expected, atol=ATOL)


def test_decoder_sees_the_whole_memory_but_its_own_past_alone():
    decoder = randomize(Decoder(Options(d_model=4, nhead=2, dim_feedforward=8)))
    x, memory = make_series(6, 4).requires_grad_(), make_series(6, 4, seed=1).requires_grad_()
    decoder(x, memory)[:, 2].sum().backward()
    assert (x.grad.abs().sum((0, 2)) > 0).tolist() == [True, True, True, False, False, False]
    assert (memory.grad.abs().sum((0, 2)) > 0).all()


def test_dropout_follows_each_sublayer():
    torch.manual_seed(0)
    encoder = Encoder(Options(d_model=4, nhead=2, dim_feedforward=8, dropout=0.999))
    x = torch.randn(1, 50, 4)
    plain = torch.nn.functional.layer_norm(torch.nn.functional.layer_norm(x, (4,)), (4,))
    kept = torch.isclose(encoder(x), plain, atol=1e-4).all(-1).float().mean()
    assert kept > 0.9  # with both sublayers dropped, the norms of x are what remains
    assert not torch.isclose(encoder.eval()(x), plain, atol=1e-4).all()
