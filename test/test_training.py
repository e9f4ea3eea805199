import numpy as np
import omegaconf
import pytest
import torch
import torch.nn.functional as F
import yaml
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.preprocessing import StandardScaler
from torch import nn

import torcharc
from torcharc.errors import InputError, SpecError
from torcharc.training import GRAPH_KEYS, TrainingSetup
from torcharc.weighted_criterion import WeightedCriterion


def build(spec, model=None):
    return torcharc.build_training(spec, model)


def message(spec, model=None):
    with pytest.raises(SpecError) as error:
        build(spec, model)
    return str(error.value)


def make_net(**heads):
    """A network from an arc; with several heads it gives a dict."""
    names = list(heads)
    nodes = {name: {"type": "Linear", "in_names": [name], "out_features": size} for name, size in heads.items()}
    trunk = {"type": "Linear", "layers": [8], "activation": "ReLU"}
    fork = {"heads": {"type": "ReuseFork", "names": names}} if len(names) > 1 else {}
    if not fork:
        nodes = {names[0]: {"type": "Linear", "out_features": heads[names[0]]}}
    return torcharc.build({"dag_in_shape": [4], "trunk": trunk, **fork, **nodes}, seed=0)


# the training blocks of the reference: a rating, a recommender, three tasks

RATING = """
outputs: {rating: last.output}
training:
  epochs: 20
  batch_size: 64
  validation_split: 0.2
  optimizer: {type: torch.optim.Adam, lr: 0.001}
  loss: {type: torch.nn.MSELoss, inputs: {input: rating, target: rating}}
"""

RECOMMENDER = """
outputs: {logits: score.output, probability: squash.output}
training:
  loss:
    type: torch.nn.functional.binary_cross_entropy_with_logits
    inputs: {input: logits, target: watched}
  optimizer: {type: torch.optim.Adam, lr: 0.001}
  epochs: 10
  batch_size: 128
"""

TASKS = """
outputs: {click: a.y, purchase: b.y, spend: c.y}
training:
  loss:
    - {type: torch.nn.BCEWithLogitsLoss, inputs: {input: click, target: clicked}, weight: 1.0}
    - {type: torch.nn.BCEWithLogitsLoss, inputs: {input: purchase, target: purchased}, weight: 2.0}
    - {type: torch.nn.MSELoss, inputs: {input: spend, target: amount}, weight: 0.1}
  optimizer:
    type: torch.optim.AdamW
    lr: 0.001
    params: {weight_decay: 1e-5}
  epochs: 10
  batch_size: 256
"""

FLAT = """
inputs: {features: {dtype: float32, shape: [null, 20]}}
graph:
  - {name: final, type: torch.nn.Linear, params: {in_features: 20, out_features: 1}}
outputs: {rating: final.output}
"""


def test_rating_of_the_reference():
    model = make_net(rating=1)
    setup = build(yaml.safe_load(RATING), model)
    assert setup.settings == {"epochs": 20, "batch_size": 64, "validation_split": 0.2}
    assert repr(setup.optimizer) == repr(torch.optim.Adam(model.parameters(), lr=0.001))
    x, y = torch.rand(5, 4), torch.rand(5, 1)
    assert torch.equal(setup.criterion(model(x), y), F.mse_loss(model(x), y))
    assert torch.equal(setup.criterion({"rating": model(x)}, {"rating": y}), F.mse_loss(model(x), y))


def test_recommender_of_the_reference():
    setup = build(yaml.safe_load(RECOMMENDER))
    assert (setup.optimizer, setup.settings) == (None, {"epochs": 10, "batch_size": 128})
    logits, watched = torch.randn(6, 1), torch.randint(2, (6, 1)).float()
    outputs = {"logits": logits, "probability": logits.sigmoid()}
    assert torch.equal(setup.criterion(outputs, watched), F.binary_cross_entropy_with_logits(logits, watched))
    assert setup.criterion(outputs, {"watched": watched}).item() == pytest.approx(
        F.binary_cross_entropy(outputs["probability"], watched).item(), rel=1e-5
    )


def test_tasks_of_the_reference():
    model = make_net(click=1, purchase=1, spend=1)
    setup = build(yaml.safe_load(TASKS), model)
    assert setup.settings == {"epochs": 10, "batch_size": 256}
    assert repr(setup.optimizer) == repr(torch.optim.AdamW(model.parameters(), lr=0.001, weight_decay=1e-5))
    outputs = model(torch.rand(7, 4))
    targets = {"clicked": torch.ones(7, 1), "purchased": torch.zeros(7, 1), "amount": torch.rand(7, 1)}
    expected = (
        F.binary_cross_entropy_with_logits(outputs["click"], targets["clicked"])
        + 2 * F.binary_cross_entropy_with_logits(outputs["purchase"], targets["purchased"])
        + 0.1 * F.mse_loss(outputs["spend"], targets["amount"])
    )
    assert torch.allclose(setup.criterion(outputs, targets), expected, rtol=1e-6)
    assert list(setup.criterion.terms(outputs, targets)) == ["click", "purchase", "spend"]


