"""The reference transformers and Perceivers against forward passes written out by hand.

The oracles know the arc, the papers and the names in the state dict, and nothing of `torcharc.module`:
Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762) for the transformers, Jaegle et al. 2021
(https://arxiv.org/abs/2103.03206, https://arxiv.org/abs/2107.14795) for the Perceivers. All is in
double precision, with every weight drawn anew, so that no layer equals another and no bias is 0.

Shapes: `N` batch, `L` positions that ask, `M` positions that are looked at, `D` and `C` their channels.
"""

import math

import numpy as np
import pytest
import torch
from torch import nn

import torcharc
from torcharc.arc_ref import REF_ARCS

# published counts of parameters, without the tables of Fourier features, which are buffers here
IMAGE_TABLE, VECTOR_TABLE = 224 * 224 * 2 * (2 * 64 + 1), 31 * (2 * 16 + 1)
COUNTS = {
    "tstransformer": 2_316_481,
    "pytorch_tstransformer": 2_316_481,
    "perceiver_im_classifer": 238_624_276 - IMAGE_TABLE,
    "perceiver_im2text": 233_494_538 - IMAGE_TABLE,
    "perceiver_text2text": 15_942_592,
    "perceiver_ts2ts": 15_778_401,
    "perceiver_ts2classifier_ts": 15_778_562,
    "perceiver_ts2multimodal": 15_801_778,
    "perceiver_multimodal2classifier": 238_629_629 - IMAGE_TABLE - VECTOR_TABLE,
    "perceiver_multimodal2multimodal": 233_688_133 - IMAGE_TABLE - VECTOR_TABLE,
}
PERCEIVERS = [name for name in COUNTS if name.startswith("perceiver")]
# sizes that a test can afford, each for all places where the full one stands; 13 = 1 + 8 + 4, as 641 = 1 + 512 + 128
SMALL = {1024: 32, 641: 13, 512: 8, 256: 16, 224: 12, 160: 24, 128: 4, 26: 3, 6: 2}


@pytest.fixture(autouse=True)
def double():
    """Position tables too are made in double precision then."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def shrink(arc):
    """A copy of the same structure with small sizes."""
    if isinstance(arc, dict):
        return {key: shrink(value) for key, value in arc.items()}
    return [shrink(size) for size in arc] if isinstance(arc, list) else SMALL.get(arc, arc)


def make(arc):
    """The network in evaluation; its weights and biases are drawn from a seed."""
    network = torcharc.build(arc).double().eval()
    generator = torch.Generator().manual_seed(0)
    for key, parameter in network.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        is_scale = parameter.dim() == 1 and key.endswith("weight")  # of a LayerNorm
        parameter.data = values / parameter.shape[-1] ** 0.5 if parameter.dim() > 1 else is_scale + values / 4
    return network


def draw(arc, steps):
    """Inputs for a batch of two; a series has so many steps."""
    torch.manual_seed(1)
    if "in_shapes" in arc:
        return {mode: torch.randn(2, *shape) for mode, shape in arc["in_shapes"].items()}
    part = arc["arc"]["preprocessor"] if "arc" in arc else {"type": "Identity"}
    if part["type"] == "TextPreprocessor":
        return torch.randint(0, part["vocab_size"], (2, *arc["in_shape"]))
    shape = arc["in_shape"] if "arc" in arc else [arc["in_channels"]]
    return torch.randn(2, *([steps] if part["type"] == "Identity" else []), *shape)


class Weights:
    """A state dict, or the part of it below a prefix, that remembers which entries were read."""

    def __init__(self, state, prefix="", read=None):
        self.state, self.prefix, self.read = state, prefix, set() if read is None else read

    def __getitem__(self, key):
        self.read.add(self.prefix + key)
        return self.state[self.prefix + key]

    def below(self, *names):
        return Weights(self.state, self.prefix + "".join(f"{name}." for name in names), self.read)

    def load_into(self, layer):
        """`layer` in evaluation, with all that is below the prefix, and nothing else, as its weights."""
        keys = [key.removeprefix(self.prefix) for key in self.state if key.startswith(self.prefix)]
        layer.load_state_dict({key: self[key] for key in keys})
        return layer.eval()

    def linear(self, name, x):
        return x @ self[f"{name}.weight"].mT + self[f"{name}.bias"]

    def norm(self, name, x):
        x = x - x.mean(-1, keepdim=True)
        x = x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return x * self[f"{name}.weight"] + self[f"{name}.bias"]


def attend(queries, keys, values, heads, size, v_size, causal=False):
    """softmax(Q Kᵀ / √size) V in each head: (N, L, heads * size), (N, M, ...) to (N, L, heads * v_size)."""
    queries, keys = queries.unflatten(-1, (heads, size)), keys.unflatten(-1, (heads, size))
    scores = torch.einsum("nlhc,nmhc->nhlm", queries, keys) / math.sqrt(size)
    if causal:
        later = torch.ones(scores.shape[-2:]).triu(1).bool()
        scores = scores.masked_fill(later, -math.inf)
    weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
    return torch.einsum("nhlm,nmhv->nlhv", weights, values.unflatten(-1, (heads, v_size))).flatten(2)


# time series


def sinusoid(length, width):
    """PE(t, 2i) = sin(t / 10000^(2i/D)), PE(t, 2i + 1) = cos of the same, (L, D)."""
    angles = [[t / 10000 ** (2 * (i // 2) / width) for i in range(width)] for t in range(length)]
    return torch.tensor([[(math.sin, math.cos)[i % 2](angle) for i, angle in enumerate(row)] for row in angles])


def time_series(arc, weights, x, encode, decode):
    """Embedding, positions, encoders, positions once more, decoders that start from the encoders' output."""
    torch.testing.assert_close(weights["pe.pe"], sinusoid(128, arc["d_model"])[None], rtol=0, atol=1e-12)
    positions = sinusoid(x.shape[1], arc["d_model"])
    memory = encode(weights.linear("in_embedding", x) + positions)
    return weights.linear("out_linear", decode(memory + positions, memory))


