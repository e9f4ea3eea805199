import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torcharc.errors import Problem
from torcharc.loss import LOSSES
from torcharc.optimizer import OPTIMIZERS
from torcharc.spec.training import TRAINING_KEYS, Training, read_training
from torcharc.spec.training_settings import METRICS, SETTINGS

LOSS = {"type": "torch.nn.MSELoss", "inputs": {"input": "y", "target": "price"}}
MSE = {"type": "MSELoss", "inputs": {"input": "y", "target": "price"}, "params": {}, "weight": 1.0, "name": "y"}
ADAM = {"type": "Adam", "lr": 0.001}


def read(spec, outputs=("y",), **options):
    """The training part of a spec without problems."""
    before = copy.deepcopy(spec)
    training, problems = read_training(spec, outputs, **options)
    assert problems == []
    assert spec == before
    return training


def find(spec, outputs=("y",), **options):
    """The problems of a spec that has some."""
    before = copy.deepcopy(spec)
    training, problems = read_training(spec, outputs, **options)
    assert training is None
    assert spec == before
    return problems


def twice(path, found, place, first):
    return Problem(path, found, f"the same as {place}: {first}", code="twice")


# the four dialects


def test_dialect_of_version_0():
    spec = {
        "version": "0.1",
        "model_name": "churn",
        "description": "who leaves",
        "features": {"feature_columns": ["age", "visits"], "target_columns": ["left"], "processors": []},
        "model": {"inputs": {}, "graph": [], "outputs": {"probability": "squash.output"}},
        "trainer": {
            "optimizer": {"type": "AdamW", "config": {"learning_rate": 0.01, "weight_decay": "1e-2"}},
            "loss": {"type": "core.BCELoss", "inputs": {"pred": "model.probability", "target": "target_columns.left"}},
            "config": {"epochs": 20, "batch_size": 64, "shuffle": True},
        },
        "predictor": {"returns": ["model.probability"]},
    }
    assert read(spec, ["probability"]) == Training(
        criterion=[
            {
                "type": "BCELoss",
                "inputs": {"input": "probability", "target": "left"},
                "params": {},
                "weight": 1.0,
                "name": "probability",
            }
        ],
        optimizer={"type": "AdamW", "lr": 0.01, "weight_decay": 0.01},
        settings={"epochs": 20, "batch_size": 64, "shuffle": True},
        predictor={"returns": ["model.probability"]},
        metadata={
            "version": "0.1",
            "model_name": "churn",
            "description": "who leaves",
            "features": {"feature_columns": ["age", "visits"], "target_columns": ["left"], "processors": []},
        },
    )


def test_dialect_of_version_1_with_its_trainer_document():
    model = {"inputs": {}, "graph": [], "outputs": {"y": "last.output"}, "loss": LOSS}
    trainer = {
        "model_ref": "house-v1",
        "optimizer": {"type": "torch.optim.SGD", "lr": 0.05, "params": {"momentum": 0.9, "nesterov": True}},
        "config": {"epochs": 5, "validation_split": 0, "early_stopping_patience": None, "device": "auto"},
    }
    expected = Training(
        criterion=[MSE],
        optimizer={"type": "SGD", "lr": 0.05, "momentum": 0.9, "nesterov": True},
        settings={"epochs": 5, "validation_split": 0, "early_stopping_patience": None, "device": "auto"},
        metadata={"model_ref": "house-v1"},
    )
    assert read({**model, **trainer}) == expected
    assert read({**model, "trainer": trainer}) == expected
    assert read({"model": model, **trainer}) == expected


def test_published_dialect_with_a_loss_by_name():
    spec = {
        "outputs": {"y": "last.output"},
        "trainer": {
            "optimizer": {"type": "torch.optim.Adam", "params": {"lr": "1e-2", "betas": [0.8, 0.99]}},
            "loss": "torch.nn.MSELoss",
            "epochs": 50,
            "batch_size": 32,
            "validation_split": 0.2,
        },
        "evaluator": {"metrics": ["rmse", "r2"]},
    }
    assert read(spec) == Training(
        criterion=[{**MSE, "inputs": {"input": "y", "target": "y"}}],
        optimizer={"type": "Adam", "lr": 0.01, "betas": (0.8, 0.99)},
        settings={"epochs": 50, "batch_size": 32, "validation_split": 0.2},
        evaluator={"metrics": ["rmse", "r2"]},
    )


