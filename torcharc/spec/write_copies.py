"""Writing of copies, in a row or side by side, as the keys `repeat` and `parallel` make them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torcharc.errors import Problem, SpecError, quote
from torcharc.graph import Node
from torcharc.spec.write_exact import escape


def write_copies(node: Node) -> tuple[dict[str, Any], dict[str, int]]:
    """The arguments of a node that runs copies, and `repeat` or `parallel`; what differs is told by `${index}`.

    Raises:
        SpecError: If the node runs something else than copies of one type.
    """
    graph = node.graph
    inner = graph.nodes if graph is not None else ()
    names = [str(index) for index in range(len(inner))]
    if graph is None or [copy.name for copy in inner] != names or {copy.type for copy in inner} != {node.type}:
        expected = "nodes of one type; the format arcgraph holds modules of several nodes"
        raise SpecError(Problem((), f"the node {quote(node.name)}, a module of several nodes", expected, code="format"))
    key = "parallel" if graph.form == "tuple" else "repeat"
    shared = {"share": True} if {copy.shares for copy in inner[1:]} == {"0"} else {}
    return _merge([copy.params for copy in inner], node.name), {key: len(inner), **shared}


def _merge(params: list[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """One mapping that is each of `params` in turn, for the `index` of each."""
    if len({tuple(one) for one in params}) > 1:
        found = f"the node {quote(name)}, whose copies have different arguments"
        raise SpecError(Problem((), found, "copies with the same arguments", code="format"))
    merged = {}
    for key in params[0]:
        values = [one[key] for one in params]
        same = all(_is_same(value, values[0]) for value in values)
        merged[key] = escape(values[0]) if same else f"${{[{', '.join(map(repr, values))}][index]}}"
    return merged


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (one == other and json.dumps(one, default=repr) == json.dumps(other, default=repr))
