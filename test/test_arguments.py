"""Reading the arguments of a call, and their values."""

import enum

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import torcharc
from torcharc.arguments import Kind, name_kind, read_arguments, read_signature, read_value
from torcharc.errors import SpecError

INT = Kind(frozenset({"int"}))
SIZE = Kind(frozenset({"int"}), low=1)
FLOAT = Kind(frozenset({"float"}))
BOOL = Kind(frozenset({"bool"}))
SIZES = Kind(frozenset({"int", "list"}), Kind(frozenset({"int"}), low=1), low=1)


def message(signature, values, **options):
    _, problems = read_arguments(signature, values, ("node",), **options)
    return str(SpecError(problems)) if problems else ""


# reading values


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (INT, 3),
        (INT, -3),
        (SIZE, 1),
        (FLOAT, 1.5),
        (FLOAT, 2),
        (FLOAT, numpy.float64(1.5)),
        (BOOL, True),
        (BOOL, False),
        (SIZES, 3),
        (SIZES, [3, 5]),
        (SIZES, (3, 5)),
        (Kind(frozenset({"str"}), words=("x", "y")), "x"),
        (Kind(frozenset({"int", "null"})), None),
        (Kind(frozenset({"dict"})), {"a": 1}),
        (Kind(frozenset({"dict"})), {"type": "Linear"}),
        (Kind(frozenset({"module"})), {"type": "Linear"}),
        (Kind(frozenset({"module"})), nn.Linear(2, 2)),
        (Kind(frozenset({"list"})), ["anything", None]),
        (Kind(), object()),
    ],
)
def test_value_that_fits_is_kept(kind, value):
    found, problems = read_value(kind, value, ())
    assert problems == []
    assert found == (list(value) if isinstance(value, tuple) else value)
    assert type(found) is type(value) or isinstance(value, tuple)


@pytest.mark.parametrize("text", ["1e-3", "1e5", "2.5E-4", "-1e2", ".5e1", "3.e2"])
def test_exponents_that_yaml_reads_as_strings_are_numbers(text):
    assert read_value(FLOAT, text, ()) == (float(text), [])
    _, problems = read_value(INT, text, ())
    assert problems


@pytest.mark.parametrize(
    ("kind", "value", "found", "expected", "hint"),
    [
        (INT, "4", "'4'", "an integer", "write 4 without quotes"),
        (INT, 4.0, "4.0", "an integer", "write 4"),
        (INT, 4.5, "4.5", "an integer", ""),
        (INT, True, "True", "an integer", ""),
        (INT, None, "nothing", "an integer", ""),
        (INT, [4], "[4]", "an integer", ""),
        (INT, {"a": 1}, "{'a': 1}", "an integer", ""),
        (SIZE, 0, "0", "an integer above 0", ""),
        (SIZE, -3, "-3", "an integer above 0", ""),
        (SIZE, "0", "'0'", "an integer above 0", ""),
        (FLOAT, "0.5", "'0.5'", "a number", "write 0.5 without quotes"),
        (FLOAT, "much", "'much'", "a number", ""),
        (FLOAT, True, "True", "a number", ""),
        (FLOAT, [0.5], "[0.5]", "a number", ""),
        (Kind(frozenset({"float"}), low=0, high=1), 1.5, "1.5", "a number from 0 to 1", ""),
        (Kind(frozenset({"float"}), low=0, high=1), -0.1, "-0.1", "a number from 0 to 1", ""),
        (Kind(frozenset({"float"}), low=0, high=1), float("nan"), "nan", "a number from 0 to 1", ""),
        (Kind(frozenset({"int"}), low=2), 1, "1", "an integer of at least 2", ""),
        (BOOL, 1, "1", "true or false", ""),
        (BOOL, "true", "'true'", "true or false", "write true without quotes"),
        (BOOL, "yEs", "'yEs'", "true or false", ""),
        (
            Kind(frozenset({"str"}), words=("zeros", "reflect")),
            "relfect",
            "'relfect'",
            "one of zeros, reflect",
            "did you mean 'reflect'?",
        ),
        (Kind(frozenset({"str"})), 5, "5", "a string", ""),
        (SIZES, "3", "'3'", "an integer above 0 or a list of integers above 0", "write 3 without quotes"),
        (Kind(frozenset({"int", "null"})), "x", "'x'", "an integer or null", ""),
        (Kind(frozenset({"module"})), "Linear", "'Linear'", "a module as {type: ..., ...}", ""),
        (Kind(frozenset({"dict"})), [1], "[1]", "a mapping", ""),
        (Kind(frozenset({"tensor"})), "x", "'x'", "a tensor", ""),
    ],
)
def test_value_that_does_not_fit_is_a_problem(kind, value, found, expected, hint):
    _, problems = read_value(kind, value, ("node", "key"))
    assert [(p.path, p.found, p.expected, p.hint, p.code) for p in problems] == [
        (("node", "key"), found, expected, hint, "value")
    ]


def test_faulty_items_are_named_by_their_place():
    value, problems = read_value(SIZES, [3, 0, "5"], ("kernel_size",))
    assert value == [3, 0, "5"]
    assert [(p.path, p.found, p.hint) for p in problems] == [
        (("kernel_size", 1), "0", ""),
        (("kernel_size", 2), "'5'", "write 5 without quotes"),
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "bool"),
        (1, "int"),
        (1.0, "float"),
        ("a", "str"),
        (None, "null"),
        ([1], "list"),
        ((1,), "list"),
        ({}, "dict"),
        ({"type": "x"}, "module"),
        (torch.zeros(1), "tensor"),
        (enum.Enum("Color", "RED").RED, "Color"),
        (numpy.int64(3), "int64"),
        (nn.ReLU(), "ReLU"),
    ],
)
def test_kinds_of_values(value, kind):
    assert name_kind(value) == kind


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda items: st.one_of(st.lists(items, max_size=3), st.dictionaries(st.text(max_size=5), items, max_size=3)),
    max_leaves=6,
)
kinds = st.sampled_from(
    [
        argument.kind
        for cls in (nn.Linear, nn.Conv2d, nn.LSTM, nn.LayerNorm, nn.Dropout, nn.TransformerEncoder, nn.Embedding)
        for argument in read_signature(cls).arguments.values()
    ]
)


