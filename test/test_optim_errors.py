"""Faulty specs of optimizers, and any value as one."""

import contextlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_network import Graph, make_model, message
from torch import nn

from torcharc.errors import SpecError
from torcharc.optim import build_optimizer
from torcharc.optimizer import OPTIMIZERS

OF_TORCH = (cls for cls in vars(torch.optim).values() if isinstance(cls, type) and cls is not torch.optim.Optimizer)
OPTIMIZER_NAMES = sorted([*(cls.__name__ for cls in OF_TORCH), "GlobalAdam", "GlobalRMSprop", "Lookahead"])


def test_unknown_type_names_the_nearest():
    assert message({"type": "torch.optim.Adm"}) == (
        "1 problem in the spec\n"
        "spec.type\n"
        "  found: 'torch.optim.Adm'\n"
        f"  expected: an optimizer: {', '.join(OPTIMIZER_NAMES[:12])} and {len(OPTIMIZER_NAMES) - 12} more\n"
        "  hint: did you mean 'Adam'?"
    )


def test_base_class_is_no_type():
    assert message("Optimizer").splitlines()[1:3] == ["spec", "  found: 'Optimizer'"]


@pytest.mark.parametrize(("spec", "found"), [(3, "3"), (None, "nothing"), ([], "[]"), (True, "True")])
def test_spec_must_be_a_mapping_or_a_name(spec, found):
    assert message(spec) == (
        f"1 problem in the spec\nspec\n  found: {found}\n"
        "  expected: an optimizer: its name, or a mapping {type: ..., ...}"
    )


def test_missing_type_is_named():
    assert message({"lr": 0.1}) == (
        "1 problem in the spec\nspec\n  found: no key 'type'\n  expected: the key 'type', which is required"
    )


def test_misspelt_type_key_is_named():
    assert message({"tpye": "Adam"}) == (
        "1 problem in the spec\n"
        "spec.tpye\n"
        "  found: the key 'tpye'\n"
        "  expected: one of the keys: type\n"
        "  hint: did you mean 'type'?"
    )


def test_all_problems_come_at_once():
    groups = [{"match": "0.*", "lr": "0.1"}, {"match": "x.*", "momentun": 1}, {"match": "0.bias"}, "1.*"]
    assert message({"type": "SGD", "learning_rate": 1, "groups": groups, "no_decay": "false"}) == (
        "7 problems in the spec\n"
        "spec.learning_rate\n"
        "  found: the key 'learning_rate'\n"
        "  expected: one of the keys: dampening, differentiable, foreach, fused, groups, lr, maximize, momentum,"
        " nesterov, no_decay, type, weight_decay\n"
        "spec.no_decay\n"
        "  found: 'false'\n"
        "  expected: true or false\n"
        "  hint: write false without quotes\n"
        "spec.groups[0].lr\n"
        "  found: '0.1'\n"
        "  expected: a number or a tensor\n"
        "  hint: write 0.1 without quotes\n"
        "spec.groups[1].momentun\n"
        "  found: the key 'momentun'\n"
        "  expected: one of the keys: dampening, differentiable, foreach, fused, lr, match, maximize, momentum,"
        " nesterov, weight_decay\n"
        "  hint: did you mean 'momentum'?\n"
        "spec.groups[3]\n"
        "  found: '1.*'\n"
        "  expected: a mapping {match: pattern, ...options}\n"
        "spec.groups[1].match\n"
        "  found: 'x.*'\n"
        "  expected: a pattern that matches a parameter; their names begin with: 0, 1, 2\n"
        "spec.groups[2].match\n"
        "  found: '0.bias'\n"
        "  expected: a pattern with a match that no earlier group takes; groups[0] took all of them\n"
        "  hint: place narrow patterns before wide ones"
    )


def test_refused_argument_shows_the_reason_of_torch():
    with pytest.raises(SpecError) as error:
        build_optimizer({"type": "Adam", "lr": -1}, make_model())
    assert str(error.value) == (
        "1 problem in the spec\n"
        "spec\n"
        "  found: {'lr': -1, 'type': 'Adam'}\n"
        "  expected: arguments that Adam accepts; it says: Invalid learning rate: -1"
    )
    assert isinstance(error.value.__cause__, ValueError)


def test_refused_options_of_groups_are_named():
    groups = [{"match": "0.*", "lr": -1}, {"match": "1.*"}, {"match": "2.*", "momentum": -2}]
    assert message({"type": "SGD", "groups": groups}) == (
        "2 problems in the spec\n"
        "spec.groups[0]\n"
        "  found: {'lr': -1, 'match': '0.*'}\n"
        "  expected: arguments that SGD accepts; it says: Invalid learning rate: -1\n"
        "spec.groups[2]\n"
        "  found: {'match': '2.*', 'momentum': -2}\n"
        "  expected: arguments that SGD accepts; it says: Invalid momentum value: -2"
    )


