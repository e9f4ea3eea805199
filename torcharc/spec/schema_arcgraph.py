"""JSON Schema of the Arc-Graph format."""

from __future__ import annotations

from typing import Any

from torcharc.spec.arcgraph import GRAPH_KEYS
from torcharc.spec.arcgraph_inputs import DTYPES
from torcharc.spec.arcgraph_types import STACK
from torcharc.spec.schema_arc import copies
from torcharc.spec.schema_exact import exact_schema
from torcharc.spec.schema_training import add_training
from torcharc.spec.schema_types import TYPE, Definitions, Group, dispatch, list_required
from torcharc.spec.schema_values import LATER, OWN_NAME, Schema, mapping, ref

_NAME = r"^[A-Za-z0-9_]+$"
_SIZE = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}, ref(LATER)]}


def arcgraph_schema(definitions: Definitions) -> Schema:
    """A spec of inputs, a graph, outputs and modules, at the top or under `model`; and its training."""
    cases = [(group.pattern, _params(group, definitions)) for group in definitions.groups]
    definitions.schemas["graph-params"] = dispatch([*cases, (f"^{STACK.replace('.', '[.]')}$", _stack())])
    definitions.schemas |= {
        "reference": {"type": "string", "pattern": r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$|\$\{"},
        "feed": {
            "description": "a reference name(.output)(.position), a number, or a list or mapping of such",
            "anyOf": [
                ref("reference"),
                {"type": ["number", "boolean"]},
                {"type": "array", "items": ref("feed")},
                {"type": "object", "additionalProperties": ref("feed")},
            ],
        },
        "graph-input": _input(),
        "graph-node": _node(),
        "graph": {"type": "array", "minItems": 1, "items": ref("graph-node")},
        "graph-outputs": {
            "description": "references by public name",
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": ref("reference"),
        },
        "graph-module": _any_module(),
        "own-modules": {
            "description": "modules by name, which nodes run as module.<name>",
            "type": ["object", "null"],
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": ref("graph-module"),
        },
    }
    keys = _keys()
    training = add_training(definitions)
    inner = {key: training[key] for key in ("loss", "training", "trainer", "optimizer", "config")}
    texts = {key: training[key] for key in ("name", "description", "version")}
    model = {"type": "object", "properties": {**keys, **inner, **texts}, "additionalProperties": False}
    required = [
        {"anyOf": [{"required": [key]}, {"required": ["model"], "properties": {"model": {"required": [key]}}}]}
        for key in ("inputs", "graph", "outputs")
    ]
    usual = {"properties": {**keys, **training, "model": model}, "additionalProperties": False, "allOf": required}
    return {"if": {"required": ["exact"]}, "then": exact_schema(definitions, training), "else": usual}


def _keys() -> dict[str, Any]:
    inputs = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": {"anyOf": [ref("graph-input"), ref(LATER)]},
    }
    keys: dict[str, Any] = {
        "inputs": {"anyOf": [inputs, ref(LATER)]},
        "graph": ref("graph"),
        "outputs": {"anyOf": [ref("graph-outputs"), ref(LATER)]},
        "modules": ref("own-modules"),
        "vars": ref("variables"),
        "require": {
            "description": "conditions on the variables, by name",
            "type": "object",
            "additionalProperties": {"anyOf": [{"const": True}, ref(LATER)]},
        },
    }
    return {key: keys[key] for key in GRAPH_KEYS}


def _input() -> Schema:
    sizes = {"type": "array", "minItems": 1, "items": {"anyOf": [*_SIZE["anyOf"], {"type": "null"}]}}
    categorical = ("vocab_size", "embedding_dim")
    embedded = {"required": list(categorical), "properties": dict.fromkeys(categorical, _SIZE)}
    return {
        "type": "object",
        "required": ["dtype", "shape"],
        "properties": {
            "dtype": {"anyOf": [{"enum": list(DTYPES)}, ref(LATER)]},
            "shape": {"description": "sizes, the batch first; null for any", "anyOf": [sizes, ref(LATER)]},
            "columns": {"anyOf": [{"type": "array"}, ref(LATER)]},
            "categorical": {"anyOf": [{"type": "boolean"}, ref(LATER)]},
            "vocab_size": True,
            "embedding_dim": True,
        },
        "additionalProperties": False,
        "if": {"required": ["categorical"], "properties": {"categorical": {"const": True}}},
        "then": embedded,
    }


def _node() -> Schema:
    fed = [
        {"type": "array", "minItems": 1, "items": ref("feed")},
        {"type": "object", "minProperties": 1, "additionalProperties": ref("feed")},
    ]
    return {
        "description": "a node {name, type, params, inputs}",
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "pattern": _NAME},
            "type": {"anyOf": [{"const": STACK}, {"type": "string", "pattern": OWN_NAME}, ref(TYPE)]},
            "params": mapping(required=False),
            "inputs": {"anyOf": [ref("reference"), *fed, {"type": "null"}]},
            "module": {"description": "runs the module of another node", "type": "string"},
            **copies(),
        },
        "additionalProperties": False,
        "anyOf": [
            {"required": ["type"], "properties": {"module": False}},
            {"required": ["module"], "properties": dict.fromkeys(("type", "params", "repeat", "parallel"), False)},
        ],
        "not": {"required": ["repeat", "parallel"]},
        "dependentRequired": {"share": ["repeat"]},
        **ref("graph-params"),
    }


