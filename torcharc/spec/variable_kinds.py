"""What kind of value a variable takes: that of the value which the spec gives it.

A variable with a requirement keeps its kind: `depth: 12` takes integers, `rate: 0.0` numbers, `sizes: [1, 2]` lists
of integers, `norm: {}` mappings. Null is left to the requirement, which says whether there may be none. A variable
that takes values of several kinds does without a requirement. 0 and 1 alone are rates and scales as often as counts,
and take any number.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from torcharc.arguments import EXPONENT_NUMBER, Kind, name_kind, read_value
from torcharc.errors import Path, Problem, quote


def kind_of(value: Any) -> Kind:
    """The kind of a value and of its items; null and empty lists leave it open.

    Example:
        >>> kind_of([[3, 2.5]]).describe(), kind_of("relu").describe()
        ('a list of lists of numbers', 'a string')
    """
    name = name_kind(value)
    if name == "list":
        kinds = [kind_of(item) for item in value]
        return Kind(frozenset({"list"}), _join(kinds) if kinds else None)
    if name == "str" and EXPONENT_NUMBER.fullmatch(value):  # YAML 1.1 reads 1e-6 as a string
        return Kind(frozenset({"float"}))
    if name == "module":  # a mapping with a type
        name = "dict"
    return Kind(frozenset({name})) if name in ("bool", "int", "float", "str", "dict") else Kind()


def _join(kinds: list[Kind]) -> Kind:
    """The kind that values of several kinds have together."""
    if not all(kind.names for kind in kinds):
        return Kind()
    items = [kind.items for kind in kinds if kind.items is not None]
    return Kind(frozenset().union(*(kind.names for kind in kinds)), _join(items) if items else None)


def check_kind(value: Any, own: Any, path: Path) -> Problem | None:
    """The problem that a value is of another kind than the variable's own, or no finite number; None if it is not.

    Args:
        value: The value that is given for the variable.
        own: What the spec gives it.
        path: The place of the variable.

    Example:
        >>> check_kind(2.5, 12, ("vars", "depth")).expected, check_kind(2, 1.0, ("vars", "rate"))
        ('an integer', None)
    """
    if value is None:
        return None
    kind = Kind(frozenset({"float"})) if type(own) is int and own in (0, 1) else kind_of(own)
    problems = read_value(kind, value, path)[1]
    if problems:
        return dataclasses.replace(problems[0], patch=())  # it is the caller's value, no text of the spec
    if isinstance(value, float) and kind.names and not math.isfinite(value):
        return Problem(path, quote(value), "a finite number", code="value")
    return None