def test_published_dialect_with_a_chosen_output():
    spec = {
        "optimizer": {"type": "torch.optim.Adam"},
        "loss": {"type": "mse"},
        "config": {"learning_rate": 0.01, "target_output_key": "y", "reshape_targets": True},
    }
    training = read(spec, ["logits", "y"])
    assert training.criterion == [{**MSE, "inputs": {"input": "y", "target": "y"}}]
    assert training.optimizer == {"type": "Adam", "lr": 0.01}
    assert training.settings == {"target_output_key": "y", "reshape_targets": True}


def test_current_dialect():
    spec = {
        "name": "house",
        "data_table": "sales",
        "plan_id": "p-7",
        "training": {
            "loss": {**LOSS, "params": {"reduction": "sum"}},
            "optimizer": {"type": "torch.optim.RMSprop", "lr": 0.01, "params": {"alpha": 0.9}},
            "epochs": 3,
            "metrics": ["mae"],
        },
    }
    assert read(spec) == Training(
        criterion=[{**MSE, "params": {"reduction": "sum"}}],
        optimizer={"type": "RMSprop", "lr": 0.01, "alpha": 0.9},
        settings={"epochs": 3, "metrics": ["mae"]},
        metadata={"name": "house", "data_table": "sales", "plan_id": "p-7"},
    )


def test_spec_without_training_has_an_empty_one():
    spec = {"inputs": {}, "graph": [], "outputs": {}, "modules": {}, "training": None, "loss": None}
    assert read(spec) == Training([], {}, {})


def test_every_key_of_the_top_is_listed():
    assert set(TRAINING_KEYS) == {
        *("loss", "optimizer", "config", "trainer", "training", "evaluator", "predictor", "features"),
        *("version", "model_name", "description", "name", "data_table", "plan_id", "model_ref"),
    }


# losses


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


# optimizers

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


# settings


def test_every_setting_of_the_reference_is_read():
    given = {
        "epochs": "10",
        "batch_size": "1e2",
        "validation_split": "2e-1",
        "shuffle": False,
        "device": "cuda",
        "num_workers": 0,
        "pin_memory": True,
        "checkpoint_every": 5,
        "save_best_only": True,
        "save_dir": "out/2024",
        "early_stopping_patience": 3,
        "early_stopping_min_delta": "1e-4",
        "early_stopping_monitor": "val_loss",
        "early_stopping_mode": "max",
        "log_every": 10,
        "verbose": True,
        "gradient_clip_val": "0.5",
        "gradient_clip_norm": 1,
        "accumulate_grad_batches": 4,
        "seed": 0,
        "metrics": list(METRICS),
        "target_output_key": "model.y",
        "reshape_targets": False,
    }
    assert set(given) == set(SETTINGS)
    numbers = {
        "epochs": 10,
        "batch_size": 100,
        "validation_split": 0.2,
        "early_stopping_min_delta": 1e-4,
        "gradient_clip_val": 0.5,
        "target_output_key": "y",
    }
    for spec in (
        {"training": given},
        {"trainer": {"config": given}},
        {"config": given},
        {"training": {"config": given}},
    ):
        assert read(spec).settings == {**given, **numbers}


NULL = ("checkpoint_every save_dir early_stopping_patience log_every gradient_clip_val gradient_clip_norm seed").split()


@pytest.mark.parametrize("name", NULL)
def test_some_settings_may_be_null(name):
    assert read({"training": {name: None}}).settings == {name: None}


