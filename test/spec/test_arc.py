"""The arc format: each form of a node against the module that one would write by hand."""

import collections

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import torcharc


def assert_same(arc, make, *inputs):
    """The arc's network has the weights that `make` draws from the same seed, and gives what it gives."""
    torch.manual_seed(7)
    net = torcharc.build(arc).eval()
    torch.manual_seed(7)
    hand = make().eval()
    weights = list(hand.state_dict().values())
    assert [w.shape for w in net.state_dict().values()] == [w.shape for w in weights]
    for weight, by_hand in zip(net.state_dict().values(), weights, strict=True):
        assert torch.equal(weight, by_hand)
    torch.testing.assert_close(net(*inputs), hand(*inputs), atol=1e-6, rtol=1e-6)
    return net


def dag(shape, **nodes):
    return {"dag_in_shape": shape, **nodes}


def message(arc):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(arc)
    return str(error.value)


# --- single modules -------------------------------------------------------------------------------


def test_arc_without_dag_in_shape_is_the_module_itself():
    assert type(torcharc.build({"type": "Linear", "in_features": 8, "out_features": 4})) is nn.Linear
    assert isinstance(torcharc.build({"type": "Linear", "in_features": 8, "layers": [4]}), nn.Sequential)
    assert type(torcharc.build({"type": "torch.nn.Flatten"})) is nn.Flatten


def test_module_carries_its_spec():
    arc = {"type": "Linear", "in_features": 8, "out_features": 4}
    assert torcharc.build(arc).spec == arc
    assert torcharc.build(dag([8], fc={"type": "Linear", "out_features": 4})).spec["fc"]["out_features"] == 4


def test_conv_of_the_seed_page_prints_as_by_hand():
    arc = {
        "type": "Conv2d",
        "in_shape": [3, 20, 20],
        "layers": [[16, 4, 2, 0, 1], [16, 4, 1, 0, 1]],
        "batch_norm": True,
        "activation": "ReLU",
        "dropout": 0.2,
        "init": "kaiming_uniform_",
    }
    by_hand = nn.Sequential(
        *(nn.Conv2d(3, 16, 4, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Dropout2d(0.2)),
        *(nn.Conv2d(16, 16, 4), nn.BatchNorm2d(16), nn.ReLU(), nn.Dropout2d(0.2)),
    )
    assert str(torcharc.build(arc)) == str(by_hand)


def test_flat_arc_is_one_node_named_by_its_type():
    net = torcharc.build({"dag_in_shape": [8], "type": "torch.nn.Linear", "out_features": 4})
    assert list(net.module_dict) == ["Linear"]
    assert net(torch.rand(2, 8)).shape == (2, 4)


def test_flat_arc_whose_type_is_a_reserved_name():
    net = torcharc.build({"dag_in_shape": [8], "type": "torch.Tensor.double"})
    assert net(torch.rand(2, 8)).dtype == torch.float64


# --- the sequential form --------------------------------------------------------------------------

LINEAR = [
    pytest.param([6, 4], lambda: nn.Sequential(nn.Linear(8, 6), nn.Linear(6, 4)), id="integers"),
    pytest.param([[6]], lambda: nn.Sequential(nn.Linear(8, 6)), id="list"),
    pytest.param([[6, False], [4, True]], lambda: nn.Sequential(nn.Linear(8, 6, False), nn.Linear(6, 4)), id="bias"),
]


@pytest.mark.parametrize(("layers", "make"), LINEAR)
def test_linear_entries_are_positional_arguments(layers, make):
    assert_same({"type": "Linear", "in_features": 8, "layers": layers}, make, torch.rand(2, 8))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_conv_entries_are_positional_arguments(d):
    conv = getattr(nn, f"Conv{d}d")
    arc = {
        "type": f"Conv{d}d",
        "in_shape": [4] + [12] * d,
        "layers": [[6, 3], [8, 3, 2, 1, 1, 2, False, "reflect"], [4, [3] * d, 1, "same", 2]],
    }

    def make():
        return nn.Sequential(
            conv(4, 6, 3), conv(6, 8, 3, 2, 1, 1, 2, False, "reflect"), conv(8, 4, [3] * d, 1, "same", 2)
        )

    assert_same(arc, make, torch.rand([2, 4] + [12] * d))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_conv_transpose_entries_are_in_the_order_of_torch(d):
    conv = getattr(nn, f"ConvTranspose{d}d")
    arc = dag([4] + [5] * d, up={"type": f"ConvTranspose{d}d", "layers": [[6, 3, 2, 1, 1, 2, False, 1], [3, 2]]})

    def make():
        return nn.Sequential(conv(4, 6, 3, 2, 1, 1, 2, False, 1), conv(6, 3, 2))

    assert_same(arc, make, torch.rand([2, 4] + [5] * d))


def test_kernel_may_differ_by_axis():
    arc = dag([3, 9, 11], conv={"type": "Conv2d", "layers": [[4, [3, 5], [1, 2]]]})
    assert_same(arc, lambda: nn.Sequential(nn.Conv2d(3, 4, (3, 5), (1, 2))), torch.rand(2, 3, 9, 11))


def test_entry_may_be_written_by_name():
    arc = dag([3, 9], conv={"type": "Conv1d", "layers": [{"out_channels": 4, "kernel_size": 3, "padding": 1}]})
    assert_same(arc, lambda: nn.Sequential(nn.Conv1d(3, 4, 3, padding=1)), torch.rand(2, 3, 9))


def test_every_entry_the_last_too_is_followed_by_the_sublayers():
    arc = dag([8], fc={"type": "Linear", "layers": [6, 4], "activation": "Tanh"})
    assert [type(m) for m in torcharc.build(arc).module_dict.fc] == [nn.Linear, nn.Tanh] * 2


def test_sublayers_stand_in_the_order_of_their_keys():
    keys = {"dropout": 0.1, "activation": "ELU", "norm": "LayerNorm", "batch_norm": True}
    arc = dag([8], fc={**keys, "type": "Linear", "layers": [4]})
    kinds = [type(m) for m in torcharc.build(arc).module_dict.fc]
    assert kinds == [nn.Linear, nn.Dropout, nn.ELU, nn.LayerNorm, nn.BatchNorm1d]
    arc = dag([8], fc={"layers": [4], "type": "Linear", **dict(reversed(keys.items()))})
    kinds = [type(m) for m in torcharc.build(arc).module_dict.fc]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.LayerNorm, nn.ELU, nn.Dropout]


