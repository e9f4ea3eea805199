"""Texts that are nearly `true`, `false` or `null` are warned of, other texts are not."""

import pytest

import torcharc
from torcharc.errors import format_problem


def warnings_of(word):
    spec = {
        "dag_vars": {"flag": word},
        "dag_in_shape": [8],
        "fc": {"type": "Linear", "out_features": "${4 if flag else 2}"},
    }
    return [format_problem(problem) for problem in torcharc.check(spec) if problem.severity != "note"]


@pytest.mark.parametrize(
    ("word", "meant"), [("flase", "false"), ("ture", "true"), ("Tue", "true"), ("nul", "null"), ("falsee", "false")]
)
def test_misspelt_word_is_a_warning_that_names_the_word(word, meant):
    assert warnings_of(word) == [
        f"spec.dag_vars.flag\n  found: '{word}'\n"
        "  expected: a word that is not nearly true, false or null; it is read as text\n"
        f"  hint: did you mean {meant}?"
    ]


@pytest.mark.parametrize("word", ["rule", "full", "tree", "fuse", "nearest", "relu"])
def test_other_words_are_no_warning(word):
    assert warnings_of(word) == []


def test_repair_puts_the_word_there():
    spec = {
        "dag_vars": {"flag": "ture"},
        "dag_in_shape": [8],
        "fc": {"type": "Linear", "out_features": "${3 if flag else 2}"},
    }
    assert torcharc.repair(spec).spec["dag_vars"] == {"flag": True}
