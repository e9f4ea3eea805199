"""An arc without `dag_in_shape`: a single module, in the sequential form or with its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torcharc.entry import Entry
from torcharc.errors import Problem, missing_type, nearest, quote, unknown_keys
from torcharc.graph import Graph, N, Node, Ref, Struct, TensorSpec
from torcharc.layers import is_stack, size_argument
from torcharc.registry import lookup
from torcharc.spec.expand import COPY_KEYS
from torcharc.spec.names import RESERVED
from torcharc.spec.template import fill

INPUT = "input"
"""Name of an input that the arc leaves unnamed."""

HEAD_KEYS = ("dag_in_shape", "dag_vars")
"""The keys of an arc that name no node."""

NODE_KEYS = ("type", "in_names")
"""The keys of a node that are no arguments, besides those that make copies."""


def flat_name(type_: Any) -> str:
    """The name of the one node of a flat arc: that of its type."""
    name = str(type_).rsplit(".", 1)[-1]
    return f"{name}_" if name in RESERVED else name


def parse_module(spec: Mapping[str, Any], scope: Mapping[str, Any]) -> tuple[Graph | None, list[Problem]]:
    """The graph of an arc without `dag_in_shape`, or None; and the problems of its form."""
    rest = {key: value for key, value in spec.items() if key not in HEAD_KEYS}
    if "type" not in rest:
        typo = next((key for key in rest if nearest(key, ("dag_in_shape", "in_shape")) == "dag_in_shape"), None)
        if typo is not None or any(isinstance(value, Mapping) and "type" in value for value in rest.values()):
            return None, unknown_keys((), [typo] if typo else [], ["dag_in_shape"], ["dag_in_shape"])
        return None, [missing_type((), rest)]
    expected, hint = "no copies: the arc is one module", "state the input as dag_in_shape"
    problems = [Problem((key,), f"the key {quote(key)}", expected, hint, "copies") for key in rest if key in COPY_KEYS]
    filled, faults = fill(rest, scope, ())
    if problems or faults:
        return None, problems + faults
    entry = lookup(filled["type"], ("type",))
    if isinstance(entry, Problem):
        return None, [entry]
    params = {key: value for key, value in filled.items() if key not in NODE_KEYS}
    port = entry.ports[0].name if entry.ports else INPUT
    node = Node(flat_name(entry.name), entry.name, params, ((port, Ref(INPUT, of_input=True)),), beside=NODE_KEYS)
    tensor = _given_shape(entry, params)
    return Graph(((INPUT, tensor),), (node,), (("output", Ref(node.name)),), bare=True, carries=True), []


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
