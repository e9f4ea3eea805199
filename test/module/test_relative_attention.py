import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from torcharc.errors import ArgumentError, InputError
from torcharc.module import shaw_position
from torcharc.module.relative_attention import POSITIONS, MultiHeadAttentionWithRelativePosition
from torcharc.module.relative_position import alibi_slopes, distance_bucket
from torcharc.module.token_mask import mark_steps

Attention = MultiHeadAttentionWithRelativePosition


def make(d_model, n_heads, **options):
    """An attention in double precision, its tables large enough to matter."""
    attention = Attention(d_model, n_heads, **options).double().eval()
    for parameter in attention.position.parameters():
        nn.init.normal_(parameter, std=0.5)
    return attention


def project(linear, x, heads):
    found = x @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()
    return found.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def by_loops(attention, x, reach, mask=None, scale_relative=True):
    """Equations 3 and 4 of Shaw et al. 2018, term by term; `mask` is `(N, h, L, L)`."""
    x, heads = x.numpy(), attention.n_heads
    q, k, v = (project(getattr(attention, name), x, heads) for name in ("query", "key", "value"))
    keys, values = (table.detach().numpy() for table in (attention.position.keys, attention.position.values))
    size, (n, length) = q.shape[-1], x.shape[:2]
    found = np.zeros_like(q)
    for b, h, i in itertools.product(range(n), range(heads), range(length)):
        seen = [j for j in range(length) if mask is None or mask[b, h, i, j]]
        scores, vectors = [], []
        for j in seen:
            r = min(max(j - i, -reach), reach) + reach
            factor = math.sqrt(size)
            relative = q[b, h, i] @ keys[r]
            scores.append(q[b, h, i] @ k[b, h, j] / factor + (relative / factor if scale_relative else relative))
            vectors.append(v[b, h, j] + values[r])
        if seen:
            weights = np.exp(np.array(scores) - max(scores))
            found[b, h, i] = (weights / weights.sum()) @ np.array(vectors)
    found = found.transpose(0, 2, 1, 3).reshape(n, length, -1)
    return found @ attention.output.weight.detach().numpy().T + attention.output.bias.detach().numpy()


# lengths below, at and far above K; L = h, N = h, L = N = h: where a wrong broadcast would run
CASES = [
    (2, 7, 2, 2),
    (2, 3, 2, 4),
    (3, 9, 2, 2),
    (1, 1, 2, 3),
    (2, 4, 4, 2),
    (4, 5, 4, 1),
    (4, 4, 4, 2),
    (2, 12, 1, 3),
]