@pytest.mark.parametrize("value", [None, False, 0, 0.0, {}, []], ids=str)
@pytest.mark.parametrize("key", ["batch_norm", "norm", "activation", "dropout"])
def test_falsy_sublayers_are_left_out(key, value):
    net = torcharc.build(dag([8], fc={"type": "Linear", "layers": [4], key: value}))
    assert [type(m) for m in net.module_dict.fc] == [nn.Linear]


@pytest.mark.parametrize(
    ("type_", "shape", "norm", "dropout"),
    [
        ("Linear", [8], nn.BatchNorm1d, nn.Dropout),
        ("Conv1d", [3, 9], nn.BatchNorm1d, nn.Dropout),
        ("Conv2d", [3, 9, 9], nn.BatchNorm2d, nn.Dropout2d),
        ("Conv3d", [3, 9, 9, 9], nn.BatchNorm3d, nn.Dropout3d),
        ("ConvTranspose1d", [3, 9], nn.BatchNorm1d, nn.Dropout),
        ("ConvTranspose2d", [3, 9, 9], nn.BatchNorm2d, nn.Dropout2d),
        ("ConvTranspose3d", [3, 9, 9, 9], nn.BatchNorm3d, nn.Dropout3d),
    ],
)
def test_batch_norm_and_dropout_have_the_digit_of_the_type(type_, shape, norm, dropout):
    layer = 4 if type_ == "Linear" else [4, 3]
    net = torcharc.build(dag(shape, net={"type": type_, "layers": [layer], "batch_norm": True, "dropout": 0.3}))
    _, second, third = net.module_dict.net
    assert type(second) is norm
    assert second.num_features == 4
    assert type(third) is dropout
    assert third.p == 0.3


def test_batch_norm_takes_arguments():
    arc = dag([8], fc={"type": "Linear", "layers": [4], "batch_norm": {"momentum": 0.01, "affine": False}})
    norm = torcharc.build(arc).module_dict.fc[1]
    assert (norm.num_features, norm.momentum, norm.affine) == (4, 0.01, False)


def test_layer_norm_is_of_the_last_axis_behind_linear():
    arc = dag([5, 8], fc={"type": "Linear", "layers": [6], "norm": {"type": "LayerNorm", "eps": 1e-3}})
    make = lambda: nn.Sequential(nn.Linear(8, 6), nn.LayerNorm(6, eps=1e-3))  # noqa: E731
    assert_same(arc, make, torch.rand(2, 5, 8))


