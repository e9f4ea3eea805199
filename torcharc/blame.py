"""Values that a caller gives for the variables of a spec, and that it cannot be built with: told of the values.

A spec without errors of its own has them from the values that it is given. A requirement of the spec says best what
is wrong with one; what none foresees is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torcharc.errors import Path, Problem, format_path, quote

PLACES = ("vars", "dag_vars")
"""The keys of variables."""

Find = Callable[[Mapping[str, Any]], Sequence[Problem]]


def blame_values(spec: Any, given: Mapping[str, Any], problems: Sequence[Problem], find: Find) -> list[Problem] | None:
    """The problems of a spec, told of the values that were given for its variables; None where they are its own.

    Args:
        spec: Plain data.
        given: Variable → value, at least one.
        problems: What the spec has with them, at least one error.
        find: What the spec has with some of them alone.

    Returns:
        Problems at the variables as they are, and where there are none of those, one for the value without which
        there is no error; where several values are at fault, or only together, it names all of them.

    Example:
        >>> clash = Problem(("graph", 1, "params"), "3 groups", "a number that divides 64")
        >>> [problem] = blame_values({}, {"groups": 3}, [clash], lambda given: [clash] if given else [])
        >>> problem.found, problem.expected
        ('groups = 3', 'a value that fits; now spec.graph[1].params has 3 groups, expected is a number that divides 64')
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    told = [problem for problem in errors if _tells_value(problem, given)]
    if told:
        return told
    if _has_errors(find({})):
        return None
    names = [name for name in given if not _has_errors(find({other: given[other] for other in given if other != name}))]
    names = names or list(given)
    found = ", ".join(f"{name} = {quote(given[name])}" for name in names)
    first = errors[0]
    wanted = "a value that fits" if len(names) == 1 else "values that fit together"
    expected = f"{wanted}; now {format_path(first.path)} has {first.found}, expected is {first.expected}"
    return [Problem((*_find_place(spec), names[0]), found, expected, first.hint, "given-value")]


def _tells_value(problem: Problem, given: Mapping[str, Any]) -> bool:
    """Whether a problem of a variable tells of a given value: at its place, or as part of a requirement."""
    path = problem.path[1:] if problem.path[:1] == ("model",) else problem.path
    if len(path) < 2 or path[0] not in PLACES:
        return False
    return path[1] in given or any(f"{name} = {quote(value)}" in problem.found for name, value in given.items())


def _find_place(spec: Any) -> Path:
    """Where the variables of a spec stand."""
    for prefix, part in (((), spec), (("model",), spec.get("model") if isinstance(spec, Mapping) else None)):
        for key in PLACES:
            if isinstance(part, Mapping) and key in part:
                return (*prefix, key)
    return (PLACES[0],)


def _has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)
