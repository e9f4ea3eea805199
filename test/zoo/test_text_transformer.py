"""CustomTransformer, CNNLSTMHybrid and TransformerCNN are their parts in order."""

import pytest
import torch
from text_cases import VOCABULARY, cnn_lstm, count, exact, ids, transformer, transformer_cnn
from torch import nn
from torch.nn import functional as F

from torcharc.zoo.text import CustomTransformer

# CustomTransformer


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_transformer_is_its_parts_in_order(norm_first, norm):
    model = transformer(norm_first=norm_first, norm=norm).double().eval()
    x, mask = ids(3, 6), torch.rand(3, 6, 6) > 0.3
    y = model.positions(model.embedding.weight[x] * 8**0.5)
    for block in model.blocks:
        y = block(y, mask)
    exact(model(x, mask), model.norm(y))


def test_vectors_stand_for_ids():
    model = transformer().double().eval()
    x = ids(3, 6)
    vectors = model.embedding.weight[x].detach().requires_grad_()
    exact(model(vectors), model(x))
    (model(vectors) * torch.randn(3, 6, 8)).sum().backward()
    assert vectors.grad.abs().sum() > 1e-3


def test_vectors_start_as_large_as_positions():
    model = CustomTransformer(2000, 64, 1, 2, 8)
    assert abs(model.embedding.weight.std().item() - 64**-0.5) < 0.001


def test_transformer_without_absolute_positions_drops_out_alone():
    model = transformer(absolute_pos=False, position="none").eval()
    x = ids(1, 6)
    order = torch.randperm(6)
    torch.testing.assert_close(model(x)[:, order], model(x[:, order]))  # nothing tells positions apart
    assert isinstance(model.positions, nn.Dropout)
    assert count(transformer()) - count(transformer(absolute_pos=False)) == 5000 * 8


@pytest.mark.parametrize("options", [{}, {"position": "rope", "absolute_pos": False, "norm_first": True, "norm": "rms",
                                          "activation": "swiglu", "n_kv_heads": 1}])  # fmt: skip
def test_cache_gives_what_full_computation_gives(options):
    model = transformer(causal=True, **options).double().eval()
    x = ids(2, 7)
    keep = torch.ones(2, 7)
    keep[1, 2] = 0
    for given in (None, keep):
        found, cache, start = [], None, 0
        for piece in x.split([3, 1, 1, 2], 1):
            start += piece.shape[1]
            seen = None if given is None else given[:, :start]
            out, cache = model(piece, keep=seen, cache=cache, use_cache=True)
            found.append(out)
        torch.testing.assert_close(torch.cat(found, 1), model(x, keep=given))
    assert len(cache) == 2


def test_greedy_generation_is_the_same_with_a_cache():
    model, head = transformer(causal=True).double().eval(), nn.Linear(8, VOCABULARY).double()
    start = ids(2, 3)
    slow = start
    for _ in range(8):
        slow = torch.cat([slow, head(model(slow)[:, -1:]).argmax(-1)], 1)
    fast, piece, cache = start, start, None
    for _ in range(8):
        out, cache = model(piece, cache=cache, use_cache=True)
        piece = head(out[:, -1:]).argmax(-1)
        fast = torch.cat([fast, piece], 1)
    assert torch.equal(fast, slow)


# CNNLSTMHybrid and TransformerCNN


@pytest.mark.parametrize("mode", ["sequence", "pooled"])
@pytest.mark.parametrize("lengths", [None, [6, 2, 4]])
def test_hybrid_is_its_parts_in_order(mode, lengths):
    model = cnn_lstm(mode=mode).double().eval()
    x = ids(3, 6)
    keep = None if lengths is None else torch.arange(6) < torch.tensor(lengths)[:, None]
    vectors = model.embedding(x)
    if mode == "pooled":
        states = model.lstm(model.cnn(vectors, keep)[:, None])[:, 0]
    else:
        found = model.lstm(model.cnn.sequence(vectors, keep), lengths)
        states = torch.stack([row[:n].mean(0) for row, n in zip(found, lengths or [6] * 3, strict=True)])
    exact(model(x, lengths), model.head[3](F.relu(model.head[0](states))))


@pytest.mark.parametrize("mode", ["sequence", "pooled"])
def test_padded_texts_of_the_hybrid_are_the_trimmed_ones(mode):
    model, x, lengths = cnn_lstm(mode=mode).double().eval(), ids(3, 6), [6, 1, 4]
    expected = torch.cat([model(x[i : i + 1, :n]) for i, n in enumerate(lengths)])
    exact(model(x, torch.tensor(lengths)), expected)


def test_transformer_cnn_is_its_parts_in_order():
    model, x, keep = transformer_cnn().double().eval(), ids(3, 6), torch.rand(3, 6) > 0.3
    features = model.cnn(model.encoder(x, keep=keep), keep)
    exact(model(x, keep=keep), model.head[3](F.relu(model.head[0](features))))


def test_tokens_that_some_query_sees_are_real():
    model, x = transformer_cnn().double().eval(), ids(3, 6)
    keep = torch.arange(6) < torch.tensor([6, 2, 4])[:, None]
    exact(model(x, keep[:, None].expand(3, 6, 6)), model(x, keep=keep))
    exact(model(x, torch.ones(1, 6, 6).tril()), model(x, torch.ones(1, 6, 6).tril(), torch.ones(3, 6)))
    heads = torch.zeros(3, 2, 6, 6)
    heads[:, 0, 3, 1] = heads[:, 1, 2, 4] = 1
    seen = torch.zeros(3, 6)
    seen[:, [1, 4]] = 1
    exact(model(x, heads), model(x, heads, seen))
