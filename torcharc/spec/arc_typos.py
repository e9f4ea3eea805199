"""Misspelt keys of an arc that would be read as something else: they are told, and read as they were meant."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from torcharc.errors import Path, Problem, nearest, respell, unknown_keys

_EXPECTED = "in_names, or an argument of the type"


def find_typos(spec: Mapping[str, Any]) -> list[Problem]:
    """The problem that `type` or `dag_in_shape` is misspelt in a flat arc; in others it stands for itself."""
    if "type" not in spec:
        words = [key for key, value in spec.items() if isinstance(value, str) and nearest(key, ["type"])]
        return unknown_keys((), words[:1], ["type"], ["type"]) if words else []
    if "dag_in_shape" in spec or "type" not in spec:
        return []
    typos = [key for key in spec if nearest(key, ("dag_in_shape", "in_shape")) == "dag_in_shape"]
    return unknown_keys((), typos[:1], ["dag_in_shape"], ["dag_in_shape"]) if typos else []


def respell_node(node: Mapping[str, Any], path: Path) -> tuple[Mapping[str, Any], list[Problem]]:
    """A node with a misspelt `in_names`, which would be told as an unknown argument, spelt right; and the problem."""
    if "in_names" in node or not any(map(_is_misspelt, node)):
        return node, []
    problems = unknown_keys(path, [key for key in node if _is_misspelt(key)], ["in_names"])
    return respell(node, problems), [dataclasses.replace(problem, expected=_EXPECTED) for problem in problems]


@functools.lru_cache(maxsize=1024)
def _is_misspelt(key: object) -> bool:
    """Whether a key of a node is meant for `in_names`."""
    return nearest(key, ("in_names", "names")) == "in_names"
