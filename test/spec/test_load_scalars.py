"""Scalars, aliases and merges of YAML files, read as people mean them."""

import json
import time

import numpy as np
import pytest
import yaml
from refusal import message

import torcharc
from torcharc.spec.yaml_text import load_text, read_scalar

# --- scalars ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 1e-3), ("1E5", 1e5), ("-2.5", -2.5), (".5", 0.5), ("5.", 5.0), ("6.02e23", 6.02e23)],
        *[("10", 10), ("+10", 10), ("-3", -3), ("010", 10), ("0o10", 8), ("0x1F", 31)],
        *[("true", True), ("False", False), ("null", None), ("~", None), ("", None)],
        *[(".inf", float("inf")), ("-.inf", float("-inf"))],
        *[("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y")],
        *[("1_000", "1_000"), ("1:30", "1:30"), ("2001-01-01", "2001-01-01"), ("e5", "e5"), ("1e", "1e"), (".", ".")],
    ],
)
def test_plain_scalars_are_what_people_mean(text, value):
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_read():
    assert np.isnan(read_scalar(".nan"))


def test_scalars_in_a_file(write):
    text = """
dag_in_shape: {on: [010], no: [3]}
fc:
  type: Linear
  in_names: [on]
  layers: [0x4]
  dropout: 1e-3
  activation: ~
  batch_norm:
"""
    net = torcharc.build(write(text))
    assert list(net.spec["dag_in_shape"]) == ["on", "no"]
    assert net.spec["fc"]["dropout"] == 0.001
    assert net.module_dict.fc[0].in_features == 10
    assert len(net.module_dict.fc) == 2


def test_quoted_scalars_are_strings(write):
    assert (
        message(write("type: Linear\nin_features: 8\nout_features: '4'\n"))
        == """1 problem in the spec
net.yaml:3: spec.out_features
  found: '4'
  expected: an integer above 0
  hint: write 4 without quotes"""
    )


def test_switches_of_old_yaml_are_read(write):
    assert torcharc.build(write("type: Linear\nin_features: 8\nlayers: [4]\nbias: no\n"))[0].bias is None


def test_switches_in_quotes_are_hinted(write):
    assert (
        message(write("type: Linear\nin_features: 8\nlayers: [4]\nbias: 'false'\n"))
        == """1 problem in the spec
net.yaml:4: spec.bias
  found: 'false'
  expected: true or false
  hint: write false without quotes"""
    )


# --- aliases and merges -----------------------------------------------------------------------------

MERGES = [
    "base: &base {type: Linear, layers: [4]}\ntwo: {<<: *base, bias: false}",
    "base: &base {type: Linear, layers: [4]}\ntwo: {bias: false, <<: *base, layers: [6]}",
    "a: &a {type: Linear, layers: [4], norm: LayerNorm}\nb: &b {type: ReLU, activation: Tanh, dropout: 0.5}\n"
    "c: {<<: [*a, *b], bias: false}",
    "a: &a {type: Linear, norm: LayerNorm}\nb: &b {<<: *a, layers: [3]}\nc: {dropout: 0.1, <<: *b}",
]


@pytest.mark.parametrize("text", MERGES)
def test_merge_keys_give_what_pyyaml_gives_in_its_order(text):
    assert json.dumps(load_text(text, "net.yaml").spec) == json.dumps(yaml.safe_load(text))


def test_merge_builds(write):
    text = "dag_in_shape: [8]\none: &one {type: Linear, layers: [4], activation: Tanh}\ntwo: {<<: *one, layers: [6]}\n"
    net = torcharc.build(write(text))
    assert [type(m).__name__ for m in net.module_dict.two] == ["Linear", "Tanh"]
    assert net.module_dict.two[0].out_features == 6


def test_alias_is_a_copy(write):
    net = torcharc.build(write("dag_in_shape: [8]\none: &one {type: Linear, layers: [4]}\ntwo: *one\n"))
    assert net.spec["one"] == net.spec["two"]
    assert net.spec["one"] is not net.spec["two"]


def test_merge_of_what_is_no_mapping(write):
    assert (
        message(write("dag_in_shape: [8]\nfc: {<<: 3, type: ReLU}\n"))
        == """1 problem in the spec
net.yaml:2: spec.fc
  found: a merge of what is no mapping
  expected: <<: *a_mapping"""
    )


def laughs(form):
    """Nine levels that each hold the level before nine times."""
    lines = ["a0: &a0 " + form.format(", ".join(["x"] * 9))]
    lines += [f"a{i}: &a{i} " + form.format(", ".join([f"*a{i - 1}"] * 9)) for i in range(1, 9)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        laughs("[{}]"),
        "a0: &a0 {k: 1}\n" + "\n".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 9)),
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "[" * 3000 + "]" * 3000,
        "{a: " * 300 + "1" + "}" * 300,
    ],
    ids=["billion laughs", "billion merges", "alias in itself", "merge of itself", "deep lists", "deep mappings"],
)
def test_text_that_would_grow_without_end_is_refused_fast(write, text):
    path = write(text)
    start = time.process_time()
    message(path)
    assert time.process_time() - start < 10  # two seconds on a busy machine; the whole would take hours


def test_billion_laughs_say_what_is_allowed(write):
    last = message(write("x:\n  y: &y [*y]\n")).split("\n")
    assert last == [
        "1 problem in the spec",
        "net.yaml:2: spec.x.y[0]",
        "  found: a larger spec",
        "  expected: at most 100 levels and 300000 values, aliases expanded",
    ]
