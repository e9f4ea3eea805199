import contextlib
import copy
import math

import omegaconf
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from installed import arguments_of
from plain_values import JSON
from torch import nn
from torch.optim import lr_scheduler

from torcharc.errors import SpecError
from torcharc.optimizer import Lookahead
from torcharc.scheduler import SCHEDULERS, build_scheduler

EXAMPLES = {
    "LambdaLR": {"lr_lambda": lambda step: 0.5**step},
    "MultiplicativeLR": {"lr_lambda": lambda step: 0.5},
    "StepLR": {"step_size": 2, "gamma": "5e-1"},
    "MultiStepLR": {"milestones": [2, 4]},
    "ConstantLR": {"factor": 0.5, "total_iters": 3},
    "LinearLR": {"start_factor": "1e-1", "total_iters": 3},
    "ExponentialLR": {"gamma": 0.5},
    "SequentialLR": {
        "schedulers": [{"type": "ConstantLR"}, {"type": "ExponentialLR", "gamma": 0.5}],
        "milestones": [2],
    },
    "PolynomialLR": {"total_iters": 5, "power": 2},
    "CosineAnnealingLR": {"T_max": 5, "eta_min": "1e-3"},
    "ChainedScheduler": {"schedulers": ["ConstantLR", {"type": "ExponentialLR", "gamma": 0.5}]},
    "ReduceLROnPlateau": {"factor": 0.5, "patience": 0, "min_lr": "1e-4"},
    "CyclicLR": {"base_lr": "1e-3", "max_lr": 0.1, "step_size_up": 2},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "OneCycleLR": {"max_lr": "1e-1", "total_steps": 9},
}


def make_optimizer(lr=1.0):
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)


def run(scheduler, steps=6):
    """The learning rates of the first group before each of `steps` steps."""
    rates = []
    for _ in range(steps):
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step(1.0) if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else scheduler.step()
    return rates


def message(spec, optimizer=None):
    with pytest.raises(SpecError) as error:
        build_scheduler(spec, optimizer or make_optimizer())
    return str(error.value)


# what is built


def test_catalog_has_every_scheduler_of_torch():
    names = {name for name in lr_scheduler.__all__ if name != "LRScheduler"}
    assert set(SCHEDULERS.types) == names == set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_scheduler_runs_without_a_warning(name):
    scheduler = build_scheduler({"type": name.lower(), **EXAMPLES[name]}, make_optimizer())
    assert type(scheduler) is getattr(lr_scheduler, name)
    assert len(set(run(scheduler))) > 1


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_scheduler_refuses_an_unknown_key(name):
    with pytest.raises(SpecError) as error:
        build_scheduler({"type": name, **EXAMPLES[name], "unknown": 1}, make_optimizer())
    assert [problem.path for problem in error.value.problems] == [("unknown",)]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_scheduler_drives_lookahead(name):
    inner = {"type": "SGD", "lr": 1.0, "momentum": 0.9}
    optimizer = Lookahead([nn.Parameter(torch.zeros(1))], optimizer=inner)
    rates = run(build_scheduler({"type": name, **EXAMPLES[name]}, optimizer))
    assert rates == run(build_scheduler({"type": name, **EXAMPLES[name]}, make_optimizer()))
    assert optimizer.optimizer.param_groups is optimizer.param_groups


def test_cosine_follows_its_formula():
    rates = run(build_scheduler({"type": "CosineAnnealingLR", "T_max": 4}, make_optimizer()), 5)
    assert rates == pytest.approx([(1 + math.cos(math.pi * step / 4)) / 2 for step in range(5)])


def test_list_is_a_sequence_that_changes_after_steps():
    spec = [
        {"type": "ConstantLR", "factor": 0.5, "total_iters": 9, "steps": 2},
        {"type": "ConstantLR", "factor": 0.25, "total_iters": 9, "steps": 3},
        {"type": "ExponentialLR", "gamma": 0.5},
    ]
    scheduler = build_scheduler(spec, make_optimizer())
    assert type(scheduler) is lr_scheduler.SequentialLR
    assert run(scheduler, 8) == [0.5, 0.5, 0.25, 0.25, 0.25, 1.0, 0.5, 0.25]