def test_layer_norm_is_of_all_axes_behind_conv():
    arc = dag([3, 9, 9], conv={"type": "Conv2d", "layers": [[4, 3]], "norm": "LayerNorm"})
    make = lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.LayerNorm([4, 7, 7]))  # noqa: E731
    assert_same(arc, make, torch.rand(2, 3, 9, 9))


def test_group_norm_gets_its_channels():
    arc = dag(
        [3, 9, 9], conv={"type": "Conv2d", "layers": [[4, 3], [6, 3]], "norm": {"type": "GroupNorm", "num_groups": 2}}
    )
    make = lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.Conv2d(4, 6, 3), nn.GroupNorm(2, 6))  # noqa: E731
    assert_same(arc, make, torch.rand(2, 3, 9, 9))


def test_norm_without_dag_is_sized_by_the_layer():
    arc = {"type": "Linear", "in_features": 8, "layers": [6, 4], "norm": "LayerNorm"}
    make = lambda: nn.Sequential(nn.Linear(8, 6), nn.LayerNorm(6), nn.Linear(6, 4), nn.LayerNorm(4))  # noqa: E731
    assert_same(arc, make, torch.rand(2, 8))


def test_instance_norm_is_a_norm():
    arc = dag([3, 9], conv={"type": "Conv1d", "layers": [[4, 3]], "norm": "InstanceNorm1d"})
    assert_same(arc, lambda: nn.Sequential(nn.Conv1d(3, 4, 3), nn.InstanceNorm1d(4)), torch.rand(2, 3, 9))


def test_activation_takes_arguments():
    arc = dag([8], fc={"type": "Linear", "layers": [4], "activation": {"type": "LeakyReLU", "negative_slope": 0.3}})
    assert_same(arc, lambda: nn.Sequential(nn.Linear(8, 4), nn.LeakyReLU(0.3)), torch.rand(2, 8) - 0.5)


def test_keys_beside_layers_apply_to_each_and_an_entry_wins():
    arc = dag([3, 20], conv={"type": "Conv1d", "bias": False, "stride": 2, "layers": [[4, 3], [4, 3, 1]]})
    make = lambda: nn.Sequential(nn.Conv1d(3, 4, 3, 2, bias=False), nn.Conv1d(4, 4, 3, 1, bias=False))  # noqa: E731
    assert_same(arc, make, torch.rand(2, 3, 20))


def test_required_arguments_may_stand_beside_layers():
    arc = dag([3, 20], conv={"type": "Conv1d", "kernel_size": 3, "layers": [4, 5]})
    assert_same(arc, lambda: nn.Sequential(nn.Conv1d(3, 4, 3), nn.Conv1d(4, 5, 3)), torch.rand(2, 3, 20))


def test_any_type_whose_first_argument_is_inferred_can_be_layered():
    @torcharc.register("test.Scaled")
    class Scaled(nn.Module):
        def __init__(self, in_features: int, out_features: int, scale: float = 1.0):
            super().__init__()
            self.linear = nn.Linear(in_features, out_features)
            self.scale = scale

        def forward(self, x):
            return self.linear(x) * self.scale

    try:
        arc = dag([8], net={"type": "test.Scaled", "layers": [6, [4, 0.5]], "activation": "ReLU"})
        make = lambda: nn.Sequential(Scaled(8, 6), nn.ReLU(), Scaled(6, 4, 0.5), nn.ReLU())  # noqa: E731
        assert_same(arc, make, torch.rand(2, 8))
    finally:
        torcharc.unregister("test.Scaled")


def test_layers_argument_of_a_registered_module_is_its_own():
    @torcharc.register("test.Deep")
    class Deep(nn.Module):
        def __init__(self, layers: list):
            super().__init__()
            self.layers = layers

        def forward(self, x):
            return x

    try:
        assert torcharc.build(dag([8], net={"type": "test.Deep", "layers": [1, "a"]})).module_dict.net.layers == [
            1,
            "a",
        ]
    finally:
        torcharc.unregister("test.Deep")


# --- other nodes ----------------------------------------------------------------------------------


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


# --- carried tensors ------------------------------------------------------------------------------