def test_files_without_a_training_block_have_no_loss():
    assert message(yaml.safe_load(FLAT)) == (
        "1 problem in the spec\nspec\n  found: no key 'loss'\n  expected: the key 'loss', which is required"
    )


# losses, against torch's own

X, Y = torch.randn(6, 3), torch.rand(6, 3)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", lambda: F.mse_loss(X, Y)),
        ("mae", lambda: F.l1_loss(X, Y)),
        ("l1", lambda: F.l1_loss(X, Y)),
        ({"type": "core.SmoothL1Loss", "params": {"beta": "5e-1"}}, lambda: F.smooth_l1_loss(X, Y, beta=0.5)),
        ({"type": "huber_loss", "params": {"delta": 2}}, lambda: F.huber_loss(X, Y, delta=2.0)),
        (
            {"type": "binary_cross_entropy_with_logits", "params": {"pos_weight": ["2", 1, 0.5]}},
            lambda: F.binary_cross_entropy_with_logits(X, Y, pos_weight=torch.tensor([2.0, 1, 0.5])),
        ),
        (
            {"type": "BCEWithLogitsLoss", "params": {"pos_weight": 3, "reduction": "sum"}},
            lambda: F.binary_cross_entropy_with_logits(X, Y, pos_weight=torch.tensor(3.0), reduction="sum"),
        ),
        ({"type": "poisson_nll_loss", "weight": 0.5}, lambda: 0.5 * F.poisson_nll_loss(X, Y)),
        (
            {"type": "cross_entropy", "params": {"weight": [1, 2, 3], "label_smoothing": 0.1}},
            lambda: F.cross_entropy(X, Y, torch.tensor([1.0, 2, 3]), label_smoothing=0.1),
        ),
    ],
)
def test_loss_is_that_of_torch(loss, expected):
    assert torch.equal(build({"loss": loss}).criterion(X, Y), expected())


def test_classes_are_compared_with_their_weights():
    classes = torch.tensor([0, 2, 1, 1, 0, 2])
    loss = {"type": "torch.nn.CrossEntropyLoss", "params": {"weight": [1, 2, 3]}}
    logits = X.double().numpy()
    picked = (logits - np.log(np.exp(logits).sum(1, keepdims=True)))[np.arange(6), classes.numpy()]
    weights = np.array([1.0, 2, 3])[classes.numpy()]
    found = build({"loss": loss}).criterion(X, classes).item()
    assert found == pytest.approx(-(weights * picked).sum() / weights.sum(), rel=1e-5)


@pytest.mark.parametrize("loss", ["mse", "mae", "BCEWithLogitsLoss", "KLDivLoss", "core.BCELoss", "huber_loss"])
def test_shapes_that_broadcast_are_refused(loss):
    criterion = build({"outputs": {"rating": "last"}, "loss": loss}).criterion
    with pytest.raises(InputError) as error:
        criterion(torch.rand(4, 1), torch.rand(4))
    name = type(criterion.losses[0]).__name__
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs.outputs.rating\n"
        "  found: shape (4, 1)\n"
        f"  expected: the shape of targets.rating, (4,): {name} compares element with element"
    )


class Quantile(nn.Module):
    """The pinball loss."""

    def __init__(self, q: float):
        super().__init__()
        if not 0 < q < 1:
            raise ValueError("q lies between 0 and 1")
        self.q = q

    def forward(self, predictions, targets):
        error = targets - predictions
        return torch.maximum(self.q * error, (self.q - 1) * error).mean()


@pytest.fixture
def quantile():
    yield torcharc.register(Quantile)
    torcharc.unregister("Quantile")


def test_registered_loss_is_a_term(quantile):
    terms = [
        {"type": "Quantile", "inputs": {"pred": "model.y", "target": "target_columns.t"}, "params": {"q": "9e-1"}},
        {"type": "mse", "inputs": {"pred": "y", "target": "t"}, "weight": 2},
    ]
    criterion = build({"outputs": {"y": "last"}, "training": {"loss": terms}}).criterion
    assert isinstance(criterion.losses[0], quantile)
    assert criterion(torch.zeros(2), torch.ones(2)).item() == pytest.approx(0.9 + 2)


@pytest.mark.usefixtures("quantile")
def test_word_for_a_number_of_a_registered_loss_is_one_problem():
    assert message({"loss": {"type": "Quantile", "params": {"q": "half"}}, "vars": {"hal": 0.5}}) == (
        "1 problem in the spec\n"
        "spec.loss.params.q\n"
        "  found: 'half'\n"
        "  expected: a number, or arithmetic over the names hal\n"
        "  hint: did you mean 'hal'?"
    )


