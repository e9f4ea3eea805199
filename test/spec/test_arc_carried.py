"""The tensors that an arc carries forward, and how its network is called."""

import collections

import pytest
import torch
from arc_by_hand import dag

import torcharc


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
