"""Writing of any graph as an exact graph spec, which reads back to an equal graph."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from torcharc.graph import Graph, Node, Ref, Value
from torcharc.spec.exact_inputs import write_struct
from torcharc.spec.exact_options import write_options
from torcharc.spec.exact_references import write_reference


def write_exact(graph: Graph) -> dict[str, Any]:
    """An exact spec of a graph, as plain data.

    Example:
        >>> node = Node("act", "ReLU", {}, (("input", Ref("x", of_input=True)),))
        >>> spec = write_exact(Graph((("x", None),), (node,), (("y", Ref("act")),), strict=True))
        >>> spec["exact"], spec["graph"], spec["outputs"]
        ({'firsts': False}, [{'name': 'act', 'type': 'ReLU', 'inputs': {'input': 'x'}}], {'y': 'act'})
    """
    writer = _Writer()
    level = writer.write_level(graph, is_module=False)
    modules = {"modules": writer.modules} if writer.modules else {}
    return {"exact": level.pop("exact", {}), **level, **modules}


class _Writer:
    """Writes levels; equal modules are written once.

    Attributes:
        modules: What stands under `modules`, the inner ones first.
    """

    def __init__(self) -> None:
        self.modules: dict[str, Any] = {}
        self._names: dict[str, str] = {}  # a module as text → its name
        self._graphs: dict[int, tuple[Graph, str]] = {}  # by identity: one graph runs in many nodes

    def write_level(self, graph: Graph, *, is_module: bool) -> dict[str, Any]:
        inputs = [name for name, _ in graph.inputs]
        bare = is_module and all(struct is None for _, struct in graph.inputs)
        nodes: dict[str, Node] = {}
        items = []
        for node in graph.nodes:
            items.append(self._write_node(node, inputs, nodes))
            nodes[node.name] = node
        options = write_options(graph, is_module=is_module)
        return {
            **({"exact": options} if options else {}),
            "inputs": inputs if bare else {name: write_struct(struct) for name, struct in graph.inputs},
            "graph": items,
            "outputs": {name: write_reference(ref, inputs, nodes) for name, ref in graph.outputs},
        }

    def _write_node(self, node: Node, inputs: list[str], nodes: Mapping[str, Node]) -> dict[str, Any]:
        owner = nodes.get(node.shares)
        item: dict[str, Any] = {"name": node.name}
        if owner is not None:
            item["module"] = node.shares
        if owner is None or (owner.type, owner.params, owner.graph) != (node.type, node.params, node.graph):
            item["type"] = node.type
            item |= {"params": escape(dict(node.params))} if node.params else {}
            item |= {"graph": self._name_module(node)} if node.graph is not None else {}
        fed = {port: write_value(value, inputs, nodes) for port, value in node.inputs}
        return {**item, "inputs": fed} if fed else item

    def _name_module(self, node: Node) -> str:
        """The name of the module that a node runs; it is written, if it is new."""
        graph = node.graph
        if graph is None:
            return ""
        if id(graph) not in self._graphs:
            level = self.write_level(graph, is_module=True)
            text = json.dumps(level, default=repr)
            if text not in self._names:
                self._names[text] = self._find_name(node)
                self.modules[self._names[text]] = level
            self._graphs[id(graph)] = graph, self._names[text]
        return self._graphs[id(graph)][1]

    def _find_name(self, node: Node) -> str:
        base = re.sub(r"\W+", "_", node.type.rsplit(".", 1)[-1]) or "module"
        names = [base, *(f"{base}_{number}" for number in range(2, len(self.modules) + 3))]
        return next(name for name in names if name not in self.modules)


def write_value(value: Value, inputs: list[str], nodes: Mapping[str, Any]) -> Any:
    """What feeds a port, as plain data: references as text, tuples as lists."""
    if isinstance(value, Ref):
        return write_reference(value, inputs, nodes)
    if isinstance(value, tuple):
        return [write_value(item, inputs, nodes) for item in value]
    return (
        {key: write_value(item, inputs, nodes) for key, item in value.items()} if isinstance(value, Mapping) else value
    )


def escape(value: Any) -> Any:
    """`value` with each `${` written as `$${`, so that it is no template."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: escape(item) for key, item in value.items()}
    return [escape(item) for item in value] if isinstance(value, (list, tuple)) else value
