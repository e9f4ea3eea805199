"""`to_spec`: what is written reads as an equal graph, and builds a network with the same keys and outputs."""

# ruff: noqa: E501  # messages are quoted as they are shown

import copy
import json
import os
import pathlib

import graphs
import modules_examples
import pytest
import torch
import yaml
from arc_inputs import light, make_inputs
from arcgraph_specs import graph, node, tensor
from arcs import VALID, dag_arcs, sequential_arcs
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import torcharc
from torcharc.arc_ref import REF_ARCS
from torcharc.cli import main
from torcharc.graph import Graph, Node, Ref
from torcharc.spec.formats import find_format, parse_spec
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


def read(spec):
    """The graph of a spec, which has no errors."""
    found, problems = parse_spec(load_spec(spec).spec)
    assert [problem for problem in problems if problem.severity == "error"] == []
    return found


def feed(spec):
    """Inputs for a spec: as its shapes say, or as the table of examples says; None where nothing does."""
    name = next((name for name in modules_examples.EXAMPLES if str(spec).endswith(f"torcharc2/{name}.yaml")), None)
    if name is not None:
        return modules_examples.feed(name)
    return None if None in torcharc.inspect(spec).inputs.values() else lower(make_inputs(spec, 2))


def lower(fed):
    """Inputs with ids below 5, which every embedding has."""
    if isinstance(fed, dict):
        return {key: lower(value) for key, value in fed.items()}
    return fed if fed.is_floating_point() else fed % 5


def plain(spec):
    """A written spec as a file has it."""
    return json.loads(json.dumps(spec))


def assert_same_network(found, expected, fed):
    """Both have the same keys and, with the same weights, the same outputs."""
    found, expected = found.eval(), expected.eval()
    with torch.no_grad():
        wanted = None if fed is None else expected(copy.deepcopy(fed))  # makes the weights of lazy modules
        if fed is not None:
            found(copy.deepcopy(fed))
        assert list(found.state_dict()) == list(expected.state_dict())
        found.load_state_dict(expected.state_dict())
        if fed is not None:
            assert_equal(found(copy.deepcopy(fed)), wanted)


def assert_equal(found, expected):
    assert type(found) is type(expected)
    if isinstance(found, torch.Tensor):
        assert torch.equal(found, expected)
    elif isinstance(found, dict):
        assert list(found) == list(expected)
        assert_equal(list(found.values()), list(expected.values()))
    else:
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)


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


# what cannot be said

X = {"x": [None, 8]}
GRAPH = {"input": "x", "modules": {"a": ["x"]}, "output": "a"}


def message(spec, form):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.to_spec(spec, form)
    return str(error.value)


def refusal(found, expected):
    hint = "the format arcgraph can say every network"
    return f"1 problem in the spec\nspec\n  found: {found}\n  expected: {expected}\n  hint: {hint}"


@pytest.mark.parametrize(
    ("spec", "form", "found", "expected"),
    [
        (
            graph(node("a", "ReLU", "x"), node("b", "torch.add", ["a", "x"])),
            "arc",
            "the node 'b', which is fed 'x'",
            "tensors that are each used once: a ReuseFork gives one tensor several names",
        ),
        (
            graph(node("a", "torch.add", {"input": "x", "other": "x"})),
            "arc",
            "the node 'a', which is fed 'x'",
            "tensors that are each used once: a ReuseFork gives one tensor several names",
        ),
        (
            graph(node("a", "MultiheadAttention", ["x"] * 3, embed_dim=8, num_heads=2), inputs={"x": [None, 5, 8]}),
            "modules",
            "the outputs",
            "one that the format modules can say",
        ),
        (
            graph(node("a", "LSTM", hidden_size=4), node("b", "ReLU", "a.0"), inputs={"x": [None, 5, 8]}),
            "modules",
            "the node 'b', which is fed 'a.0'",
            "what another node gives as a whole; Get gives a part of it",
        ),
        (
            {"modules": {"a": {"LazyLinear": {"out_features": 2}}}, "graph": GRAPH},
            "arc",
            "the input 'x': no shape",
            "inputs with shapes, the batch first, as an arc states them",
        ),
        (
            graph(node("a", "ReLU"), inputs=X, outputs={"y": "a", "z": "a"}),
            "arc",
            "the outputs y = a, z = a",
            "what is carried at the end: x = a",
        ),
        (
            {"type": "Linear", "in_features": 3, "out_features": 2},
            "modules",
            "a single module",
            "a network of nodes",
        ),
        (
            graph(
                node("a", "Embedding", num_embeddings=9, embedding_dim=2),
                inputs={"x": {"dtype": "long", "shape": ["2 * 3", 4]}},
            ),
            "modules",
            "the input 'x': (6, 4)",
            "inputs with shapes, the batch first",
        ),
    ],
    ids=str,
)
def test_format_refuses_what_it_cannot_say(spec, form, found, expected):
    assert message(spec, form) == refusal(found, expected)


def test_arc_holds_a_block_of_several_nodes_as_a_module():
    block = {
        "inputs": ["x"],
        "graph": [node("fc", "Linear", out_features=8), node("act", "ReLU")],
        "outputs": {"y": "act"},
    }
    spec = graph(node("a", "module.B"), modules={"B": block})
    written = torcharc.to_spec(spec, "arc")
    assert (list(written), written["a"]) == (["dag_modules", "dag_in_shape", "a"], {"type": "module.B"})
    assert_same_network(torcharc.build(written), torcharc.build(spec), feed(spec))


def test_name_that_no_mapping_can_hold_is_refused():
    found = Graph((("$x", None),), (Node("a", "ReLU", {}, (("input", Ref("$x", of_input=True)),)),), (("y", Ref("a")),))
    assert (
        message(found, "arcgraph")
        == """1 problem in the spec
spec
  found: a network
  expected: one that the format arcgraph can say; it says of it: the key '$x', expected one of the keys: $choice, $float, $int, $subset"""
    )


def test_unknown_format_is_named():
    assert (
        message({"dag_in_shape": [8], "a": {"type": "ReLU"}}, "arcgrap")
        == """1 problem in the spec
spec.format
  found: 'arcgrap'
  expected: a format: arc, arcgraph, modules
  hint: did you mean 'arcgraph'?"""
    )


def test_faulty_spec_is_refused_with_its_problems():
    assert (
        message({"dag_in_shape": [8], "a": {"type": "RelU"}}, "arc")
        == """1 problem in the spec
spec.a.type
  found: 'RelU'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'ReLU'?"""
    )


def test_module_without_a_spec_is_refused():
    assert (
        message(torch.nn.Linear(2, 1), "arcgraph")
        == """1 problem in the spec
spec
  found: a Linear without a spec
  expected: a network that torcharc.build made, a graph or a spec"""
    )


# YAML and the command line


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
