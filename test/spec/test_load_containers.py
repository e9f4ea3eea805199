"""Specs from foreign containers, and those that hold too much."""

import time

import numpy as np
import pytest
from omegaconf import OmegaConf
from refusal import message

import torcharc


def nest(depth, value=0):
    for _ in range(depth):
        value = [value]
    return value


def test_omegaconf_builds():
    conf = OmegaConf.create(
        {"width": 4, "net": {"type": "Linear", "in_features": 8, "layers": ["${width}", [5, False]]}}
    )
    net = torcharc.build(conf.net)
    assert net.spec == {"type": "Linear", "in_features": 8, "layers": [4, [5, False]]}
    assert type(net.spec["layers"]) is list


@pytest.mark.parametrize(
    ("value", "found"),
    [("???", "Missing mandatory value: in_features"), ("${foo}", "Interpolation key 'foo' not found")],
)
def test_omegaconf_value_that_is_not_there(value, found):
    assert (
        message(OmegaConf.create({"type": "Linear", "in_features": value}))
        == f"""1 problem in the spec
spec.in_features
  found: {found}
  expected: a value that can be read"""
    )


def test_numpy_values_are_numbers_and_lists():
    arc = {
        "type": np.str_("Linear"),
        "in_features": np.int64(8),
        "layers": np.array([6, 4]),
        "batch_norm": np.bool_(True),
        "dropout": np.float64(0.25),
    }
    net = torcharc.build(arc)
    assert net.spec == {"type": "Linear", "in_features": 8, "layers": [6, 4], "batch_norm": True, "dropout": 0.25}
    assert {type(value) for value in (*net.spec.values(), *net.spec["layers"])} == {str, int, list, bool, float}


def test_tuples_and_ranges_are_lists():
    net = torcharc.build({"type": "Linear", "in_features": 8, "layers": (6, (4, False))})
    assert net.spec["layers"] == [6, [4, False]]
    assert len(torcharc.build({"type": "Linear", "in_features": 8, "layers": range(3, 6)})) == 3


@pytest.mark.parametrize("value", [{1, 2}, b"ab", object, (i for i in [3])], ids=["set", "bytes", "class", "generator"])
def test_values_that_are_no_data_are_problems(value):
    text = message({"type": "Linear", "in_features": 8, "layers": value})
    assert text.startswith("1 problem in the spec\nspec.layers\n  found: ")
    assert text.endswith("expected: a list of layers, each [out_features, bias]")


def test_spec_that_holds_itself_is_refused():
    arc = {"type": "Linear"}
    arc["in_features"] = arc
    assert (
        message(arc)
        == """1 problem in the spec
spec.in_features.in_features.in_features
  found: a spec that nests deeper, or holds itself
  expected: at most 100 levels"""
    )


def test_spec_that_nests_too_deep_is_refused():
    assert (
        message({"type": nest(100_000)})
        == """1 problem in the spec
spec.type[0][0]
  found: a spec that nests deeper, or holds itself
  expected: at most 100 levels"""
    )
    assert message({"type": nest(90)}).startswith("1 problem in the spec\nspec.type\n  found: [[[[...]]]]")


def test_spec_of_shared_lists_that_would_grow_is_refused_fast():
    shared = ["x"] * 10
    for _ in range(9):
        shared = [shared] * 10
    start = time.process_time()
    assert (
        message({"type": "Linear", "layers": shared})
        == """1 problem in the spec
spec
  found: a larger spec
  expected: at most 300000 lists and mappings"""
    )
    assert time.process_time() - start < 10


def test_spec_of_the_network_is_a_copy():
    arc = {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4]}}
    net = torcharc.build(arc)
    net.spec["fc"]["layers"].append(5)
    assert arc["fc"]["layers"] == [4]
    assert len(torcharc.build(arc).module_dict.fc) == 1
    arc["fc"]["layers"].append(6)
    assert len(torcharc.build(arc).module_dict.fc) == 2
