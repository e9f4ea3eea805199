"""`to_spec`: what it writes in each format reads as the same network."""

import json
import os
import pathlib

import graphs
import modules_examples
import pytest
import torch
from arc_inputs import light
from arcgraph_specs import graph, node, tensor
from arcs import VALID, dag_arcs, sequential_arcs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from same_network import assert_same_network, feed, plain, read

import torcharc
from torcharc.arc_ref import REF_ARCS
from torcharc.spec.formats import find_format
from torcharc.spec.load import load_spec
from torcharc.spec.yaml_text import load_text
from torcharc.spec.yaml_writing import write_yaml

MANY = int(os.environ.get("TORCHARC_RANDOM_GRAPHS", "40"))  # 500 on demand
RANDOM = settings(max_examples=MANY, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
EXAMPLES = sorted((pathlib.Path(__file__).parents[1] / "example").rglob("*.yaml"))
SPECS = {
    **{f"arc {name}": light(name) for name in REF_ARCS},
    **{f"valid {index}": arc for index, arc in enumerate(VALID)},
    **{str(file.relative_to(file.parents[2])): file for file in EXAMPLES},
    **{f"sized {name}": modules_examples.read_with_shapes(name) for name in modules_examples.EXAMPLES},
}
COPIES = {
    "vars": {"depth": 3},
    "modules": {
        "fc": {"Linear": {"in_features": 8, "out_features": 8}, "repeat": "${depth}"},
        "body": {"Sequential": [{"Linear": {"in_features": 8, "out_features": 8}}, {"Tanh": None}], "repeat": 2},
        "heads": {"Linear": {"in_features": 8, "out_features": 2}, "parallel": 2},
        "merge": {"MergeStack": {"dim": 1}},
    },
    "graph": {
        "input": {"x": [8]},
        "modules": {"fc": ["x"], "body": ["fc"], "heads": ["body"], "merge": ["heads"]},
        "output": "merge",
    },
}
ENCODER = {
    "dag_vars": {"width": 4},
    "dag_in_shape": [8],
    "fc": {"type": "Linear", "layers": ["${width}"], "repeat": 1},
    "fork": {"type": "ReuseFork", "names": ["a", "b"]},
}
MIXED = graph(
    node("one", "module.Encoder", "x", width="2 * W"),
    node("two", "module.Copies", "one.a"),
    outputs={"y": "two", "z": "one.b"},
    modules={"Encoder": ENCODER, "Copies": COPIES},
    vars={"W": 4},
)
SPECS |= {"copies": COPIES, "mixed": MIXED}


# every format


@pytest.mark.parametrize("name", SPECS)
def test_graph_spec_reads_as_an_equal_graph(name):
    written = torcharc.to_spec(SPECS[name])
    assert find_format(written) == "arcgraph"
    assert read(plain(written)) == read(SPECS[name])


@pytest.mark.parametrize("name", SPECS)
def test_spec_in_its_own_format_reads_as_an_equal_graph(name):
    own = find_format(load_spec(SPECS[name]).spec)
    written = torcharc.to_spec(SPECS[name], own)
    assert find_format(written) == own
    assert read(plain(written)) == read(SPECS[name])


@pytest.mark.parametrize("name", SPECS)
def test_written_specs_build_the_same_network(name):
    spec, fed = SPECS[name], feed(SPECS[name])
    for form in ("arcgraph", "arc", "modules"):
        try:
            written = torcharc.to_spec(spec, form)
        except torcharc.SpecError:
            assert form not in ("arcgraph", find_format(load_spec(spec).spec))
            continue
        assert_same_network(torcharc.build(plain(written), seed=1), torcharc.build(spec, seed=0), fed)
        assert torcharc.hash(plain(written)) == torcharc.hash(spec)


@pytest.mark.parametrize("name", SPECS)
def test_written_spec_is_written_alike_again(name):
    written = torcharc.to_spec(SPECS[name])
    assert json.dumps(torcharc.to_spec(written)) == json.dumps(written)


def test_arc_of_templates_has_its_copies():
    arc = {
        "dag_vars": {"widths": [4, 6]},
        "dag_in_shape": {"x": [4]},
        "fc": {"type": "Linear", "out_features": "${widths[index]}", "bias": False, "repeat": 2},
        "side": {"type": "Linear", "out_features": 3, "parallel": 2},
    }
    written = torcharc.to_spec(arc, "arc")
    assert written == {
        "dag_in_shape": {"x": [4]},
        "fc": {"type": "Linear", "out_features": "${[4, 6][index]}", "bias": False, "repeat": 2},
        "side": {"type": "Linear", "out_features": 3, "parallel": 2},
    }
    assert read(written) == read(arc)


def test_copies_that_are_one_module_are_written_so():
    arc = {"dag_in_shape": [4], "fc": {"type": "Linear", "out_features": 4, "repeat": 3, "share": True}}
    assert torcharc.to_spec(arc, "arc") == arc
    assert list(torcharc.build(torcharc.to_spec(arc)).state_dict()) == list(torcharc.build(arc).state_dict())


def test_blocks_are_written_once():
    block = {"inputs": ["x"], "graph": [node("fc", "Linear", out_features=8)], "outputs": {"y": "fc"}}
    spec = graph(node("a", "module.B"), node("b", "module.B"), modules={"B": block})
    assert torcharc.to_spec(spec) == {
        "exact": {},
        "inputs": {"x": tensor([None, 8])},
        "graph": [
            {"name": "a", "type": "module.B", "graph": "B", "inputs": {"x": "x"}},
            {"name": "b", "type": "module.B", "graph": "B", "inputs": {"x": "a"}},
        ],
        "outputs": {"y": "b"},
        "modules": {
            "B": {
                "inputs": ["x"],
                "graph": [{"name": "fc", "type": "Linear", "params": {"out_features": 8}, "inputs": {"input": "x"}}],
                "outputs": {"y": "fc"},
            }
        },
    }


def test_words_of_arcgraph_are_enough_for_a_plain_graph():
    spec = graph(node("fc", "Linear", out_features=4), node("act", "F.relu"))
    assert torcharc.to_spec(spec) == {
        "inputs": {"x": tensor([None, 8])},
        "graph": [
            {"name": "fc", "type": "Linear", "params": {"out_features": 4}, "inputs": {"input": "x"}},
            {"name": "act", "type": "torch.nn.functional.relu", "inputs": {"input": "fc"}},
        ],
        "outputs": {"y": "act"},
    }


def test_training_metadata_and_variables_are_kept():
    training = {"loss": "mse", "optimizer": {"type": "Adam", "lr": "RATE"}, "epochs": "N"}
    spec = {
        "model": graph(node("y", "Linear", out_features="N"), outputs={"y": "y"}),
        "vars": {"unused": 5, "base": 0.01, "RATE": "${10 * base}", "N": 3},
        "training": training,
        "name": "a network",
    }
    kept = {"base": 0.01, "RATE": "${10 * base}", "N": 3}
    written = torcharc.to_spec(spec)
    assert (written["training"], written["name"], written["vars"]) == (training, "a network", kept)
    for other in (written, {**written, "exact": {}}):
        assert torcharc.build_training(other).settings == torcharc.build_training(spec).settings


@pytest.mark.parametrize("form", ["arcgraph", "arc", "modules"])
def test_training_is_kept_in_every_format(form):
    training = {"loss": "mse", "optimizer": {"type": "Adam", "lr": "${rate}"}}
    arc = {
        "dag_vars": {"rate": 0.1},
        "dag_in_shape": {"x": [8]},
        "y": {"type": "Linear", "out_features": 1, "repeat": 2},
        "training": training,
    }
    written = torcharc.to_spec(arc, form)
    assert written["training"] == training
    assert read(written).nodes == read(arc).nodes
    assert torcharc.build_training(written).settings == torcharc.build_training(arc).settings


def test_network_and_graph_are_written_as_their_spec(tmp_path):
    arc = {"dag_vars": {"n": 4}, "dag_in_shape": [8], "fc": {"type": "Linear", "out_features": "${n}"}}
    network = torcharc.build(arc, n=6)
    written = torcharc.to_spec(network)
    assert written == torcharc.to_spec(network.graph)
    assert written["graph"][0]["params"] == {"out_features": 6}
    (tmp_path / "arc.yaml").write_text(write_yaml(arc))
    assert torcharc.to_spec(tmp_path / "arc.yaml", "arc") == torcharc.to_spec(arc, "arc")
    linear = torcharc.build({"type": "Linear", "layers": [4], "in_features": 3})
    assert torcharc.to_spec(linear, "arc") == {"type": "Linear", "layers": [4], "in_features": 3}


# random graphs


@RANDOM
@given(graphs.graphs())
def test_any_graph_is_written_without_loss(found):
    written = plain(torcharc.to_spec(found))
    assert read(written) == found
    assert load_text(write_yaml(written), "net.yaml").spec == written
    fed = {name: torch.randn(3, graphs.WIDTH) for name, _ in found.inputs}
    assert_same_network(torcharc.build(written, seed=1), graphs.build(found), fed)
    assert torcharc.hash(written) == torcharc.hash(found)


@RANDOM
@given(st.one_of(dag_arcs(), sequential_arcs()))
def test_random_arcs_are_written_without_loss(arc):
    for form in ("arcgraph", "arc"):
        written = plain(torcharc.to_spec(arc, form))
        assert read(written) == read(arc)
        assert list(torcharc.build(written).state_dict()) == list(torcharc.build(arc).state_dict())


@RANDOM
@given(graphs.graphs(), st.sampled_from(["arc", "modules"]))
def test_a_format_says_a_graph_or_refuses_it(found, form):
    try:
        written = plain(torcharc.to_spec(found, form))
    except torcharc.SpecError:
        return
    fed = {name: torch.randn(3, graphs.WIDTH) for name, _ in found.inputs}
    assert_same_network(torcharc.build(written, seed=1), graphs.build(found), fed)
