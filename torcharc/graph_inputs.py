"""The inputs of a graph as inference starts with them: with their dtypes, and their free axes told apart."""

from __future__ import annotations

import dataclasses

from torcharc.graph import FreeDim, Graph, Ref, Struct, TensorSpec, walk_refs
from torcharc.registry import find


def complete_inputs(graph: Graph, *, nested: bool) -> tuple[tuple[str, Struct], ...]:
    """The inputs of a graph; those of a block (`nested`) are what feeds it, and have their axes already."""
    inputs = [(name, _with_dtype(name, spec, graph)) for name, spec in graph.inputs]
    return tuple(inputs if nested else [(name, _with_axes(spec)) for name, spec in inputs])


def _with_dtype(name: str, spec: Struct, graph: Graph) -> Struct:
    """The spec of an input, with the dtype that its first consumer needs."""
    if not isinstance(spec, TensorSpec) or spec.dtype is not None:
        return spec
    for node in graph.nodes:
        value = node.inputs[0][1] if node.inputs else None
        refs = [value] if isinstance(value, Ref) else walk_refs(value)
        if not any(ref.of_input and ref.name == name for ref in refs):
            continue
        entry = find(node.type)
        if entry is not None:
            dtype = entry.input_dtype(node.params) if callable(entry.input_dtype) else entry.input_dtype
            return TensorSpec(spec.shape, dtype)
    return TensorSpec(spec.shape)


def _with_axes(spec: Struct) -> Struct:
    """The spec of an input, with its axes of any size told apart by their positions."""
    if not isinstance(spec, TensorSpec) or None not in spec.shape:
        return spec
    shape = tuple(FreeDim(axis) if axis and size is None else size for axis, size in enumerate(spec.shape))
    return dataclasses.replace(spec, shape=shape)
