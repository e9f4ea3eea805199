"""Whole spaces of cells, read by the genotype readers, beside the counts of nasbench.csv.

A sample that is always the same is read; with TORCHARC_WHOLE_SPACES set, all of them are (half an
hour). How many cells are equal up to the order of their vertices is a question to a search, not to
the readers.
"""

import itertools
import os
import random

import pytest
import torch

import torcharc

WHOLE = "TORCHARC_WHOLE_SPACES" in os.environ
OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
CELLS = list(itertools.product(OPERATIONS, repeat=6))
SIZES = list(itertools.product(range(8, 65, 8), repeat=5))
SIZE_CELL = ("nor_conv_3x3", "nor_conv_3x3", "nor_conv_3x3", "skip_connect", "nor_conv_3x3", "nor_conv_3x3")


def write(cell):
    """A cell in the notation of NAS-Bench-201."""
    return "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*cell)


def read(cell):
    return torcharc.zoo.nasbench201(write(cell))


def draw(space, count):
    """A sample of a space, or all of it."""
    return space if WHOLE else random.Random(0).sample(space, count)


def test_counts_of_the_spaces():
    assert (len(CELLS), len(SIZES)) == (15_625, 32_768)


def test_every_cell_of_nasbench201_is_read():
    for cell in draw(CELLS, 100):
        assert read(cell)["vars"]["cell"] == list(cell)


def test_cells_of_nasbench201_have_28_pairs_of_params_and_macs():
    # a cell has some convolutions of 1x1 and some of 3x3, six at most: one of each kind, and a sample
    kinds = [(one, three) for one in range(7) for three in range(7 - one)]
    some = [["nor_conv_1x1"] * one + ["nor_conv_3x3"] * three + ["none"] * (6 - one - three) for one, three in kinds]
    pairs = set()
    for cell in [*some, *draw(CELLS, 15)]:
        found = torcharc.inspect(read(cell))
        pairs.add((found.params, found.macs))
    assert len(pairs) == 28
    assert (min(pairs), max(pairs)) == ((73306, 7783040), (1531546, 220119680))


def is_dead(cell):
    """Whether what a cell gives does not depend on what it is fed."""
    network = torcharc.build(read(cell), depth=1, widths=[2] * 5, size=4, seed=0)
    x = torch.rand(2, 2, 4, 4, requires_grad=True)
    network.module_dict.stage1.module_dict.cell(x).square().sum().backward()
    return not x.grad.any()


def test_341_cells_of_nasbench201_are_dead():
    # whether a path lives is a matter of which edges are there: each of them has four operations
    dead = 0
    for edges in itertools.product([False, True], repeat=6):
        cell = ["avg_pool_3x3" if edge else "none" for edge in edges]
        dead += is_dead(cell) * 4 ** sum(edges)
    assert dead == 341


def test_networks_of_the_size_space_are_read():
    spec = read(SIZE_CELL)
    for widths in draw(SIZES, 40):
        found = torcharc.inspect(spec, depth=1, widths=list(widths))
        assert found.params == count_size_space(*widths)


def count_size_space(a, b, c, d, e):
    """The parameters of a network of NATS-Bench's size space, as its paper draws it."""

    def conv(before, after, kernel=3):  # with a batch norm
        return before * after * kernel**2 + 2 * after

    def cell(before, after):  # an identity that changes the width is a convolution, too
        changed = before != after
        return 2 * conv(before, after) + 3 * conv(after, after) + changed * conv(before, after, 1)

    def halve(before, after):
        return conv(before, after) + conv(after, after) + before * after

    return conv(3, a) + cell(a, a) + halve(a, b) + cell(b, c) + halve(c, d) + cell(d, e) + 2 * e + 10 * e + 10


def keeps_all(matrix):
    """Whether the reader leaves out no vertex of a matrix of NAS-Bench-101."""
    size = len(matrix)
    try:
        spec = torcharc.zoo.nasbench101(matrix, ["maxpool3x3"] * (size - 2))
    except torcharc.ArgumentError:
        return False
    names = [node["name"] for node in spec["modules"]["Cell"]["graph"]]
    return sum(name.startswith("vertex") for name in names) == size - 2


COUNTS = [(2, 1, 1), (3, 3, 7), (4, 13, 97), (5, 134, 3_364), (6, 1_679, 128_509)]  # vertices, matrices, labelled


@pytest.mark.parametrize(("vertices", "matrices", "labelled"), COUNTS if WHOLE else COUNTS[:4])
def test_matrices_of_nasbench101_that_keep_all_vertices(vertices, matrices, labelled):
    found = {}
    for size in range(2, vertices + 1):
        places = list(itertools.combinations(range(size), 2))
        found[size] = 0
        for edges in itertools.product([0, 1], repeat=len(places)):
            matrix = [[0] * size for _ in range(size)]
            for (row, column), edge in zip(places, edges, strict=True):
                matrix[row][column] = edge
            found[size] += sum(edges) <= 9 and keeps_all(matrix)
    assert sum(found.values()) == matrices
    assert sum(3 ** (size - 2) * count for size, count in found.items()) == labelled
