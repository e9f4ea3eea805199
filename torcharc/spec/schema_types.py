"""JSON Schema of the types of the registry: a definition for each, and the choice among them by name.

Types that take the same arguments share a definition, named after the first of them. A definition
leaves further keys open; who uses it closes it, as a node has keys beside its arguments.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from torcharc.arguments import Kind
from torcharc.entry import Entry
from torcharc.layers import NORMS, size_argument
from torcharc.registry import find, type_names
from torcharc.spec.schema_names import names_pattern
from torcharc.spec.schema_stack import EMPTY, init_schema, may_be_stack, stack_schema
from torcharc.spec.schema_values import (
    LATER,
    MODULE,
    OWN_MODULE,
    OWN_NAME,
    Schema,
    default_of,
    is_nullable,
    later_schema,
    ref,
    value_schema,
)
from torcharc.torch_types import module_classes

TYPE = "type"
"""Name of the definition of the name of a type."""

TYPES = "arguments"
"""Name of the definition of the arguments beside a key `type`."""

LAYER = "layer"
"""Name of the definition of a module `{type: ..., ...arguments}` in a Sequential."""


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Types that take the same arguments.

    Attributes:
        names: Their canonical names.
        entry: The first of them.
        pattern: Every spelling of the names.
    """

    names: tuple[str, ...]
    entry: Entry
    pattern: str


class Definitions:
    """The definitions of one schema.

    Attributes:
        schemas: What stands under `$defs`.
        groups: The types, those with the same arguments together.
    """

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {LATER: later_schema()}
        self._values: dict[str, str] = {}
        self.groups = _list_groups()
        names = [name for group in self.groups for name in group.names]
        types = [{"enum": names}, {"type": "string", "pattern": names_pattern(names)}, ref(LATER)]
        self.schemas[TYPE] = {"description": "the name of a type", "anyOf": types}
        alike = [name for name in names if re.search(OWN_NAME, name)]  # a registered type may be called so
        self.schemas[OWN_MODULE] = {
            "type": "string",
            "pattern": OWN_NAME,
            **({"not": {"enum": alike}} if alike else {}),
        }
        self.schemas["init"] = init_schema()
        self.schemas[TYPES] = dispatch([(group.pattern, self.arguments(group)) for group in self.groups])
        self._add_modules()

    def value(self, kind: Kind, *, worded: bool = False, nullable: bool = False) -> Schema:
        """A reference to the schema of a kind of value; equal ones are defined once."""
        schema = value_schema(kind, worded=worded, nullable=nullable)
        if not schema:
            return schema
        name = self._values.setdefault(json.dumps(schema), f"value-{len(self._values) + 1}")
        self.schemas[name] = schema
        return ref(name)

    def find(self, name: str) -> Schema:
        """A reference to the definition of the arguments of the type `name`."""
        return next(ref(f"type:{group.names[0]}") for group in self.groups if name in group.names)

    def arguments(self, group: Group, *, worded: bool = False) -> Schema:
        """A reference to the definition of the arguments of a type, a stack of it included."""
        schema = self._plain(group, worded)
        if may_be_stack(group.entry):
            stack = stack_schema(group.entry, self, worded=worded)
            schema = {"if": {"required": ["layers"]}, "then": stack, "else": schema}
        name = f"type:{group.names[0]}"  # what users register is apart from the definitions of the formats
        if worded and schema == self.schemas.get(name):
            return ref(name)
        name = f"{name}-worded" if worded else name
        self.schemas[name] = schema
        return ref(name)

    def _plain(self, group: Group, worded: bool) -> Schema:
        """The arguments of a type by themselves."""
        entry = group.entry
        properties: dict[str, Any] = {} if entry.kind == "block" else {"init": ref("init")}
        for key, argument in entry.signature.arguments.items():
            value = self.value(argument.kind, worded=worded, nullable=is_nullable(argument))
            properties[key] = {**value, **default_of(argument)}
        if entry.name == "Sequential":
            properties["layers"] = {"anyOf": [{"type": "array", "minItems": 1, "items": ref(LAYER)}, ref(LATER)]}
        schema: Schema = {"description": entry.summary} if len(group.names) == 1 and entry.summary else {}
        schema["properties"] = properties
        required = list_required(entry)
        if required and not (worded and entry.kind == "function"):
            schema["required"] = required
        return {**schema, "additionalProperties": True} if entry.signature.open else schema

    def _add_modules(self) -> None:
        """The modules that stand within arguments."""
        layer = {
            "description": "a module {type: ..., ...arguments}",
            "type": "object",
            "required": ["type"],
            "properties": {"type": ref(TYPE)},
            **typed(TYPES),
            "unevaluatedProperties": False,
        }
        self.schemas[LAYER] = layer
        own = {key: [g for g in self.groups if key in g.entry.signature.arguments] for key in ("init", "layers")}
        closed = [
            {
                "if": {"properties": {"type": {"type": "string", "pattern": names_pattern(_names(groups))}}},
                "else": {"properties": {key: False}},
            }
            for key, groups in own.items()
        ]
        self.schemas[MODULE] = {**layer, "allOf": closed}
        for key in ("norm", "activation"):
            named = {"enum": [name for group in self.groups for name in group.names if _may_be(key, name)]}
            pattern = {"type": "string", "pattern": names_pattern(named["enum"])}
            kind = {"anyOf": [named, pattern, ref(LATER)]}
            module = {**ref(MODULE), "type": "object", "properties": {"type": ref(f"{key}-type")}}
            self.schemas[f"{key}-type"] = kind
            self.schemas[key] = {"anyOf": [ref(f"{key}-type"), module, EMPTY]}


def list_required(entry: Entry) -> list[str]:
    """The arguments that have to be given, whatever the input."""
    return [name for name in entry.signature.required if name not in entry.inferred]


def typed(definition: str, key: str = "type", *, later: Schema | None = None) -> Schema:
    """Arguments as the type under `key` takes them; any, where that is `later`: by default, not known yet."""
    return {
        "if": {"required": [key], "properties": {key: later or ref(LATER)}},
        "then": {"additionalProperties": True},
        "else": ref(definition),
    }


def dispatch(cases: list[tuple[str, Schema]], key: str = "type") -> Schema:
    """The one of several schemas whose pattern the value under `key` matches."""
    branches = [
        {"if": {"properties": {key: {"pattern": pattern}}}, "then": schema} for pattern, schema in cases if schema
    ]
    return {"if": {"required": [key], "properties": {key: {"type": "string"}}}, "then": {"allOf": branches}}


def _names(groups: list[Group]) -> list[str]:
    return [name for group in groups for name in group.names]


def _may_be(key: str, name: str) -> bool:
    entry = find(name)
    if entry is None or entry.kind != "module":
        return False
    return key == "activation" or name in NORMS or name not in module_classes()


def _list_groups() -> list[Group]:
    """All types of the registry; those with the same arguments together."""
    groups: dict[str, list[Entry]] = {}
    for name in type_names():
        entry = find(name)
        if entry is not None:
            groups.setdefault(_describe(entry), []).append(entry)
    return [
        Group(tuple(names := [entry.name for entry in entries]), entries[0], names_pattern(names))
        for entries in groups.values()
    ]


def _describe(entry: Entry) -> str:
    """A text that two types have in common if they take the same arguments."""
    kind = entry.kind if entry.kind in ("block", "module", "function") else ""
    own = entry.name if entry.plan is not None else entry.name[-2:] if size_argument(entry) is not None else ""
    return repr((kind, own, dict(entry.signature.arguments), entry.signature.open, dict(entry.inferred)))
