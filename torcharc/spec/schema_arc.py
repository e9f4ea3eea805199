"""JSON Schema of the arc format, and of the format of TorchArc 2.x."""

from __future__ import annotations

from typing import Any

from torcharc.spec.arc_module import HEAD_KEYS
from torcharc.spec.expand import COPY_KEYS
from torcharc.spec.module_form import CONTAINERS
from torcharc.spec.names import RESERVED
from torcharc.spec.schema_types import TYPE, TYPES, Definitions, list_required, typed
from torcharc.spec.schema_values import LATER, OWN_MODULE, OWN_NAME, SWITCHED, Schema, mapping, ref

_TEXT = {"type": "string", "minLength": 1}
_NODE_NAME = {"pattern": r"^[^.]+$", "not": {"enum": sorted(RESERVED - {*HEAD_KEYS, "training"})}}
_SIZES = {"type": "array", "items": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}, ref(LATER)]}}
_HEADS = [(2, []), (1, ["dag_vars"]), (1, ["dag_modules"]), (0, ["dag_vars", "dag_modules"])]
"""How many keys besides the inputs and a node there may be, and which are not among them then."""

_NAMES = {"type": "array", "minItems": 1, "items": {"type": "string"}}


def add_shared(definitions: Definitions) -> None:
    """Adds what the formats share: variables, the keys of copies, shapes."""
    name = r"^[^\W\d]\w*$"
    variables = {"type": ["object", "null"], "propertyNames": {"pattern": name}}
    definitions.schemas |= {
        "variables": {"description": "values by name, which templates ${name} stand for", **variables},
        "when": {"description": "whether the node is there", "anyOf": [SWITCHED, ref(LATER)]},
        "repeat": {"description": "how many copies in a row", "anyOf": [{"type": "integer", "minimum": 0}, ref(LATER)]},
        "parallel": {
            "description": "how many copies side by side",
            "anyOf": [{"type": "integer", "minimum": 1}, ref(LATER)],
        },
        "share": {
            "description": "whether copies in a row are one module",
            "anyOf": [SWITCHED, ref(LATER)],
        },
        "shape": {"description": "sizes without the batch axis; null for any", "anyOf": [_SIZES, ref(LATER)]},
        "shapes": {
            "description": "the shape of the input, or shapes by the names of the inputs",
            "anyOf": [
                _SIZES,
                {"type": "object", "minProperties": 1, "propertyNames": _TEXT, "additionalProperties": ref("shape")},
                ref(LATER),
            ],
        },
    }


def copies() -> dict[str, Any]:
    """The keys of a node that make copies of it."""
    return {key: ref(key) for key in COPY_KEYS}


def arc_schema(definitions: Definitions) -> Schema:
    """An arc: nodes by name, or one node beside the shape of its input."""
    node = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": _any_type(), "in_names": {"anyOf": [_NAMES, ref(LATER)]}, **copies()},
        "not": {"required": ["repeat", "parallel"]},
        "dependentRequired": {"share": ["repeat"]},
        **typed(TYPES, later={"anyOf": [ref(LATER), ref(OWN_MODULE)]}),
    }
    again = {
        "description": "runs the module of another node again",
        "type": "object",
        "properties": {"in_names": node["properties"]["in_names"]},
        "additionalProperties": False,
    }
    head = {"dag_in_shape": ref("shapes"), "dag_vars": ref("variables"), "dag_modules": ref("own-modules")}
    is_block = {"type": "object", "not": {"required": ["type"]}}  # with a type it is a node
    training = {"if": is_block, "then": ref("training")}
    alone = {"required": ["dag_in_shape"]}
    definitions.schemas |= {
        "arc-node": {"description": "a node {type: ..., ...arguments}", **node, "unevaluatedProperties": False},
        "arc-again": again,
        "arc-flat": {
            **node,
            "properties": {**node["properties"], **head, "training": training},
            "anyOf": [alone, {"properties": dict.fromkeys(COPY_KEYS, False)}],
            "unevaluatedProperties": False,
        },
        "arc-nodes": {
            "required": ["dag_in_shape"],
            "properties": {**head, "training": {**training, "else": ref("arc-node")}},
            "patternProperties": {"~": ref("arc-again")},
            "additionalProperties": ref("arc-node"),
            "propertyNames": _NODE_NAME,
            "anyOf": [{"minProperties": 2 + count, **_lacks(*heads)} for count, heads in _HEADS],
        },
    }
    return {"if": {"required": ["type"]}, "then": ref("arc-flat"), "else": ref("arc-nodes")}


def _any_type() -> Schema:
    """The name of a type, or of a module of the spec."""
    return {"anyOf": [ref(TYPE), ref(OWN_MODULE)]}


def _lacks(*keys: str) -> Schema:
    """A mapping without these keys."""
    return {"properties": dict.fromkeys(keys, False)} if keys else {}


