"""Criteria from specs: a loss of torch.nn, or a weighted sum of losses over named outputs."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from torcharc.arguments import Argument, Kind, Signature, read_arguments
from torcharc.catalog import Selection, find_type, read_selection, read_values, to_plain
from torcharc.errors import Path, Problem, SpecError, quote, unknown_keys
from torcharc.loss import LOSSES, read_weights
from torcharc.weighted_criterion import Term, WeightedCriterion

# ports that are fed from the targets, and other words for ports
TARGET_PORTS = ("target", "targets", "input_lengths", "target_lengths")
INPUT_WORDS = ("input", "pred", "predictions")
TARGET_WORDS = ("target", "targets")
SOURCES = {"model": "outputs", "outputs": "outputs", "target_columns": "targets", "targets": "targets"}

TERM = Signature(
    {
        "type": Argument("type", Kind(frozenset({"str"}))),
        "inputs": Argument("inputs", Kind(frozenset({"dict"}))),
        "params": Argument("params", Kind(frozenset({"dict"})), required=False),
        "weight": Argument("weight", Kind(frozenset({"float"})), required=False, default=1.0),
        "name": Argument("name", Kind(frozenset({"str"})), required=False),
    }
)


def build_criterion(spec: str | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> nn.Module:
    """The loss module that `spec` describes.

    Args:
        spec: One loss or a sum of losses.

            - One: `{type, ...kwargs}`, or the type alone: a loss class of `torch.nn`
              (`CrossEntropyLoss`), the function's name (`cross_entropy`) or `mse`, `mae`, `l1`.
              `weight` and `pos_weight`, as lists, become float32 tensors.
            - A sum: a list of `{type, inputs: {input: <output>, target: <target>}, params: {...},
              weight: 2.0, name: <name>}`. `inputs` says which tensors go to the loss (`target` may be
              absent if it is called as the output is); `params` are the loss's arguments, class
              weights among them; `weight` is the factor of the term, 1 if absent; `name` is for
              `terms`, the output's name if absent. A single such mapping is a sum of one.

    Returns:
        The loss of torch.nn, called with `(input, target)`; for a sum a `WeightedCriterion`, called
        with `(outputs, targets)`.

    Raises:
        SpecError: With all problems of the spec.

    Example:
        >>> build_criterion({"type": "CrossEntropyLoss", "weight": [1, 3]}).weight
        tensor([1., 3.])
        >>> build_criterion([{"type": "mse", "inputs": {"input": "height"}, "weight": 2}])
        WeightedCriterion(
          terms: height = 2 * MSELoss(outputs.height, targets.height)
          (losses): ModuleList(
            (0): MSELoss()
          )
        )
    """
    given = to_plain(spec)
    if isinstance(given, list):
        return _build_sum(given, [(index,) for index in range(len(given))])
    if isinstance(given, dict) and given.keys() & {"inputs", "params"}:
        return _build_sum([given], [()])
    tensors, problems = read_weights(given, ()) if isinstance(given, dict) else (given, [])
    selection, found = read_selection(LOSSES, tensors, ())
    if selection is None or problems or found:
        raise SpecError([*problems, *found])
    made: nn.Module = dataclasses.replace(selection, words=quote(given)).make()
    return made


def _build_sum(entries: Sequence[Any], paths: Sequence[Path]) -> WeightedCriterion:
    if not entries:
        raise SpecError(Problem((), "[]", "at least one term", code="empty"))
    terms: dict[str, Term] = {}
    selections: list[Selection] = []
    problems: list[Problem] = []
    for entry, path in zip(entries, paths, strict=True):
        term, selection, found = _read_term(entry, path)
        if term is not None and term.name in terms:
            expected = f"a name of its own: another term is called {term.name!r}"
            found = [*found, Problem(path, quote(entry), expected, "give it a key `name`", "twice")]
        problems += found
        if term is not None and selection is not None:
            terms[term.name] = term
            selections.append(selection)
    if problems:
        raise SpecError(problems)
    return WeightedCriterion(
        [(term, selection.make()) for term, selection in zip(terms.values(), selections, strict=True)]
    )


def _read_term(entry: Any, path: Path) -> tuple[Term | None, Selection | None, list[Problem]]:
    if not isinstance(entry, Mapping):
        expected = "a mapping {type: ..., inputs: {input: <output>, target: <target>}, ...}"
        return None, None, [Problem(path, quote(entry), expected, code="not-a-mapping")]
    values, problems = read_arguments(TERM, entry, path)
    cls, found = find_type(LOSSES, entry, path) if isinstance(values.get("type"), str) else (None, [])
    if cls is None:
        return None, None, [*problems, *found]
    params = values.get("params") or {}
    problems = [_hint_params(problem, cls, path) for problem in problems]
    faulty = {problem.path[len(path)] for problem in problems if len(problem.path) > len(path)}
    selection, found = _read_params(cls, {} if "params" in faulty else params, (*path, "params"))
    problems += found
    if "inputs" in faulty or "inputs" not in values:
        return None, selection, problems
    inputs, found = _read_inputs(cls, values["inputs"], (*path, "inputs"))
    problems += found
    if problems:
        return None, selection, problems
    name = values.get("name") or inputs[0][1]
    return Term(name, values.get("weight", 1.0), tuple(inputs)), selection, []


def _hint_params(problem: Problem, cls: type[Any], path: Path) -> Problem:
    """`problem` with the hint that arguments, class weights too, stand under `params`."""
    key = problem.path[len(path)] if len(problem.path) > len(path) else None
    if problem.code == "unknown-key" and key in LOSSES.read_signature(cls).arguments:
        return dataclasses.replace(problem, hint=f"write {key!r} under `params`")
    if key == "weight" and problem.found.startswith("["):
        return dataclasses.replace(problem, hint="write class weights under `params`")
    return problem


def _read_params(cls: type[Any], params: Mapping[str, Any], path: Path) -> tuple[Selection, list[Problem]]:
    tensors, problems = read_weights(params, path)
    values, found = read_values(LOSSES.read_signature(cls), tensors, path)
    if values.get("reduction") == "none":
        expected = "one of mean, sum: the terms of a sum are scalars"
        found.append(Problem((*path, "reduction"), "'none'", expected, code="value"))
    return Selection(cls, values, path, quote(params)), [*problems, *found]


def _read_inputs(cls: type[Any], inputs: Mapping[str, Any], path: Path) -> tuple[list[tuple[str, str]], list[Problem]]:
    """Where the arguments of a loss come from, in the order of its ports."""
    ports = [name.rstrip("_") for name in inspect.signature(cls.forward).parameters if name != "self"]
    target = next((port for port in ports if port in TARGET_WORDS), None)
    words = {port: port for port in ports}
    words |= {word: ports[0] for word in INPUT_WORDS if word not in words}
    words |= {word: target for word in TARGET_WORDS if target is not None}
    bound: dict[str, tuple[str, str]] = {}
    problems = []
    for key, value in inputs.items():
        port = words.get(key)
        if port in bound:
            problems.append(Problem((*path, key), f"the key {key!r}", f"{port!r} once", code="twice"))
        elif port is not None:
            bound[port], found = _read_reference(value, port, (*path, key))
            problems += found
    if target is not None and target not in bound and ports[0] in bound:
        bound[target] = ("targets", bound[ports[0]][1])
    unknown = [key for key in inputs if key not in words]
    missing = [port for port in ports if port not in bound and port != target]
    problems += unknown_keys(path, unknown, ports, missing)
    return [bound[port] for port in ports if port in bound], problems


def _read_reference(value: Any, port: str, path: Path) -> tuple[tuple[str, str], list[Problem]]:
    """Where the tensor for `port` comes from; `model.` and `target_columns.` choose the source."""
    source = "targets" if port in TARGET_PORTS else "outputs"
    kind = "a target" if source == "targets" else "an output"
    if not isinstance(value, str) or not value:
        return (source, ""), [Problem(path, quote(value), f"the name of {kind}", code="value")]
    prefix, dot, name = value.partition(".")
    return (SOURCES[prefix], name) if dot and name and prefix in SOURCES else (source, value), []