def tstransformer(arc, weights, x):
    def attention(layer, name, x, memory, causal=False):
        part = layer.below(name)
        flat = part.linear("_W_q", x), part.linear("_W_k", memory), part.linear("_W_v", memory)
        return part.linear("_W_o", attend(*flat, arc["nhead"], arc["q"], arc["v"], causal))

    def feed_forward(layer, x):
        part = layer.below("_feedForward")
        return part.linear("_linear2", part.linear("_linear1", x).clamp(min=0))

    def encode(x):
        for n in range(arc["num_encoder_layers"]):
            layer = weights.below("encoders", n)
            x = layer.norm("_layerNorm1", x + attention(layer, "_selfAttention", x, x))
            x = layer.norm("_layerNorm2", x + feed_forward(layer, x))
        return x

    def decode(x, memory):
        for n in range(arc["num_decoder_layers"]):
            layer = weights.below("decoders", n)
            x = layer.norm("_layerNorm1", x + attention(layer, "_selfAttention", x, x, causal=True))
            x = layer.norm("_layerNorm2", x + attention(layer, "_encoderDecoderAttention", x, memory))
            x = layer.norm("_layerNorm3", x + feed_forward(layer, x))
        return x

    return time_series(arc, weights, x, encode, decode)


def pytorch_tstransformer(arc, weights, x):
    """PyTorch's layers; with gradients, as here, they take another path than the network without."""
    sizes = (arc["d_model"], arc["nhead"], arc["dim_feedforward"])
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(*sizes, batch_first=True), arc["num_encoder_layers"])
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(*sizes, batch_first=True), arc["num_decoder_layers"])
    encode = weights.below("encoders").load_into(encoder)
    return time_series(arc, weights, x, encode, weights.below("decoders").load_into(decoder))


# Perceiver


def fourier(grid, max_reso, bands):
    """Positions p in -1..1, sin(πfp), cos(πfp) with f in 1..max_reso/2, for all cells: (cells, d * (2 * bands + 1))."""
    rows = []
    for cell in np.ndindex(*grid):  # row-major
        position = np.array([2 * index / (size - 1) - 1 for index, size in zip(cell, grid, strict=True)])
        steps = np.arange(bands) / (bands - 1)
        angles = [np.pi * p * (1 + steps * (reso / 2 - 1)) for p, reso in zip(position, max_reso, strict=True)]
        rows.append(np.concatenate([position, np.sin(angles).ravel(), np.cos(angles).ravel()]))
    return torch.from_numpy(np.stack(rows))


def preprocess(part, weights, x):
    """Any input as a sequence (N, M, C)."""
    if part["type"] == "Identity":
        return x
    if part["type"] == "TextPreprocessor":
        vectors = weights["embedding.weight"][x] * math.sqrt(part["embed_dim"])
        return vectors + weights["pos_encoding"][: x.shape[1]]
    if part["type"] == "FourierPreprocessor":
        table = fourier(x.shape[1:-1], part["max_reso"], part["num_freq_bands"])
        torch.testing.assert_close(weights["pos_encoding"], table, rtol=0, atol=1e-12)
        return torch.cat([x.reshape(len(x), -1, x.shape[-1]), table.repeat(len(x), 1, 1)], -1)
    arrays = {mode: preprocess(arc, weights.below("preprocessors", mode), x[mode]) for mode, arc in part["arc"].items()}
    width = max(array.shape[-1] for array in arrays.values()) + part["pad_channels"]
    padded = []
    for mode, array in arrays.items():
        vector = weights.below("pos_encodings")[mode].view(width - array.shape[-1])
        padded.append(torch.cat([array, vector.expand(*array.shape[:2], -1)], -1))
    return torch.cat(padded, 1)


