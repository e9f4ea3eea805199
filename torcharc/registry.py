"""The registry: type name → `Entry`. The one place where a name in a spec gets a meaning."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from torch import nn

from torcharc.entry import Axis, Entry, make_entry
from torcharc.errors import ArgumentError, Edit, Path, Problem, nearest, quote, unknown_keys, wrong_choice
from torcharc.torch_types import find_torch_type, torch_type_names

_READ = ("name", "make", "inferred")
_SETTINGS = ("infer", *(field.name for field in dataclasses.fields(Entry) if field.name not in _READ))

Made = TypeVar("Made", bound=Callable[..., nn.Module])

_registered: dict[str, Entry] = {}
_changes = 0

# types that torch.nn has, and torcharc makes in its own way
_ALIASES = {
    "torch.nn.Sequential": "Sequential",
    "nn.Sequential": "Sequential",
}


@overload
def register(type_: Made, /) -> Made: ...
@overload
def register(type_: str, make: Made, /, **settings: Any) -> Made: ...
@overload
def register(type_: str | None = None, /, **settings: Any) -> Callable[[Made], Made]: ...
def register(type_: Any = None, make: Any = None, /, **settings: Any) -> Any:
    """Makes a module class, or a factory of modules, a type that specs can name.

    The public `torcharc.register` is this and takes a spec too; see there for the settings. The
    building blocks use this one, as they know nothing of specs.

    Raises:
        ArgumentError: If the name is taken, or what is given makes no module.
    """
    if make is None and callable(type_):
        return _add(type_.__name__, type_, settings)
    if make is not None:
        return _add(type_, make, settings)
    return lambda made: _add(type_ or made.__name__, made, settings)


def _add(name: str, make: Made, settings: Mapping[str, Any]) -> Made:
    no_module = isinstance(make, type) and not issubclass(make, nn.Module)
    if not callable(make) or no_module or isinstance(make, nn.Module):  # a module is callable, and no factory
        raise ArgumentError(Problem(("make",), quote(make), "a subclass of torch.nn.Module or a factory of modules"))
    _check_name(name)
    if problems := unknown_keys((), settings, _SETTINGS):
        raise ArgumentError(problems)
    known = dict(settings)
    infer: Mapping[str, Axis | None] = known.pop("infer", {})
    entry = make_entry(name, make, **known)
    inferred = {key: axis for key, axis in {**entry.inferred, **infer}.items() if axis is not None}
    _registered[name] = dataclasses.replace(entry, inferred=inferred)
    _count_change()
    return make


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name:
        raise ArgumentError(Problem(("name",), quote(name), "a type name"))
    if find(name) is not None:
        raise ArgumentError(Problem(("name",), quote(name), "a name that no other type has", "choose another name"))


def add(name: str, make_entry: Callable[[], Entry]) -> None:
    """Adds the entry that `make_entry` gives, once the name is known to be free.

    Raises:
        ArgumentError: If the name is taken, or is none.
    """
    _check_name(name)
    _registered[name] = make_entry()
    _count_change()


def unregister(name: str) -> None:
    """Takes a registered type out again.

    Raises:
        ArgumentError: If no type of that name was registered.
    """
    if name not in _registered:
        raise ArgumentError(wrong_choice(("name",), name, "a registered type", _registered))
    del _registered[name]
    _count_change()


def _count_change() -> None:
    global _changes
    _changes += 1


def generation() -> int:
    """A number that changes whenever the registry does; part of every cache key."""
    return _changes


def find(name: str) -> Entry | None:
    """The entry of the type `name`, or None."""
    return _registered.get(_ALIASES.get(name, name)) or find_torch_type(name)


def registered() -> Mapping[str, Entry]:
    """The entries of the registered types by name; those of torch are left out."""
    return dict(_registered)


def lookup(name: object, path: Path = ()) -> Entry | Problem:
    """The entry of the type `name`, or the problem that there is none."""
    entry = find(name) if isinstance(name, str) else None
    if entry is None:
        expected = "the name of a type; torcharc.types() lists them"
        dotted = isinstance(name, str) and "." in name
        near = nearest(name, [f"torch.nn.{known}" if dotted and "." not in known else known for known in type_names()])
        hint, patch = (f"did you mean {near!r}?", (Edit("set", path, near),)) if near else ("", ())
        return Problem(path, quote(name), expected, hint, "unknown-type", patch=patch)
    return entry


def type_names() -> list[str]:
    """The canonical names of all types, registered ones first."""
    return [*_registered, *torch_type_names()]


@dataclasses.dataclass(frozen=True, slots=True)
class TypeInfo:
    """A type as `types` lists it: name, kind, port names, summary, place of definition."""

    name: str
    kind: str
    ports: tuple[str, ...]
    summary: str
    defined: str


def types(pattern: str = "*") -> list[TypeInfo]:
    """The types whose name matches `pattern` (`*` and `?` are wildcards), sorted by name.

    Example:
        >>> import torcharc
        >>> [info.name for info in torcharc.types("F*Merge")]
        ['FiLMMerge']
    """
    found = []
    for name in sorted(fnmatch.filter(type_names(), pattern)):
        entry = find(name)
        if entry is not None:
            ports = tuple(port.name for port in entry.ports)
            found.append(TypeInfo(entry.name, entry.kind, ports, entry.summary, entry.defined))
    return found
