"""The formats: which one a spec is written in, told from its keys, and its graph.

=========== =====================================================
arc         `type`, or `dag_in_shape` and nodes by name
arcgraph    `inputs`, `graph` (a list of nodes) and `outputs`, or these under `model`
modules     `modules` and `graph` (a mapping with `input`), as TorchArc 2.x
=========== =====================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torcharc.errors import Problem, nearest, quote
from torcharc.graph import Graph
from torcharc.spec.arc import parse_arc
from torcharc.spec.arcgraph import parse_arcgraph
from torcharc.spec.arcgraph_blocks import Blocks
from torcharc.spec.choice import refuse_choices
from torcharc.spec.fragment import refuse_fragment
from torcharc.spec.modules import parse_modules
from torcharc.spec.template import Budget, Scope, has_dollar, read_scope
from torcharc.spec.training import check_training, read_block_scope, split_block

Format = Literal["arc", "arcgraph", "modules"]

_EXPECTED = "a spec: type, or dag_in_shape and nodes; inputs, graph and outputs; or modules and graph"
_GRAPH_SPEC = frozenset({"inputs", "outputs", "model"})


def parse_spec(spec: Any, variables: Mapping[str, Any] | None = None) -> tuple[Graph | None, list[Problem]]:
    """The graph of a spec in any format, or None; and its problems, with warnings and notes.

    Args:
        spec: Plain data.
        variables: Name → value, in place of what the spec gives its variables.
    """
    if isinstance(spec, list) and any(isinstance(node, Mapping) for node in spec):
        return None, [refuse_fragment(spec)]
    if not isinstance(spec, Mapping) or not spec:
        return None, [Problem((), quote(spec) if spec != {} else "{}", _EXPECTED, code="value")]
    filled = has_dollar(spec)
    problems = refuse_choices(spec, (), _read_names(spec, variables or {})) if filled else []
    if problems:
        return None, problems
    form, budget = find_format(spec), Budget(idle=not filled)
    if form == "arcgraph":
        return parse_arcgraph(spec, variables or {}, budget)
    if form is not None:
        rest, training = split_block(spec)
        parse = parse_modules if form == "modules" else parse_arc
        graph, problems = parse(rest, variables or {}, Blocks(None, (), Scope(budget=budget)))
        return graph, problems + (_check_block(spec, training, graph, variables or {}) if training is not None else [])
    found = f"the keys {', '.join(map(quote, list(spec)[:8]))}"
    return None, [Problem((), found, _EXPECTED, code="format")]


def _read_names(spec: Mapping[str, Any], variables: Mapping[str, Any]) -> Scope:
    """What the variables of a spec stand for, as far as they are sound."""
    scope = Scope(variables)
    for root in (spec, spec.get("model")):
        for key in ("vars", "dag_vars"):
            names = root.get(key) if isinstance(root, Mapping) else None
            if isinstance(names, Mapping):
                given = {name: value for name, value in variables.items() if name in names}
                scope = scope.extend(read_scope(names, given, (key,), base=scope, budget=scope.budget)[0])
    return scope


def _check_block(
    spec: Mapping[str, Any], training: Mapping[str, Any], graph: Graph | None, variables: Mapping[str, Any]
) -> list[Problem]:
    """The problems of the `training` of an arc or of a 2.x spec; those of the variables are told already."""
    scope, problems = read_block_scope(spec, variables)
    named = graph is not None and graph.form == "dict"
    outputs = [name for name, _ in graph.outputs] if graph is not None and named else None
    return [] if problems else check_training({"training": training}, outputs, scope)


def find_format(spec: Mapping[Any, Any]) -> Format | None:
    """The format that the keys of a spec tell; None where it is like none.

    Example:
        >>> find_format({"inputs": {}, "graph": [], "outputs": {}})
        'arcgraph'
    """
    if "dag_in_shape" in spec or "type" in spec or "layers" in spec:
        return "arc"
    graph = spec.get("graph")
    if isinstance(graph, Mapping) and ("modules" in spec or "input" in graph) and not _GRAPH_SPEC & set(spec):
        return "modules"
    if "graph" in spec or _GRAPH_SPEC & set(spec):
        return "arcgraph"
    if "modules" in spec:
        return "modules"
    if any(nearest(key, ["dag_in_shape", "type"]) for key in spec):
        return "arc"
    if any(nearest(key, ["graph", "inputs", "outputs"]) for key in spec):
        return "arcgraph"
    nodes = [value for value in spec.values() if isinstance(value, Mapping) and "type" in value]
    return "arc" if nodes else None
