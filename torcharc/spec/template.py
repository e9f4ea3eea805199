"""Templates: `${expression}` in plain data, replaced by what it stands for.

A string that is one `${...}` becomes its value, with its type; within a longer string stands its
text. `$${` is a plain `${`. Only values are templates: a key that holds `${` is an error.
"""

from __future__ import annotations

import functools
import keyword
import marshal
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from torcharc.errors import Path, Problem, SpecError, choices, did_you_mean, quote
from torcharc.spec.arithmetic import MOST_STEPS, ExpressionError, Meter
from torcharc.spec.expression import evaluate

MOST_VALUES = 500_000
"""The most values that the templates of one spec read and make: steps, items and characters, in all copies."""

_OPEN = re.compile(r"\$?\$\{")
_PLAIN = (int, float, bool, type(None))


class Budget:
    """What the templates of one spec may still read and make.

    Attributes:
        idle: Whether the spec is known to hold no template.
    """

    __slots__ = ("idle", "left")

    def __init__(self, *, idle: bool = False) -> None:
        self.left = MOST_VALUES
        self.idle = idle

    def take(self, count: int, path: Path) -> None:
        """Takes `count` values off.

        Raises:
            SpecError: If it is more than `MOST_VALUES` in all.
        """
        self.left -= count
        if self.left < 0:
            expected = f"at most {MOST_VALUES:,} values; torcharc.spec.template.MOST_VALUES sets the limit"
            raise SpecError(Problem(path, "templates that become a larger spec", expected, code="size"))


class Scope(dict[str, Any]):
    """What the names of one spec stand for, and the budget that all expressions over them draw on.

    Example:
        >>> scope = Scope({"width": 8})
        >>> inner = scope.extend({"index": 0})
        >>> dict(inner), inner.budget is scope.budget
        ({'width': 8, 'index': 0}, True)
    """

    __slots__ = ("budget",)

    def __init__(self, names: Mapping[str, Any] | None = None, budget: Budget | None = None):
        super().__init__(names or {})
        self.budget = budget or Budget()

    def extend(self, names: Mapping[str, Any]) -> Scope:
        """This scope with further names, which hide those that are called alike."""
        return Scope({**self, **names}, self.budget)


def budget_of(scope: Mapping[str, Any]) -> Budget:
    """The budget of a scope; a fresh one for names that are no part of a spec."""
    return scope.budget if isinstance(scope, Scope) else Budget()


