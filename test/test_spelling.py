"""The name that a misspelt word was meant for: as difflib finds it, among many names too, and within bounds."""

import difflib
import random
import string

import pytest

import torcharc
from torcharc import spelling
from torcharc.spelling import Bound, nearest


def slip(word, rng):
    """A word with one letter left out, added, or put in place of another."""
    index, letter = rng.randrange(len(word)), rng.choice(string.ascii_lowercase)
    return rng.choice(
        [
            word[:index] + word[index + 1 :],
            word[:index] + letter + word[index:],
            word[:index] + letter + word[index + 1 :],
        ]
    )


@pytest.mark.parametrize("count", [20, 100, 101, 1000])
def test_nearest_of_many_is_that_of_difflib(count):
    rng = random.Random(count)
    names = ["".join(rng.choices(string.ascii_lowercase, k=rng.randrange(5, 12))) for _ in range(count)]
    for _ in range(60):
        word = slip(rng.choice(names), rng)
        assert nearest(word, names) == difflib.get_close_matches(word, names, n=1, cutoff=0.7)[0], word


def test_slip_is_found_among_names_that_begin_alike():
    names = [f"encoder_layer_{index}" for index in range(500)]
    assert nearest("encodr_layer_137", names) == "encoder_layer_137"
    assert nearest("encoder_layer_l37", names) in names


@pytest.mark.parametrize(("word", "meant"), [("siez", "size"), ("RELU", "ReLU"), ("Linaer", "Linear"), ("qqq", None)])
def test_swapped_letters_and_case_are_slips(word, meant):
    assert nearest(word, ["size", "ReLU", "Linear", "Conv1d"]) == meant


def test_bound_ends_hints_and_no_faults(monkeypatch):
    arc = {"dag_in_shape": [4], **{f"node_{index}": {"type": "Lineer", "layers": [4]} for index in range(4)}}
    assert [problem.hint for problem in torcharc.check(arc)] == ["did you mean 'Linear'?"] * 4
    monkeypatch.setattr(spelling, "MOST_COMPARED", 150)
    assert sum(bool(problem.hint) for problem in torcharc.check(arc)) < 4 == len(torcharc.check(arc))


def test_bound_is_that_of_one_check_alone():
    with Bound():
        while (
            nearest("qqqqqq", ["aaaaaa"] * 3 + [f"name{index}" for index in range(90)]) is None
            and not spelling._is_spent()
        ):
            pass
        assert nearest("Linaer", ["Linear"]) is None
    assert nearest("Linaer", ["Linear"]) == "Linear"
