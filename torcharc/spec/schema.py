"""JSON Schema of specs, generated from the registry: for editors, and for anyone who generates specs.

It holds the structure that `check` holds: which keys a type takes, which it needs, and the kinds of
their values. What the graph decides (names, shapes, sizes that must agree) is left to `check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torcharc.arguments import Argument, Kind
from torcharc.entry import Entry
from torcharc.layers import SIZE_KEYS, SUBLAYERS, size_argument
from torcharc.registry import find, type_names

Schema = dict[str, Any]

TEMPLATE = {"type": "string", "pattern": r"\$\{"}
_CHOICE = {"type": "object", "minProperties": 1, "patternProperties": {r"^\$": {}}, "additionalProperties": False}
_NAMES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string", "null": "null"}


def kind_schema(kind: Kind) -> Schema:
    """The schema of one argument's values; a template may stand for any of them."""
    if not kind.names:
        return {}
    options: list[Schema] = []
    for name in sorted(kind.names):
        if name in ("int", "float"):
            options.append(_number(name, kind))
        elif name == "str":
            options.append({"enum": list(kind.words)} if kind.words else {"type": "string"})
        elif name == "list":
            items = kind_schema(kind.items) if kind.items else {}
            options.append({"type": "array", "items": items} if items else {"type": "array"})
        elif name in ("dict", "module"):
            options.append({"type": "object"})
        elif name in _NAMES:
            options.append({"type": _NAMES[name]})
    if "float" in kind.names:
        options.append({"type": "string", "pattern": r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]{1,4}$"})
    return {"anyOf": [*options, {"$ref": "#/$defs/template"}]}


def _number(name: str, kind: Kind) -> Schema:
    schema: Schema = {"type": _NAMES[name]}
    if kind.low is not None:
        schema["minimum"] = kind.low
    if kind.high is not None:
        schema["maximum"] = kind.high
    return schema


def _argument_schema(argument: Argument) -> Schema:
    schema = kind_schema(argument.kind)
    plain = isinstance(argument.default, (bool, int, float, str)) and argument.default == argument.default
    return {**schema, "default": argument.default} if not argument.required and plain else schema


def type_schema(entry: Entry) -> Schema:
    """The arguments of one type."""
    arguments = entry.signature.arguments
    return {
        "type": "object",
        "description": entry.summary,
        "properties": {name: _argument_schema(argument) for name, argument in arguments.items()},
        "required": [name for name in entry.signature.required if name not in entry.inferred],
        "additionalProperties": entry.signature.open,
    }


def stack_schema(entry: Entry) -> Schema:
    """The sequential form of a layered type: `layers` and the keys beside it."""
    names = [name for name in entry.signature.arguments if name != size_argument(entry)]
    shared = {name: _argument_schema(entry.signature.arguments[name]) for name in names if not name.startswith("out_")}
    module = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["type"]}]}
    layers = {"type": "array", "minItems": 1, "items": {"type": ["array", "object", "integer", "string"]}}
    return {
        "type": "object",
        "properties": {
            **shared,
            **{key: {} for key in SIZE_KEYS},
            str(size_argument(entry)): {},
            "layers": {"anyOf": [layers, {"$ref": "#/$defs/template"}]},
            "batch_norm": {"type": ["boolean", "object", "null", "string"]},
            "norm": {"anyOf": [module, {"type": ["null", "boolean"]}]},
            "activation": {"anyOf": [module, {"type": ["null", "boolean"]}]},
            "dropout": {"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, {"type": ["null", "string"]}]},
        },
        "required": ["layers"],
        "additionalProperties": False,
    }
