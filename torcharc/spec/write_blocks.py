"""Writing of blocks: what each runs, as a module of an arc or of a 2.x spec, and the node that names it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from torcharc.errors import Problem, SpecError, quote
from torcharc.graph import Graph, Node
from torcharc.spec.exact_references import write_reference
from torcharc.spec.write_copies import are_copies, read_kind, write_copies
from torcharc.spec.write_exact import escape, write_value


class Block(NamedTuple):
    """A node that runs a block, as a format has it: its type, its arguments, the keys that make copies."""

    type: str
    params: Mapping[str, Any]
    copies: Mapping[str, Any]


class BlockWriter:
    """Writes blocks; those that run the same are written once.

    Attributes:
        modules: The modules by name, the inner ones first.
    """

    def __init__(self, write_arc: Callable[[Graph, BlockWriter], dict[str, Any]], taken: Collection[str] = ()):
        """Args:
        write_arc: Writes a graph as an arc, where one can say it.
        taken: Names that no module may have.
        """
        self.modules: dict[str, Any] = {}
        self._write_arc = write_arc
        self._taken = taken
        self._names: dict[str, str] = {}  # a module as text → its name

    def write(self, node: Node) -> Block:
        """What stands for a node: its type and arguments as they are, or the module that it runs.

        Raises:
            SpecError: If no module can say what it runs.
        """
        graph = node.graph
        if graph is None:
            return Block(node.type, escape(node.params), {})
        first = graph.nodes[0]
        if are_copies(node) and not any(copy.graph for copy in graph.nodes):
            return Block(node.type, *write_copies(graph, node.name))
        if are_copies(node) and first.graph and all(copy.graph == first.graph for copy in graph.nodes):
            return Block(self._name(first, first.graph), {}, read_kind(graph))
        return Block(self._name(node, graph), {}, {})

    def _name(self, node: Node, graph: Graph) -> str:
        """The type of a node that runs `graph`, which is written, if it is new."""
        if graph.form == "tuple":
            expected = "copies that run the same; the format arcgraph holds others"
            raise SpecError(Problem((), f"the node {quote(node.name)}, copies side by side", expected, code="format"))
        definition = self._define(graph)
        text = json.dumps(definition, default=repr)
        if text not in self._names:
            base = re.sub(r"\W+", "_", node.type.rsplit(".", 1)[-1]) or "Block"
            names = [base, *(f"{base}_{number}" for number in range(2, len(self.modules) + len(self._taken) + 3))]
            name = next(name for name in names if name not in self.modules and name not in self._taken)
            self._names[text], self.modules[name] = name, definition
        return f"module.{self._names[text]}"

    def _define(self, graph: Graph) -> dict[str, Any]:
        """A module: an arc, where the graph was one and can be one again; else a list of nodes."""
        if graph.carries:
            known = dict(self.modules), dict(self._names)
            try:
                return self._write_arc(graph, self)
            except SpecError:
                self.modules, self._names = known
        inputs = [name for name, _ in graph.inputs]
        nodes: dict[str, Node] = {}
        items = []
        for node in graph.nodes:
            items.append(self._write_item(node, inputs, nodes))
            nodes[node.name] = node
        outputs = {name: write_reference(ref, inputs, nodes) for name, ref in graph.outputs}
        return {"inputs": inputs, "graph": items, "outputs": outputs}

    def _write_item(self, node: Node, inputs: list[str], nodes: Mapping[str, Node]) -> dict[str, Any]:
        """A node of a list."""
        item: dict[str, Any] = {"name": node.name}
        if node.shares:
            item["module"] = node.shares
        else:
            block = self.write(node)
            item |= {"type": block.type, **({"params": dict(block.params)} if block.params else {}), **block.copies}
        fed = {port: write_value(value, inputs, nodes) for port, value in node.inputs}
        return {**item, "inputs": fed} if fed else item
