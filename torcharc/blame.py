"""Values given for the variables of a zoo file that its network cannot be built with: one problem that names them.

A file of the zoo has no faults of its own, so what is wrong with its network comes from the values that were given.
Most of them fail a requirement of the file, which says it best; what none foresees is told here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torcharc.errors import Problem, format_path, quote

PLACE = "vars"
"""Where the variables of a zoo file stand."""

Find = Callable[[Mapping[str, Any]], Sequence[Problem]]


def blame_values(given: Mapping[str, Any], problems: Sequence[Problem], find: Find) -> list[Problem]:
    """The problems of a zoo file, told of the values that were given for its variables.

    Args:
        given: Variable → value.
        problems: What the file has with them.
        find: What the file has with some of them alone.

    Returns:
        Of each variable the first problem that is told of it. Where there is none, one problem for the value without
        which there is no error; where several values are at fault, or only together, it names all of them.

    Example:
        >>> clash = Problem(("graph", 1, "params"), "3 groups", "a number that divides 64")
        >>> [problem] = blame_values({"groups": 3}, [clash], lambda given: [clash] if given else [])
        >>> problem.found, problem.expected
        ('groups = 3', 'a value that fits; now spec.graph[1].params has 3 groups, expected is a number that divides 64')
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    told = _tell_each_once(errors, given)
    if told or not errors or not given:
        return told or list(problems)
    names = [name for name in given if not _has_errors(find({other: given[other] for other in given if other != name}))]
    if not names and _has_errors(find({})):
        return list(problems)  # the spec has faults of its own, as it was changed before
    names = names or list(given)
    found = ", ".join(f"{name} = {quote(given[name])}" for name in names)
    first = errors[0]
    wanted = "a value that fits" if len(names) == 1 else "values that fit together"
    expected = f"{wanted}; now {format_path(first.path)} has {first.found}, expected is {first.expected}"
    return [Problem((PLACE, names[0]), found, expected, first.hint, "given-value")]


def _tell_each_once(problems: Sequence[Problem], given: Mapping[str, Any]) -> list[Problem]:
    """The problems that are told of the variables already, one for each of them."""
    told: dict[Problem, set[str]] = {}
    for problem in sorted(problems, key=lambda problem: not _is_at(problem, given)):
        names = {str(problem.path[1])} if _is_at(problem, given) else _words(problem) & set(given)
        if names.difference(*told.values()):
            told[problem] = names
    return [problem for problem in problems if problem in told]


def _is_at(problem: Problem, given: Mapping[str, Any]) -> bool:
    return len(problem.path) > 1 and problem.path[0] == PLACE and problem.path[1] in given


def _words(problem: Problem) -> set[str]:
    """The variables that a requirement of another one names beside it."""
    return set(re.findall(r"[A-Za-z_]\w*", problem.found)) if problem.code == "require" else set()


def _has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)
