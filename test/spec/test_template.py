"""Templates: what `${expression}` becomes, its scope and its budget."""

import copy
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusal import shown

import torcharc
from torcharc.spec import template
from torcharc.spec.template import Budget, fill, read_scope

SCOPE = {"width": 64, "rate": 0.5, "name": "stem", "depths": [3, 4], "on": True}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("${width * 2}", 128),
        ("${rate}", 0.5),
        ("${on}", True),
        ("${depths}", [3, 4]),
        ("${None}", None),
        ("${name}", "stem"),
        ("${ width }", 64),
        ("w${width}_${rate}", "w64_0.5"),
        (" ${width}", " 64"),
        ("${width}${width}", "6464"),
        ("$${width}", "${width}"),
        ("$$${width}", "$${width}"),
        ("a $${b} ${width}", "a ${b} 64"),
        ("${'a}b'}", "a}b"),
        ("${'a\\'}b'}", "a'}b"),
        ("$5 {x} }{", "$5 {x} }{"),
        ({"a": ["${width}", {"b": "${rate}"}], "c": 1}, {"a": [64, {"b": 0.5}], "c": 1}),
        ((1, "${width}"), [1, 64]),
        ({1: "${width}"}, {1: 64}),
    ],
)
def test_fill(value, filled):
    before = copy.deepcopy(value)
    result, problems = fill(value, SCOPE, ())
    assert (result, problems) == (filled, [])
    assert type(result) is type(filled)
    assert value == before


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"a": ["${widht * 2}"]},
            """spec.a[0]
  found: the name 'widht' in '${widht * 2}'
  expected: one of the names: depths, name, on, rate, width
  hint: did you mean 'width'?""",
        ),
        (
            {"a": "${width", "b": "x ${"},
            """spec.a
  found: '${width'
  expected: a closing } behind each ${
spec.b
  found: 'x ${'
  expected: a closing } behind each ${""",
        ),
        (
            {"${width}": 1},
            """spec['${width}']
  found: the key '${width}'
  expected: a plain key: only values are templates""",
        ),
        (
            "${}",
            """spec
  found: '' in '${}'
  expected: an expression""",
        ),
        (
            "${9**9**9}",
            """spec
  found: 9 ** 387420489 in '${9**9**9}'
  expected: a number up to 9223372036854775807; torcharc.spec.arithmetic.LARGEST sets the limit""",
        ),
    ],
)
def test_fill_fault(value, message):
    result, problems = fill(value, SCOPE, ())
    assert shown(problems) == message
    assert result == value


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text().filter(lambda t: "${" not in t),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda t: "${" not in t), inner),
)


@given(plain)
def test_fill_without_templates_gives_the_same_object(value):
    result, problems = fill(value, SCOPE, ())
    assert result is value
    assert problems == []


@given(st.text())
def test_fill_of_escaped_text_gives_the_text(text):
    escaped = text.replace("${", "$${")
    if "$${" in text or "$$" in text:
        return
    assert fill(escaped, SCOPE, ()) == (text, [])


templated = st.recursive(
    st.text("$${}ab'1+ ", max_size=12) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("${a}", max_size=4), inner, max_size=3),
)


@given(templated)
def test_fill_gives_a_value_or_problems_and_changes_nothing(value):
    before = copy.deepcopy(value)
    _, problems = fill(value, {"a": 1, "b": "x"}, ("here",))
    assert value == before
    assert all(problem.path[0] == "here" and problem.found and problem.expected for problem in problems)


def test_budget_of_values():
    start = time.process_time()
    with pytest.raises(torcharc.SpecError) as caught:
        fill([f"${{len(range(9_000 + {i}))}}" for i in range(999)], SCOPE, ("a",))
    assert (
        str(caught.value)
        == """1 problem in the spec
spec.a[55]
  found: templates that become a larger spec
  expected: at most 500,000 values; torcharc.spec.template.MOST_VALUES sets the limit"""
    )
    assert time.process_time() - start < 0.5


def test_budget_is_shared_and_can_be_set(monkeypatch):
    monkeypatch.setattr(template, "MOST_VALUES", 10)
    budget = Budget()
    fill("${width}", SCOPE, (), budget)
    with pytest.raises(torcharc.SpecError):
        fill(["${[width] * 9}"], SCOPE, (), budget)


def test_scope_of_earlier_variables():
    variables = {"width": 64, "inner": "${4 * width}", "all": ["${inner}", "${width}"], "text": "w${inner}"}
    assert read_scope(variables, {}, ()) == ({"width": 64, "inner": 256, "all": [256, 64], "text": "w256"}, [])


def test_scope_follows_overrides():
    variables = {"width": 64, "inner": "${4 * width}", "last": "${inner + 1}"}
    assert read_scope(variables, {"width": 8}, ()) == ({"width": 8, "inner": 32, "last": 33}, [])
    assert read_scope(variables, {"inner": 3}, ()) == ({"width": 64, "inner": 3, "last": 4}, [])
    assert variables == {"width": 64, "inner": "${4 * width}", "last": "${inner + 1}"}


