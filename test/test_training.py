"""`build_training`: from the training part of a spec to a criterion and an optimizer."""

import omegaconf
import pytest
import torch
import torch.nn.functional as F
import yaml
from torch import nn
from training_setup import build, make_net, message

from torcharc.training import GRAPH_KEYS, TrainingSetup
from torcharc.weighted_criterion import WeightedCriterion

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
