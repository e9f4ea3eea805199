"""`schema`: a JSON Schema of specs in every format, from the registry."""

from __future__ import annotations

from typing import Any

from torcharc import module as module  # registers the building blocks
from torcharc.spec.schema_arc import add_shared, arc_schema, modules_schema
from torcharc.spec.schema_arcgraph import arcgraph_schema
from torcharc.spec.schema_types import Definitions
from torcharc.spec.schema_values import Schema, ref

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of specs in every format, as plain data.

    It is made from the registry as it is: all types, registered modules and specs included, with
    their arguments, kinds and defaults. Editors complete and check with it, and programs that write
    specs. It holds the structure alone: which keys there are, which are required, of which kind
    their values are, which types exist. What names refer to, whether shapes agree, what a template
    becomes, and the arguments of a `_target_` are left to `check`.

    Example:
        >>> import torcharc
        >>> found = torcharc.schema()
        >>> found["$schema"], found["$defs"]["type:Linear"]["else"]["required"]
        ('https://json-schema.org/draft/2020-12/schema', ['out_features'])
    """
    definitions = Definitions()
    add_shared(definitions)
    definitions.schemas["arc"] = arc_schema(definitions)
    definitions.schemas["modules"] = modules_schema(definitions)
    definitions.schemas["arcgraph"] = arcgraph_schema(definitions)
    schemas = dict(sorted(definitions.schemas.items()))
    title = {"$schema": DIALECT, "title": "torcharc spec", "type": "object"}
    return {**title, **_choose_format(), "$defs": schemas}


def _choose_format() -> Schema:
    """The format that the keys tell, as `find_format` does."""
    is_arc = {"anyOf": [{"required": [key]} for key in ("dag_in_shape", "type", "layers")]}
    is_wired = {"anyOf": [{"required": [key]} for key in ("inputs", "outputs", "model")]}
    has_calls = {
        "required": ["graph"],
        "properties": {"graph": {"type": "object"}},
        "anyOf": [{"required": ["modules"]}, {"properties": {"graph": {"required": ["input"]}}}],
    }
    is_modules = {"anyOf": [has_calls, {"required": ["modules"], "not": {"required": ["graph"]}}], "not": is_wired}
    graph = {"if": is_modules, "then": ref("modules"), "else": ref("arcgraph")}
    return {"if": is_arc, "then": ref("arc"), "else": graph}
