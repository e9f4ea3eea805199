"""The inputs of a graph as inference starts with them: with their dtypes, and their free axes told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from torcharc.graph import FreeDim, Graph, Ref, Struct, TensorSpec, walk_refs
from torcharc.registry import find


def complete_inputs(graph: Graph, *, nested: bool) -> tuple[tuple[str, Struct], ...]:
    """The inputs of a graph; those of a block (`nested`) are what feeds it, and have their axes already."""
    inputs = _with_dtypes(graph)
    return tuple(inputs.items() if nested else [(name, _with_axes(spec)) for name, spec in inputs.items()])


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
    complete = _with_dtypes(graph)
    known = {name: _with_axes(complete[name]) for name in declared}
    return known if is_lost else known | {name: fed for name, fed in structs.items() if fed is not None}


def _with_dtypes(graph: Graph) -> dict[str, Struct]:
    """The inputs of a graph by name, each with the dtype that its first consumer needs."""
    inputs = dict(graph.inputs)
    wanted = {name: spec for name, spec in graph.inputs if type(spec) is TensorSpec and spec.dtype is None}
    dtypes = find_dtypes(graph, wanted) if wanted else {}
    for name, spec in wanted.items():
        inputs[name] = TensorSpec(spec.shape, dtypes.get(name, "float32"))
    return inputs


def find_dtypes(graph: Graph, names: Collection[str]) -> dict[str, str]:
    """The dtypes that what is fed first with each input needs, within blocks too, as far as something says it."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        if len(found) == len(names):
            break
        fed = node.inputs if node.graph is not None else node.inputs[:1]
        ports = {
            ref.name: port
            for port, value in fed
            for ref in ((value,) if type(value) is Ref else walk_refs(value))
            if ref.of_input and ref.name in names and ref.name not in found
        }
        if ports and node.graph is not None:
            inner = find_dtypes(node.graph, set(ports.values()))
            found |= {name: inner[port] for name, port in ports.items() if port in inner}
        entry = find(node.type) if ports and node.graph is None else None
        if entry is not None:
            dtype = entry.input_dtype(node.params) if callable(entry.input_dtype) else entry.input_dtype
            found |= dict.fromkeys(ports, dtype)
    return found


def _with_axes(spec: Struct) -> Struct:
    """The spec of an input, with its axes of any size told apart by their positions."""
    if type(spec) is not TensorSpec or None not in spec.shape:
        return spec
    shape = tuple(FreeDim(axis) if axis and size is None else size for axis, size in enumerate(spec.shape))
    return dataclasses.replace(spec, shape=shape)
