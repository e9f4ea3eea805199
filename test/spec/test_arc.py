"""The arc format: each form of a node against the module that one would write by hand."""

import torch
from arc_by_hand import dag
from refusal import message
from torch import nn

import torcharc

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
