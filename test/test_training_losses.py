"""The losses that a training part builds, against those of torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from training_setup import build, message

import torcharc
from torcharc.errors import InputError

X, Y = torch.randn(6, 3), torch.rand(6, 3)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", lambda: F.mse_loss(X, Y)),
        ("mae", lambda: F.l1_loss(X, Y)),
        ("l1", lambda: F.l1_loss(X, Y)),
        ({"type": "core.SmoothL1Loss", "params": {"beta": "5e-1"}}, lambda: F.smooth_l1_loss(X, Y, beta=0.5)),
        ({"type": "huber_loss", "params": {"delta": 2}}, lambda: F.huber_loss(X, Y, delta=2.0)),
        (
            {"type": "binary_cross_entropy_with_logits", "params": {"pos_weight": ["2", 1, 0.5]}},
            lambda: F.binary_cross_entropy_with_logits(X, Y, pos_weight=torch.tensor([2.0, 1, 0.5])),
        ),
        (
            {"type": "BCEWithLogitsLoss", "params": {"pos_weight": 3, "reduction": "sum"}},
            lambda: F.binary_cross_entropy_with_logits(X, Y, pos_weight=torch.tensor(3.0), reduction="sum"),
        ),
        ({"type": "poisson_nll_loss", "weight": 0.5}, lambda: 0.5 * F.poisson_nll_loss(X, Y)),
        (
            {"type": "cross_entropy", "params": {"weight": [1, 2, 3], "label_smoothing": 0.1}},
            lambda: F.cross_entropy(X, Y, torch.tensor([1.0, 2, 3]), label_smoothing=0.1),
        ),
    ],
)
def test_loss_is_that_of_torch(loss, expected):
    assert torch.equal(build({"loss": loss}).criterion(X, Y), expected())


def test_classes_are_compared_with_their_weights():
    classes = torch.tensor([0, 2, 1, 1, 0, 2])
    loss = {"type": "torch.nn.CrossEntropyLoss", "params": {"weight": [1, 2, 3]}}
    logits = X.double().numpy()
    picked = (logits - np.log(np.exp(logits).sum(1, keepdims=True)))[np.arange(6), classes.numpy()]
    weights = np.array([1.0, 2, 3])[classes.numpy()]
    found = build({"loss": loss}).criterion(X, classes).item()
    assert found == pytest.approx(-(weights * picked).sum() / weights.sum(), rel=1e-5)


@pytest.mark.parametrize("loss", ["mse", "mae", "BCEWithLogitsLoss", "KLDivLoss", "core.BCELoss", "huber_loss"])
def test_shapes_that_broadcast_are_refused(loss):
    criterion = build({"outputs": {"rating": "last"}, "loss": loss}).criterion
    with pytest.raises(InputError) as error:
        criterion(torch.rand(4, 1), torch.rand(4))
    name = type(criterion.losses[0]).__name__
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs.outputs.rating\n"
        "  found: shape (4, 1)\n"
        f"  expected: the shape of targets.rating, (4,): {name} compares element with element"
    )


class Quantile(nn.Module):
    """The pinball loss."""

    def __init__(self, q: float):
        super().__init__()
        if not 0 < q < 1:
            raise ValueError("q lies between 0 and 1")
        self.q = q

    def forward(self, predictions, targets):
        error = targets - predictions
        return torch.maximum(self.q * error, (self.q - 1) * error).mean()


@pytest.fixture
def quantile():
    yield torcharc.register(Quantile)
    torcharc.unregister("Quantile")


def test_registered_loss_is_a_term(quantile):
    terms = [
        {"type": "Quantile", "inputs": {"pred": "model.y", "target": "target_columns.t"}, "params": {"q": "9e-1"}},
        {"type": "mse", "inputs": {"pred": "y", "target": "t"}, "weight": 2},
    ]
    criterion = build({"outputs": {"y": "last"}, "training": {"loss": terms}}).criterion
    assert isinstance(criterion.losses[0], quantile)
    assert criterion(torch.zeros(2), torch.ones(2)).item() == pytest.approx(0.9 + 2)


@pytest.mark.usefixtures("quantile")
def test_word_for_a_number_of_a_registered_loss_is_one_problem():
    assert message({"loss": {"type": "Quantile", "params": {"q": "half"}}, "vars": {"hal": 0.5}}) == (
        "1 problem in the spec\n"
        "spec.loss.params.q\n"
        "  found: 'half'\n"
        "  expected: a number, or arithmetic over the names hal\n"
        "  hint: did you mean 'hal'?"
    )


@pytest.mark.usefixtures("quantile")
def test_refusal_of_a_registered_loss_stands_in_the_users_spec():
    terms = ["mse", {"type": "Quantile", "params": {"q": 2}}]
    assert message({"training": {"loss": terms}}) == (
        "1 problem in the spec\n"
        "spec.training.loss[1].params\n"
        "  found: {'q': 2}\n"
        "  expected: arguments that Quantile accepts; it says: q lies between 0 and 1"
    )
    assert message({"loss": terms[1]}).splitlines()[1] == "spec.loss.params"