@pytest.mark.usefixtures("quantile")
def test_refusal_of_a_registered_loss_stands_in_the_users_spec():
    terms = ["mse", {"type": "Quantile", "params": {"q": 2}}]
    assert message({"training": {"loss": terms}}) == (
        "1 problem in the spec\n"
        "spec.training.loss[1].params\n"
        "  found: {'q': 2}\n"
        "  expected: arguments that Quantile accepts; it says: q lies between 0 and 1"
    )
    assert message({"loss": terms[1]}).splitlines()[1] == "spec.loss.params"


# optimizers


def test_groups_of_an_optimizer_are_built():
    spec = {"loss": "mse", "optimizer": {"type": "adamw", "groups": [{"match": "trunk.*", "lr": "1e-4"}]}}
    optimizer = build(spec, make_net(y=1)).optimizer
    assert [(group["lr"], len(group["params"])) for group in optimizer.param_groups] == [(1e-4, 2), (0.001, 2)]


def test_problems_with_the_network_stand_in_the_users_spec():
    block = {"type": "adamw", "groups": [{"match": "trnk.*", "lr": 1e-4}]}
    assert message({"trainer": {"loss": "mse", "optimizer": block}}, make_net(y=1)) == (
        "1 problem in the spec\n"
        "spec.trainer.optimizer.groups[0].match\n"
        "  found: 'trnk.*'\n"
        "  expected: a pattern that matches a parameter; their names begin with: trunk, y\n"
        "  hint: did you mean 'trunk.*'?"
    )
    assert message({"trainer": {"loss": "mse", "optimizer": "adam"}}, nn.Identity()) == (
        "1 problem in the spec\n"
        "spec.trainer.optimizer\n"
        "  found: a model without any to train\n"
        "  expected: a model with parameters that require gradients"
    )


def test_network_needs_an_optimizer():
    assert message({"training": {"epochs": 3}}, make_net(y=1)) == (
        "2 problems in the spec\n"
        "spec.training\n"
        "  found: no key 'loss'\n"
        "  expected: the key 'loss', which is required\n"
        "spec.training\n"
        "  found: no key 'optimizer'\n"
        "  expected: the key 'optimizer', which is required"
    )


# outputs


def test_outputs_are_those_of_the_spec():
    for spec in ({"outputs": {"y": "a"}}, {"model": {"outputs": {"y": "a"}}}):
        spec = {**spec, "loss": {"type": "mse", "inputs": {"input": "x"}}}
        assert message(spec).splitlines()[-1] == "  expected: an output of the network: y"


def test_outputs_are_those_of_the_network():
    spec = {"loss": {"type": "mse", "inputs": {"input": "spent"}}, "optimizer": "sgd"}
    assert message(spec, make_net(click=1, spend=1)) == (
        "1 problem in the spec\n"
        "spec.loss.inputs.input\n"
        "  found: 'spent'\n"
        "  expected: an output of the network: click, spend\n"
        "  hint: did you mean 'spend'?"
    )


def test_one_tensor_of_an_arc_bears_any_name():
    for name in ("y", "output", "price"):
        spec = {"loss": {"type": "mse", "inputs": {"input": name}}, "optimizer": "sgd"}
        criterion = build(spec, make_net(y=1)).criterion
        assert criterion(torch.zeros(2, 1), torch.ones(2, 1)).item() == 1


def test_network_of_python_gives_any_outputs():
    spec = {"loss": {"type": "mse", "inputs": {"input": "y"}}, "optimizer": "sgd"}
    assert isinstance(build(spec, nn.Linear(2, 2)).criterion, WeightedCriterion)


# the spec


def test_setup_keeps_the_rest_of_the_spec():
    spec = {
        "name": "n",
        "loss": "mse",
        "optimizer": "sgd",
        "config": {"seed": 3},
        "evaluator": {"metrics": ["mse"]},
        "predictor": {"returns": ["y"]},
        "features": {"target_columns": ["y"]},
    }
    setup = build(spec)
    assert isinstance(setup, TrainingSetup)
    assert (setup.settings, setup.evaluator, setup.predictor) == (
        {"seed": 3},
        {"metrics": ["mse"]},
        {"returns": ["y"]},
    )
    assert setup.metadata == {"name": "n", "features": {"target_columns": ["y"]}}


def test_keys_at_the_top_are_known():
    keys = (
        "one of the keys: config, data_table, description, evaluator, features, graph, inputs, loss, model,"
        " model_name, model_ref, modules and 10 more"
    )
    assert message({"loss": "mse", "optimiser": "adam", "epochs": 3}) == (
        "2 problems in the spec\n"
        "spec.optimiser\n"
        "  found: the key 'optimiser'\n"
        f"  expected: {keys}\n"
        "  hint: did you mean 'optimizer'?\n"
        "spec.epochs\n"
        "  found: the key 'epochs'\n"
        f"  expected: {keys}\n"
        "  hint: write 'epochs' under `config`"
    )
    assert build({**dict.fromkeys(GRAPH_KEYS), "loss": "mse"}).settings == {}


