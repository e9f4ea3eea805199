"""The optimizer of the training part of a spec."""

import pytest
from training_part import find, read

from torcharc.errors import Problem
from torcharc.optimizer import OPTIMIZERS

ARC_GRAPH = "SGD Adam AdamW RMSprop Adagrad Adadelta Adamax ASGD NAdam RAdam LBFGS Rprop SparseAdam".split()


@pytest.mark.parametrize("name", ARC_GRAPH)
@pytest.mark.parametrize("spelling", ["{}", "torch.optim.{}"])
def test_every_optimizer_learns_at_one_rate_by_default(name, spelling):
    for word in (name, name.lower(), name.upper()):
        assert read({"optimizer": {"type": spelling.format(word)}}).optimizer == {"type": name, "lr": 0.001}


@pytest.mark.parametrize(
    "spec",
    [
        {"optimizer": {"type": "adam", "lr": 0.01}},
        {"optimizer": {"type": "adam", "learning_rate": "1e-2"}},
        {"optimizer": {"type": "adam", "params": {"lr": "0.01"}}},
        {"optimizer": {"type": "adam", "config": {"learning_rate": 0.01}}},
        {"optimizer": "adam", "config": {"lr": 0.01}},
        {"trainer": {"optimizer": "adam", "config": {"learning_rate": 0.01}}},
        {"trainer": {"optimizer": "adam", "learning_rate": 0.01}},
        {"training": {"optimizer": {"type": "adam"}}, "config": {"learning_rate": 0.01}},
        {"optimizer": "adam", "training": {"optimizer": {"lr": 0.01}}},
        {"optimizer": {"lr": 0.01}, "training": {"optimizer": "adam"}},
    ],
)
def test_learning_rate_stands_in_many_places(spec):
    assert read(spec).optimizer == {"type": "Adam", "lr": 0.01}


def test_rate_alone_is_kept():
    assert read({"config": {"lr": 0.1}}).optimizer == {"lr": 0.1}


def test_lookahead_keeps_the_rate_of_its_inner_optimizer():
    inner = {"type": "Adam", "lr": 0.1}
    spec = {"optimizer": {"type": "Lookahead", "params": {"optimizer": inner, "k": 3}}}
    assert read(spec).optimizer == {"type": "Lookahead", "optimizer": inner, "k": 3}


def test_arguments_of_an_optimizer_add_up():
    spec = {
        "optimizer": {"type": "sgd", "params": {"momentum": 0.5}, "config": {"dampening": "1e-1"}, "no_decay": True}
    }
    assert read(spec).optimizer == {"type": "SGD", "lr": 0.001, "momentum": 0.5, "dampening": 0.1, "no_decay": True}


def test_unknown_optimizer_names_the_nearest():
    names = sorted(OPTIMIZERS.types)
    expected = f"an optimizer: {', '.join(names[:12])} and {len(names) - 12} more"
    assert find({"optimizer": {"type": "torch.optim.Adm", "params": {"any": 1}}}) == [
        Problem(("optimizer", "type"), "'torch.optim.Adm'", expected, "did you mean 'Adam'?", "unknown-type")
    ]


def test_optimizer_needs_a_type():
    assert find({"trainer": {"optimizer": {"lr": 0.1}}}) == [
        Problem(("trainer", "optimizer"), "no key 'type'", "the key 'type', which is required", code="missing-key")
    ]
    assert find({"optimizer": {"typ": "adam"}}) == [
        Problem(("optimizer", "typ"), "the key 'typ'", "one of the keys: type", "did you mean 'type'?", "unknown-key")
    ]
    assert find({"optimizer": 3}) == [
        Problem(("optimizer",), "3", "an optimizer: its name, or a mapping {type: ..., ...}", code="not-a-mapping")
    ]


def test_unknown_keys_of_an_optimizer_say_where_they_belong():
    spec = {"optimizer": {"type": "sgd", "momentum": 0.9, "parms": {}, "params": {"momentm": 1}}}
    keys = "one of the keys: config, groups, learning_rate, lr, no_decay, params, type"
    arguments = sorted({*OPTIMIZERS.read_signature(OPTIMIZERS.types["SGD"]).arguments} - {"lr"})
    assert find(spec) == [
        Problem(
            ("optimizer", "momentum"), "the key 'momentum'", keys, "write 'momentum' under `params`", "unknown-key"
        ),
        Problem(("optimizer", "parms"), "the key 'parms'", keys, "did you mean 'params'?", "unknown-key"),
        Problem(
            ("optimizer", "params", "momentm"),
            "the key 'momentm'",
            f"one of the keys: {', '.join(arguments)}",
            "did you mean 'momentum'?",
            "unknown-key",
        ),
    ]


PAIR = "two numbers of at least 0 and below 1"


@pytest.mark.parametrize(
    ("type_", "key", "value", "found", "expected"),
    [
        ("adam", "lr", 0, "0", "a number above 0"),
        ("adam", "lr", -0.1, "-0.1", "a number above 0"),
        ("adam", "learning_rate", float("inf"), "inf", "a number above 0"),
        ("adam", "lr", float("nan"), "nan", "a number above 0"),
        ("adam", "lr", True, "True", "a number above 0"),
        ("adam", "lr", None, "nothing", "a number above 0"),
        ("rmsprop", "alpha", 0, "0", "a number above 0"),
        ("GlobalRMSprop", "alpha", -1, "-1", "a number above 0"),
        ("rmsprop", "momentum", 1.5, "1.5", "a number from 0 to 1"),
        ("sgd", "momentum", -0.1, "-0.1", "a number from 0 to 1"),
        ("adam", "betas", [0.9, 1], "[0.9, 1]", PAIR),
        ("nadam", "betas", [-0.1, 0.9], "[-0.1, 0.9]", PAIR),
        ("adam", "betas", [0.9], "[0.9]", "a list of 2 values"),
    ],
)
@pytest.mark.parametrize("block", ["params", "config"])
def test_arguments_of_an_optimizer_have_ranges(type_, key, value, found, expected, block):
    spec = {"optimizer": {"type": type_, block: {key: value}}}
    assert find(spec) == [Problem(("optimizer", block, key), found, expected, code="value")]


@pytest.mark.parametrize(
    ("type_", "params"),
    [("sgd", {"momentum": 0}), ("sgd", {"momentum": 1}), ("adam", {"betas": [0, 0.999]}), ("asgd", {"alpha": 0.75})],
)
def test_bounds_of_arguments_are_included(type_, params):
    assert read({"optimizer": {"type": type_, "params": params}}).optimizer["type"]


def test_word_is_no_number():
    expected = "a number, or arithmetic; no names are bound"
    assert find({"optimizer": {"type": "adam", "lr": "fast"}}) == [
        Problem(("optimizer", "lr"), "'fast'", expected, code="unbound-name")
    ]


def test_refusal_of_an_optimizer_is_found_without_a_network():
    spec = {"optimizer": {"type": "sgd", "params": {"nesterov": True}}}
    expected = "arguments that SGD accepts; it says: Nesterov momentum requires a momentum and zero dampening"
    assert find(spec) == [
        Problem(("optimizer",), "{'params': {'nesterov': True}, 'type': 'sgd'}", expected, code="refused")
    ]


def test_arguments_are_a_mapping():
    expected = "a mapping from arguments of the optimizer to values"
    assert find({"optimizer": {"type": "sgd", "params": [1]}}) == [
        Problem(("optimizer", "params"), "[1]", expected, code="not-a-mapping")
    ]
