import pytest
import torch
from torch import nn
from torch.nn import functional as F

from torcharc.errors import ArgumentError
from torcharc.module.token_mask import mark_steps
from torcharc.module.transformer_block import FeedForward, TransformerBlock


def count(module):
    return sum(p.numel() for p in module.parameters())


def make_pair(activation, norm_first, **options):
    """A block without positions, and PyTorch's layer with the same weights."""
    block = TransformerBlock(
        8, 2, 24, activation=activation, use_relative_pos=False, norm_first=norm_first, **options
    ).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.5)
    layer = nn.TransformerEncoderLayer(
        8, 2, 24, activation=activation, norm_first=norm_first, batch_first=True, dtype=torch.float64
    )
    parts = [block.attention.query, block.attention.key, block.attention.value]
    with torch.no_grad():
        layer.self_attn.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        layer.self_attn.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    layer.self_attn.out_proj.load_state_dict(block.attention.output.state_dict())
    for name in ("norm1", "norm2"):
        getattr(layer, name).load_state_dict(getattr(block, name).state_dict())
    for name in ("linear1", "linear2"):
        getattr(layer, name).load_state_dict(getattr(block.feed_forward, name).state_dict())
    return block.eval(), layer.eval()


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_first", [False, True])
def test_block_without_positions_is_the_layer_of_torch(activation, norm_first):
    block, layer = make_pair(activation, norm_first)
    x = torch.randn(3, 6, 8, dtype=torch.float64)
    torch.testing.assert_close(block(x), layer(x), rtol=0, atol=1e-12)
    keep = mark_steps(torch.tensor([6, 3, 1]), 6)
    found, expected = block(x, keep=keep), layer(x, src_key_padding_mask=~keep)
    torch.testing.assert_close(found[keep], expected[keep], rtol=0, atol=1e-12)
    mask = torch.rand(6, 6) > 0.5
    mask.fill_diagonal_(True)
    torch.testing.assert_close(block(x, mask[None]), layer(x, ~mask), rtol=0, atol=1e-12)


def test_causal_block_is_the_layer_under_a_causal_mask():
    block, layer = make_pair("gelu", True, causal=True)
    x = torch.randn(3, 6, 8, dtype=torch.float64)
    mask = nn.Transformer.generate_square_subsequent_mask(6, dtype=torch.float64)
    torch.testing.assert_close(block(x), layer(x, mask), rtol=0, atol=1e-12)


@pytest.mark.parametrize("norm_first", [False, True])
def test_block_is_its_formula(norm_first):
    block = TransformerBlock(8, 2, 24, norm_first=norm_first, activation="swish").eval()
    x, mask = torch.randn(3, 6, 8), torch.rand(3, 6, 6) > 0.2
    feed_forward = block.feed_forward

    def feed(x):
        return feed_forward.linear2(F.silu(feed_forward.linear1(x)))

    if norm_first:
        y = x + block.attention(block.norm1(x), mask)
        y = y + feed(block.norm2(y))
    else:
        y = block.norm1(x + block.attention(x, mask))
        y = block.norm2(y + feed(y))
    torch.testing.assert_close(block(x, mask), y)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("relu", lambda x: x.clamp(min=0)),
        ("gelu", lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2),
        ("swish", lambda x: x / (1 + torch.exp(-x))),
        ("silu", lambda x: x / (1 + torch.exp(-x))),
        ("leaky_relu", lambda x: torch.where(x > 0, x, x / 100)),
        ("tanh", lambda x: (torch.exp(2 * x) - 1) / (torch.exp(2 * x) + 1)),
    ],
)
def test_activations_are_their_formulas(name, formula):
    x = torch.randn(100, dtype=torch.float64)
    torch.testing.assert_close(FeedForward(4, 4, activation=name).activation(x), formula(x))


@pytest.mark.parametrize(("name", "act"), [("swiglu", F.silu), ("geglu", F.gelu)])
def test_gate_multiplies(name, act):
    layer = FeedForward(4, 12, activation=name).eval()
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(layer(x), layer.linear2(act(layer.linear1(x)) * layer.linear3(x)))
    assert count(layer) == 3 * 4 * 12 + 2 * 12 + 4


