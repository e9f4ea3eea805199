"""Specs written as YAML, and by the command line."""

import json
import pathlib

import pytest
import yaml
from click.testing import CliRunner
from same_network import assert_same_network, feed, plain, read

import torcharc
from torcharc.cli import main
from torcharc.spec.yaml_text import load_text
from torcharc.spec.yaml_writing import write_yaml

EXAMPLES = sorted((pathlib.Path(__file__).parents[1] / "example").rglob("*.yaml"))


@pytest.mark.parametrize(
    "value",
    [
        *("1e-3", "010", "on", "null", "~", "", "0x1F", "1_000", "a: b", "# no", "- x", "${x}", "é\n", "2020-01-01"),
        *("=", "<<", "1e400", ".inf", " x ", "yes", "1:30", "'", '"', 1e-5, 1.0, -0.5, 10**20, True, None, [], {}),
    ],
)
def test_yaml_reads_as_what_was_written(value):
    spec = {"a": value, "b": [value, {"c": value}], **({value: 1} if isinstance(value, str) and value else {})}
    assert load_text(write_yaml(spec), "net.yaml").spec == spec


def run(*arguments):
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_shown_spec_builds_the_same_network(file):
    status, text, _ = run("show", str(file))
    assert status == 0
    shown = load_text(text, "net.yaml").spec
    assert read(shown) == read(file)
    assert "${" not in text
    assert_same_network(torcharc.build(shown, seed=1), torcharc.build(file, seed=0), feed(file))
    assert json.loads(run("show", str(file), "--json")[1]) == shown


def test_shown_spec_keeps_its_format_where_it_can(tmp_path):
    arc = {"dag_vars": {"n": 2}, "dag_in_shape": [4], "fc": {"type": "Linear", "out_features": "${n}"}}
    file = tmp_path / "arc.yaml"
    file.write_text(yaml.safe_dump(arc, sort_keys=False))
    assert run("show", str(file)) == (0, "dag_in_shape: [4]\nfc: {type: Linear, out_features: 2}\n", "")


def test_convert_prints_the_format_that_is_asked_for():
    file = str(next(file for file in EXAMPLES if file.stem == "dcn_v2_cross"))
    status, text, _ = run("convert", file, "--to", "arcgraph")
    assert status == 0
    assert load_text(text, "net.yaml").spec == plain(torcharc.to_spec(file))
    status, text, _ = run("convert", file, "--to", "modules")
    assert status == 0
    assert torcharc.hash(load_text(text, "net.yaml").spec) == torcharc.hash(file)
    status, text, error = run("convert", file, "--to", "arc")
    assert (status, text) == (2, "")
    assert (
        error
        == """1 problem in the spec
spec
  found: the node 'cross', which is fed 'features'
  expected: tensors that are each used once: a ReuseFork gives one tensor several names
  hint: the format arcgraph can say every network
"""
    )


def test_faulty_spec_is_refused_with_its_own_problems():
    spec = {"dag_in_shape": [4], "fc": {"type": "Linear", "out_features": "many"}}
    with pytest.raises(torcharc.SpecError) as refusal:
        torcharc.to_spec(spec, "modules")
    assert str(refusal.value) == (
        "1 problem in the spec\nspec.fc.out_features\n  found: 'many'\n  expected: an integer above 0"
    )