@pytest.mark.parametrize("spec", [[], [{"loss": "mse"}]])
def test_spec_must_be_a_mapping(spec):
    assert message(spec) == (
        f"1 problem in the spec\nspec\n  found: {spec}\n  expected: a mapping with the keys loss and optimizer"
    )


def test_file_is_read_with_its_lines(tmp_path):
    path = tmp_path / "tasks.yaml"
    path.write_text(TASKS)
    assert build(path).settings == build(str(path)).settings == {"epochs": 10, "batch_size": 256}
    path.write_text(TASKS.replace("input: spend", "input: spnd").replace("lr: 0.001", "lr: 0"))
    assert message(path) == (
        "2 problems in the spec\n"
        "tasks.yaml:7: spec.training.loss[2].inputs.input\n"
        "  found: 'spnd'\n"
        "  expected: an output of the network: click, purchase, spend\n"
        "  hint: did you mean 'spend'?\n"
        "tasks.yaml:10: spec.training.optimizer.lr\n"
        "  found: 0\n"
        "  expected: a number above 0"
    )


def test_omegaconf_spec_works():
    spec = omegaconf.OmegaConf.create(yaml.safe_load(TASKS))
    assert build(spec).settings == {"epochs": 10, "batch_size": 256}


# real data


def run(setup, model, inputs, targets):
    """Trains as a loop would that reads the settings, and gives the loss of each epoch."""
    losses = []
    for epoch in range(setup.settings["epochs"]):
        order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(setup.settings["batch_size"]):
            loss = setup.criterion(model(inputs[rows]), {name: values[rows] for name, values in targets.items()})
            setup.optimizer.zero_grad()
            loss.backward()
            setup.optimizer.step()
        losses.append(loss.item())
    return losses


def test_classifier_learns_breast_cancer():
    data = load_breast_cancer()
    x = torch.tensor(StandardScaler().fit_transform(data.data), dtype=torch.float32)
    y = torch.tensor(data.target, dtype=torch.float32)[:, None]
    arc = {
        "dag_in_shape": [30],
        "hidden": {"type": "Linear", "layers": [16], "activation": "ReLU"},
        "logit": {"type": "Linear", "out_features": 1},
    }
    spec = {
        "trainer": {
            "loss": {"type": "binary_cross_entropy_with_logits", "inputs": {"pred": "logit", "target": "benign"}},
            "optimizer": {"type": "Adam", "config": {"learning_rate": "1e-2"}},
            "config": {"epochs": 8, "batch_size": 32},
        }
    }
    net = torcharc.build(arc, seed=0)
    held_out = torch.arange(len(x)) % 4 == 0
    setup = build(spec, net)
    run(setup, net, x[~held_out], {"benign": y[~held_out]})
    accuracy = ((net(x[held_out]) > 0) == (y[held_out] > 0.5)).float().mean().item()
    assert accuracy > 0.95


def test_two_heads_learn_diabetes_as_by_hand():
    data = load_diabetes()
    x = torch.tensor(data.data[:, :4] * 20, dtype=torch.float32)
    progress = torch.tensor(data.target[:, None] / 100, dtype=torch.float32)
    targets = {"progress": progress, "severe": (progress > 1.5).float()}
    spec = {
        "training": {
            "loss": [
                {"type": "mse", "inputs": {"input": "amount", "target": "progress"}, "weight": 0.5},
                {"type": "BCEWithLogitsLoss", "inputs": {"input": "risk", "target": "severe"}, "weight": 2},
            ],
            "optimizer": {"type": "sgd", "lr": 0.05, "params": {"momentum": "9e-1"}},
            "epochs": 6,
            "batch_size": 64,
        }
    }
    net, twin = make_net(amount=1, risk=1), make_net(amount=1, risk=1)
    setup = build(spec, net)
    before = setup.criterion(net(x), targets).item()
    losses = run(setup, net, x, targets)
    assert setup.criterion(net(x), targets).item() < 0.75 * before

    def criterion(outputs, targets):
        square = F.mse_loss(outputs["amount"], targets["progress"])
        return 0.5 * square + 2.0 * F.binary_cross_entropy_with_logits(outputs["risk"], targets["severe"])

    optimizer = torch.optim.SGD(twin.parameters(), lr=0.05, momentum=0.9)
    by_hand = TrainingSetup(criterion, optimizer, {"epochs": 6, "batch_size": 64})
    assert losses == run(by_hand, twin, x, targets)