def work_out(text: str, scope: Mapping[str, Any], path: Path) -> Any:
    """The value of an expression, taken off the budget of the scope.

    Raises:
        ExpressionError: As `evaluate` does.
        SpecError: If the budget is spent.
    """
    meter, budget = Meter(), budget_of(scope)
    try:
        value = evaluate(text, scope, meter)
    finally:
        budget.take(min(meter.used, MOST_STEPS) + len(text) // 8, path)
    budget.take(_size(value), path)
    return value


def has_dollar(value: Any) -> bool:
    """Whether plain data may hold a template or a choice: whether there is a `$` in it.

    A walk in Python over a spec takes longer than reading the rest of it; this one is in C.
    """
    try:
        return b"$" in marshal.dumps(value, 2)
    except ValueError:  # it holds what is no plain data
        return True


def fill(value: Any, scope: Mapping[str, Any], path: Path, budget: Budget | None = None) -> tuple[Any, list[Problem]]:
    """`value` with every `${expression}` in it replaced, and the problems they have.

    What holds no template is given back as it is, not copied; what is given is never changed.

    Args:
        value: Plain data.
        scope: What the names of the expressions stand for.
        path: The place of `value` in the spec.
        budget: What the whole spec may still become; default: that of the scope, or a fresh one.

    Raises:
        SpecError: If the budget is spent.

    Example:
        >>> fill({"out": "${2 * width}", "name": "w${width}"}, {"width": 8}, ())
        ({'out': 16, 'name': 'w8'}, [])
    """
    if (budget is not None and budget.idle) or not has_dollar(value):
        return value, []
    filling = _Filling(scope, budget or budget_of(scope))
    return filling.fill(value, path), filling.problems


def is_wrong_text(text: Any, scope: Mapping[str, Any]) -> bool:
    """Whether an expression in `text` cannot be worked out, whatever the names that it uses stand for.

    Example:
        >>> is_wrong_text("${mn(widths)}", {"widths": [1]}), is_wrong_text("${min(widths)}", {"widths": "x"})
        (True, False)
    """
    pieces = _split(text) if isinstance(text, str) else ()
    try:
        for piece in (piece for is_expression, piece in pieces or () if is_expression):
            evaluate(piece, scope)
    except ExpressionError as error:
        return error.is_of_text
    return pieces is None


class _Filling:
    """One walk over plain data."""

    def __init__(self, scope: Mapping[str, Any], budget: Budget):
        self.scope = scope
        self.budget = budget
        self.problems: list[Problem] = []

    def fill(self, value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return self.fill_text(value, path) if "${" in value else value
        if isinstance(value, Mapping):
            self.budget.take(len(value), path)
            for key in value:
                if isinstance(key, str) and "${" in key:
                    problem = Problem((*path, key), f"the key {quote(key)}", "a plain key: only values are templates")
                    self.problems.append(problem)
            changed = self.fill_items(value.items(), path)
            return {**value, **changed} if changed else value
        if isinstance(value, (list, tuple)):
            self.budget.take(len(value), path)
            changed = self.fill_items(enumerate(value), path)
            return [changed.get(index, item) for index, item in enumerate(value)] if changed else value
        return value

    def fill_items(self, items: Iterable[tuple[Any, Any]], path: Path) -> dict[Any, Any]:
        """The items that change, by key or position."""
        changed = {}
        for key, item in items:
            if type(item) in _PLAIN or (type(item) is str and "${" not in item):
                continue
            new = self.fill(item, (*path, key))
            if new is not item:
                changed[key] = new
        return changed

    def fill_text(self, text: str, path: Path) -> Any:
        pieces = _split(text)
        if pieces is None:
            self.problems.append(Problem(path, quote(text), "a closing } behind each ${", code="template"))
            return text
        meter = Meter()
        try:
            values = [evaluate(piece, self.scope, meter) if is_expression else piece for is_expression, piece in pieces]
        except ExpressionError as error:
            found = f"{error.found} in {quote(text)}"
            self.problems.append(Problem(path, found, error.expected, error.hint, "template"))
            return text
        finally:
            self.budget.take(min(meter.used, MOST_STEPS) + len(text) // 8, path)
        self.budget.take(sum(map(_size, values)), path)
        if len(pieces) == 1 and pieces[0][0]:
            return values[0]
        return "".join(map(str, values))


def _size(value: Any) -> int:
    """How many values `value` holds, itself and characters counted."""
    if isinstance(value, Mapping):
        return 1 + len(value) + sum(map(_size, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(_size, value))
    return len(value) + 1 if isinstance(value, str) else 1


@functools.lru_cache(maxsize=4096)
def _split(text: str) -> tuple[tuple[bool, str], ...] | None:
    """The pieces of a text, each with whether it is an expression; None if a `${` is not closed."""
    pieces: list[tuple[bool, str]] = []
    start, literal = 0, ""
    while match := _OPEN.search(text, start):
        literal += text[start : match.start()]
        start = match.end()
        if match.group() == "$${":
            literal += "${"
            continue
        end = _find_end(text, start)
        if end < 0:
            return None
        pieces += [(False, literal)] if literal else []
        pieces.append((True, text[start:end]))
        start, literal = end + 1, ""
    literal += text[start:]
    return (*pieces, (False, literal)) if literal or not pieces else tuple(pieces)


def _find_end(text: str, start: int) -> int:
    """Where the `}` stands that closes an expression, braces within it and in its strings aside; -1 if nowhere."""
    depth, quoted, index = 0, "", start
    while index < len(text):
        char = text[index]
        if quoted:
            index += char == "\\"
            quoted = "" if char == quoted else quoted
        elif char in "'\"":
            quoted = char
        elif char == "{":
            depth += 1
        elif char == "}":
            if depth == 0:
                return index
            depth -= 1
        index += 1
    return -1


def read_scope(
    variables: Any,
    overrides: Mapping[str, Any],
    path: Path,
    *,
    base: Mapping[str, Any] | None = None,
    budget: Budget | None = None,
) -> tuple[dict[str, Any], list[Problem]]:
    """What the names of a spec stand for, and the problems of its variables.

    A variable may use those before it. One that `overrides` gives a value has that value, and the
    variables that use it follow.

    Args:
        variables: Name → value or template; None for none.
        overrides: Name → value, taken as it is.
        path: The place of `variables` in the spec.
        base: Names that are bound already; a variable of the same name hides one.
        budget: As for `fill`.

    Example:
        >>> read_scope({"width": 64, "inner": "${4 * width}"}, {"width": 8}, ())
        ({'width': 8, 'inner': 32}, [])
    """
    scope = dict(base or {})
    if variables is None:
        variables = {}
    if not isinstance(variables, Mapping):
        return scope, [Problem(path, quote(variables), "a mapping of names to values", code="value")]
    problems: list[Problem] = []
    faulty: set[str] = set()
    for name, value in variables.items():
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            expected = "a name of letters, digits and _, that is no word of Python"
            problems.append(Problem((*path, name), f"the name {quote(name)}", expected, code="name"))
        elif name in overrides:
            scope[name] = overrides[name]
        elif faulty and _mentions(value, faulty):
            faulty.add(name)  # its fault is told already
        else:
            scope[name], found = fill(value, scope, (*path, name), budget)
            problems += found
            faulty |= {name} if found else set()
    unknown = [name for name in overrides if name not in variables]
    return scope, problems + [unknown_variable(name, variables, path) for name in unknown]


def bind_further(
    spec: Any, declared: Iterable[str], overrides: Mapping[str, Any], path: Path
) -> tuple[dict[str, Any], list[Problem]]:
    """The names that the caller binds besides those that a spec declares; and a problem for each that it never uses.

    Example:
        >>> bind_further({"params": {"out_features": "2 * width"}}, [], {"width": 8}, ("vars",))
        ({'width': 8}, [])
    """
    further = {name: value for name, value in overrides.items() if name not in set(declared)}
    bound = {name: value for name, value in further.items() if mentions(spec, {name})}
    unknown = [name for name in further if name not in bound]
    return bound, [unknown_variable(name, declared, path) for name in unknown]


def mentions(value: Any, names: Collection[str]) -> bool:
    """Whether one of `names` stands as a word in a string of `value`."""
    if isinstance(value, str):
        return not set(names).isdisjoint(re.findall(r"\w+", value))
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return any(mentions(item, names) for item in items)


def unknown_variable(name: str, variables: Iterable[str], path: Path, others: Iterable[str] = ()) -> Problem:
    """The problem that a value is given for no variable; `others` are further names that may be meant."""
    names = [known for known in variables if isinstance(known, str)]
    expected = f"one of the variables: {choices(names)}" if names else "no variables: the spec has none"
    hint = did_you_mean(name, [*names, *others])
    return Problem((*path, name), f"a value for the variable {quote(name)}", expected, hint, "unknown-variable")


def _mentions(value: Any, names: Iterable[str]) -> bool:
    """Whether a template in `value` uses one of `names`."""
    if isinstance(value, str):
        return "${" in value and not set(names).isdisjoint(re.findall(r"\w+", value))
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return any(_mentions(item, names) for item in items)
