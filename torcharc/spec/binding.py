"""Binding: what feeds each port of a node, read from the many ways in which `inputs` is written.

By name where all keys are ports, by position where it is a list. Whatever else people write is
read where only one reading makes sense, with a note that says which; the rest is an error that
lists the ports.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from torcharc.entry import Entry, Port
from torcharc.errors import Path, Problem, did_you_mean, quote
from torcharc.graph import Ref, Value
from torcharc.spec.references import Source

Read = Callable[[Any, Path], tuple[Ref | None, Problem | None]]
"""Reads one reference at a path."""

COMMUTING = frozenset({"torch.add", "torch.mul", "torch.Tensor.add", "torch.Tensor.mul"})

_NUMBERED = re.compile(r"(.*?)(\d{1,9})")


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """What is fed: a type, or a block.

    Attributes:
        name: Its name, for messages.
        ports: Its ports in order.
        settings: Further keywords of the call.
        given: Keys of the node's `params`.
        is_function: Whether `params` go to the call itself, and so can feed a port with a number.
        commutes: Whether the order of its two inputs makes no difference.
    """

    name: str
    ports: tuple[Port, ...]
    settings: Collection[str] = ()
    given: Collection[str] = ()
    is_function: bool = False
    commutes: bool = False

    @property
    def names(self) -> list[str]:
        """The names of the ports."""
        return [port.name for port in self.ports]

    def describe(self) -> str:
        """The ports in words; `?` marks those that may stay empty."""
        ports = [port.name + ("" if port.required else "?") for port in self.ports]
        return f"the ports of {self.name}: {', '.join(ports)}" if ports else f"no inputs: {self.name} takes none"


def target_of_type(entry: Entry, params: Mapping[str, Any], name: str) -> Target:
    """A type as a target; `name` is what the user calls it."""
    if entry.kind == "function":
        commutes = entry.name in COMMUTING
        return Target(name, entry.ports, frozenset(entry.signature.arguments), frozenset(params), True, commutes)
    forward = getattr(entry.make, "forward", None)
    settings = frozenset() if forward is None else _call_settings(forward, entry.ports)
    return Target(name, entry.ports, settings, frozenset(params))


@functools.lru_cache(maxsize=1024)
def _call_settings(forward: Callable[..., Any], ports: tuple[Port, ...]) -> frozenset[str]:
    """The settings of a call of `forward`, as `need_weights`: its keywords but the ports."""
    try:
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    left_out = {"self", *(port.name for port in ports)}
    return frozenset(parameter.name for parameter in parameters if parameter.kind in named) - left_out


@dataclasses.dataclass(slots=True)
class Binding:
    """What feeds each port, the numbers that go to the call as keywords, and problems and notes."""

    inputs: dict[str, Value] = dataclasses.field(default_factory=dict)
    settings: dict[str, int | float | bool] = dataclasses.field(default_factory=dict)
    problems: list[Problem] = dataclasses.field(default_factory=list)

    @property
    def is_faulty(self) -> bool:
        """Whether it has more than notes."""
        return bool(self.problems) and any(problem.severity == "error" for problem in self.problems)


def bind_inputs(value: Any, target: Target, path: Path, read: Read, sources: Mapping[str, Source]) -> Binding:
    """What feeds each port of `target`, when the spec says `value` at `path`."""
    binder = _Binder(target, path, read, sources)
    if isinstance(value, Mapping) and value:
        binder.bind_mapping(value)
    elif isinstance(value, (list, tuple)) and value:
        places: list[tuple[Any, Path]] = [(item, (*path, index)) for index, item in enumerate(value)]
        binder.bind_row(places, quote(value))
    elif isinstance(value, str):
        ports = target.ports
        if len(ports) == 1 and ports[0].takes == "tensor":  # most nodes
            binder.feed(ports[0], value, path)
        else:
            binder.bind_row([(value, path)], quote(value))
    else:
        expected = f"a reference, a list of references, or references by port; {target.describe()}"
        hint = "leave inputs out to take the node before" if value in ([], {}, ()) else ""
        binder.add(path, quote(value), expected, hint, "inputs")
    if not binder.bound.is_faulty:
        binder.check_complete()
    return binder.bound


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _is_structure(value: Any) -> bool:
    """Whether it is more than one reference or some numbers."""
    if type(value) is str:
        return False
    return isinstance(value, Mapping) or (isinstance(value, (list, tuple)) and not all(map(_is_number, value)))


class _Binder:
    """The state of one binding."""

    def __init__(self, target: Target, path: Path, read: Read, sources: Mapping[str, Source]):
        self.target = target
        self.path = path
        self.read = read
        self.sources = sources
        self.bound = Binding()

    def add(self, path: Path, found: str, expected: str, hint: str = "", code: str = "port") -> None:
        self.bound.problems.append(Problem(path, found, expected, hint, code))

    def note(self, path: Path, found: str, expected: str) -> None:
        self.bound.problems.append(Problem(path, found, expected, code="reading", severity="note"))

    def feed(self, port: Port, value: Any, path: Path) -> None:
        """Feeds one port with one value."""
        if port.takes == "sequence":
            row = list(value) if isinstance(value, (list, tuple)) else [value]
            places = [(*path, index) for index in range(len(row))] if isinstance(value, (list, tuple)) else [path]
            self.feed_list(port, list(zip(row, places, strict=True)))
        elif port.takes == "tensor" and _is_structure(value):
            self.add(path, quote(value), f"one reference, as {port.name} takes one tensor")
        else:
            fed = self.value(value, path)
            self.bound.inputs[port.name] = fed
            if port.takes == "tensor" and isinstance(fed, Ref):
                self.note_first(fed, path)

    def note_first(self, ref: Ref, path: Path) -> None:
        """Notes that a tuple is read as its first part."""
        source = None if ref.of_input else self.sources.get(ref.name)
        if source is not None and source.is_tuple and not ref.output:
            self.note(path, f"{quote(str(ref))}, a tuple", f"a tensor; read as its first part, '{ref.name}.0'")

    def feed_list(self, port: Port, row: Sequence[tuple[Any, Path]]) -> None:
        """Feeds a port that takes a list of tensors; a node that gives a list is that list."""
        values = [self.value(value, path) for value, path in row]
        if len(values) == 1 and isinstance(values[0], Ref) and self._is_list(values[0]):
            self.bound.inputs[port.name] = values[0]
        else:
            for ref, (_, path) in zip(values, row, strict=True):
                if isinstance(ref, Ref):
                    self.note_first(ref, path)
            self.bound.inputs[port.name] = tuple(values)

    def _is_list(self, ref: Ref) -> bool:
        source = None if ref.of_input else self.sources.get(ref.name)
        return source is not None and source.is_list and not ref.output

    def value(self, value: Any, path: Path) -> Value:
        """A reference, a number, or a list or mapping of such; None where it is faulty."""
        if type(value) is not str and _is_number(value):
            self.note(path, quote(value), f"a reference; taken as a number in the call of {self.target.name}")
            return value  # type: ignore[no-any-return]
        if isinstance(value, (list, tuple)):
            return tuple(self.value(item, (*path, index)) for index, item in enumerate(value))
        if type(value) is not str and isinstance(value, Mapping):
            return {key: self.value(item, (*path, key)) for key, item in value.items()}
        ref, problem = self.read(value, path)
        if problem is not None:
            self.bound.problems.append(problem)
        return ref

    def bind_row(self, row: Sequence[tuple[Any, Path]], words: str) -> None:
        """Binds values by position; on an operation on a list they are that list."""
        ports = self.target.ports
        first = ports[0] if ports else None
        if first is not None and first.takes == "sequence":
            self.feed_list(first, row)
        elif first is not None and first.takes == "mapping":
            refs = [self.value(value, path) for value, path in row]
            self.bound.inputs[first.name] = {ref.name: ref for ref in refs if isinstance(ref, Ref)}
        elif len(row) > len(ports):
            count = f"at most {len(ports)} input{'s' if len(ports) != 1 else ''}"
            self.add(self.path, words, f"{count}; {self.target.describe()}")
        else:
            for port, (value, path) in zip(ports, row, strict=False):
                self.feed(port, value, path)

    def bind_mapping(self, value: Mapping[Any, Any]) -> None:
        """Binds values by the names of the ports, or by what else their keys say."""
        ports = {port.name: port for port in self.target.ports}
        fed: dict[Any, Any] = {}
        rest: dict[Any, Any] = {}
        for key, item in value.items():
            is_setting = key in self.target.settings and key not in ports and _is_number(item)
            (rest if is_setting else fed)[key] = item
        known = [key for key in fed if key in ports]
        if len(known) == len(fed):
            self._bind_named(fed, ports)
        elif known:
            self._refuse_keys(fed)
        else:
            self._bind_unnamed(fed)
        for key, item in rest.items():
            self.note(
                (*self.path, key), quote(item), f"a reference; taken as a number in the call of {self.target.name}"
            )
            self.bound.settings[key] = item

    def _bind_named(self, fed: Mapping[str, Any], ports: Mapping[str, Port]) -> None:
        for key, item in fed.items():
            port, path = ports[key], (*self.path, key)
            spread = isinstance(item, (list, tuple)) and port.takes == "tensor" and not all(map(_is_number, item))
            if spread and len(fed) == 1 and len(item) <= len(ports):
                self._spread(key, item)
            elif port.takes == "sequence" and isinstance(item, (list, tuple)) and not item:
                self.add(path, quote(item), "at least one reference")
            elif port.takes == "mapping" and not isinstance(item, Mapping):
                self.bind_row([(item, path)], quote(item))
            else:
                self.feed(port, item, path)

    def _spread(self, key: str, items: Sequence[Any]) -> None:
        """A list under the one key, spread over the ports."""
        names = ", ".join(self.target.names[: len(items)])
        self.note((*self.path, key), quote(items), f"one reference; read as a list over {names}")
        self.bind_row([(item, (*self.path, key, index)) for index, item in enumerate(items)], quote(items))

    def _bind_unnamed(self, fed: Mapping[Any, Any]) -> None:
        """Binds values whose keys are no ports, by position if their order is plain."""
        first = self.target.ports[0] if self.target.ports else None
        if first is not None and first.takes == "mapping":
            self.bound.inputs[first.name] = {str(key): self.value(item, (*self.path, key)) for key, item in fed.items()}
            return
        order = _find_order(list(fed), self.target)
        if order is None and first is not None and first.takes == "sequence":
            order = list(fed)
        if order is None or first is None:
            self._refuse_keys(fed)
            return
        if len(order) == 1 and isinstance(fed[order[0]], (list, tuple)) and len(fed[order[0]]) > 0:
            items = fed[order[0]]
            row = [(item, (*self.path, order[0], index)) for index, item in enumerate(items)]
        else:
            row = [(fed[key], (*self.path, key)) for key in order]
        listed = ", ".join(map(quote, order))
        found = f"the key{'s' if len(order) > 1 else ''} {listed}"
        as_one = f"read as the list {first.name}" if first.takes == "sequence" else "read by position"
        count = len(self.bound.problems)
        self.bind_row(row, found)
        if not any(problem.severity == "error" for problem in self.bound.problems[count:]):
            self.note(self.path, found, f"{self.target.describe()}; {as_one}")

    def _refuse_keys(self, fed: Mapping[Any, Any]) -> None:
        ports = {port.name for port in self.target.ports}
        unknown = [key for key in fed if key not in ports]
        if len(unknown) == 1:
            path, hint = (*self.path, unknown[0]), did_you_mean(unknown[0], ports - set(fed))
            self.add(path, f"the key {quote(unknown[0])}", self.target.describe(), hint)
        else:
            self.add(self.path, f"the keys {', '.join(map(quote, unknown))}", self.target.describe())

    def check_complete(self) -> None:
        """Finds empty ports, and what stands in `params` too."""
        target, bound = self.target, self.bound
        twice = sorted({*bound.inputs, *bound.settings}.intersection(target.given))
        for key in twice if target.is_function else [key for key in twice if key in bound.settings]:
            place = (*self.path, key)
            self.add(place, f"{quote(key)}, which stands in params too", "inputs or params, not both")
        filled = {*bound.inputs, *(target.given if target.is_function else ())}
        empty = [port.name for port in target.ports if port.required and port.name not in filled]
        if empty:
            fed = ", ".join(bound.inputs) or "nothing"
            self.add(self.path, f"inputs for {fed}", f"inputs for {', '.join(empty)} too; {target.describe()}")


def _find_order(keys: list[Any], target: Target) -> list[Any] | None:
    """The order that keys which are no ports have, if it is plain."""
    if len(keys) == 1:
        return keys
    if not all(isinstance(key, str) for key in keys):
        return None
    numbered = [_NUMBERED.fullmatch(key) for key in keys]
    stems = {match.group(1) for match in numbered if match}
    if all(numbered) and len(stems) == 1:
        return sorted(keys, key=lambda key: int(_number_of(key)))
    if len(keys) == 2 and all(len(key) == 1 and key.isalpha() for key in keys):
        low, high = sorted(keys)
        if ord(high) - ord(low) == 1:
            return [low, high]
    return keys if target.commutes and len(keys) == 2 else None


def _number_of(key: str) -> str:
    match = _NUMBERED.fullmatch(key)
    return match.group(2) if match else "0"
