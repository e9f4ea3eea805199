"""JSON Schema of exact graph specs: their keys; what stands in `params` is left to `check`."""

from __future__ import annotations

from torcharc.spec.exact import NODE_KEYS
from torcharc.spec.exact_options import FORMS, SWITCHES
from torcharc.spec.schema_types import Definitions
from torcharc.spec.schema_values import Schema, ref

_NAMED = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "minLength": 1}}


def exact_schema(definitions: Definitions, training: dict[str, Schema]) -> Schema:
    """An Arc-Graph spec with the key `exact`."""
    definitions.schemas |= {"exact": _options(), "exact-feed": _feed(), "exact-node": _node(), "exact-input": _input()}
    level = {
        "exact": ref("exact"),
        "inputs": {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": ref("exact-input")},
            ]
        },
        "graph": {"type": "array", "items": ref("exact-node")},
        "outputs": _NAMED,
    }
    required = ["inputs", "graph", "outputs"]
    module = {"type": "object", "required": required, "properties": level, "additionalProperties": False}
    definitions.schemas["exact-module"] = {"description": "a module {inputs, graph, outputs}", **module}
    modules = {"type": ["object", "null"], "additionalProperties": ref("exact-module")}
    properties = {**level, "modules": modules, "vars": ref("variables"), **training}
    return {"required": required, "properties": properties, "additionalProperties": False}


def _options() -> Schema:
    switches = {key: {"type": "boolean"} for key in SWITCHES}
    return {
        "description": "everything is read as it stands; what a call gives and checks",
        "type": ["object", "null"],
        "properties": {"returns": {"enum": list(FORMS)}, **switches, "keeps": {"type": "string"}},
        "additionalProperties": False,
    }


def _feed() -> Schema:
    return {
        "description": "a reference name(.part)*, a number, or a list or mapping of such",
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": ["number", "boolean"]},
            {"type": "array", "items": ref("exact-feed")},
            {"type": "object", "additionalProperties": ref("exact-feed")},
        ],
    }


def _node() -> Schema:
    text = {"type": "string"}
    properties = {
        "name": {"type": "string", "pattern": "^[^.]+$"},
        "params": {"type": ["object", "null"]},
        "inputs": {"type": ["object", "null"], "additionalProperties": ref("exact-feed")},
    }
    return {
        "description": "a node {name, type, params, inputs}",
        "type": "object",
        "required": ["name"],
        "anyOf": [{"required": ["type"]}, {"required": ["module"]}],
        "properties": {key: properties.get(key, text) for key in NODE_KEYS},
        "additionalProperties": False,
    }


def _input() -> Schema:
    tensor = {
        "type": "object",
        "required": ["dtype", "shape"],
        "properties": {
            "dtype": {"type": ["string", "null"]},
            "shape": {"type": "array", "items": {"type": ["integer", "null", "string"]}},
        },
        "additionalProperties": False,
    }
    parts = {
        "type": "object",
        "required": ["parts"],
        "properties": {"parts": {"type": "object", "additionalProperties": ref("exact-input")}},
        "additionalProperties": False,
    }
    return {"anyOf": [tensor, parts, {"type": "array", "items": ref("exact-input")}, {"type": "null"}]}
