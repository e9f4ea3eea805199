"""Rules for shapes and counts: what they must answer, and what they leave to meta."""

import pytest
from rule_against_meta import assert_agrees, meta, spec

from torcharc.graph import BatchDim, N, TensorSpec
from torcharc.registry import find, type_names
from torcharc.rules import RULES, Outcome

BLOCKS = ["ReuseFork", "SplitFork", "ConcatMerge", "SumMerge", "MeanMerge", "ProdMerge", "FiLMMerge"]
BLOCKS += ["LearnedPositions", "StochasticDepth"]


pytestmark = pytest.mark.usefixtures("every_step")


def test_rules_are_those_of_types():
    assert [name for name in RULES if find(name).rule is not RULES[name]] == []
    registered = [name for name in type_names() if find(name).rule is not None and name not in RULES]
    assert [name for name in registered if not name.startswith("Lazy")] == sorted(BLOCKS, key=registered.index)


# what a rule must answer: the ordinary cases, with numbers worked out by hand

ORDINARY = [
    ("Linear", {"in_features": 8, "out_features": 3}, spec(8), spec(3), 27, 24),
    ("Linear", {"in_features": 8, "out_features": 3, "bias": False}, spec(5, 8), spec(5, 3), 24, 120),
    ("Linear", {"in_features": 8, "out_features": 3}, spec(None, 8), spec(None, 3), 27, None),
    ("Flatten", {}, spec(2, 3, 4), spec(24), 0, 0),
    ("Embedding", {"num_embeddings": 10, "embedding_dim": 4}, spec(5, dtype="int64"), spec(5, 4), 40, 0),
    ("LayerNorm", {"normalized_shape": 6}, spec(5, 6), spec(5, 6), 12, 0),
    ("LayerNorm", {"normalized_shape": [5, 6], "bias": False}, spec(5, 6), spec(5, 6), 30, 0),
    ("LayerNorm", {"normalized_shape": 6, "elementwise_affine": False}, spec(6), spec(6), 0, 0),
    ("RMSNorm", {"normalized_shape": 6}, spec(5, 6), spec(5, 6), 6, 0),
    ("GroupNorm", {"num_groups": 2, "num_channels": 4}, spec(4, 5), spec(4, 5), 8, 0),
    ("BatchNorm1d", {"num_features": 4}, spec(4), spec(4), 8, 0),
    ("BatchNorm1d", {"num_features": 4, "affine": False}, spec(4, 7), spec(4, 7), 0, 0),
    ("BatchNorm2d", {"num_features": 4}, spec(4, 7, 7), spec(4, 7, 7), 8, 0),
    ("BatchNorm3d", {"num_features": 4}, spec(4, 7, 7, 7), spec(4, 7, 7, 7), 8, 0),
    ("Conv1d", {"in_channels": 3, "out_channels": 4, "kernel_size": 3}, spec(3, 10), spec(4, 8), 40, 288),
    (
        "Conv2d",
        {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 2},
        spec(4, 9, 8),
        spec(6, 5, 4),
        6 * 2 * 9 + 6,
        6 * 2 * 9 * 20,
    ),
    (
        "Conv2d",
        {"in_channels": 1, "out_channels": 2, "kernel_size": [3, 5], "padding": "same", "bias": False},
        spec(1, 7, 6),
        spec(2, 7, 6),
        30,
        30 * 42,
    ),
    (
        "Conv3d",
        {"in_channels": 1, "out_channels": 2, "kernel_size": 2, "dilation": 2, "padding": "valid"},
        spec(1, 5, 5, 5),
        spec(2, 3, 3, 3),
        18,
        16 * 27,
    ),
    (
        "ConvTranspose2d",
        {"in_channels": 3, "out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
        spec(3, 4, 4),
        spec(2, 8, 8),
        56,
        54 * 16,
    ),
    ("ConvTranspose1d", {"in_channels": 2, "out_channels": 2, "kernel_size": 2}, spec(2, 4), spec(2, 5), 10, 32),
    (
        "ConvTranspose3d",
        {"in_channels": 1, "out_channels": 1, "kernel_size": 2},
        spec(1, 2, 2, 2),
        spec(1, 3, 3, 3),
        9,
        64,
    ),
    ("MaxPool1d", {"kernel_size": 2}, spec(3, 9), spec(3, 4), 0, 0),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1}, spec(3, 9, 9), spec(3, 5, 5), 0, 0),
    ("MaxPool3d", {"kernel_size": 2, "stride": 1, "dilation": 2}, spec(1, 5, 5, 5), spec(1, 3, 3, 3), 0, 0),
    ("AvgPool1d", {"kernel_size": 2}, spec(3, 9), spec(3, 4), 0, 0),
    ("AvgPool2d", {"kernel_size": [2, 3]}, spec(3, 9, 9), spec(3, 4, 3), 0, 0),
    ("AvgPool3d", {"kernel_size": 2}, spec(3, 4, 4, 4), spec(3, 2, 2, 2), 0, 0),
    *[
        (f"Adaptive{kind}Pool{d}d", {"output_size": 2}, spec(3, *[5] * d), spec(3, *[2] * d), 0, 0)
        for kind in ("Avg", "Max")
        for d in (1, 2, 3)
    ],
    (
        "RNN",
        {"input_size": 3, "hidden_size": 2, "batch_first": True},
        spec(5, 3),
        (spec(5, 2), TensorSpec((1, N, 2))),
        14,
        50,
    ),
    (
        "GRU",
        {"input_size": 3, "hidden_size": 2, "bidirectional": True},
        spec(5, 3),
        (spec(5, 4), TensorSpec((2, 5, 2))),
        84,
        300,
    ),
    (
        "LSTM",
        {"input_size": 3, "hidden_size": 2, "num_layers": 2, "proj_size": 1, "batch_first": True},
        spec(5, 3),
        (spec(5, 1), (TensorSpec((2, N, 1)), TensorSpec((2, N, 2)))),
        84,
        260,
    ),
    *[(f"Dropout{d}d", {"p": 0.2}, spec(3, *[5] * d), spec(3, *[5] * d), 0, 0) for d in (1, 2, 3)],
]
UNCHANGED = [name for name, rule in RULES.items() if rule is RULES["ReLU"]]


