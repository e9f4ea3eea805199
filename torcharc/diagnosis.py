"""`check` and `repair`: all that is to say of a spec, as data, and what can be mended by a program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from torcharc.errors import Problem, SpecError
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

    Patches are applied round by round, since a mended fault can uncover another.

    Example:
        >>> import torcharc
        >>> fixed = torcharc.repair({"type": "Linear", "in_features": 8, "out_featurs": "4"})
        >>> fixed.spec, len(fixed.applied)
        ({'type': 'Linear', 'in_features': 8, 'out_features': 4}, 2)
    """
    mended, applied = load_spec(spec).spec, []
    for _ in range(MOST_ROUNDS):
        problems = [problem for problem in check(mended) if problem.patch]
        if not problems:
            break
        mended = apply_patch(mended, problems[0].patch)
        applied.append(problems[0])
    return Repair(mended, applied)


MOST_ROUNDS = 100
