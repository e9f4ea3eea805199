"""The JSON Schema of all specs: its form, what it takes, templates, training and registered types."""

import json

import jsonschema
import modules_examples
import pytest
import torch
from arcgraph_specs import graph, node
from arcs import VALID, dag_arcs, sequential_arcs, walk
from documented import TYPES
from hypothesis import given
from hypothesis import strategies as st
from schema_validation import EXAMPLES, QUICK, SHARED, explain, faults, make_validator, plain, reach

import torcharc
from torcharc.arc_ref import REF_ARCS
from torcharc.registry import find
from torcharc.spec.load import load_spec
from torcharc.spec.schema_values import ref
from torcharc.training import build_training


def test_schema_is_one_of_its_draft():
    jsonschema.Draft202012Validator.check_schema(torcharc.schema())


def test_schema_is_plain_json_of_sensible_size():
    schema = torcharc.schema()
    text = json.dumps(schema, separators=(",", ":"))
    assert json.loads(text) == schema
    assert len(text) < 700_000


def test_schema_is_the_same_at_every_call():
    assert json.dumps(torcharc.schema()) == json.dumps(torcharc.schema())


def test_every_reference_leads_to_a_definition():
    schema = torcharc.schema()
    found = {value for path in walk(schema) if path[-1] == "$ref" and isinstance(value := reach(schema, path), str)}
    assert found <= {ref(name)["$ref"] for name in schema["$defs"]}


# what check takes


@pytest.mark.parametrize("name", REF_ARCS)
def test_reference_arcs_validate(name, validator):
    assert explain(validator, REF_ARCS[name]) == ""


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example_files_validate(file, validator):
    assert explain(validator, load_spec(file).spec) == ""


@pytest.mark.parametrize("spec", [*VALID, SHARED], ids=str)
def test_specs_of_the_tests_validate(spec, validator):
    assert faults(spec) == []
    assert explain(validator, spec) == ""


@pytest.mark.parametrize("name", modules_examples.EXAMPLES)
def test_specs_with_shapes_validate(name, validator):
    assert explain(validator, modules_examples.read_with_shapes(name)) == ""


@pytest.mark.parametrize("name", TYPES)
def test_documented_example_of_every_type_validates(name, validator):
    params = find(name).example["params"]
    try:
        arc = plain({"dag_in_shape": [8], "node": {"type": name, **params}})
    except TypeError:
        pytest.skip("its example holds what no file can")
    assert explain(validator, arc) == ""
    graph_spec = graph({"name": "node", "type": name, "params": params, "inputs": {"input": "x"}})
    assert explain(validator, graph_spec) == ""


@QUICK
@given(st.one_of(dag_arcs(), sequential_arcs()))
def test_random_arcs_validate(arc):
    assert explain(VALIDATOR, arc) == ""


# what check refuses

VALIDATOR = make_validator()


# templates, training, registered types


@pytest.mark.parametrize("text", ["${width}", "${2 * width}", "a${width}"])
def test_template_stands_for_any_value(text, validator):
    for path in [("dag_in_shape",), ("node", "type"), ("node", "out_features"), ("node", "bias"), ("node", "when")]:
        spec = {"dag_in_shape": [8], "node": {"type": "Linear", "out_features": 4, "bias": True, "when": True}}
        reach(spec, path[:-1])[path[-1]] = text
        assert explain(validator, spec) == ""


def test_choice_stands_for_a_value_of_a_space(validator):
    space = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": {"$int": [4, 64], "$log": True}}}
    assert explain(validator, space) == ""
    space["fc"]["out_features"] = {"$integer": [4, 64]}
    assert not validator.is_valid(space)


@pytest.mark.parametrize(
    "training",
    [
        {"loss": "mse", "optimizer": {"type": "Adam", "lr": "1e-3"}, "epochs": 3},
        {"loss": {"type": "MSELoss", "inputs": {"input": "y", "target": "t"}}, "gradient_clip_val": None},
        {"loss": ["mse", {"type": "l1", "weight": 0.5}], "config": {"learning_rate": 0.1, "metrics": ["mae"]}},
    ],
    ids=str,
)
def test_training_block_validates(training, validator):
    spec = graph(node("y", "Linear", out_features=1), outputs={"y": "y"}, training=training)
    build_training(spec)
    assert explain(validator, spec) == ""


@pytest.mark.parametrize(
    "training",
    [
        {"los": "mse"},
        {"loss": "mse", "epochs": 0},
        {"loss": "mse", "epochs": [3]},
        {"loss": {"inputs": {"input": "y"}}},
        {"loss": {"type": "mse", "input": "y"}},
        {"loss": "mse", "optimizer": {"type": "Adam", "momentum": 0.1}},
        {"loss": "mse", "metrics": ["precison"]},
        [],
    ],
    ids=str,
)
def test_faulty_training_block_is_refused_by_both(training, validator):
    spec = graph(node("y", "Linear", out_features=1), outputs={"y": "y"}, training=training)
    with pytest.raises(torcharc.SpecError):
        build_training(spec)
    assert not validator.is_valid(spec)


def test_registered_types_and_specs_are_in_the_schema(request):
    block = {
        "inputs": ["x"],
        "params": {"width": None},
        "graph": [node("fc", "Linear", out_features="width")],
        "outputs": {"y": "fc"},
    }
    torcharc.register("SchemaBlock", block)
    request.addfinalizer(lambda: torcharc.unregister("SchemaBlock"))
    validator = make_validator()
    arc = {"dag_in_shape": [8], "fc": {"type": "SchemaBlock", "width": 4}}
    assert explain(validator, arc) == ""
    for node_ in ({"type": "SchemaBlock"}, {"type": "SchemaBlock", "width": 4, "depth": 2}):
        assert not validator.is_valid({**arc, "fc": node_})
    assert not VALIDATOR.is_valid(arc)


@pytest.mark.parametrize("name", ["later", "arc", "type", "a/b~c d%20", "é.x", "module.x"])
def test_registered_type_may_have_any_name(name, request):
    torcharc.register(name, torch.nn.Linear)
    request.addfinalizer(lambda: torcharc.unregister(name))
    validator = make_validator()
    arc = {"dag_in_shape": [8], "fc": {"type": name, "out_features": 4}}
    assert faults(arc) == []
    assert explain(validator, arc) == ""
    assert not validator.is_valid({**arc, "fc": {"type": name, "out_feature": 4}})
    assert explain(validator, SHARED) == ""


def test_editor_finds_kinds_defaults_and_descriptions():
    schema = torcharc.schema()
    linear = schema["$defs"]["type:Linear"]["else"]
    assert linear["description"] == find("Linear").summary
    assert linear["properties"]["bias"]["default"] is True
    size = schema["$defs"][linear["properties"]["out_features"]["$ref"].rsplit("/", 1)[1]]
    assert size["description"] == "an integer above 0"
    assert "Linear" in schema["$defs"]["type"]["anyOf"][0]["enum"]
