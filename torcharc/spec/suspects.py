"""Suspects: the single edits of a spec that may be behind its problems.

A word that problems name and that is used, but not defined, stands in the spec as a misspelling of it
that nothing uses; a value that a type refuses stands where a variable or a caller gives it.
"""

from __future__ import annotations

import collections
import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from torcharc.errors import Edit, Path, Problem, format_path, nearest, quote, read_hint
from torcharc.spec.edits import fits, look_up
from torcharc.spec.numbers import parse_number

MOST_VALUES = 20_000
"""The most values of a spec in which a common cause of its problems is looked for."""

MOST_WORDS = 6
"""The most words of the problems that a misspelling is looked for."""

MOST_ALIKE = 200
"""The most words of the spec that one of these is compared with."""

_WORD = re.compile(r"[A-Za-z_]\w*")
_FLOAT = re.compile(r"\d\.0(?!\d)")
_NUMBER = re.compile(r"'[^']*'|(?<!\w)\[[^][]*\]|[-\w.]+")
_QUOTED = re.compile(r"'([^']*)'")


@dataclasses.dataclass(frozen=True, slots=True)
class Suspect:
    """An edit that may mend several problems, and what is told if it does."""

    patch: tuple[Edit, ...]
    problem: Problem
    words: tuple[str, str] = ("", "")


def replace_word(text: str, old: str, new: str) -> str:
    """`text` with one word in place of another.

    Example:
        >>> replace_word("${widht * widht2}", "widht", "width")
        '${width * widht2}'
    """
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)


class _Place(NamedTuple):
    """Where a word stands: as a key, or in the text there."""

    path: Path
    is_key: bool


class Words:
    """The words and values of a spec, by their places in the text.

    Args:
        spec: Plain data.
        twins: Path of what an alias repeats → path where it stands in the text.
    """

    def __init__(self, spec: Any, twins: Mapping[Path, Path]):
        self.spec = spec
        self.twins = twins
        self.copies: dict[Path, list[Path]] = {}
        for path, own in twins.items():
            self.copies.setdefault(own, []).append(path)
        self.places: dict[str, dict[_Place, None]] = {}
        self.values: list[tuple[Path, Any]] = []
        self.count = 0
        self._walk(spec, ())

    def _walk(self, value: Any, path: Path) -> None:
        self.count += 1
        if self.count > MOST_VALUES:
            return
        if isinstance(value, Mapping):
            for key, item in value.items():
                self._note(key, _Place((*path, key), True))
                self._walk(item, (*path, key))
        elif isinstance(value, (list, tuple)):
            if len(value) == 1 and path not in self.twins:
                self.values.append((path, value))
            for index, item in enumerate(value):
                self._walk(item, (*path, index))
        elif path not in self.twins:
            self._note(value, _Place(path, False))
            self.values.append((path, value))

    def _note(self, text: Any, place: _Place) -> None:
        if isinstance(text, str) and place.path not in self.twins:
            for word in _WORD.findall(text):
                self.places.setdefault(word, {})[place] = None

    def only_place(self, word: str) -> _Place | None:
        """The place of a word that stands in one alone."""
        places = self.places.get(word, {})
        return next(iter(places)) if len(places) == 1 else None

    def list_alike(self, word: str) -> list[str]:
        """The words that stand in one place alone and are about as long as `word`, with its first or last letter."""
        found: list[str] = []
        for name, places in self.places.items():
            if len(places) == 1 and abs(len(name) - len(word)) <= 2 and len(found) < MOST_ALIKE:
                found += [name] if name[0] == word[0] or name[-1] == word[-1] else []
        return found

    def swap(self, place: _Place, old: str, new: str) -> tuple[Edit, ...]:
        """The patch that writes another word at a place, and wherever an alias repeats it."""
        text = place.path[-1] if place.is_key else look_up(self.spec, place.path)
        edit = Edit("rename" if place.is_key else "set", place.path, replace_word(str(text), old, new))
        return self.repeat((edit,))

    def repeat(self, patch: tuple[Edit, ...]) -> tuple[Edit, ...]:
        """A patch made at each place where an alias repeats what it mends."""
        edits = []
        for edit in patch:
            places = [edit.path, *self.copies.get(edit.path, ())]
            alike = [path for path in places if look_up(self.spec, path) == look_up(self.spec, edit.path)]
            edits += [dataclasses.replace(edit, path=path) for path in alike]
        return tuple(edits)


