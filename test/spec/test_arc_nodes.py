"""Nodes of the arc format without `layers`: modules, functions and einops."""

import pytest
import torch
from arc_by_hand import assert_same, dag
from refusal import message
from torch import nn
from torch.nn import functional as F

import torcharc


def test_constructor_form_infers_what_the_input_determines():
    arc = dag(
        [3, 8, 8],
        conv={"type": "Conv2d", "out_channels": 4, "kernel_size": 3},
        norm={"type": "BatchNorm2d"},
        flat={"type": "Flatten"},
        fc={"type": "Linear", "out_features": 5, "bias": False},
        last={"type": "LayerNorm"},
    )

    def make():
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 5, bias=False), nn.LayerNorm(5)
        )

    assert_same(arc, make, torch.rand(2, 3, 8, 8))


@pytest.mark.parametrize("shape", [[8], [5, 8], [3, 5, 8], [2, 3, 5, 8]], ids=len)
def test_linear_acts_on_the_last_axis_of_any_rank(shape):
    assert_same(
        dag(shape, fc={"type": "Linear", "layers": [4, 6]}),
        lambda: nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 6)),
        torch.rand(2, *shape),
    )


def test_embedding_input_is_int64():
    arc = dag(
        {"ids": [7], "x": [4]}, ids={"type": "Embedding", "in_names": ["ids"], "num_embeddings": 11, "embedding_dim": 4}
    )
    report = torcharc.inspect(arc)
    assert report.inputs["ids"].dtype == "int64"
    assert report.inputs["x"].dtype == "float32"
    outputs = torcharc.build(arc)({"ids": torch.zeros(2, 7, dtype=torch.int64), "x": torch.rand(2, 4)})
    assert {name: tuple(y.shape) for name, y in outputs.items()} == {"ids": (2, 7, 4), "x": (2, 4)}


class FirstOf(nn.Module):
    """A module of a tuple output, of which the first goes on."""

    def __init__(self, module, head):
        super().__init__()
        self.module, self.head = module, head

    def forward(self, *x):
        return self.head(self.module(*x)[0])


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_recurrent_output_is_carried_without_its_states(kind):
    arc = dag(
        [7, 5],
        rnn={"type": kind, "hidden_size": 6, "num_layers": 2, "batch_first": True},
        head={"type": "Linear", "out_features": 3},
    )
    cls = getattr(nn, kind)
    make = lambda: FirstOf(cls(5, 6, 2, batch_first=True), nn.Linear(6, 3))  # noqa: E731
    assert_same(arc, make, torch.rand(2, 7, 5))


def test_attention_takes_three_tensors_and_carries_the_first():
    arc = dag(
        {"q": [5, 8], "k": [7, 8], "v": [7, 6]},
        attn={"type": "MultiheadAttention", "in_names": ["q", "k", "v"], "num_heads": 2, "batch_first": True},
        head={"type": "Linear", "out_features": 3},
    )
    make = lambda: FirstOf(nn.MultiheadAttention(8, 2, kdim=8, vdim=6, batch_first=True), nn.Linear(8, 3))  # noqa: E731
    net = assert_same(arc, make, torch.rand(2, 5, 8), torch.rand(2, 7, 8), torch.rand(2, 7, 6))
    assert list(torcharc.inspect(arc).outputs) == ["q"]
    assert net.module_dict.attn.vdim == 6


def test_several_in_names_are_positional_arguments():
    arc = dag({"a": [4], "b": [6]}, both={"type": "Bilinear", "in_names": ["b", "a"], "out_features": 3})
    net = torcharc.build(arc)
    a, b = torch.rand(2, 4), torch.rand(2, 6)
    assert (net.module_dict.both.in1_features, net.module_dict.both.in2_features) == (6, 4)
    assert torch.equal(net({"a": a, "b": b}), net.module_dict.both(b, a))


def test_argument_that_is_a_module_is_written_as_a_node():
    layer = {"type": "TransformerEncoderLayer", "d_model": 8, "nhead": 2, "dim_feedforward": 16, "batch_first": True}
    arc = dag([5, 8], encoder={"type": "TransformerEncoder", "encoder_layer": layer, "num_layers": 2})

    def make():
        return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)

    assert_same(arc, make, torch.rand(2, 5, 8))


def test_problem_of_a_nested_module_has_its_place():
    layer = {"type": "TransformerEncoderLayer", "d_model": 8, "nheads": 2}
    arc = dag([5, 8], encoder={"type": "TransformerEncoder", "encoder_layer": layer, "num_layers": 2})
    assert "spec.encoder.encoder_layer.nheads\n  found: the key 'nheads'" in message(arc)
    assert "hint: did you mean 'nhead'?" in message(arc)


