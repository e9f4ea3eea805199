"""Reading a spec: from a Mapping, or safely from a YAML or JSON file, with line numbers."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torcharc.errors import Path, Problem, SpecError, quote
from torcharc.spec.zoo_index import Entry, find_entry, is_zoo_name

MOST_CHARACTERS = 10_000_000
MOST_NESTED = 100
MOST_VALUES = 300_000
MOST_DIGITS = 300
MOST_BITS = 1000  # what a float still holds, as torch may make it one

_ATOMS = {str, bool, float, type(None)}
_SMALL = 2**63


@dataclasses.dataclass(slots=True)
class Loaded:
    """A spec as plain data, and where its parts stand in the file it came from.

    Attributes:
        spec: Dicts, lists, strings, numbers, booleans and None, copied from what was given.
        file: Name of the file, or `""`.
        lines: Path → line in the file, counted from 1.
        gaps: Line → comment, of comments with `...`, which stand for what was left out of the text.
        twins: Path of what an alias (`*conv`, `<<: *conv`) repeats → path where it stands in the text.
    """

    spec: Any
    file: str = ""
    lines: Mapping[Path, int] = dataclasses.field(default_factory=dict)
    gaps: Mapping[int, str] = dataclasses.field(default_factory=dict)
    twins: Mapping[Path, Path] = dataclasses.field(default_factory=dict)

    def place(self, problem: Problem) -> Problem:
        """The problem with file and line, where it came from a file."""
        path = problem.path
        while path and path not in self.lines:
            path = path[:-1]
        if not self.file:
            return problem
        line = self.lines.get(path, 1)
        hint = problem.hint
        before = [at for at in self.gaps if at < line]
        if problem.code == "undefined" and before:
            gap = f"line {max(before)} leaves something out: {quote(self.gaps[max(before)])}"
            hint = f"{hint} {gap}" if hint else gap
        return dataclasses.replace(problem, source=f"{self.file}:{line}", hint=hint)


def load_spec(spec: Any) -> Loaded:
    """The spec behind what a user gives: a Mapping, the path of a YAML or JSON file, or a name of the zoo.

    Raises:
        SpecError: If there is no such file or name, it is no YAML, it repeats a key, or the spec nests
            too deep or holds itself.
    """
    if is_zoo_name(spec):
        return _load_entry(find_entry(spec))
    if isinstance(spec, (str, os.PathLike)):
        return _load_file(spec)
    try:
        return Loaded(_copy_plain(spec, [MOST_VALUES], MOST_NESTED))
    except _NotPlain:
        return Loaded(_Counter().copy(spec, ()))


class _NotPlain(Exception):
    """A spec holds what the short copy does not know."""


def _copy_plain(value: Any, left: list[int], levels: int) -> Any:
    """A copy of dicts and lists of plain values, as most specs are: without paths, and so in half the time.

    Raises:
        _NotPlain: If there is anything else in it, or more than is allowed.
    """
    left[0] -= 1
    if left[0] < 0 or levels < 0:
        raise _NotPlain
    if type(value) is dict:
        return {
            key: item
            if type(item) in _ATOMS or (type(item) is int and -_SMALL < item < _SMALL)
            else _copy_plain(item, left, levels - 1)
            for key, item in value.items()
        }
    if type(value) is list:
        return [
            item
            if type(item) in _ATOMS or (type(item) is int and -_SMALL < item < _SMALL)
            else _copy_plain(item, left, levels - 1)
            for item in value
        ]
    raise _NotPlain


class _Counter:
    """Copies a spec into plain data, within limits of depth and size."""

    def __init__(self) -> None:
        self.count = 0

    def copy(self, value: Any, path: Path) -> Any:
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind is int:
            if value.bit_length() > MOST_BITS:
                expected = f"numbers of at most {MOST_DIGITS} digits"
                raise SpecError(Problem(path, "a very long number", expected, code="value"))
            return value
        self.check(path)
        if kind is dict:  # the checks below take long, and most values are plain
            return {key: item if type(item) in _ATOMS else self.copy(item, (*path, key)) for key, item in value.items()}
        if kind is list:
            return [self.copy(item, (*path, index)) for index, item in enumerate(value)]
        if kind.__module__ == "numpy" and hasattr(value, "tolist"):
            value = value.tolist()  # a number, or an array as lists
        if isinstance(value, Mapping):
            return {key: self.copy(item, (*path, key)) for key, item in _read_pairs(value, path)}
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
            return [self.copy(item, (*path, index)) for index, item in enumerate(value)]
        if hasattr(value, "item") and getattr(value, "ndim", None) == 0 and hasattr(value, "dtype"):
            return value.item()  # a tensor that is a number
        return value

    def check(self, path: Path) -> None:
        self.count += 1
        if len(path) > MOST_NESTED:
            found = "a spec that nests deeper, or holds itself"
            raise SpecError(Problem(path[:3], found, f"at most {MOST_NESTED} levels"))
        if self.count > MOST_VALUES:
            raise SpecError(Problem((), "a larger spec", f"at most {MOST_VALUES} lists and mappings"))


def _read_pairs(value: Mapping[Any, Any], path: Path) -> Iterator[tuple[Any, Any]]:
    """The pairs of a mapping; one that computes its values, as OmegaConf's do, may fail to."""
    for key in value:
        try:
            item = value[key]
        except Exception as error:
            reason = str(error).split("\n")[0]
            raise SpecError(Problem((*path, key), reason, "a value that can be read", code="value")) from error
        yield key, item


def _load_entry(entry: Entry) -> Loaded:
    """The file of a zoo entry, its variables at the values of the entry."""
    loaded = _load_file(entry.file)
    spec = {**loaded.spec, "vars": {**loaded.spec["vars"], **entry.values}}
    return dataclasses.replace(loaded, spec=spec, file=f"zoo/{entry.file.name}")


def _load_file(path: str | os.PathLike[str]) -> Loaded:
    name = os.fspath(path)
    try:
        text = pathlib.Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        hint = "to build from YAML text, give yaml.safe_load(text)" if "\n" in str(name) else ""
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "it cannot be read"
        raise SpecError(Problem((), quote(name), f"the path of a spec file; {reason}", hint, "file")) from error
    from torcharc.spec.yaml_text import load_text  # only files need PyYAML, which takes a while to import

    return load_text(text, pathlib.Path(name).name)
