import fractions

import pytest
import torch

from torcharc.arguments import Argument, Kind, Signature
from torcharc.catalog import Catalog, Selection, read_selection, read_values, spell, to_plain
from torcharc.errors import Problem, SpecError
from torcharc.loss import LOSSES
from torcharc.optimizer import OPTIMIZERS
from torcharc.scheduler import SCHEDULERS

NUMBERS = Catalog("a number type", {"Fraction": fractions.Fraction}, spell(["Fraction"], ["", "fractions."]))


@pytest.mark.parametrize("word", ["Fraction", "fraction", "FRACTION", "fractions.Fraction", "Fractions.fraction"])
def test_type_is_found_in_any_case_with_or_without_module(word):
    assert NUMBERS.find(word) is fractions.Fraction


@pytest.mark.parametrize("word", ["Fractions", "numbers.Fraction", "", 3, None, ["Fraction"]])
def test_other_words_find_nothing(word):
    assert NUMBERS.find(word) is None


@pytest.mark.parametrize("catalog", [OPTIMIZERS, SCHEDULERS, LOSSES])
def test_no_two_types_have_the_same_spelling(catalog):
    assert len({name.lower() for name in catalog.types}) == len(catalog.types)
    assert set(catalog.spellings.values()) == set(catalog.types)


@pytest.mark.parametrize("catalog", [OPTIMIZERS, SCHEDULERS, LOSSES])
def test_every_argument_with_a_number_as_default_takes_numbers(catalog):
    for cls in catalog.types.values():
        for argument in catalog.read_signature(cls).arguments.values():
            if type(argument.default) in (int, float):
                assert argument.kind.names & {"int", "float"}, (cls, argument)


def test_name_alone_is_a_recipe_without_arguments():
    selection, problems = read_selection(OPTIMIZERS, "sgd", ())
    assert (selection.cls, selection.values, problems) == (torch.optim.SGD, {}, [])


def test_recipe_leaves_extra_keys_out():
    selection, problems = read_selection(OPTIMIZERS, {"type": "SGD", "lr": "1e-3", "steps": 3}, (), extra=["steps"])
    assert (selection.values, problems) == ({"lr": 0.001}, [])


def test_refusal_of_the_class_is_wrapped_once():
    selection = Selection(fractions.Fraction, {"numerator": "x"}, ("half",), "'x'")
    with pytest.raises(SpecError) as error:
        selection.make()
    assert str(error.value) == (
        "1 problem in the spec\n"
        "spec.half\n"
        "  found: 'x'\n"
        "  expected: arguments that Fraction accepts; it says: Invalid literal for Fraction: 'x'"
    )
    assert isinstance(error.value.__cause__, ValueError)


def test_list_becomes_a_tuple_of_floats_as_long_as_the_default():
    pair = Signature({"pair": Argument("pair", Kind(frozenset({"list"})), required=False, default=(0.5, 0.5))})
    assert read_values(pair, {"pair": [0, 0.9]}, ()) == ({"pair": (0.0, 0.9)}, [])
    problem = Problem(("pair",), "[0.9]", "a list of 2 values", code="value")
    assert read_values(pair, {"pair": [0.9]}, ()) == ({"pair": [0.9]}, [problem])


def test_function_must_be_a_function():
    signature = Signature({"scale_fn": Argument("scale_fn", required=False)})
    assert read_values(signature, {"scale_fn": abs}, ())[1] == []
    expected = "a function of Python, which no spec file can hold"
    problem = Problem(("scale_fn",), "'abs'", expected, code="value")
    assert read_values(signature, {"scale_fn": "abs"}, ())[1] == [problem]


def test_plain_spec_is_a_copy():
    spec = {"betas": (0.9, 0.99), "deep": {"list": [1, [2]]}, "text": "abc"}
    assert to_plain(spec) == {"betas": [0.9, 0.99], "deep": {"list": [1, [2]]}, "text": "abc"}
    assert to_plain(spec)["deep"] is not spec["deep"]
