"""Writing of copies, in a row or side by side, as the keys `repeat` and `parallel` make them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torcharc.errors import Problem, SpecError, quote
from torcharc.graph import Graph, Node
from torcharc.spec.write_exact import escape


def write_copies(graph: Graph, name: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The arguments of the node `name` that runs copies, and `repeat` or `parallel`; `${index}` tells what differs.

    Raises:
        SpecError: If the copies have other arguments each.
    """
    return _merge([copy.params for copy in graph.nodes], name), read_kind(graph)


def are_copies(node: Node) -> bool:
    """Whether a node runs copies of its type, in a row or side by side."""
    inner = node.graph.nodes if node.graph is not None else ()
    names = [str(index) for index in range(len(inner))]
    return [copy.name for copy in inner] == names and {copy.type for copy in inner} == {node.type}


def read_kind(graph: Graph) -> dict[str, int]:
    """The keys that make the copies that a graph holds."""
    shared = {"share": True} if {copy.shares for copy in graph.nodes[1:]} == {"0"} else {}
    return {"parallel" if graph.form == "tuple" else "repeat": len(graph.nodes), **shared}


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
