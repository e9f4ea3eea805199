"""The losses of the training part of a spec."""

import pytest
from training_part import LOSS, MSE, find, read

from torcharc.errors import Problem
from torcharc.loss import LOSSES


@pytest.mark.parametrize(
    "word", ["mse", "core.mse", "MSELoss", "nn.MSELoss", "F.mse_loss", "torch.nn.functional.mse_loss"]
)
def test_loss_has_many_spellings(word):
    assert read({"loss": {**LOSS, "type": word}}).criterion == [MSE]


@pytest.mark.parametrize("key", ["input", "pred", "predictions"])
@pytest.mark.parametrize("prefix", ["", "model."])
@pytest.mark.parametrize("target", ["target", "targets"])
def test_ports_of_a_loss_have_many_spellings(key, prefix, target):
    inputs = {key: f"{prefix}y", target: "target_columns.price"}
    assert read({"loss": {"type": "mse", "inputs": inputs}}).criterion == [MSE]


def test_losses_are_summed_by_weight():
    terms = [LOSS, {**LOSS, "type": "mae", "weight": "1e-1"}, {"type": "l1", "inputs": {"input": "z"}, "name": "far"}]
    assert read({"training": {"loss": terms}}, ["y", "z"]).criterion == [
        MSE,
        {**MSE, "type": "L1Loss", "weight": 0.1, "name": "y_2"},
        {"type": "L1Loss", "inputs": {"input": "z", "target": "z"}, "params": {}, "weight": 1.0, "name": "far"},
    ]


def test_target_may_look_like_an_output():
    inputs = {"input": "y", "target": "model.z"}
    assert read({"loss": {"type": "mse", "inputs": inputs}}, ["y", "z"]).criterion[0]["inputs"] == inputs
    inputs = {"input": "y", "target": "target_columns.model.z"}
    assert read({"loss": {"type": "mse", "inputs": inputs}}, ["y", "z"]).criterion[0]["inputs"] == inputs


def test_weights_of_classes_are_numbers():
    params = {"weight": ["1", "5e-1"], "label_smoothing": "0.1", "ignore_index": "-1"}
    loss = {"type": "cross_entropy", "inputs": {"input": "y", "target": "price"}, "params": params}
    assert read({"loss": loss}).criterion[0]["params"] == {
        "weight": [1.0, 0.5],
        "label_smoothing": 0.1,
        "ignore_index": -1,
    }


def test_absent_parts_of_a_loss_may_be_null():
    assert read({"loss": {**LOSS, "params": None, "weight": None}}).criterion == [MSE]


def test_loss_by_name_without_known_outputs_takes_the_one():
    assert read({"loss": "mse"}, None).criterion[0]["inputs"] == {"input": "output", "target": "output"}


def test_unknown_loss_names_the_nearest():
    names = sorted([*LOSSES.types, *LOSSES.list_more()])
    expected = f"a loss: {', '.join(names[:12])} and {len(names) - 12} more"
    hint = "did you mean 'BCELoss'?"
    assert find({"loss": {**LOSS, "type": "core.BCELos"}}) == [
        Problem(("loss", "type"), "'core.BCELos'", expected, hint, "unknown-type")
    ]
    assert find({"trainer": {"loss": "torch.nn.BCELos"}}) == [
        Problem(("trainer", "loss"), "'torch.nn.BCELos'", expected, hint, "unknown-type")
    ]


def test_input_of_a_loss_names_an_output():
    loss = {"type": "mse", "inputs": {"pred": "model.probabilty", "target": "left"}}
    assert find({"training": {"loss": [LOSS, loss]}}, ["probability", "y"]) == [
        Problem(
            ("training", "loss", 1, "inputs", "pred"),
            "'model.probabilty'",
            "an output of the network: probability, y",
            "did you mean 'probability'?",
            "reference",
        )
    ]


def test_loss_by_name_is_not_clear_where_there_are_several_outputs():
    hint = "write inputs: {input: <output>, target: <column>}; the outputs are y, z"
    assert find({"loss": "mse"}, ["y", "z"]) == [
        Problem(("loss",), "no key 'inputs'", "the key 'inputs', which is required", hint, "missing-key")
    ]


def test_chosen_output_is_an_output():
    spec = {"training": {"loss": "mse", "target_output_key": "zz"}}
    expected = "an output of the network: y, z"
    assert find(spec, ["y", "z"]) == [
        Problem(("training", "target_output_key"), "'zz'", expected, code="reference"),
    ]


def test_problems_of_all_losses_come_at_once():
    terms = [
        {**LOSS, "params": {"reduction": "none", "size": 1}, "weight": "heavy"},
        {**LOSS, "input": "y"},
        {"inputs": {"input": "y"}},
        7,
    ]
    assert find({"loss": terms}) == [
        Problem(("loss", 0, "weight"), "'heavy'", "a number, or arithmetic; no names are bound", code="unbound-name"),
        Problem(("loss", 2), "no key 'type'", "the key 'type', which is required", code="missing-key"),
        Problem(("loss", 3), "7", "a loss: its name, or a mapping {type: ..., ...}", code="not-a-mapping"),
        Problem(
            ("loss", 0, "params", "size"),
            "the key 'size'",
            "one of the keys: reduce, reduction, size_average",
            code="unknown-key",
        ),
        Problem(
            ("loss", 0, "params", "reduction"),
            "'none'",
            "one of mean, sum: the terms of a sum are scalars",
            code="value",
        ),
        Problem(
            ("loss", 1, "input"),
            "the key 'input'",
            "one of the keys: inputs, name, params, type, weight",
            "did you mean 'inputs'?",
            "unknown-key",
        ),
    ]


def test_empty_list_of_losses_is_refused():
    assert find({"loss": []}) == [Problem(("loss",), "[]", "a loss, or a list of at least one", code="empty")]


def test_refusal_of_a_loss_is_found_without_building_it():
    loss = {"type": "MultiMarginLoss", "inputs": {"input": "y"}, "params": {"p": 3}}
    expected = "arguments that MultiMarginLoss accepts; it says: only p == 1 and p == 2 supported"
    assert find({"loss": loss}) == [Problem(("loss", "params"), "{'p': 3}", expected, code="refused")]


def test_huge_loss_is_not_allocated():
    params = {"in_features": 10**6, "n_classes": 10**9, "cutoffs": [10]}
    loss = {"type": "AdaptiveLogSoftmaxWithLoss", "inputs": {"input": "y"}, "params": params}
    assert read({"loss": loss}).criterion[0]["params"] == params
