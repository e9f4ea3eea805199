"""Rules for forks and merges agree with what they do on meta."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rule_against_meta import assert_agrees, checked, optional, sizes, small, spec, tensors

from torcharc.rules import Outcome


@checked
@given(tensors, st.lists(st.sampled_from("abc"), max_size=3))
def test_reuse_fork_rule_agrees(given, names):
    assert_agrees("ReuseFork", {"names": names}, [given])


@checked
@given(tensors, st.dictionaries(st.sampled_from("abc"), st.one_of(small, st.lists(small, min_size=1, max_size=2))))
def test_split_fork_rule_agrees(given, shapes):
    assume(None not in given.shape[1:2])  # an axis of any size is taken at its word
    assert_agrees("SplitFork", {"shapes": shapes}, [given])


@checked
@given(st.lists(small, min_size=1, max_size=3), st.lists(sizes, max_size=2), st.sampled_from(["float32", "int64"]))
def test_split_fork_rule_answers(parts, rest, dtype):
    given = spec(sum(parts), *rest, dtype=dtype)
    arguments = {"shapes": {f"part_{index}": [size] for index, size in enumerate(parts)}}
    answer = assert_agrees("SplitFork", arguments, [given])
    assert answer == Outcome({f"part_{index}": spec(size, *rest, dtype=dtype) for index, size in enumerate(parts)})


@checked
@given(st.sampled_from(["ConcatMerge", "SumMerge", "MeanMerge", "ProdMerge"]), st.data())
def test_merge_rules_agree(name, data):
    first = data.draw(tensors)
    others = st.one_of(st.just(first), tensors)
    specs = [first, *data.draw(st.lists(others, min_size=1, max_size=2))]
    arguments = data.draw(optional(dim=st.integers(-1, 3))) if name == "ConcatMerge" else {}
    for fed in (dict(zip("abc", specs, strict=False)), tuple(specs)):
        assert_agrees(name, arguments, [fed])


@checked
@given(st.lists(sizes, min_size=2, max_size=3), st.lists(sizes, max_size=2))
def test_concat_rule_answers(channels, rest):
    fed = {f"x_{index}": spec(size, *rest) for index, size in enumerate(channels)}
    assert assert_agrees("ConcatMerge", {}, [fed]) == Outcome(spec(sum(channels), *rest))


@pytest.mark.parametrize("name", ["SumMerge", "MeanMerge", "ProdMerge"])
def test_equal_merge_rules_answer(name):
    assert assert_agrees(name, {}, [{"a": spec(3, 4), "b": spec(3, 4)}]) == Outcome(spec(3, 4))


@checked
@given(sizes, sizes, st.lists(sizes, max_size=3))
def test_film_rule_answers(channels, width, rest):
    fed = {"image": spec(channels, *rest), "vector": spec(width)}
    arguments = {
        "names": {"feature": "image", "conditioner": "vector"},
        "shapes": {"image": [channels, *rest], "vector": [width]},
    }
    answer = assert_agrees("FiLMMerge", arguments, [fed])
    assert answer == Outcome(fed["image"], 2 * (width + 1) * channels, 2 * width * channels)
