"""The optimizer of a training block: a type, a learning rate and arguments, gathered from where they stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from torcharc.arguments import Kind
from torcharc.catalog import Selection, find_type, read_values
from torcharc.errors import Path, Problem, SpecError, quote, unknown_keys
from torcharc.optimizer import OPTIMIZERS, Lookahead, read_lookahead
from torcharc.spec.agreement import Given, list_clashes
from torcharc.spec.numbers import read_params
from torcharc.spec.training_settings import RATE, RATES, Setting, read_range

DEFAULT_RATE = 0.001

_ARGUMENTS = ("params", "config")
_EXTRAS = ("groups", "no_decay")
KEYS = ("type", *RATES, *_ARGUMENTS, *_EXTRAS)

_PAIR = "two numbers of at least 0 and below 1"
_RANGES = {
    "momentum": Setting(Kind(), lambda value: 0 <= value <= 1, "a number from 0 to 1"),
    "alpha": dataclasses.replace(RATE, kind=Kind()),  # of RMSprop
}


def read_optimizer(
    stated: Sequence[Given], rates: Sequence[Given], scope: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The one optimizer that a spec states, as `build_optimizer` takes it, and the problems.

    Args:
        stated: Each optimizer in the spec: a name, or `{type, lr, params or config}`.
        rates: Each learning rate that stands outside of an optimizer.
        scope: The bound names.

    Returns:
        `{type, lr, ...arguments}`; `{}` if none is stated, without a type if only a rate is.
    """
    reader = _Reader(scope, [_read_rate(rate.value, rate.path, scope) for rate in rates])
    typed = [one for one in stated if not isinstance(one.value, Mapping) or "type" in one.value]
    for one in typed or stated[:1]:
        reader.add_type(one)
    for one in stated:
        if isinstance(one.value, Mapping):
            reader.add_keys(one.value, one.path)
    return reader.finish(stated)


@dataclasses.dataclass
class _Reader:
    """Gathers the parts of an optimizer, each with its place."""

    scope: Mapping[str, Any]
    rates: list[tuple[Given, list[Problem]]]
    types: list[Given] = dataclasses.field(default_factory=list)
    values: dict[str, list[Given]] = dataclasses.field(default_factory=dict)
    problems: list[Problem] = dataclasses.field(default_factory=list)
    cls: Callable[..., Any] | None = None

    def add_type(self, one: Given) -> None:
        """Reads the type of one statement."""
        cls, found = find_type(OPTIMIZERS, one.value, one.path)
        self.problems += found
        if cls is not None:
            self.cls = self.cls or cls
            mapping = isinstance(one.value, Mapping)
            words = quote(one.value["type"] if mapping else one.value)
            self.types.append(Given(cls.__name__, (*one.path, "type") if mapping else one.path, words))

    def add_keys(self, block: Mapping[str, Any], path: Path) -> None:
        """Reads what one statement says besides its type."""
        said = {problem.path for problem in self.problems}  # a misspelt `type` is known by now
        wrong = unknown_keys(path, [key for key in block if (*path, key) not in said], KEYS)
        self.problems += [self._hint(problem) for problem in wrong]
        for key, value in block.items():
            if key in RATES:
                self.rates.append(_read_rate(value, (*path, key), self.scope))
            elif key in _EXTRAS:
                self._state(key, value, (*path, key), value)
            elif key in _ARGUMENTS and value is not None:
                self._add_arguments(value, (*path, key))

    def _hint(self, problem: Problem) -> Problem:
        known = () if self.cls is None else OPTIMIZERS.read_signature(self.cls).arguments
        key = problem.path[-1]
        return dataclasses.replace(problem, hint=f"write {key!r} under `params`") if key in known else problem

    def _add_arguments(self, given: Any, path: Path) -> None:
        """Reads what stands under `params` or `config`."""
        if not isinstance(given, Mapping):
            expected = "a mapping from arguments of the optimizer to values"
            self.problems.append(Problem(path, quote(given), expected, code="not-a-mapping"))
            return
        for key in RATES:
            if key in given:
                self.rates.append(_read_rate(given[key], (*path, key), self.scope))
        if self.cls is None:
            return
        rest = {key: value for key, value in given.items() if key not in RATES}
        values, found = _read_arguments(self.cls, rest, path, self.scope)
        self.problems += found
        for name, value in values.items():
            self._state(name, value, (*path, name), given[name])

    def _state(self, name: str, value: Any, path: Path, words: Any) -> None:
        self.values.setdefault(name, []).append(Given(value, path, quote(words)))

    def finish(self, stated: Sequence[Given]) -> tuple[dict[str, Any], list[Problem]]:
        """The optimizer that all statements make together, and all problems."""
        rates = [rate for rate, found in self.rates if not found]
        self.problems += [problem for _, found in self.rates for problem in found]
        for group in (self.types, rates, *self.values.values()):
            self.problems += list_clashes(group)
        values = {name: given[0].value for name, given in self.values.items()}
        if self.cls is None:
            return ({"lr": rates[0].value} if rates and not stated else {}), self.problems
        inner = values.get("optimizer")  # of Lookahead
        known = isinstance(inner, Mapping) and "lr" in inner
        arguments = values if known and not rates else {"lr": rates[0].value if rates else DEFAULT_RATE, **values}
        if not self.problems:
            tried = {name: value for name, value in arguments.items() if name not in _EXTRAS}
            self.problems += _try_out(Selection(self.cls, tried, stated[0].path, quote(stated[0].value)))
        return {"type": self.types[0].value, **arguments}, self.problems


def _read_rate(value: Any, path: Path, scope: Mapping[str, Any]) -> tuple[Given, list[Problem]]:
    rate, problems = read_range(RATE, value, path, scope)
    return Given(rate, path, quote(value)), problems


def _read_arguments(
    cls: Callable[..., Any], given: Mapping[str, Any], path: Path, scope: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The arguments of an optimizer, and all their problems: names, kinds and ranges."""
    signature = OPTIMIZERS.read_signature(cls)
    numbers, problems = read_params(signature, given, path, scope)
    if cls is Lookahead:
        problems += read_lookahead(numbers, path)[2]
        return numbers, problems
    values, found = read_values(signature.without("lr"), numbers, path)
    said = {problem.path for problem in problems}
    problems += [problem for problem in found if problem.path not in said]
    faulty: Collection[Any] = {problem.path[len(path)] for problem in problems if len(problem.path) > len(path)}
    for name, value in values.items():
        rule = None if name in faulty else _find_rule(cls, name, value)
        if rule is not None:
            problems.append(Problem((*path, name), quote(given[name]), rule, code="value"))
    return values, problems


def _find_rule(cls: Callable[..., Any], name: str, value: Any) -> str | None:
    """The range that the argument `name` is not in, in words."""
    if name == "betas" and isinstance(value, (list, tuple)):
        return None if all(0 <= item < 1 for item in value) else _PAIR
    setting = _RANGES.get(name)
    if setting is None or (name == "alpha" and not issubclass(cls, torch.optim.RMSprop)):  # type: ignore[arg-type]
        return None
    return None if setting.holds(value) else setting.rule


def _try_out(selection: Selection) -> list[Problem]:
    """What the optimizer's constructor says of the arguments."""
    try:
        selection.make([nn.Parameter(torch.zeros(1, 1))])
    except SpecError as error:
        return list(error.problems)
    return []
