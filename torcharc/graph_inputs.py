"""The inputs of a graph as inference starts with them: with their dtypes, and their free axes told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from torcharc.graph import FreeDim, Graph, Ref, Struct, TensorSpec, Value, walk_refs
from torcharc.registry import find


def complete_inputs(graph: Graph, *, nested: bool) -> tuple[tuple[str, Struct], ...]:
    """The inputs of a graph; those of a block (`nested`) are what feeds it, and have their axes already."""
    inputs = [(name, _with_dtype(name, spec, graph)) for name, spec in graph.inputs]
    return tuple(inputs if nested else [(name, _with_axes(spec)) for name, spec in inputs])


def known_inputs(graph: Graph, structs: Mapping[str, Struct], *, is_lost: bool) -> dict[str, Struct]:
    """What is known of the inputs of a block: what feeds it, or else what it declares itself.

    Args:
        graph: What the block runs.
        structs: What feeds it.
        is_lost: Whether that is faulty; then fixed shapes that it declares stand for it, and problems
            within are its own.
    """
    declared = {name: spec for name, spec in graph.inputs if isinstance(spec, TensorSpec)}
    if is_lost:
        declared = {name: spec for name, spec in declared.items() if None not in spec.shape}
    known = {name: _with_axes(_with_dtype(name, spec, graph)) for name, spec in declared.items()}
    return known if is_lost else known | {name: fed for name, fed in structs.items() if fed is not None}


def _with_dtype(name: str, spec: Struct, graph: Graph) -> Struct:
    """The spec of an input, with the dtype that its first consumer needs."""
    if not isinstance(spec, TensorSpec) or spec.dtype is not None:
        return spec
    dtype = find_dtype(name, graph)
    return TensorSpec(spec.shape) if dtype is None else TensorSpec(spec.shape, dtype)


def find_dtype(name: str, graph: Graph) -> str | None:
    """The dtype that what is fed first with an input needs, within blocks too; None if nothing says it."""
    for node in graph.nodes:
        if node.graph is not None:
            ports = [port for port, value in node.inputs if _feeds(name, value)]
            found = [find_dtype(port, node.graph) for port in ports]
            if any(found):
                return next(filter(None, found))
            continue
        entry = find(node.type) if node.inputs and _feeds(name, node.inputs[0][1]) else None
        if entry is not None:
            return entry.input_dtype(node.params) if callable(entry.input_dtype) else entry.input_dtype
    return None


def _feeds(name: str, value: Value) -> bool:
    """Whether an input is part of what feeds a port."""
    if isinstance(value, Ref):
        return value.of_input and value.name == name
    return any(ref.of_input and ref.name == name for ref in walk_refs(value))


def _with_axes(spec: Struct) -> Struct:
    """The spec of an input, with its axes of any size told apart by their positions."""
    if not isinstance(spec, TensorSpec) or None not in spec.shape:
        return spec
    shape = tuple(FreeDim(axis) if axis and size is None else size for axis, size in enumerate(spec.shape))
    return dataclasses.replace(spec, shape=shape)
