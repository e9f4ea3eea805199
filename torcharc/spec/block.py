"""Blocks: a spec of any format as a type of its own.

A block is written as a module of a graph spec (`{inputs: [x], params: {...}, graph, outputs}`), or as
a whole spec, whose variables are then its params and whose inputs its ports.
"""

from __future__ import annotations

import dataclasses
import functools
import marshal
from collections.abc import Callable, Mapping
from typing import Any

from torcharc.arguments import Argument, Signature
from torcharc.entry import Entry
from torcharc.errors import Path, Problem, SpecError
from torcharc.graph import Graph
from torcharc.registry import generation
from torcharc.spec.arcgraph_blocks import Blocks
from torcharc.spec.block_type import make_type
from torcharc.spec.causes import find_causes
from torcharc.spec.definition import Use
from torcharc.spec.formats import parse_spec
from torcharc.spec.inline import as_block, move_graph
from torcharc.spec.load import load_spec
from torcharc.spec.template import Scope

MOST_KNOWN = 256
"""How many sets of params the graph of one registered spec is kept for."""

_VARIABLES = ("vars", "dag_vars")

Expand = Callable[[Mapping[str, Any]], tuple[Graph | None, list[Problem]]]


def make_block(name: str, spec: Mapping[str, Any]) -> Entry:
    """The entry of a type `name` that runs the network `spec` describes.

    Raises:
        SpecError: With every problem that the spec has by itself.
    """
    own = load_spec(spec).spec
    is_module = isinstance(own.get("inputs"), list)
    expand = functools.partial(_expand_module if is_module else _expand_spec, name, own)
    params = own.get("params") if is_module else next((own[key] for key in _VARIABLES if key in own), {})
    graph = _check(expand, own, params or {}, is_module)
    ports = own["inputs"] if is_module else [port for port, _ in graph.inputs] if graph else []
    outputs = list(own["outputs"]) if is_module else [output for output, _ in graph.outputs] if graph else []
    arguments = {
        key: Argument(key, required=is_module and value is None, default=value) for key, value in (params or {}).items()
    }
    return make_type(name, ports, outputs, graph=graph, signature=Signature(arguments), expand=_keep(expand))


def _keep(expand: Expand) -> Expand:
    """`expand`, which keeps what it gave: a thousand copies of a block are read once."""
    known: dict[Any, tuple[Graph | None, list[Problem]]] = {}

    def recall(params: Mapping[str, Any]) -> tuple[Graph | None, list[Problem]]:
        try:
            key = generation(), marshal.dumps(dict(params), 2)
        except ValueError:  # a value that is no plain data
            return expand(params)
        if key not in known:
            if len(known) >= MOST_KNOWN:
                known.pop(next(iter(known)))
            known[key] = expand(params)
        graph, problems = known[key]
        return graph, list(problems)

    return recall


def _check(expand: Any, spec: Mapping[str, Any], params: Any, is_module: bool) -> Graph | None:
    """The graph of a block with its defaults; None where it has params without one."""
    open_params = is_module and isinstance(params, Mapping) and None in params.values()
    values = {key: 1 for key, value in params.items() if value is None} if open_params else {}
    graph, problems = expand(values)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise SpecError(find_causes(errors, spec, functools.partial(_find_errors, expand, values)))
    found: Graph | None = graph
    return found


def _find_errors(expand: Any, values: Mapping[str, Any], spec: Mapping[str, Any]) -> tuple[list[Problem], int]:
    """The errors of another spec in place of that of a block."""
    try:
        _, problems = expand.func(*expand.args[:1], spec, values)
    except SpecError as error:
        problems = list(error.problems)
    return [problem for problem in problems if problem.severity == "error"], 1


def _expand_module(name: str, spec: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[Graph | None, list[Problem]]:
    blocks = Blocks({name: spec}, (), Scope())
    graph, problems = blocks.make(f"module.{name}", Use(params, (), ("type",), ("params",), Scope()))
    found = [dataclasses.replace(problem, path=_strip(problem.path, name)) for problem in [*problems, *blocks.problems]]
    return graph if graph is None else move_graph(graph, lambda path: _strip(path, name)), found


def _expand_spec(name: str, spec: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[Graph | None, list[Problem]]:
    graph, problems = parse_spec(spec, params)
    return graph if graph is None else as_block(graph), problems


def _strip(path: Path, name: str) -> Path:
    return path[1:] if path[:1] == (name,) else path
