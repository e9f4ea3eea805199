"""What all text blocks and models keep: padding has no influence; they compile and export, masks and all."""

import pytest
import torch
import torch._dynamo
from hypothesis import given, settings
from hypothesis import strategies as st
from text_cases import VOCABULARY, cnn_lstm, hierarchical, multi_task, residual_cnn, transformer, transformer_cnn
from torch.utils.flop_counter import FlopCounterMode

from torcharc.module.attentive_gru import AttentiveGRU
from torcharc.module.cnn_features import CNNFeatureExtractor
from torcharc.module.conv1d_block import Conv1DBlock, ResidualBlock
from torcharc.module.lstm_attention import LSTMWithAttention
from torcharc.module.positional_encoding import PositionalEncoding
from torcharc.module.relative_attention import POSITIONS, MultiHeadAttentionWithRelativePosition
from torcharc.module.sequence_attention import ATTENTIONS
from torcharc.module.token_pool import AttentionPool, TokenMean
from torcharc.module.transformer_block import TransformerBlock

LENGTH = 6
MODERN = {"position": "rope", "norm": "rms", "norm_first": True, "activation": "swiglu", "n_kv_heads": 1}


def vectors(batch, length):
    return torch.randn(batch, length, 8)


def ids(batch, length):
    return torch.randint(0, VOCABULARY, (batch, length))


def words(batch, length):
    return torch.randint(0, VOCABULARY, (batch, 3, length))


def channels(batch, length):
    return torch.randn(batch, 8, length)


def make_attention(**options):
    return MultiHeadAttentionWithRelativePosition(8, 2, 0.1, 3, **options)


# name → maker, its input, and what it is told of the padding
PADDED = {
    **{f"attention {kind}": (lambda kind=kind: make_attention(position=kind), vectors, "keep") for kind in POSITIONS},
    "attention causal": (lambda: make_attention(causal=True), vectors, "keep"),
    "block": (lambda: TransformerBlock(8, 2, 16), vectors, "keep"),
    "block of today": (lambda: TransformerBlock(8, 2, 16, **MODERN), vectors, "keep"),
    **{f"{kind} attention": (lambda cls=cls: cls(8), vectors, "keep") for kind, cls in ATTENTIONS.items()},
    "features max": (lambda: CNNFeatureExtractor(8, [4, 6], [3, [2, 5]]), vectors, "keep"),
    "features avg": (lambda: CNNFeatureExtractor(8, [4, 6], [3, 4], pool_type="avg"), vectors, "keep"),
    "lstm": (lambda: LSTMWithAttention(8, 4, 2), vectors, "lengths"),
    "gru": (lambda: AttentiveGRU(8, 4), vectors, "keep"),
    "mean": (TokenMean, vectors, "keep"),
    "pool": (lambda: AttentionPool(8), vectors, "keep"),
    "transformer": (transformer, ids, "keep"),
    "transformer of today": (lambda: transformer(**MODERN), ids, "keep"),
    "cnn_lstm": (cnn_lstm, ids, "lengths"),
    "cnn_lstm pooled": (lambda: cnn_lstm(mode="pooled"), ids, "lengths"),
    "transformer_cnn": (transformer_cnn, ids, "keep"),
    "multi_task": (multi_task, ids, "keep"),
}
WHOLE = {
    "positions": (lambda: PositionalEncoding(8, 100), vectors),
    "conv": (lambda: Conv1DBlock(8, 4, 4, 2), channels),
    "residual": (lambda: ResidualBlock(8), channels),
    "hierarchical": (hierarchical, words),
    "residual_cnn": (lambda: residual_cnn(input_dim=8), vectors),
}
ALL = {name: (make, feed) for name, (make, feed, _) in PADDED.items()} | WHOLE


def tell(word, lengths):
    """What the padding is told by: lengths, or marks of real tokens."""
    lengths = torch.tensor(lengths)
    return {word: lengths if word == "lengths" else torch.arange(LENGTH) < lengths[:, None]}


def real_rows(found, length):
    """The part of a sample's result that belongs to real tokens."""
    if isinstance(found, dict):
        return {name: real_rows(part, length) for name, part in found.items()}
    return found[:, :length] if found.dim() == 3 else found


def row(found, index):
    return (
        {name: y[index : index + 1] for name, y in found.items()}
        if isinstance(found, dict)
        else found[index : index + 1]
    )


