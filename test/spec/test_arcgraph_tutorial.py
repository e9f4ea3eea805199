"""The listings of the Arc-Graph tutorial: what builds, what is refused and why, what mends it."""

import copy

import pytest
import torch
from refusal import message
from torch import nn
from torch.nn import functional as F

import torcharc

DCN = """\
inputs:
  features:
    dtype: float32
    shape: [null, 20]

graph:
  - {name: cross_1, type: torch.nn.Linear, params: {in_features: 20, out_features: 20}, inputs: {input: features}}
  - {name: cross_2, type: torch.nn.Linear, params: {in_features: 20, out_features: 20}, inputs: {input: cross_1.output}}
  - {name: cross_3, type: torch.nn.Linear, params: {in_features: 20, out_features: 20}, inputs: {input: cross_2.output}}
  - {name: deep_1, type: torch.nn.Linear, params: {in_features: 20, out_features: 256}, inputs: {input: features}}
  - {name: deep_relu_1, type: torch.nn.ReLU, inputs: {input: deep_1.output}}

  # ... more deep layers ...

  - name: concat
    type: torch.cat
    params:
      dim: 1
    inputs:
      tensors: [cross_3.output, deep_3.output]
  - {name: final, type: torch.nn.Linear, params: {in_features: 84, out_features: 1}, inputs: {input: concat.output}}

outputs:
  rating: final.output
"""

FILLED = """\
  - {name: deep_2, type: torch.nn.Linear, params: {in_features: 256, out_features: 128}, inputs: [deep_relu_1.output]}
  - {name: deep_relu_2, type: torch.nn.ReLU, inputs: {input: deep_2.output}}
  - {name: deep_3, type: torch.nn.Linear, params: {in_features: 128, out_features: 64}, inputs: [deep_relu_2.output]}
"""


@pytest.fixture
def write(tmp_path):
    """Writes a spec file and gives its path."""

    def write_file(text):
        path = tmp_path / "net.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def node(name, type, inputs=None, **params):
    found = {"name": name, "type": type, "params": params, "inputs": inputs}
    return {key: value for key, value in found.items() if value}


def linear(name, width, out, source):
    return node(name, "torch.nn.Linear", {"input": source}, in_features=width, out_features=out)


def notes(spec, severity="note"):
    return [(p.path, p.found, p.expected) for p in torcharc.check(spec) if p.severity == severity]


# 1. deep and cross


def test_dcn_as_printed_cites_the_comment_that_stands_for_its_layers(write):
    assert message(write(DCN)) == (
        "1 problem in the spec\n"
        "net.yaml:20: spec.graph[5].inputs.tensors[1]\n"
        "  found: 'deep_3.output' in the node 'concat'\n"
        "  expected: the name of an input or a node:"
        " concat, cross_1, cross_2, cross_3, deep_1, deep_relu_1, features, final\n"
        "  hint: did you mean 'deep_1'? line 13 leaves something out: '# ... more deep layers ...'"
    )


def test_dcn_with_its_layers_builds(write):
    path = write(DCN.replace("  # ... more deep layers ...\n", FILLED))
    network = torcharc.build(path)
    assert sum(p.numel() for p in network.parameters()) == 47_873
    assert network(torch.rand(5, 20)).shape == (5, 1)


# 3. mixture of experts: the published template


def experts(dim, mixing):
    graph = [linear(f"expert_{i}", 40, 64, "features") for i in range(3)]
    graph += [
        linear("gate", 40, 3, "features"),
        node("weights", "torch.nn.Softmax", ["gate.output"], dim=1),
        node("experts", "torch.stack", {"tensors": [f"expert_{i}.output" for i in range(3)]}, dim=dim),
        *mixing,
    ]
    inputs = {"features": {"dtype": "float32", "shape": [None, 40]}}
    return {"inputs": inputs, "graph": graph, "outputs": {"mixed": "mixed.output"}}


def test_experts_on_axis_0_are_refused_whatever_the_batch():
    spec = experts(0, [node("mixed", "torch.matmul", ["weights.output", "experts.output"])])
    assert message(spec).startswith(
        "1 problem in the spec\n"
        "spec.graph[6]\n"
        "  found: the node 'mixed' (torch.matmul) with input = weights.output (3), other = experts.output (3, N, 64)\n"
        "  expected: inputs that torch.matmul can take; it says: "
    )


