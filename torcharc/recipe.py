"""Recipes: a checked node's module, ready to be made; and calls: how that module is fed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn

from torcharc.entry import Port
from torcharc.initialize import Init, PartInit

_PLAIN = frozenset({int, float, bool, str, type(None)})  # what no module could change


@dataclasses.dataclass(slots=True, unsafe_hash=True)
class Recipe:
    """How to make a module: a call of `make`, or a stack of such calls; then its initialization.

    It never changes. It is not `frozen`, as its constructor would take three times as long, for each layer.
    """

    make: Callable[..., nn.Module]
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    layers: tuple[Recipe, ...] | None = None
    init: Init | PartInit | None = None

    def __call__(self) -> nn.Module:
        """A new module; what the recipe holds is copied, never shared with it."""
        if self.layers is not None:
            module = self.make(*[layer() for layer in self.layers])
        elif not self.arguments:
            module = self.make()
        elif _PLAIN.issuperset(map(type, self.arguments.values())):
            module = self.make(**self.arguments)
        else:
            module = self.make(**{name: _fresh(value) for name, value in self.arguments.items()})
        if self.init is not None:
            self.init.apply(module)
        return module


def _fresh(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_fresh(item) for item in value)
    if type(value) is dict:
        return {key: _fresh(item) for key, item in value.items()}
    return value() if isinstance(value, Recipe) else value


class Call(NamedTuple):
    """The arguments of a forward call, by position and by name."""

    positional: tuple[Any, ...]
    named: dict[str, Any]


def bind_call(ports: Sequence[Port], values: Mapping[str, Any]) -> Call:
    """Values by port name, as a call: by position as far as the ports are fed without a gap."""
    if len(values) == 1 == len(ports) and not (ports[0].keyword or ports[0].spread) and ports[0].name in values:
        return Call((values[ports[0].name],), {})
    given = dict(values)
    positional: list[Any] = []
    for port in ports:
        if port.keyword or port.name not in given:
            break
        value = given.pop(port.name)
        positional += value if port.spread and isinstance(value, (list, tuple)) else (value,)
    return Call(tuple(positional), given)
