"""The Arc-Graph language: dialects, values, order, names, parameters and constants."""

import copy
import pickle

import pytest
import torch
from arcgraph_specs import SEQUENCE, graph, node, tensor
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

import torcharc
from torcharc.spec.ordering import order_names


def build(*nodes, **more):
    return torcharc.build(graph(*nodes, **more), seed=0).eval()


# --- dialects ---


def test_dialect_of_version_0():
    spec = {
        "version": "0.1",
        "model_name": "diabetes",
        "description": "glucose to outcome",
        "features": {
            "feature_columns": ["glucose", "bmi"],
            "target_columns": ["outcome"],
            "processors": [{"name": "scale", "type": "core.Scaler"}],
        },
        "model": {
            "inputs": {"features": {"dtype": "float32", "shape": [None, "vars.n_features"]}},
            "graph": [
                node("linear", "core.Linear", {"input": "features"}, in_features="vars.n_features", out_features=1),
                node("sigmoid", "core.Sigmoid", {"input": "linear.output"}),
            ],
            "outputs": {"logits": "linear.output", "prediction": "sigmoid.output"},
        },
        "trainer": {
            "optimizer": {"type": "adam", "config": {"learning_rate": 0.001}},
            "loss": {
                "type": "core.BCELoss",
                "inputs": {"pred": "model.prediction", "target": "target_columns.outcome"},
            },
            "config": {"epochs": 10, "batch_size": 32},
        },
        "predictor": {"returns": ["prediction"]},
    }
    network = torcharc.build(spec, n_features=8)
    assert sum(p.numel() for p in network.parameters()) == 9
    found = network(torch.rand(3, 8))
    assert list(found) == ["logits", "prediction"]
    torch.testing.assert_close(found["prediction"], found["logits"].sigmoid())


def test_model_and_trainer_may_stand_side_by_side():
    inner = graph(node("fc", "nn.Linear", "x", out_features=2))
    spec = {
        "model": inner,
        "trainer": {"optimizer": {"type": "torch.optim.Adam", "params": {"lr": 0.1}}, "loss": "mse"},
    }
    assert torcharc.build(spec)(torch.rand(3, 8)).shape == (3, 2)


@pytest.mark.parametrize(
    "more", [{"name": "n", "data_table": "t", "plan_id": "p"}, {"evaluator": {"metrics": ["auc"]}}]
)
def test_metadata_is_kept_and_not_interpreted(more):
    spec = graph(node("fc", "Linear", "x", out_features=2), **more)
    assert torcharc.build(spec).spec == spec


@pytest.mark.parametrize("name", ["Linear", "nn.Linear", "torch.nn.Linear", "core.Linear"])
def test_module_aliases_are_one_type(name):
    assert isinstance(build(node("fc", name, "x", out_features=2)).module_dict["fc"], nn.Linear)


@pytest.mark.parametrize("name", ["F.gelu", "nn.functional.gelu", "torch.nn.functional.gelu"])
def test_function_aliases_are_one_function(name):
    x = torch.randn(2, 8)
    torch.testing.assert_close(build(node("act", name, "x"))(x), F.gelu(x))


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *[
            ("float", torch.float32),
            ("double", torch.float64),
            ("float16", torch.float16),
            ("bfloat16", torch.bfloat16),
        ],
        *[("long", torch.int64), ("int", torch.int32), ("int16", torch.int16), ("int8", torch.int8)],
        *[("uint8", torch.uint8), ("bool", torch.bool)],
    ],
)
def test_dtypes_of_inputs(name, dtype):
    network = build(node("flat", "Flatten", "x"), inputs={"x": tensor([None, 2, 3], name)})
    assert network(torch.ones(4, 2, 3).to(dtype)).dtype == dtype


# --- values ---


@pytest.mark.parametrize(
    "width", [6, "6", "WIDTH", "WIDTH * 2 // 2", "vars.WIDTH", "HALF + 3", "(HALF + 3) % 7", "12 / 2", "${WIDTH}"]
)
def test_numeric_params_are_worked_out(width):
    network = build(node("fc", "Linear", "x", out_features=width), vars={"WIDTH": 6, "HALF": 3})
    assert network.module_dict["fc"].out_features == 6


def test_strings_are_numbers_where_numbers_are_due():
    network = build(node("norm", "LayerNorm", "x", eps="1e-5"), node("drop", "Dropout", p="P / 4"), vars={"P": 2})
    assert network.module_dict["norm"].eps == 1e-5
    assert network.module_dict["drop"].p == 0.5


def test_words_stay_words():
    inputs = {"x": [None, 3, 8]}
    network = build(
        node("conv", "Conv1d", "x", out_channels=4, kernel_size=3, padding="same"), inputs=inputs, vars={"same": 5}
    )
    assert network(torch.rand(2, 3, 8)).shape == (2, 4, 8)
    assert build(node("act", "F.gelu", "x", approximate="tanh"))(torch.rand(2, 8)).shape == (2, 8)


def test_variables_are_overridden_and_bound_by_the_caller():
    spec = graph(node("fc", "Linear", "x", out_features="WIDTH + MORE"), vars={"WIDTH": 6})
    assert torcharc.build(spec, WIDTH=2, MORE=1)(torch.rand(2, 8)).shape == (2, 3)


def test_a_name_that_nothing_uses_is_refused():
    spec = graph(node("fc", "Linear", "x", out_features="WIDTH"), vars={"WIDTH": 6})
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build(spec, WIDHT=2)
    assert str(caught.value) == (
        "1 problem in the spec\n"
        "spec.vars.WIDHT\n"
        "  found: a value for the variable 'WIDHT'\n"
        "  expected: one of the variables: WIDTH\n"
        "  hint: did you mean 'WIDTH'?"
    )


