"""Layouts: how another library names and lays out the weights of a family, read from a table.

A table is `zoo/<layout>/<family>.yaml`, with these keys:

- `base`: a layout that has the same names but for those below; it may be absent;
- `prefix`: what stands before the keys of a model that has more around this one; it may be absent;
- `ignore`: patterns of keys that are no weights of ours (`*` is a wildcard);
- `vars`: names for expressions of the network's variables; they may be absent;
- `weights`: key there → key here, or `{to: ..., transpose: true, heads: ...}`.

In a key there, `{i}` is a number and a `*` at the end a name; a key here may compute with the number
and the variables, `stage.{i + 1}.merge.*`. Where a key there counts on over what is nested here, it is
the one that computes, and the key here has the numbers: `blocks.{sum(depths[:i]) + j}.*` is
`stage.{i}.block.{j}.*`. With a list under `to`, the weight is cut into as many equal parts along its
first axis; with `heads`, each head has its own part of each. `transpose` turns a matrix first.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from torcharc.errors import Problem, quote
from torcharc.spec.arithmetic import ExpressionError
from torcharc.spec.expression import evaluate

_PLACE = re.compile(r"\{([^}]*)\}")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One line of a table, or what it says of one module where the key there computes.

    Attributes:
        source: The pattern of the keys there.
        pattern: The same, compiled.
        targets: The keys here, one for each part.
        transpose: Whether a matrix is turned first.
        heads: How many heads each have their part of each target, or 0.
        scope: The variables that the keys here may compute with.
    """

    source: str
    pattern: re.Pattern[str]
    targets: tuple[str, ...]
    transpose: bool = False
    heads: int = 0
    scope: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def name(self, key: str) -> list[str]:
        """The keys here for a key there: none where it does not match, or gives no key here."""
        found = self.pattern.fullmatch(key)
        if found is None:
            return []
        try:
            texts = [_fill(target, {**self.scope, **_numbers(found)}) for target in self.targets]
        except ExpressionError:  # a number behind the last there is
            return []
        return [text.replace("*", found.groupdict().get("rest", "*")) for text in texts]

    def cut(self, weight: Tensor) -> list[Tensor]:
        """The parts of a weight.

        Raises:
            RuntimeError: If its first axis has no such parts.
        """
        count = len(self.targets)
        if self.transpose and weight.ndim == 2:
            weight = weight.T
        if count == 1:
            return [weight]
        if self.heads:
            weight = weight.reshape(self.heads, count, -1, *weight.shape[1:]).transpose(0, 1).flatten(0, 2)
        return list(weight.reshape(count, -1, *weight.shape[1:]))


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """A table, read."""

    prefix: str
    ignore: tuple[str, ...]
    rules: tuple[Rule, ...]

    def convert(self, state_dict: Mapping[str, Tensor]) -> tuple[dict[str, tuple[str, Tensor]], list[Problem]]:
        """The weights by their keys here, each with its key there; and what is wrong with the keys."""
        weights: dict[str, tuple[str, Tensor]] = {}
        problems: list[Problem] = []
        for key, weight in state_dict.items():
            path = ("state_dict", key)
            rule, names = self._find(key)
            if rule is None:
                if not any(fnmatch.fnmatchcase(key, pattern) for pattern in self.ignore):
                    problems.append(Problem(path, "a key that the layout does not have", "no such key", code="key"))
                continue
            try:
                parts = rule.cut(weight)
            except RuntimeError:
                expected = f"a first axis of {len(rule.targets)} equal parts"
                problems.append(Problem(path, f"the shape {tuple(weight.shape)}", expected, code="shape"))
                continue
            for name, part in zip(names, parts, strict=True):
                known = weights.setdefault(name, (key, part))
                if known[1].shape != part.shape or not torch.equal(known[1], part):
                    expected = f"those of {quote(known[0])}, as both are {quote(name)} here"
                    problems.append(Problem(path, "other numbers", expected, code="value"))
        return weights, problems

    def _find(self, key: str) -> tuple[Rule | None, list[str]]:
        for rule in self.rules:
            names = rule.name(key.removeprefix(self.prefix)) or rule.name(key)
            if names:
                return rule, names
        return None, []

    def sources(self, name: str) -> list[str]:
        """The patterns of the keys there that give the weight `name` here."""
        return [rule.source for rule in self.rules if any(_compile_target(to).fullmatch(name) for to in rule.targets)]


def read_layout(path: pathlib.Path, scope: Mapping[str, Any], names: Iterable[str] = ()) -> Layout:
    """The table of a file; `scope` has the variables of the network, and `names` are the keys of its weights."""
    import yaml  # it takes a while to import, and only the zoo's users need it here

    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    if base := table.get("base"):
        below = yaml.safe_load((path.parent.parent / base / path.name).read_text(encoding="utf-8"))
        table = {**below, **table, "weights": table.get("weights", {}) | below["weights"]}
    scope = {**scope, **{name: evaluate(text, scope) for name, text in table.get("vars", {}).items()}}
    weights = table["weights"].items()
    rules = [rule for source, value in weights for rule in _read_rule(source, value, scope, names)]
    return Layout(table.get("prefix", ""), tuple(table.get("ignore", ())), tuple(rules))


def _read_rule(source: str, value: Any, scope: Mapping[str, Any], names: Iterable[str]) -> Iterator[Rule]:
    rule = value if isinstance(value, Mapping) else {"to": value}
    targets = tuple(rule["to"] if isinstance(rule["to"], list) else [rule["to"]])
    heads = evaluate(rule["heads"], scope) if "heads" in rule else 0
    further = (rule.get("transpose", False), heads, scope)
    if all(place.isidentifier() for place in _PLACE.findall(source)):
        yield Rule(source, _compile(source), targets, *further)
        return
    pattern = _compile(targets[0])
    matches = [found for found in map(pattern.fullmatch, names) if found is not None]
    for numbers in {tuple(_numbers(found).items()): _numbers(found) for found in matches}.values():
        try:
            text = _fill(source, {**scope, **numbers})
        except ExpressionError:  # what stands before the first, or behind the last that is counted
            continue
        yield Rule(text, _compile(text), tuple(_fill(target, numbers) for target in targets), *further)


def _numbers(found: re.Match[str]) -> dict[str, int]:
    return {name: int(text) for name, text in found.groupdict().items() if name != "rest"}


def _fill(key: str, scope: Mapping[str, Any]) -> str:
    """A key with its places worked out; an ExpressionError where one has no value, or one below 0."""

    def value(place: re.Match[str]) -> str:
        found = evaluate(place[1], scope)
        if isinstance(found, int) and found < 0:
            raise ExpressionError(f"the number {found}", "one from 0 up")
        return str(found)

    return _PLACE.sub(value, key)


def _compile(key: str) -> re.Pattern[str]:
    """`layer.{i}.query.*` as a pattern with the groups `i` and `rest`."""
    parts = _PLACE.split(key)
    text = "".join(f"(?P<{part}>\\d{{1,9}})" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return re.compile(text.replace(r"\*", "(?P<rest>[^.]+)"))


@functools.lru_cache(maxsize=4096)
def _compile_target(target: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in _PLACE.split(target)[::2]]
    return re.compile("[^.]+".join(parts).replace(r"\*", "[^.]+"))
