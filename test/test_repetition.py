"""Equal submodules are run once, others are not; a run that takes too long is ended."""

import dataclasses
import functools

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import torcharc
from torcharc import repetition
from torcharc.graph import N, TensorSpec
from torcharc.meta import run_on_meta
from torcharc.repetition import OperationLimit, Repetition


class Block(nn.Module):
    def __init__(self, scale=1, act=torch.relu):
        super().__init__()
        self.scale, self.act = scale, act
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        log.append(self.scale)
        return self.act(self.fc(x)) * getattr(self.scale, "reach", self.scale)


log = []


def run(*blocks, x=None):
    """How often the blocks were run, and the FLOPs that were counted."""
    log.clear()
    with torch.device("meta"):
        network = nn.Sequential(*[block() for block in blocks]).eval()
        x = torch.rand(2, 4) if x is None else x
    counter = FlopCounterMode(display=False)
    parts = Repetition(network)
    parts.start(counter.get_total_flops)
    with counter:
        y = network(x)
    assert y.shape == (2, 4)
    return len(log), counter.get_total_flops() + parts.skipped


def test_equal_blocks_run_once_and_count_each_time():
    assert run(Block, Block, Block) == (1, 3 * 2 * 2 * 4 * 4)


@pytest.mark.parametrize(
    "other",
    [
        lambda: Block(scale=2),
        lambda: Block(act=torch.tanh),
        lambda: Block(act=lambda x: x),
        lambda: nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 4)),
    ],
    ids=["attribute", "function", "lambda", "class"],
)
def test_blocks_that_differ_are_run_each(other):
    own = run(other)[0]
    assert run(Block, other)[0] == 1 + own


@dataclasses.dataclass(frozen=True)
class Settings:
    reach: int
    act: object = torch.relu


@pytest.mark.parametrize(("reach", "act", "runs"), [(2, torch.relu, 1), (3, torch.relu, 2), (2, torch.tanh, 2)])
def test_settings_in_a_frozen_dataclass_are_compared(reach, act, runs):
    assert run(lambda: Block(Settings(2)), lambda: Block(Settings(reach, act)))[0] == runs


def test_block_runs_again_for_another_layout_of_its_input():
    class Turned(nn.Module):
        def forward(self, x):
            return x.new_empty(4, 2).t()

    assert run(Block, Turned, Block)[0] == 2


def test_block_of_unknown_attributes_is_run_each_time():
    def odd():
        block = Block()
        block.state = object()
        return block

    assert run(odd, odd)[0] == 2


def test_deep_network_counts_as_its_layers_do():
    def encoder(count):
        layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
        return nn.TransformerEncoder(layer, count, enable_nested_tensor=False)

    fed = [TensorSpec((N, 5, 8))]
    one, ten = [run_on_meta(functools.partial(encoder, count), fed, {}) for count in (1, 10)]
    assert ten.output == one.output
    assert (ten.params, ten.macs) == (10 * one.params, 10 * one.macs)


def test_run_of_too_many_operations_is_a_problem(monkeypatch):
    monkeypatch.setattr(repetition, "MOST_OPERATIONS", 20)
    spec = {"dag_in_shape": [50, 80], "svd": {"type": "torch.svd_lowrank", "niter": 10**9}}
    with pytest.raises(torcharc.SpecError) as refusal:
        torcharc.build(spec)
    assert str(refusal.value) == (
        "1 problem in the spec\n"
        "spec.svd\n"
        "  found: a module that takes more than 20 operations to run\n"
        "  expected: fewer; torcharc.repetition.MOST_OPERATIONS sets the limit"
    )


@pytest.mark.parametrize(
    "node",
    [
        {"type": "torch.unbind", "dim": 1},
        {"type": "torch.split", "split_size_or_sections": 1, "dim": 1},
        {"type": "torch.chunk", "chunks": 10**9, "dim": 1},
    ],
    ids=lambda node: node["type"],
)
def test_operation_that_gives_too_many_tensors_is_a_problem(node):
    problems = torcharc.check({"dag_in_shape": [10**7], "parts": node})
    assert [problem.found for problem in problems] == ["a module that takes more than 3,000 operations to run"]


def test_limit_counts_operations():
    with torch.device("meta"):
        x = torch.rand(3)
    with OperationLimit() as limit:
        x + 1
        x.unbind()
    assert limit.left == repetition.MOST_OPERATIONS - 4
