"""Networks of the zoo beside published figures, and forward passes."""

import csv
import json
import pathlib

import pytest
import torch

import torcharc
from torcharc.spec.zoo_index import read_index

TEXT = (pathlib.Path(__file__).parent / "zoo_published.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TEXT.splitlines()))
SCALES = {"M": 6, "G": 9}


def agrees(count, figure):
    """Whether a count is a published figure: exactly, or as far as `1.3M` says."""
    if figure.isdigit():
        return count == int(figure)
    places = len(figure[:-1].partition(".")[2])
    return round(count / 10 ** SCALES[figure[-1]], places) == float(figure[:-1])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"] + row["variables"])
def test_counts_equal_the_published_ones(row):
    found = torcharc.inspect(f"zoo/{row['name']}", **json.loads(row["variables"] or "{}"))
    assert agrees(found.params, row["params"])
    assert not row["macs"] or agrees(found.macs, row["macs"])


def sample(spec, batch):
    """Random inputs of a network on the meta device; 64 where a size is free."""
    tensors = {}
    for name, tensor in torcharc.inspect(spec).inputs.items():
        shape = (batch, *[size or 64 for size in tensor.shape])
        dtype = getattr(torch, tensor.dtype)
        tensors[name] = torch.zeros(shape, dtype=dtype, device="meta")
    return tensors


# one of those that differ from each other in the same variables
KINDS = {(entry.file, *sorted(entry.values)): name for name, entry in reversed(read_index().items())}


@pytest.mark.parametrize("name", KINDS.values())
def test_forward_gives_the_inferred_shapes(name):
    spec = f"zoo/{name}"
    result = torcharc.build(spec, device="meta").eval()(sample(spec, 2))
    outputs = torcharc.inspect(spec).outputs
    results = result if isinstance(result, dict) else dict.fromkeys(outputs, result)
    assert list(results) == list(outputs)
    for key, tensor in outputs.items():
        assert all(size in (None, real) for size, real in zip((2, *tensor.shape), results[key].shape, strict=True))


def is_light(name):
    """Whether a network can be run for real within a moment."""
    found = torcharc.inspect(f"zoo/{name}")
    any_values = "lengths" not in found.inputs  # those are from 1 up; test/zoo/test_text_specs.py runs that network
    return found.params < 8e6 and (found.macs or 0) < 2e8 and name != "unet_bn" and any_values


LIGHT = """
    mlp lenet5 keras_cnn resnet20_cifar resnet20_cifar_pad resnet32_cifar resnet44_cifar resnet56_cifar
    mobilenet_v1_050 mobilenet_v1_025 mobilenet_v3_small mnasnet0_5 shufflenet_v2_x0_5 shufflenet_v2_x1_0
    quartznet_5x5 bert_tiny fm deepfm wide_deep nfm crossnet dcn cin autoint mmoe dqn nasbench201
    hierarchical_attention deep_residual_cnn
""".split()


def test_light_networks_are_listed():
    assert [name for name in read_index() if is_light(name)] == LIGHT


@pytest.mark.parametrize("name", LIGHT)
def test_light_network_runs_for_real(name):
    network = torcharc.build(f"zoo/{name}", seed=0).eval()
    inputs = {key: torch.rand(tensor.shape).to(tensor.dtype) for key, tensor in sample(f"zoo/{name}", 1).items()}
    with torch.no_grad():
        result = network(inputs)
    assert all(tensor.isfinite().all() for tensor in (result.values() if isinstance(result, dict) else [result]))


SMALL = {
    "resnet18": ({"size": 64, "width": 8}, (3, 64, 64)),
    "resnext50_32x4d": ({"size": 64, "depths": [1, 1, 1, 1], "width": 16}, (3, 64, 64)),
    "se_resnet50": ({"size": 64, "depths": [1, 1, 1, 1], "width": 16}, (3, 64, 64)),
    "resnet20_cifar_pad": ({"depth": 8}, (3, 32, 32)),
    "wrn_28_10": ({"depth": 10, "widen": 1}, (3, 32, 32)),
    "r3d_18": ({"frames": 8, "size": 32, "width": 4}, (3, 8, 32, 32)),
    "densenet121": ({"depths": [2, 2, 2, 2], "size": 64}, (3, 64, 64)),
    "densenet_bc100": ({"depths": [2, 2, 2]}, (3, 32, 32)),
    "mobilenet_v2": ({"size": 64, "multiplier": 0.35}, (3, 64, 64)),
    "squeezenet1_0": ({"size": None}, (3, 64, 64)),
    "efficientnet_b0": ({"size": 64}, (3, 64, 64)),
    "convnext_tiny": ({"size": 64, "depths": [1, 1, 1, 1], "widths": [8, 16, 32, 64]}, (3, 64, 64)),
    "unet_bn": ({"width": 4}, (3, 64, 48)),
    "fcn_resnet50": ({"depths": [1, 1, 1, 1], "size": 64}, (3, 64, 64)),
    "quartznet_5x5": ({}, (64, 120)),
}


@pytest.mark.parametrize("name", SMALL)
def test_small_network_trains(name):
    variables, shape = SMALL[name]
    network = torcharc.build(f"zoo/{name}", seed=0, **variables)
    result = network(torch.rand(2, *shape))
    results = result.values() if isinstance(result, dict) else [result]
    sum(tensor.square().mean() for tensor in results).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert all(tensor.isfinite().all() for tensor in results)
