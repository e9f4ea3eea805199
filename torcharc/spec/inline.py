"""Graphs that become blocks: of whole specs, which stand among the modules of another or are registered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from torcharc.errors import Path
from torcharc.graph import Graph, Node, Ref, Value


def as_block(graph: Graph) -> Graph:
    """`graph` as a node runs it: with any inputs, and outputs by names that a reference can hold.

    The shapes that it declares stay, and are compared with what feeds it; a single module declares none.
    """
    inputs = tuple((name, None) for name, _ in graph.inputs) if graph.bare else graph.inputs
    outputs = tuple((name.replace(".", "_"), ref) for name, ref in graph.outputs)
    form = graph.form if graph.form == "tensor" else "tensor" if len(outputs) == 1 else "dict"
    return dataclasses.replace(graph, inputs=inputs, outputs=outputs, form=form, strict=False, bare=False)


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