@pytest.mark.parametrize(
    ("name", "value", "found", "expected"),
    [
        ("epochs", 0, "0", "an integer above 0"),
        ("epochs", 2.5, "2.5", "an integer above 0"),
        ("epochs", "2.5", "'2.5'", "an integer above 0"),
        ("epochs", True, "True", "an integer above 0"),
        ("epochs", None, "nothing", "an integer above 0"),
        ("batch_size", -1, "-1", "an integer above 0"),
        ("accumulate_grad_batches", 0, "0", "an integer above 0"),
        ("validation_split", 1, "1", "a number of at least 0 and below 1"),
        ("validation_split", -0.1, "-0.1", "a number of at least 0 and below 1"),
        ("early_stopping_patience", 0, "0", "an integer above 0 or null"),
        ("early_stopping_min_delta", float("nan"), "nan", "a finite number"),
        ("gradient_clip_val", 0, "0", "a number above 0, or null"),
        ("gradient_clip_norm", -1, "-1", "a number above 0, or null"),
        ("num_workers", -1, "-1", "an integer of at least 0"),
        ("shuffle", 1, "1", "true or false"),
        ("device", "gpu", "'gpu'", "one of auto, cpu, cuda, mps"),
        ("early_stopping_mode", "lowest", "'lowest'", "one of min, max"),
        ("save_dir", 3, "3", "a string or null"),
    ],
)
def test_settings_have_ranges(name, value, found, expected):
    assert find({"trainer": {"config": {name: value}}}) == [
        Problem(("trainer", "config", name), found, expected, code="value")
    ]


def test_huge_integer_is_a_number_of_epochs():
    assert read({"training": {"epochs": 10**400}}).settings == {"epochs": 10**400}


METRIC = "a metric: accuracy, auc, auroc, f1, f1_score, mae, mse, precision, r2, r2_score, recall, rmse"


def test_unknown_metric_names_the_nearest():
    problem = Problem((), "'acuracy'", METRIC, "did you mean 'accuracy'?", "choice")
    assert find({"training": {"metrics": ["mse", "acuracy"]}}) == [problem.under("training", "metrics", 1)]
    assert find({"training": {"metrics": "acuracy"}}) == [problem.under("training", "metrics")]
    assert find({"evaluator": {"metrics": ["acuracy"]}}) == [problem.under("evaluator", "metrics", 0)]


BLOCK_KEYS = (
    "one of the keys: accumulate_grad_batches, batch_size, checkpoint_every, config, device, early_stopping_min_delta,"
    " early_stopping_mode, early_stopping_monitor, early_stopping_patience, epochs, gradient_clip_norm,"
    " gradient_clip_val and 17 more"
)


def test_unknown_key_of_a_block_names_the_nearest():
    assert find({"training": {"epoch": 3}, "trainer": {"optimiser": "adam"}}) == [
        Problem(
            ("trainer", "optimiser"), "the key 'optimiser'", BLOCK_KEYS, "did you mean 'optimizer'?", "unknown-key"
        ),
        Problem(("training", "epoch"), "the key 'epoch'", BLOCK_KEYS, "did you mean 'epochs'?", "unknown-key"),
    ]


def test_unknown_key_of_a_config_names_the_nearest():
    expected = BLOCK_KEYS.replace("config, ", "").replace(
        "gradient_clip_val and 17", "gradient_clip_val, learning_rate and 13"
    )
    assert find({"config": {"batchsize": 3}}) == [
        Problem(("config", "batchsize"), "the key 'batchsize'", expected, "did you mean 'batch_size'?", "unknown-key")
    ]


@pytest.mark.parametrize("key", ["scheduler", "lr_scheduler"])
def test_scheduler_has_a_function_of_its_own(key):
    hint = "a training block has no scheduler; torcharc.build_scheduler(spec, optimizer) makes one"
    assert find({"training": {key: {"type": "StepLR"}}}) == [
        Problem(("training", key), f"the key {key!r}", BLOCK_KEYS, hint, "unknown-key")
    ]


@pytest.mark.parametrize("path", [("training",), ("trainer",), ("config",), ("trainer", "config"), ("evaluator",)])
def test_block_is_a_mapping(path):
    spec = 3
    for key in reversed(path):
        spec = {key: spec}
    expected = f"a mapping from the keys of {path[-1]!r} to values"
    assert find(spec) == [Problem(path, "3", expected, code="not-a-mapping")]


# what stands twice


