"""Reading specs from files: lines, faults, and what a file may not do."""

import json

import pytest
import torch
import yaml
from refusal import message

import torcharc

# --- files ------------------------------------------------------------------------------------------

YAML = """
dag_in_shape: [8]
body:
  type: Linear
  layers: [16, [4, false]]
  activation: ReLU
head: {type: Linear, out_features: 2}
"""


def test_yaml_builds_as_the_same_dict_does(write):
    path = write(YAML)
    for spec in (path, str(path)):
        torch.manual_seed(3)
        net = torcharc.build(spec)
        torch.manual_seed(3)
        by_dict = torcharc.build(yaml.safe_load(YAML))
        assert net.spec == by_dict.spec
        assert all(torch.equal(a, b) for a, b in zip(net.parameters(), by_dict.parameters(), strict=True))


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read_too(write, indent):
    arc = {"type": "Linear", "in_features": 8, "layers": [4], "dropout": 1e-05, "bias": False, "activation": None}
    assert torcharc.build(write(json.dumps(arc, indent=indent), "net.json")).spec == arc


def test_problems_show_file_and_line(write):
    text = """# a comment
dag_in_shape:
  image: [3, 8, 8]
  vector: [5]

image:
  type: Conv2d
  in_names: [image]
  layers:
    - [16, 3]
    - [16, '3']
    - out_channels: 8
      kernel_size: -1
  activaton: ReLU
merge: {type: ConcatMerge,
  in_names: [image,
             vectr]}
"""
    assert (
        message(write(text))
        == """4 problems in the spec
net.yaml:11: spec.image.layers[1][1]
  found: '3'
  expected: kernel_size, an integer above 0 or a list of integers above 0
  hint: write 3 without quotes
net.yaml:13: spec.image.layers[2].kernel_size
  found: -1
  expected: kernel_size, an integer above 0 or a list of integers above 0
net.yaml:14: spec.image.activaton
  found: the key 'activaton'
  expected: one of the keys: activation, batch_norm, bias, dilation, dropout, groups, in_features, in_names, in_shape,\
 init, kernel_size, layers and 5 more
  hint: did you mean 'activation'?
net.yaml:17: spec.merge.in_names[1]
  found: 'vectr'
  expected: one of the carried tensors: image, vector
  hint: did you mean 'vector'?"""
    )


def test_missing_key_shows_the_line_of_its_place(write):
    assert (
        message(write("dag_in_shape: [8]\nup: {type: ReLU}\nfc:\n  layers: [4]\n"))
        == """1 problem in the spec
net.yaml:3: spec.fc
  found: no key 'type'
  expected: the key 'type', which is required"""
    )
    assert (
        message(write("\nfc:\n  type: Linear\n  layers: [4]\n"))
        == """1 problem in the spec
net.yaml:2: spec
  found: no key 'dag_in_shape'
  expected: the key 'dag_in_shape', which is required"""
    )


def test_repeated_keys_are_told_all_at_once(write):
    text = "dag_in_shape: [8]\nfc:\n  type: Linear\n  layers: [4]\n  layers: [5]\nfc: {type: ReLU}\n"
    assert (
        message(write(text))
        == """2 problems in the spec
net.yaml:5: spec.fc.layers
  found: the key 'layers' again
  expected: each key once
net.yaml:6: spec.fc
  found: the key 'fc' again
  expected: each key once"""
    )


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("a: 1\n b: 2\n", 2, "mapping values are not allowed in this context"),
        ("a: 1\n---\nb: 2\n", 2, "but found another document"),
        ("a: [1, 2\nb: 3\n", 2, "did not find expected ',' or ']'"),
    ],
)
def test_text_that_is_no_yaml_shows_its_line(write, text, line, found):
    lines = message(write(text)).split("\n")
    assert lines == ["1 problem in the spec", f"net.yaml:{line}: spec", f"  found: {found}", "  expected: YAML"]


@pytest.mark.parametrize(
    ("text", "line", "rest"),
    [
        ("a: *b\n", 1, ["  found: the alias '*b'", "  expected: an anchor further up"]),
        (
            "conv: &conv {}\nlinear: &linear {}\nfc: {<<: *lniear}\n",
            3,
            [
                "  found: the alias '*lniear'",
                "  expected: an anchor further up: &conv, &linear",
                "  hint: did you mean 'linear'?",
            ],
        ),
    ],
)
def test_alias_of_no_anchor_names_the_nearest(write, text, line, rest):
    assert message(write(text)).split("\n") == ["1 problem in the spec", f"net.yaml:{line}: spec", *rest]


@pytest.mark.parametrize(("text", "found"), [("", "nothing"), ("- a\n- b", "['a', 'b']"), ("text", "'text'")])
def test_file_that_is_no_mapping_is_refused(write, text, found):
    assert (
        message(write(text))
        == f"""1 problem in the spec
net.yaml:1: spec
  found: {found}
  expected: a spec: type, or dag_in_shape and nodes; inputs, graph and outputs; or modules and graph"""
    )


def test_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        message("none.yaml")
        == """1 problem in the spec
spec
  found: 'none.yaml'
  expected: the path of a spec file; no such file or directory"""
    )
    (tmp_path / "folder").mkdir()
    assert message("folder").endswith("expected: the path of a spec file; is a directory")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert message("binary").endswith("expected: the path of a spec file; it cannot be read")
    assert message("a\0b").endswith("expected: the path of a spec file; it cannot be read")


def test_yaml_text_in_place_of_a_path_is_hinted():
    assert (
        message("type: Linear\nin_features: 8")
        == """1 problem in the spec
spec
  found: 'type: Linear\\nin_features: 8'
  expected: the path of a spec file; no such file or directory
  hint: to build from YAML text, give yaml.safe_load(text)"""
    )


# --- what a file may not do -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("!!python/object/apply:os.system ['exit 3']", "tag:yaml.org,2002:python/object/apply:os.system"),
        ("!!python/name:os.system", "tag:yaml.org,2002:python/name:os.system"),
        ("!!python/object/new:dict {a: 1}", "tag:yaml.org,2002:python/object/new:dict"),
        ("!mine {type: Linear}", "!mine"),
        ("!!set {type}", "tag:yaml.org,2002:set"),
        ("!!binary aGk=", "tag:yaml.org,2002:binary"),
    ],
)
def test_tags_are_refused(write, text, tag):
    assert (
        message(write(f"dag_in_shape: [8]\nfc: {text}\n"))
        == f"""1 problem in the spec
net.yaml:2: spec.fc
  found: the tag {tag!r}
  expected: plain YAML, without tags of its own"""
    )


def test_keys_that_are_no_names_are_refused(write):
    assert (
        message(write("dag_in_shape: [8]\n? [a, b]\n: {type: ReLU}\n1.5: {type: ReLU}\n"))
        == """2 problems in the spec
net.yaml:2: spec
  found: a key that is no name
  expected: a name
net.yaml:4: spec
  found: a key that is no name
  expected: a name"""
    )
