"""Signatures: what a class takes, read from its constructor."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pytest
import torch
from torch import nn

from torcharc.arguments import Argument, Kind, Signature, read_signature

INT = Kind(frozenset({"int"}))
SIZE = Kind(frozenset({"int"}), low=1)
FLOAT = Kind(frozenset({"float"}))
BOOL = Kind(frozenset({"bool"}))


def test_signature_of_a_module_class():
    found = read_signature(nn.Linear).arguments
    assert list(found) == ["in_features", "out_features", "bias"]
    assert found["in_features"] == Argument("in_features", SIZE)
    assert found["bias"] == Argument("bias", BOOL, required=False, default=True)
    assert read_signature(nn.Linear).required == ("in_features", "out_features")


def test_device_and_dtype_are_left_out():
    for cls in (nn.Conv2d, nn.LSTM, nn.MultiheadAttention, nn.Embedding):
        assert not {"device", "dtype", "self", "args", "kwargs"} & set(read_signature(cls).arguments)


def test_signature_of_annotated_arguments():
    def function(
        a: int,
        b: float,
        c: bool,
        d: str,
        e: int | None,
        f: list[int],
        g: tuple[int, ...] | int,
        h: Literal["x", "y"],
        i: Mapping[str, int],
        j: Sequence[float],
        k: Any,
        m: torch.Tensor,
        n: nn.Module,
        o,
    ):
        pass

    kinds = {name: argument.kind for name, argument in read_signature(function).arguments.items()}
    assert kinds == {
        "a": INT,
        "b": FLOAT,
        "c": BOOL,
        "d": Kind(frozenset({"str"})),
        "e": Kind(frozenset({"int", "null"})),
        "f": Kind(frozenset({"list"}), INT),
        "g": Kind(frozenset({"list", "int"}), INT),
        "h": Kind(frozenset({"str"}), words=("x", "y")),
        "i": Kind(frozenset({"dict"})),
        "j": Kind(frozenset({"list"}), FLOAT),
        "k": Kind(),
        "m": Kind(frozenset({"tensor"})),
        "n": Kind(frozenset({"module"})),
        "o": Kind(),
    }


def test_defaults_stand_in_for_annotations():
    def function(a=1, b=1.5, c=False, d=None, e="x", *, p=0.5):
        pass

    found = read_signature(function).arguments
    assert [found[name].kind for name in "abc"] == [INT, FLOAT, BOOL]
    assert [found[name].kind for name in "de"] == [Kind(), Kind()]
    assert found["p"].kind == Kind(frozenset({"float"}), low=0, high=1)
    assert not found["d"].required
    assert found["e"].default == "x"


def test_power_named_p_is_no_probability():
    assert read_signature(nn.PairwiseDistance).arguments["p"].kind == FLOAT
    assert read_signature(nn.Dropout).arguments["p"].kind == Kind(frozenset({"float"}), low=0, high=1)


def test_keywords_open_a_signature():
    def function(a: int, *args, **more):
        pass

    assert read_signature(function) == Signature({"a": Argument("a", INT)}, open=True)
    assert not read_signature(nn.Linear).open


@pytest.mark.parametrize("cls", [nn.Tanh, nn.Sigmoid, nn.Softsign])
def test_class_without_a_constructor_takes_nothing(cls):
    assert read_signature(cls) == Signature({})


def test_builtin_without_a_signature_takes_anything():
    assert read_signature(torch.cat) == Signature({}, open=True)


@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_classes_show_the_arguments_of_their_base(cls):
    names = "input_size hidden_size num_layers bias batch_first dropout bidirectional".split()
    extra = {nn.LSTM: ["proj_size"], nn.GRU: [], nn.RNN: ["nonlinearity"]}[cls]
    assert list(read_signature(cls).arguments) == names + extra
    assert not read_signature(cls).open
    cls(
        **dict.fromkeys(("input_size", "hidden_size"), 3),
        **({"nonlinearity": "relu"} if extra == ["nonlinearity"] else {}),
    )


def test_without_leaves_arguments_out():
    left = read_signature(nn.Linear).without("in_features")
    assert list(left.arguments) == ["out_features", "bias"]
    assert left.required == ("out_features",)
    assert "in_features" in read_signature(nn.Linear).arguments
