"""Choices: `{$choice: [...]}` and the like, which may stand wherever a value may.

A mapping with a key that begins with `$` is a choice, and nothing else. A spec with open choices is
a space; a choice inside an option exists only where that option is taken. The bounds of a number may
be templates: `{$int: [8, "${2 * width}"]}`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote, unknown_keys
from torcharc.spec.template import fill, mentions

OPEN = object()
"""Stands for a bound that is not known until another choice is made."""

FORMS: dict[str, tuple[str, ...]] = {
    "$choice": (),
    "$int": ("$step", "$log"),
    "$float": ("$step", "$log"),
    "$subset": ("$size",),
}
"""The kinds of choice, and the further keys of each."""


def is_choice(value: Any) -> bool:
    """Whether `value` is a choice, or means to be one."""
    return isinstance(value, Mapping) and any(isinstance(key, str) and key.startswith("$") for key in value)


def open_choices(value: Any, path: Path = ()) -> list[Path]:
    """Where choices stand in `value`, those inside the options of another left out.

    Example:
        >>> open_choices({"fc": {"out_features": {"$choice": [16, {"$int": [32, 64]}]}}})
        [('fc', 'out_features')]
    """
    return [place for place, _ in _find(value, path)]


def _find(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if is_choice(value):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, (Mapping, list, tuple)):
                yield from _find(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if isinstance(item, (Mapping, list, tuple)):
                yield from _find(item, (*path, index))


def check_choices(value: Any, path: Path = (), scope: Mapping[str, Any] | None = None) -> list[Problem]:
    """The problems of all choices in `value`, those inside options too.

    Args:
        value: Plain data.
        path: Its place.
        scope: What the names in bounds stand for; a name that stands for a choice is open, and so is the bound.
            Without it no template is worked out.
    """
    problems = []
    for place, form in _find(value, path):
        problems += _check_form(form, place, scope)
        for key in ("$choice", "$subset"):
            problems += check_choices(form.get(key), (*place, key), scope)
    return problems


def refuse_choices(value: Any, path: Path = (), scope: Mapping[str, Any] | None = None) -> list[Problem]:
    """The problems that keep a spec from being built: faulty choices, else every open one."""
    found = list(_find(value, path))
    if not found:
        return []
    expected = "a value: a spec with open choices is a space, and cannot be built"
    faults = check_choices(value, path, scope)
    return faults or [Problem(place, quote(form), expected, code="open") for place, form in found]


def _check_form(form: Mapping[Any, Any], path: Path, scope: Mapping[str, Any] | None) -> list[Problem]:
    """The problems of one choice itself."""
    kinds = [key for key in form if key in FORMS]
    if not kinds:
        return unknown_keys(path, [key for key in form if str(key).startswith("$")][:1], FORMS)
    if len(kinds) > 1:
        return [Problem(path, f"the keys {' and '.join(kinds)}", "one kind of choice", code="value")]
    kind = kinds[0]
    problems = unknown_keys(path, map(str, form), [kind, *FORMS[kind]])
    if kind in ("$choice", "$subset"):
        return problems + _check_options(form, kind, path)
    faults = []
    filled = {str(key): value for key, value in form.items()}
    for key in (kind, "$step"):
        if key in form:
            filled[key], found = _fill_bounds(form[key], (*path, key), scope)
            faults += found
    return problems + (faults or _check_bounds(form, filled, kind, path))


def _fill_bounds(value: Any, path: Path, scope: Mapping[str, Any] | None) -> tuple[Any, list[Problem]]:
    """A bound, or a list of bounds, with templates worked out; `OPEN` where a name in one stands for a choice."""
    if isinstance(value, (list, tuple)):
        results = [_fill_bounds(item, (*path, index), scope) for index, item in enumerate(value)]
        return [item for item, _ in results], [fault for _, faults in results for fault in faults]
    if not isinstance(value, str) or "${" not in value:
        return value, []
    if scope is None or mentions(value, {name for name, known in scope.items() if open_choices(known)}):
        return OPEN, []
    return fill(value, scope, path)


def _check_options(form: Mapping[Any, Any], kind: str, path: Path) -> list[Problem]:
    options = form[kind]
    if not isinstance(options, (list, tuple)) or not options:
        return [Problem((*path, kind), quote(options), "a list of options, at least one", code="value")]
    size = form.get("$size", 1)
    if kind == "$subset" and (type(size) is not int or not 1 <= size <= len(options)):
        return [Problem((*path, "$size"), quote(size), f"an integer from 1 to {len(options)}", code="value")]
    return []


def _check_bounds(form: Mapping[Any, Any], filled: Mapping[str, Any], kind: str, path: Path) -> list[Problem]:
    """The problems of a number's bounds and step, templates worked out in `filled`."""
    bounds, log, step = filled[kind], form.get("$log", False), filled.get("$step")
    word, words = "integers" if kind == "$int" else "numbers", quote(form[kind])
    if not isinstance(bounds, (list, tuple)) or len(bounds) != 2 or not all(_fits(kind, bound) for bound in bounds):
        return [Problem((*path, kind), words, f"[low, high], two {word}", code="value")]
    if OPEN not in bounds and bounds[0] > bounds[1]:
        return [Problem((*path, kind), words, "[low, high] with low <= high", code="value")]
    problems = []
    if not isinstance(log, bool):
        problems.append(Problem((*path, "$log"), quote(log), "true or false", code="value"))
    elif log and bounds[0] is not OPEN and bounds[0] <= 0:
        problems.append(Problem((*path, kind), words, "bounds above 0, as $log is true", code="value"))
    if "$step" in form and not (step is OPEN or (step is not None and _fits(kind, step) and step > 0)):
        expected = "an integer above 0" if kind == "$int" else "a number above 0"
        problems.append(Problem((*path, "$step"), quote(form["$step"]), expected, code="value"))
    elif "$step" in form and log is True:
        problems.append(Problem((*path, "$step"), quote(form["$step"]), "no $step, as $log is true", code="value"))
    return problems


def _fits(kind: str, value: Any) -> bool:
    return value is OPEN or type(value) is int or (kind == "$float" and type(value) is float and math.isfinite(value))
