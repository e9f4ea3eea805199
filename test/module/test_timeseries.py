"""TSTransformer and PTTSTransformer: what they compute, and what they are told to be."""

import copy
import pickle

import numpy as np
import pytest
import torch
from small_series import BOTH, EACH_SPAN, SPANS, make, make_series
from torch import nn

from torcharc.arc_ref import REF_ARCS
from torcharc.errors import ArgumentError, InputError
from torcharc.module.timeseries import PTTSTransformer, TSTransformer

SEED_ARC = {key: value for key, value in REF_ARCS["tstransformer"].items() if key != "type"}


pytestmark = pytest.mark.usefixtures("one_thread")


def loop_mask(length, *, reach=None, block=None, margin=0):
    mask = np.zeros((length, length), dtype=bool)
    for i in range(length):
        for j in range(length):
            seen = block is None or (i // block) * block - margin <= j < (i // block + 1) * block + margin
            mask[i, j] = seen and (reach is None or abs(i - j) <= reach)
    return torch.from_numpy(mask)


RULES = [
    ({"chunk_mode": None}, {}),
    ({"chunk_mode": None, "attention_size": 2}, {"reach": 2}),
    ({"chunk_mode": None, "attention_size": 0}, {"reach": 0}),
    ({"chunk_size": 4}, {"block": 4}),
    ({"chunk_size": 4, "attention_size": 1}, {"block": 4, "reach": 1}),
    (SPANS["window"], {"block": 3, "margin": 2}),
    ({**SPANS["window"], "attention_size": 4}, {"block": 3, "margin": 2, "reach": 4}),
]


def naive_attention(module, query, memory, mask):
    """One head after the other, full scores."""
    parts = [module._W_q(query), module._W_k(memory), module._W_v(memory)]
    heads = []
    for q, k, v in zip(*(part.chunk(module.nhead, -1) for part in parts), strict=True):
        scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~mask, -torch.inf)
        heads.append(scores.softmax(-1) @ v)
    return module._W_o(torch.cat(heads, -1))


def naive_forward(model, x, mask):
    """`TSTransformer` written out, with full attention under `mask`."""
    x = model.pe(model.in_embedding(x))
    for layer in model.encoders:
        x = layer._layerNorm1(x + naive_attention(layer._selfAttention, x, x, mask))
        x = layer._layerNorm2(x + layer._feedForward(x))
    memory, x = x, model.pe(x)
    for layer in model.decoders:
        x = layer._layerNorm1(x + naive_attention(layer._selfAttention, x, x, mask.tril()))
        x = layer._layerNorm2(x + naive_attention(layer._encoderDecoderAttention, x, memory, mask))
        x = layer._layerNorm3(x + layer._feedForward(x))
    return model.out_linear(x)


@pytest.mark.parametrize("length", [1, 2, 8, 11, 12])
@pytest.mark.parametrize(("options", "rules"), RULES)
def test_transformer_equals_full_attention_under_a_mask(length, options, rules):
    model, x = make(TSTransformer, q=3, v=5, **options).double(), make_series(length).double()
    torch.testing.assert_close(model(x), naive_forward(model, x, loop_mask(length, **rules)), rtol=0, atol=1e-10)


def naive_pytorch_forward(model, x, mask, activation):
    """`PTTSTransformer` written out with PyTorch's layers, the weights loaded into them."""
    forbidden = ~mask
    x = model.pe(model.in_embedding(x))
    for layer in model.encoders.layers:
        plain = nn.TransformerEncoderLayer(8, 2, 16, activation=activation, batch_first=True).double()
        plain.load_state_dict(layer.state_dict())
        x = plain(x, src_mask=forbidden)  # in training mode, which has no fast path
    memory, x = x, model.pe(x)
    for layer in model.decoders.layers:
        plain = nn.TransformerDecoderLayer(8, 2, 16, activation=activation, batch_first=True).double()
        plain.load_state_dict(layer.state_dict())
        x = plain(x, memory, tgt_mask=forbidden, memory_mask=forbidden)
    return model.out_linear(x)


@pytest.fixture
def without_dropout(monkeypatch):
    """Lets PyTorch's layers run in training mode, which has no fast path, without chance."""
    monkeypatch.setattr(nn.functional, "dropout", lambda x, *args, **kwargs: x)
    for cls in (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer):
        original = cls.__init__
        monkeypatch.setattr(cls, "__init__", lambda *args, f=original, **kw: f(*args, **{**kw, "dropout": 0.0}))


