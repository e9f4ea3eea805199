"""Errors: every fault is a `Problem`, and every message is a view of problems.

The error tree::

    ArcError
    ├── SpecError      a spec cannot become a network        (also a ValueError)
    ├── ArgumentError  a block was given unusable arguments  (also a ValueError)
    └── InputError     a network was called with the wrong tensors (also a ValueError)
"""

from __future__ import annotations

import dataclasses
import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from torcharc.spelling import nearest as nearest

Path = tuple[str | int, ...]

MOST_CHOICES = 12

_HINT = re.compile(r"did you mean '([^']*)'\?")

Severity = Literal["error", "warning", "note"]


@dataclasses.dataclass(frozen=True, slots=True)
class Edit:
    """One step of a repair: `set` the value at `path`, `insert` it there into a list, `rename` the key there."""

    action: Literal["set", "insert", "rename"]
    path: Path
    value: Any

    def under(self, *prefix: str | int) -> Edit:
        """The same edit, seen from a place `prefix` further out."""
        return dataclasses.replace(self, path=(*prefix, *self.path))


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One fault, with its place and its repair.

    Attributes:
        path: Keys and positions that lead to the fault, from the root of the spec.
        found: What stands there, in the user's own words.
        expected: The rule or the choice that was not met.
        hint: A repair that is likely right, or `""`.
        code: A stable name of the kind of fault, for programs.
        source: File and line (`net.yaml:14`), or `""` for a spec that came from no file.
        severity: `error` stops a build; `warning` is a likely mistake, `note` a chosen reading.
        patch: Edits of the spec that mend it, where they are known; none is made unasked.
    """

    path: Path
    found: str
    expected: str
    hint: str = ""
    code: str = "invalid"
    source: str = ""
    severity: Severity = "error"
    patch: tuple[Edit, ...] = dataclasses.field(default=(), compare=False)

    def under(self, *prefix: str | int) -> Problem:
        """The same problem, seen from a place `prefix` further out."""
        patch = tuple(edit.under(*prefix) for edit in self.patch)
        return dataclasses.replace(self, path=(*prefix, *self.path), patch=patch)


class ArcError(Exception):
    """What all errors of torcharc have in common: a tuple of problems.

    Attributes:
        problems: At least one `Problem`.
    """

    title = "the spec"
    root = "spec"

    def __init__(self, problems: Problem | Iterable[Problem]):
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'s' if count > 1 else ''} in {self.title}"
        return "\n".join([head, *(format_problem(problem, self.root) for problem in self.problems)])


class SpecError(ArcError, ValueError):
    """A spec cannot become a network (or an optimizer, a scheduler, a criterion)."""


class ArgumentError(ArcError, ValueError):
    """A block was given arguments that it cannot work with."""

    title = "the arguments"
    root = ""


class InputError(ArcError, ValueError):
    """A network was called with tensors that do not fit its inputs."""

    title = "the inputs"
    root = "inputs"


def format_path(path: Sequence[str | int], root: str = "spec") -> str:
    """`path` as one would type it in Python: `spec.image.layers[1]`."""
    text = root
    for key in path:
        if isinstance(key, str) and key.isidentifier():
            text += f".{key}" if text else key
        else:
            text += f"[{key!r}]"
    return text


def format_problem(problem: Problem, root: str = "spec") -> str:
    """The lines that show `problem`: its place, then found, expected and hint."""
    place = format_path(problem.path, root)
    if problem.source:
        place = f"{problem.source}: {place}"
    lines = [place, f"  found: {problem.found}", f"  expected: {problem.expected}"]
    if problem.hint:
        lines.append(f"  hint: {problem.hint}")
    return "\n".join(lines)


_quoting = reprlib.Repr()
_quoting.maxdict = _quoting.maxlist = _quoting.maxtuple = 8
_quoting.maxstring = _quoting.maxother = _quoting.maxlong = 60
_quoting.maxlevel = 3


def quote(value: object) -> str:
    """The user's own words: `repr`, shortened where it is long."""
    if type(value) is str and len(value) < 30:
        return repr(value) if value.isascii() and value.isprintable() else _quoting.repr(value)
    try:
        return "nothing" if value is None else _quoting.repr(value)
    except ValueError:  # Python refuses to write out an integer of thousands of digits
        return "a very long number"


def choices(names: Iterable[str]) -> str:
    """`names` sorted, at most twelve of them, with a count of the rest."""
    ordered = sorted(names)
    text = ", ".join(ordered[:MOST_CHOICES])
    rest = len(ordered) - MOST_CHOICES
    return f"{text} and {rest} more" if rest > 0 else text


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """A hint that names the nearest of `names`, or `""`."""
    name = nearest(word, names)
    return f"did you mean {name!r}?" if name is not None else ""


def read_hint(hint: str) -> str:
    """The name that a hint of `did_you_mean` names; `""` for other hints.

    Example:
        >>> read_hint(did_you_mean("Linaer", ["Linear"]))
        'Linear'
    """
    found = _HINT.match(hint)
    return found.group(1) if found else ""


def wrong_choice(path: Path, word: object, kind: str, names: Iterable[str], code: str = "choice") -> Problem:
    """`word` stands where one of `names` is expected; `kind` says what they are."""
    names = list(names)
    name = nearest(word, names)
    patch = (Edit("set", path, name),) if name is not None else ()
    return Problem(path, quote(word), f"{kind}: {choices(names)}", did_you_mean(word, names), code, patch=patch)


def unknown_keys(path: Path, given: Iterable[str], known: Iterable[str], missing: Iterable[str] = ()) -> list[Problem]:
    """Problems for the keys in `given` that are not in `known`.

    A key that is close to a missing one is paired with it, so that one typo gives one
    problem; the missing keys that remain get a problem each.
    """
    given, known, missing = list(given), list(known), list(missing)
    problems = []
    for key in given:
        if key in known:
            continue
        name = nearest(key, missing) or nearest(key, known)
        if name in missing:
            missing.remove(name)
        hint = f"did you mean {name!r}?" if name is not None else ""
        expected = f"one of the keys: {choices(known)}" if known else "no further keys"
        patch = (Edit("rename", (*path, key), name),) if name is not None and name not in given else ()
        found = f"the key {quote(key)}"
        problems.append(Problem((*path, key), found, expected, hint, "unknown-key", patch=patch))
    problems += [missing_key(path, key) for key in missing]
    return problems


def respell(given: Mapping[Any, Any], problems: Iterable[Problem]) -> Mapping[Any, Any]:
    """`given` with its misspelt keys as they were likely meant, so that one typo leads to no further problem.

    Args:
        given: A mapping of the spec.
        problems: What `unknown_keys` said of it.
    """
    names = {edit.path[-1]: edit.value for problem in problems for edit in problem.patch if edit.action == "rename"}
    names = {key: name for key, name in names.items() if name not in given}
    return {names.get(key, key): value for key, value in given.items()} if names else given


def missing_key(path: Path, key: str, hint: str = "") -> Problem:
    """The required `key` is absent at `path`."""
    return Problem(path, f"no key {key!r}", f"the key {key!r}, which is required", hint, "missing-key")


def missing_type(path: Path, given: Iterable[object]) -> Problem:
    """The key `type` is absent at `path`, or one of the keys `given` is a misspelling of it."""
    typos = [key for key in given if isinstance(key, str) and nearest(key, ["type"])]
    return unknown_keys(path, typos[:1], ["type"], ["type"])[0]
