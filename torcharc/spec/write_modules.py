"""Writing of a graph as TorchArc 2.x has it: `modules`, and a `graph` that calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torcharc.errors import quote
from torcharc.graph import Graph, N, Node, Ref, TensorSpec, Value
from torcharc.spec.write_arc import refuse, write_arc
from torcharc.spec.write_blocks import BlockWriter


def write_modules(graph: Graph) -> dict[str, Any]:
    """A spec with `modules` and `graph`.

    Raises:
        SpecError: With the first node, input or output that the format cannot say.
    """
    if graph.bare:
        raise refuse("a single module", "a network of nodes")
    blocks = BlockWriter(write_arc, [node.module for node in graph.nodes])
    modules: dict[str, Any] = {}
    calls: dict[str, Any] = {}
    for node in graph.nodes:
        if node.module not in modules:
            modules[node.module] = _write_module(node, blocks)
        calls[node.name] = _write_call(node)
    inputs = _write_inputs(graph)
    modules = {**blocks.modules, **modules}
    return {"modules": modules, "graph": {"input": inputs, "modules": calls, "output": _write_outputs(graph)}}


def _write_module(node: Node, blocks: BlockWriter) -> dict[str, Any]:
    """`{Type: arguments}`, a Sequential as a list of such; copies with the key that makes them."""
    block = blocks.write(node)
    params, copies = dict(block.params), block.copies
    if block.type != "Sequential" or not isinstance(params["layers"], list):
        return {block.type: params or None, **copies}
    layers = []
    for layer in params["layers"]:
        own = {key: value for key, value in layer.items() if key != "type"}
        layers.append({layer["type"]: own or None})
    return {"Sequential": layers, **copies}


def _write_inputs(graph: Graph) -> Any:
    names = [name for name, _ in graph.inputs]
    if all(struct is None for _, struct in graph.inputs):
        return names
    shapes = {}
    for name, struct in graph.inputs:
        shape = struct.shape if isinstance(struct, TensorSpec) else ()
        known = struct is None or (shape[:1] == (N,) and all(dim is None or type(dim) is int for dim in shape[1:]))
        if not known:
            raise refuse(f"the input {quote(name)}: {struct}", "inputs with shapes, the batch first")
        shapes[name] = None if struct is None else list(shape[1:])
    return shapes


def _write_call(node: Node) -> dict[str, Any]:
    return {port: _write_value(value, node) for port, value in node.inputs}


def _write_value(value: Value, node: Node) -> Any:
    if isinstance(value, Ref):
        if value.output:
            found = f"the node {quote(node.name)}, which is fed {quote(str(value))}"
            raise refuse(found, "what another node gives as a whole; Get gives a part of it")
        return value.name
    if isinstance(value, tuple):
        return [_write_value(item, node) for item in value]
    if isinstance(value, Mapping):
        return {key: _write_value(item, node) for key, item in value.items()}
    raise refuse(f"the node {quote(node.name)}, which is fed {value!r}", "tensors alone")


def _write_outputs(graph: Graph) -> Any:
    for name, ref in graph.outputs:
        if ref.output:
            expected = "what a node gives as a whole; Get gives a part of it"
            raise refuse(f"the output {quote(name)}: {ref}", expected)
    refs = [ref.name for _, ref in graph.outputs]
    if graph.form == "tensor":
        return refs[0]
    return refs if graph.form == "tuple" else dict(zip([name for name, _ in graph.outputs], refs, strict=True))
