"""`build_optimizer`: what is built, and its groups."""

import copy

import omegaconf
import pytest
import torch
from small_network import Graph, make_model
from torch import nn

from torcharc.errors import SpecError
from torcharc.optim import build_optimizer
from torcharc.optimizer import OPTIMIZERS, Lookahead


def shapes(optimizer):
    return [[tuple(parameter.shape) for parameter in group["params"]] for group in optimizer.param_groups]


# what is built


def test_optimizer_is_exactly_that_of_torch():
    model = make_model()
    built = build_optimizer({"type": "Adam", "lr": 0.001}, model)
    expected = torch.optim.Adam(model.parameters(), lr=0.001)
    assert type(built) is torch.optim.Adam
    assert repr(built) == repr(expected)
    assert [id(p) for p in built.param_groups[0]["params"]] == [id(p) for p in model.parameters()]
    assert built.state_dict() == expected.state_dict()


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.types))
def test_every_optimizer_builds_and_steps(name):
    model = nn.Linear(3, 2, bias=False)
    optimizer = build_optimizer({"type": name}, model)
    assert type(optimizer) is OPTIMIZERS.types[name]
    before = copy.deepcopy(model.weight)

    def closure():
        optimizer.zero_grad()
        loss = model(torch.ones(1, 3)).square().sum()
        loss.backward()
        if name == "SparseAdam":
            model.weight.grad = model.weight.grad.to_sparse()
        return loss

    optimizer.step(closure)
    assert not torch.equal(model.weight, before)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.types))
def test_every_optimizer_builds_from_all_its_defaults(name):
    arguments = OPTIMIZERS.read_signature(OPTIMIZERS.types[name]).arguments
    spec = {"type": name, **{key: argument.default for key, argument in arguments.items()}}
    model = nn.Linear(3, 2, bias=False)
    assert repr(build_optimizer(spec, model)) == repr(build_optimizer(name, model))


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.types))
def test_every_optimizer_refuses_an_unknown_key_with_a_hint(name):
    with pytest.raises(SpecError) as error:
        build_optimizer({"type": name, "lr_": 0.1}, make_model())
    (problem,) = error.value.problems
    assert (problem.path, problem.hint) == (("lr_",), "did you mean 'lr'?")


def test_number_that_yaml_reads_as_a_string_is_a_number():
    spec = {"type": "Adam", "lr": "1e-3", "betas": ["9e-1", 0.99], "groups": [{"match": "0.*", "eps": "1e-6"}]}
    first, second = build_optimizer(spec, make_model()).param_groups
    assert (first["lr"], first["betas"], first["eps"], second["eps"]) == (0.001, (0.9, 0.99), 1e-6, 1e-8)


def test_integers_as_betas_are_floats():
    assert build_optimizer({"type": "Adam", "betas": [0, 0.9]}, make_model()).defaults["betas"] == (0.0, 0.9)


def test_spec_is_not_changed():
    spec = {"type": "adamw", "betas": [0.9, 0.99], "no_decay": True, "groups": [{"match": "0.*", "lr": "1e-4"}]}
    before = copy.deepcopy(spec)
    build_optimizer(spec, make_model())
    assert spec == before


def test_omegaconf_spec_works():
    spec = {"type": "Adam", "betas": [0.8, 0.9], "groups": [{"match": "0.*", "lr": 0.5}]}
    built = build_optimizer(omegaconf.OmegaConf.create(spec), make_model())
    assert repr(built) == repr(build_optimizer(spec, make_model()))


def test_lookahead_passes_arguments_on():
    spec = {"type": "Lookahead", "alpha": "8e-1", "k": 6, "optimizer": {"type": "RMSprop", "alpha": 0.9}, "lr": 0.5}
    built = build_optimizer(spec, make_model())
    assert (type(built), type(built.optimizer)) == (Lookahead, torch.optim.RMSprop)
    assert (built.alpha, built.k, built.defaults["alpha"], built.defaults["lr"]) == (0.8, 6, 0.9, 0.5)


# groups


def test_groups_of_the_issue():
    model = Graph()
    groups = [{"match": "*.bias", "weight_decay": 0}, {"match": "image.*", "lr": 1.0e-4}]
    built = build_optimizer({"type": "AdamW", "groups": groups}, model)
    assert [(group["lr"], group["weight_decay"]) for group in built.param_groups] == [
        (0.001, 0),
        (0.0001, 0.01),
        (0.001, 0.01),
    ]
    assert shapes(built) == [[(2,), (1,)], [(2, 2)], [(1, 2)]]


def test_group_steps_at_its_own_rate():
    model = Graph()
    before = copy.deepcopy(model)
    built = build_optimizer({"type": "SGD", "lr": 0.5, "groups": [{"match": "image.*", "lr": 0.25}]}, model)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    built.step()
    for name, parameter in model.named_parameters():
        step = 0.25 if "image" in name else 0.5
        assert torch.equal(parameter, before.get_parameter(name) - step)


def test_no_decay_spares_biases_and_norms():
    model = make_model()
    built = build_optimizer({"type": "AdamW", "weight_decay": 0.1, "no_decay": True}, model)
    assert [group["weight_decay"] for group in built.param_groups] == [0.1, 0]
    assert shapes(built) == [[(4, 2), (1, 4)], [(4,), (4,), (4,), (1,)]]


def test_no_decay_within_groups():
    spec = {
        "type": "SGD",
        "weight_decay": 0.1,
        "no_decay": True,
        "groups": [{"match": "0.*", "lr": 0.5}, {"match": "2.*", "weight_decay": 0.2}],
    }
    built = build_optimizer(spec, make_model())
    assert [(group["lr"], group["weight_decay"]) for group in built.param_groups] == [
        (0.5, 0.1),
        (0.5, 0),
        (0.001, 0.2),
        (0.001, 0),
    ]
    assert shapes(built) == [[(4, 2)], [(4,)], [(1, 4), (1,)], [(4,), (4,)]]


def test_no_decay_for_lookahead():
    built = build_optimizer({"type": "Lookahead", "optimizer": "AdamW", "no_decay": True}, make_model())
    assert [group["weight_decay"] for group in built.param_groups] == [0.01, 0]


def test_frozen_parameters_are_left_out():
    model = make_model()
    model[0].requires_grad_(False)
    assert shapes(build_optimizer("Adam", model)) == [[(4,), (4,), (1, 4), (1,)]]


def test_shared_parameters_count_once():
    model = nn.ModuleDict({"one": nn.Linear(2, 2), "two": nn.Linear(2, 2)})
    model["two"].weight = model["one"].weight
    assert shapes(build_optimizer("Adam", model)) == [[(2, 2), (2,), (2,)]]
