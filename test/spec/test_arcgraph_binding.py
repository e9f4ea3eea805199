"""What feeds the ports of a node: keys, positions, tuples, numbers; and every listed function."""

import pytest
import torch
from arcgraph_specs import SEQUENCE, graph, node
from torch import nn
from torch.nn import functional as F

import torcharc


def build(*nodes, **more):
    return torcharc.build(graph(*nodes, **more), seed=0).eval()


def notes(spec):
    return [problem.expected for problem in torcharc.check(spec) if problem.severity == "note"]


# --- binding ---


PAIR = {"a": [None, 3, 4], "b": [None, 4, 5]}


@pytest.mark.parametrize(
    ("inputs", "note"),
    [
        (["a", "b"], None),
        ({"input": "a", "mat2": "b"}, None),
        ({"mat2": "b", "input": "a"}, None),
        ({"input1": "a", "input2": "b"}, "the ports of torch.bmm: input, mat2; read by position"),
        ({"in_10": "b", "in_2": "a"}, "the ports of torch.bmm: input, mat2; read by position"),
        ({"y": "b", "x": "a"}, "the ports of torch.bmm: input, mat2; read by position"),
        ({"a": "a", "b": "b"}, "the ports of torch.bmm: input, mat2; read by position"),
        ({"input": ["a", "b"]}, "one reference; read as a list over input, mat2"),
        ({"factors": ["a", "b"]}, "the ports of torch.bmm: input, mat2; read by position"),
    ],
)
def test_inputs_bind_by_name_or_by_plain_order(inputs, note):
    spec = graph(node("out", "torch.bmm", inputs), inputs=PAIR)
    a, b = torch.rand(2, 3, 4), torch.rand(2, 4, 5)
    torch.testing.assert_close(torcharc.build(spec)(a, b), a @ b)
    assert notes(spec) == ([] if note is None else [note])


def test_keys_of_an_operation_that_commutes_may_be_any():
    spec = graph(node("out", "torch.add", {"skip": "a", "main": "b"}), inputs={"a": [None, 3], "b": [None, 3]})
    a, b = torch.rand(2, 3), torch.rand(2, 3)
    torch.testing.assert_close(torcharc.build(spec)(a, b), a + b)
    assert notes(spec) == ["the ports of torch.add: input, other; read by position"]


@pytest.mark.parametrize(
    "inputs",
    [
        {"tensors": ["a", "b"]},
        ["a", "b"],
        {"input1": "a", "input2": "b"},
        {"user": "a", "item": "b"},
        {"in_10": "b", "in_9": "a"},
    ],
)
def test_operation_on_a_list_takes_one_list(inputs):
    spec = graph(node("out", "torch.cat", inputs, dim=1), inputs={"a": [None, 3], "b": [None, 4]})
    a, b = torch.rand(2, 3), torch.rand(2, 4)
    torch.testing.assert_close(torcharc.build(spec)(a, b), torch.cat([a, b], 1))


def test_lone_reference_is_a_list_of_one():
    x = torch.rand(2, 8)
    torch.testing.assert_close(build(node("out", "torch.stack", "x", dim=1))(x), x[:, None])


def test_einsum_takes_its_equation_first():
    spec = graph(node("out", "torch.einsum", {"operands": ["a", "b"]}, equation="nij,njk->nik"), inputs=PAIR)
    a, b = torch.rand(2, 3, 4), torch.rand(2, 4, 5)
    torch.testing.assert_close(torcharc.build(spec)(a, b), a @ b)


def test_absent_inputs_mean_the_node_before_or_the_first_input():
    nodes = [node("fc", "Linear", out_features=4), node("act", "ReLU"), node("norm", "LayerNorm", normalized_shape=4)]
    nodes[1]["inputs"] = None
    spec = graph(*nodes)
    network = torcharc.build(spec)
    x = torch.rand(2, 8)
    torch.testing.assert_close(network(x), F.layer_norm(F.relu(network.module_dict["fc"](x)), [4]))
    assert notes(spec) == [f"inputs; read as {name!r}, which stands before it" for name in ("x", "fc", "act")]


def test_number_in_inputs_is_a_keyword_of_the_call():
    x = torch.rand(2, 8)
    spec = graph(node("out", "torch.mul", {"input": "x", "other": 3}))
    torch.testing.assert_close(torcharc.build(spec)(x), 3 * x)
    assert notes(spec) == ["a reference; taken as a number in the call of torch.mul"]
    torch.testing.assert_close(build(node("out", "torch.sum", {"input": "x", "dim": 1}))(x), x.sum(1))
    torch.testing.assert_close(build(node("out", "torch.add", ["x", "x"], alpha=2))(x), 3 * x)


def test_switch_in_inputs_is_a_keyword_of_forward():
    inputs = {"query": "x", "key": "x", "value": "x", "need_weights": False}
    network = build(node("attend", "MultiheadAttention", inputs, num_heads=2, batch_first=True), inputs=SEQUENCE)
    torch.manual_seed(0)
    oracle = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.rand(2, 5, 8)
    torch.testing.assert_close(network(x), oracle(x, x, x, need_weights=False)[0])


@pytest.mark.parametrize("text", ["x", "x.output"])
def test_output_of_an_input_is_the_input(text):
    x = torch.rand(2, 8)
    torch.testing.assert_close(build(node("act", "Tanh", text))(x), x.tanh())


