"""Specs from files and from foreign containers: YAML as people mean it, safely, with line numbers."""

import json
import time

import numpy as np
import pytest
import torch
import yaml
from omegaconf import OmegaConf

import torcharc
from torcharc.spec.yaml_text import load_text, read_scalar


@pytest.fixture
def write(tmp_path):
    """Writes a spec file and gives its path."""

    def write_file(text, name="net.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def message(spec):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    return str(error.value)


def nest(depth, value=0):
    for _ in range(depth):
        value = [value]
    return value


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


# --- foreign containers -----------------------------------------------------------------------------


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
