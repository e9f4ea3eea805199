"""The training block of a spec: read by `check` in every format, with variables, and acted upon."""

import pathlib

import pytest
import torch
import torch.nn.functional as F
from arcgraph_specs import graph, node

import torcharc

HEAD = node("head", "Linear", "x", in_features=8, out_features=1)
ARC = {"dag_in_shape": [8], "head": {"type": "Linear", "out_features": 1}}
MODULES = {
    "modules": {"head": {"Linear": {"in_features": 8, "out_features": 1}}},
    "graph": {"input": "x", "modules": {"head": ["x"]}, "output": "head"},
}
BLOCK = {"loss": "mse", "optimizer": {"type": "Adam", "lr": 0.01}, "epochs": 3}
EXAMPLES = pathlib.Path(__file__).parents[1] / "example" / "arcgraph"


def message(call, *args, **kwargs):
    with pytest.raises(torcharc.SpecError) as error:
        call(*args, **kwargs)
    return str(error.value)


def errors(spec):
    return [problem for problem in torcharc.check(spec) if problem.severity == "error"]


FORMATS = {"arc": ARC, "arcgraph": graph(HEAD), "modules": MODULES}


@pytest.mark.parametrize("spec", FORMATS.values(), ids=FORMATS)
def test_block_is_checked_in_every_format(spec):
    assert torcharc.check({**spec, "training": BLOCK}) == torcharc.check(spec)
    assert message(torcharc.build, {**spec, "training": {**BLOCK, "epochs": 0, "batch": 3}}) == (
        "2 problems in the spec\n"
        "spec.training.epochs\n"
        "  found: 0\n"
        "  expected: an integer above 0\n"
        "spec.training.batch\n"
        "  found: the key 'batch'\n"
        "  expected: one of the keys: accumulate_grad_batches, batch_size, checkpoint_every, config, device,"
        " early_stopping_min_delta, early_stopping_mode, early_stopping_monitor, early_stopping_patience, epochs,"
        " gradient_clip_norm, gradient_clip_val and 17 more"
    )


@pytest.mark.parametrize("spec", FORMATS.values(), ids=FORMATS)
def test_block_of_every_format_trains(spec):
    spec = {**spec, "training": BLOCK}
    net = torcharc.build(spec, seed=0)
    setup = torcharc.build_training(spec, net)
    x, y = torch.rand(16, 8), torch.rand(16, 1)
    assert torch.equal(setup.criterion(net(x), y), F.mse_loss(net(x), y))
    assert repr(setup.optimizer) == repr(torch.optim.Adam(net.parameters(), lr=0.01))
    assert setup.settings == {"epochs": 3}


def test_loss_compares_an_output_of_the_graph():
    loss = {"type": "mse", "inputs": {"input": "z", "target": "z"}}
    assert message(torcharc.build, graph(HEAD, training={"loss": loss})) == (
        "1 problem in the spec\nspec.training.loss.inputs.input\n  found: 'z'\n  expected: an output of the network: y"
    )


def test_loss_compares_an_output_of_an_arc_that_gives_several():
    arc = {"dag_in_shape": [8], "fork": {"type": "ReuseFork", "names": ["left", "right"]}}
    loss = {"type": "mse", "inputs": {"input": "lefft", "target": "y"}}
    assert message(torcharc.build, {**arc, "training": {"loss": loss}}) == (
        "1 problem in the spec\n"
        "spec.training.loss.inputs.input\n"
        "  found: 'lefft'\n"
        "  expected: an output of the network: left, right\n"
        "  hint: did you mean 'left'?"
    )


def test_node_of_an_arc_is_not_taken_for_a_block():
    assert message(torcharc.build, {**ARC, "training": {"type": "ReLU"}}) == (
        "1 problem in the spec\n"
        "spec.training\n"
        "  found: the name 'training'\n"
        "  expected: a name that is no attribute of torch.nn.ModuleDict\n"
        "  hint: choose another name"
    )


def test_evaluator_and_metadata_stand_under_model_too():
    inner = {**graph(HEAD), "evaluator": {"metrics": ["mse"]}, "model_name": "one"}
    assert [problem for problem in torcharc.check({"model": inner}) if problem.severity != "note"] == []
    setup = torcharc.build_training({"model": {**inner, "loss": "mse"}})
    assert (setup.evaluator, setup.metadata) == ({"metrics": ["mse"]}, {"model_name": "one"})


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_verified_files_have_no_errors(path):
    assert errors(path) == []


# variables and overrides


@pytest.mark.parametrize(("spec", "key"), [(ARC, "dag_vars"), (graph(HEAD), "vars"), (MODULES, "vars")])
def test_variables_reach_the_block(spec, key):
    spec = {key: {"rate": 0.1}, **spec, "training": {**BLOCK, "optimizer": {"type": "SGD", "lr": "${rate}"}}}
    net = torcharc.build(spec)
    rates = [
        torcharc.build_training(spec, net, **given).optimizer.param_groups[0]["lr"]
        for given in ({}, {"rate": 0.5}, {"vars": {"rate": 0.25}}, {"overrides": {"training.optimizer.lr": 2.0}})
    ]
    assert rates == [0.1, 0.5, 0.25, 2.0]


def test_variable_of_build_reaches_the_check_of_the_block():
    spec = graph(HEAD, vars={"epochs": 3}, training={"loss": "mse", "epochs": "${epochs}"})
    assert message(torcharc.build, spec, epochs=0) == (
        "1 problem in the spec\nspec.vars.epochs\n  found: epochs = 0\n"
        "  expected: a value that fits; now spec.training.epochs has 0, expected is an integer above 0"
    )


def test_unknown_variable_of_a_training_document_is_refused():
    document = {"vars": {"rate": 0.1}, "loss": "mse", "optimizer": {"type": "SGD", "lr": "${rate}"}}
    assert message(torcharc.build_training, document, rat=0.2) == (
        "1 problem in the spec\n"
        "spec.vars.rat\n"
        "  found: a value for the variable 'rat'\n"
        "  expected: one of the variables: rate\n"
        "  hint: did you mean 'rate'?"
    )


# targets that lack an axis of size 1


def test_reshape_targets_gives_targets_the_shape_of_the_output():
    spec = graph(HEAD, training={"loss": "mse", "reshape_targets": True})
    net = torcharc.build(spec)
    criterion = torcharc.build_training(spec).criterion
    x, y = torch.rand(4, 8), torch.rand(4)
    assert torch.equal(criterion(net(x), y), F.mse_loss(net(x), y.unsqueeze(1)))


@pytest.mark.parametrize(("stated", "shape"), [(False, (4,)), (True, (8,)), (True, (2, 2))])
def test_other_targets_are_refused(stated, shape):
    spec = graph(HEAD, training={"loss": "mse", "reshape_targets": stated})
    criterion = torcharc.build_training(spec).criterion
    with pytest.raises(torcharc.InputError) as error:
        criterion(torch.rand(4, 1), torch.rand(shape))
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs.outputs.y\n"
        "  found: shape (4, 1)\n"
        f"  expected: the shape of targets.y, {shape}: MSELoss compares element with element"
    )