def test_an_output_whose_template_is_null_is_left_out():
    extra = {**node("extra", "Linear", "x", out_features=2), "when": "${deep}"}
    outputs = {"y": "act", "more": "${'extra' if deep else None}"}
    spec = graph(node("act", "ReLU", "x"), extra, outputs=outputs, vars={"deep": True})
    assert set(torcharc.build(spec)(torch.rand(2, 8))) == {"y", "more"}
    assert torcharc.build(spec, deep=False)(torch.rand(2, 8)).shape == (2, 8)


def test_an_output_that_is_null_is_refused():
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build(graph(node("act", "ReLU", "x"), outputs={"y": "act", "more": None}))
    assert str(caught.value) == (
        "1 problem in the spec\n"
        "spec.outputs.more\n"
        "  found: nothing in the outputs\n"
        "  expected: a reference: the name of an input or a node, as 'fc.output'"
    )


def test_lists_hold_expressions():
    network = build(node("norm", "LayerNorm", "x", normalized_shape=["W"]), vars={"W": 8})
    assert network.module_dict["norm"].normalized_shape == (8,)


def test_target_builds_an_argument():
    layer = {
        "_target_": "torch.nn.TransformerEncoderLayer",
        "d_model": "D",
        "nhead": 2,
        "dim_feedforward": 16,
        "batch_first": True,
    }
    network = build(
        node("encode", "torch.nn.TransformerEncoder", "x", encoder_layer=layer, num_layers=2),
        inputs=SEQUENCE,
        vars={"D": 8},
    )
    torch.manual_seed(0)
    oracle = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    x = torch.rand(2, 5, 8)
    torch.testing.assert_close(network(x), oracle(x))


def test_size_is_inferred():
    network = build(node("fc", "Linear", "x", out_features=3), node("norm", "BatchNorm1d"))
    assert network.module_dict["fc"].in_features == 8
    assert network.module_dict["norm"].num_features == 3


def test_stack_of_layers_is_a_node():
    network = build(node("body", "Linear", "x", layers=["W", "W * 2"], activation="ReLU"), vars={"W": 4})
    assert [type(layer).__name__ for layer in network.module_dict["body"]] == ["Linear", "ReLU", "Linear", "ReLU"]
    assert network(torch.rand(2, 8)).shape == (2, 8)


def test_dropout_follows_training():
    network = build(node("drop", "F.dropout", "x", p=0.5))
    x = torch.ones(4, 8)
    assert torch.equal(network(x), x)
    assert not torch.equal(network.train()(x), x)


# --- parameters and constants ---


def test_class_token_and_table_of_positions():
    nodes = [
        node("token", "Parameter", "x", shape=[1, "D"]),
        node("all", "torch.cat", ["token", "x"], dim=1),
        node("table", "Parameter", shape=[6, "D"], value=0.5),
        node("placed", "torch.add", ["all", "table"]),
    ]
    network = build(*nodes, inputs=SEQUENCE, vars={"D": 8})
    x = torch.rand(3, 5, 8)
    token = network.module_dict["token"].weight
    torch.testing.assert_close(network(x), torch.cat([token.expand(3, 1, 8), x], 1) + 0.5)
    assert [tuple(p.shape) for p in network.parameters()] == [(1, 8), (6, 8)]


def test_constants_are_no_weights():
    network = build(node("half", "Constant", value=0.5), node("scaled", "torch.mul", ["x", "half"]))
    x = torch.rand(2, 8)
    torch.testing.assert_close(network(x), x / 2)
    assert network.state_dict() == {}


# --- order and names ---


def test_nodes_run_in_an_order_that_works_ties_as_in_the_file():
    nodes = [
        node("last", "torch.add", ["b", "a"]),
        node("b", "ReLU", "x"),
        node("a", "Tanh", "x"),
    ]
    network = build(*nodes, outputs={"y": "last"})
    assert [step.name for step in network.graph.nodes] == ["b", "a", "last"]


def test_order_of_a_long_chain_is_quick():
    waits = {f"n{i}": [f"n{i + 1}"] for i in range(20_000)}
    assert order_names(waits)[0][0] == "n19999"


NAMES = (
    "type keys training forward train items self attributes module_dict register_buffer state_dict 2 __call__ _modules"
).split()


def test_every_name_works():
    network = build(*[node(name, "Linear", out_features=8) for name in NAMES])
    x = torch.rand(2, 8)
    expected = network(x)
    state = network.state_dict()
    assert list(state) == [f"module_dict.{name}.{part}" for name in NAMES for part in ("weight", "bias")]
    other = torcharc.build(network.spec, seed=1).eval()
    other.load_state_dict(state, strict=True)
    torch.testing.assert_close(other(x), expected)
    for again in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), network.train().eval()):
        torch.testing.assert_close(again(x), expected)
    torch.testing.assert_close(functional_call(network, dict(network.named_parameters()), (x,)), expected)
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(network, fullgraph=True, backend="eager")(x), expected)
    torch.testing.assert_close(torch.export.export(network, (x,)).module()(x), expected)


def test_names_work_for_inputs_and_outputs():
    names = ["type", "keys", "values", "items", "2"]
    inputs = {name: [None, 2] for name in names}
    network = build(node("all", "torch.cat", names, dim=1), inputs=inputs, outputs={"keys": "all", "type": "type"})
    fed = {name: torch.full((3, 2), float(index)) for index, name in enumerate(names)}
    assert list(network(fed)) == ["keys", "type"]
    torch.testing.assert_close(network(**fed)["keys"], torch.cat(list(fed.values()), 1))