def test_inputs_may_pass_through():
    network = build(node("act", "Tanh", "x"), outputs={"same": "x", "act": "act"})
    x = torch.rand(2, 8)
    found = network(x)
    assert list(found) == ["same", "act"]
    assert found["same"] is x


# --- tuples ---


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("rnn", lambda out: out[0]),
        ("rnn.output", lambda out: out[0]),
        ("rnn.0", lambda out: out[0]),
        ("rnn.output.0", lambda out: out[0]),
        ("rnn.output.1.0", lambda out: out[1][0]),
        ("rnn.1.1", lambda out: out[1][1]),
        ("rnn.hidden_state", lambda out: out[1][0]),
        ("rnn.cell_state", lambda out: out[1][1]),
    ],
)
def test_parts_of_an_lstm(text, part):
    nodes = [node("rnn", "LSTM", "x", hidden_size=4, batch_first=True), node("out", "Tanh", text)]
    network = build(*nodes, inputs=SEQUENCE)
    x = torch.rand(2, 5, 8)
    torch.testing.assert_close(network(x), part(network.module_dict["rnn"](x)).tanh())


@pytest.mark.parametrize("hx", ["first.output.1", "first.1", ["first.hidden_state", "first.cell_state"]])
def test_hidden_states_go_on_as_a_pair(hx):
    nodes = [
        node("first", "LSTM", "x", hidden_size=4, batch_first=True),
        node("second", "LSTM", {"input": "x", "hx": hx}, hidden_size=4, batch_first=True),
    ]
    network = build(*nodes, inputs=SEQUENCE)
    x = torch.rand(2, 5, 8)
    first, second = network.module_dict["first"], network.module_dict["second"]
    torch.testing.assert_close(network(x), second(x, first(x)[1])[0])


def test_cells_give_hidden_and_cell_state():
    nodes = [
        node("cell", "LSTMCell", "x", hidden_size=4),
        node("out", "torch.add", ["cell.hidden_state", "cell.cell_state"]),
    ]
    network = build(*nodes)
    x = torch.rand(2, 8)
    torch.testing.assert_close(network(x), sum(network.module_dict["cell"](x)))


def test_values_and_indices():
    x = torch.rand(2, 8)
    outputs = {"high": "top.values", "where": "top.indices", "low": "low"}
    found = build(node("top", "torch.max", "x", dim=1), node("low", "torch.min", "x", dim=1), outputs=outputs)(x)
    torch.testing.assert_close(found, {"high": x.max(1)[0], "where": x.max(1)[1], "low": x.min(1)[0]})


def test_pool_and_unpool():
    nodes = [
        node("pool", "MaxPool1d", "x", kernel_size=2, return_indices=True),
        node("back", "MaxUnpool1d", {"input": "pool.values", "indices": "pool.indices"}, kernel_size=2),
    ]
    x = torch.rand(2, 3, 8)
    expected = F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2)
    torch.testing.assert_close(build(*nodes, inputs={"x": [None, 3, 8]})(x), expected)


def test_chunks_are_parts_and_a_list():
    nodes = [
        node("parts", "torch.chunk", "x", chunks=2, dim=1),
        node("swapped", "torch.cat", ["parts.1", "parts.0"], dim=1),
        node("rows", "torch.stack", "parts", dim=1),
    ]
    x = torch.rand(2, 8)
    found = build(*nodes, outputs={"swapped": "swapped", "rows": "rows", "first": "parts"})(x)
    torch.testing.assert_close(found["swapped"], x.roll(4, 1))
    torch.testing.assert_close(found["rows"], x.view(2, 2, 4))
    torch.testing.assert_close(found["first"], x[:, :4])


# --- every function of the reference ---


@pytest.mark.parametrize(
    ("name", "inputs", "params"),
    [
        ("torch.div", ["x", "x"], {"rounding_mode": "floor"}),
        ("torch.squeeze", "x", {"dim": 1}),
        ("torch.reshape", "x", {"shape": [-1, 2, 4]}),
        ("torch.view", "x", {"size": [-1, 2, 4]}),
        ("torch.view", "x", {"shape": [-1, 2, 4]}),
        ("torch.permute", "x", {"dims": [1, 0]}),
        ("torch.flatten", "x", {"start_dim": 0}),
        ("torch.softmax", "x", {"dim": 1}),
        ("torch.select", "x", {"dim": 1, "index": -1}),
        ("torch.narrow", "x", {"dim": 1, "start": 2, "length": 3}),
        ("torch.pow", {"input": "x", "exponent": 2}, {}),
        ("torch.split", "x", {"split_size_or_sections": 3, "dim": 1}),
        ("F.layer_norm", "x", {"normalized_shape": [8]}),
        ("F.scaled_dot_product_attention", ["x", "x", "x"], {"is_causal": True}),
        ("F.smooth_l1_loss", ["x", "x"], {}),
    ],
)
def test_function_gives_what_torch_gives(name, inputs, params):
    x = torch.rand(3, 8) + 0.1
    found = build(node("out", name, inputs, **params))(x)
    space, short = (F, name[2:]) if name.startswith("F.") else (torch, name[6:])
    function = torch.Tensor.view if short == "view" else getattr(space, short)
    tensors = [x] * (len(inputs) if isinstance(inputs, list) else 1)
    if short == "view":
        expected = x.view(-1, 2, 4)
    elif short == "pow":
        expected = x**2
    else:
        expected = function(*tensors, **params)
    torch.testing.assert_close(found, expected[0] if isinstance(expected, tuple) else expected)
