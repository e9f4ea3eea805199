"""Reading YAML (JSON is a part of it) into plain data, safely, with the line of every part.

Plain scalars mean what YAML 1.2 and people take them for: `1e-3` and `010` are numbers, `on` is text.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from torcharc.errors import Path, Problem, SpecError, choices, did_you_mean, quote
from torcharc.spec import load

# a number without a point, as YAML 1.2 reads it; plain scalars of YAML 1.1 differ (010, 1e-3, on)
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_WORDS |= {word: float("inf") for word in (".inf", ".Inf", ".INF", "+.inf")} | {"-.inf": float("-inf")}
_WORDS |= {word: float("nan") for word in (".nan", ".NaN", ".NAN")}


def load_text(text: str, file: str) -> load.Loaded:
    """The spec in a YAML or JSON text; `file` is the name that problems show."""
    if len(text) > load.MOST_CHARACTERS:
        raise SpecError(Problem((), f"{len(text)} characters", f"at most {load.MOST_CHARACTERS}", source=file))
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark is not None else file
        reason = getattr(error, "problem", None) or str(error).split("\n")[0]
        if "undefined alias" in reason and mark is not None:
            raise SpecError(_explain_alias(text, mark, place)) from error
        raise SpecError(Problem((), reason, "YAML", code="yaml", source=place)) from error
    except RecursionError:
        raise SpecError(Problem((), "a deeper nesting", f"at most {load.MOST_NESTED} levels", source=file)) from None
    reader = _Reader(file, repeats="&" in text)
    spec = reader.read(root, ()) if root is not None else None
    if reader.problems:
        raise SpecError(reader.problems)
    return load.Loaded(spec, file, reader.lines, _find_gaps(text), reader.twins)


def _explain_alias(text: str, mark: Any, place: str) -> Problem:
    """The problem that `*conv` names no `&conv` further up."""
    line = text.split("\n")[mark.line]
    word = line[mark.column :].removeprefix("*")
    word = re.split(r"[\s,\[\]{}]", word, maxsplit=1)[0]
    before = "\n".join([*text.split("\n")[: mark.line], line[: mark.column]])
    names = re.findall(r"(?<!\S)&([^\s,\[\]{}]+)", before)
    expected = f"an anchor further up: {choices(f'&{name}' for name in names)}" if names else "an anchor further up"
    return Problem((), f"the alias {quote('*' + word)}", expected, did_you_mean(word, names), "yaml", place)


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

    def __init__(self, file: str, *, repeats: bool = False):
        self.file = file
        self.repeats = repeats  # whether there may be aliases
        self.first: dict[int, Path] = {}
        self.twins: dict[Path, Path] = {}
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def read(self, node: Any, path: Path) -> Any:
        self.lines[path] = node.start_mark.line + 1
        if self.repeats and self.first.setdefault(id(node), path) is not path:
            self.twins[path] = self.first[id(node)]
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
        if len(path) > load.MOST_NESTED or self.count > load.MOST_VALUES:
            expected = f"at most {load.MOST_NESTED} levels and {load.MOST_VALUES} values, aliases expanded"
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
        if (
            not isinstance(node, yaml.ScalarNode)
            or node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS[type(node)]
        ):
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
                if isinstance(source, yaml.MappingNode) and depth < load.MOST_NESTED:
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
    if len(text) > load.MOST_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
