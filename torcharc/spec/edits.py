"""Edits of a spec: a copy of it with a patch applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torcharc.errors import Edit, Path


def apply_patch(spec: Any, patch: Iterable[Edit]) -> Any:
    """A copy of a spec with the edits of a patch made, one after the other.

    Example:
        >>> apply_patch({"type": "Linaer"}, [Edit("set", ("type",), "Linear")])
        {'type': 'Linear'}
    """
    for edit in patch:
        spec = _apply(spec, edit.path, edit)
    return spec


def _apply(value: Any, path: Path, edit: Edit) -> Any:
    """A copy of `value` with one edit made at `path`."""
    if not path:
        return edit.value
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        if not rest and edit.action == "rename":
            return {edit.value if name == key else name: item for name, item in value.items()}
        if key not in value:
            return {**value, key: edit.value}
        return {name: _apply(item, rest, edit) if name == key else item for name, item in value.items()}
    if not rest and edit.action == "insert":
        return [*value[:key], edit.value, *value[key:]]
    return [_apply(item, rest, edit) if index == key else item for index, item in enumerate(value)]


def fits(spec: Any, patch: Iterable[Edit]) -> bool:
    """Whether the places of a patch stand in the spec itself, and not in what a template or an alias makes of it.

    Example:
        >>> fits({"init": "${init}"}, [Edit("set", ("init", "type"), "zeros_")])
        False
    """
    for edit in patch:
        if not _fits(spec, edit):
            return False
        spec = _apply(spec, edit.path, edit)
    return True


def _fits(spec: Any, edit: Edit) -> bool:
    parent = look_up(spec, edit.path[:-1])
    if not edit.path or not isinstance(parent, (Mapping, list)):
        return not edit.path
    key = edit.path[-1]
    if edit.action == "rename":
        return isinstance(parent, Mapping) and key in parent and edit.value not in parent
    if isinstance(parent, list) and not (isinstance(key, int) and 0 <= key <= len(parent) - (edit.action == "set")):
        return False
    written = None if edit.action == "insert" else look_up(parent, (key,))
    return not (isinstance(written, str) and "${" in written) or (isinstance(edit.value, str) and "${" in edit.value)


def look_up(spec: Any, path: Path) -> Any:
    """What stands at `path`; None where nothing does."""
    for key in path:
        if isinstance(spec, Mapping):
            spec = spec.get(key)
        elif isinstance(spec, list) and isinstance(key, int) and 0 <= key < len(spec):
            spec = spec[key]
        else:
            return None
    return spec
