"""JSON Schema of the values of arguments, from their kinds.

A spec has two readings of a string where a number is due: an arc and TorchArc 2.x take templates
alone, Arc-Graph takes arithmetic over bound names too. Schemas of the second kind are called *worded*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from torcharc.arguments import EXPONENT_NUMBER, SWITCH, Argument, Kind
from torcharc.spec.choice import FORMS

Schema = dict[str, Any]

LATER = "later"
SWITCHED: dict[str, Any] = {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": f"^({SWITCH.pattern})$"}]}
"""Name of the definition of what stands for a value that is not known yet: a template, or a choice."""

OWN_MODULE = "own-module"
"""Name of the definition of the name of a module of the spec, as a type."""

OWN_NAME = r"^modules?\."

MODULE = "argument-module"
"""Name of the definition of an argument that is a module itself."""

BOUND_NAME = r"^\s*(vars\.)?[A-Za-z_]\w*\s*$"

_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "null": "null", "dict": "object"}


TEMPLATE = r"\$\{"
"""What a string with a template in it has."""


def ref(name: str) -> Schema:
    """A reference to the definition `name`, which may hold any characters.

    Example:
        >>> ref("type:a/b c")
        {'$ref': '#/$defs/type:a~1b%20c'}
    """
    pointer = name.replace("~", "~0").replace("/", "~1")
    return {"$ref": f"#/$defs/{quote(pointer, safe=':~')}"}


def later_schema() -> Schema:
    """What may stand wherever a value may: a string with `${...}`, or a choice of values."""
    choices = {"type": "object", "anyOf": [{"required": [key]} for key in FORMS]}
    keys = sorted({*FORMS, *(key for more in FORMS.values() for key in more)})
    return {
        "description": "a template ${...}, or a choice of values",
        "anyOf": [{"type": "string", "pattern": TEMPLATE}, {**choices, "propertyNames": {"enum": keys}}],
    }


def value_schema(kind: Kind, *, worded: bool = False, nullable: bool = False) -> Schema:
    """The schema of the values of one kind.

    Args:
        kind: The kind; one without names takes any value.
        worded: Whether a string may be arithmetic where a number is due.
        nullable: Whether null stands for the default.
    """
    if not kind.names:
        return {}
    options = list(_options(kind, worded))
    if nullable and "null" not in kind.names:
        options.append({"type": "null"})
    return {"description": kind.describe(), "anyOf": [*options, ref(LATER)]}


def _options(kind: Kind, worded: bool) -> Iterator[Schema]:
    for name in sorted(kind.names - ({"int"} if "float" in kind.names else set())):
        if name in ("int", "float"):
            bounds = {"minimum": kind.low, "maximum": kind.high}
            yield {"type": _TYPES[name], **{key: bound for key, bound in bounds.items() if bound is not None}}
        elif name == "str":
            yield {"enum": list(kind.words)} if kind.words else {"type": "string"}
        elif name == "list":
            items = value_schema(kind.items, worded=worded) if kind.items else {}
            yield {"type": "array", "items": items} if items else {"type": "array"}
        elif name == "module":
            yield ref(MODULE)
        elif name in _TYPES:
            yield {"type": _TYPES[name]}
    if worded and kind.names & {"int", "float", "bool"}:
        yield {"type": "string"} if kind.names & {"int", "float"} else {"type": "string", "pattern": BOUND_NAME}
        return
    patterns = [EXPONENT_NUMBER.pattern] if "float" in kind.names else []
    patterns += [SWITCH.pattern] if "bool" in kind.names and "str" not in kind.names else []
    if patterns:
        yield {"type": "string", "pattern": f"^({'|'.join(patterns)})$"}


def mapping(*, required: bool) -> Schema:
    """A mapping or a template, and null where nothing in the mapping is required."""
    return {"type": ["object", "string", *([] if required else ["null"])], "pattern": TEMPLATE}


def is_nullable(argument: Argument) -> bool:
    """Whether null is taken for an argument of any kind, as it is its default."""
    return not argument.required and argument.default is None


def default_of(argument: Argument) -> Schema:
    """`{"default": ...}`, where an argument has a default that JSON can write."""
    if argument.required or not _is_plain(argument.default):
        return {}
    default = argument.default
    return {"default": list(default) if isinstance(default, tuple) else default}


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return type(value) in (bool, int, str, type(None)) or (type(value) is float and math.isfinite(value))
