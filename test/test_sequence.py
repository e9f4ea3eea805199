"""The type Sequential: modules in a row, in any format."""

import pytest
import torch
from torch import nn

import torcharc

LAYERS = [{"type": "Linear", "out_features": 4}, {"type": "ReLU"}, {"type": "LazyLinear", "out_features": 3}]


def arc(layers, shape=(8,), **more):
    return {"dag_in_shape": list(shape), "body": {"type": "Sequential", "layers": layers, **more}}


def test_sequential_in_an_arc_is_that_of_torch():
    network = torcharc.build(arc(LAYERS), seed=0)
    torch.manual_seed(0)
    written = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3))
    assert isinstance(network.module_dict.body, nn.Sequential)
    torch.testing.assert_close(network.module_dict.body.state_dict(), written.state_dict(), rtol=0, atol=0)
    assert torcharc.inspect(arc(LAYERS)).params == 8 * 4 + 4 + 4 * 3 + 3
    assert torcharc.inspect(arc(LAYERS)).macs == 8 * 4 + 4 * 3


def test_sequential_alone_is_a_single_module():
    layers = [{"type": "Linear", "in_features": 8, "out_features": 4}, {"type": "Tanh"}]
    network = torcharc.build({"type": "Sequential", "layers": layers})
    assert [type(module) for module in network] == [nn.Linear, nn.Tanh]


def test_sequential_has_the_name_that_torch_gives_it():
    network = torcharc.build({"dag_in_shape": [8], "body": {"type": "torch.nn.Sequential", "layers": LAYERS}})
    assert isinstance(network.module_dict.body, nn.Sequential)


def test_stacks_and_sequentials_nest():
    inner = {"type": "Sequential", "layers": [{"type": "LazyLinear", "out_features": 5}]}
    layers = [{"type": "Linear", "layers": [6, 7], "activation": "ReLU", "init": "zeros_"}, inner]
    body = torcharc.build(arc(layers)).module_dict.body
    assert [key for key, _ in body.named_parameters()] == [
        *("0.0.weight", "0.0.bias", "0.2.weight", "0.2.bias", "1.0.weight", "1.0.bias")
    ]
    assert not body[0][0].weight.any()
    assert body[1][0].weight.any()


def test_init_of_a_sequential_touches_all_its_layers():
    body = torcharc.build(arc(LAYERS, init="zeros_")).module_dict.body
    assert not any(module.weight.any() for module in (body[0], body[2]))


def test_sequential_of_functions_and_ids():
    layers = [
        {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 4},
        {"type": "torch.mean", "dim": 1},
        {"type": "torch.nn.functional.gelu"},
    ]
    spec = arc(layers, shape=(5,))
    assert torcharc.inspect(spec).inputs["input"].dtype == "int64"
    assert torcharc.build(spec)(torch.zeros(2, 5, dtype=torch.int64)).shape == (2, 4)


def test_sequential_that_begins_with_a_merge_takes_several_tensors():
    layers = [{"type": "ConcatMerge"}, {"type": "Linear", "out_features": 2}]
    spec = {
        "dag_in_shape": {"a": [3], "b": [4]},
        "body": {"type": "Sequential", "layers": layers, "in_names": ["a", "b"]},
    }
    assert torcharc.build(spec)(a=torch.rand(2, 3), b=torch.rand(2, 4)).shape == (2, 2)


class Residual(nn.Module):
    """Adds what a module gives to what it is fed."""

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


def test_sequential_is_an_argument_that_is_a_module():
    torcharc.register("Residual", Residual)
    try:
        body = {
            "type": "Sequential",
            "layers": [{"type": "Linear", "in_features": 8, "out_features": 8}, {"type": "ReLU"}],
        }
        network = torcharc.build({"dag_in_shape": [8], "block": {"type": "Residual", "body": body}})
    finally:
        torcharc.unregister("Residual")
    x = torch.rand(2, 8)
    torch.testing.assert_close(network(x), x + network.module_dict.block.body(x))


MALFORMED = [
    pytest.param(
        arc([]),
        """1 problem in the spec
spec.body.layers
  found: []
  expected: a list of modules, each {type: ..., ...}, at least one""",
        id="empty",
    ),
    pytest.param(
        arc({"type": "ReLU"}),
        """1 problem in the spec
spec.body.layers
  found: {'type': 'ReLU'}
  expected: a list of modules, each {type: ..., ...}, at least one""",
        id="mapping",
    ),
    pytest.param(
        {"dag_in_shape": [8], "body": {"type": "Sequential", "layer": LAYERS}},
        """1 problem in the spec
spec.body.layer
  found: the key 'layer'
  expected: one of the keys: in_names, init, layers, type
  hint: did you mean 'layers'?""",
        id="key",
    ),
    pytest.param(
        arc(["ReLU", {"typ": "ReLU"}, {"type": "Rulu"}, {"type": "MergeDot"}]),
        """4 problems in the spec
spec.body.layers[0]
  found: 'ReLU'
  expected: a module: {type: ..., ...}
spec.body.layers[1].typ
  found: the key 'typ'
  expected: one of the keys: type
  hint: did you mean 'type'?
spec.body.layers[2].type
  found: 'Rulu'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'ReLU'?
spec.body.layers[3].type
  found: 'MergeDot'
  expected: a type that takes one tensor; MergeDot takes x, y""",
        id="layers",
    ),
    pytest.param(
        arc([{"type": "Linear", "out_features": 4}, {"type": "Linear", "in_features": 5, "out_features": 3}]),
        """1 problem in the spec
spec.body.layers[1].in_features
  found: 5
  expected: 4, as it is fed what Linear gives (4)
  hint: leave in_features out: it is inferred""",
        id="clash",
    ),
    pytest.param(
        arc([{"type": "Linear", "out_feature": 4}, {"type": "Linear", "out_features": 0}]),
        """2 problems in the spec
spec.body.layers[0].out_feature
  found: the key 'out_feature'
  expected: one of the keys: bias, in_features, init, out_features, type
  hint: did you mean 'out_features'?
spec.body.layers[1].out_features
  found: 0
  expected: an integer above 0""",
        id="several",
    ),
]


@pytest.mark.parametrize(("malformed", "message"), MALFORMED)
def test_malformed_sequential_says(malformed, message):
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build(malformed)
    assert str(caught.value) == message