def test_experts_on_axis_1_alone_mix_the_samples():
    spec = experts(1, [node("mixed", "torch.matmul", ["weights.output", "experts.output"])])
    assert notes(spec, "warning") == [
        (
            ("graph", 6),
            "the node 'mixed' gives (N, N, 64)",
            "the batch on one axis; here each sample meets every other",
        )
    ]


def test_experts_on_axis_1_with_a_row_of_weights_do_not_mix():
    mixing = [
        node("row", "torch.unsqueeze", ["weights.output"], dim=1),
        node("product", "torch.bmm", ["row.output", "experts.output"]),
        node("mixed", "torch.squeeze", ["product.output"], dim=1),
    ]
    network = torcharc.build(experts(1, mixing))
    x = torch.rand(3, 40)
    torch.testing.assert_close(network(x)[1], network(x[1:2])[0])
    assert notes(experts(1, mixing), "warning") == []


# 4. attention


ATTENTION = {
    "inputs": {"sequence": {"dtype": "float32", "shape": [None, 30, 5]}},
    "graph": [
        node(
            "lstm",
            "torch.nn.LSTM",
            {"input": "sequence"},
            input_size=5,
            hidden_size=128,
            num_layers=2,
            batch_first=True,
        ),
        linear("attention_weights", 128, 1, "lstm.output"),
        node("attention_softmax", "torch.nn.Softmax", {"input": "attention_weights.output"}, dim=1),
        node("context", "torch.bmm", {"input1": "attention_softmax.output", "input2": "lstm.output"}),
        linear("fc", 128, 7, "context.output"),
    ],
    "outputs": {"forecast": "fc.output"},
}


def test_attention_as_printed_is_refused_at_its_product():
    assert message(ATTENTION) == (
        "1 problem in the spec\n"
        "spec.graph[3]\n"
        "  found: the node 'context' (torch.bmm) with input = attention_softmax.output (30, 1),"
        " mat2 = lstm.output (30, 128)\n"
        "  expected: inputs that torch.bmm can take; it says: Expected size for first two dimensions of batch2"
        " tensor to be: [N, 1] but got: [N, 30].\n"
        "  hint: torch.transpose with dim0: 1, dim1: 2 on input makes it fit"
    )


def test_attention_is_read_with_notes():
    assert notes(ATTENTION) == [
        (("graph", 1, "inputs", "input"), "'lstm.output', a tuple", "a tensor; read as its first part, 'lstm.0'"),
        (
            ("graph", 3, "inputs"),
            "the keys 'input1', 'input2'",
            "the ports of torch.bmm: input, mat2; read by position",
        ),
        (("graph", 3, "inputs", "input2"), "'lstm.output', a tuple", "a tensor; read as its first part, 'lstm.0'"),
    ]


def test_attention_is_mended_on_request_alone():
    mended = torcharc.repair(ATTENTION)
    assert [problem.path for problem in mended.applied] == [("graph", 3)]
    assert mended.spec["graph"][3] == node(
        "context_input", "torch.transpose", {"input": "attention_softmax.output"}, dim0=1, dim1=2
    )
    network = torcharc.build(mended.spec, seed=0)
    torch.manual_seed(0)
    lstm, weigh, fc = nn.LSTM(5, 128, 2, batch_first=True), nn.Linear(128, 1), nn.Linear(128, 7)
    x = torch.rand(2, 30, 5)
    steps, _ = lstm(x)
    torch.testing.assert_close(network(x), fc(weigh(steps).softmax(1).transpose(1, 2) @ steps))


def test_attention_with_a_weighted_sum_gives_one_row():
    spec = copy.deepcopy(ATTENTION)
    spec["graph"][3:4] = [
        node("weighted", "torch.mul", ["attention_softmax.output", "lstm.output"]),
        node("context", "torch.sum", ["weighted.output"], dim=1),
    ]
    assert torcharc.build(spec)(torch.rand(2, 30, 5)).shape == (2, 7)


# 5. residual blocks


def block(number, width, source, out=None):
    out = out or width
    return [
        linear(f"block{number}_fc1", width, out, source),
        node(f"block{number}_relu1", "torch.nn.ReLU", {"input": f"block{number}_fc1.output"}),
        linear(f"block{number}_fc2", out, out, f"block{number}_relu1.output"),
        node(f"block{number}_residual", "torch.add", {"input1": source, "input2": f"block{number}_fc2.output"}),
        node(f"block{number}_relu_final", "torch.nn.ReLU", {"input": f"block{number}_residual.output"}),
    ]


