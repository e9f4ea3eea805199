"""`to_spec`: a network, a graph or a spec written as a spec of a given format, without loss."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from torch import nn

from torcharc import module as module  # registers the building blocks
from torcharc.errors import Problem, SpecError, quote, wrong_choice
from torcharc.graph import Graph, Node, Ref
from torcharc.infer import infer_plan
from torcharc.plan import Plan
from torcharc.spec.formats import Format, find_format, parse_spec
from torcharc.spec.load import load_spec
from torcharc.spec.template import mentions
from torcharc.spec.training import TRAINING_KEYS, split_block
from torcharc.spec.write_arc import write_arc
from torcharc.spec.write_exact import write_exact
from torcharc.spec.write_modules import write_modules

Source = nn.Module | Graph | Mapping[str, Any] | str | os.PathLike[str]
"""What a graph can be read from."""


def to_spec(source: Source, format: Format = "arcgraph") -> dict[str, Any]:
    """A spec of the given format, that builds the same network.

    Templates are filled, copies and blocks written out; blocks are modules of the spec. Reading it
    gives an equal graph (names of modules aside), so the network has the same `state_dict` keys
    and, with the same weights, the same outputs.

    Args:
        source: A network that `build` made, its graph, or a spec or file as for `build`.
        format: `arcgraph` can say every network; where Arc-Graph's own words cannot, the spec has
            the key `exact` (see `torcharc.spec.exact`). It keeps training, evaluator and metadata.
            `arc` and `modules` (TorchArc 2.x) say less: of what stands beside the network they keep
            `training` alone, and they check the tensors of a call in their own way (what dtype is
            declared, and what happens to further inputs, is not kept).

    Raises:
        SpecError: If the format cannot say it, with what stands in the way; or with every problem
            of a spec.

    Example:
        >>> import torcharc
        >>> arc = {
        ...     "dag_vars": {"width": 8},
        ...     "dag_in_shape": [4],
        ...     "fc": {"type": "nn.Linear", "out_features": "${width}"},
        ... }
        >>> torcharc.to_spec(arc, "arc")
        {'dag_in_shape': [4], 'fc': {'type': 'Linear', 'out_features': 8}}
        >>> torcharc.to_spec(torcharc.build(arc), "modules")["modules"]
        {'fc': {'Linear': {'out_features': 8}}}
    """
    if format not in get_args(Format):
        raise SpecError(wrong_choice(("format",), format, "a format", get_args(Format)))
    graph, spec = read_graph(source)
    training, variables = _read_training(spec)
    if format != "arcgraph":  # the other keys would name nodes, or are no keys
        training = {key: value for key, value in training.items() if key == "training" and isinstance(value, Mapping)}
    head: dict[str, Any] = {}
    for name, value in reversed(variables.items()):
        if mentions([training, head], {name}):
            head = {name: value, **head}
    head = {"dag_vars" if format == "arc" else "vars": head} if head else {}
    if format == "arcgraph":
        return _write_arcgraph(graph, {**head, **training})
    written = {**head, **(write_arc(graph) if format == "arc" else write_modules(graph)), **training}
    back, errors = _read_back(written)
    if back is None or _reduce(back) != _reduce(graph):
        raise _explain(graph, back, errors, format)
    return written


def expand_spec(source: Source) -> dict[str, Any]:
    """A spec with its templates filled, in its own format where that can say it, else in arcgraph.

    Raises:
        SpecError: With every problem of the spec.
    """
    graph, spec = read_graph(source)
    try:
        return to_spec(source, find_format(spec) or "arcgraph")
    except SpecError:
        return _write_arcgraph(graph, {})


def read_graph(source: Source, variables: Mapping[str, Any] | None = None) -> tuple[Graph, Any]:
    """The graph of a network, a spec or a file, or the graph itself; and the spec, if there is one.

    Raises:
        SpecError: With every problem of a spec; or if the source is none of these.
    """
    if isinstance(source, Graph):
        return source, None
    if isinstance(source, nn.Module):
        graph, spec = getattr(source, "graph", None), getattr(source, "spec", None)
        if isinstance(graph, Graph):
            return graph, spec
        if not isinstance(spec, Mapping):
            expected = "a network that torcharc.build made, a graph or a spec"
            raise SpecError(Problem((), f"a {type(source).__name__} without a spec", expected))
        source = spec
    loaded = load_spec(source)
    found, problems = parse_spec(loaded.spec, variables)
    errors = [loaded.place(problem) for problem in problems if problem.severity == "error"]
    if found is not None and not errors:
        errors = [loaded.place(problem) for problem in infer_plan(found)[1]]
    if found is None or errors:
        raise SpecError(errors)
    return found, loaded.spec


def _write_arcgraph(graph: Graph, training: Mapping[str, Any]) -> dict[str, Any]:
    """A spec of any graph; without the key `exact`, where Arc-Graph reads the same graph."""
    spec = {**write_exact(graph), **training}
    plain = {key: value for key, value in spec.items() if key != "exact"}
    if not spec["exact"] and "modules" not in spec and _read_back(plain)[0] == graph:
        return plain
    back, errors = _read_back(spec)
    if back != graph:
        raise _explain(graph, back, errors, "arcgraph")
    return spec


def _read_back(spec: Mapping[str, Any]) -> tuple[Graph | None, list[Problem]]:
    """The graph that a written spec reads as, None where it has errors; and those."""
    back, problems = parse_spec(spec)
    errors = [problem for problem in problems if problem.severity == "error"]
    return None if errors else back, errors


def _read_training(spec: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a spec says of training and of itself, and the variables that this may use."""
    form = find_format(spec) if isinstance(spec, Mapping) else None
    if form is None:
        return {}, {}
    model = spec.get("model")
    roots = [model, spec] if form == "arcgraph" and isinstance(model, Mapping) else [spec]
    key = "dag_vars" if form == "arc" else "vars"
    variables = {name: value for root in roots for name, value in (root.get(key) or {}).items()}
    if form == "arcgraph":
        return {key: root[key] for root in roots for key in TRAINING_KEYS if key in root}, variables
    training = split_block(spec)[1]
    return ({} if training is None else {"training": training}), variables


