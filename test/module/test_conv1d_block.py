import pytest
import torch
from torch import nn
from torch.nn import functional as F

from torcharc.errors import ArgumentError
from torcharc.module.conv1d_block import Conv1DBlock, ResidualBlock


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # of the oracle
@pytest.mark.parametrize("kernel_size", range(1, 9))
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_padding_is_that_of_torch(kernel_size, dilation):
    block = Conv1DBlock(4, 6, kernel_size, dilation=dilation, activation=None, batch_norm=False).double().eval()
    x = torch.randn(2, 4, 30, dtype=torch.float64)
    expected = F.conv1d(x, block.conv.weight, block.conv.bias, padding="same", dilation=dilation)
    torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 5])
@pytest.mark.parametrize("length", [5, 6, 7, 12])
def test_lengths_are_those_of_the_rule(stride, kernel_size, length):
    x = torch.randn(2, 4, length)
    for padding in ("same", "causal"):
        found = Conv1DBlock(4, 6, kernel_size, stride, padding)(x)
        assert found.shape == (2, 6, (length - 1) // stride + 1)
    assert Conv1DBlock(4, 6, kernel_size, stride, "valid")(x).shape[-1] == (length - kernel_size) // stride + 1
    assert Conv1DBlock(4, 6, kernel_size, stride, 2)(x).shape[-1] == (length + 4 - kernel_size) // stride + 1


def test_causal_padding_sees_no_future():
    block = Conv1DBlock(4, 6, 3, padding="causal", dilation=2).eval()
    x = torch.randn(1, 4, 12)
    other = x.clone()
    other[..., 7:] = 0
    torch.testing.assert_close(block(x)[..., :7], block(other)[..., :7])


def test_block_is_its_layers_in_order():
    block = Conv1DBlock(4, 6, 3, activation="gelu", groups=2, bias=False).train()
    x = torch.randn(5, 4, 9)
    block.dropout.p = 0.0
    norm = nn.BatchNorm1d(6)
    expected = F.gelu(norm(F.conv1d(x, block.conv.weight, None, padding=1, groups=2)))
    torch.testing.assert_close(block(x), expected)
    assert torch.equal(block.norm.running_mean, norm.running_mean)


def test_parameters_are_as_counted():
    assert count(Conv1DBlock(64, 128, 3)) == 24_960
    assert count(Conv1DBlock(64, 128, 3, groups=4)) == 64 * 128 * 3 // 4 + 3 * 128
    assert count(ResidualBlock(64)) == 24_960


def test_dropout_stands_at_the_end():
    torch.manual_seed(0)
    block = Conv1DBlock(4, 6, 3, dropout=0.5, activation="tanh")
    assert 0.4 < (block(torch.randn(8, 4, 100)) == 0).float().mean() < 0.6


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4])
def test_residual_of_nothing_is_the_activation(kernel_size):
    block = ResidualBlock(4, kernel_size)
    nn.init.zeros_(block.second.norm.weight)
    nn.init.zeros_(block.second.norm.bias)
    x = torch.randn(3, 4, 9)
    torch.testing.assert_close(block(x), F.relu(x))
    torch.testing.assert_close(block.eval()(x), F.relu(x))


def test_residual_block_is_its_formula():
    block = ResidualBlock(4).eval()
    norms = [block.first.norm, block.second.norm]
    for norm in norms:
        for tensor in (norm.weight, norm.bias, norm.running_mean):
            nn.init.normal_(tensor)
    first, second = block.first.conv, block.second.conv
    x = torch.randn(3, 4, 9)
    inner = F.relu(norms[0](F.conv1d(x, first.weight, first.bias, padding=1)))
    expected = F.relu(norms[1](F.conv1d(inner, second.weight, second.bias, padding=1)) + x)
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"kernel_size": 0, "padding": "smae", "activation": "swiglu", "dropout": 2},
            "4 problems in the arguments\n"
            "kernel_size\n  found: 0\n  expected: an integer above 0\n"
            "padding\n  found: 'smae'\n  expected: one of: causal, same, valid\n  hint: did you mean 'same'?\n"
            "activation\n  found: 'swiglu'\n  expected: one of: gelu, leaky_relu, relu, silu, swish, tanh\n"
            "  hint: did you mean 'silu'?\n"
            "dropout\n  found: 2\n  expected: a number from 0 to 1, 1 excluded",
        ),
        (
            {"padding": -1, "groups": 3},
            "3 problems in the arguments\n"
            "padding\n  found: -1\n  expected: an integer of at least 0, or one of: causal, same, valid\n"
            "groups\n  found: 3\n  expected: a divisor of in_channels=4\n"
            "groups\n  found: 3\n  expected: a divisor of out_channels=8",
        ),
        (
            {"dilation": 1.5},
            "1 problem in the arguments\ndilation\n  found: 1.5\n  expected: an integer above 0",
        ),
    ],
)
def test_wrong_arguments_are_told_together(arguments, message):
    with pytest.raises(ArgumentError) as error:
        Conv1DBlock(**{"in_channels": 4, "out_channels": 8, "kernel_size": 3, **arguments})
    assert str(error.value) == message
