"""One typo gives one problem: any word and any number of the reference specs and of the zoo, names included."""

import random

import pytest
from single_edits import SPECS, ZOO_SPECS, edit_numbers, edit_words, errors

from torcharc.spec.load import load_spec

ALL = {**{name: load_spec(spec).spec for name, spec in SPECS.items()}, **ZOO_SPECS}
WORDS = 12
NUMBERS = 4


def tell(problem):
    """All that a problem says."""
    patches = " ".join(str(edit.value) for edit in problem.patch)
    return f"{problem.path} {problem.found} {problem.expected} {problem.hint} {patches}"


@pytest.mark.parametrize("name", ALL)
def test_misspelt_word_is_at_most_one_problem_and_is_named(name):
    for place, word, typo, spec in edit_words(ALL[name], random.Random(name), WORDS):
        found = errors(spec)
        assert len(found) <= 1, (place, word, typo, found)
        assert not found or typo in tell(found[0]), (place, word, typo, found)


@pytest.mark.parametrize("name", ALL)
def test_number_in_a_wrong_form_is_at_most_one_problem(name):
    for place, number, form, spec in edit_numbers(ALL[name], random.Random(name), NUMBERS):
        found = errors(spec)
        assert len(found) <= 1, (place, number, form, found)
