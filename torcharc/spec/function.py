"""The functions that an expression may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torcharc.errors import quote
from torcharc.spec.arithmetic import LARGEST, ExpressionError, Meter, find_fault, is_number

MOST_DIGITS = 400  # of a number in a string
MOST_PLACES = 30  # of a rounding


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
    meter.spend(max(0, -((numbers.start - numbers.stop) // numbers.step)))  # their `len`, which may overflow
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
    if not is_number(value) or not (places is None or (isinstance(places, int) and abs(places) <= MOST_PLACES)):
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
    except ExpressionError as error:
        raise error if meter.left < 0 else ExpressionError(f"{name} of {error.found}", error.expected) from None
    except (ArithmeticError, ValueError) as error:
        result, expected = None, f"values it can take; it says: {error}"
    else:
        operands = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        typed = name == "float" and isinstance(values[0], str)
        expected = find_fault(result, operands) if is_number(result) and not typed else ""
    if expected:
        raise ExpressionError(f"{name} of {', '.join(map(quote, values))}", expected)
    return result
