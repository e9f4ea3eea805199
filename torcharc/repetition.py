"""Equal submodules, run once: what a deep network of equal blocks gives is known after the first block.

On the meta device each operation takes a fraction of a millisecond, so that a transformer of fifty
blocks would take a second. Two submodules are equal if their classes, their plain attributes, the
shapes of their tensors and all below them are; then equal inputs give equal shapes.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import marshal
import types
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from torcharc.errors import ArgumentError, Problem
from torcharc.refused import REFUSALS

MOST_OPERATIONS = 3_000
"""The most operations that one module may take on the meta device, equal submodules counted once."""

_INTERNAL = frozenset(vars(nn.Module()))
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type)


# operations that may give any number of tensors, and how many they give
_SPLITS: dict[Any, Callable[..., int]] = {
    torch.ops.aten.unbind.int: lambda x, dim=0: x.shape[dim],
    torch.ops.aten.split.Tensor: lambda x, size, dim=0: x.shape[dim] // max(1, size),
    torch.ops.aten.unsafe_split.Tensor: lambda x, size, dim=0: x.shape[dim] // max(1, size),
    torch.ops.aten.unsafe_chunk.default: lambda x, chunks, dim=0: min(chunks, x.shape[dim]),
}


class OperationLimit(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations, and ends a run that takes too many of them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.left = MOST_OPERATIONS

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs one operation.

        Raises:
            ArgumentError: If it is one too many.
        """
        self.left -= 1 if func not in _SPLITS else max(1, _SPLITS[func](*args, **(kwargs or {})))
        if self.left < 0:
            found = f"a module that takes more than {MOST_OPERATIONS:,} operations to run"
            expected = "fewer; torcharc.repetition.MOST_OPERATIONS sets the limit"
            raise ArgumentError(Problem((), found, expected, code="size"))
        if func in REFUSALS:
            REFUSALS[func](*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


class Repetition:
    """The submodules of one module, each equal one run once.

    Attributes:
        skipped: FLOPs of the runs that were left out, since the last `start`.
    """

    def __init__(self, module: nn.Module):
        """Wraps the submodules of `module`, which is changed by it."""
        self.skipped = 0
        self._count: Callable[[], int] = int
        self._results: dict[Hashable, tuple[Any, int]] = {}
        kinds: dict[nn.Module, Hashable] = {}
        _find_kind(module, kinds)
        for child, kind in kinds.items():
            if kind is not None and child is not module and not isinstance(child, torch.jit.ScriptModule):
                child.forward = functools.partial(self._run, kind, child.forward)

    def start(self, count: Callable[[], int]) -> None:
        """Begins a run of the whole; `count` gives its FLOPs so far."""
        self.skipped, self._count = 0, count

    def _run(self, kind: Hashable, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        key = _input_key(kind, args, kwargs)
        if key is None:
            return forward(*args, **kwargs)
        found = self._results.get(key)
        if found is not None:
            self.skipped += found[1]
            return found[0]
        before = self._count() + self.skipped
        result = forward(*args, **kwargs)
        self._results[key] = result, self._count() + self.skipped - before
        return result


def _find_kind(module: nn.Module, kinds: dict[nn.Module, Hashable]) -> Hashable:
    """What makes modules equal, or None where that cannot be told; those of all submodules go into `kinds`."""
    if module in kinds:
        return kinds[module]
    kinds[module] = None  # a module that holds itself ends here
    parts = [(name, child is None, child and _find_kind(child, kinds)) for name, child in module._modules.items()]
    plain = _plain({name: value for name, value in vars(module).items() if name not in _INTERNAL})
    if plain is not None and all(absent or kind is not None for _, absent, kind in parts):
        tensors = itertools.chain(module._parameters.items(), module._buffers.items())
        shapes = [(name, None if tensor is None else (tensor.shape, tensor.dtype)) for name, tensor in tensors]
        kinds[module] = type(module), plain, tuple(shapes), tuple(parts)
    return kinds[module]


def _plain(values: Mapping[str, Any]) -> Hashable:
    """Attributes as one value that can be compared; None where one cannot be named."""
    try:
        return marshal.dumps({name: _name_value(value) for name, value in values.items()}, 2)
    except ValueError:
        return None


def _name_value(value: Any) -> Any:
    """An attribute as plain data, if it is a function, a dtype or a frozen dataclass; else as it is."""
    if isinstance(value, _FUNCTIONS) and "<" not in value.__qualname__:
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value)
    settings = getattr(type(value), "__dataclass_params__", None)
    if settings is not None and settings.frozen:
        fields = {field.name: _name_value(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return [_name_value(type(value)), fields]
    return value


def _input_key(kind: Hashable, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Hashable:
    """What a result depends on, or None where an input is neither tensor nor plain."""
    known: dict[int, int] = {}  # a tensor that is fed twice is not two equal ones
    try:
        found = tuple(_freeze((args, dict(kwargs)), known))
    except TypeError:
        return None
    return kind, found


def _freeze(value: Any, known: dict[int, int]) -> Iterator[Hashable]:
    if isinstance(value, torch.Tensor):
        number = known.setdefault(id(value), len(known))
        yield number, value.shape, value.stride(), value.dtype, value.device.type
    elif isinstance(value, (tuple, list)):
        yield type(value).__name__, len(value)
        for item in value:
            yield from _freeze(item, known)
    elif isinstance(value, Mapping):
        yield type(value).__name__, tuple(value)
        yield from _freeze(tuple(value.values()), known)
    elif value is None or isinstance(value, (bool, int, float, str)):
        yield type(value).__name__, value
    else:
        raise TypeError
