"""Expressions in specs: `"${width * 2 ** index}"`.

The text is parsed with `ast`, and the tree is walked here: nothing is ever evaluated by Python, and
what the walk does not know is refused. There are numbers, strings, lists (written out, or made of
another: `[2 * w for w in widths]`), names, arithmetic, comparison, `and or not`, `if else`, indexing,
and a few functions.
"""

from __future__ import annotations

import ast
import functools
import warnings
from collections.abc import Mapping
from typing import Any

from torcharc.errors import choices, did_you_mean, quote
from torcharc.spec.arithmetic import ExpressionError, Meter, compare, compute, find_fault, is_number
from torcharc.spec.function import FUNCTIONS, call

MOST_CHARACTERS = 1_000
"""The longest expression."""

MOST_NESTED = 100
"""The most levels of an expression; a sum of 100 terms has 100."""

_CALLS = ", ".join(sorted(FUNCTIONS))
_LANGUAGE = f"numbers, strings, lists, names, arithmetic, comparison, if/else, indexing, and calls of {_CALLS}"


def evaluate(text: str, scope: Mapping[str, Any], meter: Meter | None = None) -> Any:
    """The value of an expression: plain data.

    Args:
        text: The expression.
        scope: What its names stand for; `vars.x` is `x`.
        meter: Counts the values that it reads and makes; default: a fresh one.

    Raises:
        ExpressionError: If it is no expression, names something that is not bound, or passes a limit
            (`MOST_CHARACTERS`, `MOST_NESTED`, and those of `arithmetic`); nothing large is made then.

    Example:
        >>> evaluate("[width * 2 ** i, len(depths)]", {"width": 64, "i": 2, "depths": [3, 4]})
        [256, 2]
    """
    if len(text) > MOST_CHARACTERS:
        expected = f"at most {MOST_CHARACTERS}; torcharc.spec.expression.MOST_CHARACTERS sets the limit"
        raise ExpressionError(f"an expression of {len(text)} characters", expected)
    walk = _Walk(text.strip(), scope, meter or Meter())
    try:
        value = walk.visit(_parse(text.strip()))
        Meter().measure(value)
    except (RecursionError, MemoryError):  # the second is what Python's parser raises for many brackets
        raise ExpressionError("a deeper expression", f"at most {MOST_NESTED} levels") from None
    return value


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        reason = getattr(error, "msg", None) or "it cannot be read"
        expected = f"an expression; it says: {reason}" if text else "an expression"
        raise ExpressionError(quote(text), expected, is_of_text=True) from None