def test_new_tensors_stand_first_and_the_others_keep_their_order():
    inputs = {"a": [3], "b": [4], "c": [5], "d": [6]}
    arc = dag(inputs, one={"type": "Linear", "in_names": ["c"], "out_features": 7})
    assert list(torcharc.inspect(arc).outputs) == ["c", "a", "b", "d"]
    arc["two"] = {"type": "ConcatMerge", "in_names": ["b", "d"]}
    assert list(torcharc.inspect(arc).outputs) == ["b", "c", "a"]
    arc["three"] = {"type": "ReuseFork", "in_names": ["a"], "names": ["z", "a"]}
    assert list(torcharc.inspect(arc).outputs) == ["z", "a", "b", "c"]
    outputs = torcharc.build(arc)({name: torch.rand(2, *shape) for name, shape in inputs.items()})
    assert list(outputs) == ["z", "a", "b", "c"]


def test_output_goes_on_under_the_first_of_in_names():
    arc = dag(
        {"image": [3, 5, 5], "vector": [4]},
        film={
            "type": "FiLMMerge",
            "in_names": ["vector", "image"],
            "names": {"feature": "image", "conditioner": "vector"},
        },
    )
    assert {name: info.shape for name, info in torcharc.inspect(arc).outputs.items()} == {"vector": (3, 5, 5)}


def test_one_tensor_left_is_a_tensor_several_are_a_plain_dict():
    one = torcharc.build(dag({"x": [8]}, fc={"type": "Linear", "out_features": 4}))
    two = torcharc.build(dag({"x": [8]}, fork={"type": "SplitFork", "shapes": {"mean": [4], "std": 4}}))
    assert isinstance(one({"x": torch.rand(2, 8)}), torch.Tensor)
    assert type(two(torch.rand(2, 8))) is dict
    assert list(two(torch.rand(2, 8))) == ["mean", "std"]


