"""A module among those of a spec: what it takes, its params, and what a node that runs it gives for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote, respell, unknown_keys
from torcharc.graph import UNKNOWN, Graph
from torcharc.spec.arcgraph_inputs import is_name, wrong_name
from torcharc.spec.form import find_form, variables_key
from torcharc.spec.numbers import read_value_of
from torcharc.spec.template import Scope, fill, has_dollar

KEYS = ("inputs", "params", "graph", "outputs")

BLOCKS = ("module.", "modules.")
"""What stands before the name of a module of the spec, where it is a type."""


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """A module of the spec: its inputs, its params with their defaults, and the rest as it stands there.

    An arc or a 2.x spec has variables in place of params; `inputs` is empty, as its form tells them.
    """

    name: str
    inputs: tuple[str, ...]
    params: Mapping[str, Any]
    spec: Mapping[str, Any]
    path: Path

    @property
    def form(self) -> str | None:
        """`arc`, `modules`, or None for a list of nodes."""
        return find_form(self.spec)


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """A node that runs a module of the spec.

    Attributes:
        params: What it gives for the params of the module.
        path: Its place.
        type_path: The place of the name of the module.
        params_path: The place of what it gives.
        scope: What names stand for in that, where these are worked out as in Arc-Graph; else None.
        beside: Keys of the format that stand beside the params.
    """

    params: Mapping[str, Any]
    path: Path
    type_path: Path
    params_path: Path
    scope: Scope | None = None
    beside: tuple[str, ...] = ()


def is_block_type(type_: Any) -> bool:
    """Whether a type is the name of a module of the spec.

    Example:
        >>> is_block_type("module.Encoder"), is_block_type("Linear")
        (True, False)
    """
    return isinstance(type_, str) and type_.startswith(BLOCKS)


def read_definition(name: Any, item: Any, path: Path) -> tuple[Definition | None, list[Problem]]:
    """A module that stands among those of a spec, or None where it is faulty; and its problems."""
    if not is_name(name):
        return None, [wrong_name(name, path, "a module")]
    if not isinstance(item, Mapping):
        return None, [Problem(path, quote(item), "a module: {inputs, graph, outputs}", code="value")]
    if find_form(item) is not None:
        variables = item.get(variables_key(item))
        return Definition(name, (), dict(variables) if isinstance(variables, Mapping) else {}, item, path), []
    required = [key for key in ("inputs", "graph", "outputs") if key not in item]
    problems = unknown_keys(path, item, KEYS, required)
    item = respell(item, problems)
    inputs, params = item.get("inputs", ()), item.get("params")
    if "inputs" in item and (not isinstance(inputs, (list, tuple)) or not inputs or not all(map(is_name, inputs))):
        expected = "the names of the module's inputs, at least one: [x]"
        problems.append(Problem((*path, "inputs"), quote(inputs), expected, code="value"))
    elif len({*inputs}) < len(inputs):
        problems.append(Problem((*path, "inputs"), quote(inputs), "each name once", code="duplicate"))
    if params is not None and not isinstance(params, Mapping):
        expected = "the module's params with their defaults: {width: 64}; null for what has to be given"
        problems.append(Problem((*path, "params"), quote(params), expected, code="value"))
    faulty = any(key not in item for key in ("inputs", "graph", "outputs")) or any(
        problem.code != "unknown-key" for problem in problems
    )
    return (None if faulty else Definition(name, tuple(inputs), dict(params or {}), item, path)), problems


def bind_params(definition: Definition, use: Use, outer: Scope) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The values of a module's params, those that the node gives and the defaults of the others; or None.

    A misspelt param counts for what it was likely meant for, so that it leads to no further problem.
    """
    params, path = use.params, use.params_path
    undeclared = [key for key in params if key not in definition.params]
    missing = [key for key, default in definition.params.items() if default is None and params.get(key) is None]
    if undeclared and not definition.params and use.scope is not None:
        expected = f"no params: {definition.name} declares none; taken as if absent"
        keys = ", ".join(map(quote, undeclared))
        found = f"the keys {keys}" if len(undeclared) > 1 else f"the key {keys}"
        problems = [Problem(path, found, expected, code="reading", severity="note")]
    else:
        beside = use.beside if undeclared or missing else ()
        problems = unknown_keys(path, params, [*definition.params, *beside], missing)
        params = respell(params, problems)
    if any(problem.code == "missing-key" for problem in problems):
        return None, problems
    given = {key: _read_value(value, use, (*path, key)) for key, value in params.items() if key in definition.params}
    values, faults = _fill_values(definition, {key: value for key, value in given.items() if value is not None}, outer)
    return (None if faults else values), problems + faults


def _read_value(value: Any, use: Use, path: Path) -> Any:
    return value if use.scope is None else read_value_of(value, use.scope, path)


def _fill_values(
    definition: Definition, given: Mapping[str, Any], outer: Scope
) -> tuple[dict[str, Any], list[Problem]]:
    """What is given, and the defaults of the rest; an arc or a 2.x spec fills its variables itself."""
    if definition.form is not None:
        return dict(given), []
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, default in definition.params.items():
        place = (*definition.path, "params", key)
        if key in given:
            values[key] = given[key]
        elif has_dollar(default):  # it may use the params before it
            values[key], faults = fill(default, outer.extend(values), place)
            problems += faults
        else:
            values[key] = read_value_of(default, outer, place)
    return values, problems


def find_interface(definition: Definition) -> Graph | None:
    """What a module takes and gives, as far as it can be told without values of its params; None if it cannot."""
    outputs = definition.spec.get("outputs")
    if definition.form is not None or not isinstance(outputs, Mapping):
        return None
    inputs = tuple((name, None) for name in definition.inputs)
    named = tuple((str(name), UNKNOWN) for name in outputs)
    return Graph(inputs, (), named, "tensor" if len(named) == 1 else "dict", firsts=True)


def walk_types(spec: Mapping[Any, Any]) -> Iterator[Any]:
    """What stands where a spec of any form names the types of its nodes."""
    graph = spec.get("graph")
    if isinstance(graph, (list, tuple)):
        yield from (item.get("type") for item in graph if isinstance(item, Mapping))
    elif find_form(spec) == "modules":
        modules = spec["modules"]
        items = modules.values() if isinstance(modules, Mapping) else ()
        yield from (key for item in items if isinstance(item, Mapping) for key in item)
    else:
        yield spec.get("type")
        yield from (item.get("type") for item in spec.values() if isinstance(item, Mapping))