@pytest.mark.parametrize("name", list(PADDED))
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_padding_never_influences_real_tokens(name, data):
    make, feed, word = PADDED[name]
    torch.manual_seed(data.draw(st.integers(0, 1000)))
    model = make().double().eval()
    lengths = data.draw(st.lists(st.integers(1, LENGTH), min_size=1, max_size=4))
    x, other = feed(len(lengths), LENGTH), feed(len(lengths), LENGTH)
    real = torch.arange(LENGTH) < torch.tensor(lengths)[:, None]
    if x.is_floating_point():
        x, other, real = x.double(), 1e3 * other.double(), real[..., None]
    other = torch.where(real, x, other)
    mask = {}
    if word == "keep" and name.startswith(("attention", "block", "transformer", "multi")):
        seen = torch.rand(len(lengths), LENGTH, LENGTH) > data.draw(st.sampled_from([0.0, 0.3, 0.9]))
        mask = {"mask": seen}
    told = tell(word, lengths)
    found, changed = model(x, **told, **mask), model(other, **told, **mask)
    for index, length in enumerate(lengths):
        cut = {"mask": seen[index : index + 1, :length, :length]} if mask else {}
        if name == "transformer_cnn" and cut:
            cut["keep"] = torch.ones(1, length)
        alone = model(x[index : index + 1, :length], **cut)
        for result in (found, changed):
            torch.testing.assert_close(real_rows(row(result, index), length), alone, rtol=0, atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_padding_never_influences_a_document(data):
    torch.manual_seed(data.draw(st.integers(0, 1000)))
    model = hierarchical().double().eval()
    keep = torch.rand(2, 4, 5) > data.draw(st.sampled_from([0.2, 0.5, 0.9]))
    x = torch.randint(0, VOCABULARY, (2, 4, 5))
    # words behind the last real one, and sentences without words, do not matter
    last = keep.flip(-1).cumsum(-1).flip(-1) > 0
    other = torch.where(last, x, torch.randint(0, VOCABULARY, (2, 4, 5)))
    torch.testing.assert_close(model(other, keep), model(x, keep), rtol=0, atol=1e-12)
    wide = torch.nn.functional.pad(x, (0, 3, 0, 2), value=7), torch.nn.functional.pad(keep, (0, 3, 0, 2))
    torch.testing.assert_close(model(*wide), model(x, keep), rtol=0, atol=1e-12)


def arguments(name, batch, length):
    """An input, and where it can be what tells of its padding."""
    x = ALL[name][1](batch, length)
    if name not in PADDED:
        return (x,), {}
    word = PADDED[name][2]
    lengths = torch.randint(1, length + 1, (batch,))
    return (x,), {word: lengths if word == "lengths" else torch.arange(length) < lengths[:, None]}


# torch's exporter unrolls LSTM and GRU step by step: a length of its own for each program
RECURRENT = ("lstm", "gru", "cnn_lstm", "hierarchical")


@pytest.mark.parametrize("name", list(ALL))
def test_export_leaves_batch_and_length_open(name):
    torch.manual_seed(0)
    model = ALL[name][0]().eval()
    args, named = arguments(name, 3, 9)
    batch, length = torch.export.Dim("batch", min=2, max=64), torch.export.Dim("length", min=3, max=64)
    axis = {"conv": 2, "residual": 2, "hierarchical": 2}.get(name, 1)
    free = {} if name in RECURRENT else {axis: length}
    shapes = {"x": {0: batch, **free}}
    shapes |= {word: {0: batch} if word == "lengths" or not free else {0: batch, 1: length} for word in named}
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        program = torch.export.export(model, args, named, dynamic_shapes=shapes, strict=True)
    for sizes in ((2, 4), (5, 30)):
        args, named = arguments(name, sizes[0], 9 if name in RECURRENT else sizes[1])
        torch.testing.assert_close(program.module()(*args, **named), model(*args, **named), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in PADDED if name not in ("mean",)])
def test_compiles_without_a_break_masks_and_all(name):
    torch.manual_seed(0)
    model = ALL[name][0]().eval()
    args, named = arguments(name, 3, 9)
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(*args, **named), model(*args, **named))


def test_causal_decoding_compiles_without_a_break():
    model = transformer(causal=True, **MODERN).eval().requires_grad_(False)
    _, cache = model(ids(2, 5), use_cache=True)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    step = ids(2, 1)
    found, expected = (run(step, cache=cache, use_cache=True) for run in (compiled, model))
    torch.testing.assert_close(found, expected)


def test_forward_of_a_transformer_costs_what_is_documented():
    with torch.device("meta"):
        model = transformer(vocab_size=1000, d_model=256, n_layers=6, n_heads=8, d_ff=2048)
        x = torch.zeros(4, 20, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        model.eval()(x)
    assert 1.25e9 < counter.get_total_flops() < 1.35e9


@pytest.mark.filterwarnings("ignore:`torch.jit.trace")
@pytest.mark.parametrize("options", [{}, {"causal": True, **MODERN}, {"position": "t5", "causal": True}])
def test_trace_leaves_batch_and_length_open(options):
    model = transformer(**options).eval()
    traced = torch.jit.trace(model, (ids(2, 9),), check_trace=False)
    x = ids(3, 40)
    torch.testing.assert_close(traced(x), model(x), rtol=1e-4, atol=1e-5)
