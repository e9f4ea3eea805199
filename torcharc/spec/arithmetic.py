"""What expressions compute with: operators and functions on plain data, within limits.

Every result is measured before it is made, so that no text, however short, takes much memory or time.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torcharc.errors import quote

MOST_STEPS = 100_000
"""The most values that one expression reads and makes, list items and characters counted."""

LARGEST = 2**63 - 1
"""The largest integer, without its sign."""

MOST_LEVELS = 30
"""The most levels of lists within lists."""

MOST_DIGITS = 400  # of a number in a string
MOST_PLACES = 30  # of a rounding


class ExpressionError(ValueError):
    """An expression cannot be worked out.

    Attributes:
        found: What stands there, in the user's own words.
        expected: The rule or the choice that was not met.
        hint: A repair that is likely right, or `""`.
    """

    def __init__(self, found: str, expected: str, hint: str = ""):
        super().__init__(found, expected, hint)
        self.found, self.expected, self.hint = found, expected, hint

    def __str__(self) -> str:
        return f"found {self.found}, expected {self.expected}" + (f"; {self.hint}" if self.hint else "")


class Meter:
    """Counts what an expression has read and made."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def spend(self, count: int) -> None:
        """Takes `count` values off; refuses what is too much."""
        self.left -= count
        if self.left < 0:
            expected = f"at most {MOST_STEPS:,}; torcharc.spec.arithmetic.MOST_STEPS sets the limit"
            raise ExpressionError("more list items and characters in one expression", expected)

    def measure(self, value: Any, level: int = 0) -> None:
        """Takes off the size of `value`, the values within it included; refuses what is no plain data."""
        if level > MOST_LEVELS:
            raise ExpressionError("lists that nest deeper", f"at most {MOST_LEVELS} levels")
        if isinstance(value, str):
            self.spend(len(value))
        elif isinstance(value, (list, Mapping)):
            self.spend(len(value))
            for item in value:
                self.measure(item, level + 1)
            for item in value.values() if isinstance(value, Mapping) else ():
                self.measure(item, level + 1)
        elif type(value) is int:
            check_number(value, "an integer")
        elif not isinstance(value, (bool, float)) and value is not None:
            raise ExpressionError(f"a value of type {type(value).__name__}", "plain data: a number, a string, a list")


def is_number(value: Any) -> bool:
    """Whether `value` is an integer, a float or a boolean."""
    return isinstance(value, (int, float))


def check_number(value: Any, found: str, operands: Sequence[Any] = ()) -> Any:
    """`value`, a number that is finite (or comes from `operands` of which one is not) and not too large."""
    if isinstance(value, complex):
        raise ExpressionError(found, "a real number")
    if isinstance(value, float):
        if not math.isfinite(value) and not any(isinstance(x, float) and not math.isfinite(x) for x in operands):
            raise ExpressionError(found, "a finite number")
    elif abs(value) > LARGEST:
        expected = f"a number up to {LARGEST}; torcharc.spec.arithmetic.LARGEST sets the limit"
        raise ExpressionError(found, expected)
    return value


_BINARY: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
}


def compute(left: Any, kind: type[ast.operator], right: Any, meter: Meter) -> Any:
    """`left + right` and the like: on numbers; `+` joins and an integer multiplies strings and lists.

    Raises:
        ExpressionError: For other values, and where the result is too large or no number.
    """
    if kind not in _BINARY:
        raise ExpressionError("an operator on bits or matrices", "one of the operators: + - * / // % **")
    symbol, function = _BINARY[kind]
    found = f"{quote(left)} {symbol} {quote(right)}"
    if is_number(left) and is_number(right):
        if kind is ast.Pow:
            _check_power(left, right, found)
        try:
            return check_number(function(left, right), found, (left, right))
        except ArithmeticError as error:
            raise ExpressionError(found, f"a finite number; it says: {str(error).lower()}") from None
    if kind is ast.Add and type(left) is type(right) and isinstance(left, (str, list)):
        meter.spend(len(left) + len(right))
        return left + right
    if kind is ast.Mult:
        items, times = (left, right) if isinstance(left, (str, list)) else (right, left)
        if isinstance(items, (str, list)) and isinstance(times, int):
            meter.spend(len(items) * max(times, 0))
            return items * times
    raise ExpressionError(found, "numbers" if kind is not ast.Add else "two numbers, two strings or two lists")


def _check_power(base: Any, exponent: Any, found: str) -> None:
    """Refuses an integer power that would be huge, before it is computed."""
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        if (base.bit_length() - 1) * exponent > LARGEST.bit_length():
            check_number(LARGEST + 1, found)


_ORDER: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}


