"""The sequential form of the arc format: `layers` against the modules that one would write by hand."""

import pytest
import torch
from arc_by_hand import assert_same, dag
from torch import nn

import torcharc

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
