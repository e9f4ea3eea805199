"""The losses of a training block, however they are written, as the terms of one weighted sum."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import torch

from torcharc.catalog import Selection, find_type
from torcharc.criterion import read_reference, read_sum
from torcharc.errors import Path, Problem, SpecError, choices, quote
from torcharc.loss import LOSSES, NUMBER, WEIGHTS, list_ports, list_tensors
from torcharc.spec.agreement import Given, to_plain_numbers
from torcharc.spec.numbers import read_number, read_params
from torcharc.weighted_criterion import Term

NAMELESS = "output"
"""What the one output is called where its name is not known."""

_OPTIONAL = ("inputs", "params", "weight", "name")
_PREFIXES = {"outputs": "model", "targets": "target_columns"}


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What the losses are read in.

    Attributes:
        scope: The bound names.
        outputs: The names of the network's outputs, where they are known.
        default: The output that a loss without inputs compares, if there is one.
    """

    scope: Mapping[str, Any]
    outputs: Collection[str] | None = None
    default: str | None = NAMELESS


def read_losses(stated: Given, context: Context) -> tuple[Given, list[Problem]]:
    """The terms that a loss, or a list of losses, states, as `build_criterion` takes them; and the problems."""
    many = isinstance(stated.value, list)
    given = stated.value if many else [stated.value]
    paths = [(*stated.path, index) for index in range(len(given))] if many else [stated.path]
    if not given:
        expected = "a loss, or a list of at least one"
        return stated, [Problem(stated.path, "[]", expected, code="empty")]
    problems: list[Problem] = []
    entries: list[Any] = []
    places: list[Path] = []
    for one, path in zip(given, paths, strict=True):
        entry, found = _read_entry(one, path, context)
        problems += found
        if entry is not None:
            entries.append(entry)
            places.append(path)
    parts, found = read_sum(entries, places, context.outputs) if entries else ([], [])
    said = {problem.path for problem in problems}
    problems += [_hint_outputs(problem, places, context) for problem in found if problem.path not in said]
    if not problems:
        problems = [problem for _, selection in parts for problem in _try_out(selection)]
    terms = [] if problems else [_write_term(*part, entry) for part, entry in zip(parts, entries, strict=True)]
    return Given(terms, stated.path, quote(stated.value)), problems


def _read_entry(given: Any, path: Path, context: Context) -> tuple[dict[str, Any] | None, list[Problem]]:
    """One loss as a term with inputs, its numbers read; None where its type is not known."""
    cls, problems = find_type(LOSSES, given, path)
    if cls is None:
        return None, problems
    stated = {"type": given} if isinstance(given, str) else given
    entry: dict[str, Any] = {key: value for key, value in stated.items() if value is not None or key not in _OPTIONAL}
    if "inputs" not in entry and context.default is not None and list(list_ports(cls).values()).count(True) <= 2:
        entry["inputs"] = {next(iter(list_ports(cls))): context.default}
    if "weight" in entry and not isinstance(entry["weight"], (list, tuple)):
        entry["weight"], found = read_number(entry["weight"], NUMBER, (*path, "weight"), context.scope)
        problems += found
    if isinstance(entry.get("params"), Mapping):
        place = (*path, "params")
        signature = LOSSES.read_signature(cls)
        values, found = read_params(signature, entry["params"], place, context.scope)
        problems += found
        for name in list_tensors(signature):
            if name in values:
                values[name], found = read_number(values[name], WEIGHTS, (*place, name), context.scope)
                problems += found
        entry["params"] = values
    return entry, problems


def _hint_outputs(problem: Problem, places: Collection[Path], context: Context) -> Problem:
    """`problem` with the hint what to write where the inputs of a loss are not clear."""
    if problem.code != "missing-key" or problem.path not in places or "'inputs'" not in problem.found:
        return problem
    outputs = f"; the outputs are {choices(context.outputs)}" if context.outputs else ""
    return dataclasses.replace(problem, hint=f"write inputs: {{input: <output>, target: <column>}}{outputs}")


def _try_out(selection: Selection) -> list[Problem]:
    """What the constructor of a loss of torch says of the arguments; nothing is allocated."""
    if selection.cls not in LOSSES.types.values():
        return []
    try:
        with torch.device("meta"):
            selection.make()
    except SpecError as error:
        return list(error.problems)
    return []


def _write_term(term: Term, selection: Selection, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A term in its one form: class name, ports by their names, weight as a number."""
    word = entry["type"]
    ports = list(list_ports(selection.cls))
    inputs = {port: _write_reference(port, *place) for port, place in zip(ports, term.inputs, strict=False)}
    params = {name: to_plain_numbers(value) for name, value in selection.values.items()}
    name = word if word in LOSSES.list_more() else selection.cls.__name__
    return {"type": name, "inputs": inputs, "params": params, "weight": term.weight, "name": term.name}


def _write_reference(port: str, source: str, name: str) -> str:
    """`name`, behind a prefix where it would be read as something else."""
    return name if read_reference(name, port, ())[0] == (source, name) else f"{_PREFIXES[source]}.{name}"
