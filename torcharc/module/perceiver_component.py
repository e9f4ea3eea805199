"""Parts of a Perceiver: the rules their arguments obey, and how a spec `{type: ...}` names one.

A part is a module whose constructor takes the shape of its input as `in_shape` (or, with one
input per mode, `in_shapes`) and which tells its own `out_shape`; both without the batch axis.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from torcharc.arguments import MOST_LAYERS
from torcharc.errors import ArgumentError, Path, Problem, missing_key, nearest, quote, unknown_keys, wrong_choice
from torcharc.registry import find

Shape = tuple[int | None, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What an argument must be, in words and as a test."""

    expected: str
    accepts: Callable[[Any], bool]

    def check(self, path: Path, value: object) -> Iterator[Problem]:
        """The problem that `value` has, if any."""
        if not self.accepts(value):
            yield Problem(path, quote(value), self.expected, self._hint(value), "value")

    def _hint(self, value: object) -> str:
        """How to write the integer that was probably meant."""
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value) and self.accepts(int(value)):
            return f"write {value} without quotes"
        if isinstance(value, float) and value.is_integer() and self.accepts(int(value)):
            return f"write {int(value)}"
        return ""


def is_size(value: object, least: int = 1) -> bool:
    """Whether `value` is an integer (no bool) of at least `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_probability(value: object) -> bool:
    """Whether `value` is a number p with 0 <= p < 1."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1


def shape_rule(expected: str, ranks: range, open_first: bool = False) -> Rule:
    """The rule of a shape with a number of axes in `ranks`; `open_first`: of several, the first may be None."""

    def accepts(value: object) -> bool:
        if not isinstance(value, (list, tuple)) or len(value) not in ranks:
            return False
        sizes = value[1:] if open_first and len(value) > 1 and value[0] is None else value
        return all(is_size(size) for size in sizes)

    return Rule(f"{expected}, integers above 0", accepts)


SIZE = Rule("an integer above 0", is_size)
DEPTH = Rule(f"an integer from 1 to {MOST_LAYERS}", lambda value: is_size(value) and value <= MOST_LAYERS)
OPTIONAL_SIZE = Rule("an integer above 0 or null", lambda value: value is None or is_size(value))
COUNT = Rule("an integer of at least 0", lambda value: is_size(value, 0))
FLAG = Rule("true or false", lambda value: isinstance(value, bool))
PROBABILITY = Rule("a number from 0 (included) to 1 (excluded)", is_probability)


class Component(nn.Module):
    """A part of a Perceiver.

    Attributes:
        rules: What each argument of the constructor must be, by name.
        in_dtype: The dtype its input needs; by mode, if it takes several inputs.
        out_shape: The shape it gives, without the batch axis; `None` is an axis of any length.
    """

    rules: ClassVar[Mapping[str, Rule]] = {}
    in_dtype: torch.dtype | dict[str, torch.dtype] = torch.float32
    out_shape: Any

    @classmethod
    def check(cls, **arguments: Any) -> list[Problem]:
        """All problems of `arguments`, some of the constructor's; paths start at the arguments."""
        known = [(name, value) for name, value in arguments.items() if name in cls.rules]
        return [problem for name, value in known for problem in cls.rules[name].check((name,), value)]

    @classmethod
    def require(cls, **arguments: Any) -> None:
        """Nothing, if `arguments` are fit for the constructor.

        Raises:
            ArgumentError: With all problems of `arguments`.
        """
        problems = cls.check(**arguments)
        if problems:
            raise ArgumentError(problems)


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """A place for one part: `kind` in words (`an encoder`), and the types that fit there by name."""

    kind: str
    types: Mapping[str, type[nn.Module]]


@dataclasses.dataclass(frozen=True, slots=True)
class Fill:
    """An argument that the surroundings of a part fill in: its value, and the place that fixed it."""

    name: str
    value: Any = None
    path: Path = ()
    known: bool = True