def test_rms_norm_is_its_formula():
    block = TransformerBlock(8, 2, 24, norm="rms").double().eval()
    nn.init.normal_(block.norm1.weight)
    x = torch.randn(3, 8, dtype=torch.float64)
    torch.testing.assert_close(
        block.norm1(x), block.norm1.weight * x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    )
    assert count(TransformerBlock(8, 2, 24)) - count(block) == 2 * 8


def test_layer_norm_has_the_documented_eps():
    assert TransformerBlock(8, 2, 24).norm1.eps == TransformerBlock(8, 2, 24, norm="rms").norm2.eps == 1e-5


def test_parameters_are_as_counted():
    assert count(TransformerBlock(512, 8, 2048)) == 3_160_704
    assert count(TransformerBlock(512, 8, 2048, use_relative_pos=False)) == 3_152_384
    assert count(TransformerBlock(512, 8, 2048, position="none")) == 3_152_384
    assert count(TransformerBlock(512, 8, 2048, use_relative_pos=False, position="none")) == 3_152_384


def test_gradients_reach_every_parameter():
    block = TransformerBlock(8, 2, 24)
    (block(torch.randn(3, 40, 8)) * torch.randn(3, 40, 8)).sum().backward()
    still = [name for name, p in block.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still in ([], ["attention.key.bias"])  # a softmax does not feel it but through Shaw's tables


def test_results_are_dropped_out_in_training():
    torch.manual_seed(0)
    block = TransformerBlock(8, 2, 24, dropout=0.5, norm_first=True)
    x = torch.randn(2, 100, 8)
    assert 0.1 < ((block(x) - x) == 0).float().mean() < 0.4  # both results of a place are dropped


@pytest.mark.parametrize("norm_first", [False, True])
def test_cache_gives_what_full_computation_gives(norm_first):
    block = TransformerBlock(8, 2, 24, causal=True, norm_first=norm_first).double().eval()
    x, cache, found = torch.randn(2, 6, 8, dtype=torch.float64), None, []
    for step in x.split(1, 1):
        out, cache = block(step, cache=cache, use_cache=True)
        found.append(out)
    torch.testing.assert_close(torch.cat(found, 1), block(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"activation": "gleu", "norm": "layr", "d_ff": -1},
            "3 problems in the arguments\n"
            "d_ff\n  found: -1\n  expected: an integer above 0\n"
            "activation\n  found: 'gleu'\n"
            "  expected: one of: geglu, gelu, leaky_relu, relu, silu, swiglu, swish, tanh\n"
            "  hint: did you mean 'gelu'?\n"
            "norm\n  found: 'layr'\n  expected: one of: layer, rms\n  hint: did you mean 'layer'?",
        ),
        (
            {"position": "rope", "use_relative_pos": False},
            "1 problem in the arguments\n"
            "position\n  found: 'rope'\n  expected: 'none' or nothing beside use_relative_pos=False\n"
            "  hint: leave use_relative_pos out",
        ),
        ({"n_heads": 3}, "1 problem in the arguments\nn_heads\n  found: 3\n  expected: a divisor of d_model=8"),
    ],
)
def test_wrong_arguments_are_told_together(arguments, message):
    with pytest.raises(ArgumentError) as error:
        TransformerBlock(**{"d_model": 8, "n_heads": 2, "d_ff": 24, **arguments})
    assert str(error.value) == message


@pytest.mark.parametrize("activation", ["gelu", "relu", "geglu"])
def test_result_is_the_same_without_gradients(activation):
    layer = FeedForward(4, 12, activation=activation).eval()
    x = torch.randn(2, 3, 4)
    before, expected = x.clone(), layer(x)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected)
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), expected.detach())
    assert torch.equal(x, before)


def test_hook_sees_what_the_first_layer_gave():
    layer, seen = FeedForward(4, 12).eval(), []
    layer.linear1.register_forward_hook(lambda module, args, out: seen.append(out))
    x = torch.randn(2, 3, 4)
    with torch.no_grad():
        layer(x)
        torch.testing.assert_close(seen[0], layer.linear1(x))
