"""Arcs and 2.x specs that stand among the modules of a graph spec, and graphs that become blocks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from torcharc.errors import Path, Problem, SpecError
from torcharc.graph import Graph, Node, Ref, Value
from torcharc.spec.arc import parse_arc
from torcharc.spec.expand import Expansion
from torcharc.spec.form import find_form
from torcharc.spec.modules import parse_modules
from torcharc.spec.template import Scope


def parse_inline(
    spec: Mapping[str, Any], values: Mapping[str, Any], path: Path, scope: Scope, expansion: Expansion
) -> tuple[Graph | None, list[Problem]]:
    """The graph of an arc or a 2.x spec that is a module of another spec; or None, and its problems.

    Args:
        spec: The module as it stands in the spec.
        values: Its variables that are given a value.
        path: Its place.
        scope: The names that are bound around it.
        expansion: Counts the nodes and templates of the whole spec.

    Raises:
        SpecError: If a limit is passed.
    """
    parse = parse_arc if find_form(spec) == "arc" else parse_modules
    try:
        graph, problems = parse(spec, values, outer=scope, expansion=expansion)
    except SpecError as error:
        raise SpecError([problem.under(*path) for problem in error.problems]) from None
    if graph is None or any(problem.severity == "error" for problem in problems):  # what it gives is not known
        return None, [problem.under(*path) for problem in problems]
    return move_graph(as_block(graph), lambda place: (*path, *place)), [problem.under(*path) for problem in problems]


def as_block(graph: Graph) -> Graph:
    """`graph` as a node runs it: with any inputs, and outputs by names that a reference can hold."""
    outputs = tuple((name.replace(".", "_"), ref) for name, ref in graph.outputs)
    form = graph.form if graph.form == "tensor" else "tensor" if len(outputs) == 1 else "dict"
    return dataclasses.replace(graph, outputs=outputs, form=form, strict=False, bare=False)


def count_nodes(graph: Graph) -> int:
    """The nodes of a graph, those of its blocks counted too."""
    return sum(1 + (count_nodes(node.graph) if node.graph is not None else 0) for node in graph.nodes)


def move_graph(graph: Graph, move: Callable[[Path], Path]) -> Graph:
    """`graph` with all its places in the spec as `move` gives them."""
    outputs = tuple((name, _move_ref(ref, move)) for name, ref in graph.outputs)
    return dataclasses.replace(graph, nodes=tuple(_move_node(node, move) for node in graph.nodes), outputs=outputs)


def _move_node(node: Node, move: Callable[[Path], Path]) -> Node:
    return dataclasses.replace(
        node,
        path=move(node.path),
        arguments_path=move(node.arguments_path),
        places={key: move(place) for key, place in node.places.items()},
        inputs=tuple((port, _move_value(value, move)) for port, value in node.inputs),
        graph=None if node.graph is None else move_graph(node.graph, move),
    )


def _move_value(value: Value, move: Callable[[Path], Path]) -> Value:
    if isinstance(value, Ref):
        return _move_ref(value, move)
    if isinstance(value, tuple):
        return tuple(_move_value(item, move) for item in value)
    return {key: _move_value(item, move) for key, item in value.items()} if isinstance(value, Mapping) else value


def _move_ref(ref: Ref, move: Callable[[Path], Path]) -> Ref:
    return dataclasses.replace(ref, path=move(ref.path)) if ref.path else ref