def test_list_equals_the_sequence_of_torch():
    spec = [{"type": "LinearLR", "total_iters": 5, "steps": 5}, {"type": "CosineAnnealingLR", "T_max": 95}]
    optimizer = make_optimizer()
    parts = [lr_scheduler.LinearLR(optimizer, total_iters=5), lr_scheduler.CosineAnnealingLR(optimizer, T_max=95)]
    expected = lr_scheduler.SequentialLR(optimizer, parts, milestones=[5])
    assert run(build_scheduler(spec, make_optimizer()), 100) == run(expected, 100)


def test_list_equals_the_spelt_out_sequence():
    parts = [{"type": "LinearLR", "total_iters": 2}, {"type": "StepLR", "step_size": 1}, {"type": "ConstantLR"}]
    spelt = {"type": "SequentialLR", "schedulers": parts, "milestones": [2, 5]}
    listed = [{**parts[0], "steps": 2}, {**parts[1], "steps": 3}, parts[2]]
    assert run(build_scheduler(spelt, make_optimizer()), 12) == run(build_scheduler(listed, make_optimizer()), 12)


def test_list_of_one_is_a_sequence_of_one():
    assert run(build_scheduler([{"type": "ExponentialLR", "gamma": 0.5}], make_optimizer()), 3) == [1, 0.5, 0.25]


def test_chained_schedulers_multiply():
    parts = [{"type": "ConstantLR", "factor": 0.5, "total_iters": 2}, {"type": "ExponentialLR", "gamma": 0.5}]
    scheduler = build_scheduler({"type": "ChainedScheduler", "schedulers": parts}, make_optimizer())
    assert run(scheduler, 4) == [0.5, 0.25, 0.25, 0.125]


def test_chains_may_stand_in_chains():
    chain = {"type": "ChainedScheduler", "schedulers": [{"type": "ExponentialLR", "gamma": 0.5}]}
    scheduler = build_scheduler({"type": "ChainedScheduler", "schedulers": [chain]}, make_optimizer())
    assert run(scheduler, 3) == [1.0, 0.5, 0.25]


def test_spec_is_not_changed():
    spec = [{"type": "LinearLR", "steps": 5}, {"type": "MultiStepLR", "milestones": [2]}]
    before = copy.deepcopy(spec)
    build_scheduler(spec, make_optimizer())
    assert spec == before


def test_omegaconf_spec_works():
    spec = [{"type": "LinearLR", "steps": 2}, {"type": "MultiStepLR", "milestones": [1, 2]}]
    built = build_scheduler(omegaconf.OmegaConf.create(spec), make_optimizer())
    assert run(built) == run(build_scheduler(spec, make_optimizer()))


# errors


def test_unknown_type_names_the_nearest():
    assert message({"type": "StepLr2"}) == (
        "1 problem in the spec\n"
        "spec.type\n"
        "  found: 'StepLr2'\n"
        "  expected: a scheduler: ChainedScheduler, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts,"
        " CyclicLR, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, MultiplicativeLR, OneCycleLR, PolynomialLR"
        " and 3 more\n"
        "  hint: did you mean 'StepLR'?"
    )


def test_base_class_is_no_type():
    assert message("LRScheduler").splitlines()[2] == "  found: 'LRScheduler'"


def test_problems_of_all_parts_come_at_once():
    parts = [
        {"type": "LinearLR", "total_iter": 5},
        {"type": "CosineAnnealingLR", "T_max": 5, "steps": 0},
        3,
        {"type": "StepLR", "steps": 3},
    ]
    keys = ", ".join(sorted([*arguments_of(lr_scheduler.LinearLR, "optimizer"), "type"]))
    assert message(parts) == (
        "6 problems in the spec\n"
        "spec[0].total_iter\n"
        "  found: the key 'total_iter'\n"
        f"  expected: one of the keys: {keys}\n"
        "  hint: did you mean 'total_iters'?\n"
        "spec[0]\n"
        "  found: no key 'steps'\n"
        "  expected: the key 'steps', which is required\n"
        "  hint: the number of steps that this scheduler lasts\n"
        "spec[1].steps\n"
        "  found: 0\n"
        "  expected: an integer above 0\n"
        "spec[2]\n"
        "  found: 3\n"
        "  expected: a scheduler: its name, or a mapping {type: ..., ...}\n"
        "spec[3]\n"
        "  found: no key 'step_size'\n"
        "  expected: the key 'step_size', which is required\n"
        "spec[3].steps\n"
        "  found: 3\n"
        "  expected: no steps: the last scheduler goes on to the end"
    )


