"""Mutated specs with modules of every form build, or are refused as specs."""

import contextlib
import os
import random

import pytest
from mutation import Mutator
from nested_specs import SPECS

import torcharc

COUNT = int(os.environ.get("TORCHARC_NESTED_SPECS", "200"))  # 5000 on demand


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.filterwarnings("ignore")
def test_mutated_nested_spec_builds_or_is_refused(name):
    mutator = Mutator(random.Random(7), [SPECS[name]])
    for _ in range(COUNT):
        with contextlib.suppress(torcharc.SpecError):
            torcharc.build(mutator.mutate(), device="meta")  # any other exception is a fault