FUNCTIONS = [
    pytest.param({"type": "F.gelu", "approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh"), id="gelu"),
    pytest.param({"type": "torch.transpose", "dim0": 1, "dim1": 2}, lambda x: x.transpose(1, 2), id="transpose"),
    pytest.param({"type": "torch.mean", "dim": -1}, lambda x: x.mean(-1), id="mean"),
    pytest.param({"type": "torch.max", "dim": 1}, lambda x: x.max(1)[0], id="first of values and indices"),
    pytest.param({"type": "torch.Tensor.view", "size": [-1, 24]}, lambda x: x.view(-1, 24), id="view"),
    pytest.param({"type": "torch.Tensor.permute", "dims": [0, 2, 1]}, lambda x: x.permute(0, 2, 1), id="permute"),
    pytest.param({"type": "torch.add", "other": 1.5}, lambda x: x + 1.5, id="number in place of a tensor"),
    pytest.param({"type": "torch.einsum", "equation": "nij->nji"}, lambda x: torch.einsum("nij->nji", x), id="einsum"),
    pytest.param({"type": "torch.nn.functional.normalize", "dim": 1}, lambda x: F.normalize(x, dim=1), id="normalize"),
    pytest.param(
        {"type": "Rearrange", "pattern": "n a b -> n (b a)"}, lambda x: x.transpose(1, 2).flatten(1), id="Rearrange"
    ),
    pytest.param({"type": "Reduce", "pattern": "n a b -> n b", "reduction": "max"}, lambda x: x.amax(1), id="Reduce"),
    pytest.param({"type": "Reduce", "name": "sum", "dim": 1}, lambda x: x.sum(1), id="Reduce by name"),
    pytest.param({"type": "Narrow", "dim": 1, "start": 1, "length": 2}, lambda x: x[:, 1:3], id="Narrow"),
    pytest.param({"type": "IndexSelect", "dim": 2, "index": [5, 0]}, lambda x: x[:, :, [5, 0]], id="IndexSelect"),
    pytest.param({"type": "TorchFn", "name": "softmax", "dim": 1}, lambda x: x.softmax(1), id="TorchFn"),
    pytest.param(
        {"type": "Unflatten", "dim": 2, "unflattened_size": [2, 3]}, lambda x: x.unflatten(2, (2, 3)), id="Unflatten"
    ),
]


@pytest.mark.parametrize(("node", "function"), FUNCTIONS)
def test_function_is_a_node(node, function):
    x = torch.rand(2, 4, 6) - 0.5
    torch.testing.assert_close(torcharc.build(dag([4, 6], f=node))(x), function(x))


def test_functions_of_several_tensors():
    x, y = torch.rand(2, 4), torch.rand(2, 4)
    inputs = {"x": [4], "y": [4]}

    def run(**node):
        return torcharc.build(dag(inputs, f={**node, "in_names": ["x", "y"]}))({"x": x, "y": y})

    assert torch.equal(run(type="torch.cat", dim=1), torch.cat([x, y], 1))
    assert torch.equal(run(type="torch.sub"), x - y)
    assert torch.equal(run(type="torch.einsum", equation="ni,nj->nij"), torch.einsum("ni,nj->nij", x, y))
    assert torch.equal(run(type="torch.Tensor.mul"), x * y)


def test_masked_fill_takes_a_number():
    arc = dag(
        {"x": [4], "mask": [4]},
        above={"type": "torch.gt", "in_names": ["mask"], "other": 0.5},
        fill={"type": "torch.masked_fill", "in_names": ["x", "mask"], "value": -1.0},
    )
    x, mask = torch.rand(2, 4), torch.rand(2, 4)
    assert torch.equal(torcharc.build(arc)({"x": x, "mask": mask}), x.masked_fill(mask > 0.5, -1.0))


def test_einmix_has_its_weights():
    mix = {"type": "EinMix", "pattern": "n l d -> n l e", "weight_shape": "d e", "bias_shape": "e", "d": 8, "e": 6}
    net = torcharc.build(dag([5, 8], mix=mix))
    x, layer = torch.rand(2, 5, 8), net.module_dict.mix
    torch.testing.assert_close(net(x), x @ layer.weight.view(8, 6) + layer.bias.view(6))


def test_get_takes_the_part_that_would_not_be_carried():
    arc = dag([7, 5], rnn={"type": "GRU", "hidden_size": 6, "batch_first": True}, state={"type": "Get", "key": 1})
    net = torcharc.build(arc)
    x = torch.rand(2, 7, 5)
    assert torch.equal(net(x), net.module_dict.rnn(x)[1])