@pytest.mark.parametrize(("n", "length", "heads", "reach"), CASES)
@pytest.mark.parametrize("scale", [True, False])
def test_shaw_is_the_published_formula(n, length, heads, reach, scale):
    attention = make(8, heads, max_relative_position=reach, scale_relative=scale)
    x = torch.randn(n, length, 8, dtype=torch.float64)
    expected = by_loops(attention, x, reach, scale_relative=scale)
    np.testing.assert_allclose(attention(x).detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(("n", "length", "heads", "reach"), CASES)
@pytest.mark.parametrize("form", ["samples", "all", "heads", "keep", "both"])
def test_masks_of_each_sample_are_applied(n, length, heads, reach, form):
    attention = make(8, heads, max_relative_position=reach)
    x = torch.randn(n, length, 8, dtype=torch.float64)
    shapes = {"samples": (n, length, length), "all": (1, length, length), "heads": (n, heads, length, length)}
    mask = torch.rand(shapes.get(form, shapes["samples"])) > 0.4
    keep = torch.rand(n, length) > 0.3
    full = (mask if mask.dim() == 4 else mask[:, None]).expand(n, heads, length, length)
    given = {"mask": mask.float()}
    if form == "keep":
        full, given = keep[:, None, None].expand(n, heads, length, length), {"keep": keep}
    elif form == "both":
        full, given = full & keep[:, None, None], {"mask": mask.int(), "keep": keep.long()}
    found = attention(x, **given).detach().numpy()
    np.testing.assert_allclose(found, by_loops(attention, x, reach, full), atol=1e-12)


@pytest.mark.parametrize("position", ["shaw", "shaw_keys", "t5", "none"])
@pytest.mark.parametrize("length", [4, 16])
def test_zero_tables_are_plain_attention(position, length):
    attention = make(8, 2, position=position, max_relative_position=3)
    for parameter in attention.position.parameters():
        nn.init.zeros_(parameter)
    plain = nn.MultiheadAttention(8, 2, batch_first=True, dtype=torch.float64).eval()
    with torch.no_grad():
        parts = [attention.query, attention.key, attention.value]
        plain.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        plain.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        plain.out_proj.load_state_dict(attention.output.state_dict())
    x, keep = torch.randn(3, length, 8, dtype=torch.float64), mark_steps(torch.tensor([length, 2, 1]), length)
    found = plain(x, x, x, key_padding_mask=~keep, need_weights=False)[0]
    torch.testing.assert_close(attention(x, keep=keep), found, rtol=0, atol=1e-12)


@pytest.mark.parametrize("reach", [1, 3, 20])
@pytest.mark.parametrize("length", [3, 8])
def test_keys_alone_are_the_formula_without_values(reach, length):
    attention = make(8, 2, position="shaw_keys", max_relative_position=reach)
    full = make(8, 2, max_relative_position=reach)
    full.load_state_dict(attention.state_dict(), strict=False)
    nn.init.zeros_(full.position.values)
    x = torch.randn(2, length, 8, dtype=torch.float64)
    np.testing.assert_allclose(attention(x).detach().numpy(), by_loops(full, x, reach), atol=1e-12)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("training", [False, True])
def test_token_that_sees_none_gets_the_bias(position, training):
    attention = Attention(8, 2, 0.0, 3, position=position).train(training)
    mask = torch.ones(2, 6, 6)
    mask[1, 2] = 0
    x = torch.randn(2, 6, 8, requires_grad=True)
    found = attention(x, mask)
    torch.testing.assert_close(found[1, 2], attention.output.bias)
    (found * torch.randn(2, 6, 8)).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in attention.parameters())
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("length", [4, 12])
def test_masked_keys_do_not_matter(position, length):
    attention = make(8, 2, position=position, max_relative_position=3)
    x, keep = torch.randn(2, length, 8, dtype=torch.float64), torch.rand(2, length) > 0.5
    keep[:, 0] = True
    other = torch.where(keep[..., None], x, torch.randn_like(x) * 1e6)
    torch.testing.assert_close(attention(x, keep=keep)[keep], attention(other, keep=keep)[keep])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("position", POSITIONS)
