"""Expressions: what they give, what they refuse, and that nothing else can happen."""

import math
import operator
import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torcharc.spec import arithmetic, expression
from torcharc.spec.arithmetic import ExpressionError
from torcharc.spec.expression import evaluate

SCOPE = {"width": 64, "rate": 0.5, "depths": [3, 4, 6, 3], "name": "stem", "sizes": {"small": 1}, "empty": []}


def fault(text, scope=SCOPE):
    """What is wrong with an expression: found, expected, hint."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, scope)
    return caught.value.found, caught.value.expected, caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 * width + 1", 129),
        ("width // 3 % 4 - -1", 2),
        ("width / 2", 32.0),
        ("2 ** 3 ** 2", 512),
        ("vars.width", 64),
        ("depths[-1] + depths[1]", 7),
        ("depths[1:3]", [4, 6]),
        ("depths[::-1]", [3, 6, 4, 3]),
        ("name[0]", "s"),
        ("name + '_' + name[:2]", "stem_st"),
        ("'ab' * 2", "abab"),
        ("[width] * 2 + [1]", [64, 64, 1]),
        ("sizes['small']", 1),
        ("1 if width > 32 else missing", 1),
        ("0 < rate < 1 <= width", True),
        ("width == 64 and not empty", True),
        ("empty or depths", [3, 4, 6, 3]),
        ("3 in depths", True),
        ("'te' not in name", False),
        ("min(depths) + max(1, 2, width)", 67),
        ("sum(range(len(depths)))", 6),
        ("range(2, 10, 3)", [2, 5, 8]),
        ("int('12') + int(2.9) + int(True)", 15),
        ("round(2.567, 2)", 2.57),
        ("round(rate * 5)", 2),
        ("float(3)", 3.0),
        ("[2 * depth + width for depth in depths]", [70, 72, 76, 70]),
        ("[[i, depths[i]] for i in range(len(depths)) if depths[i] > 3]", [[1, 4], [2, 6]]),
        ("[sum([w for w in depths if w < width]) for width in [4, 7]]", [6, 16]),
        ("[width for width in [1]] + [width]", [1, 64]),
        ("None", None),
        ("'plain text'", "plain text"),
        ("  1 ", 1),
    ],
)
def test_value(text, value):
    result = evaluate(text, SCOPE)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "found", "expected", "hint"),
    [
        ("", "''", "an expression", ""),
        ("1 +", "'1 +'", "an expression; it says: invalid syntax", ""),
        ("\0", r"'\x00'", "an expression; it says: source code string cannot contain null bytes", ""),
        (
            "widht",
            "the name 'widht'",
            "one of the names: depths, empty, name, rate, sizes, width",
            "did you mean 'width'?",
        ),
        (
            "vars.dephts",
            "the name 'dephts'",
            "one of the names: depths, empty, name, rate, sizes, width",
            "did you mean 'depths'?",
        ),
        (
            "true",
            "the name 'true'",
            "one of the names: depths, empty, name, rate, sizes, width",
            "did you mean 'True'?",
        ),
        ("name + 1", "'stem' + 1", "two numbers, two strings or two lists", ""),
        ("name % 1", "'stem' % 1", "numbers", ""),
        ("-name", "'-name'", "a number behind - or +", ""),
        ("~width", "'~width'", "a number behind - or +", ""),
        ("width << 2", "an operator on bits or matrices", "one of the operators: + - * / // % **", ""),
        ("width < name", "64 < 'stem'", "two numbers or two strings", ""),
        ("1 in name", "1 in 'stem'", "a value in a list, or a string in a string", ""),
        ("width is 64", "is", "a comparison by value", "write == or !="),
        ("width / 0", "64 / 0", "a finite number; it says: division by zero", ""),
        ("(-8) ** rate", "-8 ** 0.5", "a real number", ""),
        ("1e300 * 1e300", "1e+300 * 1e+300", "a finite number", ""),
        ("1e999", "'1e999'", "a finite number", ""),
        ("1j", "'1j'", expression._LANGUAGE, ""),
        ("(1, 2)", "'(1, 2)'", expression._LANGUAGE, "write a list: [1, 2]"),
        ("b'x'", "\"b'x'\"", expression._LANGUAGE, ""),
        ("depths[4]", "the position 4 of [3, 4, 6, 3]", "a position from 0 to 3", ""),
        ("empty[0]", "the position 0 of []", "no positions: the list is empty", ""),
        ("sizes['smal']", "the key 'smal'", "one of the keys: small", "did you mean 'small'?"),
        ("width[0]", "'width[0]'", "a list or a string, and a position", ""),
        ("depths[::0]", "the slice [None, None, 0]", "integers, and a step that is not 0", ""),
        ("rangee(3)", "a call of 'rangee'", f"one of the functions: {expression._CALLS}", "did you mean 'range'?"),
        ("max(a=1)", "'max(a=1)'", "values by position", ""),
        ("[a for a in width]", "64", "a list behind in", ""),
        (
            "[a for a in depths for b in depths]",
            "'[a for a in depths for b in depths]'",
            "one for with one name: [2 * width for width in widths]",
            "",
        ),
        (
            "[a for a, b in depths]",
            "'[a for a, b in depths]'",
            "one for with one name: [2 * width for width in widths]",
            "",
        ),
        (
            "[a for a in range(9999)]",
            "more list items and characters in one expression",
            "at most 10,000; torcharc.spec.arithmetic.MOST_STEPS sets the limit",
            "",
        ),
        ("max(*depths)", "'max(*depths)'", "values by position", ""),
        ("len()", "0 values for len", "1 of them", ""),
        ("min()", "0 values for min", "1 or more of them", ""),
        ("range(1, 2, 3, 4)", "4 values for range", "1 to 3 of them", ""),
        ("max(empty)", "max of []", "numbers, or a list of numbers with at least one", ""),
        ("max(1, name)", "max of [1, 'stem']", "a list of numbers", ""),
        ("sum(name)", "sum of 'stem'", "a list of numbers", ""),
        ("len(width)", "len of 64", "a list or a string", ""),
        ("range(rate)", "range of [0.5]", "integers", ""),
        ("int(depths)", "int of [3, 4, 6, 3]", "a number, or a string that holds one", ""),
        ("round(name)", "round of ['stem']", "a number, and places from -30 to 30", ""),
        (
            "int(name)",
            "int of 'stem'",
            "values it can take; it says: invalid literal for int() with base 10: 'stem'",
            "",
        ),
        ("sum([1e308, 1e308])", "sum of [1e+308, 1e+308]", "a finite number", ""),
    ],
)
def test_fault(text, found, expected, hint):
    assert fault(text) == (found, expected, hint)


def test_fault_without_names():
    assert fault("x", {}) == ("the name 'x'", "no names: there are no variables", "")


def test_fault_of_foreign_value():
    expected = "plain data: a number, a string, a list"
    assert fault("x", {"x": object()}) == ("a value of type object", expected, "")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0].__subclasses__()",
        "width.__class__",
        "width.real",
        "name.format(width)",
        "vars.vars.width",
        "(lambda: 1)()",
        "(x for x in depths)",
        "{x for x in depths}",
        "f'{width}'",
        "{'a': 1}",
        "{1, 2}",
        "(x := 3)",
        "[*depths]",
        "open('/etc/passwd')",
        "eval('1')",
        "getattr(name, 'upper')()",
        "max.__self__",
        "...",
        "await width",
        "yield",
    ],
)
def test_nothing_outside_the_language_runs(text):
    with pytest.raises(ExpressionError):
        evaluate(text, SCOPE)


_LARGE = f"a number up to {2**63 - 1}; torcharc.spec.arithmetic.LARGEST sets the limit"
_MANY = "at most 10,000; torcharc.spec.arithmetic.MOST_STEPS sets the limit"
_ITEMS = "more list items and characters in one expression"


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("9**9**9", "9 ** 387420489", _LARGE),
        ("2**64", "2 ** 64", _LARGE),
        ("10**18 * 10", "1000000000000000000 * 10", _LARGE),
        ("int(1e300)", "int of 1e+300", _LARGE),
        ("'a' * 10**9", _ITEMS, _MANY),
        ("10**9 * 'a'", _ITEMS, _MANY),
        ("[0] * 10**9", _ITEMS, _MANY),
        ("[[0] * 5000] * 5000", _ITEMS, _MANY),
        ("range(10**9)", _ITEMS, _MANY),
        ("range(-2**62, 2**62)", _ITEMS, _MANY),
        ("sum(range(10**12))", _ITEMS, _MANY),
        ("'%1000000000d' % 1", "'%1000000000d' % 1", "numbers"),
        ("round(5, -10**9)", "round of [5, -1000000000]", "a number, and places from -30 to 30"),
        ("int('9' * 5000)", "int of '" + "9" * 27 + "..." + "9" * 28 + "'", "a number of at most 400 digits"),
        ("-" * 900 + "1", "a deeper expression", "at most 100 levels"),
        ("1+" * 400 + "1", "a deeper expression", "at most 100 levels"),
        (
            "1" * 1001,
            "an expression of 1001 characters",
            "at most 1000; torcharc.spec.expression.MOST_CHARACTERS sets the limit",
        ),
        ("[" * 40 + "]" * 40, "lists that nest deeper", "at most 30 levels"),
    ],
)
def test_limit_is_kept_before_anything_is_made(text, found, expected):
    start = time.process_time()
    assert fault(text)[:2] == (found, expected)
    assert time.process_time() - start < 0.1


def test_limit_of_scope_that_shares_parts():
    big = [0] * 10
    for _ in range(10):
        big = [big] * 10
    for text in ("big", "big == [big]", "0 in big", "len([big]) if big != 1 else 2"):
        start = time.process_time()
        assert fault(text, {"big": big})[:2] == (_ITEMS, _MANY)
        assert time.process_time() - start < 0.1


def test_limits_can_be_set(monkeypatch):
    monkeypatch.setattr(arithmetic, "MOST_STEPS", 100_000)
    monkeypatch.setattr(arithmetic, "LARGEST", 2**70)
    monkeypatch.setattr(expression, "MOST_CHARACTERS", 4)
    assert len(evaluate("a*b", {"a": [0], "b": 20_000})) == 20_000
    assert evaluate("a*b", {"a": 2**35, "b": 2**35}) == 2**70
    with pytest.raises(ExpressionError):
        evaluate("a * b", {"a": 1, "b": 1})


def test_numbers_that_are_not_finite_are_kept_where_they_are_typed():
    assert math.isnan(evaluate("float('nan') + 1", {}))
    assert evaluate("-x * 2", {"x": math.inf}) == -math.inf


def test_error_survives_pickling():
    with pytest.raises(ExpressionError) as caught:
        evaluate("widht", {"width": 1})
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.found, error.expected, error.hint) == (
        "the name 'widht'",
        "one of the names: width",
        "did you mean 'width'?",
    )
    assert str(error) == "found the name 'widht', expected one of the names: width; did you mean 'width'?"


NAMES = ("a", "b", "c")
numbers = st.integers(-50, 50) | st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3)) | st.booleans()


def combine(children):
    """Larger expressions from smaller ones."""
    pair = st.tuples(children, children)
    return st.one_of(
        st.tuples(children, st.sampled_from(["+", "-", "*", "/", "//", "%"]), children).map(
            lambda t: f"({' '.join(t)})"
        ),
        st.tuples(children, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), children).map(
            lambda t: f"({' '.join(t)})"
        ),
        st.tuples(children, st.sampled_from(["and", "or"]), children).map(lambda t: f"({' '.join(t)})"),
        children.map(lambda t: f"(-{t})"),
        children.map(lambda t: f"(not {t})"),
        st.tuples(children, children, children).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.lists(children, min_size=1, max_size=3).map(lambda t: f"max([{', '.join(t)}])"),
        st.lists(children, min_size=1, max_size=3).map(lambda t: f"sum([{', '.join(t)}])"),
        pair.map(lambda t: f"min({t[0]}, {t[1]})"),
        pair.map(lambda t: f"[{t[0]}, {t[1]}][0]"),
        st.tuples(children, children, children).map(lambda t: f"max([{t[0]} for a in [{t[1]}, {t[2]}]])"),
        children.map(lambda t: f"float({t})"),
        children.map(lambda t: f"int({t})"),
        children.map(lambda t: f"({t} ** 2)"),
    )


arithmetic_texts = st.recursive(numbers.map(repr) | st.sampled_from(NAMES), combine, max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(arithmetic_texts, st.tuples(numbers, numbers, numbers))
def test_agrees_with_python(text, values):
    scope = dict(zip(NAMES, values, strict=True))
    try:
        expected = eval(text, dict(scope))  # noqa: S307  # the oracle, on text made here
    except ArithmeticError:
        expected = None
    try:
        result = evaluate(text, scope)
    except ExpressionError:
        assert expected is None or not abs(expected) < 2**63  # what Python too refuses, or a limit
        return
    assert type(result) is type(expected)
    assert result == expected


pieces = st.sampled_from(
    "( ) [ ] , + - * / // % ** < == in is not and or if else lambda : := . vars .x 'a' \" ' 1 2.5 1e9 10**9 0x a b c d"
    " min( max( len( range( sum( int( float( round( { } \\ ~ @ ; \n for True None".split(" ")
)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60) | st.lists(pieces, max_size=14).map(" ".join) | arithmetic_texts)
def test_any_text_gives_plain_data_or_an_error(text):
    try:
        value = evaluate(text, {"a": 3, "b": [1, 2], "c": "word", "d": {"k": 1.5}})
    except ExpressionError:
        return
    assert isinstance(value, (int, float, str, list, dict)) or value is None


@given(st.integers(-100, 100), st.integers(-20, 20))
def test_powers_agree_with_python_or_pass_the_limit(base, exponent):
    try:
        result = evaluate("a ** b", {"a": base, "b": exponent})
    except ExpressionError:
        assert (base == 0 and exponent < 0) or abs(operator.pow(base, exponent)) > arithmetic.LARGEST
        return
    assert result == base**exponent
