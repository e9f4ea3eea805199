"""The Arc-Graph format: inputs, nodes with explicit wiring, outputs, modules. Its dialects are one language.

The nodes may stand at the top or under `model`. What says how to train (`loss`, `optimizer`,
`trainer`, `training`, ...) is checked here, and made by `build_training`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torcharc.errors import Path, Problem, SpecError, quote, respell, unknown_keys
from torcharc.graph import Graph, Ref
from torcharc.spec.arcgraph_blocks import Blocks
from torcharc.spec.arcgraph_inputs import read_inputs
from torcharc.spec.arcgraph_level import Level, form_of
from torcharc.spec.exact import parse_exact
from torcharc.spec.requirements import Variables, check_requirements
from torcharc.spec.template import Budget, Scope, bind_further, fill, read_scope
from torcharc.spec.training import TRAINING_KEYS, check_training
from torcharc.spec.unused import refuse_unused_values

GRAPH_KEYS = ("inputs", "graph", "outputs", "modules", "vars", "require")
MODEL_KEYS = (*GRAPH_KEYS, *TRAINING_KEYS)

_REQUIRED = ("inputs", "graph", "outputs")


def parse_arcgraph(
    spec: Mapping[str, Any], overrides: Mapping[str, Any], budget: Budget
) -> tuple[Graph | None, list[Problem]]:
    """The graph of a spec, or None; and its problems, with warnings and notes.

    Where a node is faulty the rest is still read, so that inference can find further problems; a
    graph that comes with errors must not be built.

    Args:
        spec: Plain data, which is not changed.
        overrides: Name → value, for variables of the spec and for further bound names.
        budget: What its templates may read and make.
    """
    try:
        return parse_exact(spec, overrides, budget) if "exact" in spec else _parse(spec, overrides, budget)
    except SpecError as error:  # a limit is passed
        return None, list(error.problems)


def _parse(spec: Mapping[str, Any], overrides: Mapping[str, Any], budget: Budget) -> tuple[Graph | None, list[Problem]]:
    parts, problems = unwrap(spec)
    scope, faults = _read_scope(spec, parts, overrides, budget)
    if "require" in parts:
        declared, place = parts.get("vars", ({}, ("vars",)))
        declared = declared if isinstance(declared, Mapping) else {}
        texts = {name: None if name in overrides else value for name, value in declared.items()}
        own = {name: declared[name] for name in overrides if name in declared}
        value, path = parts["require"]
        faults = check_requirements(value, scope, path, Variables(place, texts, own, faults))
        if faults:
            return None, list(dict.fromkeys(problems + faults))
    problems += faults
    graph, found = (None, []) if any(key not in parts for key in _REQUIRED) else _read_graph(parts, scope)
    names = parts.get("outputs", (None, ()))[0]
    problems += found + ([] if faults else check_training(spec, names if isinstance(names, Mapping) else None, scope))
    return graph, list(dict.fromkeys(problems))


def _read_graph(parts: Mapping[str, tuple[Any, Path]], scope: Scope) -> tuple[Graph | None, list[Problem]]:
    """The graph that the parts of a spec make, or None; and their problems."""
    value, place = parts["inputs"]
    value, problems = fill(value, scope, place)
    inputs = read_inputs(value, place, scope)
    told = {problem.path for problem in problems}
    problems += [problem for problem in inputs.problems if problem.path not in told]
    nodes_are_listed = isinstance(parts["graph"][0], (list, tuple)) and len(parts["graph"][0]) > 0
    if not inputs.specs and nodes_are_listed:
        return None, problems
    blocks = Blocks(*parts.get("modules", (None, ("modules",))), scope)
    level = Level(blocks, inputs.sources, scope)
    nodes = level.read_nodes(*parts["graph"])
    if not nodes_are_listed:
        return None, problems + level.list_problems()
    outputs, faults = _read_outputs(*parts["outputs"], level)
    level.warn_unused({name: (*parts["inputs"][1], name) for name in inputs.specs})
    problems += faults + level.list_problems() + blocks.check_unused() + blocks.problems
    if not outputs and not any(problem.severity == "error" for problem in problems):
        return None, problems
    declared = tuple(inputs.specs.items())
    return Graph(declared, (*inputs.nodes, *nodes), outputs, form_of(outputs), firsts=True, strict=True), problems


def _read_outputs(value: Any, place: Path, level: Level) -> tuple[tuple[tuple[str, Ref], ...], list[Problem]]:
    """The outputs by public name, and the problems of their templates; one whose template is null is left out."""
    filled, problems = fill(value, level.scope, place)
    if isinstance(value, Mapping):
        filled = {name: filled[name] for name in filled if filled[name] is not None or value[name] is None}
    return level.read_outputs(filled, place), problems


def unwrap(spec: Mapping[str, Any]) -> tuple[dict[str, tuple[Any, Path]], list[Problem]]:
    """What says what the network is, with its place: at the top, or under `model`; and problems of the keys there."""
    model = spec.get("model")
    problems: list[Problem] = []
    if "model" in spec and not isinstance(model, Mapping):
        problems.append(Problem(("model",), quote(model), "the network: {inputs, graph, outputs}", code="value"))
    inner = model if isinstance(model, Mapping) else {}
    missing = [key for key in _REQUIRED if key not in spec and key not in inner and not problems]
    known = ("model", *GRAPH_KEYS, *TRAINING_KEYS)
    if isinstance(model, Mapping):
        problems += unknown_keys((), spec, known) + unknown_keys(("model",), model, MODEL_KEYS, missing)
    else:
        problems += unknown_keys((), spec, known, missing)
    spec, inner = respell(spec, problems), respell(inner, problems)
    parts: dict[str, tuple[Any, Path]] = {key: (spec[key], (key,)) for key in GRAPH_KEYS if key in spec}
    for key in GRAPH_KEYS:
        if key not in inner:
            continue
        if key in parts and parts[key][0] != inner[key]:
            expected = f"what spec.{key} says, or one of them alone"
            problems.append(Problem(("model", key), quote(inner[key]), expected, code="twice"))
        parts[key] = inner[key], ("model", key)
    return parts, problems


def _read_scope(
    spec: Mapping[str, Any], parts: Mapping[str, tuple[Any, Path]], overrides: Mapping[str, Any], budget: Budget
) -> tuple[Scope, list[Problem]]:
    """The bound names: the spec's variables, and what the caller binds besides, which something must use."""
    variables, place = parts.get("vars", (None, ("vars",)))
    declared = variables if isinstance(variables, Mapping) else {}
    further, problems = bind_further(spec, declared, overrides, place)
    problems += refuse_unused_values(spec, declared, overrides, place)
    given = {name: value for name, value in overrides.items() if name in declared}
    names, found = read_scope(variables, given, place, base=further, budget=budget)
    return Scope(names, budget), problems + found