@settings(max_examples=300, deadline=None)
@given(kinds, anything)
def test_any_value_is_kept_or_told(kind, value):
    found, problems = read_value(kind, value, ("key",))
    assert all(problem.path[0] == "key" and problem.expected and problem.found for problem in problems)
    if not problems and not isinstance(value, str):
        assert found == value or value != value


# reading all arguments of a call


def test_arguments_that_fit_are_given_back():
    values, problems = read_arguments(read_signature(nn.Dropout), {"p": "1e-1"}, ())
    assert (values, problems) == ({"p": 0.1}, [])


def test_unknown_key_names_the_nearest():
    assert message(read_signature(nn.Linear), {"in_features": 3, "out_features": 2, "bais": False}) == (
        "1 problem in the spec\n"
        "spec.node.bais\n"
        "  found: the key 'bais'\n"
        "  expected: one of the keys: bias, in_features, out_features\n"
        "  hint: did you mean 'bias'?"
    )


def test_missing_keys_are_named():
    assert message(read_signature(nn.Linear), {}) == (
        "2 problems in the spec\n"
        "spec.node\n"
        "  found: no key 'in_features'\n"
        "  expected: the key 'in_features', which is required\n"
        "spec.node\n"
        "  found: no key 'out_features'\n"
        "  expected: the key 'out_features', which is required"
    )


def test_misspelt_required_key_is_one_problem():
    assert message(read_signature(nn.Linear), {"in_features": 3, "out_feature": 2}) == (
        "1 problem in the spec\n"
        "spec.node.out_feature\n"
        "  found: the key 'out_feature'\n"
        "  expected: one of the keys: bias, in_features, out_features\n"
        "  hint: did you mean 'out_features'?"
    )


def test_filled_keys_may_be_absent_and_extra_keys_are_named():
    signature = read_signature(nn.Linear)
    assert message(signature, {"out_features": 2}, filled=["in_features"]) == ""
    text = message(signature, {"out_features": 2, "x": 1}, filled=["in_features"], extra=["type"])
    assert text == (
        "1 problem in the spec\n"
        "spec.node.x\n"
        "  found: the key 'x'\n"
        "  expected: one of the keys: bias, in_features, out_features, type"
    )


def test_arguments_of_nothing_allow_no_keys():
    assert message(read_signature(nn.Tanh), {"colour": 1}) == (
        "1 problem in the spec\nspec.node.colour\n  found: the key 'colour'\n  expected: no further keys"
    )


def test_open_signature_takes_any_key_but_still_misses_required_ones():
    def function(a: int, **more):
        pass

    assert message(read_signature(function), {"a": 1, "b": 2}) == ""
    assert message(read_signature(function), {"b": 2}) == (
        "1 problem in the spec\nspec.node\n  found: no key 'a'\n  expected: the key 'a', which is required"
    )


def test_all_faults_are_told_at_once():
    text = message(read_signature(nn.Conv2d), {"in_channels": 0, "out_channels": "8", "kernal_size": 3})
    assert text == (
        "3 problems in the spec\n"
        "spec.node.kernal_size\n"
        "  found: the key 'kernal_size'\n"
        "  expected: one of the keys: bias, dilation, groups, in_channels, kernel_size, out_channels, padding,"
        " padding_mode, stride\n"
        "  hint: did you mean 'kernel_size'?\n"
        "spec.node.in_channels\n"
        "  found: 0\n"
        "  expected: an integer above 0\n"
        "spec.node.out_channels\n"
        "  found: '8'\n"
        "  expected: an integer above 0\n"
        "  hint: write 8 without quotes"
    )


def test_null_may_stand_for_a_default_of_null():
    assert message(read_signature(nn.MaxPool2d), {"kernel_size": 2, "stride": None}) == ""
    assert message(read_signature(nn.Linear), {"in_features": 2, "out_features": None}).endswith(
        "spec.node.out_features\n  found: nothing\n  expected: an integer above 0"
    )


def test_given_values_are_not_changed():
    given = {"kernel_size": [3, 3], "in_channels": 1, "out_channels": 1, "padding": "1e1"}
    before = {**given, "kernel_size": list(given["kernel_size"])}
    read_arguments(read_signature(nn.Conv2d), given, ())
    assert given == before


@pytest.mark.parametrize(
    ("word", "meant"),
    [*[(word, True) for word in ("yes", "Yes", "on", "ON")], *[(word, False) for word in ("no", "NO", "off", "Off")]],
)
def test_words_of_yaml_are_switches_where_one_is_due(word, meant):
    assert read_value(BOOL, word, ()) == (meant, [])
    assert read_value(Kind(frozenset({"bool", "str"})), word, ()) == (word, [])


def test_switch_in_a_file_means_what_people_mean(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(
        "dag_in_shape: [4]\n"
        "no: {type: Linear, layers: [010], batch_norm: on, bias: off}\n"
        "out: {type: ReLU, inplace: yes, when: on}\n"
    )
    network = torcharc.build(path)
    assert list(network.module_dict) == ["no", "out"]
    assert repr(network.module_dict["no"]) == repr(nn.Sequential(nn.Linear(4, 10, bias=False), nn.BatchNorm1d(10)))
    assert network.module_dict["out"].inplace is True
