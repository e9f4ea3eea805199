"""Networks of NAS-Bench-101, NAS-Bench-201, NATS-Bench and DARTS beside the code of others: the same outputs."""

import itertools
import random

import numpy as np
import pytest
import torch
from independent import as_list, assert_same, find_leaves, library, move_weights, shaken
from torch import nn

import torcharc

pytestmark = pytest.mark.filterwarnings("ignore")

CIFAR = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LEGEND = ["conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3"]


class Logits(nn.Module):
    """The last output of a network that gives several."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)[-1]


def assert_built_same(name, library_name, theirs, spec, x=CIFAR, called=False, **values):
    """Asserts that the network of a spec gives what `theirs` gives, with its weights."""
    theirs = shaken(theirs)
    ours = torcharc.build(spec, seed=1, **values).eval().double()
    own = find_leaves(ours, x) if called else find_leaves(ours)
    move_weights(find_leaves(theirs, *([x] if called else [])), own)
    with torch.no_grad():
        assert_same(name, library_name, as_list(ours(x)), as_list(theirs(x)))


def draw_201(count):
    """Cells of NAS-Bench-201, drawn at random, the one with all operations alike among them."""
    operations = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
    drawn = random.Random(0)
    cells = [[operation] * 6 for operation in operations[2:]]
    cells += [drawn.choices(operations, k=6) for _ in range(count)]
    return ["|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*cell) for cell in cells]


def read_201(text):
    return library("xautodl.models.cell_searchs.genotypes").Structure.str2structure(text)


@pytest.mark.parametrize("text", draw_201(9))
def test_network_of_nasbench201_is_that_of_its_authors(text):
    theirs = library("xautodl.models.cell_infers.tiny_network").TinyNetwork(16, 5, read_201(text), 10)
    assert_built_same("nasbench201", "xautodl", Logits(theirs), torcharc.zoo.nasbench201(text))


@pytest.mark.parametrize("widths", [[8, 16, 24, 32, 40], [64, 8, 8, 48, 16], [40, 40, 16, 16, 8]])
def test_network_of_the_size_space_is_that_of_its_authors(widths):
    text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    module = library("xautodl.models.shape_infers.InferTinyCellNet")
    theirs = Logits(module.DynamicShapeTinyNet(widths, read_201(text), 10))
    assert_built_same("nats_bench", "xautodl", theirs, torcharc.zoo.nasbench201(text), depth=1, widths=widths)


def draw_101(count):
    """Cells of NAS-Bench-101, drawn at random: matrices and operations."""
    drawn = random.Random(0)
    cells = []
    while len(cells) < count:
        size = drawn.choice([3, 4, 5, 6, 7])
        matrix = np.zeros((size, size), dtype=int)
        for edge in drawn.sample(list(itertools.combinations(range(size), 2)), k=min(size * (size - 1) // 2, 9)):
            matrix[edge] = drawn.random() < 0.75
        paths = np.linalg.matrix_power(matrix + np.eye(size, dtype=int), size)
        if paths[0].all() and paths[:, -1].all():  # all vertices are on a path
            cells.append((matrix, ["input", *drawn.choices(LEGEND, k=size - 2), "output"]))
    return cells


@pytest.mark.parametrize(("matrix", "operations"), draw_101(12))
def test_network_of_nasbench101_is_that_of_nasbench_pytorch(matrix, operations):
    module = library("nasbench_pytorch.model")
    theirs = module.Network((matrix.tolist(), list(operations)), stem_out_channels=20)
    for cell in theirs.modules():  # an empty weight tells theirs its device
        if hasattr(cell, "dev_param"):
            del cell.dev_param
            cell.dev_param = torch.empty(0)
    spec = torcharc.zoo.nasbench101(matrix.tolist(), operations)
    assert_built_same("nasbench101", "nasbench_pytorch", theirs, spec, called=True, width=20)


@pytest.mark.parametrize("name", ["DARTS_V1", "DARTS_V2", "NASNet"])
@pytest.mark.parametrize("imagenet", [False, True])
def test_network_of_a_genotype_is_that_of_xautodl(name, imagenet):
    genotype = library("xautodl.nas_infer_model.DXYs.genotypes").Networks[name]
    if imagenet:
        make, size = library("xautodl.nas_infer_model.DXYs.ImageNet").NetworkImageNet, 224
        theirs = make(16, 4, False, genotype, 1000)
    else:
        make, size = library("xautodl.nas_infer_model.DXYs.CifarNet").NetworkCIFAR, 32
        theirs = make(12, 6, 3, False, genotype, 10)
    fields = genotype._asdict()
    for kind in ("normal", "reduce"):
        fields[kind] = [pair for node in fields[kind] for pair in node[:2]]
    spec = torcharc.zoo.darts({key: fields[key] for key in ("normal", "normal_concat", "reduce", "reduce_concat")})
    x = torch.randn(1, 3, size, size, dtype=torch.float64)
    values = {"imagenet": imagenet, "width": 16 if imagenet else 12, "size": size}
    assert_built_same("darts", "xautodl", Logits(theirs), spec, x, **values)
