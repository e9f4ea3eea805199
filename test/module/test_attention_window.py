import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from torcharc.module.attention_window import AttentionSpan, attend


def loop_mask(length, *, reach=None, block=None, margin=0, causal=False):
    """The rules of a span, written as loops over pairs of times."""
    mask = np.zeros((length, length), dtype=bool)
    for i in range(length):
        for j in range(length):
            near = reach is None or abs(i - j) <= reach
            seen = block is None or (i // block) * block - margin <= j < (i // block + 1) * block + margin
            past = not causal or j <= i
            mask[i, j] = near and seen and past
    return mask


def naive_attention(query, key, value, mask):
    """Softmax of the scaled products, row by row, in NumPy."""
    out = np.zeros((*query.shape[:-1], value.shape[-1]))
    for n, h, i in np.ndindex(query.shape[:3]):
        columns = np.flatnonzero(mask[i])
        scores = key[n, h, columns] @ query[n, h, i] / np.sqrt(query.shape[-1])
        weights = np.exp(scores - scores.max())
        out[n, h, i] = (weights / weights.sum()) @ value[n, h, columns]
    return out


spans = st.fixed_dictionaries(
    {
        "reach": st.none() | st.integers(0, 12),
        "block": st.none() | st.integers(1, 12),
        "margin": st.integers(0, 6),
        "causal": st.booleans(),
    }
)


def make_heads(length, *, requires_grad=False):
    generator = torch.Generator().manual_seed(length)
    sizes = [(2, 3, length, 4), (2, 3, length, 4), (2, 3, length, 5)]
    return [torch.randn(size, generator=generator, dtype=torch.float64, requires_grad=requires_grad) for size in sizes]


@given(st.integers(1, 20), spans)
@settings(deadline=None, max_examples=60, derandomize=True)
def test_mask_follows_the_rules(length, rules):
    np.testing.assert_array_equal(AttentionSpan(**rules).mask(length).numpy(), loop_mask(length, **rules))


@given(st.integers(1, 20), spans)
@settings(deadline=None, max_examples=60, derandomize=True)
def test_attend_equals_naive_attention_under_the_mask(length, rules):
    query, key, value = make_heads(length)
    expected = naive_attention(query.numpy(), key.numpy(), value.numpy(), loop_mask(length, **rules))
    found = attend(query, key, value, AttentionSpan(**rules))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


class WatchFunctions(torch.overrides.TorchFunctionMode):
    """Keeps the results of all torch functions, and the masks given to attention."""

    def __init__(self):
        super().__init__()
        self.results, self.masks = [], []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        self.masks += [kwargs["attn_mask"]] if kwargs.get("attn_mask") is not None else []
        self.results.append(func(*args, **kwargs))
        return self.results[-1]


@given(st.integers(2, 20), spans)
@example(5, {"block": 4, "reach": 0})  # the padded queries are out of reach of all keys
@settings(deadline=None, max_examples=60, derandomize=True)
def test_no_row_is_without_a_key(length, rules):
    with WatchFunctions() as watch:
        attend(*make_heads(length), AttentionSpan(**rules))
    assert all(mask.any(-1).all() for mask in watch.masks)


@pytest.mark.parametrize("block", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_blocks_of_about_the_length(length, block):
    query, key, value = make_heads(length)
    expected = naive_attention(query.numpy(), key.numpy(), value.numpy(), loop_mask(length, block=block))
    np.testing.assert_allclose(attend(query, key, value, AttentionSpan(block=block)).numpy(), expected, atol=1e-12)


def test_gradients_of_blocks_equal_those_of_full_attention():
    rules = {"reach": 1, "block": 4, "margin": 2}
    blocked, full = make_heads(13, requires_grad=True), make_heads(13, requires_grad=True)
    attend(*blocked, AttentionSpan(**rules)).square().sum().backward()
    mask = torch.from_numpy(loop_mask(13, **rules))
    scores = (full[0] @ full[1].mT / 2).masked_fill(~mask, -torch.inf)
    (scores.softmax(-1) @ full[2]).square().sum().backward()
    for ours, theirs in zip(blocked, full, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize("block", [None, 4])
def test_one_series_without_a_batch(block):
    heads = make_heads(9)
    span = AttentionSpan(block=block, margin=1)
    torch.testing.assert_close(attend(*(x[0] for x in heads), span), attend(*heads, span)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("block", [None, 4])
def test_empty_batch(block):
    heads = [x[:0] for x in make_heads(9)]
    assert attend(*heads, AttentionSpan(block=block)).shape == (0, 3, 9, 5)


def test_blocks_never_make_a_full_matrix():
    with WatchFunctions() as watch:
        attend(*make_heads(2000), AttentionSpan(block=20, margin=10))
    assert max(x.numel() for x in watch.results if isinstance(x, torch.Tensor)) < 2000 * 2000 / 10
