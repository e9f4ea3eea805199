import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torcharc.arguments import Argument, Kind, Signature
from torcharc.errors import Problem
from torcharc.loss import FUNCTIONALS, LOSSES, SHORT, read_weights

WEIGHTED = LOSSES.read_signature(nn.BCEWithLogitsLoss)


def test_catalog_has_every_loss_of_torch():
    assert set(LOSSES.types) == {name for name in dir(nn) if name.endswith("Loss")}
    assert len(LOSSES.types) >= 22 + hasattr(nn, "LinearCrossEntropyLoss")


@pytest.mark.parametrize(
    ("word", "cls"),
    [
        ("CrossEntropyLoss", nn.CrossEntropyLoss),
        ("crossentropyloss", nn.CrossEntropyLoss),
        ("torch.nn.CrossEntropyLoss", nn.CrossEntropyLoss),
        ("nn.MSELoss", nn.MSELoss),
        ("core.BCELoss", nn.BCELoss),
        ("binary_cross_entropy", nn.BCELoss),
        ("core.binary_cross_entropy", nn.BCELoss),
        ("F.binary_cross_entropy_with_logits", nn.BCEWithLogitsLoss),
        ("torch.nn.functional.cross_entropy", nn.CrossEntropyLoss),
        ("torch.nn.functional.kl_div", nn.KLDivLoss),
        ("mse", nn.MSELoss),
        ("core.mse", nn.MSELoss),
        ("MAE", nn.L1Loss),
        ("l1", nn.L1Loss),
    ],
)
def test_loss_is_found_by_all_spellings(word, cls):
    assert LOSSES.find(word) is cls


@pytest.mark.parametrize("word", ["torch.mse", "F.MSELoss", "nn.mse", "Loss", "_Loss", "Linear", "relu"])
def test_other_words_find_no_loss(word):
    assert LOSSES.find(word) is None


def test_every_functional_is_one_of_torch():
    assert all(hasattr(F, name) for name in FUNCTIONALS)
    assert {*FUNCTIONALS.values(), *SHORT.values()} <= set(LOSSES.types)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "soft_margin_loss"])
def test_functional_and_class_agree(name):
    x, y = torch.rand(2, 3), torch.rand(2, 3)
    assert torch.equal(LOSSES.find(name)(reduction="sum")(x, y), getattr(F, name)(x, y, reduction="sum"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2.5], torch.tensor([1, 2.5])),
        (["1e-1", 2], torch.tensor([0.1, 2])),
        ([[1, 2], [3, 4]], torch.tensor([[1.0, 2.0], [3.0, 4.0]])),
        (3, torch.tensor(3.0)),
        ("1e-1", torch.tensor(0.1)),
    ],
)
def test_weights_become_float_tensors(value, expected):
    values, problems = read_weights({"pos_weight": value, "other": [1]}, WEIGHTED, ())
    assert (values["other"], problems) == ([1], [])
    assert values["pos_weight"].dtype is torch.float32
    assert torch.equal(values["pos_weight"], expected)


def test_weight_that_is_no_tensor_stays():
    signature = Signature({"weight": Argument("weight", Kind(frozenset({"float"})))})
    assert read_weights({"weight": 2}, signature, ()) == ({"weight": 2}, [])


def test_given_tensors_stay():
    weight = torch.ones(2, dtype=torch.float64)
    assert read_weights({"weight": weight}, WEIGHTED, ())[0]["weight"] is weight


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("a", Problem(("weight",), "'a'", "a number or a list of numbers", code="value")),
        ({}, Problem(("weight",), "{}", "a number or a list of numbers", code="value")),
        ([], Problem(("weight",), "[]", "at least one number", code="empty")),
        ([1, True], Problem(("weight", 1), "True", "a number", code="value")),
        ([[1], ["2"]], Problem(("weight", 1, 0), "'2'", "a number", "write 2 without quotes", "value")),
        (
            [[1], [2, 3]],
            Problem(("weight",), "[[1], [2, 3]]", "numbers that fit a tensor: lists of equal length", code="value"),
        ),
    ],
)
def test_faulty_weights_are_named(value, problem):
    assert read_weights({"weight": value}, WEIGHTED, ()) == ({"weight": None}, [problem])
