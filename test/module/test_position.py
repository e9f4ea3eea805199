import math

import numpy as np
import pytest
import torch
from torch.nn.functional import layer_norm

from torcharc.errors import ArgumentError, InputError
from torcharc.module.position import LearnedPE, PeriodicPE, SinusoidPE, check_dropout, check_pe, make_pe


def sinusoid(length, d_model):
    table = np.zeros((length, d_model))
    for t in range(length):
        for column in range(d_model):
            angle = t / 10000 ** (2 * (column // 2) / d_model)
            table[t, column] = math.cos(angle) if column % 2 else math.sin(angle)
    return table


def periodic(length, d_model, period=24):
    return np.array([[math.sin(2 * math.pi * t / period)] * d_model for t in range(length)])


@pytest.mark.parametrize("d_model", [1, 2, 7, 8])
@pytest.mark.parametrize("length", [1, 16, 40])
def test_sinusoid_is_the_published_formula(d_model, length):
    pe = SinusoidPE(d_model, max_len=16, dropout=0.0)
    np.testing.assert_allclose(pe(torch.zeros(2, length, d_model))[1].numpy(), sinusoid(length, d_model), atol=1e-6)


@pytest.mark.parametrize("length", [1, 16, 40])
def test_periodic_is_one_sine_in_all_columns(length):
    pe = PeriodicPE(3, max_len=16, dropout=0.0, period=6.5)
    np.testing.assert_allclose(pe(torch.zeros(2, length, 3))[1].numpy(), periodic(length, 3, 6.5), atol=1e-6)


def test_default_period_is_a_day_of_hours():
    np.testing.assert_allclose(PeriodicPE(2).pe[0].numpy(), periodic(128, 2), atol=1e-6)


@pytest.mark.parametrize("encoding", [SinusoidPE, PeriodicPE])
def test_longer_series_do_not_resize_the_buffer(encoding):
    pe = encoding(4, max_len=8)
    pe(torch.zeros(1, 20, 4))
    assert {key: tuple(value.shape) for key, value in pe.state_dict().items()} == {"pe": (1, 8, 4)}


def test_longer_series_begin_with_the_buffer():
    pe = SinusoidPE(2, max_len=2, dropout=0.0)
    pe.pe.fill_(5.0)
    np.testing.assert_allclose(pe(torch.zeros(1, 3, 2))[0].numpy(), [[5, 5], [5, 5], sinusoid(3, 2)[2]], atol=1e-6)


def test_learned_adds_a_vector_per_step_and_normalizes():
    pe = LearnedPE(4, max_len=8).eval()
    x = torch.randn(2, 5, 4)
    expected = layer_norm(x + pe.pos_embedding.weight[:5], (4,), pe.layer_norm.weight, pe.layer_norm.bias, 1e-12)
    torch.testing.assert_close(pe(x), expected)


def test_learned_state_names():
    shapes = {key: tuple(value.shape) for key, value in LearnedPE(4, max_len=8).state_dict().items()}
    assert shapes == {
        "idxs": (8,),
        "pos_embedding.weight": (8, 4),
        "layer_norm.weight": (4,),
        "layer_norm.bias": (4,),
    }


def test_learned_refuses_longer_series():
    with pytest.raises(InputError) as error:
        LearnedPE(4, max_len=8)(torch.zeros(1, 9, 4))
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs\n"
        "  found: 9 time steps\n"
        "  expected: at most max_len=8 time steps, which have learned positions\n"
        "  hint: pe: {type: learned, max_len: 9}"
    )


@pytest.mark.parametrize("name", ["sinusoid", "periodic", "learned"])
def test_gradient_passes(name):
    x = torch.randn(2, 5, 4, requires_grad=True)
    make_pe({"type": name, "dropout": 0.0}, 4)(x).square().sum().backward()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["sinusoid", "periodic", "learned"])
def test_encoding_ends_in_dropout(name):
    torch.manual_seed(0)
    pe = make_pe({"type": name, "dropout": 0.9}, 4)
    x = torch.randn(2, 100, 4) + 10
    assert 0.8 < (pe(x) == 0).float().mean() < 1
    assert (pe.eval()(x) == 0).float().mean() == 0


@pytest.mark.parametrize("name", ["sinusoid", "periodic", "learned"])
def test_initialization_is_told_to_stay_out(name):
    assert make_pe(name, 4).skip_init


@pytest.mark.parametrize("name", ["sinusoid", "periodic", "learned"])
def test_options_are_shared_by_all(name):
    options = {"type": name, "max_len": 16, "dropout": 0.25, "period": 12}
    before = dict(options)
    assert list(check_pe(options)) == []
    pe = make_pe(options, 4)
    assert (pe.dropout.p, options) == (0.25, before)
    assert 16 in (len(pe.state_dict().get("pe", [[]])[0]), len(pe.state_dict().get("idxs", [])))


def test_no_encoding():
    assert make_pe(None, 4) is None
    assert list(check_pe(None)) == []


def test_table_has_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        pe = SinusoidPE(6, dropout=0.0)
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_allclose(pe.pe[0].numpy(), sinusoid(128, 6), atol=1e-13)


CHOICES = "learned, periodic, sinusoid"


@pytest.mark.parametrize(
    ("pe", "message"),
    [
        (
            "sinusiod",
            "pe\n  found: 'sinusiod'\n  expected: null, a mapping with a type, or one of: " + CHOICES + "\n"
            "  hint: did you mean 'sinusoid'?",
        ),
        (7, "pe\n  found: 7\n  expected: null, a mapping with a type, or one of: " + CHOICES),
        ({}, "pe\n  found: no key 'type'\n  expected: the key 'type', which is required"),
        ({"type": ["learned"]}, "pe.type\n  found: ['learned']\n  expected: one of: " + CHOICES),
        (
            {"type": "Learned"},
            "pe.type\n  found: 'Learned'\n  expected: one of: " + CHOICES + "\n  hint: did you mean 'learned'?",
        ),
        (
            {"type": "learned", "maxlen": 9},
            "pe.maxlen\n  found: the key 'maxlen'\n"
            "  expected: one of the keys: dropout, max_len, period, type\n  hint: did you mean 'max_len'?",
        ),
        ({"type": "learned", "max_len": 0}, "pe.max_len\n  found: 0\n  expected: an integer above 0"),
        (
            {"type": "learned", "dropout": 1.0},
            "pe.dropout\n  found: 1.0\n  expected: a number from 0 to 1, 1 excluded",
        ),
        ({"type": "periodic", "period": 0}, "pe.period\n  found: 0\n  expected: a number above 0"),
        ({"type": "periodic", "period": True}, "pe.period\n  found: True\n  expected: a number above 0"),
    ],
)
def test_wrong_option_is_named(pe, message):
    assert str(ArgumentError(check_pe(pe))) == "1 problem in the arguments\n" + message


@pytest.mark.parametrize("dropout", [1, 1.5, -0.1, True, None, "0.1", math.nan])
def test_dropout_is_a_probability_below_one(dropout):
    assert len(list(check_dropout(dropout))) == 1


@pytest.mark.parametrize("dropout", [0, 0.0, 0.999])
def test_dropout_may_be_zero(dropout):
    assert list(check_dropout(dropout)) == []
