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

from torcharc.errors import Edit, Path, Problem
from torcharc.spec.edits import apply_patch
from torcharc.spec.suspects import MOST_VALUES, Suspect, Words, complete, list_suspects, names_word, replace_word

Find = Callable[[Any], tuple[list[Problem], int]]
"""The errors of a spec, and how many nodes it has."""

MOST_TRIALS = 8
"""The most edits that are tried for one spec."""

MOST_WORK = 10_000
"""The most values that are read in these trials together, nodes and the search for near names counted."""

MOST_ERRORS = 500
"""The most errors that a common cause is looked for."""

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
    told = _Search(errors, words, find).run() if len(errors) <= MOST_ERRORS else errors
    places = {problem.path for problem in told}
    others = [problem for problem in problems if problem.severity != "error"]
    return [*_join_uses(told), *(other for other in others if other.code != "unused" or other.path not in places)]


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
            edits = tuple(dataclasses.replace(edit, path=words.twins.get(edit.path, edit.path)) for edit in first.patch)
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
    """Looks for edits that mend several errors, or one that is told at another place than that of the edit."""

    def __init__(self, errors: Sequence[Problem], words: Words, find: Find):
        self.rest = list(errors)
        self.told: list[Problem] = []
        self.words = words
        self.find = find
        self.mended = words.spec  # with the edits that were found
        self.typos: list[tuple[str, str]] = []  # the words that these took away, and those that they put there
        self.trials = MOST_TRIALS
        self.left = MOST_WORK

    def run(self) -> list[Problem]:
        """The causes, and the errors that have one each."""
        while self.rest and self._tell_next():
            pass
        return [*self.told, *self.rest]

    def _tell_next(self) -> bool:
        """Takes the errors of one cause together; whether there is one."""
        moved: dict[Problem, Problem] = {}
        for suspect in list_suspects(self.rest, self.words):
            if self.trials <= 0 or self.left < self._price():
                break
            typos = [*self.typos, suspect.words]
            mended, left, explained = self._try(suspect, typos)
            if len(explained) > 1 or (explained and not left):
                self.told.append(suspect.problem)
                self.rest, self.mended, self.typos = left, mended, typos
                return True
            if explained:  # by its own patch, which stands further up, or elsewhere
                moved.setdefault(explained[0], suspect.problem)
        self.rest = [moved.get(problem, problem) for problem in self.rest]
        return False

    def _price(self) -> int:
        """What a trial takes, its nodes aside: each error may look for the nearest of all words."""
        return self.words.count + len(self.rest) * len(self.words.places) // 100

    def _try(self, suspect: Suspect, typos: Sequence[tuple[str, str]]) -> tuple[Any, list[Problem], list[Problem]]:
        """The spec with the edit of a suspect, the errors that are left, and those that it explains."""
        self.trials -= 1
        self.left -= self._price()
        renamed = dict(self.typos)
        mended = apply_patch(
            self.mended,
            [
                dataclasses.replace(edit, path=(*_respell(edit.path[:-1], renamed), *edit.path[-1:]))
                for edit in suspect.patch
            ],
        )
        found, nodes = self.find(mended)
        self.left -= nodes
        keys = {_identify(problem, typos): problem for problem in found}
        pairs = [(_identify(problem, typos), problem) for problem in self.rest]
        left = [problem for key, problem in pairs if key in keys]
        explained = [problem for key, problem in pairs if key not in keys]
        known = {key for key, _ in pairs}
        new = [problem for key, problem in keys.items() if key not in known]
        if new and not (len(new) < len(explained) and _is_uncovered(new, suspect)):
            return mended, self.rest, []
        return mended, left + [_before(problem, suspect.patch) for problem in new], explained


def _before(problem: Problem, patch: Sequence[Edit]) -> Problem:
    """A problem of a spec that was patched, with its path as it was."""
    path = problem.path
    for edit in patch:
        renamed = (*edit.path[:-1], edit.value)
        if edit.action == "rename" and path[: len(renamed)] == renamed:
            path = (*edit.path, *path[len(renamed) :])
    return dataclasses.replace(problem, path=path)


def _is_uncovered(new: Sequence[Problem], suspect: Suspect) -> bool:
    """Whether new errors were hidden by those that a suspect explains, and do not come from its edit."""
    places = [edit.path for edit in suspect.patch]
    return suspect.words[1] != "" and not any(
        names_word(problem, suspect.words[1]) or any(place[: len(problem.path)] == problem.path for place in places)
        for problem in new
    )


def _respell(path: Path, typos: Mapping[str, str]) -> Path:
    return tuple(typos.get(key, key) if isinstance(key, str) else key for key in path)


def _identify(problem: Problem, typos: Sequence[tuple[str, str]]) -> tuple[Path, str, str]:
    """What makes a problem the same before and after edits that put one word for another."""
    found = problem.found
    for old, new in typos:
        found = replace_word(found, old, new) if old else found
    return _respell(problem.path, dict(typos)), problem.code, found
