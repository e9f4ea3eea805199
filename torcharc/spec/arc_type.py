"""The type of a node of an arc, and how the tensors that it takes feed its ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from torcharc.entry import Entry
from torcharc.errors import Path, Problem, missing_type, quote, unknown_keys
from torcharc.graph import Graph, Ref, Value
from torcharc.registry import find, lookup
from torcharc.spec.block_type import type_of_graph
from torcharc.spec.definition import Use, is_block_type
from torcharc.spec.expand import COPY_KEYS, find_misspelt

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks

INPUT = "input"
"""Name of an input that the arc leaves unnamed."""

NODE_KEYS = ("type", "in_names")
"""The keys of a node that are no arguments, besides those that make copies."""

Inputs = tuple[tuple[str, Value], ...]


class Typed(NamedTuple):
    """The type of a node, its arguments, and what it runs where it is a module of the spec."""

    entry: Entry
    params: Mapping[str, Any]
    graph: Graph | None


def read_type(node: Mapping[str, Any], path: Path, blocks: Blocks) -> tuple[Typed | None, list[Problem]]:
    """What a node is, or None where that is not known; and the problems of its type.

    Args:
        node: The node, its templates filled.
        path: Its place.
        blocks: The modules that it may name.
    """
    if "type" not in node:
        return None, [missing_type(path, node)]
    type_ = node["type"]
    params = {key: value for key, value in node.items() if key not in NODE_KEYS}
    if is_block_type(type_) and find(type_) is None:
        misspelt = find_misspelt(params, blocks.signature(type_))
        problems = refuse_misspelt(misspelt, path)
        params = {key: value for key, value in params.items() if key not in misspelt}
        graph, faults = blocks.make(type_, Use(params, path, (*path, "type"), path, None, NODE_KEYS))
        found = Typed(type_of_graph(type_, graph), params, graph) if graph is not None else None
        return found, problems + faults
    entry = lookup(type_, (*path, "type"))
    return (None, [entry]) if isinstance(entry, Problem) else (Typed(entry, params, None), [])


def refuse_misspelt(keys: Sequence[str], path: Path) -> list[Problem]:
    """The problems that arguments are likely meant for keys of the format."""
    return [problem for key in keys for problem in unknown_keys(path, [key], [*NODE_KEYS, *COPY_KEYS])]


def bind_ports(
    entry: Entry, node: Mapping[str, Any], taken: Mapping[str | None, Ref | None], path: Path
) -> tuple[Inputs, list[Problem]]:
    """The tensors that a node takes, as inputs of its ports; and the problem of their number."""
    refs = list(taken.values())
    first = entry.ports[0] if entry.ports else None
    if first is not None and first.takes == "tensor" and len(refs) == len(entry.ports) == 1:
        return ((first.name, refs[0]),), []
    if first is not None and (first.takes == "mapping" or (first.takes == "any" and len(refs) > 1)):
        return ((first.name, {INPUT if name is None else name: ref for name, ref in taken.items()}),), []
    if first is not None and first.takes == "sequence":
        return ((first.name, tuple(refs)),), []
    problems = []
    needed = [port.name for port in entry.ports if port.required and port.name not in node]
    if len(refs) > len(entry.ports):
        ports = [port.name for port in entry.ports]
        problems = [_refuse_count(node, f"at most {len(ports)}", entry, ports, path)]
    elif len(refs) < len(needed):
        problems = [_refuse_count(node, f"{len(needed)}", entry, needed, path)]
    return tuple((port.name, ref) for port, ref in zip(entry.ports, refs, strict=False)), problems


def _refuse_count(node: Mapping[str, Any], count: str, entry: Entry, ports: list[str], path: Path) -> Problem:
    """The problem that a node is fed the wrong number of tensors."""
    expected = f"{count} tensor{'s' if len(ports) != 1 else ''} for {entry.name}: {', '.join(ports)}"
    if "in_names" in node:
        return Problem((*path, "in_names"), quote(node["in_names"]), expected, code="reference")
    return Problem(path, "no key 'in_names'", f"in_names with {expected}", code="reference")
