"""`check` and `repair`: all that is to say of a spec, as data, and what can be mended by a program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from torcharc.errors import Path, Problem, SpecError
from torcharc.planner import find_problems
from torcharc.spec.edits import apply_patch
from torcharc.spec.load import load_spec


def check(spec: Mapping[str, Any] | str | os.PathLike[str], **variables: Any) -> list[Problem]:
    """All problems, warnings and notes of a spec, in the order of its text; nothing is raised or built.

    Args:
        spec: As for `build`.
        variables: Other values of the spec's variables.

    Returns:
        Problems with `severity` `error` (the spec does not build), `warning` (it builds, and is
        likely not what was meant) or `note` (how something was read). From a file, `source` holds
        file and line; `patch` the edits that mend it, where they are known.

    Example:
        >>> import torcharc
        >>> [problem] = torcharc.check({"dag_in_shape": [8], "fc": {"type": "Linaer", "out_features": 4}})
        >>> problem.severity, problem.path, problem.hint
        ('error', ('fc', 'type'), "did you mean 'Linear'?")
    """
    try:
        loaded = load_spec(spec)
        return find_problems(loaded, variables)
    except SpecError as error:
        return list(error.problems)


class Repair(NamedTuple):
    """A mended spec, and the problems whose patches were applied to it."""

    spec: Any
    applied: list[Problem]


def repair(spec: Mapping[str, Any] | str | os.PathLike[str]) -> Repair:
    """The spec with every known patch applied, and which; the given spec stays as it is.

    Patches are applied round by round, since a mended fault can uncover another. One after which the
    place is at fault in the same way is taken back: no one size mends a module that runs at several.

    Example:
        >>> import torcharc
        >>> fixed = torcharc.repair({"type": "Linear", "in_features": 8, "out_featurs": "4"})
        >>> fixed.spec, len(fixed.applied)
        ({'type': 'Linear', 'in_features': 8, 'out_features': 4}, 2)
    """
    mended, applied = load_spec(spec).spec, []
    problems, left = check(mended), set()
    for _ in range(MOST_ROUNDS):
        problem = next((problem for problem in problems if problem.patch and problem not in left), None)
        if problem is None:
            break
        changed = apply_patch(mended, problem.patch)
        found = check(changed)
        if _recurs(problem, found):
            left.add(problem)
            continue
        mended, problems = changed, found
        applied.append(problem)
    return Repair(mended, applied)


MOST_ROUNDS = 100


def _recurs(problem: Problem, found: list[Problem]) -> bool:
    """Whether the fault of a problem stands there still, or in what its patch put in, now that it is applied."""
    places = [_move(problem), *(edit.path for edit in problem.patch if edit.action == "insert")]
    paths = [other.path for other in found if other.code == problem.code]
    return any(path[: len(place)] == place for path in paths for place in places)


def _move(problem: Problem) -> Path:
    """The place of a problem once its patch is applied: what is inserted into a list moves what stands behind."""
    path = problem.path
    for edit in problem.patch:
        *parent, index = edit.path
        depth = len(parent)
        if edit.action == "insert" and path[:depth] == tuple(parent) and len(path) > depth:
            at = path[depth]
            if isinstance(at, int) and isinstance(index, int) and at >= index:
                path = (*path[:depth], at + 1, *path[depth + 1 :])
    return path
