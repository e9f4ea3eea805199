"""DAGNet: calls, what dies when, and what a failing call says."""

import collections
import gc
import weakref

import pytest
import torch
from torch import nn

import torcharc
from torcharc import InputError
from torcharc.arc_ref import REF_ARCS

ARC = {
    "dag_in_shape": {"image": [3, 8, 8], "vector": [4]},
    "film": {
        "type": "FiLMMerge",
        "in_names": ["image", "vector"],
        "names": {"feature": "image", "conditioner": "vector"},
    },
    "flat": {"type": "Flatten"},
    "head": {"type": "Linear", "out_features": 5},
}


@pytest.fixture
def net():
    return torcharc.build(ARC, seed=0).eval()


@pytest.fixture
def xs():
    torch.manual_seed(0)
    return {"image": torch.rand(6, 3, 8, 8), "vector": torch.rand(6, 4)}


def test_all_ways_to_call_agree(net, xs):
    expected = net.module_dict.head(net.module_dict.film(xs).flatten(1))
    Inputs = collections.namedtuple("Inputs", ["vector", "image"])
    for y in (
        net(xs),
        net({"vector": xs["vector"], "image": xs["image"]}),
        net(**xs),
        net(xs["image"], xs["vector"]),
        net(xs["image"], vector=xs["vector"]),
        net(Inputs(xs["vector"], xs["image"])),
    ):
        torch.testing.assert_close(y, expected, rtol=0, atol=0)


def test_undeclared_inputs_are_carried_untouched(net, xs):
    extra = torch.rand(6, 9)
    y = net({**xs, "extra": extra})
    assert list(y) == ["image", "extra"]
    assert y["extra"] is extra
    torch.testing.assert_close(y["image"], net(xs))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda net, xs: net({"image": xs["image"]}),
            "1 problem in the inputs\ninputs.vector\n  found: the inputs image\n  expected: the input 'vector'",
        ),
        (
            lambda net, xs: net(),
            "2 problems in the inputs\n"
            "inputs.image\n  found: no inputs\n  expected: the input 'image'\n"
            "inputs.vector\n  found: no inputs\n  expected: the input 'vector'",
        ),
        (
            lambda net, xs: net(xs["image"], xs["vector"], xs["vector"]),
            "1 problem in the inputs\ninputs\n  found: 3 tensors by position\n  expected: at most 2: image, vector",
        ),
        (
            lambda net, xs: net(xs["image"], image=xs["image"], vector=xs["vector"]),
            "1 problem in the inputs\n"
            "inputs.image\n  found: a tensor by position and one by name\n  expected: one tensor",
        ),
    ],
)
def test_faulty_call_is_told_whole(net, xs, call, message):
    with pytest.raises(InputError) as error:
        call(net, xs)
    assert str(error.value) == message


def test_extra_input_under_the_name_of_an_output_is_refused():
    net = torcharc.build(REF_ARCS["SplitFork"])
    with pytest.raises(InputError) as error:
        net({"input": torch.rand(2, 8), "mean": torch.rand(2, 4)})
    assert str(error.value) == (
        "1 problem in the inputs\n"
        "inputs.mean\n"
        "  found: the input 'mean'\n"
        "  expected: a name that is no output, as it is carried to the output"
    )


def notes(error):
    return "\n".join(error.value.__notes__)


def test_failing_node_is_named_with_what_it_was_fed(net, xs):
    with pytest.raises(RuntimeError) as error:
        net({"image": torch.rand(6, 3, 9, 9), "vector": xs["vector"]})
    assert notes(error) == "in the node 'head' (Linear), fed (6, 243) float32"
    with pytest.raises(RuntimeError) as error:
        net({"image": xs["image"], "vector": xs["vector"].double()})
    assert notes(error) == "in the node 'film' (FiLMMerge), fed image (6, 3, 8, 8) float32, vector (6, 4) float64"


def test_conditioner_with_a_batch_of_one_is_refused_at_the_call(net, xs):
    with pytest.raises(ValueError, match=r"^the feature has a batch of 6, the conditioner one of 1"):
        net({"image": xs["image"], "vector": xs["vector"][:1]})


def test_batch_norm_on_one_value_in_training_is_torchs_own_error():
    net = torcharc.build({"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "batch_norm": True}})
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training") as error:
        net(torch.rand(1, 8))
    assert notes(error) == "in the node 'fc' (Sequential), fed (1, 8) float32"


def test_replaced_module_is_what_runs(net, xs):
    net.module_dict["head"] = nn.Identity()
    assert net(xs).shape == (6, 192)


def test_hooks_fire_on_every_node(net, xs):
    seen = []
    for name, module in net.module_dict.items():
        module.register_forward_hook(lambda module, args, y, name=name: seen.append(name))
    net(xs)
    assert seen == ["film", "flat", "head"]


def test_intermediate_results_die_as_soon_as_nobody_reads_them():
    alive = []

    class Watch(nn.Module):
        def forward(self, x):
            gc.collect()
            alive.append(sum(ref() is not None for ref in refs))
            y = x + 1
            refs.append(weakref.ref(y))
            return y

    refs = []
    torcharc.register("Watch", Watch)
    try:
        arc = {"dag_in_shape": [4], **{f"step_{i}": {"type": "Watch"} for i in range(4)}}
        net = torcharc.build(arc)
        refs.clear()
        alive.clear()
        with torch.no_grad():
            net(torch.rand(2, 4))
    finally:
        torcharc.unregister("Watch")
    assert alive == [0, 1, 1, 1]  # a step sees its own input alone


def test_shared_module_is_one_module_with_one_set_of_weights():
    net = torcharc.build(REF_ARCS["stereo_conv"])
    assert list(net.module_dict) == ["conv", "join", "pool", "flat", "head"]
    y = net.eval()({"left": torch.ones(1, 3, 32, 32), "right": torch.ones(1, 3, 32, 32)})
    y.sum().backward()
    assert net.module_dict.conv[0].weight.grad is not None
    found = torcharc.inspect(REF_ARCS["stereo_conv"])
    assert found["conv~right"].params == 0
    assert found["conv~right"].macs == found["conv"].macs


def test_gradients_reach_every_parameter():
    net = torcharc.build(REF_ARCS["hydra"])
    ys = net({"image": torch.rand(4, 3, 20, 20), "vector": torch.rand(4, 8)})
    (ys["mean"].sum() + ys["std"].square().sum()).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.parameters())


def test_thousand_nodes_run():
    arc = {
        "dag_in_shape": {"x": [8], "y": [4]},
        **{f"l{i}": {"type": "Linear", "out_features": 8} for i in range(1000)},
    }
    y = torcharc.build(arc)({"x": torch.rand(2, 8), "y": torch.ones(2, 4)})
    assert (y["x"].shape, y["y"].sum()) == ((2, 8), 8)
