"""Overrides: other values at given places of a spec, as a new spec."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from typing import Any

from torcharc.errors import Path, Problem, SpecError, choices, nearest, quote
from torcharc.spec.load import Loaded, load_spec


def override(spec: Mapping[str, Any] | str | os.PathLike[str], overrides: Mapping[str, Any]) -> Any:
    """A new spec with other values at some places; the one given is not changed.

    Args:
        spec: A spec as for `build`.
        overrides: Path → value, in this order. A path is written as for pydash: keys with dots
            between them, positions in brackets, `\\\\.` for a dot within a key.

    Raises:
        SpecError: If a path names nothing in the spec; it has all such paths.

    Example:
        >>> from torcharc.spec.override import override
        >>> arc = {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [64, 32]}}
        >>> override(arc, {"fc.layers[0]": 128})
        {'dag_in_shape': [8], 'fc': {'type': 'Linear', 'layers': [128, 32]}}
    """
    return apply_overrides(load_spec(spec), overrides).spec


def apply_overrides(loaded: Loaded, overrides: Mapping[str, Any]) -> Loaded:
    """A loaded spec with other values at some places, put into its own data; its lines are kept.

    Raises:
        SpecError: As `override` does.
    """
    if not isinstance(overrides, Mapping):
        raise SpecError(Problem((), quote(overrides), "overrides as a mapping: {path: value}", code="override"))
    values = load_spec(dict(overrides)).spec  # copies: the spec keeps nothing that others may change
    root = {"": loaded.spec}
    problems = []
    for path, value in values.items():
        problem = _set(root, path, value)
        problems += [problem] if problem is not None else []
    if problems:
        raise SpecError([loaded.place(problem) for problem in problems])
    return dataclasses.replace(loaded, spec=root[""])


def _read_path(path: str | int) -> list[Any]:
    """The keys of a path as pydash reads it.

    pydash is imported with the first path, as that takes a while. It hashes all builtins then, and
    fails where an interactive session keeps a list as its last value `_` among them.
    """
    names = vars(sys.modules["builtins"])
    last = {"_": names.pop("_")} if "_" in names else {}
    try:
        import pydash
    finally:
        names.update(last)
    return list(pydash.to_path(path))


def _set(root: dict[str, Any], path: Any, value: Any) -> Problem | None:
    """Puts `value` at `path` below the one key of `root`; or the problem that nothing stands there."""
    keys = _read_path(path) if isinstance(path, (str, int)) and path != "" else []
    place: Path = ()
    holder, last = root, ""
    for position, key in enumerate(keys):
        at = holder[last]
        found = _find_key(at, key)
        if found is None:
            return _explain(at, key, place, path, keys[position + 1 :])
        holder, last, place = at, found, (*place, found)
    if not keys:
        return Problem((), f"the override {quote(path)}", "a path, as image.layers[0]", code="override")
    holder[last] = value
    return None


def _find_key(container: Any, key: Any) -> Any:
    """The key or position of `container` that the part `key` of a path names; None if there is none."""
    if isinstance(container, Mapping):
        if key in container:
            return key
        return next((known for known in container if not isinstance(known, str) and str(known) == str(key)), None)
    if not isinstance(container, list):
        return None
    if isinstance(key, str) and key.lstrip("-").isdecimal() and len(key) < 10:
        key = int(key)
    return key % len(container) if isinstance(key, int) and -len(container) <= key < len(container) else None


def _explain(container: Any, key: Any, place: Path, path: Any, rest: list[Any]) -> Problem:
    """The problem that the part `key` of an override's path names nothing in `container`."""
    found = f"the override {quote(path)}"
    if isinstance(container, Mapping):
        known = [str(name) for name in container]
        name = nearest(key, known)
        hint = f"did you mean {write_path((*place, name, *rest))!r}?" if name is not None else ""
        expected = f"one of the keys: {choices(known)}" if known else "no key: the mapping is empty"
        return Problem((*place, key), found, expected, hint, "override")
    if isinstance(container, list):
        expected = f"a position from 0 to {len(container) - 1}" if container else "no position: the list is empty"
        return Problem((*place, key), found, expected, code="override")
    return Problem(place, found, f"a shorter path: {quote(container)} holds nothing further", code="override")


def write_path(path: Path) -> str:
    """`path` as an override names it: `image.layers[0]`.

    Example:
        >>> write_path(("image", "layers", 0))
        'image.layers[0]'
    """
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + str(key).replace(".", "\\.")
    return text


def bind_variables(spec: Any, variables: Mapping[str, Any]) -> Any:
    """A spec in which the variables have other values: it builds what `build(spec, **variables)` builds."""
    if not variables or not isinstance(spec, Mapping):
        return spec
    is_arc = "dag_in_shape" in spec or "type" in spec
    model = spec.get("model")
    if isinstance(model, Mapping) and "vars" in model and not is_arc:
        return {**spec, "model": bind_variables(model, variables)}
    key = "dag_vars" if is_arc else "vars"
    stated = spec.get(key)
    declared = stated if isinstance(stated, Mapping) else {}
    further = {name: value for name, value in variables.items() if name not in declared}
    bound = {**further, **{name: variables.get(name, value) for name, value in declared.items()}}
    return {**spec, key: bound} if key in spec else {key: bound, **spec}
