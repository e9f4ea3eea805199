"""Malformed specs: each row of the table in the reference is a case, and its whole message is compared."""

import collections

import pytest
import torch
from malformed import CASES

import torcharc


@pytest.mark.parametrize(("spec", "message"), CASES)
def test_malformed_spec_is_refused_with_this_message(spec, message):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    assert str(error.value) == message


@pytest.mark.parametrize("name", ["items", "pop", "training", "parameters", "state_dict", "to", "type"])
def test_row_36_names_of_attributes_are_reserved(name):
    arc = {"dag_in_shape": [8], name: {"type": "Linear", "out_features": 4}}
    with pytest.raises(torcharc.SpecError):
        torcharc.build(arc)


def test_row_05_branch_without_in_names_takes_the_first_carried():
    arc = {
        "dag_in_shape": {"a": [3], "b": [5]},
        "one": {"type": "Linear", "in_names": ["b"], "out_features": 2},
        "two": {"type": "Linear", "out_features": 7},
    }
    net = torcharc.build(arc)
    outputs = net({"a": torch.rand(4, 3), "b": torch.rand(4, 5)})
    assert net.module_dict.two.in_features == 2  # what `one` gave, under the name b
    assert {name: tuple(y.shape) for name, y in outputs.items()} == {"b": (4, 7), "a": (4, 3)}


def test_row_19_batch_norm_on_a_batch_of_one_is_an_error_of_torch():
    net = torcharc.build({"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "batch_norm": True}})
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        net(torch.rand(1, 8))
    assert net.eval()(torch.rand(1, 8)).shape == (1, 4)


def test_row_23_extra_input_is_carried_to_the_output():
    net = torcharc.build({"dag_in_shape": {"x": [8]}, "fc": {"type": "Linear", "out_features": 4}})
    extra = torch.rand(2, 3)
    outputs = net({"extra": extra, "x": torch.rand(2, 8)})
    assert list(outputs) == ["x", "extra"]
    assert outputs["extra"] is extra


def test_row_24_missing_input_is_named():
    net = torcharc.build({"dag_in_shape": {"x": [8], "y": [4]}, "sum": {"type": "ConcatMerge", "in_names": ["x", "y"]}})
    with pytest.raises(torcharc.InputError) as error:
        net({"x": torch.rand(2, 8)})
    assert (
        str(error.value)
        == """1 problem in the inputs
inputs.y
  found: the inputs x
  expected: the input 'y'"""
    )


def test_row_25_order_of_the_inputs_does_not_matter():
    arc = {"dag_in_shape": {"x": [8], "y": [4]}, "join": {"type": "ConcatMerge", "in_names": ["x", "y"]}}
    net = torcharc.build(arc)
    x, y = torch.rand(2, 8), torch.rand(2, 4)
    assert torch.equal(net({"y": y, "x": x}), net({"x": x, "y": y}))


@pytest.mark.parametrize(
    ("x", "note"),
    [
        pytest.param(torch.zeros(2, 8, dtype=torch.int64), "in the node 'fc' (Linear), fed (2, 8) int64", id="dtype"),
        pytest.param(torch.zeros(2, 9), "in the node 'fc' (Linear), fed (2, 9) float32", id="size"),
    ],
)
def test_row_26_27_wrong_tensor_is_an_error_of_torch_with_node_and_shapes(x, note):
    net = torcharc.build({"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4}})
    with pytest.raises(RuntimeError) as error:
        net(x)
    assert error.value.__notes__ == [note]


def test_row_26_ids_where_floats_are_given():
    net = torcharc.build({"dag_in_shape": [5], "ids": {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 4}})
    assert net(torch.zeros(2, 5, dtype=torch.int64)).shape == (2, 5, 4)
    with pytest.raises(RuntimeError) as error:
        net(torch.zeros(2, 5))
    assert error.value.__notes__ == ["in the node 'ids' (Embedding), fed (2, 5) float32"]


@pytest.mark.parametrize("name", ["x.a", "x[0]", "keys", "module_dict", "dag in shape"])
def test_row_35_any_input_name_is_a_plain_name(name):
    arc = {
        "dag_in_shape": {name: [3], "other": [5]},
        "fc": {"type": "Linear", "in_names": [name], "out_features": 2},
    }
    outputs = torcharc.build(arc)({name: torch.rand(4, 3), "other": torch.rand(4, 5)})
    assert {key: tuple(y.shape) for key, y in outputs.items()} == {name: (4, 2), "other": (4, 5)}


def test_row_37_linear_after_conv_acts_on_the_last_axis():
    arc = {
        "dag_in_shape": [3, 8, 10],
        "conv": {"type": "Conv2d", "layers": [[4, 3]]},
        "fc": {"type": "Linear", "layers": [5]},
    }
    net = torcharc.build(arc)
    assert net.module_dict.fc[0].in_features == 8
    assert net(torch.rand(2, 3, 8, 10)).shape == (2, 4, 6, 5)


def test_row_38_unequal_batches_are_an_error_at_the_call():
    arc = {
        "dag_in_shape": {"image": [3, 8, 8], "vector": [5]},
        "film": {
            "type": "FiLMMerge",
            "in_names": ["image", "vector"],
            "names": {"feature": "image", "conditioner": "vector"},
        },
    }
    net = torcharc.build(arc)
    with pytest.raises(ValueError, match="the feature has a batch of 16, the conditioner one of 1") as error:
        net({"image": torch.rand(16, 3, 8, 8), "vector": torch.rand(1, 5)})
    assert error.value.__notes__ == [
        "in the node 'film' (FiLMMerge), fed image (16, 3, 8, 8) float32, vector (1, 5) float32"
    ]


def test_errors_are_value_errors_with_problems():
    with pytest.raises(ValueError, match="1 problem in the spec") as error:
        torcharc.build({"dag_in_shape": [8], "fc": {"type": "Linaer"}})
    (problem,) = error.value.problems
    assert (problem.path, problem.code, problem.hint) == (("fc", "type"), "unknown-type", "did you mean 'Linear'?")


def test_every_row_with_an_error_has_a_case():
    rows = collections.Counter(int(case.id.split("_")[1]) for case in CASES if case.id.startswith("row_"))
    documented = {5, 19, 23, 24, 25, 26, 27, 37, 38}
    assert set(rows) | documented == set(range(1, 40))
