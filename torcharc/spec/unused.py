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
