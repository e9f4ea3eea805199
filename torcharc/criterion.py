"""Criteria from specs: a loss of torch.nn, or a weighted sum of losses over named outputs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from torch import nn

from torcharc.arguments import Argument, Kind, Signature, read_arguments
from torcharc.catalog import Selection, find_type, read_values, to_plain
from torcharc.errors import Path, Problem, SpecError, choices, did_you_mean, quote, unknown_keys
from torcharc.loss import INPUT_WORDS, LOSSES, TARGET_WORDS, list_ports, read_weights
from torcharc.weighted_criterion import Term, WeightedCriterion

# ports that are fed from the targets; prefixes that choose the source
TARGET_PORTS = (*TARGET_WORDS, "input_lengths", "target_lengths")
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
              (`CrossEntropyLoss`), the function's name (`cross_entropy`), `mse`, `mae`, `l1`, or a
              registered module whose `forward` takes a prediction and a target.
              `weight` and `pos_weight`, as lists, become float32 tensors.
            - A sum: a list of `{type, inputs: {input: <output>, target: <target>}, params: {...},
              weight: 2.0, name: <name>}`. `inputs` says which tensors go to the loss (`target` may be
              absent if it is called as the output is); `params` are the loss's arguments, class
              weights among them; `weight` is the factor of the term, 1 if absent; `name` is for
              `terms`: the output's name if absent, with a number where another term has that. A
              single such mapping is a sum of one.

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
    cls, problems = find_type(LOSSES, given, ())
    if cls is None:
        raise SpecError(problems)
    values = {key: value for key, value in given.items() if key != "type"} if isinstance(given, dict) else {}
    selection, problems = _read_values(cls, values, (), ("type",))
    if problems:
        raise SpecError(problems)
    made: nn.Module = dataclasses.replace(selection, words=quote(given)).make()
    return made


def _build_sum(entries: Sequence[Any], paths: Sequence[Path]) -> WeightedCriterion:
    parts, problems = read_sum(entries, paths)
    if problems:
        raise SpecError(problems)
    return WeightedCriterion([(term, selection.make()) for term, selection in parts])


def read_sum(
    entries: Sequence[Any], paths: Sequence[Path], outputs: Collection[str] | None = None
) -> tuple[list[tuple[Term, Selection]], list[Problem]]:
    """The terms of a sum with their losses, and the problems of all.

    Args:
        entries: A mapping for each term, as `build_criterion` takes them.
        paths: The place of each.
        outputs: The names of the network's outputs, where they are known.
    """
    if not entries:
        return [], [Problem((), "[]", "at least one term", code="empty")]
    parts: dict[str, tuple[Term, Selection]] = {}
    problems: list[Problem] = []
    for entry, path in zip(entries, paths, strict=True):
        term, selection, found = _read_term(entry, path, outputs)
        problems += found
        if term is None or selection is None:
            continue
        if term.name in parts and "name" in entry:
            expected = f"a name of its own: another term is called {term.name!r}"
            problems.append(Problem((*path, "name"), quote(term.name), expected, code="twice"))
        term = dataclasses.replace(term, name=_number(term.name, parts))
        parts[term.name] = (term, selection)
    return list(parts.values()), problems


def _number(name: str, taken: Collection[str]) -> str:
    """`name`, or with a number behind it (`price_2`) where it is taken."""
    if name not in taken:
        return name
    return next(new for number in itertools.count(2) if (new := f"{name}_{number}") not in taken)


def _read_term(
    entry: Any, path: Path, outputs: Collection[str] | None
) -> tuple[Term | None, Selection | None, list[Problem]]:
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
    inputs, found = _read_inputs(cls, values["inputs"], (*path, "inputs"), outputs)
    problems += found
    if problems:
        return None, selection, problems
    name = values.get("name") or inputs[0][1]
    return Term(name, values.get("weight", 1.0), tuple(inputs)), selection, []


def _hint_params(problem: Problem, cls: Callable[..., Any], path: Path) -> Problem:
    """`problem` with the hint that arguments, class weights too, stand under `params`."""
    key = problem.path[len(path)] if len(problem.path) > len(path) else None
    if problem.code == "unknown-key" and key in LOSSES.read_signature(cls).arguments:
        return dataclasses.replace(problem, hint=f"write {key!r} under `params`")
    if key == "weight" and problem.found.startswith("["):
        return dataclasses.replace(problem, hint="write class weights under `params`")
    return problem


def _read_values(
    cls: Callable[..., Any], given: Mapping[str, Any], path: Path, extra: Collection[str] = ()
) -> tuple[Selection, list[Problem]]:
    signature = LOSSES.read_signature(cls)
    tensors, problems = read_weights(given, signature, path)
    values, found = read_values(signature, tensors, path, extra=extra)
    return Selection(cls, values, path, quote(given)), [*problems, *found]


def _read_params(cls: Callable[..., Any], params: Mapping[str, Any], path: Path) -> tuple[Selection, list[Problem]]:
    selection, problems = _read_values(cls, params, path)
    if selection.values.get("reduction") == "none":
        expected = "one of mean, sum: the terms of a sum are scalars"
        problems.append(Problem((*path, "reduction"), "'none'", expected, code="value"))
    return selection, problems


def _read_inputs(
    cls: Callable[..., Any], inputs: Mapping[str, Any], path: Path, outputs: Collection[str] | None
) -> tuple[list[tuple[str, str]], list[Problem]]:
    """Where the arguments of a loss come from, in the order of its ports."""
    required = list_ports(cls)
    ports = list(required)
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
            bound[port], found = read_reference(value, port, (*path, key), outputs)
            problems += found
    if target is not None and target not in bound and ports[0] in bound:
        bound[target] = ("targets", bound[ports[0]][1])
    unknown = [key for key in inputs if key not in words]
    last = max((ports.index(port) for port in bound), default=0)  # they are passed in order: no gap before it
    missing = [
        port
        for index, port in enumerate(ports)
        if port not in bound and port != target and (required[port] or index < last)
    ]
    problems += unknown_keys(path, unknown, ports, missing)
    return [bound[port] for port in ports if port in bound], problems


def read_reference(
    value: Any, port: str, path: Path, outputs: Collection[str] | None = None
) -> tuple[tuple[str, str], list[Problem]]:
    """Where the tensor for `port` comes from; `model.` and `target_columns.` choose the source.

    Args:
        value: A name, perhaps behind a prefix.
        port: The port that it feeds.
        path: The place of `value`.
        outputs: The names of the network's outputs, where they are known.
    """
    source = "targets" if port in TARGET_PORTS else "outputs"
    kind = "a target" if source == "targets" else "an output"
    if not isinstance(value, str) or not value:
        return (source, ""), [Problem(path, quote(value), f"the name of {kind}", code="value")]
    prefix, dot, name = value.partition(".")
    source, name = (SOURCES[prefix], name) if dot and name and prefix in SOURCES else (source, value)
    if source == "targets" or outputs is None or name in outputs:
        return (source, name), []
    expected = f"an output of the network: {choices(outputs)}"
    return (source, name), [Problem(path, quote(value), expected, did_you_mean(name, outputs), "reference")]