def _params(group: Group, definitions: Definitions) -> Schema:
    """What the `params` of a node of some types have to be."""
    params = {**definitions.arguments(group, worded=True), "unevaluatedProperties": False}
    required = list_required(group.entry)
    if not required:
        return {"properties": {"params": params}}
    if group.entry.kind != "function":
        return {"required": ["params"], "properties": {"params": {**mapping(required=True), **params}}}
    return {"properties": {"params": params}, "allOf": [_given(key, definitions) for key in required]}


def _given(key: str, definitions: Definitions) -> Schema:
    """A setting of a function is in `params`, or a number among the `inputs`."""
    name = f"given-{key}"
    parts = {"params": mapping(required=True), "inputs": {"type": "object"}}
    places = [{"required": [part], "properties": {part: {**form, "required": [key]}}} for part, form in parts.items()]
    definitions.schemas[name] = {"description": f"{key} is required", "anyOf": places}
    return ref(name)


def _stack() -> Schema:
    """The params of `arc.stack`: what is stacked, how often, and its params."""
    count = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}
    params = {
        **mapping(required=True),
        "required": ["module"],
        "properties": {"module": {"type": "string"}, "count": count, "num_layers": count},
        "anyOf": [{"required": ["count"]}, {"required": ["num_layers"]}],
    }
    return {"required": ["params"], "properties": {"params": params}}


def _any_module() -> Schema:
    """A module: an arc, a 2.x spec, or a list of nodes with its inputs and outputs, as `find_form` tells."""
    is_listed = {"required": ["graph"], "properties": {"graph": {"type": "array"}}}
    is_arc = {"anyOf": [{"required": ["dag_in_shape"]}, {"required": ["type"]}], "not": is_listed}
    is_modules = {"required": ["modules", "graph"], "properties": {"graph": {"type": "object"}}}
    usual = {"if": is_modules, "then": ref("modules"), "else": _module()}
    return {"type": "object", "if": is_arc, "then": ref("arc"), "else": usual}


def _module() -> Schema:
    return {
        "description": "a module {inputs, params, graph, outputs}",
        "type": "object",
        "required": ["inputs", "graph", "outputs"],
        "properties": {
            "inputs": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "pattern": _NAME},
            },
            "params": {"description": "defaults by name; null for what has to be given", "type": ["object", "null"]},
            "graph": ref("graph"),
            "outputs": ref("graph-outputs"),
        },
        "additionalProperties": False,
    }