def complete(problem: Problem, spec: Any) -> Problem:
    """A problem with the patch that its hint tells; without one that does not fit what stands in the spec."""
    if problem.patch:
        return problem if fits(spec, problem.patch) else dataclasses.replace(problem, patch=())
    meant = read_hint(problem.hint)
    if not meant or not problem.path:
        return problem
    key, value = problem.path[-1], look_up(spec, problem.path)
    patch: tuple[Edit, ...] = ()
    named = _QUOTED.findall(problem.found)[:1]
    if isinstance(key, str) and named == [key] and isinstance(look_up(spec, problem.path[:-1]), Mapping):
        patch = (Edit("rename", problem.path, meant),)
    elif isinstance(value, str):
        is_word = _WORD.fullmatch(meant) is not None
        told = [word for word in _WORD.findall(value) if is_word and word in problem.found]
        word = nearest(meant, told) or (value if nearest(meant, [value]) else None)
        if word is not None:
            changed = replace_word(value, word, meant) if word != meant else meant
            patch = (Edit("set", problem.path, changed),) if changed != value else ()
    return dataclasses.replace(problem, patch=patch) if patch and fits(spec, patch) else problem


def list_suspects(problems: Sequence[Problem], words: Words) -> list[Suspect]:
    """The edits that may be behind the problems, the most likely first."""
    counts = _count_words(problems)
    found = [*_by_definition(problems, words, [word for word in counts if counts[word] > 1])]
    found += [*_by_patch(problems, words)]
    found += [*_by_definition(problems, words, [word for word in counts if counts[word] == 1])]
    found += [*_by_value(problems, words), *_by_number(problems, words)]
    first: dict[tuple[Edit, ...], Suspect] = {}
    for suspect in found:
        first.setdefault(suspect.patch, suspect)
    return list(first.values())


def _by_patch(problems: Sequence[Problem], words: Words) -> Iterator[Suspect]:
    """What the problems say themselves; of those that put one word for another, the first."""
    told = set()
    for problem in problems:
        if not problem.patch or any(edit.action == "insert" for edit in problem.patch):
            continue
        old, new = read_typo(problem, words.spec)
        if (old, new) in told and old:
            continue
        told.add((old, new))
        yield Suspect(words.repeat(problem.patch), problem, (old, new))


def read_typo(problem: Problem, spec: Any) -> tuple[str, str]:
    """The word that the patch of a problem takes away, and the one that it puts there."""
    edit = problem.patch[0]
    before = edit.path[-1] if edit.action == "rename" else look_up(spec, edit.path)
    old, new = _WORD.findall(str(before)), _WORD.findall(str(edit.value))
    if len(old) != len(new):
        return str(before), str(edit.value)
    return next((pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]), ("", ""))


def _by_definition(problems: Sequence[Problem], words: Words, wanted: Sequence[str]) -> Iterator[Suspect]:
    """Words that stand in one place alone and are near to a word that the problems name: misspelt definitions."""
    for word in wanted:
        once = {name.lower(): name for name in words.list_alike(word)}
        close = difflib.get_close_matches(word.lower(), once, n=3, cutoff=0.7)
        near = nearest(word, [name for name in once.values() if name != word])
        names = [*([near] if near else []), *(once[name] for name in close)]
        for name in dict.fromkeys(name for name in names if name != word):
            place = words.only_place(name)
            if place is None:
                continue
            uses = [problem.path for problem in problems if word in _words_of(problem)]
            patch = words.swap(place, name, word)
            yield Suspect(patch, _tell_definition(name, word, place, uses, problems[0].code, patch), (name, word))