def test_unmatched_pattern_names_the_nearest():
    assert message({"type": "SGD", "groups": [{"match": "imgae.*", "lr": 0.1}]}, Graph()) == (
        "1 problem in the spec\n"
        "spec.groups[0].match\n"
        "  found: 'imgae.*'\n"
        "  expected: a pattern that matches a parameter; their names begin with: image, vector\n"
        "  hint: did you mean 'image.*'?"
    )


def test_taken_pattern_is_named():
    assert message({"type": "SGD", "groups": [{"match": "*"}, {"match": "image.*", "lr": 0.1}]}, Graph()) == (
        "1 problem in the spec\n"
        "spec.groups[1].match\n"
        "  found: 'image.*'\n"
        "  expected: a pattern with a match that no earlier group takes; groups[0] took all of them\n"
        "  hint: place narrow patterns before wide ones"
    )


def test_groups_must_be_a_list():
    assert message({"type": "SGD", "groups": {"match": "*"}}) == (
        "1 problem in the spec\n"
        "spec.groups\n"
        "  found: {'match': '*'}\n"
        "  expected: a list, each entry a mapping {match: pattern, ...options}"
    )


def test_lbfgs_has_no_groups():
    assert message({"type": "LBFGS", "groups": [{"match": "*"}], "no_decay": True}) == (
        "2 problems in the spec\n"
        "spec.no_decay\n"
        "  found: true\n"
        "  expected: an optimizer with weight_decay, which LBFGS has not\n"
        "spec.groups\n"
        "  found: [{'match': '*'}]\n"
        "  expected: no groups: LBFGS keeps all parameters in one"
    )


def test_lbfgs_line_search_is_checked_before_the_first_step():
    assert message({"type": "LBFGS", "line_search_fn": "wolfe"}) == (
        "1 problem in the spec\nspec.line_search_fn\n  found: 'wolfe'\n  expected: one of strong_wolfe or null"
    )


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon")
@pytest.mark.parametrize(("spec", "key"), [("Muon", "type"), ({"type": "Lookahead", "optimizer": "muon"}, "optimizer")])
def test_muon_names_what_is_no_matrix(spec, key):
    assert message(spec) == (
        "1 problem in the spec\n"
        f"spec.{key}\n"
        "  found: Muon\n"
        "  expected: an optimizer for all parameters; Muon takes matrices alone, not:"
        " 0.bias, 1.bias, 1.weight, 2.bias\n"
        "  hint: freeze those, or give them an optimizer of their own"
    )


def test_model_without_parameters_is_refused():
    assert message("Adam", nn.ReLU()) == (
        "1 problem in the spec\n"
        "spec\n"
        "  found: a model without any to train\n"
        "  expected: a model with parameters that require gradients"
    )


def test_lookahead_problems_are_named():
    assert message({"type": "Lookahead", "alpha": 2, "k": 0.5}) == (
        "2 problems in the spec\n"
        "spec.alpha\n"
        "  found: 2\n"
        "  expected: a number from 0 to 1\n"
        "spec.k\n"
        "  found: 0.5\n"
        "  expected: an integer above 0"
    )


def test_lookahead_inner_problems_are_named():
    assert message({"type": "Lookahead", "optimizer": {"type": "SGD", "lr": 1, "momentun": 0}, "lr": 2}) == (
        "2 problems in the spec\n"
        "spec.optimizer.momentun\n"
        "  found: the key 'momentun'\n"
        "  expected: one of the keys: dampening, differentiable, foreach, fused, lr, maximize, momentum, nesterov,"
        " type, weight_decay\n"
        "  hint: did you mean 'momentum'?\n"
        "spec.lr\n"
        "  found: 2\n"
        "  expected: one value; `optimizer` states another"
    )


def test_lookahead_inner_type_is_checked():
    assert message({"type": "Lookahead", "optimizer": "lookahead"}) == (
        "1 problem in the spec\nspec.optimizer\n  found: 'lookahead'\n  expected: an optimizer other than Lookahead"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("1e-3"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["lr", "betas", "momentum", "groups", "no_decay", "k", "optimizer", "foreach", "eps"])


@st.composite
def likely_specs(draw):
    """Known types and keys, arbitrary values."""
    return {"type": draw(st.sampled_from(sorted(OPTIMIZERS.types))), **draw(st.dictionaries(KEYS, JSON, max_size=3))}


@settings(max_examples=150, deadline=None)
@given(JSON | likely_specs())
def test_any_value_builds_or_is_a_spec_error(spec):
    with contextlib.suppress(SpecError):
        build_optimizer(spec, nn.Linear(2, 2, bias=False))
