"""Overrides by path, variables at build, and that neither changes what is given."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torcharc
from torcharc.spec.override import bind_variables, override, write_path

ARC = {
    "dag_vars": {"width": 16, "inner": "${2 * width}"},
    "dag_in_shape": [8],
    "body": {"type": "Linear", "layers": [["${width}"], ["${inner}"]], "activation": "ReLU", "dropout": 0.2},
    "head": {"type": "Linear", "out_features": 4},
}


def message(call, *args, **kwargs):
    """What the error says that a call raises."""
    with pytest.raises(torcharc.SpecError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


@pytest.fixture(autouse=True)
def arc_unchanged():
    """No test changes the arc."""
    before = copy.deepcopy(ARC)
    yield
    assert before == ARC


def test_override():
    new = override(ARC, {"body.layers[0][0]": 32, "body.dropout": 0.1, "head.type": "Identity", "dag_in_shape[-1]": 9})
    assert new == {
        **ARC,
        "dag_in_shape": [9],
        "body": {**ARC["body"], "layers": [[32], ["${inner}"]], "dropout": 0.1},
        "head": {"type": "Identity", "out_features": 4},
    }


def test_override_in_order():
    assert override(ARC, {"head": {"type": "ReLU", "inplace": True}, "head.inplace": False})["head"] == {
        "type": "ReLU",
        "inplace": False,
    }


def test_override_of_unusual_keys():
    spec = {"a.b": {"c": 1}, 3: [1], "d": {"0": 5}}
    assert override(spec, {"a\\.b.c": 2, "[3][0]": 4, "d.0": 6}) == {"a.b": {"c": 2}, 3: [4], "d": {"0": 6}}


def test_override_keeps_nothing_of_what_it_gets():
    value = {"type": "Linear", "layers": [1]}
    new = override(ARC, {"head": value})
    new["head"]["layers"].append(2)
    new["body"]["layers"].append(3)
    assert value == {"type": "Linear", "layers": [1]}


def test_override_of_a_file_keeps_its_lines(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("dag_in_shape: [8]\nfc:\n  type: Linear\n  out_features: 4\n")
    assert override(path, {"fc.out_features": 3}) == {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 3}}
    assert (
        message(torcharc.build, path, overrides={"fc.out_features": "3"})
        == """1 problem in the spec
net.yaml:4: spec.fc.out_features
  found: '3'
  expected: an integer above 0
  hint: write 3 without quotes"""
    )
    assert (
        message(torcharc.build, path, overrides={"fc.outfeatures": 3})
        == """1 problem in the spec
net.yaml:2: spec.fc.outfeatures
  found: the override 'fc.outfeatures'
  expected: one of the keys: out_features, type
  hint: did you mean 'fc.out_features'?"""
    )


def test_faulty_paths():
    overrides = {
        "bdy.layers[0]": 1,
        "body.layers[2][0]": 1,
        "body.layers.x": 1,
        "head.type.name": 1,
        "dropout": 0.1,
        "": 1,
    }
    assert (
        message(override, ARC, overrides)
        == """6 problems in the spec
spec.bdy
  found: the override 'bdy.layers[0]'
  expected: one of the keys: body, dag_in_shape, dag_vars, head
  hint: did you mean 'body.layers[0]'?
spec.body.layers[2]
  found: the override 'body.layers[2][0]'
  expected: a position from 0 to 1
spec.body.layers.x
  found: the override 'body.layers.x'
  expected: a position from 0 to 1
spec.head.type
  found: the override 'head.type.name'
  expected: a shorter path: 'Linear' holds nothing further
spec.dropout
  found: the override 'dropout'
  expected: one of the keys: body, dag_in_shape, dag_vars, head
spec
  found: the override ''
  expected: a path, as image.layers[0]"""
    )


def test_faulty_overrides():
    assert (
        message(override, {"a": [], "b": {}}, {"a[0]": 1, "b.c": 1})
        == """2 problems in the spec
spec.a[0]
  found: the override 'a[0]'
  expected: no position: the list is empty
spec.b.c
  found: the override 'b.c'
  expected: no key: the mapping is empty"""
    )
    assert (
        message(override, ARC, ["a"])
        == """1 problem in the spec
