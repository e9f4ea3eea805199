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
from torcharc.spec.write_copies import write_copies
from torcharc.spec.write_exact import escape

ALONE = "output"
"""Name of the output of an arc whose input has no name."""


def write_arc(graph: Graph) -> dict[str, Any]:
    """An arc of a graph.

    Raises:
        SpecError: With the first node, input or output that no arc can say.
    """
    if graph.bare:
        [node] = graph.nodes
        return {"type": node.type, **_write_params(node)}
    shapes = {name: _write_shape(name, struct) for name, struct in graph.inputs}
    unnamed = list(shapes) == [INPUT] and [name for name, _ in graph.outputs] == [ALONE]
    carried: dict[str | None, Ref] = {None if unnamed else name: Ref(name, of_input=True) for name, _ in graph.inputs}
    arc: dict[str, Any] = {"dag_in_shape": shapes[INPUT] if unnamed else shapes}
    for node in graph.nodes:
        arc[node.name], carried = _write_node(node, carried)
    _check_outputs(graph, carried)
    return arc


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


def _write_node(node: Node, carried: dict[str | None, Ref]) -> tuple[dict[str, Any], dict[str | None, Ref]]:
    """A node as an arc has it, and what is carried behind it."""
    taken = _find_names(node, carried)
    item = {} if node.shares and "~" in node.name else {"type": node.type, **_write_params(node)}
    if taken != list(carried)[: len(taken)] or len(taken) != 1:
        item["in_names"] = taken
    entry = find(node.type)
    names = entry.outputs(node.params) if entry is not None and callable(entry.outputs) and not node.graph else ()
    new: dict[str | None, Ref] = {name: Ref(node.name, (name,)) for name in names}
    new = new or {taken[0] if taken else None: Ref(node.name)}
    rest = {name: ref for name, ref in carried.items() if name not in taken}
    twice = [name for name in new if name in rest]
    if twice:
        raise refuse(f"the node {quote(node.name)}, whose output {quote(twice[0])} is carried already", "other names")
    return item, {**new, **rest}


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
    for port, value in node.inputs:
        if isinstance(value, (bool, int, float)):
            expected = "tensors alone; a number feeds a port in the formats arcgraph and exact"
            raise refuse(f"the node {quote(node.name)} with {port} = {value}", expected)
        yield from walk_refs(value)


def _write_params(node: Node) -> dict[str, Any]:
    """The arguments of a node; those of copies, with the key that makes them."""
    if node.graph is not None:
        params, copies = write_copies(node)
        return {**params, **copies}
    taken = [key for key in node.params if key in (*NODE_KEYS, *COPY_KEYS)]
    if taken:
        raise refuse(
            f"the argument {quote(taken[0])} of the node {quote(node.name)}", "an argument that is no key of nodes"
        )
    return dict(escape(node.params))


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
