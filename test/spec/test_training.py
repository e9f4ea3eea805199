"""The training part of a spec: its dialects, what is kept of it, and laws of reading it."""

from hypothesis import given, settings
from hypothesis import strategies as st
from training_part import LOSS, MSE, find, read

from torcharc.errors import Problem
from torcharc.spec.training import TRAINING_KEYS, Training, read_training
from torcharc.spec.training_settings import SETTINGS

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