def component(type_name: object, types: Mapping[str, type[nn.Module]]) -> type[nn.Module] | None:
    """The class that `type_name` stands for, if any: a part that fits there, or a registered module.

    A module of your own serves as a part if its constructor takes `in_shape` and it has `out_shape`.
    """
    if not isinstance(type_name, str) or type_name in types:
        return types.get(str(type_name))
    entry = find(type_name)
    made: Any = entry.make if entry is not None and "in_shape" in entry.signature.arguments else None
    return typing.cast("type[nn.Module]", made) if isinstance(made, type) and not issubclass(made, Component) else None


def parameters(cls: type[nn.Module]) -> Mapping[str, inspect.Parameter]:
    """The arguments of `cls` by name, `*args` and `**kwargs` left out: a part names what it takes."""
    open_kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = inspect.signature(cls).parameters
    return {name: parameter for name, parameter in named.items() if parameter.kind not in open_kinds}


def check_component(path: Path, spec: object, slot: Slot, fill: Fill) -> list[Problem]:
    """All problems of `spec`, a dict `{type: name, **arguments}` that stands at `path`."""
    if not isinstance(spec, Mapping):
        return [Problem(path, quote(spec), "a mapping with the key 'type'", code="kind")]
    if "type" not in spec:
        near = nearest("type", [key for key in spec if isinstance(key, str)])
        return [missing_key(path, "type", f"rename {near!r} to 'type'" if near else "")]
    cls = component(spec["type"], slot.types)
    if cls is None:
        return [wrong_choice((*path, "type"), spec["type"], slot.kind, slot.types, "unknown-type")]
    return _check_arguments(path, {key: spec[key] for key in spec if key != "type"}, cls, fill)


def _check_arguments(path: Path, given: dict[str, Any], cls: type[nn.Module], fill: Fill) -> list[Problem]:
    names = parameters(cls)
    required = [name for name, parameter in names.items() if parameter.default is parameter.empty]
    missing = [name for name in required if name not in given and name != fill.name]
    problems = unknown_keys(path, given, names, missing)
    problems += contradictions(path, given, fill)
    if issubclass(cls, Component):
        arguments = {name: value for name, value in given.items() if name in names and name != fill.name}
        if fill.known and fill.name in names:
            arguments = {fill.name: fill.value, **arguments}
        problems += [_place(problem, path, fill) for problem in cls.check(**arguments)]
    return problems


def _place(problem: Problem, path: Path, fill: Fill) -> Problem:
    """`problem`, seen from outside: a filled-in value stands where it was fixed, all others under `path`."""
    if problem.path[0] == fill.name:
        return dataclasses.replace(problem, path=(*fill.path, *problem.path[1:]))
    return problem.under(*path)


def contradictions(path: Path, given: Mapping[str, Any], fill: Fill) -> list[Problem]:
    """The problem of a value in `given` that differs from the one filled in, if any."""
    if not fill.known or fill.name not in given or _agree(given[fill.name], fill.value):
        return []
    value = list(fill.value) if isinstance(fill.value, tuple) else fill.value
    return [Problem((*path, fill.name), quote(given[fill.name]), f"{quote(value)}, or no such key", code="shape")]


def _agree(given: object, value: object) -> bool:
    """Whether two shapes, or dicts of shapes, are the same where both are known."""
    if isinstance(given, Mapping) and isinstance(value, Mapping):
        return given.keys() == value.keys() and all(_agree(given[key], value[key]) for key in given)
    if isinstance(given, Sequence) and isinstance(value, Sequence) and len(given) == len(value):
        return all(left == right or None in (left, right) for left, right in zip(given, value, strict=True))
    return False


def make_component(path: Path, spec: Mapping[str, Any], slot: Slot, fill: Fill) -> Any:
    """The module of a checked `spec`, which stays as it is.

    Raises:
        ArgumentError: If the value of `fill`, now known, contradicts one in `spec`.
    """
    problems = contradictions(path, spec, fill)
    if problems:
        raise ArgumentError(problems)
    cls = component(spec["type"], slot.types)
    assert cls is not None  # it was checked
    filled = {fill.name: fill.value} if fill.name in parameters(cls) else {}
    return cls(**{key: value for key, value in spec.items() if key != "type"} | filled)