@pytest.mark.usefixtures("without_dropout")
@pytest.mark.parametrize("length", [1, 11])
@pytest.mark.parametrize(("options", "rules"), RULES)
def test_pytorch_transformer_equals_its_layers_under_a_mask(length, options, rules):
    model, x = make(PTTSTransformer, **options).double(), make_series(length).double()
    expected = naive_pytorch_forward(model, x, loop_mask(length, **rules), "relu")
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-10)
    with torch.no_grad():  # PyTorch's fast path
        torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-10)


@pytest.mark.usefixtures("without_dropout")
@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("gelu", nn.functional.gelu),
        ("Tanh", torch.tanh),
        ({"type": "LeakyReLU", "negative_slope": 0.4}, lambda x: torch.where(x > 0, x, 0.4 * x)),
        ({"type": "GELU", "approximate": "tanh"}, lambda x: nn.functional.gelu(x, approximate="tanh")),
    ],
)
def test_pytorch_transformer_uses_the_activation_everywhere(activation, function):
    model, x = make(PTTSTransformer, activation=activation).double(), make_series().double()
    expected = naive_pytorch_forward(model, x, loop_mask(11), function)
    for copied in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        torch.testing.assert_close(copied(x), expected, rtol=0, atol=1e-10)
        with torch.no_grad():
            torch.testing.assert_close(copied(x), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("cls", "keys"), [(TSTransformer, 173), (PTTSTransformer, 125)])
def test_published_counts(cls, keys):
    model = cls(**SEED_ARC)
    assert sum(parameter.numel() for parameter in model.parameters()) == 2_316_481
    assert len(model.state_dict()) == keys


def test_published_names():
    names = {name for name, _ in TSTransformer(**SEED_ARC).named_modules()}
    attention = ["", "._W_q", "._W_k", "._W_v", "._W_o"]
    forward = ["_feedForward", "_feedForward._linear1", "_feedForward._linear2", "_dropout"]
    encoder = [f"_selfAttention{end}" for end in attention] + [*forward, "_layerNorm1", "_layerNorm2"]
    decoder = [*encoder, "_layerNorm3", *(f"_encoderDecoderAttention{end}" for end in attention)]
    expected = {"", "in_embedding", "pe", "pe.dropout", "encoders", "decoders", "out_linear"}
    expected |= {f"encoders.{n}" for n in range(4)} | {f"encoders.{n}.{name}" for n in range(4) for name in encoder}
    expected |= {f"decoders.{n}" for n in range(4)} | {f"decoders.{n}.{name}" for n in range(4) for name in decoder}
    assert names == expected


def test_published_class_names():
    model = TSTransformer(**SEED_ARC)
    layer = model.decoders[0]
    modules = (model.pe, model.encoders, model.encoders[0], model.decoders, layer)
    names = [type(module).__name__ for module in (*modules, layer._selfAttention, layer._feedForward)]
    expected = ["SinusoidPE", "Sequential", "Encoder", "ModuleList", "Decoder"]
    assert names == [*expected, "MultiHeadAttention", "PositionwiseFeedForward"]


def test_pytorch_layers_have_their_names():
    model = PTTSTransformer(**SEED_ARC)
    assert isinstance(model.encoders, nn.TransformerEncoder)
    assert isinstance(model.decoders, nn.TransformerDecoder)
    layers = {"num_encoder_layers": 4, "num_decoder_layers": 4, "dim_feedforward": 2048}
    theirs = nn.Transformer(64, 8, **layers, batch_first=True)
    theirs.encoder.norm = theirs.decoder.norm = None
    ours = {f"encoder{key[8:]}" for key in model.state_dict() if key.startswith("encoders")}
    ours |= {f"decoder{key[8:]}" for key in model.state_dict() if key.startswith("decoders")}
    assert ours == set(theirs.state_dict())


@BOTH
def test_convolution_embeds_like_a_linear_layer_without_bias(cls):
    conv, plain = make(cls, in_embedding="Conv1d"), make(cls)
    state = conv.state_dict()
    weight = state.pop("in_embedding.1.weight")
    assert weight.shape == (8, 3, 1)
    plain.load_state_dict({**state, "in_embedding.weight": weight[..., 0], "in_embedding.bias": torch.zeros(8)})
    torch.testing.assert_close(conv(make_series()), plain(make_series()))


@BOTH
def test_old_masks_are_dropped(cls):
    model = make(cls)
    state = {f"net.{key}": value for key, value in model.state_dict().items()}
    state["net.encoders.0._selfAttention._future_mask"] = torch.ones(2, 2)
    state["net.src_mask"] = torch.ones(2, 2)
    nn.ModuleDict({"net": make(cls)}).load_state_dict(state)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        model.load_state_dict({**model.state_dict(), "encoders.0.scale": torch.ones(1)})


