"""Writing of a graph as an arc, where the carried tensors can say how it is wired.

Nodes are taken in order, and what is carried between them is followed by name, as reading does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torcharc.errors import Problem, SpecError, quote
from torcharc.graph import Graph, N, Node, Ref, TensorSpec, walk_refs
from torcharc.registry import find
from torcharc.spec.arc_type import INPUT, NODE_KEYS
from torcharc.spec.expand import COPY_KEYS
from torcharc.spec.write_blocks import BlockWriter
from torcharc.spec.write_copies import are_copies
from torcharc.spec.write_exact import escape

ALONE = "output"
"""Name of the output of an arc whose input has no name."""


def write_arc(graph: Graph, blocks: BlockWriter | None = None) -> dict[str, Any]:
    """An arc of a graph.

    Args:
        graph: The graph.
        blocks: Writes its blocks as modules of a spec that this one is a module of; default: as its own.

    Raises:
        SpecError: With the first node, input or output that no arc can say.
    """
    own = BlockWriter(write_arc) if blocks is None else blocks
    if graph.bare:
        [node] = graph.nodes
        return _with_modules(_write_type(node, own), own if blocks is None else None)
    shapes = {name: _write_shape(name, struct) for name, struct in graph.inputs}
    unnamed = list(shapes) == [INPUT] and [name for name, _ in graph.outputs] == [ALONE]
    carried: dict[str | None, Ref] = {None if unnamed else name: Ref(name, of_input=True) for name, _ in graph.inputs}
    arc: dict[str, Any] = {"dag_in_shape": shapes[INPUT] if unnamed else shapes}
    for node in graph.nodes:
        arc[node.name], carried = _write_node(node, carried, own)
    _check_outputs(graph, carried)
    return _with_modules(arc, own if blocks is None else None)


def _with_modules(arc: dict[str, Any], blocks: BlockWriter | None) -> dict[str, Any]:
    return {"dag_modules": blocks.modules, **arc} if blocks is not None and blocks.modules else arc


def refuse(found: str, expected: str) -> SpecError:
    """The error that a graph cannot be said in a format."""
    return SpecError(Problem((), found, expected, "the format arcgraph can say every network", "format"))


def _write_shape(name: str, struct: Any) -> list[Any]:
    """The shape of an input without the batch axis."""
    plain = isinstance(struct, TensorSpec) and struct.shape[:1] == (N,)
    if not plain or not all(dim is None or type(dim) is int for dim in struct.shape[1:]):
        expected = "inputs with shapes, the batch first, as an arc states them"
        raise refuse(f"the input {quote(name)}: {struct if struct is not None else 'no shape'}", expected)
    return list(struct.shape[1:])


def _write_node(
    node: Node, carried: dict[str | None, Ref], blocks: BlockWriter
) -> tuple[dict[str, Any], dict[str | None, Ref]]:
    """A node as an arc has it, and what is carried behind it."""
    taken = _find_names(node, carried)
    item = {} if node.shares and "~" in node.name else _write_type(node, blocks)
    if taken != list(carried)[: len(taken)] or len(taken) != 1:
        item["in_names"] = taken
    names = _list_outputs(node)
    new: dict[str | None, Ref] = {name: Ref(node.name, (name,)) for name in names}
    new = new or {taken[0] if taken else None: Ref(node.name)}
    rest = {name: ref for name, ref in carried.items() if name not in taken}
    twice = [name for name in new if name in rest]
    if twice:
        raise refuse(f"the node {quote(node.name)}, whose output {quote(twice[0])} is carried already", "other names")
    return item, {**new, **rest}


def _list_outputs(node: Node) -> tuple[str, ...]:
    """The names of the outputs of a fork, or of a block with several; none where it gives one."""
    if node.graph is not None:
        last = node.graph.nodes[-1].graph if are_copies(node) else node.graph
        return tuple(name for name, _ in last.outputs) if last is not None and last.form == "dict" else ()
    entry = find(node.type)
    return entry.outputs(node.params) if entry is not None and callable(entry.outputs) else ()


def _find_names(node: Node, carried: Mapping[str | None, Ref]) -> list[str | None]:
    """The names under which what feeds a node is carried, in the order of its inputs."""
    names = {ref: name for name, ref in carried.items()}
    taken: list[str | None] = []
    for ref in _list_refs(node):
        if ref not in names or names[ref] in taken:
            expected = "tensors that are each used once: a ReuseFork gives one tensor several names"
            raise refuse(f"the node {quote(node.name)}, which is fed {quote(str(ref))}", expected)
        if names[ref] is None and len(carried) > 1:
            raise refuse(f"the node {quote(node.name)}, which is fed the input without a name", "inputs with names")
        taken.append(names[ref])
    return taken


def _list_refs(node: Node) -> Iterator[Ref]:
    fed = dict(node.inputs)
    order = fed if node.graph is None else [name for name, _ in node.graph.inputs if name in fed]
    for port in order:
        value = fed[port]
        if isinstance(value, (bool, int, float)):
            expected = "tensors alone; a number feeds a port in the formats arcgraph and exact"
            raise refuse(f"the node {quote(node.name)} with {port} = {value}", expected)
        yield from walk_refs(value)


def _write_type(node: Node, blocks: BlockWriter) -> dict[str, Any]:
    """The type of a node and its arguments; those of copies, with the key that makes them."""
    if node.graph is not None:
        block = blocks.write(node)
        return {"type": block.type, **block.params, **block.copies}
    taken = [key for key in node.params if key in (*NODE_KEYS, *COPY_KEYS)]
    if taken:
        raise refuse(
            f"the argument {quote(taken[0])} of the node {quote(node.name)}", "an argument that is no key of nodes"
        )
    return {"type": node.type, **escape(node.params)}


def _check_outputs(graph: Graph, carried: Mapping[str | None, Ref]) -> None:
    """Finds outputs that are not what is carried at the end."""
    left = {ALONE if name is None else name: ref for name, ref in carried.items()}
    wanted = dict(graph.outputs)
    if graph.form == "tensor" and list(left.values()) == list(wanted.values()):
        return
    if graph.form == "tuple" or list(left.items()) != list(wanted.items()):
        form = "a tuple of " if graph.form == "tuple" else ""
        found = ", ".join(f"{name} = {ref}" for name, ref in graph.outputs)
        expected = "what is carried at the end: " + ", ".join(f"{name} = {ref}" for name, ref in left.items())
        raise refuse(f"the outputs {form}{found}", expected)