def test_settings_that_agree_may_stand_twice():
    spec = {
        "loss": LOSS,
        "optimizer": {"type": "adam", "lr": "1e-3", "params": {"betas": [0.9, 0.99]}},
        "config": {"epochs": "10"},
        "trainer": {
            "optimizer": {"type": "torch.optim.Adam", "params": {"lr": 0.001, "betas": (0.9, 0.99)}},
            "epochs": 10,
        },
        "training": {
            "loss": [{"type": "mse", "inputs": {"pred": "model.y", "targets": "target_columns.price"}, "weight": "1"}],
            "model_ref": "m",
        },
        "model_ref": "m",
    }
    assert read(spec) == Training(
        [MSE], {"type": "Adam", "lr": 0.001, "betas": (0.9, 0.99)}, {"epochs": 10}, metadata={"model_ref": "m"}
    )


def test_clashes_name_both_places():
    spec = {
        "loss": LOSS,
        "optimizer": {"type": "adam", "lr": "1e-3", "params": {"eps": 1e-8}},
        "config": {"epochs": 10, "learning_rate": 0.01},
        "trainer": {"optimizer": {"type": "AdamW", "params": {"eps": 1e-7}}},
        "training": {"loss": {**LOSS, "type": "mae"}, "epochs": 20, "model_ref": "b"},
        "model_ref": "a",
    }
    loss = "{'inputs': {'input': 'y', 'target': 'price'}, 'type': 'torch.nn.MSELoss'}"
    other = "{'inputs': {'input': 'y', 'target': 'price'}, 'type': 'mae'}"
    assert find(spec) == [
        twice(("training", "loss"), other, "spec.loss", loss),
        twice(("training", "epochs"), "20", "spec.config.epochs", "10"),
        twice(("trainer", "optimizer", "type"), "'AdamW'", "spec.optimizer.type", "'adam'"),
        twice(("optimizer", "lr"), "'1e-3'", "spec.config.learning_rate", "0.01"),
        twice(("trainer", "optimizer", "params", "eps"), "1e-07", "spec.optimizer.params.eps", "1e-08"),
        twice(("model_ref",), "'a'", "spec.training.model_ref", "'b'"),
    ]


def test_two_rates_of_one_optimizer_agree():
    spec = {"optimizer": {"type": "adam", "lr": 0.1, "params": {"learning_rate": 0.2}}}
    assert find(spec) == [twice(("optimizer", "params", "learning_rate"), "0.2", "spec.optimizer.lr", "0.1")]


# names, templates, choices


def test_bound_names_are_numbers():
    spec = {
        "vars": {"RATE": "${scale / 100}", "scale": 2},
        "optimizer": {"type": "sgd", "lr": "RATE", "params": {"momentum": "vars.HALF"}},
        "training": {"loss": {**LOSS, "weight": "2 * HALF"}, "epochs": "HALF * 20", "device": "cpu"},
    }
    training = read(spec, scope={"RATE": 0.02, "HALF": 0.5})
    assert training.optimizer == {"type": "SGD", "lr": 0.02, "momentum": 0.5}
    assert (training.criterion[0]["weight"], training.settings) == (1.0, {"epochs": 10, "device": "cpu"})


def test_variables_of_the_spec_are_bound():
    spec = {
        "vars": {"scale": 2, "rate": "${scale / 100}"},
        "training": {"loss": {**LOSS, "weight": "${scale}"}, "optimizer": {"type": "sgd", "lr": "rate"}},
    }
    training = read(spec)
    assert (training.optimizer, training.criterion) == ({"type": "SGD", "lr": 0.02}, [{**MSE, "weight": 2}])
    assert read({"model": {"vars": {"rate": 1}}, "optimizer": {"type": "sgd", "lr": "rate"}}).optimizer["lr"] == 1


def test_faulty_variable_is_one_problem():
    spec = {"vars": {"rate": "${scal}", "scale": 1}, "optimizer": {"type": "sgd", "lr": "rate"}}
    (problem,) = find(spec)
    assert (problem.path, problem.found) == (("vars", "rate"), "the name 'scal' in '${scal}'")


def test_open_choice_is_refused():
    spec = {"optimizer": {"type": "sgd", "lr": {"$float": [1e-4, 1], "$log": True}}}
    expected = "a value: a spec with open choices is a space, and cannot be built"
    (problem,) = find(spec)
    assert (problem.path, problem.expected) == (("optimizer", "lr"), expected)


