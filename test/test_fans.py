"""The key `per` of an initializer: what is drawn is divided by the fan of its layer; the fans are counted here."""

import math

import pytest
import torch

import torcharc

ONES = {"weight": {"type": "ones_"}, "bias": {"type": "ones_"}}

# what a unit takes in and what a value is given out to, of the layers below: 8 to 6, 3 to 4 with kernels of 2x5, ...
LAYERS = [
    pytest.param({"type": "Linear", "out_features": 6}, [8], "", 8, 6, id="Linear"),
    pytest.param({"type": "Linear", "layers": [6]}, [8], "0.", 8, 6, id="stack"),
    pytest.param(
        {"type": "Conv2d", "out_channels": 4, "kernel_size": [2, 5]}, [3, 9, 9], "", 3 * 10, 4 * 10, id="Conv2d"
    ),
    pytest.param(
        {"type": "Conv1d", "out_channels": 6, "kernel_size": 3, "groups": 2}, [4, 9], "", 2 * 3, 6 * 3, id="groups"
    ),
]


def build(node, shape, **per):
    init = {part: {**value, **per} for part, value in ONES.items()}
    return torcharc.build({"dag_in_shape": shape, "net": {**node, "init": init}}).module_dict.net.state_dict()


@pytest.mark.parametrize(("node", "shape", "prefix", "fan_in", "fan_out"), LAYERS)
def test_values_are_divided_by_the_fan(node, shape, prefix, fan_in, fan_out):
    fans = {"fan_in": fan_in, "fan_out": fan_out}
    fans |= {f"sqrt_{name}": math.sqrt(fan) for name, fan in fans.items()}
    for per, fan in fans.items():
        found = build(node, shape, per=per)
        for part in ("weight", "bias"):
            weight = found[prefix + part]
            torch.testing.assert_close(weight, torch.full_like(weight, 1 / fan))
    assert all(value.eq(1).all() for value in build(node, shape, per=None).values())


def test_each_layer_of_a_stack_has_its_own_fan():
    found = build({"type": "Linear", "layers": [5, 2]}, [4], per="fan_in")
    assert {float(found[key][0]) for key in ("0.bias",)} == {0.25}
    assert found["1.weight"].flatten().tolist() == pytest.approx([1 / 5] * 10)


def test_bias_of_a_recurrent_layer_has_the_fan_of_the_weight_beside_it():
    found = build({"type": "LSTM", "hidden_size": 4, "num_layers": 2}, [5, 8], per="fan_in")
    values = {key: float(value.flatten()[0]) for key, value in found.items()}
    assert {key: value for key, value in values.items() if "_ih_l0" in key} == {
        "weight_ih_l0": 1 / 8,
        "bias_ih_l0": 1 / 8,
    }
    assert {value for key, value in values.items() if "_ih_l0" not in key} == {1 / 4}


def test_biases_of_attention_have_the_fan_of_its_projections():
    init = {"bias": {"type": "ones_", "per": "fan_in"}}
    node = {"type": "MultiheadAttention", "num_heads": 2, "in_names": ["q", "k", "v"], "init": init}
    net = torcharc.build({"dag_in_shape": {"q": [5, 6], "k": [5, 6], "v": [5, 6]}, "attn": node}).module_dict.attn
    torch.testing.assert_close(net.in_proj_bias, torch.full((18,), 1 / 6))
    torch.testing.assert_close(net.out_proj.bias, torch.full((6,), 1 / 6))


def test_lecun_normal_is_a_normal_per_root_of_the_fan():
    torch.manual_seed(0)
    node = {"type": "Linear", "out_features": 300, "init": {"type": "normal_", "per": "sqrt_fan_in"}}
    weight = torcharc.build({"dag_in_shape": [400], "net": node}).module_dict.net.weight
    assert weight.std().item() == pytest.approx(1 / 20, rel=0.02)


def test_hash_tells_what_is_divided():
    def digest(**per):
        return torcharc.hash({"type": "Linear", "in_features": 4, "layers": [2], "init": {"type": "normal_", **per}})

    assert digest() == digest(per=None)
    assert len({digest(), digest(per="fan_in"), digest(per="fan_out")}) == 3


def test_unknown_word_is_a_problem():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build({"type": "Linear", "in_features": 4, "layers": [2], "init": {"type": "normal_", "per": "fanin"}})
    assert str(error.value) == (
        "1 problem in the spec\nspec.init.per\n  found: 'fanin'\n  expected: what the values are divided by:"
        " fan_in, fan_out, sqrt_fan_in, sqrt_fan_out\n  hint: did you mean 'fan_in'?"
    )
