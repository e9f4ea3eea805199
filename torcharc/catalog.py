"""Catalogs: closed families of classes that a spec names: optimizers, schedulers, losses.

A `{type, ...kwargs}` mapping is read against a catalog into a `Selection`, which makes the object.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from torcharc.arguments import Argument, Signature, read_arguments, read_signature
from torcharc.errors import (
    Path,
    Problem,
    SpecError,
    choices,
    did_you_mean,
    missing_key,
    nearest,
    quote,
    unknown_keys,
)

# arguments that are Python functions, which no spec file can hold
FUNCTIONS = frozenset({"lr_lambda", "scale_fn", "distance_function"})


@dataclasses.dataclass(frozen=True, slots=True)
class Catalog:
    """A closed family of classes.

    Attributes:
        kind: What a member is, with its article: `an optimizer`.
        types: Class by name, as messages show it.
        spellings: Name by accepted spelling, in lower case.
        read_signature: Gives what a member takes, less what the builder passes itself.
        list_more: Gives the members that users have registered, by the one spelling of their name.
    """

    kind: str
    types: Mapping[str, type]
    spellings: Mapping[str, str]
    read_signature: Callable[[Callable[..., Any]], Signature] = read_signature
    list_more: Callable[[], Mapping[str, Callable[..., Any]]] = dict

    def find(self, word: object) -> Callable[..., Any] | None:
        """The class that `word` names in any case, with or without its module's name, or None.

        A registered member may be a factory.
        """
        if not isinstance(word, str):
            return None
        name = self.spellings.get(word.lower())
        return self.list_more().get(word) if name is None else self.types[name]


def spell(names: Iterable[str], prefixes: Iterable[str]) -> dict[str, str]:
    """Each of `names` by its spellings: behind each of `prefixes`, in lower case."""
    prefixes = list(prefixes)
    return {f"{prefix}{name}".lower(): name for name in names for prefix in prefixes}


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """A class and checked arguments for it.

    Attributes:
        cls: The class, or a registered factory.
        values: Its arguments, less those that the builder passes itself.
        path: The place in the spec.
        words: The user's own words there.
    """

    cls: Callable[..., Any]
    values: Mapping[str, Any]
    path: Path
    words: str

    def make(self, *args: Any, **more: Any) -> Any:
        """The object made of `values` and of `args` and `more`, which the builder adds.

        Raises:
            SpecError: If the class refuses the arguments; it gives the class's own reason.
        """
        try:
            return self.cls(*args, **{**self.values, **more})
        except Exception as error:  # whatever the class raises, the spec is what has to change
            lines = str(error).strip().splitlines() or [type(error).__name__]
            expected = f"arguments that {self.cls.__name__} accepts; it says: {lines[0][:200]}"
            raise SpecError(Problem(self.path, self.words, expected, code="refused")) from error


def to_plain(spec: Any) -> Any:
    """`spec` with all its mappings as new dicts and its sequences as new lists."""
    if isinstance(spec, Mapping):
        return {key: to_plain(value) for key, value in spec.items()}
    if isinstance(spec, Sequence) and not isinstance(spec, (str, bytes, bytearray)):
        return [to_plain(value) for value in spec]
    return spec


def read_selection(
    catalog: Catalog, spec: Any, path: Path, *, extra: Collection[str] = ()
) -> tuple[Selection | None, list[Problem]]:
    """The selection that `spec` states, and the problems that it has.

    Args:
        catalog: The family that the type belongs to.
        spec: A name, or a plain dict `{type, ...kwargs}`.
        path: The place of `spec`.
        extra: Further keys that are allowed there; they are left out of the selection.
    """
    cls, problems = find_type(catalog, spec, path)
    if cls is None:
        return None, problems
    known = ("type", *extra)
    given = {} if isinstance(spec, str) else {key: value for key, value in spec.items() if key not in known}
    values, problems = read_values(catalog.read_signature(cls), given, path, extra=known)
    return Selection(cls, values, path, quote(spec)), problems


def find_type(catalog: Catalog, spec: Any, path: Path) -> tuple[Callable[..., Any] | None, list[Problem]]:
    """The class that `spec`, a name or a `{type, ...}`, names, or the problem that it names none."""
    if not isinstance(spec, (str, Mapping)):
        expected = f"{catalog.kind}: its name, or a mapping {{type: ..., ...}}"
        return None, [Problem(path, quote(spec), expected, code="not-a-mapping")]
    if not isinstance(spec, str) and "type" not in spec:
        typo = nearest("type", (key for key in spec if isinstance(key, str)))
        return None, unknown_keys(path, [typo], ["type"], ["type"]) if typo else [missing_key(path, "type")]
    word, place = (spec, path) if isinstance(spec, str) else (spec["type"], (*path, "type"))
    cls = catalog.find(word)
    if cls is not None:
        return cls, []
    names = [*catalog.types, *catalog.list_more()]
    last = word.rsplit(".", 1)[-1] if isinstance(word, str) else None
    hint = did_you_mean(last, names if last in names else [*catalog.spellings, *names])
    expected = f"{catalog.kind}: {choices(names)}"
    return None, [Problem(place, quote(word), expected, hint, "unknown-type")]


def read_values(
    signature: Signature, given: Mapping[str, Any], path: Path, *, extra: Collection[str] = ()
) -> tuple[dict[str, Any], list[Problem]]:
    """As `read_arguments`; functions and pairs such as `betas` are checked too."""
    values, problems = read_arguments(signature, given, path, extra=extra)
    faulty = {problem.path[len(path)] for problem in problems if len(problem.path) > len(path)}
    for name, argument in signature.arguments.items():
        if name not in values or name in faulty or values[name] is None:
            continue
        if name in FUNCTIONS:
            problems += _check_function(values[name], (*path, name))
        elif isinstance(argument.default, tuple) and argument.default:
            values[name], found = _read_tuple(argument, values[name], (*path, name))
            problems += found
    return values, problems


def _check_function(value: Any, path: Path) -> list[Problem]:
    functions = value if isinstance(value, list) else [value]
    if functions and all(callable(function) for function in functions):
        return []
    return [Problem(path, quote(value), "a function of Python, which no spec file can hold", code="value")]


def _read_tuple(argument: Argument, value: Any, path: Path) -> tuple[Any, list[Problem]]:
    """A list as long as the default; integers as floats where that has floats, as Adam insists on."""
    if not isinstance(value, list):
        return value, []
    if len(value) != len(argument.default):
        return value, [Problem(path, quote(value), f"a list of {len(argument.default)} values", code="value")]
    pairs = zip(value, argument.default, strict=True)
    small = 2**53
    return tuple(
        float(item) if type(item) is int and type(old) is float and abs(item) < small else item for item, old in pairs
    ), []
