"""An arc without `dag_in_shape`: a single module, in the sequential form or with its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torcharc.entry import Entry
from torcharc.errors import Path, Problem, missing_type, nearest, quote, unknown_keys
from torcharc.graph import Graph, N, Node, Ref, Struct, TensorSpec
from torcharc.layers import is_stack, size_argument
from torcharc.spec.arc_type import INPUT, NODE_KEYS, read_type
from torcharc.spec.expand import COPY_KEYS
from torcharc.spec.names import RESERVED
from torcharc.spec.template import fill

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks

HEAD_KEYS = ("dag_in_shape", "dag_vars", "dag_modules")
"""The keys of an arc that name no node.

All begin with `dag_`, as every other key names one: the modules of an arc stand under `dag_modules`,
beside `dag_vars` and `dag_in_shape`, not under `modules` as in the formats whose nodes have a place of
their own.
"""


def flat_name(type_: Any) -> str:
    """The name of the one node of a flat arc: that of its type."""
    name = str(type_).rsplit(".", 1)[-1]
    return f"{name}_" if name in RESERVED else name


def parse_module(
    spec: Mapping[str, Any], scope: Mapping[str, Any], blocks: Blocks, path: Path
) -> tuple[Graph | None, list[Problem]]:
    """The graph of an arc without `dag_in_shape`, or None; and the problems of its form."""
    rest = {key: value for key, value in spec.items() if key not in HEAD_KEYS}
    if "type" not in rest:
        typo = next((key for key in rest if nearest(key, ("dag_in_shape", "in_shape")) == "dag_in_shape"), None)
        if typo is not None or any(isinstance(value, Mapping) and "type" in value for value in rest.values()):
            return None, unknown_keys(path, [typo] if typo else [], ["dag_in_shape"], ["dag_in_shape"])
        return None, [missing_type(path, rest)]
    expected, hint = "no copies: the arc is one module", "state the input as dag_in_shape"
    copies = [key for key in rest if key in COPY_KEYS]
    problems = [Problem((*path, key), f"the key {quote(key)}", expected, hint, "copies") for key in copies]
    filled, faults = fill(rest, scope, path)
    if problems or faults:
        return None, problems + faults
    found, problems = read_type(filled, path, blocks)
    if found is None:
        return None, problems
    ports = {port.name: port.name for port in found.entry.ports}
    if found.graph is None:  # a module of the spec hands on the names of its inputs
        ports = {next(iter(ports), INPUT): INPUT}
    fed = tuple((port, Ref(name, of_input=True)) for port, name in ports.items())
    name = flat_name(found.entry.name)
    node = Node(name, found.entry.name, found.params, fed, "", found.graph, path, path, NODE_KEYS)
    tensor = _given_shape(found.entry, found.params)
    inputs = tuple((name, tensor) for name in ports.values())
    return Graph(inputs, (node,), (("output", Ref(node.name)),), bare=True, carries=True), problems


def _given_shape(entry: Entry, params: Mapping[str, Any]) -> Struct:
    """The input of a single module, as far as its sizes tell."""
    if entry.states is not None:
        return entry.states(params)
    shape = params.get("in_shape")
    if not is_stack(entry, params):
        return None
    if isinstance(shape, (list, tuple)) and shape and all(type(size) is int and size > 0 for size in shape):
        return TensorSpec((N, *shape), None)
    width = params.get("in_features")
    if size_argument(entry) == "in_features" and type(width) is int and width > 0:
        return TensorSpec((N, width), None)
    return None
