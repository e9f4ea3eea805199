"""`share: true` beside `repeat`: copies that are one set of weights, beside hand-written loops."""

import copy

import pytest
import torch
from refusal import message
from torch import nn

import torcharc

ARC = {"dag_in_shape": [6], "fc": {"type": "Linear", "out_features": 6, "repeat": 3, "share": True}}
SPEC = {
    "vars": {"depth": 4},
    "inputs": {"x": {"dtype": "float32", "shape": [None, 6]}},
    "modules": {
        "Block": {
            "params": {"width": 6},
            "inputs": ["x"],
            "graph": [
                {"name": "fc", "type": "Linear", "params": {"out_features": "${width}"}},
                {"name": "act", "type": "Tanh"},
            ],
            "outputs": {"y": "act"},
        }
    },
    "graph": [{"name": "layer", "type": "module.Block", "repeat": "${depth}", "share": True}],
    "outputs": {"y": "layer"},
}


def changed(**keys):
    spec = copy.deepcopy(SPEC)
    spec["graph"][0].update(keys)
    return spec


@pytest.mark.parametrize("depth", [1, 4])
def test_shared_copies_are_one_block_that_runs_several_times(depth):
    net, fc, x = torcharc.build(SPEC, depth=depth), nn.Linear(6, 6), torch.randn(2, 6)
    fc.load_state_dict(dict(zip(fc.state_dict(), net.state_dict().values(), strict=True)))
    expected = x
    for _ in range(depth):
        expected = fc(expected).tanh()
    torch.testing.assert_close(net(x), expected)
    assert torcharc.inspect(SPEC, depth=depth).params == 42


def test_shared_copies_of_an_arc_are_one_module():
    net, x = torcharc.build(ARC), torch.randn(2, 6)
    (fc,) = net.module_dict.fc.module_dict.values()
    torch.testing.assert_close(net(x), fc(fc(fc(x))))


def test_share_false_leaves_copies_their_own_weights():
    assert torcharc.inspect(changed(share=False)).params == 4 * 42


def test_share_follows_a_variable():
    spec = {**changed(share="${depth > 2}")}
    assert torcharc.inspect(spec).params == 42
    assert torcharc.inspect(spec, depth=2).params == 84


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (changed(share="maybe"), "found: 'maybe'\n  expected: true or false"),
        (
            {**SPEC, "graph": [{"name": "layer", "type": "module.Block", "share": True}]},
            "found: the key 'share'\n  expected: the key 'repeat' beside it",
        ),
        (
            changed(params={"width": "${6 if index < 2 else 7}"}),
            "found: copy 2, which differs from the first\n  expected: copies that are alike, as they share one module",
        ),
    ],
    ids=["no switch", "without repeat", "copies that differ"],
)
def test_faulty_share_is_a_problem(spec, text):
    assert message(spec) == f"1 problem in the spec\nspec.graph[0].share\n  {text}"


def test_shared_copies_must_fit_the_sizes_of_the_first():
    text = message({"dag_in_shape": [5], "fc": {"type": "Linear", "out_features": 6, "repeat": 2, "share": True}})
    assert text == (
        "1 problem in the spec\nspec.fc\n  found: copy 0 (6)\n"
        "  expected: the sizes of its first run, in '0': the input (5)"
    )
