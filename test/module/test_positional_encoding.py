import copy

import numpy as np
import pytest
import torch

from torcharc.errors import ArgumentError, InputError
from torcharc.module.positional_encoding import PositionalEncoding


def sinusoid(length, d_model):
    table = np.zeros((length, d_model))
    for column in range(d_model):
        angle = np.arange(length) / 10000 ** (2 * (column // 2) / d_model)
        table[:, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return table


@pytest.mark.parametrize("d_model", [1, 2, 7, 8])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_fixed_part_is_the_published_formula(d_model, dtype, tolerance):
    encoding = PositionalEncoding(d_model, max_len=40).eval().to(dtype)
    torch.nn.init.zeros_(encoding.learned)
    found = encoding(torch.zeros(2, 40, d_model, dtype=dtype))
    np.testing.assert_allclose(found[1].detach().numpy(), sinusoid(40, d_model), atol=tolerance)


def test_learned_part_is_added():
    encoding = PositionalEncoding(6, max_len=10).eval()
    x = torch.randn(2, 4, 6)
    torch.testing.assert_close(encoding(x), x + torch.from_numpy(sinusoid(4, 6)).float() + encoding.learned[:4])


@pytest.mark.parametrize("batch", [1, 3])
def test_batch_is_its_samples(batch):
    encoding, x = PositionalEncoding(6, max_len=10).eval(), torch.randn(batch, 5, 6)
    torch.testing.assert_close(encoding(x), torch.stack([encoding(sample) for sample in x]))


def test_parameters_are_the_learned_table_alone():
    encoding = PositionalEncoding(512)
    assert sum(p.numel() for p in encoding.parameters()) == 2_560_000
    assert list(encoding.state_dict()) == ["learned"]
    assert abs(encoding.learned.std().item() - 0.02) < 1e-4
    assert list(PositionalEncoding(8, learnable=False).parameters()) == []


def test_table_survives_to_empty():
    with torch.device("meta"):
        encoding = PositionalEncoding(6, max_len=10)
    encoding = encoding.to_empty(device="cpu").eval()
    encoding.reset_parameters()
    torch.nn.init.zeros_(encoding.learned)
    np.testing.assert_allclose(encoding(torch.zeros(3, 6)).detach().numpy(), sinusoid(3, 6), atol=1e-6)


def test_copy_keeps_the_table():
    encoding = PositionalEncoding(6, max_len=10).eval()
    x = torch.randn(2, 4, 6)
    torch.testing.assert_close(copy.deepcopy(encoding)(x), encoding(x))


def test_sum_is_dropped_out():
    torch.manual_seed(0)
    found = PositionalEncoding(8, dropout=0.5)(torch.ones(4, 100, 8) * 10)
    assert 0.4 < (found == 0).float().mean() < 0.6


def test_pieces_continue_where_the_last_ended():
    encoding, x = PositionalEncoding(6, max_len=10).eval(), torch.randn(2, 7, 6)
    torch.testing.assert_close(torch.cat([encoding(x[:, :3]), encoding(x[:, 3:], 3)], 1), encoding(x))


def test_longer_sequence_is_refused():
    with pytest.raises(InputError) as error:
        PositionalEncoding(4, max_len=8)(torch.zeros(1, 9, 4))
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs.x\n"
        "  found: 9 steps\n"
        "  expected: at most max_len=8 positions\n"
        "  hint: write max_len=9 or more"
    )


def test_input_of_another_rank_is_refused():
    with pytest.raises(InputError) as error:
        PositionalEncoding(4)(torch.zeros(4))
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs.x\n"
        "  found: shape (4,)\n"
        "  expected: a sequence (L, D), or a batch of them (N, L, D)"
    )


def test_wrong_arguments_are_told_together():
    with pytest.raises(ArgumentError) as error:
        PositionalEncoding(0, max_len=True, dropout=1)
    assert str(error.value) == (
        "3 problems in the arguments\n"
        "d_model\n  found: 0\n  expected: an integer above 0\n"
        "max_len\n  found: True\n  expected: an integer above 0\n"
        "dropout\n  found: 1\n  expected: a number from 0 to 1, 1 excluded"
    )