class _Walk:
    """Works out a tree, node by node."""

    def __init__(self, text: str, scope: Mapping[str, Any], meter: Meter):
        self.text = text
        self.scope = scope
        self.meter = meter
        self.depth = 0

    def visit(self, node: ast.expr) -> Any:
        """The value of a part of the expression."""
        method = _METHODS.get(type(node))
        if method is None:
            raise ExpressionError(self.words(node), _LANGUAGE, _HINTS.get(type(node), ""), is_of_text=True)
        self.meter.spend(1)
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise ExpressionError("a deeper expression", f"at most {MOST_NESTED} levels")
        value = method(self, node)
        self.depth -= 1
        return value

    def words(self, node: ast.expr) -> str:
        """The user's own words for a part of the expression."""
        return quote(ast.get_source_segment(self.text, node) or self.text)

    def constant(self, node: ast.Constant) -> Any:
        value = node.value
        if value is None or isinstance(value, (bool, str)):
            return value
        fault = find_fault(value) if isinstance(value, (int, float)) else _LANGUAGE
        if fault:
            raise ExpressionError(self.words(node), fault)
        return value

    def list(self, node: ast.List) -> list[Any]:
        return [self.visit(item) for item in node.elts]

    def comprehension(self, node: ast.ListComp) -> Any:
        """`[expression for name in list if condition]`, one `for` alone."""
        loop = node.generators[0]
        if len(node.generators) > 1 or not isinstance(loop.target, ast.Name) or loop.is_async:
            raise ExpressionError(self.words(node), "one for with one name: [2 * width for width in widths]")
        items = self.visit(loop.iter)
        if not isinstance(items, list):
            raise ExpressionError(quote(items), "a list behind in")
        outer, values = self.scope, []
        for item in items:
            self.scope = {**outer, loop.target.id: item}
            if all(self.visit(condition) for condition in loop.ifs):
                values.append(self.visit(node.elt))
        self.scope = outer
        return values

    def name(self, node: ast.Name) -> Any:
        return self.look_up(node.id)

    def attribute(self, node: ast.Attribute) -> Any:
        if not isinstance(node.value, ast.Name) or node.value.id != "vars":
            raise ExpressionError(self.words(node), "no attributes; vars.x alone stands for the variable x")
        return self.look_up(node.attr)

    def look_up(self, name: str) -> Any:
        if name in self.scope:
            return self.scope[name]
        names = [known for known in self.scope if isinstance(known, str)]
        expected = f"one of the names: {choices(names)}" if names else "no names: there are no variables"
        hint = did_you_mean(name, names) or did_you_mean(name, ("True", "False", "None"))
        raise ExpressionError(f"the name {quote(name)}", expected, hint, is_of_text=True)

    def unary(self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        if not is_number(value) or isinstance(node.op, ast.Invert):
            raise ExpressionError(self.words(node), "a number behind - or +")
        return -value if isinstance(node.op, ast.USub) else +value

    def binary(self, node: ast.BinOp) -> Any:
        return compute(self.visit(node.left), type(node.op), self.visit(node.right), self.meter)

    def logic(self, node: ast.BoolOp) -> Any:
        value = None
        for part in node.values:
            value = self.visit(part)
            if bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def comparison(self, node: ast.Compare) -> bool:
        left = self.visit(node.left)
        for op, part in zip(node.ops, node.comparators, strict=True):
            right = self.visit(part)
            if not compare(left, type(op), right, self.meter):
                return False
            left = right
        return True

    def choice(self, node: ast.IfExp) -> Any:
        return self.visit(node.body if self.visit(node.test) else node.orelse)

    def index(self, node: ast.Subscript) -> Any:
        items = self.visit(node.value)
        if isinstance(node.slice, ast.Slice) and isinstance(items, (list, str)):
            return self.slice(items, node.slice)
        key = self.visit(node.slice)
        if isinstance(items, Mapping):
            if isinstance(key, (str, int)) and key in items:
                return items[key]
            expected = f"one of the keys: {choices(map(str, items))}"
            raise ExpressionError(f"the key {quote(key)}", expected, did_you_mean(key, map(str, items)))
        if not isinstance(items, (list, str)) or not isinstance(key, int):
            raise ExpressionError(self.words(node), "a list or a string, and a position")
        if not -len(items) <= key < len(items):
            expected = f"a position from 0 to {len(items) - 1}" if items else "no positions: the list is empty"
            raise ExpressionError(f"the position {key} of {quote(items)}", expected)
        return items[key]

    def slice(self, items: Any, node: ast.Slice) -> Any:
        bounds = [None if part is None else self.visit(part) for part in (node.lower, node.upper, node.step)]
        if not all(bound is None or isinstance(bound, int) for bound in bounds) or bounds[2] == 0:
            raise ExpressionError(f"the slice {bounds}", "integers, and a step that is not 0")
        self.meter.spend(len(items))
        return items[slice(*bounds)]

    def call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            expected = f"one of the functions: {_CALLS}"
            word = node.func.id if isinstance(node.func, ast.Name) else None
            hint = did_you_mean(word, FUNCTIONS)
            raise ExpressionError(f"a call of {self.words(node.func)}", expected, hint, is_of_text=True)
        if node.keywords or any(isinstance(value, ast.Starred) for value in node.args):
            raise ExpressionError(self.words(node), "values by position")
        return call(node.func.id, [self.visit(value) for value in node.args], self.meter)


_METHODS: dict[type[ast.expr], Any] = {
    ast.Constant: _Walk.constant,
    ast.List: _Walk.list,
    ast.ListComp: _Walk.comprehension,
    ast.Name: _Walk.name,
    ast.Attribute: _Walk.attribute,
    ast.UnaryOp: _Walk.unary,
    ast.BinOp: _Walk.binary,
    ast.BoolOp: _Walk.logic,
    ast.Compare: _Walk.comparison,
    ast.IfExp: _Walk.choice,
    ast.Subscript: _Walk.index,
    ast.Call: _Walk.call,
}

_HINTS: dict[type[ast.expr], str] = {ast.Tuple: "write a list: [1, 2]"}
