"""Planning: from a spec in any format to a checked plan, with all of its problems."""

from __future__ import annotations

import collections
import dataclasses
import marshal
from collections.abc import Iterable, Mapping
from typing import Any

from torcharc import module as module  # registers the building blocks
from torcharc.advice import advise
from torcharc.blame import blame_values
from torcharc.errors import Problem, SpecError
from torcharc.infer import infer_plan
from torcharc.plan import Plan
from torcharc.registry import generation
from torcharc.spec.causes import find_causes
from torcharc.spec.formats import parse_spec
from torcharc.spec.inline import count_nodes
from torcharc.spec.load import Loaded, load_spec
from torcharc.spec.near_words import warn_near_words
from torcharc.spec.override import apply_overrides, bind_variables
from torcharc.spec.unused import warn_unused_variables
from torcharc.spelling import Bound
from torcharc.zoo import text as text  # registers the text models

MOST_PLANS = 256

_plans: collections.OrderedDict[tuple[int, bytes], Plan] = collections.OrderedDict()


def make_plan(
    spec: Any, overrides: Mapping[str, Any] | None = None, variables: Mapping[str, Any] | None = None
) -> tuple[Plan, Loaded]:
    """The checked plan of a spec, and the spec as plain data, with the overrides and variables in it.

    Raises:
        SpecError: With every problem of the spec.
    """
    loaded = apply_overrides(load_spec(spec), overrides) if overrides else load_spec(spec)
    given = load_spec(dict(variables)).spec if variables else {}
    key = _plan_key((loaded.spec, given))
    plan = _plans.get(key) if key is not None else None
    if plan is not None and key is not None:
        _plans.move_to_end(key)
        return plan, _bind(loaded, given)
    # the plan keeps what it is made of
    own, values = load_spec([loaded.spec, given]).spec if key is None else marshal.loads(key[1])
    plan, problems = _find_plan(own, values, loaded)
    errors = [problem for problem in problems if problem.severity == "error"]
    if plan is None or errors:
        raise SpecError(errors)
    if key is not None:
        _plans[key] = plan
        if len(_plans) > MOST_PLANS:
            _plans.popitem(last=False)
    return plan, _bind(loaded, given)


def find_problems(loaded: Loaded, variables: Mapping[str, Any] | None = None) -> list[Problem]:
    """All problems, warnings and notes of a spec, in the order of its text."""
    own, values = load_spec([loaded.spec, dict(variables or {})]).spec
    return _find_plan(own, values, loaded, advising=True)[1]


def _bind(loaded: Loaded, variables: Mapping[str, Any]) -> Loaded:
    return dataclasses.replace(loaded, spec=bind_variables(loaded.spec, variables)) if variables else loaded


def _sort(problems: Iterable[Problem], spec: Any) -> list[Problem]:
    """The problems, each once, in the order in which their places stand in the spec."""
    orders: dict[int, dict[Any, int]] = {}  # of the keys of each mapping, by its identity

    def position(problem: Problem) -> list[int]:
        found, part = [], spec
        for key in problem.path:
            if isinstance(part, Mapping):
                order = orders.get(id(part))
                if order is None:
                    order = orders[id(part)] = {name: index for index, name in enumerate(part)}
                index = order.get(key, -1)
            else:
                index = key if isinstance(part, list) and isinstance(key, int) and 0 <= key < len(part) else -1
            if index < 0:
                break
            found.append(index)
            part = part[key]
        return found

    return sorted(dict.fromkeys(problems), key=position)


def _plan_key(spec: Any) -> tuple[int, bytes] | None:
    try:
        return generation(), marshal.dumps(spec, 2)
    except ValueError:  # it holds what is no plain data
        return None


def _find_plan(
    spec: Any, variables: Mapping[str, Any], loaded: Loaded, *, advising: bool = False
) -> tuple[Plan | None, list[Problem]]:
    """The plan of plain data, and its problems as `loaded` places them; with `advising`, advice too."""
    with Bound():
        plan, problems = _read(spec, variables, advising)
        if not problems:
            return plan, []
        problems = _sort(problems, loaded.spec)
        if any(problem.severity == "error" for problem in problems):
            told = blame_values(spec, variables, problems, lambda some: _read(spec, some)[1]) if variables else []
            if told:  # what else there is, the spec has without the values too
                own = set(_read(spec, {}, advising)[1])
                problems = [*told, *(problem for problem in problems if problem in own and problem not in told)]
            else:
                problems = find_causes(problems, spec, lambda other: _list_errors(other, variables), loaded.twins)
    return plan, [loaded.place(problem) for problem in _sort(problems, spec)]


def _list_errors(spec: Any, variables: Mapping[str, Any]) -> tuple[list[Problem], int]:
    """The errors of plain data, and how many nodes its graph has."""
    try:
        graph, problems = parse_spec(spec, variables)
    except SpecError as error:
        return list(error.problems), 0
    if graph is not None:
        problems = problems + infer_plan(graph)[1]
    errors = [problem for problem in problems if problem.severity == "error"]
    return errors, 0 if graph is None else count_nodes(graph)


def _read(spec: Any, variables: Mapping[str, Any], advising: bool = False) -> tuple[Plan | None, list[Problem]]:
    try:
        graph, problems = parse_spec(spec, variables)
    except SpecError as error:  # a limit is passed
        return None, list(error.problems)
    if graph is None:
        return None, problems
    plan, found = infer_plan(graph)
    advice = advise(graph, plan) + warn_unused_variables(spec) + warn_near_words(spec) if advising else []
    return plan, problems + found + advice
