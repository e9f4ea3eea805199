"""One problem for one cause: what one edit would mend is told once, at the place of that edit.

A name that is misspelt where it is defined is missed wherever it is used; a module that runs eight
times has its fault eight times. Which of the edits that come into question is behind several problems
is found by trying: the spec is read again with the edit made. That takes as long as reading it does,
and happens only where there are problems.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torcharc.errors import Path, Problem
from torcharc.spec.edits import apply_patch
from torcharc.spec.suspects import MOST_VALUES, Suspect, Words, complete, list_suspects, replace_word

Find = Callable[[Any], tuple[list[Problem], int]]
"""The errors of a spec, and how many nodes it has."""

MOST_TRIALS = 16
"""The most edits that are tried for one spec."""

MOST_NODES = 10_000
"""The most nodes that are read in these trials, together."""

_REPEATED = ("shape", "arguments", "value", "choice", "template", "unbound-name")


def find_causes(
    problems: Sequence[Problem], spec: Any, find: Find, twins: Mapping[Path, Path] | None = None
) -> list[Problem]:
    """The problems with those of one cause told once; warnings and notes as they are.

    Args:
        problems: All problems of the spec.
        spec: Plain data, which is not changed.
        find: Reads a spec.
        twins: Path of what an alias of the file repeats → path where it stands in the text.

    Example:
        >>> spec = {"vars": {"widht": 8}, "a": "${width}", "b": "${width}"}
        >>> def find(spec):
        ...     wrong = [key for key in "ab" if "width" not in spec["vars"]]
        ...     return [Problem((key,), "the name 'width'", "a variable") for key in wrong], 1
        >>> [problem] = find_causes(find(spec)[0], spec, find)
        >>> problem.path, problem.hint
        (('vars', 'widht'), "did you mean 'width'?")
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    words = Words(spec, twins or {}) if errors else None
    if words is None or words.count > MOST_VALUES:
        return list(problems)
    errors = _join_aliases([complete(problem, spec) for problem in errors], words)
    told = _Search(errors, words, find).run()
    return [*_join_uses(told), *(problem for problem in problems if problem.severity != "error")]


def _join_aliases(errors: Sequence[Problem], words: Words) -> list[Problem]:
    """The errors, those of one place in the text that aliases repeat as one there."""
    groups: dict[tuple[Path, str, str], list[Problem]] = {}
    for error in errors:
        own = words.twins.get(error.path, error.path)
        groups.setdefault((own, error.code, error.found), []).append(error)
    joined = []
    for (path, _, _), group in groups.items():
        first = group[0]
        if len(group) > 1 and any(error.path != path for error in group):
            own = {other: words.twins.get(other.path, other.path) for other in first.patch}
            edits = tuple(dataclasses.replace(edit, path=own[edit]) for edit in first.patch)
            first = dataclasses.replace(first, path=path, patch=words.repeat(edits))
        joined.append(first)
    return joined


def _join_uses(errors: Sequence[Problem]) -> list[Problem]:
    """The errors, those of one place in a module that differ by its uses as one."""
    seen: dict[tuple[Path, str], None] = {}
    kept = []
    for error in errors:
        key = error.path, error.code
        if error.code not in _REPEATED or key not in seen:
            kept.append(error)
        seen[key] = None
    return kept


class _Search:
    """Looks for edits that mend several errors."""

    def __init__(self, errors: Sequence[Problem], words: Words, find: Find):
        self.errors = list(errors)
        self.words = words
        self.find = find
        self.trials = MOST_TRIALS
        self.nodes = MOST_NODES

    def run(self) -> list[Problem]:
        """The causes, and the errors that have one each."""
        rest, spec, told = self.errors, self.words.spec, []
        while rest and self.trials > 0 and self.nodes > 0:
            found = self._find_best(rest, spec)
            if found is None:
                break
            suspect, left = found
            told.append(suspect.problem)
            rest, spec = left, apply_patch(spec, suspect.patch)
        return [*told, *rest]

    def _find_best(self, rest: list[Problem], spec: Any) -> tuple[Suspect, list[Problem]] | None:
        """The suspect that explains the most of the errors, and those that it does not explain."""
        best: tuple[Suspect, list[Problem]] | None = None
        for suspect in list_suspects(rest, self.words):
            if self.trials <= 0 or self.nodes <= 0:
                break
            left = self._try(suspect, rest, spec)
            if left is not None and len(left) < len(best[1] if best else rest):
                best = suspect, left
            if best is not None and not best[1]:
                break
        return best

    def _try(self, suspect: Suspect, rest: list[Problem], spec: Any) -> list[Problem] | None:
        """The errors that are left when a suspect is mended; None where that makes new ones."""
        self.trials -= 1
        found, nodes = self.find(apply_patch(spec, suspect.patch))
        self.nodes -= max(nodes, 1)
        keys = {_identify(problem, suspect) for problem in found}
        if not keys <= {_identify(problem, suspect) for problem in rest}:
            return None
        return [problem for problem in rest if _identify(problem, suspect) in keys]


def _identify(problem: Problem, suspect: Suspect) -> tuple[Path, str, str]:
    """What makes a problem the same before and after an edit that puts one word for another."""
    old, new = suspect.words
    if not old:
        return problem.path, problem.code, problem.found
    path = tuple(new if key == old else key for key in problem.path)
    return path, problem.code, replace_word(problem.found, old, new)