def test_every_rule_has_an_ordinary_case():
    assert set(RULES) == {name for name, *_ in ORDINARY} | set(UNCHANGED) | {"Bilinear"}  # two inputs: below


@pytest.mark.parametrize(("name", "arguments", "given", "output", "params", "macs"), ORDINARY)
def test_rule_answers_the_ordinary(name, arguments, given, output, params, macs):
    answer = find(name).rule(arguments, [given])
    assert answer == Outcome(output, params, macs)
    assert answer == meta(name, arguments, [given])


@pytest.mark.parametrize("name", UNCHANGED)
def test_elementwise_rule_answers_the_ordinary(name):
    for fed in (spec(5), spec(3, 4, 4), spec(None, 3)):
        assert find(name).rule({}, [fed]) == Outcome(fed) == meta(name, {}, [fed])


# batch axes that are folded


@pytest.mark.parametrize("name", ["ReLU", "Linear", "Conv1d", "Flatten", "Embedding", "MaxPool1d", "LayerNorm"])
def test_rules_leave_a_folded_batch_to_meta(name):
    arguments = {
        "Linear": {"in_features": 8, "out_features": 3},
        "Conv1d": {"in_channels": 4, "out_channels": 3, "kernel_size": 2},
        "Embedding": {"num_embeddings": 9, "embedding_dim": 2},
        "MaxPool1d": {"kernel_size": 2},
        "LayerNorm": {"normalized_shape": 8},
    }.get(name, {})
    folded = TensorSpec((BatchDim(5), 4, 8), "int64" if name == "Embedding" else "float32")
    assert_agrees(name, arguments, [folded])
    batch_last = TensorSpec((4, N), "float32")
    if name != "Embedding":
        assert_agrees(name, arguments, [batch_last])
