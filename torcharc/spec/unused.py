"""Warnings of variables that a spec names and never uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote

_KEYS = ("vars", "dag_vars")


def warn_unused_variables(spec: Any) -> list[Problem]:
    """A warning for each variable of a spec that stands in none of its texts.

    One that is a mapping may be there for the file alone, as a YAML anchor, and is passed over.

    Example:
        >>> spec = {"dag_vars": {"width": 8, "depth": 2}, "dag_in_shape": [4], "fc": {"layers": ["${width}"]}}
        >>> [problem.path for problem in warn_unused_variables(spec)]
        [('dag_vars', 'depth')]
    """
    places = list(_find_variables(spec))
    if not places:
        return []
    words = set(_walk_words(spec))
    expected = "a variable that something uses"
    return [
        Problem((*path, name), f"the variable {quote(name)}", expected, code="unused", severity="warning")
        for path, names in places
        for name, value in names.items()
        if name not in words and not isinstance(value, Mapping)
    ]


def refuse_unused_values(spec: Any, variables: Any, overrides: Mapping[str, Any], place: Path) -> list[Problem]:
    """The values that are given for variables that stand in the file alone, as YAML anchors.

    `<<: *conv` is merged as the file is read, so another value for `conv` would change nothing.

    Example:
        >>> spec = {"vars": {"conv": {"bias": False}, "init": {}}, "graph": [{"params": {"init": "${init}"}}]}
        >>> [problem.path for problem in refuse_unused_values(spec, spec["vars"], {"conv": {}, "init": {}}, ("vars",))]
        [('vars', 'conv')]
    """
    declared = variables if isinstance(variables, Mapping) else {}
    given = [name for name in overrides if isinstance(declared.get(name), Mapping)]
    words = {word for text in _walk_texts(spec) for word in re.findall(r"\w+", text)} if given else set()
    expected = "a value for a variable that something uses; this one is merged as the file is read"
    return [
        Problem((*place, name), f"a value for the variable {quote(name)}", expected, code="unused")
        for name in given
        if name not in words
    ]


def _walk_texts(value: Any) -> Iterator[str]:
    """What stands within `${...}`."""
    if isinstance(value, str):
        yield from re.findall(r"\$\{([^}]*)\}", value)
    elif isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _walk_texts(item)


def _find_variables(spec: Any) -> Iterator[tuple[Path, Mapping[Any, Any]]]:
    """The variables of a spec and of its `model`, and their places."""
    if not isinstance(spec, Mapping):
        return
    for key in _KEYS:
        if isinstance(spec.get(key), Mapping):
            yield (key,), spec[key]
    if isinstance(spec.get("model"), Mapping):
        yield from ((("model", *path), names) for path, names in _find_variables(spec["model"]))


def _walk_words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from re.findall(r"\w+", value)
    elif isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _walk_words(item)
