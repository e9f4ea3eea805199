"""A block as a type: the entry of what runs a graph, a registered spec or a module of a spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from torcharc.arguments import Signature
from torcharc.entry import Entry, Port
from torcharc.graph import Graph
from torcharc.graph_inputs import find_dtypes

DEFINED = "a spec"


def make_type(
    name: str,
    ports: Sequence[str],
    outputs: Sequence[str],
    *,
    graph: Graph | None = None,
    signature: Signature | None = None,
    expand: Callable[..., Any] | None = None,
) -> Entry:
    """The entry of a block.

    Args:
        name: Its name.
        ports: The names of its inputs.
        outputs: Those of its outputs; one goes on as it is, of several each by its name, as of a fork.
        graph: What it runs, as far as that is known; it tells the dtype of the first input.
        signature: Its params; default: none.
        expand: Gives what it runs for given params.
    """
    names = tuple(outputs)
    dtype = find_dtypes(graph, ports[:1]).get(ports[0]) if ports and graph is not None else None
    return Entry(
        name=name,
        make=_refuse,
        kind="block",
        ports=tuple(Port(port) for port in ports),
        signature=signature or Signature({}),
        input_dtype=dtype or "float32",
        outputs=names if len(names) == 1 else lambda params: names,
        expand=expand,
        summary="a registered spec",
        defined=DEFINED,
    )


def type_of_graph(name: str, graph: Graph) -> Entry:
    """The entry of a block that runs `graph`, as a node of type `name` does."""
    return make_type(name, [port for port, _ in graph.inputs], [output for output, _ in graph.outputs])


def _refuse(**params: Any) -> NoReturn:
    raise TypeError("a block is a node of its own, and no argument of another type")