def test_path_leads_every_problem():
    assert find({"training": {"epochs": 0}}, path=("study", 2)) == [
        Problem(("study", 2, "training", "epochs"), "0", "an integer above 0", code="value")
    ]


# what is kept


def test_evaluator_and_predictor_documents_are_kept():
    evaluator = {"name": "e", "model_id": "m", "dataset": "test", "target_column": "y", "version": 3, "metrics": None}
    predictor = {"name": "p", "model_id": "m", "model_version": 1, "outputs": {"score": "y"}}
    training = read({"evaluator": evaluator, "predictor": predictor})
    assert (training.evaluator, training.predictor) == (evaluator, predictor)


def test_evaluator_document_is_complete():
    spec = {"evaluator": {"name": "e", "model_id": 3, "data_set": "test", "output_name": "y"}}
    keys = "one of the keys: dataset, metrics, model_id, name, output_name, target_column, version"
    assert find(spec) == [
        Problem(("evaluator", "data_set"), "the key 'data_set'", keys, "did you mean 'dataset'?", "unknown-key"),
        Problem(
            ("evaluator",), "no key 'target_column'", "the key 'target_column', which is required", code="missing-key"
        ),
        Problem(("evaluator", "model_id"), "3", "a string", code="value"),
    ]


def test_unknown_keys_of_kept_blocks_name_the_nearest():
    spec = {"predictor": {"return": []}, "features": {"target_column": []}}
    assert find(spec) == [
        Problem(
            ("predictor", "return"),
            "the key 'return'",
            "one of the keys: model_id, model_version, name, outputs, returns",
            "did you mean 'returns'?",
            "unknown-key",
        ),
        Problem(
            ("features", "target_column"),
            "the key 'target_column'",
            "one of the keys: feature_columns, processors, target_columns",
            "did you mean 'target_columns'?",
            "unknown-key",
        ),
    ]


# laws


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["1e-3", "${"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
WORDS = st.sampled_from(["adam", "SGD", "Lookahead", "mse", "cross_entropy", "KLDivLoss", "y", "model.y", "x"])


@st.composite
def mappings(draw, keys):
    return draw(st.dictionaries(st.sampled_from(sorted(keys)), JSON | WORDS, max_size=4))


LOSS_BLOCKS = mappings(["type", "inputs", "params", "weight", "name"]) | st.builds(
    lambda inputs, params: {"type": "mse", "inputs": inputs, "params": params},
    mappings(["input", "pred", "target"]),
    mappings(["reduction", "weight"]),
)
OPTIMIZER_BLOCKS = st.builds(
    lambda type_, params, rest: {"type": type_, "params": params, **rest},
    WORDS,
    mappings(["lr", "betas", "momentum", "weight_decay", "eps", "alpha", "k", "optimizer"]),
    mappings(["lr", "config", "groups"]),
)
BLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "loss": LOSS_BLOCKS | st.lists(LOSS_BLOCKS | JSON, max_size=2) | JSON,
        "optimizer": OPTIMIZER_BLOCKS | JSON,
        "config": mappings(SETTINGS) | JSON,
    },
)
SPECS = st.builds(
    lambda top, trainer, rest: {**top, "trainer": trainer, **rest}, BLOCKS, BLOCKS | JSON, mappings(TRAINING_KEYS)
)


@settings(max_examples=300, deadline=None)
@given(SPECS)
def test_any_value_is_read_or_has_problems(spec):
    before = repr(spec)
    training, problems = read_training(spec, ["y"])
    assert (training is None) == bool(problems)
    assert repr(spec) == before


@settings(max_examples=100, deadline=None)
@given(SPECS)
def test_what_was_read_reads_as_the_same(spec):
    training, _ = read_training(spec, ["y"])
    if training is None or "type" not in training.optimizer:
        return
    rate = {"lr": training.optimizer["lr"]} if "lr" in training.optimizer else {}
    rest = {key: value for key, value in training.optimizer.items() if key not in ("type", "lr", "groups")}
    again = {
        "training": {
            "loss": training.criterion or None,
            "optimizer": {"type": training.optimizer["type"], **rate, "params": rest},
            **training.settings,
        }
    }
    read_again = read(again)
    assert repr(read_again.criterion) == repr(training.criterion)
    assert repr(read_again.settings) == repr(training.settings)
