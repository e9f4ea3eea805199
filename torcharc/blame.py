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


def blame_values(spec: Any, given: Mapping[str, Any], problems: Sequence[Problem], find: Find) -> list[Problem]:
    """The problems of the values that were given for the variables of a spec; none where the spec has errors itself.

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
    variables = [problem for problem in errors if _find_variable(problem)]
    told = [problem for problem in variables if _find_variable(problem) in given]
    if told:
        return told
    told = [
        problem for problem in variables if any(f"{name} = {quote(given[name])}" in problem.found for name in given)
    ]
    if len(told) == 1:
        return told  # a requirement of a variable that goes with the given one
    if _has_errors(find({})):
        return []
    names = [name for name in given if not _has_errors(find({other: given[other] for other in given if other != name}))]
    names = names or list(given)
    found = ", ".join(f"{name} = {quote(given[name])}" for name in names)
    first = errors[0]
    wanted = "a value that fits" if len(names) == 1 else "values that fit together"
    expected = f"{wanted}; now {format_path(first.path)} has {first.found}, expected is {first.expected}"
    return [Problem((*_find_place(spec), names[0]), found, expected, first.hint, "given-value")]


def _find_variable(problem: Problem) -> str:
    """The variable that a problem stands at; `""` for other problems."""
    path = problem.path[1:] if problem.path[:1] == ("model",) else problem.path
    return str(path[1]) if len(path) > 1 and path[0] in PLACES else ""


def _find_place(spec: Any) -> Path:
    """Where the variables of a spec stand."""
    for prefix, part in (((), spec), (("model",), spec.get("model") if isinstance(spec, Mapping) else None)):
        for key in PLACES:
            if isinstance(part, Mapping) and key in part:
                return (*prefix, key)
    return (PLACES[0],)


def _has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)