def perceiver_layer(part, weights, kind, x, context=None):
    """Pre-norm attention of `x` to `context`, by default to itself, then a feed-forward; each is added to `x`."""
    attention, forward = weights.below(0, "module"), weights.below(1, "module", "module")
    if context is None:
        y = context = attention.norm("layer_norm", x)
    else:
        y, context = attention.norm("embed_layer_norm", x), attention.norm("context_layer_norm", context)
    attention = attention.below("attn")
    flat = (
        attention.linear("to_flat_q", y),
        attention.linear("to_flat_k", context),
        attention.linear("to_flat_v", context),
    )
    size = part["head_dim"]
    x = x + attention.linear("to_z", attend(*flat, part[f"{kind}_attn_num_heads"], size, part["v_head_dim"] or size))
    wide = forward.linear("1", forward.norm("0", x))
    assert wide.shape[-1] == part[f"{kind}_attn_widening_factor"] * x.shape[-1]
    return x + forward.linear("3", wide * (1 + torch.erf(wide / math.sqrt(2))) / 2)  # GELU between


def encode(part, weights, x):
    """Latents that look at `x` once, then at themselves in blocks that share their weights."""
    latent = weights["latent"].view(part["latent_shape"]).repeat(len(x), 1, 1)
    layers = weights.below("encoder_processor")
    latent = perceiver_layer(part, layers.below(0), "cross", latent, x)
    for _ in range(part["num_self_attn_blocks"]):
        for n in range(part["num_self_attn_per_block"]):
            latent = perceiver_layer(part, layers.below(1, n), "self", latent)
    return latent


def postprocess(part, weights, x):
    """What is wanted, out of (N, O, E)."""
    if part["type"] != "MultimodalPostprocessor":
        y = weights.linear("linear", x)
        return y[:, 0] if part["type"] == "ClassificationPostprocessor" and x.shape[1] == 1 else y
    outputs, start = {}, 0
    for mode, (queries, _) in part["in_shapes"].items():
        mine = x[:, start : start + queries]
        outputs[mode] = postprocess(part["arc"][mode], weights.below("postprocessors", mode), mine)
        start += queries
    assert start == x.shape[1]
    return outputs


def perceiver(arc, weights, x):
    parts, before, after = arc["arc"], weights.below("_preprocessor"), weights.below("_decoder")
    latent = encode(parts["encoder"], weights.below("_encoder"), preprocess(parts["preprocessor"], before, x))
    query = after["output_query"].view(parts["decoder"]["out_shape"]).repeat(len(latent), 1, 1)
    y = perceiver_layer(parts["decoder"], after.below("decoder"), "cross", query, latent)
    return postprocess(parts["postprocessor"], weights.below("_postprocessor"), y)


# laws

ORACLES = {"tstransformer": tstransformer, "pytorch_tstransformer": pytorch_tstransformer}


def small_arc(name):
    """The arc that is run: Perceivers in small, transformers as they are."""
    return shrink(REF_ARCS[name]) if name in PERCEIVERS else REF_ARCS[name]


def assert_same(y, expected):
    assert not isinstance(expected, dict) or list(y) == list(expected)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", COUNTS)
def test_reference_arc_equals_hand_written_pass(name):
    arc = small_arc(name)
    # the table of the transformers has 128 rows, and grows for more steps
    network, x = make(arc), draw(arc, steps=30 if name in PERCEIVERS else 140)
    weights = Weights(network.state_dict())
    expected = ORACLES.get(name, perceiver)(arc, weights, x)
    assert weights.read == set(weights.state)
    assert_same(network(x), expected)
    with torch.no_grad():  # PyTorch's fast path
        assert_same(network(x), expected)


@pytest.mark.parametrize("name", COUNTS)
def test_reference_arc_has_published_size(name):
    make_network = type(torcharc.build(small_arc(name), device="meta"))
    with torch.device("meta"):  # without the forward pass of `build`, which takes a second
        network = make_network(**{key: value for key, value in REF_ARCS[name].items() if key != "type"})
    assert sum(parameter.numel() for parameter in network.parameters()) == COUNTS[name]
