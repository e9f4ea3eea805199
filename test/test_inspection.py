"""`inspect`: numbers beside ones worked out by hand, and what it costs."""

import math
import resource
import subprocess
import sys

import pytest
import torch
from torch import nn

import torcharc
from torcharc import SpecError
from torcharc.arc_ref import REF_ARCS
from torcharc.inspection import Inspection, NodeInfo, TensorInfo


def tensor(*shape, dtype="float32"):
    return TensorInfo(shape, dtype)


def one(*shape, **node):
    """The single node of an arc with one input."""
    return torcharc.inspect({"dag_in_shape": list(shape), "node": node})["node"]


# the reference arc, by hand

IMAGE, VECTOR = tensor(3, 20, 20), tensor(8)
CONV = tensor(16, 6, 6)  # 20 -> (20 - 4) // 2 + 1 = 9 -> 9 - 4 + 1 = 6
HYDRA = [
    NodeInfo(
        "image",
        "Conv2d",
        {"input": IMAGE},
        CONV,
        (3 * 16 * 16 + 16) + 2 * 16 + (16 * 16 * 16 + 16) + 2 * 16,
        3 * 16 * 16 * 9 * 9 + 16 * 16 * 16 * 6 * 6,
    ),
    NodeInfo("merge", "FiLMMerge", {"xs": {"image": CONV, "vector": VECTOR}}, CONV, 2 * (8 * 16 + 16), 2 * 8 * 16),
    NodeInfo("Flatten", "Flatten", {"input": CONV}, tensor(576), 0, 0),
    NodeInfo(
        "Linear",
        "Linear",
        {"input": tensor(576)},
        tensor(32),
        (576 * 64 + 64) + 2 * 64 + (64 * 32 + 32) + 2 * 32,
        576 * 64 + 64 * 32,
    ),
    NodeInfo("out", "Linear", {"input": tensor(32)}, VECTOR, 32 * 8 + 8, 32 * 8),
    NodeInfo("fork", "SplitFork", {"x": VECTOR}, {"mean": tensor(4), "std": tensor(4)}, 0, 0),
]


def test_hydra_is_as_worked_out_by_hand():
    found = torcharc.inspect(REF_ARCS["hydra"])
    assert list(found.nodes) == HYDRA
    assert found.inputs == {"image": IMAGE, "vector": VECTOR}
    assert found.outputs == {"mean": tensor(4), "std": tensor(4)}
    assert found.params == sum(node.params for node in HYDRA) == 44_712
    assert found.macs == sum(node.macs for node in HYDRA) == 249_088


def test_nodes_are_found_by_name():
    found = torcharc.inspect(REF_ARCS["hydra"])
    assert found["out"] == HYDRA[4]
    with pytest.raises(KeyError, match="nothing"):
        found["nothing"]


def test_inspection_is_plain_data():
    found = torcharc.inspect(REF_ARCS["Linear"])
    assert isinstance(found, Inspection)
    assert torcharc.inspect(REF_ARCS["Linear"]) == found
    with pytest.raises(AttributeError):
        found.params = 0


# formulas

N_STEPS, WIDTH, HIDDEN = 7, 12, 5


