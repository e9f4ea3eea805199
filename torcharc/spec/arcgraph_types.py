"""The types of Arc-Graph nodes: found by any of their names, their params read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from torcharc.entry import Entry
from torcharc.errors import Path, Problem, did_you_mean, nearest, quote, read_hint
from torcharc.functions import full_name
from torcharc.registry import find, lookup, type_names
from torcharc.spec.numbers import read_params

STACK = "arc.stack"
"""The type that runs copies of a module in a row."""

TARGET = "_target_"
"""The key that names the type of an argument which is itself a module."""

_PREFIXES = ("torch.nn.functional.", "torch.nn.", "torch.", "core.", "nn.", "F.")

_PLACED = {
    "device": "no device in params: build(spec, device=...) places the network",
    "dtype": "no dtype in params: build(spec, dtype=...) casts the network",
}


def find_type(name: Any, path: Path, blocks: Collection[str] = ()) -> Entry | Problem:
    """The entry of a type, or the problem that there is none; the nearest name is looked for under any prefix."""
    entry = lookup(name, path)
    if isinstance(entry, Entry) or not isinstance(name, str):
        return entry
    if name in blocks:
        return Problem(path, entry.found, entry.expected, f"did you mean 'module.{name}'?", entry.code)
    head, _, tail = name.partition(".")
    block = nearest(tail, blocks) if nearest(head, ["module"]) else None
    if block is not None:
        return Problem(path, entry.found, entry.expected, f"did you mean 'module.{block}'?", entry.code)
    if nearest(name, [STACK, read_hint(entry.hint)]) == STACK:
        return Problem(path, entry.found, entry.expected, f"did you mean {STACK!r}?", entry.code)
    hint = entry.hint
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
    full = full_name(prefix)
    names = [known[len(full) :] for known in type_names() if prefix and known.startswith(full)]
    names = [short for short in names if "." not in short] or [known for known in type_names() if "." not in known]
    near = nearest(name[len(prefix) :], names) if prefix else None
    if near is not None and find(prefix + near) is not None:
        hint = f"did you mean {prefix + near!r}?"
    return Problem(path, entry.found, entry.expected, hint, entry.code)


def read_type_params(
    entry: Entry, params: Mapping[str, Any], path: Path, scope: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The params of a node of type `entry`: numbers worked out, nested modules as `{type: ...}`."""
    if params.keys().isdisjoint(_PLACED) and dict not in map(type, params.values()):  # most nodes
        return read_params(entry.signature, params, path, scope)
    problems = [
        Problem((*path, key), f"the key {key!r}", _PLACED[key], code="unknown-key")
        for key in params
        if key in _PLACED and key not in entry.signature.arguments
    ]
    kept = {key: value for key, value in params.items() if key not in _PLACED or key in entry.signature.arguments}
    nested = {key for key, value in kept.items() if isinstance(value, Mapping) and _is_nested(value)}
    values, faults = read_params(
        entry.signature, {key: value for key, value in kept.items() if key not in nested}, path, scope
    )
    problems += faults
    for key in nested:
        values[key], faults = _read_nested(kept[key], (*path, key), scope)
        problems += faults
    return {key: values[key] for key in kept}, problems


def _is_nested(value: Mapping[str, Any]) -> bool:
    return TARGET in value or any(nearest(key, [TARGET]) for key in value)


def _read_nested(value: Mapping[str, Any], path: Path, scope: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
    """An argument that is a module itself: `{_target_: type, ...params}` as `{type: type, ...params}`."""
    if TARGET not in value:
        typo = next(key for key in value if nearest(key, [TARGET]))
        found, expected = f"the key {quote(typo)}", f"the key {TARGET!r}"
        return value, [Problem((*path, typo), found, expected, did_you_mean(typo, [TARGET]), "unknown-key")]
    entry = find_type(value[TARGET], (*path, TARGET))
    if isinstance(entry, Problem):
        return value, [entry]
    given = {key: item for key, item in value.items() if key != TARGET}
    params, problems = read_type_params(entry, given, path, scope)
    return {"type": entry.name, **params}, problems
