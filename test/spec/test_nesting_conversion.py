"""Specs with modules of every form: written in each format, hashed, inspected, shown on the command line."""

import json

import pytest
import torch
import yaml
from click.testing import CliRunner
from nested_specs import BLOCK, ENCODER, OLD, SPECS, arc, old

import torcharc
from torcharc.cli import main
from torcharc.spec.formats import find_format

X = torch.linspace(-1, 1, 24).reshape(3, 8)


def build(spec):
    return torcharc.build(spec, seed=7)


@pytest.mark.parametrize("name", SPECS)
def test_written_spec_builds_the_same_network(name):
    spec = SPECS[name]
    assert torcharc.check(spec) == []
    written = torcharc.to_spec(spec)
    net, again = build(spec), build(written)
    assert list(net.state_dict()) == list(again.state_dict())
    torch.testing.assert_close(net(X), again(X), rtol=0, atol=0)
    assert torcharc.to_spec(again) == torcharc.to_spec(written) == written


@pytest.mark.parametrize("name", SPECS)
def test_hash_is_that_of_the_network(name):
    spec = SPECS[name]
    assert torcharc.hash(spec) == torcharc.hash(torcharc.build(spec)) == torcharc.hash(torcharc.to_spec(spec))


def test_hash_sees_the_params_of_a_module():
    one, two = (arc({"B": BLOCK}, a={"type": "module.B", "width": width}) for width in (4, 5))
    assert torcharc.hash(one) != torcharc.hash(two)
    assert torcharc.hash(one) == torcharc.hash(arc({"Other": BLOCK}, a={"type": "module.Other"}))


def test_inspection_counts_modules():
    found = torcharc.inspect(SPECS["arc"])
    assert [info.params for info in found.nodes] == [8 * 6 + 6 + 6 * 6 + 6, 6 * 8 + 8, 0]


# own formats

ALONE = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4}}
OWN = {
    **SPECS,
    "shared": arc({"B": BLOCK}, **{"a": {"type": "module.B", "width": 8}, "a~again": {}}),
    "shared copies": arc({"B": BLOCK}, a={"type": "module.B", "width": 8, "repeat": 3, "share": True}),
    "copies that differ": arc({"B": BLOCK}, a={"type": "module.B", "width": "${4 + index}", "repeat": 3}),
    "flat": {"dag_modules": {"B": BLOCK}, "type": "module.B", "width": 5, "dag_in_shape": [8]},
    "without shapes": old(
        {"E": ALONE, "head": {"LazyLinear": {"out_features": 2}}}, {"E": ["x"], "head": ["E"]}, "head", None
    ),
    "of 2.x": arc(
        {"Old": {**OLD, "modules": {"fc": {"module.B": {"width": "${out}"}}}}, "B": BLOCK}, a={"type": "module.Old"}
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_written_in_its_own_format_it_builds_the_same_network(name):
    spec = OWN[name]
    form = find_format(spec)
    written = torcharc.to_spec(spec, form)
    assert find_format(written) == form
    assert torcharc.hash(written) == torcharc.hash(spec)
    torch.testing.assert_close(build(written)(X), build(spec)(X), rtol=0, atol=0)
    assert torcharc.to_spec(written, form) == written


@pytest.mark.parametrize("form", ["arc", "modules"])
def test_mixed_spec_is_written_in_other_formats(form):
    written = torcharc.to_spec(SPECS["mixed"], form)
    assert torcharc.hash(written) == torcharc.hash(SPECS["mixed"])


def test_module_is_written_once_as_an_arc_where_it_was_one():
    spec = arc({"E": ENCODER}, a={"type": "module.E", "width": 8}, b={"type": "module.E", "width": 8})
    assert torcharc.to_spec(spec, "arc") == {
        "dag_modules": {
            "E": {"dag_in_shape": [None], "fc": {"type": "Linear", "layers": [8], "activation": "Tanh"}},
        },
        "dag_in_shape": [8],
        "a": {"type": "module.E"},
        "b": {"type": "module.E"},
    }


def test_module_is_written_as_a_list_of_nodes_where_it_was_one():
    written = torcharc.to_spec(old({"B": BLOCK, "a": {"module.B": {"width": 5}}}, {"a": ["x"]}, "a"), "modules")
    assert written["modules"] == {
        "B": {
            "inputs": ["a"],
            "graph": [
                {"name": "fc", "type": "Linear", "params": {"out_features": 5}, "inputs": {"input": "a"}},
                {"name": "act", "type": "ReLU", "inputs": {"input": "fc"}},
            ],
            "outputs": {"y": "act"},
        },
        "a": {"module.B": None},
    }


def test_copies_side_by_side_that_differ_are_refused():
    spec = arc({"B": BLOCK}, a={"type": "module.B", "width": "${3 + index}", "parallel": 2})
    spec["m"] = {"type": "MergeConcat", "dim": 1}
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.to_spec(spec, "arc")
    assert str(error.value) == (
        "1 problem in the spec\n"
        "spec\n"
        "  found: the node 'a', copies side by side\n"
        "  expected: copies that run the same; the format arcgraph holds others"
    )


# the command line


@pytest.mark.parametrize("name", OWN)
def test_command_shows_and_converts(name, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text(yaml.safe_dump(OWN[name], sort_keys=False), encoding="utf-8")
    shown = CliRunner().invoke(main, ["show", str(file)])
    assert shown.exit_code == 0
    found = yaml.safe_load(shown.output)
    assert find_format(found) == find_format(OWN[name])
    assert torcharc.hash(found) == torcharc.hash(OWN[name])
    converted = CliRunner().invoke(main, ["convert", str(file), "--to", "arcgraph", "--json"])
    assert converted.exit_code == 0
    assert torcharc.hash(json.loads(converted.output)) == torcharc.hash(OWN[name])
