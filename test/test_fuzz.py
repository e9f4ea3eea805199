"""Mutated specs are built or refused; `fuzz.py` runs any number of them, and measures time and memory."""

import random

import fuzz
import pytest
from mutation import Mutator, read_seeds

SEEDS = read_seeds()


@pytest.mark.parametrize("kind", SEEDS)
def test_mutated_specs_are_built_or_refused(kind):
    mutator = Mutator(random.Random(f"{kind} in short"), SEEDS[kind])
    states = set()
    for _ in range(400):
        spec = mutator.mutate()
        if not isinstance(spec, str):  # the path of a file
            state, fault, *_ = fuzz.run(spec)
            assert fault is None or fault.endswith(" s"), spec  # a busy machine is slow
            states.add(state)
    assert states == {"built", "refused"}