spec
  found: ['a']
  expected: overrides as a mapping: {path: value}"""
    )


names = st.text("ab_.1", min_size=1, max_size=4).filter(lambda text: not text.isdecimal() and "\\" not in text)
trees = st.recursive(
    st.integers(),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3),
)


@given(st.dictionaries(names, trees, min_size=1, max_size=3), st.data())
def test_every_place_can_be_overridden(spec, data):
    path, value = (), spec
    while isinstance(value, (dict, list)) and (not path or data.draw(st.booleans())):
        key = data.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        path, value = (*path, key), value[key]
    new = override(spec, {write_path(path): "here"})
    found, old = new, copy.deepcopy(spec)
    for key in path[:-1]:
        found = found[key]
    assert found[path[-1]] == "here"
    found[path[-1]] = value
    assert new == old


def test_build_with_overrides():
    net = torcharc.build(ARC, overrides={"body.layers[0][0]": 32, "dag_vars.width": 5})
    assert [tuple(p.shape) for p in net.parameters()] == [(32, 8), (32,), (10, 32), (10,), (4, 10), (4,)]
    assert net.spec == override(ARC, {"body.layers[0][0]": 32, "dag_vars.width": 5})


def test_build_with_variables():
    shapes = [(5, 8), (5,), (10, 5), (10,), (4, 10), (4,)]
    for net in (torcharc.build(ARC, width=5), torcharc.build(ARC, vars={"width": 5})):
        assert [tuple(p.shape) for p in net.parameters()] == shapes
    assert torcharc.inspect(ARC, width=5).params == torcharc.inspect(ARC, vars={"width": 5}).params == 149
    assert torcharc.inspect(ARC, overrides={"dag_vars.width": 5}).params == 149


def test_cached_plans_of_other_values_differ():
    counts = [torcharc.inspect(ARC, width=width).params for width in (5, 6, 5, 16)]
    assert counts == [149, 190, 149, torcharc.inspect(ARC).params]
    assert torcharc.inspect(ARC, overrides={"head.out_features": 5}).params == torcharc.inspect(ARC).params + 33


def test_spec_of_a_network_builds_it_again():
    net = torcharc.build(ARC, width=5, seed=0)
    again = torcharc.build(net.spec, seed=0)
    assert net.spec["dag_vars"] == {"width": 5, "inner": "${2 * width}"}
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))


def test_variable_that_is_called_like_an_argument_of_build():
    arc = {
        "dag_vars": {"seed": 3, "spec": 2},
        "dag_in_shape": ["${spec}"],
        "fc": {"type": "Linear", "out_features": "${seed}"},
    }
    assert torcharc.build(arc, seed=0, vars={"seed": 5, "spec": 4}).module_dict.fc.weight.shape == (5, 4)


def test_unknown_variables():
    assert (
        message(torcharc.build, ARC, widht=5, vars={"depth": 1})
        == """2 problems in the spec
spec.dag_vars.depth
  found: a value for the variable 'depth'
  expected: one of the variables: inner, width
spec.dag_vars.widht
  found: a value for the variable 'widht'
  expected: one of the variables: inner, width
  hint: did you mean 'width'?"""
    )
    assert (
        message(torcharc.inspect, {"dag_in_shape": [8], "fc": {"type": "ReLU"}}, width=5)
        == """1 problem in the spec
spec.dag_vars.width
  found: a value for the variable 'width'
  expected: no variables: the spec has none"""
    )


def test_bound_variables_keep_their_place():
    assert list(bind_variables(ARC, {"width": 5})) == list(ARC)
    assert bind_variables({"graph": [], "vars": {"a": 1}}, {"b": 2, "a": 3}) == {"graph": [], "vars": {"b": 2, "a": 3}}
    assert bind_variables({"graph": []}, {"b": 2}) == {"vars": {"b": 2}, "graph": []}
    assert bind_variables({"model": {"vars": {"a": 1}}}, {"a": 2}) == {"model": {"vars": {"a": 2}}}
    assert bind_variables(ARC, {}) is ARC
