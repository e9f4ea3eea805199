"""Misspelt keys of an arc that would be read as something else: they are told, and read as they were meant."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from torcharc.errors import Path, Problem, nearest, respell, unknown_keys
from torcharc.spec.arc_module import HEAD_KEYS

_EXPECTED = "in_names, or an argument of the type"


def find_typos(spec: Mapping[str, Any], path: Path = ()) -> list[Problem]:
    """The problems of keys of the arc itself that are misspelt, and would be read as nodes or arguments."""
    if all([key in HEAD_KEYS or (type(node) is dict and "type" in node) for key, node in spec.items()]):  # noqa: C419
        return []
    heads = _find_heads(spec)
    problems = unknown_keys(path, heads, HEAD_KEYS, heads.values()) if heads else []
    if "type" not in spec:
        words = [key for key, value in spec.items() if isinstance(value, str) and nearest(key, ["type"])]
        return problems + (unknown_keys(path, words[:1], ["type"], ["type"]) if words else [])
    if "dag_in_shape" in spec or "type" not in spec:
        return problems
    typos = [key for key in spec if nearest(key, ("dag_in_shape", "in_shape")) == "dag_in_shape"]
    return problems + (unknown_keys(path, typos[:1], ["dag_in_shape"], ["dag_in_shape"]) if typos else [])


def _find_heads(spec: Mapping[str, Any]) -> dict[str, str]:
    """The keys that are likely meant for `dag_vars` and `dag_modules`: what stands there is no node."""
    maps = [key for key, value in spec.items() if type(value) is dict and "type" not in value and key not in HEAD_KEYS]
    absent = [head for head in HEAD_KEYS[1:] if head not in spec]
    found = {key: nearest(key, absent) for key in maps}
    return {key: head for key, head in found.items() if head is not None}


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