def test_masks_hold_in_half_precision(position, dtype):
    attention = Attention(8, 2, 0.0, 3, position=position).to(dtype).eval()
    x, keep = torch.randn(2, 6, 8, dtype=dtype), torch.tensor([[1, 1, 1, 0, 0, 0], [0] * 6])
    found = attention(x, keep=keep)
    assert (found.dtype, bool(found.isfinite().all())) == (dtype, True)
    torch.testing.assert_close(found[1], attention.output.bias.expand(6, 8))
    short = attention(x[:1, :3])
    torch.testing.assert_close(found[:1, :3], short, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("length", [4, 11])
def test_causal_is_the_triangular_mask(position, length):
    free = make(8, 2, position=position, max_relative_position=3)
    causal = make(8, 2, position=position, max_relative_position=3, causal=True)
    causal.load_state_dict(free.state_dict())
    x, keep = torch.randn(2, length, 8, dtype=torch.float64), torch.rand(2, length) > 0.3
    order = torch.ones(1, length, length).tril()
    torch.testing.assert_close(causal(x), free(x, order))
    torch.testing.assert_close(causal(x, keep=keep), free(x, order, keep))
    torch.testing.assert_close(causal(x, order.flip(-1)), free(x, order * order.flip(-1)))


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("pieces", [(1, 1, 1, 1, 1, 1, 1, 1, 1), (4, 1, 4), (9,), (2, 7)])
def test_cache_gives_what_full_computation_gives(position, kv_heads, pieces):
    attention = make(8, 4, position=position, max_relative_position=2, causal=True, n_kv_heads=kv_heads)
    x = torch.randn(2, 9, 8, dtype=torch.float64)
    found, cache, start = [], None, 0
    for size in pieces:
        out, cache = attention(x[:, start : start + size], cache=cache, use_cache=True)
        found.append(out)
        start += size
    torch.testing.assert_close(torch.cat(found, 1), attention(x))
    assert [tuple(part.shape) for part in cache] == [(2, kv_heads, 9, 2)] * 2


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_grouped_heads_are_heads_that_share_keys(kv_heads):
    grouped, full = make(8, 4, n_kv_heads=kv_heads), make(8, 4)
    state = grouped.state_dict()
    for name in ("key.weight", "key.bias", "value.weight", "value.bias"):
        parts = state[name].chunk(kv_heads)
        state[name] = torch.cat([part for part in parts for _ in range(4 // kv_heads)])
    full.load_state_dict(state)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    torch.testing.assert_close(grouped(x), full(x))


def test_rotary_scores_depend_on_the_distance_alone():
    position = Attention(16, 2, position="rope").position
    query, key = torch.randn(2, 8, dtype=torch.float64)
    queries = position.turn(query.expand(1, 1, 20, 8), 0)[0, 0]
    keys = position.turn(key.expand(1, 1, 20, 8), 0)[0, 0]
    scores = queries @ keys.T
    for distance in range(-19, 20):
        line = scores.diagonal(distance)
        torch.testing.assert_close(line, line[:1].expand_as(line))
    angles = np.outer(np.arange(20), 10000.0 ** (-2 * np.arange(4) / 8))
    turned = (query[:4].numpy() + 1j * query[4:].numpy()) * np.exp(1j * angles)
    np.testing.assert_allclose(queries.numpy(), np.concatenate([turned.real, turned.imag], 1), atol=1e-12)


@pytest.mark.parametrize(
    ("heads", "slopes"),
    [
        (1, [2**-8]),
        (2, [2**-4, 2**-8]),
        (8, [2**-m for m in range(1, 9)]),
        (3, [2**-4, 2**-8, 2**-2]),
        (6, [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]),
        (12, [2**-m for m in range(1, 9)] + [2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5]),
    ],
)
def test_alibi_slopes_are_the_published_ones(heads, slopes):
    np.testing.assert_allclose(alibi_slopes(heads), slopes, rtol=1e-14)


def test_alibi_takes_a_multiple_of_the_distance():
    attention = Attention(8, 2, position="alibi")
    bias = attention.position.bias(torch.zeros(1, 2, 3, 4), 5)
    expected = [[[-slope * abs(i + 2 - j) for j in range(5)] for i in range(3)] for slope in (2**-4, 2**-8)]
    np.testing.assert_allclose(bias[0].numpy(), expected, rtol=1e-6)


def bucket(distance):
    """The formula of T5, number by number."""
    size = abs(distance)
    near = size if size < 8 else min(15, 8 + math.floor(8 * math.log(size / 8) / math.log(16) + 1e-12))
    return 16 * (distance > 0) + near


def test_buckets_are_those_of_t5():
    distances = range(-300, 301)
    assert distance_bucket(torch.tensor(distances)).tolist() == [bucket(distance) for distance in distances]


def test_bucket_position_adds_the_table():
    position = make(8, 2, position="t5").position
    bias = position.bias(torch.zeros(1, 2, 30, 4), 40)
    assert tuple(bias.shape) == (1, 2, 30, 40)
    for h, i, j in [(0, 0, 0), (1, 29, 0), (0, 5, 39), (1, 20, 30)]:
        assert bias[0, h, i, j] == position.table[bucket(j - (i + 10)), h]


@pytest.mark.parametrize("position", POSITIONS)
def test_parameters_are_as_counted(position):
    attention = Attention(512, 8, position=position)
    tables = {"shaw": 2 * 65 * 64, "shaw_keys": 65 * 64, "t5": 32 * 8}
    assert sum(p.numel() for p in attention.parameters()) == 4 * 512**2 + 4 * 512 + tables.get(position, 0)


def test_documented_count():
    assert sum(p.numel() for p in Attention(512, 8).parameters()) == 1_058_944


def test_tables_start_small():
    tables = Attention(512, 8, max_relative_position=400).position
    for table in (tables.keys, tables.values):
        assert abs(table.std().item() - 0.02) < 0.001


def test_residual_norm_normalizes_the_sum():
    attention = make(8, 2, residual_norm=True)
    plain = make(8, 2)
    plain.load_state_dict(attention.state_dict(), strict=False)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    torch.testing.assert_close(attention(x), nn.functional.layer_norm(x + plain(x), (8,)))
    assert sum(p.numel() for p in attention.norm.parameters()) == 2 * 8


@pytest.mark.parametrize("position", POSITIONS)
def test_weights_are_dropped_out_in_training_alone(position):
    attention = Attention(8, 2, 0.5, position=position)
    x = torch.randn(2, 6, 8)
    assert not torch.equal(attention(x), attention(x))
    attention.eval()
    assert torch.equal(attention(x), attention(x))


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("length", [4, 12])
def test_gradients_are_those_of_differences(position, length):
    attention = make(4, 2, position=position, max_relative_position=3, dropout=0.0)
    keep = mark_steps(torch.tensor([length, 2]), length)
    x = torch.randn(2, length, 4, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*attention.named_parameters(), strict=True)

    def run(x, *weights):
        return torch.func.functional_call(attention, dict(zip(names, weights, strict=True)), (x, None, keep))

    assert torch.autograd.gradcheck(run, (x, *weights))


def test_initializers_reach_the_projections():
    attention = Attention(8, 2)
    attention.apply(lambda module: nn.init.ones_(module.weight) if isinstance(module, nn.Linear) else None)
    assert all(bool((getattr(attention, name).weight == 1).all()) for name in ("query", "key", "value", "output"))


def problems(function, *arguments, **options):
    with pytest.raises(ValueError) as error:  # noqa: PT011  # the whole message is compared
        function(*arguments, **options)
    assert type(error.value) in (ArgumentError, InputError)
    return str(error.value).split("\n", 1)[1]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((10, 4), {}, "n_heads\n  found: 4\n  expected: a divisor of d_model=10"),
        ((0, 4), {}, "d_model\n  found: 0\n  expected: an integer above 0"),
        (
            (8, 2, 1.5, 0),
            {"position": "shwa"},
            "dropout\n  found: 1.5\n  expected: a number from 0 to 1, 1 excluded\n"
            "max_relative_position\n  found: 0\n  expected: an integer above 0\n"
            "position\n  found: 'shwa'\n  expected: one of: alibi, none, rope, shaw, shaw_keys, t5\n"
            "  hint: did you mean 'shaw'?",
        ),
        (
            (6, 2),
            {"position": "rope", "n_kv_heads": 3},
            "position\n  found: 'rope'\n"
            "  expected: another one: rope turns pairs of features, and heads of 3 have no pairs\n"
            "n_kv_heads\n  found: 3\n  expected: nothing, or a divisor of n_heads=2",
        ),
    ],
)
def test_wrong_arguments_are_told_together(arguments, options, message):
    assert problems(Attention, *arguments, **options) == message


def test_sequence_without_batch_is_refused():
    message = "inputs.x\n  found: shape (3, 8)\n  expected: (N, L, D)"
    assert problems(Attention(8, 2), torch.zeros(3, 8)) == message


def test_cache_without_order_is_refused():
    message = "inputs.use_cache\n  found: attention that is not causal\n  expected: causal=True"
    assert problems(Attention(8, 2), torch.zeros(1, 3, 8), use_cache=True) == message


@pytest.mark.parametrize("form", ["none", "samples", "keep"])
def test_pieces_of_many_queries_give_the_same(form, monkeypatch):
    attention = make(8, 2, max_relative_position=3)
    x, keep = torch.randn(2, 21, 8, dtype=torch.float64), torch.rand(2, 21) > 0.3
    given = {"none": {}, "samples": {"mask": torch.rand(2, 21, 21) > 0.5}, "keep": {"keep": keep}}[form]
    whole = attention(x, **given)
    monkeypatch.setattr(shaw_position, "MOST_PAIRS", 1)
    monkeypatch.setattr(shaw_position, "LEAST_ROWS", 4)
    torch.testing.assert_close(attention(x, **given), whole, rtol=0, atol=1e-12)
