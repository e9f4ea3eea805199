import copy
import pickle

import pytest
import torch
from torch import nn

from torcharc.errors import ArgumentError
from torcharc.module.feedforward import (
    CLASSES,
    FUNCTIONS,
    NAMES,
    PositionwiseFeedForward,
    check_activation,
    make_activation,
)

REQUIRED = {
    "Threshold": {"threshold": 0.1, "value": 20},
    "Softmax": {"dim": -1},
    "Softmin": {"dim": -1},
    "LogSoftmax": {"dim": -1},
}


def test_every_elementwise_activation_of_torch_is_known():
    left_out = {"GLU", "Softmax2d", "MultiheadAttention"}
    assert set(CLASSES) == set(nn.modules.activation.__all__) - left_out


@pytest.mark.parametrize("name", CLASSES)
def test_class_name_makes_the_class(name):
    arguments = REQUIRED.get(name, {})
    activation = {"type": name, **arguments} if arguments else name
    assert list(check_activation(activation)) == []
    assert type(make_activation(activation)) is getattr(nn, name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_equals_its_class(name):
    x = torch.linspace(-8, 8, 101)
    cls = {key.lower(): cls for key, cls in CLASSES.items()}[name.replace("_", "")]
    torch.testing.assert_close(make_activation(name)(x), cls()(x))
    assert type(make_activation({"type": name})) is cls


def test_arguments_reach_the_activation():
    leaky = make_activation({"type": "LeakyReLU", "negative_slope": 0.1})
    assert leaky(torch.tensor(-2.0)) == pytest.approx(-0.2)


def test_feedforward_is_two_linear_layers():
    feedforward = PositionwiseFeedForward(3, 5, activation="relu").double()
    x = torch.randn(2, 4, 3, dtype=torch.float64)
    state = feedforward.state_dict()
    inner = (x @ state["_linear1.weight"].T + state["_linear1.bias"]).clamp(min=0)
    torch.testing.assert_close(feedforward(x), inner @ state["_linear2.weight"].T + state["_linear2.bias"])


@pytest.mark.parametrize("name", NAMES)
def test_feedforward_copies_and_pickles(name):
    arguments = REQUIRED.get(name, {})
    feedforward = PositionwiseFeedForward(3, 5, activation={"type": name, **arguments} if arguments else name).eval()
    x = torch.randn(2, 4, 3)
    torch.testing.assert_close(copy.deepcopy(feedforward)(x), feedforward(x))
    torch.testing.assert_close(pickle.loads(pickle.dumps(feedforward))(x), feedforward(x))


def test_each_feedforward_learns_its_own_activation():
    keys = PositionwiseFeedForward(3, 5, activation="PReLU").state_dict().keys()
    assert "_activation.weight" in keys


SOME = "CELU, ELU, GELU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU"


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (
            "rleu",
            f"activation\n  found: 'rleu'\n  expected: an activation: {SOME} and 34 more\n  hint: did you mean 'ReLU'?",
        ),
        (None, f"activation\n  found: nothing\n  expected: an activation: {SOME} and 34 more"),
        (
            {"type": "LeakyRelu"},
            f"activation.type\n  found: 'LeakyRelu'\n  expected: an activation: {SOME} and 34 more\n"
            "  hint: did you mean 'LeakyReLU'?",
        ),
        (
            {"negative_slope": 0.1},
            "activation\n  found: no key 'type'\n  expected: the key 'type', which is required",
        ),
        (
            {"type": "LeakyReLU", "slope": 0.1},
            "activation.slope\n  found: the key 'slope'\n  expected: one of the keys: inplace, negative_slope",
        ),
        (
            {"type": "LeakyReLU", "negative_slope": "steep"},
            "activation.negative_slope\n  found: 'steep'\n  expected: a number",
        ),
        (
            "Softmax",
            "activation\n  found: no key 'dim'\n  expected: the key 'dim', which is required\n"
            "  hint: {type: Softmax, dim: -1}",
        ),
    ],
)
def test_wrong_activation_is_named(activation, message):
    assert str(ArgumentError(check_activation(activation))) == "1 problem in the arguments\n" + message
