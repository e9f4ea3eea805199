"""Genotypes: cells in the notation of their benchmarks, beside the published figures."""

import collections
import csv
import json
import pathlib
import re

import pytest
import torch
from torch import nn

import torcharc
from torcharc.spec.load import load_spec

TEXT = (pathlib.Path(__file__).parent / "zoo_genotypes.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TEXT.splitlines()))
OPERATIONS = {"1": "conv1x1-bn-relu", "3": "conv3x3-bn-relu", "p": "maxpool3x3"}
EXAMPLE_101 = "0111010/0000001/0000001/0000100/0000001/0000001/0000000 1 3 3 3 p"
Genotype = collections.namedtuple("Genotype", "normal normal_concat reduce reduce_concat")


def read_101(text):
    """The matrix and the operations of a cell, as the table writes them."""
    rows, *operations = text.split()
    return [[int(digit) for digit in row] for row in rows.split("/")], [OPERATIONS[word] for word in operations]


def read_darts(text):
    """The genotype of a pair of cells, as the table writes them."""
    fields = {}
    for part in text.split(" | "):
        kind, cell = part.split(": ")
        states, concat = cell.split(" -> concat ")
        pairs = re.findall(r"(\w+)\((\d)\)", states)
        fields[kind] = [(operation, int(state)) for operation, state in pairs]
        fields[f"{kind}_concat"] = [int(state) for state in concat.split(",")]
    return Genotype(**fields)


def read(row):
    """The spec of a row of the table."""
    if row["benchmark"] == "darts":
        return torcharc.zoo.darts(read_darts(row["architecture"]))
    if row["benchmark"] == "nasbench101":
        return torcharc.zoo.nasbench101(*read_101(row["architecture"]))
    return torcharc.zoo.nasbench201(row["architecture"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['benchmark']} {row['name']} {row['variables']}")
def test_counts_equal_the_published_ones(row):
    spec, variables = read(row), json.loads(row["variables"] or "{}")
    found = torcharc.inspect(spec, **variables)
    assert found.params == int(row["params"])
    assert not row["macs"] or found.macs == int(row["macs"])
    assert [problem for problem in torcharc.check(spec) if problem.severity != "note"] == []


def test_a_reader_gives_the_file_for_the_cell_of_the_file():
    assert torcharc.zoo.nasbench101(*read_101(EXAMPLE_101)) == load_spec("zoo/nasbench101").spec
    v2 = next(row for row in ROWS if row["name"] == "DARTS_V2")
    assert torcharc.zoo.darts(read_darts(v2["architecture"])) == load_spec("zoo/darts").spec
    cell = load_spec("zoo/nasbench201").spec["vars"]["cell"]
    text = "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*cell)
    assert torcharc.zoo.nasbench201(text) == load_spec("zoo/nasbench201").spec


def test_darts_takes_mappings_and_text():
    genotype = read_darts(next(row for row in ROWS if row["benchmark"] == "darts")["architecture"])
    assert torcharc.zoo.darts(genotype._asdict()) == torcharc.zoo.darts(genotype)
    assert torcharc.zoo.darts(repr(genotype)) == torcharc.zoo.darts(genotype)
    text = repr(genotype).replace("[2, 3, 4, 5]", "range(2, 6)")
    assert "range" in text
    assert torcharc.zoo.darts(text) == torcharc.zoo.darts(genotype)


def test_vertices_on_no_path_are_left_out():
    matrix = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    spec = torcharc.zoo.nasbench101(matrix, ["input", "conv3x3-bn-relu", "maxpool3x3", "output"])
    assert spec == torcharc.zoo.nasbench101([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["conv3x3-bn-relu"])


class Vertices(nn.Module):
    """The cell of the example of NAS-Bench-101 with widths 5 + 5 + 4 + 4, written by hand from the paper."""

    def __init__(self):
        super().__init__()

        def conv(before, width, kernel):
            return nn.Sequential(
                nn.Conv2d(before, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
            )

        self.inputs = nn.ModuleList([conv(3, 5, 1), conv(3, 5, 1), conv(3, 4, 1), conv(3, 4, 1)])
        self.one = conv(5, 5, 1)
        self.two = conv(5, 5, 3)
        self.three = conv(4, 4, 3)
        self.four = conv(4, 4, 3)
        self.pool = nn.MaxPool2d(3, 1, 1)

    def forward(self, x):
        parts = [convert(x) for convert in self.inputs]
        return torch.cat(
            [self.one(parts[0]), self.two(parts[1]), self.four(self.three(parts[2])), self.pool(parts[3])], 1
        )


def test_cell_computes_what_the_paper_draws():
    cell = torcharc.zoo.nasbench101(*read_101(EXAMPLE_101))
    spec = {
        "inputs": {"x": {"dtype": "float32", "shape": [None, 3, 8, 8]}},
        "modules": {name: cell["modules"][name] for name in ("Conv", "Cell")},
        "graph": [{"name": "cell", "type": "module.Cell", "params": {"width": 18}}],
        "outputs": {"y": "cell"},
    }
    network, by_hand = torcharc.build(spec), Vertices()
    ours = network.module_dict.cell.module_dict
    theirs = {"input1": by_hand.inputs[0], "input2": by_hand.inputs[1], "input3": by_hand.inputs[2]}
    theirs |= {"input5": by_hand.inputs[3], "vertex1": by_hand.one, "vertex2": by_hand.two}
    theirs |= {"vertex3": by_hand.three, "vertex4": by_hand.four}
    for name, module in theirs.items():
        weights = dict(zip(ours[name].state_dict(), module.state_dict().values(), strict=True))
        ours[name].load_state_dict(weights)
    x = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(network(x), by_hand(x))


def test_a_wide_vertex_is_cut_for_a_narrow_reader():
    matrix = [[0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    spec = torcharc.zoo.nasbench101(matrix, ["conv1x1-bn-relu", "maxpool3x3"])
    found = torcharc.inspect(spec, width=9)
    assert found.outputs["logits"].shape == (10,)
    network = torcharc.build(spec, width=9)
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 10)
    assert network.module_dict.stack.module_dict["0"].module_dict.cell.module_dict["0"].module_dict.cut1to2.length == 4


CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
FAULTS_201 = {
    "no_text": (None, "nothing", "a cell of four nodes: |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"),
    "no_form": ("|none~0|+", "'|none~0|+'", "a cell of four nodes: |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"),
}


@pytest.mark.parametrize("name", FAULTS_201)
def test_faulty_text_is_told(name):
    text, found, expected = FAULTS_201[name]
    with pytest.raises(torcharc.ArgumentError) as caught:
        torcharc.zoo.nasbench201(text)
    assert str(caught.value) == f"1 problem in the arguments\narchitecture\n  found: {found}\n  expected: {expected}"


def test_unknown_operation_is_told():
    with pytest.raises(torcharc.ArgumentError) as caught:
        torcharc.zoo.nasbench201(CELL.replace("nor_conv_3x3", "nor_conv_33"))
    assert str(caught.value) == (
        "1 problem in the arguments\n"
        "architecture\n"
        "  found: 'nor_conv_33'\n"
        "  expected: an operation: avg_pool_3x3, none, nor_conv_1x1, nor_conv_3x3, skip_connect\n"
        "  hint: did you mean 'nor_conv_3x3'?"
    )


FAULTS_101 = {
    "size": (
        [[0, 1], [0, 0]],
        ["maxpool3x3"],
        "matrix\n  found: 2 rows of 2\n  expected: 3 rows of 3, for the input, 1 operations and the output",
    ),
    "lower": (
        [[0, 1, 0], [1, 0, 1], [0, 0, 0]],
        ["maxpool3x3"],
        "matrix[1]\n  found: [1, 0, 1]\n  expected: 0 and 1, and 1 behind the diagonal alone",
    ),
    "path": (
        [[0, 1, 0], [0, 0, 0], [0, 0, 0]],
        ["maxpool3x3"],
        "matrix\n  found: no path from the input to the output\n  expected: at least one",
    ),
    "operation": (
        [[0, 1, 0], [0, 0, 1], [0, 0, 0]],
        ["maxpool"],
        "operations[0]\n  found: 'maxpool'\n"
        "  expected: an operation: conv1x1-bn-relu, conv3x3-bn-relu, maxpool3x3\n  hint: did you mean 'maxpool3x3'?",
    ),
}


@pytest.mark.parametrize("name", FAULTS_101)
def test_faulty_matrix_is_told(name):
    matrix, operations, message = FAULTS_101[name]
    with pytest.raises(torcharc.ArgumentError) as caught:
        torcharc.zoo.nasbench101(matrix, operations)
    assert str(caught.value) == f"1 problem in the arguments\n{message}"


PAIRS = [("skip_connect", 0), ("max_pool_3x3", 1)]
GENOTYPE = {"normal": PAIRS, "normal_concat": [2], "reduce": PAIRS, "reduce_concat": [2]}
FAULTS_DARTS = {
    "text": (
        "Genotype(normal=print())",
        "genotype\n  found: 'Genotype(normal=print())'\n"
        "  expected: Genotype(normal=[...], normal_concat=[...], reduce=[...], reduce_concat=[...])",
    ),
    "key": (
        {key.replace("reduce_", "reduced_"): value for key, value in GENOTYPE.items()},
        "genotype.reduced_concat\n  found: the key 'reduced_concat'\n"
        "  expected: one of the keys: normal, normal_concat, reduce, reduce_concat\n"
        "  hint: did you mean 'reduce_concat'?",
    ),
    "list": ({**GENOTYPE, "normal": 3}, "genotype.normal\n  found: 3\n  expected: a list"),
    "odd": (
        {**GENOTYPE, "normal": PAIRS[:1], "normal_concat": [1]},
        "genotype.normal\n  found: 1 pairs\n  expected: two pairs (operation, state) for each new state",
    ),
    "pair": (
        {**GENOTYPE, "normal": [PAIRS[0], "none"]},
        "genotype.normal[1]\n  found: 'none'\n  expected: a pair (operation, state)",
    ),
    "operation": (
        {**GENOTYPE, "reduce": [PAIRS[0], ("max_pool_3", 0)]},
        "genotype.reduce[1][0]\n  found: 'max_pool_3'\n"
        "  expected: an operation: avg_pool_3x3, conv_7x1_1x7, dil_conv_3x3, dil_conv_5x5, max_pool_3x3, sep_conv_3x3, "
        "sep_conv_5x5, sep_conv_7x7, skip_connect\n  hint: did you mean 'max_pool_3x3'?",
    ),
    "operation that is a list": (
        {**GENOTYPE, "reduce": [PAIRS[0], (["max_pool_3x3"], 0)]},
        "genotype.reduce[1][0]\n  found: ['max_pool_3x3']\n"
        "  expected: an operation: avg_pool_3x3, conv_7x1_1x7, dil_conv_3x3, dil_conv_5x5, max_pool_3x3, sep_conv_3x3, "
        "sep_conv_5x5, sep_conv_7x7, skip_connect",
    ),
    "state": (
        {**GENOTYPE, "reduce": [PAIRS[0], ("max_pool_3x3", 2)]},
        "genotype.reduce[1][1]\n  found: 2\n  expected: a state: 0, 1",
    ),
    "concat": (
        {**GENOTYPE, "normal_concat": []},
        "genotype.normal_concat\n  found: []\n  expected: at least one state",
    ),
}


@pytest.mark.parametrize("name", FAULTS_DARTS)
def test_faulty_genotype_is_told(name):
    genotype, message = FAULTS_DARTS[name]
    with pytest.raises(torcharc.ArgumentError) as caught:
        torcharc.zoo.darts(genotype)
    assert str(caught.value) == f"1 problem in the arguments\n{message}"


def test_matrix_and_operations_that_are_no_lists_are_told():
    with pytest.raises(torcharc.ArgumentError) as error:
        torcharc.zoo.nasbench101([1, 0], None)
    assert str(error.value) == (
        "2 problems in the arguments\nmatrix\n  found: [1, 0]\n  expected: a list of rows, which hold 0 and 1\n"
        "operations\n  found: nothing\n  expected: a list of operations"
    )
