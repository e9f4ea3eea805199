"""Choices: `{$choice: [...]}` and the like, which may stand wherever a value may.

A mapping with a key that begins with `$` is a choice, and nothing else. A spec with open choices is
a space; a choice inside an option exists only where that option is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote, unknown_keys

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


def check_choices(value: Any, path: Path = ()) -> list[Problem]:
    """The problems of all choices in `value`, those inside options too."""
    problems = []
    for place, form in _find(value, path):
        problems += _check_form(form, place)
        for key in ("$choice", "$subset"):
            problems += check_choices(form.get(key), (*place, key))
    return problems


def refuse_choices(value: Any, path: Path = ()) -> list[Problem]:
    """The problems that keep a spec from being built: faulty choices, else every open one."""
    found = list(_find(value, path))
    if not found:
        return []
    expected = "a value: a spec with open choices is a space, and cannot be built"
    return check_choices(value, path) or [Problem(place, quote(form), expected, code="open") for place, form in found]


def _check_form(form: Mapping[Any, Any], path: Path) -> list[Problem]:
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
    return problems + _check_bounds(form, kind, path)


def _check_options(form: Mapping[Any, Any], kind: str, path: Path) -> list[Problem]:
    options = form[kind]
    if not isinstance(options, (list, tuple)) or not options:
        return [Problem((*path, kind), quote(options), "a list of options, at least one", code="value")]
    size = form.get("$size", 1)
    if kind == "$subset" and (type(size) is not int or not 1 <= size <= len(options)):
        return [Problem((*path, "$size"), quote(size), f"an integer from 1 to {len(options)}", code="value")]
    return []


def _check_bounds(form: Mapping[Any, Any], kind: str, path: Path) -> list[Problem]:
    bounds, log, step = form[kind], form.get("$log", False), form.get("$step")
    word = "integers" if kind == "$int" else "numbers"
    if not isinstance(bounds, (list, tuple)) or len(bounds) != 2 or not all(_fits(kind, bound) for bound in bounds):
        return [Problem((*path, kind), quote(bounds), f"[low, high], two {word}", code="value")]
    if bounds[0] > bounds[1]:
        return [Problem((*path, kind), quote(bounds), "[low, high] with low <= high", code="value")]
    problems = []
    if not isinstance(log, bool):
        problems.append(Problem((*path, "$log"), quote(log), "true or false", code="value"))
    elif log and bounds[0] <= 0:
        problems.append(Problem((*path, kind), quote(bounds), "bounds above 0, as $log is true", code="value"))
    if "$step" in form and (not _fits(kind, step) or step is None or step <= 0):
        expected = "an integer above 0" if kind == "$int" else "a number above 0"
        problems.append(Problem((*path, "$step"), quote(step), expected, code="value"))
    elif "$step" in form and log is True:
        problems.append(Problem((*path, "$step"), quote(step), "no $step, as $log is true", code="value"))
    return problems


def _fits(kind: str, value: Any) -> bool:
    return type(value) is int or (kind == "$float" and type(value) is float and math.isfinite(value))