def compare(left: Any, kind: type[ast.cmpop], right: Any, meter: Meter) -> bool:
    """`left < right`, `left == right`, `left in right` and the like.

    Raises:
        ExpressionError: For an order of what are neither numbers nor strings, and for `is`.
    """
    if kind in (ast.Is, ast.IsNot):
        raise ExpressionError("is", "a comparison by value", "write == or !=")
    meter.measure(left)
    meter.measure(right)
    if kind in (ast.Eq, ast.NotEq):
        return bool((left == right) is (kind is ast.Eq))
    if kind in (ast.In, ast.NotIn):
        if isinstance(right, str) and not isinstance(left, str) or not isinstance(right, (str, list, Mapping)):
            raise ExpressionError(f"{quote(left)} in {quote(right)}", "a value in a list, or a string in a string")
        inside = isinstance(left, (str, int, float)) and left in right if isinstance(right, Mapping) else left in right
        return inside is (kind is ast.In)
    symbol, function = _ORDER[kind]
    if not (is_number(left) and is_number(right) or isinstance(left, str) and isinstance(right, str)):
        raise ExpressionError(f"{quote(left)} {symbol} {quote(right)}", "two numbers or two strings")
    return bool(function(left, right))


def _extreme(choose: Callable[[Any], Any]) -> Callable[..., Any]:
    def apply(meter: Meter, *values: Any) -> Any:
        items = values[0] if len(values) == 1 else list(values)
        if not isinstance(items, list) or not items:
            raise ExpressionError(quote(items), "numbers, or a list of numbers with at least one")
        meter.spend(len(items))
        if not all(map(is_number, items)) and not all(isinstance(item, str) for item in items):
            raise ExpressionError(quote(items), "a list of numbers")
        return choose(items)

    return apply


def _sum(meter: Meter, items: Any) -> Any:
    if not isinstance(items, list) or not all(map(is_number, items)):
        raise ExpressionError(quote(items), "a list of numbers")
    meter.spend(len(items))
    return sum(items)


def _len(meter: Meter, items: Any) -> int:
    if not isinstance(items, (list, str, Mapping)):
        raise ExpressionError(quote(items), "a list or a string")
    return len(items)


def _range(meter: Meter, *bounds: Any) -> list[int]:
    if not all(isinstance(bound, int) for bound in bounds):
        raise ExpressionError(quote(list(bounds)), "integers")
    numbers = range(*bounds)
    meter.spend(len(numbers))
    return list(numbers)


def _convert(kind: Callable[[Any], Any]) -> Callable[..., Any]:
    def apply(meter: Meter, value: Any) -> Any:
        if isinstance(value, str) and len(value) > MOST_DIGITS:
            raise ExpressionError(quote(value), f"a number of at most {MOST_DIGITS} digits")
        if not isinstance(value, (int, float, str)):
            raise ExpressionError(quote(value), "a number, or a string that holds one")
        return kind(value)

    return apply


def _round(meter: Meter, value: Any, places: Any = None) -> Any:
    if not is_number(value) or not (places is None or isinstance(places, int) and abs(places) <= MOST_PLACES):
        expected = f"a number, and places from -{MOST_PLACES} to {MOST_PLACES}"
        raise ExpressionError(quote([value] if places is None else [value, places]), expected)
    return round(value, places)


_FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (_extreme(min), 1, LARGEST),
    "max": (_extreme(max), 1, LARGEST),
    "round": (_round, 1, 2),
    "int": (_convert(int), 1, 1),
    "float": (_convert(float), 1, 1),
    "len": (_len, 1, 1),
    "range": (_range, 1, 3),
    "sum": (_sum, 1, 1),
}

FUNCTIONS = tuple(_FUNCTIONS)
"""Names of the functions that an expression may call."""


def call(name: str, values: Sequence[Any], meter: Meter) -> Any:
    """The function `name`, one of `FUNCTIONS`, of `values`.

    Raises:
        ExpressionError: For values that it cannot take, and where the result is too large.
    """
    function, least, most = _FUNCTIONS[name]
    if not least <= len(values) <= most:
        count = f"{least} to {most}" if least < most < LARGEST else f"{least} or more" if most == LARGEST else least
        raise ExpressionError(f"{len(values)} values for {name}", f"{count} of them")
    try:
        result = function(meter, *values)
    except (ArithmeticError, ValueError) as error:
        if isinstance(error, ExpressionError):
            raise error if meter.left < 0 else ExpressionError(f"{name} of {error.found}", error.expected) from None
        raise ExpressionError(f"{name} of {', '.join(map(quote, values))}", f"values it can take; it says: {error}") from None
    typed = name == "float" and isinstance(values[0], str) or not is_number(result)
    operands = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    return result if typed else check_number(result, f"{name} of {', '.join(map(quote, values))}", operands)