def test_empty_list_is_refused():
    assert message([]) == "1 problem in the spec\nspec\n  found: []\n  expected: at least one scheduler"


def test_empty_chain_is_refused():
    assert message({"type": "ChainedScheduler", "schedulers": []}) == (
        "1 problem in the spec\nspec.schedulers\n  found: []\n  expected: at least one scheduler"
    )


@pytest.mark.parametrize("milestones", [[], [3, 4], [4, 2], [0]])
def test_milestones_must_rise_between_the_schedulers(milestones):
    schedulers = ["ConstantLR", "LinearLR", "LinearLR"] if milestones == [4, 2] else ["ConstantLR", "LinearLR"]
    count = len(schedulers)
    assert message({"type": "SequentialLR", "schedulers": schedulers, "milestones": milestones}) == (
        "1 problem in the spec\n"
        "spec.milestones\n"
        f"  found: {milestones}\n"
        f"  expected: rising step numbers above 0, {count - 1} for {count} schedulers"
    )


@pytest.mark.parametrize("name", ["LambdaLR", "MultiplicativeLR"])
def test_lambda_cannot_be_data(name):
    assert message({"type": name, "lr_lambda": "0.5 ** step"}) == (
        "1 problem in the spec\n"
        "spec.lr_lambda\n"
        "  found: '0.5 ** step'\n"
        "  expected: a function of Python, which no spec file can hold"
    )


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("ReduceLROnPlateau", "ReduceLROnPlateau needs a metric at each step"),
        (
            {"max_lr": 1, "total_steps": 9, "type": "OneCycleLR"},
            "OneCycleLR replaces the learning rates that the other parts start from",
        ),
        ([{"type": "ConstantLR"}], "SequentialLR starts its parts anew"),
        (
            {"schedulers": ["ConstantLR"], "type": "ChainedScheduler"},
            "ChainedScheduler has no learning rates of its own",
        ),
    ],
)
def test_scheduler_that_cannot_be_a_part_is_named(part, reason):
    spec = {"type": "SequentialLR", "schedulers": ["ConstantLR", part], "milestones": [3]}
    assert message(spec) == (
        "1 problem in the spec\n"
        "spec.schedulers[1]\n"
        f"  found: {part!r}\n"
        f"  expected: a scheduler that can be a part of SequentialLR; {reason}"
    )


def test_refused_arguments_leave_the_optimizer_as_it_was():
    optimizer = make_optimizer(lr=0.3)
    before = copy.deepcopy(optimizer.param_groups)
    spec = [
        {"type": "LinearLR", "steps": 2},
        {"type": "CyclicLR", "base_lr": [0.1, 0.2], "max_lr": 1},
    ]
    assert message(spec, optimizer) == (
        "1 problem in the spec\n"
        "spec[1]\n"
        "  found: {'base_lr': [0.1, 0.2], 'max_lr': 1, 'type': 'CyclicLR'}\n"
        "  expected: arguments that CyclicLR accepts; it says: base_lr must have the same length as"
        " optimizer.param_groups. base_lr has 2 values, param_groups has 1."
    )
    assert optimizer.param_groups == before


@st.composite
def likely_specs(draw):
    """Known types and keys, arbitrary values."""
    name = draw(st.sampled_from(sorted(SCHEDULERS.types)))
    keys = sorted(SCHEDULERS.read_signature(SCHEDULERS.types[name]).arguments)
    return {"type": name, **draw(st.dictionaries(st.sampled_from(keys), JSON, max_size=4))}


@settings(max_examples=150, deadline=None)
@given(JSON | likely_specs() | st.lists(likely_specs(), max_size=2))
def test_any_value_builds_or_is_a_spec_error(spec):
    with contextlib.suppress(SpecError):
        build_scheduler(spec, make_optimizer())