def _reduce(graph: Graph) -> Graph:
    """The graph without what arcs and 2.x specs cannot say, how a call's tensors are checked.

    An output is what it stands for: in an arc, a tuple means its first part. What a block is called
    counts for nothing, what it runs does.
    """
    plan, _ = infer_plan(graph)
    return _reduce_plan(plan) if plan is not None else _plainly(graph, graph.inputs, graph.nodes, graph.outputs)


def _reduce_plan(plan: Plan) -> Graph:
    nodes = [
        step.node
        if step.node.graph is None
        else dataclasses.replace(
            step.node, type="", params={}, graph=None if step.block is None else _reduce_plan(step.block)
        )
        for step in plan.steps
    ]
    return _plainly(plan.graph, plan.inputs, nodes, tuple((name, ref) for name, ref, _ in plan.outputs))


def _plainly(graph: Graph, inputs: Any, nodes: Iterable[Node], outputs: tuple[tuple[str, Ref], ...]) -> Graph:
    if graph.form == "tensor":
        outputs = (("output", outputs[0][1]),)
    plain = dataclasses.replace(graph, inputs=tuple(inputs), nodes=tuple(nodes), outputs=outputs, keeps="")
    return dataclasses.replace(plain, carries=False, firsts=False, strict=False)


def _explain(graph: Graph, back: Graph | None, errors: list[Problem], format: str) -> SpecError:
    """The error that what was written does not read as the same graph, with the first difference."""
    found, expected = "a network", f"one that the format {format} can say"
    if errors:
        expected += f"; it says of it: {errors[0].found}, expected {errors[0].expected}"
    elif back is not None:
        one, other = _reduce(graph), _reduce(back)
        pairs = zip(one.nodes, other.nodes, strict=False)
        found = next((f"the node {quote(node.name)} ({node.type})" for node, same in pairs if node != same), found)
        found = "the inputs" if one.inputs != other.inputs else found
        found = "the outputs" if found == "a network" and one.outputs != other.outputs else found
    hint = "" if format == "arcgraph" else "the format arcgraph can say every network"
    return SpecError(Problem((), found, expected, hint, "format"))
