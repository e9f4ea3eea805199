"""The settings of the training part of a spec, and those that stand twice."""

import pytest
from training_part import LOSS, MSE, find, read, twice

from torcharc.errors import Problem
from torcharc.spec.training import Training
from torcharc.spec.training_settings import METRICS, SETTINGS

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