def modules_schema(definitions: Definitions) -> Schema:
    """A spec as TorchArc 2.x writes it: modules, and a graph that calls them."""
    types = {
        group.pattern: {
            **mapping(required=bool(list_required(group.entry))),
            **definitions.arguments(group),
            "unevaluatedProperties": False,
        }
        for group in definitions.groups
    }
    layers = {"type": "array", "items": ref("module-of-type")}
    definitions.schemas |= {
        "module-types": {"description": "arguments under the name of their type", "patternProperties": types},
        "module-of-type": {
            "description": "a module {Type: arguments}",
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"not": {"enum": list(CONTAINERS)}},
            **ref("module-types"),
            "unevaluatedProperties": False,
        },
        "module-of-copies": {
            "description": "a module {Type: arguments}, and the keys that make copies",
            "type": "object",
            "properties": copies(),
            "patternProperties": {OWN_NAME: mapping(required=False)},
            **ref("module-types"),
            "unevaluatedProperties": False,
            "not": {"required": ["repeat", "parallel"]},
            "if": {"anyOf": [{"required": [key]} for key in COPY_KEYS]},
            "then": {"minProperties": 2, "maxProperties": 3},
            "else": {"minProperties": 1, "maxProperties": 1},
        },
        "compact": _compact(layers),
        "module": _module(layers),
        "call": {
            "description": "the name of an input or a node, or a list or dict of such",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "minItems": 1, "items": ref("call")},
                {"type": "object", "minProperties": 1, "additionalProperties": ref("call")},
            ],
        },
    }
    names = {"propertyNames": {**_NODE_NAME, "pattern": r"^[^.~]+$"}}
    any_module = {"if": _is_spec(), "then": ref("graph-module"), "else": ref("module")}
    modules = {"type": "object", "minProperties": 1, "additionalProperties": any_module, **names}
    return {
        "required": ["modules", "graph"],
        "properties": {
            "vars": ref("variables"),
            "modules": {"anyOf": [modules, ref(LATER)]},
            "graph": {"anyOf": [_graph(), ref(LATER)]},
            "training": ref("training"),
        },
        "additionalProperties": False,
    }


def _is_spec() -> Schema:
    """Whether a module is a spec itself, as `module_reader.is_spec` tells."""
    listed = {"required": ["graph"], "properties": {"graph": {"type": "array"}}}
    calls = {"required": ["modules", "graph"], "properties": {"graph": {"type": "object"}}}
    return {"type": "object", "anyOf": [{"required": ["dag_in_shape"]}, listed, calls]}


def _module(layers: Schema) -> Schema:
    """A module: a `Sequential`, a `compact`, a type with its arguments, or a template."""
    return {
        "if": {"type": "object", "required": ["Sequential"]},
        "then": {
            "properties": {"Sequential": {"anyOf": [{**layers, "minItems": 1}, ref(LATER)]}, **copies()},
            "additionalProperties": False,
        },
        "else": {
            "if": {"type": "object", "required": ["compact"]},
            "then": {
                "properties": {"compact": {"anyOf": [ref("compact"), ref(LATER)]}, **copies()},
                "additionalProperties": False,
            },
            "else": {"if": {"type": "string"}, "then": ref(LATER), "else": ref("module-of-copies")},
        },
    }


def _compact(layers: Schema) -> Schema:
    row = {
        "type": "object",
        "required": ["type", "keys", "args"],
        "properties": {
            "type": ref(TYPE),
            "keys": {"anyOf": [{**_NAMES, "uniqueItems": True}, ref(LATER)]},
            "args": {"anyOf": [{"type": "array", "minItems": 1}, ref(LATER)]},
        },
        "additionalProperties": False,
    }
    around = {"anyOf": [layers, {"type": "null"}, ref(LATER)]}
    return {
        "description": "prelayers, a layer and postlayers for every row of args",
        "type": "object",
        "required": ["layer"],
        "properties": {"prelayer": around, "layer": {"anyOf": [row, ref(LATER)]}, "postlayer": around},
        "additionalProperties": False,
    }


def _graph() -> Schema:
    named = {"type": "object", "minProperties": 1}
    several = {"type": "array", "minItems": 1, "items": _TEXT}
    inputs = {**named, "additionalProperties": {"anyOf": [ref("shape"), {"type": "null"}]}}
    outputs = {**named, "additionalProperties": {"type": "string"}}
    calls = {
        **named,
        "additionalProperties": {"anyOf": [{**ref("call"), "type": ["array", "object"]}, ref(LATER)]},
    }
    return {
        "type": "object",
        "required": ["input", "modules", "output"],
        "properties": {
            "input": {"anyOf": [_TEXT, {**several, "uniqueItems": True}, inputs]},
            "modules": {"anyOf": [calls, ref(LATER)]},
            "output": {"anyOf": [{"type": "string"}, several, outputs]},
        },
        "additionalProperties": False,
    }
