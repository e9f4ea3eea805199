"""Stacks are planned as their layers are: what inference finds of one is what torch's own modules in a row give."""

import pytest
import torch
from torch import nn

import torcharc
from torcharc.errors import SpecError
from torcharc.layers import ACTIVATIONS

BASES = {
    "Linear": ([6], [5, 4], lambda size, out: nn.Linear(size, out)),
    "Conv1d": ([6, 9], [[5, 3], [4, 3]], lambda size, out: nn.Conv1d(size, out, 3)),
    "Conv2d": ([6, 9, 8], [[5, 3], [4, 3]], lambda size, out: nn.Conv2d(size, out, 3)),
}
SIZED = {"Linear": "BatchNorm1d LayerNorm RMSNorm", "Conv1d": "BatchNorm1d InstanceNorm1d", "Conv2d": "BatchNorm2d"}


def compare(base, key, name, make):
    """Whether a stack with a sublayer is inferred as the modules by hand are; they may fail where it is refused."""
    shape, layers, layer = BASES[base]
    spec = {"dag_in_shape": shape, "body": {"type": base, "layers": layers, key: name}}
    try:
        by_hand = nn.Sequential(layer(6, 5), make(5), layer(5, 4), make(4))
        expected = by_hand(torch.rand(3, *shape))
    except (RuntimeError, TypeError, ValueError, AssertionError):
        with pytest.raises(SpecError):
            torcharc.inspect(spec)
        return
    found = torcharc.inspect(spec)
    assert found["body"].output.shape == expected.shape[1:]
    assert found.params == sum(weight.numel() for weight in by_hand.parameters())
    assert list(torcharc.build(spec).module_dict["body"].state_dict()) == list(by_hand.state_dict())


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")  # torch's own of Softmax and its kin
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("base", BASES)
def test_stack_with_an_activation_is_inferred_as_it_runs(base, name):
    compare(base, "activation", name, lambda _: getattr(nn, name)())


@pytest.mark.parametrize(("base", "name"), [(base, name) for base in SIZED for name in SIZED[base].split()])
def test_stack_with_a_norm_is_inferred_as_it_runs(base, name):
    compare(base, "norm", name, lambda size: getattr(nn, name)(size))


@pytest.mark.parametrize("norm", ["GroupNorm", {"type": "GroupNorm"}])
def test_stack_whose_norm_lacks_an_argument_says_which(norm):
    spec = {"dag_in_shape": [6, 9, 8], "body": {"type": "Conv2d", "layers": [[4, 3]], "norm": norm}}
    with pytest.raises(SpecError) as caught:
        torcharc.build(spec)
    assert [(problem.found, problem.expected) for problem in caught.value.problems] == [
        ("no key 'num_groups'", "the key 'num_groups', which is required")
    ]
