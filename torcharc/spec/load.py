"""Reading a spec: from a Mapping, or safely from a YAML or JSON file, with line numbers."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from torcharc.errors import Path, Problem, SpecError, quote

MOST_CHARACTERS = 10_000_000
MOST_NESTED = 100
MOST_VALUES = 300_000
MOST_DIGITS = 300
MOST_BITS = 1000  # what a float still holds, as torch may make it one

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
        gaps: Line → comment, of comments with `...`, which stand for what was left out of the text.
    """

    spec: Any
    file: str = ""
    lines: Mapping[Path, int] = dataclasses.field(default_factory=dict)
    gaps: Mapping[int, str] = dataclasses.field(default_factory=dict)

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
        if kind is str or kind is bool or kind is float or value is None:
            return value
        if kind is int:
            if value.bit_length() > MOST_BITS:
                raise SpecError(Problem(path, "a very long number", f"numbers of at most {MOST_DIGITS} digits", code="value"))
            return value
        self.check(path)
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
            raise SpecError(Problem(path[:3], "a spec that nests deeper, or holds itself", f"at most {MOST_NESTED} levels"))
        if self.count > MOST_VALUES:
            raise SpecError(Problem((), "a larger spec", f"at most {MOST_VALUES} lists and mappings"))


def _read_pairs(value: Mapping[Any, Any], path: Path) -> Iterator[tuple[Any, Any]]:
    """The pairs of a mapping; one that computes its values, as OmegaConf's do, may fail to."""
    if type(value) is dict:
        yield from value.items()
        return
    for key in value:
        try:
            item = value[key]
        except Exception as error:
            reason = str(error).split("\n")[0]
            raise SpecError(Problem((*path, key), reason, "a value that can be read", code="value")) from error
        yield key, item


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
    return Loaded(spec, file, reader.lines, _find_gaps(text))


def _find_gaps(text: str) -> dict[int, str]:
    """Comments that stand for something left out: `# ... more layers ...`."""
    if "..." not in text:
        return {}
    lines = [line.strip() for line in text.split("\n")]
    return {number: line for number, line in enumerate(lines, 1) if line.startswith("#") and "..." in line}


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# the tags that plain YAML resolves to; any other was written out
_TAGS: dict[type, tuple[str, ...]] = {
    yaml.MappingNode: ("map",),
    yaml.SequenceNode: ("seq",),
    yaml.ScalarNode: ("str", "int", "float", "bool", "null", "timestamp", "value", "merge"),
}


class _Reader:
    """Turns YAML nodes into plain data, and keeps the line of each."""

    def __init__(self, file: str):
        self.file = file
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def read(self, node: Any, path: Path) -> Any:
        self.lines[path] = node.start_mark.line + 1
        self._count(node, path)
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        if tag not in _TAGS[type(node)]:
            self._add(node, path, f"the tag {quote(node.tag)}", "plain YAML, without tags of its own")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return node.value if node.style else read_scalar(node.value)  # plain: None, or "" from the C parser

    def _count(self, node: yaml.Node, path: Path) -> None:
        self.count += 1
        if len(path) > MOST_NESTED or self.count > MOST_VALUES:
            expected = f"at most {MOST_NESTED} levels and {MOST_VALUES} values, aliases expanded"
            raise SpecError(Problem(path[:3], "a larger spec", expected, source=self._source(node)))

    def _read_mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in self._merge(node, path):
            key = self._read_key(key_node)
            if key is None:
                self._add(key_node, path, "a key that is no name", "a name")
                continue
            if key in result:
                self._add(key_node, (*path, key), f"the key {quote(key)} again", "each key once", "duplicate-key")
                continue
            result[key] = self.read(value_node, (*path, key))
            self.lines[(*path, key)] = key_node.start_mark.line + 1
        return result

    def _read_key(self, node: Any) -> str | int | None:
        if not isinstance(node, yaml.ScalarNode) or node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS[type(node)]:
            return None
        key = node.value if node.style else read_scalar(node.value)
        return key if isinstance(key, (str, int)) else None

    def _merge(self, node: yaml.MappingNode, path: Path, depth: int = 0) -> list[tuple[Any, Any]]:
        """The pairs of a mapping; in front, in the order of PyYAML, those that `<<` brings and nobody overrides."""
        self._count(node, path)
        own, sources = [], []
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                own.append((key, value))
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(source, yaml.MappingNode) and depth < MOST_NESTED:
                    sources.append(source)
                else:
                    self._add(source, path, "a merge of what is no mapping", "<<: *a_mapping")
        pairs = {}
        for source in reversed(sources):
            pairs.update({_identify(key): (key, value) for key, value in self._merge(source, path, depth + 1)})
        seen, again = set(), []
        for key, value in own:
            if _identify(key) in seen:
                again.append((key, value))
            else:
                pairs[_identify(key)] = key, value
            seen.add(_identify(key))
        return [*pairs.values(), *again]

    def _add(self, node: yaml.Node, path: Path, found: str, expected: str, code: str = "yaml") -> None:
        self.problems.append(Problem(path, found, expected, code=code, source=self._source(node)))

    def _source(self, node: yaml.Node) -> str:
        return f"{self.file}:{node.start_mark.line + 1}"


def _identify(key: Any) -> Any:
    return (bool(key.style), key.value) if isinstance(key, yaml.ScalarNode) else id(key)


def read_scalar(text: str) -> Any:
    """An unquoted scalar, as YAML 1.2 and people mean it: `1e-3` and `010` are numbers, `on` is text."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > MOST_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