def test_residual_fragment_is_no_network():
    assert message_of_list(block(1, 256, "input_layer.output")) == (
        "1 problem in the spec\n"
        "spec\n"
        "  found: a list of 5 nodes that refers to input_layer\n"
        "  expected: a whole spec: inputs, graph and outputs\n"
        "  hint: torcharc.build_fragment(nodes, {input_layer: [null, ...]}) builds it"
    )


def message_of_list(nodes):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(nodes)
    return str(error.value)


def test_residual_fragment_builds_with_shapes():
    network = torcharc.build_fragment(block(1, 256, "input_layer.output"), {"input_layer": [None, 256]}, seed=0)
    torch.manual_seed(0)
    first, second, x = nn.Linear(256, 256), nn.Linear(256, 256), torch.rand(4, 256)
    torch.testing.assert_close(network(x), F.relu(x + second(F.relu(first(x)))))


def test_fragment_without_shapes_names_its_free_references():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build_fragment(block(1, 256, "input_layer.output"), {"input": [None, 256]})
    assert str(error.value) == (
        "1 problem in the spec\n"
        "spec\n"
        "  found: shapes for input\n"
        "  expected: shapes for the free references: input_layer"
    )


def test_residual_block_that_narrows_needs_a_projection():
    nodes = [*block(1, 256, "input_layer.output"), *block(2, 256, "block1_relu_final.output", out=128)]
    spec = {
        "inputs": {"input_layer": {"dtype": "float32", "shape": [None, 256]}},
        "graph": nodes,
        "outputs": {"features": "block2_relu_final.output"},
    }
    text = message(spec)
    assert text.startswith(
        "1 problem in the spec\n"
        "spec.graph[8]\n"
        "  found: the node 'block2_residual' (torch.add) with input = block1_relu_final.output (256),"
        " other = block2_fc2.output (128)\n"
    )
    assert text.endswith("\n  hint: torch.nn.Linear with out_features: 128 on input makes it fit")
    mended = torcharc.repair(spec).spec
    assert torcharc.build(mended)(torch.rand(3, 256)).shape == (3, 128)


def test_six_blocks_with_projections_build():
    widths, graph, source = [256, 128, 64, 32, 16, 8], [], "input_layer"
    for number, (width, out) in enumerate(zip(widths, [*widths[1:], 8], strict=True), 1):
        nodes = block(number, width, f"{source}.output", out)
        if width != out:
            nodes.insert(3, linear(f"block{number}_project", width, out, f"{source}.output"))
            nodes[4]["inputs"]["input1"] = f"block{number}_project.output"
        graph += nodes
        source = f"block{number}_relu_final"
    graph.append(linear("classes", 8, 3, f"{source}.output"))
    assert len(graph) == 36
    inputs = {"input_layer": {"dtype": "float32", "shape": [None, 256]}}
    network = torcharc.build({"inputs": inputs, "graph": graph, "outputs": {"logits": "classes.output"}})
    assert network(torch.rand(2, 256)).shape == (2, 3)


# customisations


def test_normalizations_are_fragments():
    layer = node("layer_norm", "torch.nn.LayerNorm", {"input": "hidden_layer.output"}, normalized_shape=[128])
    batch = node("batch_norm", "torch.nn.BatchNorm1d", {"input": "hidden_layer.output"}, num_features=64)
    x = torch.rand(4, 128)
    torch.testing.assert_close(
        torcharc.build_fragment([layer], {"hidden_layer": [None, 128]})(x), F.layer_norm(x, [128])
    )
    network = torcharc.build_fragment([batch], {"hidden_layer": [None, 64]})
    torch.testing.assert_close(network(x[:, :64]), nn.BatchNorm1d(64)(x[:, :64]))


ACTIVATIONS = [
    node("activation", "torch.nn.ReLU"),
    node("activation", "torch.nn.LeakyReLU", negative_slope=0.01),
    node("activation", "torch.nn.ELU", alpha=1.0),
]


def test_three_activations_of_one_name_are_duplicates():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build_fragment(ACTIVATIONS, {"x": [None, 8]})
    assert [(problem.path, problem.code) for problem in error.value.problems] == [
        (("graph", 1, "name"), "duplicate"),
        (("graph", 2, "name"), "duplicate"),
    ]


@pytest.mark.parametrize(("index", "oracle"), list(enumerate([F.relu, F.leaky_relu, F.elu])))
def test_one_activation_takes_the_input(index, oracle):
    x = torch.randn(3, 8)
    torch.testing.assert_close(torcharc.build_fragment([ACTIVATIONS[index]], {"x": [None, 8]})(x), oracle(x))
