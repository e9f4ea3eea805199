import pytest
import torch
from torch.nn import functional as F

from torcharc.errors import ArgumentError, InputError
from torcharc.module.cnn_features import CNNFeatureExtractor
from torcharc.module.token_mask import mark_steps


def count(module):
    return sum(p.numel() for p in module.parameters())


def by_hand(extractor, x):
    """Stage by stage, `(N, L, C)`: what each found."""
    found = []
    x = x.transpose(1, 2)
    for stage in extractor.stages:
        parts = []
        for block in stage.blocks:
            total = block.conv.kernel_size[0] - 1
            y = F.conv1d(F.pad(x, (total // 2, total - total // 2)), block.conv.weight, block.conv.bias)
            parts.append(F.relu(block.norm(y)))
        x = torch.cat(parts, 1)
        found.append(x.transpose(1, 2))
    return found


@pytest.mark.parametrize("pool", ["max", "avg"])
def test_stages_feed_each_other_and_are_pooled(pool):
    extractor = CNNFeatureExtractor(5, [4, 7], [3, [2, 3, 4]], pool_type=pool).double().eval()
    x = torch.randn(3, 9, 5, dtype=torch.float64)
    found = by_hand(extractor, x)
    expected = torch.cat([stage.amax(1) if pool == "max" else stage.mean(1) for stage in found], 1)
    torch.testing.assert_close(extractor(x), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(extractor.sequence(x), found[-1], rtol=0, atol=1e-12)
    assert (extractor.output_dim, extractor.sequence_dim) == (11, 7)


def test_sequence_is_the_result_without_pooling():
    extractor = CNNFeatureExtractor(5, [4, 7], [3, 2], pool_type=None).eval()
    x, keep = torch.randn(3, 9, 5), mark_steps(torch.tensor([9, 4, 1]), 9)
    torch.testing.assert_close(extractor(x, keep), extractor.sequence(x, keep))


@pytest.mark.parametrize(("width", "shares"), [(64, [22, 21, 21]), (128, [43, 43, 42]), (3, [1, 1, 1])])
def test_first_kernels_get_the_remainder(width, shares):
    extractor = CNNFeatureExtractor(5, [width], [[3, 4, 5]])
    assert [block.conv.out_channels for block in extractor.stages[0].blocks] == shares


@pytest.mark.parametrize("pool", ["max", "avg"])
def test_padded_batch_is_its_trimmed_samples(pool):
    extractor = CNNFeatureExtractor(5, [4, 7], [3, [2, 5]], pool_type=pool).double().eval()
    x, lengths = torch.randn(4, 9, 5, dtype=torch.float64) * 10, [9, 4, 1, 7]
    keep = mark_steps(torch.tensor(lengths), 9)
    expected = torch.cat([extractor(x[i : i + 1, :n]) for i, n in enumerate(lengths)])
    torch.testing.assert_close(extractor(x, keep), expected, rtol=0, atol=1e-12)
    for i, n in enumerate(lengths):
        torch.testing.assert_close(extractor.sequence(x, keep)[i, :n], extractor.sequence(x[i : i + 1, :n])[0])
        assert not extractor.sequence(x, keep)[i, n:].any()


@pytest.mark.parametrize("pool", ["max", "avg"])
def test_sample_without_tokens_gives_zeros(pool):
    extractor = CNNFeatureExtractor(5, [4], [3], pool_type=pool).eval()
    keep = torch.tensor([[1] * 6, [0] * 6])
    x = torch.randn(2, 6, 5, requires_grad=True)
    found = extractor(x, keep)
    assert not found[1].any()
    found.sum().backward()
    assert x.grad.isfinite().all()


def test_parameters_are_as_counted():
    assert count(CNNFeatureExtractor(300, [128, 256, 512], [3, 4, 5])) == 904_320
    assert count(CNNFeatureExtractor(300, [128, 256, 512], [[3, 4, 5]] * 3)) == 810_964
    assert count(CNNFeatureExtractor(100, [64], [[3, 4, 5]])) == 25_692


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"kernel_sizes": [3]},
            "1 problem in the arguments\n"
            "kernel_sizes\n  found: 1 kernel sizes\n  expected: one for each of the 2 hidden_dims",
        ),
        (
            {"hidden_dims": [4, 1], "kernel_sizes": [0, [2, 3]], "pool_type": "mean"},
            "3 problems in the arguments\n"
            "pool_type\n  found: 'mean'\n  expected: one of: avg, max\n"
            "kernel_sizes[0]\n  found: 0\n"
            "  expected: a kernel size, or a list of them: integers above 0\n"
            "hidden_dims[1]\n  found: 1\n  expected: an integer of at least 2, one per kernel",
        ),
        (
            {"hidden_dims": 4, "input_dim": 0},
            "2 problems in the arguments\n"
            "input_dim\n  found: 0\n  expected: an integer above 0\n"
            "hidden_dims\n  found: 4\n  expected: a list with an item for each stage",
        ),
        (
            {"hidden_dims": [], "kernel_sizes": [[], 3]},
            "1 problem in the arguments\nhidden_dims\n  found: []\n  expected: a list with an item for each stage",
        ),
        (
            {"hidden_dims": [4, "8"], "kernel_sizes": [[], 3]},
            "2 problems in the arguments\n"
            "kernel_sizes[0]\n  found: []\n"
            "  expected: a kernel size, or a list of them: integers above 0\n"
            "hidden_dims[1]\n  found: '8'\n  expected: an integer above 0",
        ),
    ],
)
def test_wrong_arguments_are_told_together(arguments, message):
    with pytest.raises(ArgumentError) as error:
        CNNFeatureExtractor(**{"input_dim": 5, "hidden_dims": [4, 6], "kernel_sizes": [3, 3], **arguments})
    assert str(error.value) == message


def test_wrong_input_is_refused():
    with pytest.raises(InputError) as error:
        CNNFeatureExtractor(5, [4], [3])(torch.zeros(3, 5))
    assert str(error.value) == "1 problem in the inputs\ninputs.x\n  found: shape (3, 5)\n  expected: (N, L, C)"