@BOTH
def test_masks_of_others_are_kept(cls):
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = make(cls)
            self.register_buffer("mask", torch.zeros(2))

    state = {**Masked().state_dict(), "mask": torch.ones(2)}
    other = Masked()
    other.load_state_dict(state)
    assert other.mask.tolist() == [1, 1]


@BOTH
def test_scalar_output_is_that_of_time_zero(cls):
    series, scalar = make(cls), make(cls, scalar_output=True)
    assert scalar(make_series()).shape == (3, 2)
    torch.testing.assert_close(scalar(make_series()), series(make_series())[:, 0])


@BOTH
@EACH_SPAN
def test_one_series_needs_no_batch(cls, span):
    model, x = make(cls, **span), make_series()
    torch.testing.assert_close(model(x[1]), model(x)[1], rtol=1e-4, atol=1e-5)


@BOTH
@pytest.mark.parametrize("pe", [None, "sinusoid", "periodic", "learned", {"type": "sinusoid", "max_len": 4}])
def test_every_position_encoding_runs(cls, pe):
    model = make(cls, d_model=9, nhead=3, pe=pe)
    assert model(make_series()).shape == (3, 11, 2)


@BOTH
@pytest.mark.parametrize(("encoders", "decoders"), [(0, 0), (0, 1), (1, 0)])
def test_no_layers_keep_the_order_of_the_batch(cls, encoders, decoders):
    model, x = make(cls, num_encoder_layers=encoders, num_decoder_layers=decoders), make_series()
    each = torch.cat([model(series[None]) for series in x])
    torch.testing.assert_close(model(x), each, rtol=1e-4, atol=1e-5)
    if not (encoders or decoders):
        torch.testing.assert_close(model(x), model.out_linear(model.pe(model.in_embedding(x))))


def test_decoder_looks_back_only_in_tstransformer():
    """Without encoders the memory at a time depends on that time alone; attention to it is cut to that time."""
    for cls, expected in ((TSTransformer, [True] * 3 + [False] * 3), (PTTSTransformer, [True] * 6)):
        model, x = make(cls, num_encoder_layers=0, num_decoder_layers=1), make_series(6).requires_grad_()
        attention = model.decoders[0]._encoderDecoderAttention if cls is TSTransformer else None
        output = attention._W_o if attention else model.decoders.layers[0].multihead_attn.out_proj
        output.weight.data.zero_()
        model(x)[:, 2].sum().backward()
        assert (x.grad.abs().sum((0, 2)) > 0).tolist() == expected


@BOTH
def test_all_problems_are_told_at_once(cls):
    with pytest.raises(ArgumentError) as error:
        cls(8, 0, num_encoder_layers=-1, num_decoder_layers=1, dropout=1.0, pe="none", activation="relU6")
    assert str(error.value) == (
        "5 problems in the arguments\n"
        "nhead\n  found: 0\n  expected: an integer above 0\n"
        "num_encoder_layers\n  found: -1\n  expected: an integer of at least 0\n"
        "dropout\n  found: 1.0\n  expected: a number from 0 to 1, 1 excluded\n"
        "activation\n  found: 'relU6'\n  expected: an activation: CELU, ELU, GELU, Hardshrink, Hardsigmoid, Hardswish,"
        " Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU and 34 more\n  hint: did you mean 'ReLU6'?\n"
        "pe\n  found: 'none'\n  expected: null, a mapping with a type, or one of: learned, periodic, sinusoid"
    )


def test_pytorch_transformer_shares_out_d_model():
    with pytest.raises(ArgumentError) as error:
        PTTSTransformer(8, 3, num_encoder_layers=1, num_decoder_layers=1)
    assert str(error.value) == ("1 problem in the arguments\nnhead\n  found: 3\n  expected: a divisor of d_model=8")


def test_transformer_needs_its_head_sizes():
    with pytest.raises(ArgumentError) as error:
        TSTransformer(8, 3, num_encoder_layers=1, num_decoder_layers=1, q=None)
    assert str(error.value) == "1 problem in the arguments\nq\n  found: nothing\n  expected: an integer above 0"


@BOTH
def test_input_of_another_rank_is_refused(cls):
    with pytest.raises(InputError) as error:
        make(cls)(torch.zeros(3))
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs\n"
        "  found: shape (3,)\n"
        "  expected: a series (L, C), or a batch of them (N, L, C)"
    )
