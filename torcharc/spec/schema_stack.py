"""JSON Schema of the sequential form, `layers` beside a type, and of the key `init`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from torcharc.arguments import Argument, Kind, read_signature
from torcharc.entry import Entry
from torcharc.fans import PER
from torcharc.initialize import PARTS, initializers
from torcharc.layers import SIZE_KEYS, size_argument
from torcharc.spec.schema_values import LATER, SWITCHED, Schema, default_of, is_nullable, ref, value_schema

if TYPE_CHECKING:
    from torcharc.spec.schema_types import Definitions

_SIZE = Kind(frozenset({"int"}), low=1)
EMPTY: Schema = {"enum": [None, False, "", 0, [], {}]}
"""What leaves a sublayer out."""


def may_be_stack(entry: Entry) -> bool:
    """Whether a type has a sequential form."""
    return entry.kind == "module" and "layers" not in entry.signature.arguments and size_argument(entry) is not None


def stack_schema(entry: Entry, definitions: Definitions, *, worded: bool) -> Schema:
    """The arguments of a type in the sequential form: `layers`, what all of them share, and sublayers."""
    size = size_argument(entry)
    arguments = [argument for name, argument in entry.signature.arguments.items() if name != size]
    values = {argument.name: definitions.value(argument.kind, worded=worded) for argument in arguments}
    shared = {
        argument.name: {**values[argument.name], **default_of(argument)}
        for argument in arguments
        if argument.name not in ("out_features", "out_channels")
    }
    needed = [argument.name for argument in arguments if argument.required]
    layers = {"anyOf": [_layers(arguments, values, needed), ref(LATER)]}
    sizes = {key: definitions.value(_SIZE) for key in (*SIZE_KEYS, str(size))}
    sizes["in_shape"] = definitions.value(Kind(frozenset({"list"}), _SIZE))
    properties = {**shared, **sizes, "layers": layers, **_sublayers(entry, definitions), "init": ref("init")}
    schema: Schema = {"properties": properties}
    if not needed:
        return schema
    least = 1 + max(index for index, argument in enumerate(arguments) if argument.required)
    complete = {"properties": {"layers": {"items": _complete(needed, least)}}}
    if len(needed) == 1:
        return {**schema, "allOf": [complete]}
    return {**schema, "if": {"anyOf": [{"required": [name]} for name in needed[1:]]}, "else": complete}


def _complete(needed: list[str], least: int) -> Schema:
    """An entry of `layers` that holds every argument which has to be given."""
    single = {} if least == 1 else {"not": {"type": ["integer", "number", "boolean", "null"]}}
    return {"minItems": least, "required": needed, **single}


def _layers(arguments: list[Argument], values: dict[str, Schema], needed: list[str]) -> Schema:
    """The entries of `layers`: a value, a list of values in the order of the arguments, or values by name."""
    row: Schema = {"type": "array", "items": False, "maxItems": len(arguments)}
    if arguments:
        row["prefixItems"] = [values[argument.name] for argument in arguments]
    by_name = {"type": "object", "properties": values, "additionalProperties": False}
    single = {"not": {"type": ["array", "object"]}, **(values[arguments[0].name] if arguments else {})}
    return {"type": "array", "minItems": 1, "items": {"anyOf": [row, by_name, single]}}


def _sublayers(entry: Entry, definitions: Definitions) -> dict[str, Any]:
    """The sublayers of a stack; what several types have in common is defined once."""
    digits = re.search(r"(\d)d$", entry.name)
    digit = digits.group(1) if digits else "1"
    norm = definitions.find(f"BatchNorm{digit}d")
    arguments = {**norm, "type": "object", "properties": {"init": False, "layers": False}}
    rate = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    definitions.schemas |= {
        f"batch_norm-{digit}": {
            "anyOf": [SWITCHED, {**arguments, "unevaluatedProperties": False}, EMPTY, ref(LATER)],
        },
        "dropout": {"anyOf": [rate, EMPTY, *value_schema(Kind(frozenset({"float"})))["anyOf"][1:]]},
    }
    keys = {"batch_norm": f"batch_norm-{digit}", "norm": "norm", "activation": "activation", "dropout": "dropout"}
    return {key: ref(name) for key, name in keys.items()}


def init_schema() -> Schema:
    """The key `init`: the name of an initializer, or `{type: name, ...arguments}`."""
    cases = []
    for name, function in initializers().items():
        signature = read_signature(function).without("tensor", "generator")
        properties = {
            key: {**value_schema(argument.kind, nullable=is_nullable(argument)), **default_of(argument)}
            for key, argument in signature.arguments.items()
        }
        per = {"anyOf": [{"enum": [*PER]}, {"type": "null"}, ref(LATER)]}
        case = {"properties": {"type": True, "per": per, **properties}, "required": list(signature.required)}
        cases.append({"if": {"properties": {"type": {"const": name}}}, "then": {**case, "additionalProperties": False}})
    names = {"enum": [*initializers()]}
    by_name = {"type": "object", "required": ["type"], "properties": {"type": {"anyOf": [names, ref(LATER)]}}}
    word = {"anyOf": [names, {"type": "null"}, ref(LATER)]}
    one = {"if": {"type": "object"}, "then": {**by_name, "allOf": cases}, "else": word}
    is_parts = {"type": "object", "not": {"required": ["type"]}, "anyOf": [{"required": [part]} for part in PARTS]}
    parts = {"properties": dict.fromkeys(PARTS, ref("init")), "additionalProperties": False}
    return {"description": "an initializer of torch.nn.init", "if": is_parts, "then": parts, "else": one}
