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
        Problems at the variables as they are, and where there are none of those, one for the value without which
        there is no error; where several values are at fault, or only together, it names all of them.

    Example:
        >>> clash = Problem(("graph", 1, "params"), "3 groups", "a number that divides 64")
        >>> [problem] = blame_values({"groups": 3}, [clash], lambda given: [clash] if given else [])
        >>> problem.found, problem.expected
        ('groups = 3', 'a value that fits; now spec.graph[1].params has 3 groups, expected is a number that divides 64')
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    told = [problem for problem in errors if _names_one(problem, given)]
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


def _names_one(problem: Problem, given: Mapping[str, Any]) -> bool:
    """Whether a problem stands at one of the variables, or is a requirement that names it beside others."""
    if problem.path[:1] != (PLACE,) or len(problem.path) == 1:
        return False
    return problem.path[1] in given or (
        problem.code == "require" and not given.keys().isdisjoint(_words(problem.found))
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z_]\w*", text)


def _has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)
