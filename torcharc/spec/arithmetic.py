"""What expressions compute with: operators on plain data, within limits.

Every result is measured before it is made, so that no text, however short, takes much memory or time.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torcharc.errors import quote

MOST_STEPS = 10_000
"""The most values that one expression reads and makes, list items and characters counted."""

LARGEST = 2**63 - 1
"""The largest integer, without its sign."""

MOST_LEVELS = 30
"""The most levels of lists within lists."""


class ExpressionError(ValueError):
    """An expression cannot be worked out.

    Attributes:
        found: What stands there, in the user's own words.
        expected: The rule or the choice that was not met.
        hint: A repair that is likely right, or `""`.
        is_of_text: Whether the text alone is at fault, whatever the names stand for.
    """

    def __init__(self, found: str, expected: str, hint: str = "", *, is_of_text: bool = False):
        super().__init__(found, expected, hint)
        self.found, self.expected, self.hint, self.is_of_text = found, expected, hint, is_of_text

    def __str__(self) -> str:
        return f"found {self.found}, expected {self.expected}" + (f"; {self.hint}" if self.hint else "")


class Meter:
    """Counts what an expression has read and made.

    Attributes:
        used: How many values that were, so far.
        left: How many more they may be.
    """

    def __init__(self) -> None:
        self.used = 0
        self.left = MOST_STEPS

    def spend(self, count: int) -> None:
        """Takes `count` values off; refuses what is too much."""
        self.used += count
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
        elif type(value) is int and abs(value) > LARGEST:
            raise ExpressionError("an integer", find_fault(value))
        elif not isinstance(value, (int, float)) and value is not None:
            raise ExpressionError(f"a value of type {type(value).__name__}", "plain data: a number, a string, a list")


def is_number(value: Any) -> bool:
    """Whether `value` is an integer, a float or a boolean."""
    return isinstance(value, (int, float))


def find_fault(value: Any, operands: Sequence[Any] = ()) -> str:
    """The rule that a number breaks which was made of `operands`, if it breaks one.

    It is real and not too large; and finite, unless one of `operands` is not.
    """
    if isinstance(value, complex):
        return "a real number"
    if isinstance(value, float):
        typed = any(isinstance(operand, float) and not math.isfinite(operand) for operand in operands)
        return "" if math.isfinite(value) or typed else "a finite number"
    if abs(value) <= LARGEST:
        return ""
    return f"a number up to {LARGEST}; torcharc.spec.arithmetic.LARGEST sets the limit"


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
    expected = "two numbers, two strings or two lists" if kind is ast.Add else "numbers"
    if is_number(left) and is_number(right):
        expected = _power_fault(left, right) if kind is ast.Pow else ""
        try:
            result = None if expected else function(left, right)
        except ArithmeticError as error:
            expected = f"a finite number; it says: {str(error).lower()}"
        else:
            expected = expected or find_fault(result, (left, right))
        if not expected:
            return result
    elif kind is ast.Add and type(left) is type(right) and isinstance(left, (str, list)):
        meter.spend(len(left) + len(right))
        return left + right
    elif kind is ast.Mult:
        items, times = (left, right) if isinstance(left, (str, list)) else (right, left)
        if isinstance(items, (str, list)) and isinstance(times, int):
            meter.spend(len(items) * max(times, 0))
            return items * times
    raise ExpressionError(f"{quote(left)} {symbol} {quote(right)}", expected)


def _power_fault(base: Any, exponent: Any) -> str:
    """The rule that an integer power would break, told before it is computed."""
    if not isinstance(base, int) or not isinstance(exponent, int) or exponent <= 0:
        return ""
    return find_fault(LARGEST + 1) if (base.bit_length() - 1) * exponent > LARGEST.bit_length() else ""


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
        return _is_inside(left, right) is (kind is ast.In)
    symbol, function = _ORDER[kind]
    both = (left, right)
    if not all(map(is_number, both)) and not all(isinstance(value, str) for value in both):
        raise ExpressionError(f"{quote(left)} {symbol} {quote(right)}", "two numbers or two strings")
    return bool(function(left, right))


def _is_inside(value: Any, items: Any) -> bool:
    if isinstance(items, list) or (isinstance(items, str) and isinstance(value, str)):
        return value in items
    if isinstance(items, Mapping) and isinstance(value, (str, int)):
        return value in items
    raise ExpressionError(f"{quote(value)} in {quote(items)}", "a value in a list, or a string in a string")