def test_hydra_of_the_seed_page():
    stack = {"batch_norm": True, "activation": "ReLU", "dropout": 0.2, "init": "kaiming_uniform_"}
    arc = dag(
        {"image": [3, 20, 20], "vector": [8]},
        image={"type": "Conv2d", "in_names": ["image"], "layers": [[16, 4, 2, 0, 1], [16, 4, 1, 0, 1]], **stack},
        merge={
            "type": "FiLMMerge",
            "in_names": ["image", "vector"],
            "names": {"feature": "image", "conditioner": "vector"},
        },
        Flatten={"type": "Flatten"},
        Linear={"type": "Linear", "layers": [64, 32], **stack},
        out={"type": "Linear", "out_features": 8},
        fork={"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}},
    )
    net = torcharc.build(arc).eval()
    xs = {"image": torch.rand(16, 3, 20, 20), "vector": torch.rand(16, 8)}
    m = net.module_dict
    x = m.image(xs["image"])
    scale, shift = m.merge.conditioner_scale(xs["vector"]), m.merge.conditioner_shift(xs["vector"])
    x = m.out(m.Linear((scale[:, :, None, None] * x + shift[:, :, None, None]).flatten(1)))
    outputs = net(xs)
    torch.testing.assert_close(outputs, {"mean": x[:, :4], "std": x[:, 4:]}, atol=1e-6, rtol=1e-6)
    assert sum(p.numel() for p in net.parameters()) == 44_712
    assert len(net.state_dict()) == 34


def test_call_takes_a_dict_a_namedtuple_keywords_or_positions():
    net = torcharc.build(dag({"x": [4], "y": [4]}, sub={"type": "torch.sub", "in_names": ["x", "y"]}))
    x, y = torch.rand(2, 4), torch.rand(2, 4)
    pair = collections.namedtuple("Pair", ["y", "x"])(y=y, x=x)
    for result in (net({"y": y, "x": x}), net(pair), net(y=y, x=x), net(x, y), net({"x": x}, y=y), net(x, y=y)):
        assert torch.equal(result, x - y)


def test_call_takes_the_tensor_of_one_input_by_any_means():
    net = torcharc.build(dag([4], act={"type": "ReLU"}))
    x = torch.rand(2, 4)
    for result in (net(x), net({"input": x}), net(input=x)):
        assert torch.equal(result, x)


NO_INPUTS = """inputs.x
  found: no inputs
  expected: the input 'x'
inputs.y
  found: no inputs
  expected: the input 'y'"""


@pytest.mark.parametrize(
    ("inputs", "named", "text"),
    [
        ((1, 2, 3), {}, "inputs\n  found: 3 tensors by position\n  expected: at most 2: x, y"),
        ((1,), {"x": 1}, "inputs.x\n  found: a tensor by position and one by name\n  expected: one tensor"),
        (
            (),
            {},
            NO_INPUTS,
        ),
        (
            ({},),
            {},
            NO_INPUTS,
        ),
        (
            (),
            {"y": 1, "X": 1},
            "inputs.x\n  found: the inputs X, y\n  expected: the input 'x'\n  hint: did you mean 'X'?",
        ),
    ],
    ids=["too many", "twice", "none", "empty dict", "misspelt"],
)
def test_wrong_call_names_the_inputs(inputs, named, text):
    net = torcharc.build(dag({"x": [4], "y": [4]}, sub={"type": "torch.sub", "in_names": ["x", "y"]}))
    with pytest.raises(torcharc.InputError) as error:
        net(*inputs, **named)
    assert str(error.value).split("\n", 1)[1] == text


def test_extra_input_with_the_name_of_an_output_is_refused():
    net = torcharc.build(dag({"x": [8]}, fork={"type": "ReuseFork", "names": ["left", "right"]}))
    with pytest.raises(torcharc.InputError) as error:
        net({"x": torch.rand(2, 8), "left": torch.rand(2, 8)})
    assert (
        str(error.value)
        == """1 problem in the inputs
inputs.left
  found: the input 'left'
  expected: a name that is no output, as it is carried to the output"""
    )


# --- shapes and seeds -----------------------------------------------------------------------------


def test_null_is_an_axis_of_any_size():
    arc = dag(
        [3, None, None],
        conv={"type": "Conv2d", "layers": [[4, 3, 2]]},
        pool={"type": "AdaptiveAvgPool2d", "output_size": 1},
    )
    arc |= {"flat": {"type": "Flatten"}, "fc": {"type": "Linear", "out_features": 5}}
    net = torcharc.build(arc)
    assert torcharc.inspect(arc).outputs["output"].shape == (5,)
    assert net(torch.rand(2, 3, 9, 21)).shape == net(torch.rand(2, 3, 32, 16)).shape == (2, 5)


def test_size_that_null_leaves_open_is_a_problem():
    assert (
        message(dag([None], fc={"type": "Linear", "out_features": 5}))
        == """1 problem in the spec
spec.fc
  found: no key 'in_features'
  expected: the key 'in_features', which is required"""
    )


def test_scalars_are_an_input_of_shape_nothing():
    arc = dag([], ids={"type": "Embedding", "num_embeddings": 5, "embedding_dim": 3})
    assert torcharc.build(arc)(torch.tensor([1, 4])).shape == (2, 3)


def test_modules_are_made_in_the_order_of_the_nodes():
    arc = dag(
        {"a": [3], "b": [5]},
        one={"type": "Linear", "in_names": ["b"], "layers": [4, 6]},
        two={"type": "Linear", "in_names": ["a"], "out_features": 2},
    )
    torch.manual_seed(3)
    net = torcharc.build(arc)
    torch.manual_seed(3)
    by_hand = [nn.Linear(5, 4), nn.Linear(4, 6), nn.Linear(3, 2)]
    made = [*net.module_dict.one, net.module_dict.two]
    for module, hand in zip(made, by_hand, strict=True):
        assert torch.equal(module.weight, hand.weight)
        assert torch.equal(module.bias, hand.bias)
    by_hand_next = torch.rand(3)
    torch.manual_seed(3)
    torcharc.build(arc)
    assert torch.equal(torch.rand(3), by_hand_next)


def test_seed_leaves_the_random_state_alone():
    arc = dag([8], fc={"type": "Linear", "out_features": 4})
    state = torch.get_rng_state()
    one, two = torcharc.build(arc, seed=5), torcharc.build(arc, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one.module_dict.fc.weight, two.module_dict.fc.weight)


def test_inspecting_and_inferring_touch_nothing():
    arc = dag([3, 9, 9], conv={"type": "Conv2d", "layers": [[4, 3]], "batch_norm": True, "dropout": 0.5})
    state = torch.get_rng_state()
    torcharc.inspect(arc)
    assert torch.equal(torch.get_rng_state(), state)
    net = torcharc.build(arc)
    assert net.module_dict.conv[1].num_batches_tracked == 0
    assert torch.equal(net.module_dict.conv[1].running_mean, torch.zeros(4))
    assert net.training


def test_device_and_dtype():
    arc = dag([8], fc={"type": "Linear", "layers": [10**6]})
    assert torcharc.build(arc, device="meta").module_dict.fc[0].weight.is_meta
    small = dag([8], fc={"type": "Linear", "layers": [4], "batch_norm": True})
    net = torcharc.build(small, dtype=torch.float64)
    assert net.module_dict.fc[0].weight.dtype == torch.float64
    assert net.module_dict.fc[1].num_batches_tracked.dtype == torch.int64