def _count_words(problems: Sequence[Problem]) -> dict[str, int]:
    """The words that most problems name, and how many do."""
    counts = collections.Counter(word for problem in problems for word in sorted(_words_of(problem)))
    return dict(counts.most_common(MOST_WORDS))


def _words_of(problem: Problem) -> set[str]:
    """The words in the quotes of what a problem found; a shape that does not fit is of no word."""
    if problem.code in ("shape", "arguments"):
        return set()
    return {word for text in _QUOTED.findall(problem.found) for word in _WORD.findall(text) if len(word) > 1}


def names_word(problem: Problem, word: str) -> bool:
    """Whether a problem quotes a word of the spec."""
    return word in _words_of(problem)


def _tell_definition(
    name: str, word: str, place: _Place, uses: Sequence[Path], code: str, patch: tuple[Edit, ...]
) -> Problem:
    others = f" and {len(uses) - 1} more place{'s' if len(uses) > 2 else ''}" if len(uses) > 1 else ""
    names = "names" if len(uses) == 1 else "name"
    expected = f"{quote(word)}, which {format_path(uses[0])}{others} {names}"
    found = f"the name {quote(name)}, which nothing else names"
    return Problem(place.path, found, expected, f"did you mean {word!r}?", code, patch=patch)


def _by_value(problems: Sequence[Problem], words: Words) -> Iterator[Suspect]:
    """Wrong words that stand elsewhere than where they are refused: in a variable, or with a caller."""
    for problem in problems:
        meant = read_hint(problem.hint)
        for word in sorted(_words_of(problem)) if meant else ():
            place = words.only_place(word)
            if place is None or place.path == problem.path or not nearest(word, [meant]):
                continue
            patch = words.swap(place, word, meant)
            moved = dataclasses.replace(problem, path=place.path, patch=patch)
            yield Suspect(patch, moved, (word, meant))


def _by_number(problems: Sequence[Problem], words: Words) -> Iterator[Suspect]:
    """Numbers in a form that problems name, wherever they stand; last those of which they name a multiple."""
    others = []
    floats = [problem for problem in problems if _FLOAT.search(problem.found)]
    by_number: dict[str, list[Problem]] = {}
    for problem in problems:
        for text in dict.fromkeys(_NUMBER.findall(problem.found)):
            by_number.setdefault(text, []).append(problem)
    for path, value in words.values:
        naming = by_number.get(quote(value), [])
        if _mend_number(value)[0] is None:
            continue
        if naming:
            yield _suspect_number(path, value, naming, words)
        elif floats and isinstance(value, float):
            others.append(_suspect_number(path, value, floats, words))
    yield from others


def _suspect_number(path: Path, value: Any, naming: Sequence[Problem], words: Words) -> Suspect:
    meant, is_sure = _mend_number(value)
    patch = words.repeat((Edit("set", path, meant),))
    at_place = next((problem for problem in naming if problem.path == path), None)
    same = next((problem for problem in naming if problem.found == quote(value)), naming[0])
    hint = f"write {meant}" if is_sure else ""
    moved = dataclasses.replace(same, path=path, found=quote(value), hint=hint, patch=patch if is_sure else ())
    return Suspect(patch, at_place or moved)


def _mend_number(value: Any) -> tuple[Any, bool]:
    """The number that a value is likely meant for, and whether that is sure; None for a number as it should be."""
    if isinstance(value, str):
        number = parse_number(value)
        digits = re.search(r"\d+", value)
        return (number, True) if number is not None else (int(digits.group()) if digits else None, False)
    if isinstance(value, list) and len(value) == 1 and type(value[0]) in (int, float):
        return value[0], True
    if isinstance(value, float) and value.is_integer():
        return int(value), True
    return (-value, False) if isinstance(value, int) and value < 0 else (None, False)
