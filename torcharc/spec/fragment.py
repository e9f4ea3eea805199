"""Fragments: a bare list of nodes, as documents print a part of a network.

`wrap_fragment` makes a whole spec of one, given the shapes of what it refers to and does not define.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torcharc.errors import Problem, SpecError, choices, did_you_mean, quote


def free_references(nodes: Sequence[Any]) -> list[str]:
    """The names that the nodes refer to and none of them has, in the order of the text.

    Example:
        >>> free_references([{"name": "a", "type": "ReLU", "inputs": ["x.output"]}, {"name": "b", "inputs": "a"}])
        ['x']
    """
    known = {node.get("name") for node in nodes if isinstance(node, Mapping)}
    names: list[str] = []
    for node in nodes:
        names += _names_in(node.get("inputs")) if isinstance(node, Mapping) else []
    return [name for name in dict.fromkeys(names) if name not in known]


def _names_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value.split(".", 1)[0]]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [name for item in items for name in _names_in(item)]


def refuse_fragment(nodes: Sequence[Any]) -> Problem:
    """The problem that a bare list of nodes is no network: how many there are, and what they refer to."""
    names = free_references(nodes)
    count = f"a list of {len(nodes)} node{'s' if len(nodes) != 1 else ''}"
    found = f"{count} that refers to {choices(names)}" if names else f"{count} without free references"
    shapes = ", ".join(f"{name}: [null, ...]" for name in names[:3]) or "x: [null, ...]"
    hint = f"torcharc.build_fragment(nodes, {{{shapes}}}) builds it"
    return Problem((), found, "a whole spec: inputs, graph and outputs", hint, "fragment")


def wrap_fragment(nodes: Any, shapes: Mapping[str, Any]) -> dict[str, Any]:
    """A whole spec around a list of nodes: `shapes` become its inputs, the last node its output.

    Args:
        nodes: The nodes.
        shapes: Name → shape, batch first: `{"hidden": [None, 256]}`; or name → `{dtype, shape}`.
            Where nothing refers to a name, the first is what feeds the first node.

    Raises:
        SpecError: If `nodes` is no list, or a free reference has no shape.
    """
    if not isinstance(nodes, Sequence) or isinstance(nodes, (str, bytes)) or not nodes:
        raise SpecError(Problem((), quote(nodes), "a list of nodes, at least one", code="fragment"))
    missing = [name for name in free_references(nodes) if name not in shapes]
    if missing:
        expected = f"shapes for the free references: {choices(missing)}"
        found = f"shapes for {choices(shapes)}" if shapes else "no shapes"
        raise SpecError(Problem((), found, expected, did_you_mean(missing[0], shapes), "fragment"))
    inputs = {
        name: dict(shape) if isinstance(shape, Mapping) else {"dtype": "float32", "shape": shape}
        for name, shape in shapes.items()
    }
    last = nodes[-1].get("name") if isinstance(nodes[-1], Mapping) else None
    output = last if isinstance(last, str) else "output"
    return {"inputs": inputs, "graph": list(nodes), "outputs": {output: output}}
