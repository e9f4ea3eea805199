"""Reading a spec: from a Mapping, or safely from a YAML or JSON file, with line numbers."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from torcharc.errors import Path, Problem, SpecError, quote

MOST_CHARACTERS = 10_000_000
MOST_NESTED = 100
MOST_VALUES = 1_000_000

# a number without a point, as YAML 1.2 reads it; plain scalars of YAML 1.1 differ (010, 1e-3, on)
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {word: True for word in ("true", "True", "TRUE")} | {word: False for word in ("false", "False", "FALSE")}
_WORDS |= {word: float("inf") for word in (".inf", ".Inf", ".INF", "+.inf")} | {"-.inf": float("-inf")}
_WORDS |= {word: float("nan") for word in (".nan", ".NaN", ".NAN")}


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """A spec as plain data, and where its parts stand in the file it came from.

    Attributes:
        spec: Dicts, lists, strings, numbers, booleans and None, copied from what was given.
        file: Name of the file, or `""`.
        lines: Path → line in the file, counted from 1.
    """

    spec: Any
    file: str = ""
    lines: Mapping[Path, int] = dataclasses.field(default_factory=dict)

    def place(self, problem: Problem) -> Problem:
        """The problem with file and line, where it came from a file."""
        path = problem.path
        while path and path not in self.lines:
            path = path[:-1]
        return dataclasses.replace(problem, source=f"{self.file}:{self.lines.get(path, 1)}") if self.file else problem


def load_spec(spec: Any) -> Loaded:
    """The spec behind what a user gives: a Mapping, or the path of a YAML or JSON file.

    Raises:
        SpecError: If there is no such file, it is no YAML, it repeats a key, or the spec nests
            too deep or holds itself.
    """
    if isinstance(spec, (str, os.PathLike)):
        return _load_file(spec)
    counter = _Counter()
    return Loaded(counter.copy(spec, ()))


class _Counter:
    """Copies a spec into plain data, within limits of depth and size."""

    def __init__(self) -> None:
        self.count = 0

    def copy(self, value: Any, path: Path) -> Any:
        kind = type(value)
        if kind is str or kind is int or kind is bool or kind is float or value is None:
            return value
        self.check(path)
        if isinstance(value, Mapping):
            return {key: self.copy(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
            return [self.copy(item, (*path, index)) for index, item in enumerate(value)]
        if hasattr(value, "item") and getattr(value, "ndim", None) == 0 and hasattr(value, "dtype"):
            return value.item()  # a NumPy number
        return value

    def check(self, path: Path) -> None:
        self.count += 1
        if len(path) > MOST_NESTED:
            raise SpecError(Problem(path[:3], "a spec that nests deeper, or holds itself", f"at most {MOST_NESTED} levels"))
        if self.count > MOST_VALUES:
            raise SpecError(Problem((), "a larger spec", f"at most {MOST_VALUES} lists and mappings"))


def _load_file(path: str | os.PathLike[str]) -> Loaded:
    name = os.fspath(path)
    try:
        text = pathlib.Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        hint = "to build from YAML text, give yaml.safe_load(text)" if "\n" in str(name) else ""
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "it cannot be read"
        raise SpecError(Problem((), quote(name), f"the path of a spec file; {reason}", hint, "file")) from error
    return load_text(text, pathlib.Path(name).name)


def load_text(text: str, file: str) -> Loaded:
    """The spec in a YAML or JSON text; `file` is the name that problems show."""
    if len(text) > MOST_CHARACTERS:
        raise SpecError(Problem((), f"{len(text)} characters", f"at most {MOST_CHARACTERS}", source=file))
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark is not None else file
        reason = getattr(error, "problem", None) or str(error).split("\n")[0]
        raise SpecError(Problem((), reason, "YAML", code="yaml", source=place)) from error
    except RecursionError:
        raise SpecError(Problem((), "a deeper nesting", f"at most {MOST_NESTED} levels", source=file)) from None
    reader = _Reader(file)
    spec = reader.read(root, ()) if root is not None else None
    if reader.problems:
        raise SpecError(reader.problems)
    return Loaded(spec, file, reader.lines)


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Reader:
    """Turns YAML nodes into plain data, and keeps the line of each."""

    def __init__(self, file: str):
        self.file = file
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def read(self, node: yaml.Node, path: Path) -> Any:
        self.lines[path] = node.start_mark.line + 1
        self.count += 1
        if len(path) > MOST_NESTED or self.count > MOST_VALUES:
            expected = f"at most {MOST_NESTED} levels and {MOST_VALUES} values, aliases expanded"
            raise SpecError(Problem(path[:3], "a larger spec", expected, source=self._source(node)))
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._read_scalar(node, path)

    def _read_mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in self._merged(node, path):
            key = self.read(key_node, path) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, (str, int)):
                self._add(key_node, path, "a key that is no name", "a name")
                continue
            if key in result:
                self._add(key_node, (*path, key), f"the key {quote(key)} again", "each key once", "duplicate-key")
                continue
            result[key] = self.read(value_node, (*path, key))
            self.lines[(*path, key)] = key_node.start_mark.line + 1
        return result

    def _merged(self, node: yaml.MappingNode, path: Path) -> Iterable[tuple[yaml.Node, yaml.Node]]:
        """The pairs of a mapping, those that `<<` brings last where they are not overridden."""
        own = [(key, value) for key, value in node.value if key.tag != "tag:yaml.org,2002:merge"]
        names = {key.value for key, _ in own if isinstance(key, yaml.ScalarNode)}
        brought = []
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    self._add(source, path, "a merge of what is no mapping", "<<: *a_mapping")
                    continue
                fresh = [pair for pair in source.value if pair[0].value not in names]
                names |= {pair[0].value for pair in fresh if isinstance(pair[0], yaml.ScalarNode)}
                brought += fresh
        return [*own, *brought]

    def _read_scalar(self, node: Any, path: Path) -> Any:
        text = str(node.value)
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        if tag not in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge"):
            self._add(node, path, f"the tag {quote(node.tag)}", "plain YAML, without tags of its own", "yaml")
            return None
        return text if node.style else read_scalar(text)  # plain: None, or "" from the C parser

    def _add(self, node: yaml.Node, path: Path, found: str, expected: str, code: str = "yaml") -> None:
        self.problems.append(Problem(path, found, expected, code=code, source=self._source(node)))

    def _source(self, node: yaml.Node) -> str:
        return f"{self.file}:{node.start_mark.line + 1}"


def read_scalar(text: str) -> Any:
    """An unquoted scalar, as YAML 1.2 and people mean it: `1e-3` and `010` are numbers, `on` is text."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 400:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
