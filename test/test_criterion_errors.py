"""Faulty specs of criteria, and any value as one."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_specs import REQUIRED, message
from plain_values import JSON
from torch import nn

from torcharc.criterion import build_criterion
from torcharc.errors import SpecError
from torcharc.loss import LOSSES

# types and functions; the types stand first, as they begin with capitals
LISTED = ", ".join(sorted(name for name in dir(nn) if name.endswith("Loss"))[:12])
LISTED += f" and {len({*LOSSES.types, *LOSSES.list_more()}) - 12} more"


def test_unknown_type_names_the_nearest():
    assert message({"type": "CrossEntropyLos", "weight": [1]}) == (
        "1 problem in the spec\n"
        "spec.type\n"
        "  found: 'CrossEntropyLos'\n"
        f"  expected: a loss: {LISTED}\n"
        "  hint: did you mean 'CrossEntropyLoss'?"
    )


def test_all_problems_of_one_loss_come_at_once():
    assert message({"type": "CrossEntropyLoss", "weight": [1, "x"], "reduction": "maen", "ignore": 1}) == (
        "3 problems in the spec\n"
        "spec.weight[1]\n"
        "  found: 'x'\n"
        "  expected: a number\n"
        "spec.ignore\n"
        "  found: the key 'ignore'\n"
        "  expected: one of the keys: ignore_index, label_smoothing, reduce, reduction, size_average, type, weight\n"
        "spec.reduction\n"
        "  found: 'maen'\n"
        "  expected: one of none, mean, sum\n"
        "  hint: did you mean 'mean'?"
    )


def test_refused_argument_shows_the_reason_of_torch():
    assert message({"type": "MultiMarginLoss", "p": 3}) == (
        "1 problem in the spec\n"
        "spec\n"
        "  found: {'p': 3, 'type': 'MultiMarginLoss'}\n"
        "  expected: arguments that MultiMarginLoss accepts; it says: only p == 1 and p == 2 supported"
    )


def test_empty_list_is_refused():
    assert message([]) == "1 problem in the spec\nspec\n  found: []\n  expected: at least one term"


@pytest.mark.parametrize("spec", [3, None, True])
def test_spec_must_be_a_mapping_or_a_name(spec):
    assert message(spec) == (
        "1 problem in the spec\n"
        "spec\n"
        f"  found: {'nothing' if spec is None else spec}\n"
        "  expected: a loss: its name, or a mapping {type: ..., ...}"
    )


def test_problems_of_all_terms_come_at_once():
    terms = [
        {"type": "msee", "inputs": {"input": "a"}},
        {"type": "mse", "input": "a", "reduction": "sum"},
        {"type": "cross_entropy", "inputs": {"input": "a", "traget": 3}, "params": {"weight": [], "smooth": 1}},
        {"type": "cross_entropy", "inputs": {"input": "b"}, "weight": [1, 2]},
        "mse",
    ]
    assert message(terms) == (
        "8 problems in the spec\n"
        "spec[0].type\n"
        "  found: 'msee'\n"
        f"  expected: a loss: {LISTED}\n"
        "  hint: did you mean 'mse'?\n"
        "spec[1].input\n"
        "  found: the key 'input'\n"
        "  expected: one of the keys: inputs, name, params, type, weight\n"
        "  hint: did you mean 'inputs'?\n"
        "spec[1].reduction\n"
        "  found: the key 'reduction'\n"
        "  expected: one of the keys: inputs, name, params, type, weight\n"
        "  hint: write 'reduction' under `params`\n"
        "spec[2].params.weight\n"
        "  found: []\n"
        "  expected: at least one number\n"
        "spec[2].params.smooth\n"
        "  found: the key 'smooth'\n"
        "  expected: one of the keys: ignore_index, label_smoothing, reduce, reduction, size_average, weight\n"
        "spec[2].inputs.traget\n"
        "  found: the key 'traget'\n"
        "  expected: one of the keys: input, target\n"
        "  hint: did you mean 'target'?\n"
        "spec[3].weight\n"
        "  found: [1, 2]\n"
        "  expected: a number\n"
        "  hint: write class weights under `params`\n"
        "spec[4]\n"
        "  found: 'mse'\n"
        "  expected: a mapping {type: ..., inputs: {input: <output>, target: <target>}, ...}"
    )


def test_none_reduction_has_no_place_in_a_sum():
    assert message([{"type": "mse", "inputs": {"input": "a"}, "params": {"reduction": "none"}}]) == (
        "1 problem in the spec\n"
        "spec[0].params.reduction\n"
        "  found: 'none'\n"
        "  expected: one of mean, sum: the terms of a sum are scalars"
    )


def test_name_that_another_term_has_is_refused():
    terms = [{"type": "mse", "inputs": {"input": "y"}}, {"type": "l1", "inputs": {"input": "x"}, "name": "y"}]
    assert message(terms) == (
        "1 problem in the spec\nspec[1].name\n  found: 'y'\n  expected: a name of its own: another term is called 'y'"
    )


def test_missing_and_double_ports_are_named():
    terms = [
        {"type": "TripletMarginLoss", "inputs": {"anchor": "a", "postive": "b"}, "name": "one"},
        {"type": "mse", "inputs": {"input": "a", "pred": "b", "target": 3}, "name": "two"},
        {"type": "mse", "inputs": {}, "name": "three"},
    ]
    assert message(terms) == (
        "5 problems in the spec\n"
        "spec[0].inputs.postive\n"
        "  found: the key 'postive'\n"
        "  expected: one of the keys: anchor, negative, positive\n"
        "  hint: did you mean 'positive'?\n"
        "spec[0].inputs\n"
        "  found: no key 'negative'\n"
        "  expected: the key 'negative', which is required\n"
        "spec[1].inputs.pred\n"
        "  found: the key 'pred'\n"
        "  expected: 'input' once\n"
        "spec[1].inputs.target\n"
        "  found: 3\n"
        "  expected: the name of a target\n"
        "spec[2].inputs\n"
        "  found: no key 'input'\n"
        "  expected: the key 'input', which is required"
    )


def test_params_without_inputs_are_no_loss():
    assert message({"type": "mse", "params": {}}) == (
        "1 problem in the spec\nspec\n  found: no key 'inputs'\n  expected: the key 'inputs', which is required"
    )


@st.composite
def likely_specs(draw):
    """Known types and keys, arbitrary values."""
    name = draw(st.sampled_from(sorted({*LOSSES.types} - {*REQUIRED})))
    keys = sorted({*LOSSES.read_signature(LOSSES.types[name]).arguments, "name", "params", "inputs"})
    keys = [key for key in keys if key not in ("reduce", "size_average")]  # torch warns of these
    return {"type": name, **draw(st.dictionaries(st.sampled_from(keys), JSON, max_size=4))}


@settings(max_examples=200, deadline=None)
@given(JSON | likely_specs() | st.lists(likely_specs(), max_size=2))
def test_any_value_builds_or_is_a_spec_error(spec):
    with contextlib.suppress(SpecError):
        build_criterion(spec)
