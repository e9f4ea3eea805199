import numpy as np
import pytest
import torch
from torch.nn import functional as F

from torcharc.errors import ArgumentError, InputError
from torcharc.module.sequence_attention import ATTENTIONS, ConcatAttention, DotProductAttention, GeneralAttention
from torcharc.module.token_mask import mark_steps
from torcharc.module.token_pool import AttentionPool, TokenMean, pool_max, pool_mean

types = pytest.mark.parametrize("kind", list(ATTENTIONS))


def score(attention, x):
    """The scores `(L, L)` of one sample `(L, D)`, as the formulas state them."""
    if isinstance(attention, DotProductAttention):
        return x @ x.T / x.shape[1] ** 0.5
    if isinstance(attention, GeneralAttention):
        return attention.linear(x) @ x.T / x.shape[1] ** 0.5
    pairs = torch.stack([torch.stack([torch.cat([a, b]) for b in x]) for a in x])  # (L, L, 2D)
    return torch.tanh(attention.linear(pairs)) @ attention.v


@types
@pytest.mark.parametrize("length", [1, 5, 8])
def test_attention_is_its_formula(kind, length):
    attention = ATTENTIONS[kind](8).double()
    x = torch.randn(3, length, 8, dtype=torch.float64)
    expected = torch.stack([score(attention, sample).softmax(-1) @ sample for sample in x])
    torch.testing.assert_close(attention(x), expected, rtol=0, atol=1e-12)


@types
def test_padded_batch_is_its_trimmed_samples(kind):
    attention = ATTENTIONS[kind](8).double()
    x, lengths = torch.randn(3, 6, 8, dtype=torch.float64), [6, 2, 4]
    found = attention(x, mark_steps(torch.tensor(lengths), 6))
    for sample, whole, length in zip(found, x, lengths, strict=True):
        torch.testing.assert_close(sample[:length], attention(whole[None, :length])[0], rtol=0, atol=1e-12)
        assert not sample[length:].any()


@types
def test_sample_without_steps_gives_zeros(kind):
    attention = ATTENTIONS[kind](8)
    x = torch.randn(2, 4, 8, requires_grad=True)
    found = attention(x, torch.tensor([[1, 1, 1, 0], [0, 0, 0, 0]]))
    assert not found[1].any()
    found.square().sum().backward()
    assert x.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in attention.parameters())


def test_parameters_are_as_counted():
    counts = [sum(p.numel() for p in cls(128).parameters()) for cls in ATTENTIONS.values()]
    assert counts == [0, 16_512, 33_024]


def test_vector_of_scores_starts_within_its_bounds():
    v = ConcatAttention(400).v
    assert v.abs().max() <= 400**-0.5
    assert abs(v.std().item() - 400**-0.5 / 3**0.5) < 0.005


def test_bias_of_general_attention_matters():
    attention = GeneralAttention(8)
    x = torch.randn(1, 5, 8)
    before = attention(x)
    torch.nn.init.normal_(attention.linear.bias)
    assert not torch.allclose(attention(x), before)


@types
def test_gradients_reach_every_parameter(kind):
    attention = ATTENTIONS[kind](8)
    attention(torch.randn(2, 5, 8, requires_grad=True)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in attention.parameters())


def test_wrong_input_is_refused():
    with pytest.raises(InputError) as error:
        DotProductAttention(8)(torch.zeros(5, 8))
    assert str(error.value) == "1 problem in the inputs\ninputs.x\n  found: shape (5, 8)\n  expected: (N, L, D)"
    with pytest.raises(ArgumentError) as wrong:
        DotProductAttention(0)
    assert str(wrong.value) == "1 problem in the arguments\nhidden_size\n  found: 0\n  expected: an integer above 0"


# pooling


def test_pools_see_real_tokens_alone():
    x, keep = torch.randn(3, 5, 4), torch.tensor([[1, 0, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]).bool()
    for pool, expected in ((pool_mean, np.mean), (pool_max, np.max)):
        found = pool(x, keep)
        for sample, row, real in zip(found[:2], x, keep, strict=False):
            np.testing.assert_allclose(sample.numpy(), expected(row[real].numpy(), axis=0), rtol=1e-6)
        assert not found[2].any()
        torch.testing.assert_close(pool(x), pool(x, torch.ones(3, 5).bool()))
    torch.testing.assert_close(TokenMean()(x, keep.int()), pool_mean(x, keep))


@pytest.mark.parametrize("kind", ["yang", "linear"])
def test_attention_pool_is_its_formula(kind):
    pool = AttentionPool(6, kind)
    x, keep = torch.randn(3, 5, 6), torch.tensor([[1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])
    for sample, row, real in zip(pool(x, keep)[:2], x, keep.bool(), strict=False):
        inner = row[real]
        hidden = inner if kind == "linear" else torch.tanh(F.linear(inner, pool.hidden.weight, pool.hidden.bias))
        weights = (hidden @ pool.context.weight[0]).softmax(0)
        torch.testing.assert_close(sample, weights @ inner)
    assert not pool(x, keep)[2].any()
    torch.testing.assert_close(pool(x), pool(x, torch.ones(3, 5)))


def test_unknown_scores_are_refused():
    with pytest.raises(ArgumentError) as error:
        AttentionPool(6, "yng")
    assert str(error.value) == (
        "1 problem in the arguments\nattention\n  found: 'yng'\n  expected: one of: linear, yang\n"
        "  hint: did you mean 'yang'?"
    )