def test_scope_hides_names_of_its_base():
    assert read_scope({"b": "${a}", "a": "${a + 1}"}, {}, (), base={"a": 1, "c": 3}) == ({"a": 2, "b": 1, "c": 3}, [])


def test_no_variables():
    assert read_scope(None, {}, ()) == ({}, [])


@pytest.mark.parametrize(
    ("variables", "overrides", "message"),
    [
        (
            [1],
            {},
            """spec.vars
  found: [1]
  expected: a mapping of names to values""",
        ),
        (
            {"a-b": 1, "if": 2, 3: 4},
            {},
            """spec.vars['a-b']
  found: the name 'a-b'
  expected: a name of letters, digits and _, that is no word of Python
spec.vars.if
  found: the name 'if'
  expected: a name of letters, digits and _, that is no word of Python
spec.vars[3]
  found: the name 3
  expected: a name of letters, digits and _, that is no word of Python""",
        ),
        (
            {"a": "${b}", "b": 1, "c": "${a + 1}", "d": ["${c}"]},
            {},
            """spec.vars.a
  found: the name 'b' in '${b}'
  expected: no names: there are no variables""",
        ),
        (
            {"width": 1, "depth": 2},
            {"widht": 3},
            """spec.vars.widht
  found: a value for the variable 'widht'
  expected: one of the variables: depth, width
  hint: did you mean 'width'?""",
        ),
        (
            {},
            {"width": 3},
            """spec.vars.width
  found: a value for the variable 'width'
  expected: no variables: the spec has none""",
        ),
    ],
)
def test_scope_fault(variables, overrides, message):
    _, problems = read_scope(variables, overrides, ("vars",))
    assert shown(problems) == message


# what expressions in numeric places may cost


def test_numbers_of_one_spec_draw_on_one_budget():
    """Each expression stays below its own limit; a thousand of them would take seconds."""
    node = {"type": "Linear", "params": {"in_features": 8, "out_features": "sum(range(4000)) - sum(range(4000)) + 8"}}
    nodes = [{"name": f"n{index}", "inputs": "x" if index == 0 else f"n{index - 1}", **node} for index in range(2000)]
    spec = {
        "inputs": {"x": {"dtype": "float32", "shape": [None, 8]}},
        "graph": nodes,
        "outputs": {"y": "n1999"},
    }
    start = time.process_time()
    problems = torcharc.check(spec)
    assert time.process_time() - start < 5
    assert [(problem.path[2:], problem.found, problem.expected) for problem in problems] == [
        (
            ("params", "out_features"),
            "templates that become a larger spec",
            "at most 500,000 values; torcharc.spec.template.MOST_VALUES sets the limit",
        )
    ]


# variables that the caller gives


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"dag_vars": {"width": 8}, "dag_in_shape": [4], "fc": {"type": "Linear", "layers": ["${width}"]}}, "dag_vars"),
        (
            {
                "vars": {"width": 8},
                "inputs": {"x": {"dtype": "float32", "shape": [None, "width"]}},
                "graph": [{"name": "a", "type": "ReLU", "inputs": "x"}],
                "outputs": {"y": "a"},
            },
            "vars",
        ),
        (
            {
                "vars": {"width": 8},
                "modules": {"fc": {"LazyLinear": {"out_features": "${width}"}}},
                "graph": {"input": "x", "modules": {"fc": ["x"]}, "output": "fc"},
            },
            "vars",
        ),
    ],
    ids=["arc", "arcgraph", "modules"],
)
def test_unknown_variable_is_refused_in_every_format(spec, place):
    torcharc.build(spec, width=16)
    for function in (torcharc.build, torcharc.inspect):
        with pytest.raises(torcharc.SpecError) as error:
            function(spec, widht=3)
        assert str(error.value) == (
            f"1 problem in the spec\nspec.{place}.widht\n"
            "  found: a value for the variable 'widht'\n"
            "  expected: one of the variables: width\n"
            "  hint: did you mean 'width'?"
        )


def test_caller_binds_a_name_that_a_graph_spec_uses():
    spec = {
        "inputs": {"x": {"dtype": "float32", "shape": [None, "vars.n_features"]}},
        "graph": [{"name": "a", "type": "ReLU", "inputs": "x"}],
        "outputs": {"y": "a"},
    }
    assert torcharc.inspect(spec, n_features=7).inputs["x"].shape == (7,)
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec, n_features=7, n_feature=8)
    assert str(error.value) == (
        "1 problem in the spec\nspec.vars.n_feature\n"
        "  found: a value for the variable 'n_feature'\n"
        "  expected: no variables: the spec has none"
    )
