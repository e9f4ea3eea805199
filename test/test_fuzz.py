"""Mutated specs are built or refused; `fuzz.py` runs any number of them, and measures time and memory."""

import random

import fuzz
import pytest
from mutation import Mutator
from refusal import message
from seeds import read_seeds, registered

COUNTS = {"arc": 300, "arcgraph": 150, "exact": 150, "modules": 300, "genotype": 100}


@pytest.fixture(scope="module")
def seeds():
    with registered():
        yield read_seeds()


@pytest.mark.parametrize("kind", [*COUNTS, "training", "optimizer", "scheduler", "criterion"])
def test_mutated_specs_are_built_or_refused(kind, seeds):
    mutator = Mutator(random.Random(f"{kind} in short"), seeds[kind])
    states = set()
    for _ in range(COUNTS.get(kind, 400)):
        spec = mutator.mutate()
        if isinstance(spec, str) and kind in COUNTS:
            continue  # the path of a file
        for act in fuzz.list_acts(kind, mutator.random):
            state, fault, *_ = fuzz.run(spec, mutator, act)
            assert fault is None or fault.endswith(" s"), (fault, spec)  # a busy machine is slow
            states.add(state)
    assert states == {"built", "refused"}


BLOCK = {
    "inputs": ["x"],
    "graph": [{"name": "fc", "type": "Linear", "params": {"out_features": 4}, "inputs": "x"}],
    "outputs": {"y": "fc"},
}
FOUND = {
    "a name that is a mapping": (
        {
            "dag_in_shape": {"a": [4], "b": [4]},
            "merge": {"type": "SumMerge", "in_names": [{"a": 1}, "b"], "names": "${"},
        },
        "1 problem in the spec\nspec.merge.names\n  found: '${'\n  expected: a closing } behind each ${",
    ),
    "an empty list for one tensor of a block": (
        {
            "inputs": {"x": {"dtype": "float32", "shape": [None, 4]}},
            "modules": {"b": BLOCK},
            "graph": [
                {"name": "one", "type": "module.b", "inputs": [[]]},
                {"name": "two", "type": "ReLU", "inputs": "x"},
            ],
            "outputs": {"y": "one", "z": "two"},
        },
        "1 problem in the spec\nspec.graph[0]\n  found: an empty list for 'x'\n  expected: a tensor",
    ),
    "a negative number of positions of a sequence of any length": (
        {"dag_in_shape": [None, 8], "position": {"type": "LearnedPositions", "max_len": -4}},
        "1 problem in the spec\nspec.position.max_len\n  found: -4\n  expected: an integer above 0",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_fuzzing_found_is_refused_with_a_message(name):
    spec, expected = FOUND[name]
    assert message(spec) == expected


@pytest.mark.parametrize("rows", [2**60, 10**30])
def test_layer_that_torch_cannot_count_is_refused_before_its_weights_are_looked_at(rows):
    nodes = [
        {"name": "token", "type": "Embedding", "inputs": "ids", "params": {"num_embeddings": rows, "embedding_dim": 4}},
        {"name": "head", "type": "F.linear", "inputs": {"input": "token", "weight": "token.weight"}},
    ]
    spec = {"inputs": {"ids": {"dtype": "int64", "shape": [None]}}, "graph": nodes, "outputs": {"y": "head"}}
    assert message(spec, device="meta") == (
        "1 problem in the spec\n"
        "spec.graph[0].params\n"
        f"  found: more than 2^{(rows * 4).bit_length() - 1} parameters\n"
        "  expected: at most 2^60: torch counts their bytes in 64 bits"
    )


def test_network_that_torch_cannot_count_is_refused_on_meta():
    wide, narrow = ({"type": "Linear", "layers": [[size, False]]} for size in (2**59, 1))
    arc = {"dag_in_shape": [1], "wide": wide, "narrow": narrow, "wide2": wide}
    assert message(arc, device="meta") == (
        "1 problem in the spec\n"
        "spec.wide\n"
        "  found: 576,460,752,303,423,488 parameters, more than 2^60 in the whole network\n"
        "  expected: at most 2^60 in the whole: torch counts their bytes in 64 bits"
    )
