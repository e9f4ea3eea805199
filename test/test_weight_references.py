"""References to a node's own weights: `tokens.weight`, as what another node is fed with."""

import copy
import pickle

import pytest
import torch
from torch import nn

import torcharc

TIED = {
    "inputs": {"ids": {"dtype": "int64", "shape": [None, None]}},
    "graph": [
        {"name": "tokens", "type": "Embedding", "params": {"num_embeddings": 11, "embedding_dim": 4}},
        {"name": "norm", "type": "LayerNorm"},
        {"name": "logits", "type": "F.linear", "inputs": {"input": "norm", "weight": "tokens.weight"}},
    ],
    "outputs": {"logits": "logits"},
}


class TiedByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(11, 4)
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 11, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        return self.head(self.norm(self.tokens(ids)))


IDS = torch.tensor([[0, 3, 10], [7, 7, 1]])


def test_tied_head_is_that_of_a_hand_written_network():
    net, by_hand = torcharc.build(TIED), TiedByHand()
    weights = [*net.state_dict().values()]
    by_hand.load_state_dict(dict(zip(by_hand.state_dict(), [*weights, weights[0]], strict=True)))
    found, expected = net(IDS), by_hand(IDS)
    torch.testing.assert_close(found, expected)
    found.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(net.module_dict.tokens.weight.grad, by_hand.tokens.weight.grad)


def test_weight_that_is_referred_to_is_one_entry_of_the_state_and_counted_once():
    net = torcharc.build(TIED)
    assert list(net.state_dict()) == [f"module_dict.{key}" for key in ("tokens.weight", "norm.weight", "norm.bias")]
    found = torcharc.inspect({**TIED, "inputs": {"ids": {"dtype": "int64", "shape": [None, 3]}}})
    assert (found.params, found["logits"].params, found["logits"].macs) == (11 * 4 + 8, 0, 3 * 4 * 11)


@pytest.mark.parametrize(
    "change",
    [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net)), lambda net: net.to(torch.float64)],
    ids=["deepcopy", "pickle", "to"],
)
def test_changed_network_stays_tied(change):
    net = change(torcharc.build(TIED))
    with torch.no_grad():
        net.module_dict.tokens.weight.zero_()
    assert torch.equal(net(IDS), torch.zeros(2, 3, 11, dtype=net.module_dict.tokens.weight.dtype))


def test_tied_network_compiles():
    net = torcharc.build(TIED)
    torch.testing.assert_close(torch.compile(net, fullgraph=True, backend="eager")(IDS), net(IDS))


def test_weight_is_fed_to_repeated_blocks():
    spec = {
        "inputs": {"x": {"dtype": "float32", "shape": [None, 4]}},
        "modules": {
            "Project": {
                "inputs": ["x", "table"],
                "graph": [
                    {"name": "y", "type": "torch.matmul", "inputs": ["x", "table"]},
                    {"name": "act", "type": "Tanh"},
                ],
                "outputs": {"y": "act"},
            }
        },
        "graph": [
            {"name": "table", "type": "Linear", "inputs": "x", "params": {"out_features": 4}},
            {"name": "stack", "type": "module.Project", "repeat": 2, "inputs": ["x", "table.weight"]},
            {"name": "sum", "type": "torch.add", "inputs": ["stack", "table"]},
        ],
        "outputs": {"y": "sum"},
    }
    net, x = torcharc.build(spec), torch.randn(3, 4)
    fc = net.module_dict.table
    torch.testing.assert_close(net(x), ((x @ fc.weight).tanh() @ fc.weight).tanh() + fc(x))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            "tokens.wieght",
            "one of its parameters: weight; it gives one tensor (any, 4)\n  hint: did you mean 'weight'?",
        ),
        ("ids.weight", "no part of it, as it is one tensor (any)"),
        ("norm.0", "no part of it, as it is one tensor (any, 4)"),
    ],
)
def test_unknown_weight_names_those_there_are(reference, expected):
    spec = copy.deepcopy(TIED)
    spec["graph"][2]["inputs"]["weight"] = reference
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    assert str(error.value) == (
        f"1 problem in the spec\nspec.graph[2].inputs.weight\n  found: {reference!r}\n  expected: {expected}"
    )