@pytest.mark.parametrize(("name", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("both_ways", [False, True])
def test_recurrent_layers_cost_their_gates(name, gates, layers, both_ways):
    found = one(
        N_STEPS, WIDTH, type=name, hidden_size=HIDDEN, num_layers=layers, bidirectional=both_ways, batch_first=True
    )
    ways = 2 if both_ways else 1
    fed = [WIDTH] + [HIDDEN * ways] * (layers - 1)
    weights = sum(ways * gates * HIDDEN * (size + HIDDEN) for size in fed)
    assert found.macs == N_STEPS * weights
    assert found.params == weights + layers * ways * 2 * gates * HIDDEN
    assert found.output[0] == tensor(N_STEPS, HIDDEN * ways)


@pytest.mark.parametrize(("length", "memory", "width", "heads"), [(5, 7, 8, 2), (6, 6, 12, 3)])
def test_attention_costs_projections_scores_and_sums(length, memory, width, heads):
    arc = {
        "dag_in_shape": {"q": [length, width], "k": [memory, width], "v": [memory, width]},
        "node": {"type": "MultiheadAttention", "num_heads": heads, "batch_first": True, "in_names": ["q", "k", "v"]},
    }
    found = torcharc.inspect(arc)["node"]
    assert found.macs == attention_macs(length, memory, width)
    assert found.params == 4 * (width * width + width)
    assert found.output == (tensor(length, width), tensor(length, memory))


def attention_macs(length, memory, width):
    """Projections of query and output, of key and value; scores and weighted sums, in all heads together."""
    return 2 * length * width * width + 2 * memory * width * width + 2 * length * memory * width


def feedforward_macs(length, width, inner):
    return 2 * length * width * inner


@pytest.mark.parametrize("layers", [1, 3])
def test_transformer_encoder_costs_attention_and_feedforward(layers):
    length, width, inner = 6, 8, 20
    layer = {
        "type": "TransformerEncoderLayer",
        "d_model": width,
        "nhead": 2,
        "dim_feedforward": inner,
        "batch_first": True,
    }
    found = one(length, width, type="TransformerEncoder", encoder_layer=layer, num_layers=layers)
    each = attention_macs(length, length, width) + feedforward_macs(length, width, inner)
    assert found.macs == layers * each
    weights = 4 * (width**2 + width) + (2 * width * inner + width + inner) + 2 * 2 * width
    assert found.params == layers * weights


def test_transformer_costs_encoder_and_decoder():
    source, target, width, inner = 5, 7, 8, 16
    arc = {
        "dag_in_shape": {"src": [source, width], "tgt": [target, width]},
        "node": {
            "type": "Transformer",
            "d_model": width,
            "nhead": 4,
            "num_encoder_layers": 2,
            "num_decoder_layers": 1,
            "dim_feedforward": inner,
            "batch_first": True,
            "in_names": ["src", "tgt"],
        },
    }
    found = torcharc.inspect(arc)["node"]
    encoder = attention_macs(source, source, width) + feedforward_macs(source, width, inner)
    decoder = (
        attention_macs(target, target, width)
        + attention_macs(target, source, width)
        + feedforward_macs(target, width, inner)
    )
    assert found.macs == 2 * encoder + decoder
    assert found.params == sum(p.numel() for p in nn.Transformer(width, 4, 2, 1, inner, batch_first=True).parameters())


def test_published_counts_of_common_layers():
    assert one(224, type="Linear", out_features=10).macs == 2240
    first = one(3, 224, 224, type="Conv2d", layers=[[64, 7, 2, 3]], bias=False)  # the stem of a ResNet
    assert (first.params, first.macs, first.output) == (9_408, 118_013_952, tensor(64, 112, 112))
    depthwise = one(32, 112, 112, type="Conv2d", out_channels=32, kernel_size=3, padding=1, groups=32)
    assert (depthwise.params, depthwise.macs) == (32 * 9 + 32, 32 * 9 * 112 * 112)
    up = one(4, 5, 5, type="ConvTranspose2d", out_channels=3, kernel_size=4, stride=2)
    assert (up.params, up.macs, up.output) == (4 * 3 * 16 + 3, 4 * 3 * 16 * 25, tensor(3, 12, 12))
    words = one(9, type="Embedding", num_embeddings=1000, embedding_dim=16)
    assert (words.inputs, words.params, words.macs) == ({"input": tensor(9, dtype="int64")}, 16_000, 0)
    bilinear = {
        "dag_in_shape": {"a": [4], "b": [5]},
        "node": {"type": "Bilinear", "out_features": 3, "in_names": ["a", "b"]},
    }
    assert torcharc.inspect(bilinear)["node"].params == 3 * 4 * 5 + 3


def test_functions_cost_their_products():
    arc = {"dag_in_shape": {"a": [3, 4], "b": [4, 5]}, "node": {"type": "torch.bmm", "in_names": ["a", "b"]}}
    found = torcharc.inspect(arc)["node"]
    assert (found.output, found.params, found.macs) == (tensor(3, 5), 0, 3 * 4 * 5)


# what is not known


def test_axis_of_any_size_leaves_the_cost_open():
    found = one(None, 8, type="Linear", out_features=3)
    assert (found.output, found.params, found.macs) == (tensor(None, 3), 27, None)


def test_module_without_a_shape_has_parameters_alone():
    found = torcharc.inspect({"type": "Linear", "in_features": 8, "out_features": 3})
    assert found.params == 27
    assert found.nodes[0].output is None
    assert found.macs is None


def test_total_is_open_where_a_part_is():
    arc = {"dag_in_shape": [None, 8], "a": {"type": "Linear", "out_features": 3}, "b": {"type": "ReLU"}}
    found = torcharc.inspect(arc)
    assert (found.params, found.macs) == (27, None)
    assert found["b"].macs == 0


# what it costs


def test_faulty_spec_is_an_error():
    with pytest.raises(SpecError) as error:
        torcharc.inspect({"dag_in_shape": [8], "fc": {"type": "Linear"}})
    assert [(p.path, p.found) for p in error.value.problems] == [(("fc",), "no key 'out_features'")]


def test_large_images_take_no_memory():
    """Two convolutions on 1024 x 1024; a real forward pass takes gigabytes, this one runs below 100 MB more."""
    code = (
        "import resource, torch, torcharc\n"
        "arc = {'dag_in_shape': [3, 1024, 1024], 'conv': {'type': 'Conv2d', 'layers': [[64, 3], [64, 3]],"
        " 'batch_norm': True, 'activation': 'ReLU'}, 'up': {'type': 'Upsample', 'scale_factor': 2}}\n"
        "torcharc.inspect({**arc, 'dag_in_shape': [3, 32, 32]})\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = torcharc.inspect(arc)\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "assert found['up'].output.shape == (64, 2040, 2040), found['up']\n"
        "assert found.macs == 64 * 3 * 9 * 1022**2 + 64 * 64 * 9 * 1020**2, found.macs\n"
        "print(grown)\n"
    )
    path = ":".join(path for path in sys.path if path)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, env={"PYTHONPATH": path}
    )
    assert run.returncode == 0, run.stderr
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    assert int(run.stdout) * unit < 100e6


def test_layer_larger_than_any_memory_is_inspected():
    found = one(10**6, type="Linear", layers=[10**6, 10])
    assert found.params == (10**12 + 10**6) + (10**7 + 10)
    assert found.macs == 10**12 + 10**7
    assert math.log10(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) < 9


def test_building_agrees_with_inspection():
    for name in ("hydra", "Linear", "Conv2d", "FiLMMerge"):
        spec = REF_ARCS[name]
        assert torcharc.inspect(spec).params == sum(p.numel() for p in torcharc.build(spec).parameters())


def test_inspection_leaves_the_random_state():
    state = torch.get_rng_state()
    torcharc.inspect(REF_ARCS["hydra"])
    assert torch.equal(torch.get_rng_state(), state)
