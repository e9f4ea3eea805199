"""Faults of `repeat`, `parallel` and `when`, and limits of what they make."""

import time

import pytest
from refusal import message

from torcharc.spec import expand

LINEAR = {"type": "Linear", "out_features": 8}


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (
            {**LINEAR, "repeat": "3"},
            """spec.a.repeat
  found: '3'
  expected: an integer of at least 0""",
        ),
        (
            {**LINEAR, "repeat": "${size / 2}"},
            """spec.a.repeat
  found: 4.0, from '${size / 2}'
  expected: an integer of at least 0""",
        ),
        (
            {**LINEAR, "parallel": 0},
            """spec.a.parallel
  found: 0
  expected: an integer above 0""",
        ),
        (
            {**LINEAR, "parallel": True},
            """spec.a.parallel
  found: True
  expected: an integer above 0""",
        ),
        (
            {**LINEAR, "repeat": 2, "parallel": 2},
            """spec.a
  found: the keys repeat and parallel
  expected: one of them; a module of its own can hold the other""",
        ),
        (
            {**LINEAR, "when": "${size}"},
            """spec.a.when
  found: 8, from '${size}'
  expected: true or false, or a comparison""",
        ),
        (
            {**LINEAR, "repeet": 2},
            """spec.a.repeet
  found: the key 'repeet'
  expected: one of the keys: in_names, parallel, repeat, share, type, when
  hint: did you mean 'repeat'?""",
        ),
        (
            {**LINEAR, "out_features": "${sise}", "repeat": 3},
            """spec.a.out_features
  found: the name 'sise' in '${sise}'
  expected: one of the names: index, size
  hint: did you mean 'size'?""",
        ),
        (
            {**LINEAR, "in_features": 7, "repeat": 3},
            """spec.a.in_features
  found: 7
  expected: 8, as it is fed the input (8)
  hint: leave in_features out: it is inferred""",
        ),
        (
            {"type": "Linear", "in_features": 8, "out_features": 4, "repeat": 3},
            """spec.a.in_features
  found: 8
  expected: 4, as it is fed copy 0 (4)
  hint: leave in_features out: it is inferred""",
        ),
        (
            {**LINEAR, "bais": False, "repeat": 3},
            """spec.a.bais
  found: the key 'bais'
  expected: one of the keys: bias, in_features, in_names, init, out_features, type
  hint: did you mean 'bias'?""",
        ),
        (
            {**LINEAR, "in_names": ["${'x' if index == 0 else 'y'}"], "repeat": 2},
            """spec.a.in_names
  found: ['y']
  expected: the names of the first copy: ['x']""",
        ),
        (
            {"type": "ReuseFork", "names": ["p", "q"], "repeat": 2},
            """spec.a.type
  found: 'ReuseFork'
  expected: a type that gives one tensor; ReuseFork gives several""",
        ),
        (
            {**LINEAR, "repeat": 10**9},
            """spec.a
  found: 1,000,000,000 more nodes, 1,000,000,000 in the whole spec
  expected: at most 5,000 in the whole; torcharc.spec.expand.MOST_NODES sets the limit""",
        ),
    ],
)
def test_fault(node, text):
    arc = {"dag_vars": {"size": 8}, "dag_in_shape": {"x": [8], "y": [8]}, "a": node, "b": {"type": "ReLU"}}
    start = time.process_time()
    assert message(arc) == f"1 problem in the spec\n{text}"
    assert time.process_time() - start < 0.5


def test_fault_of_copies_where_one_tensor_is_due():
    for node in (LINEAR, {**LINEAR, "repeat": 2}):
        arc = {"dag_in_shape": [8], "heads": {**LINEAR, "parallel": 3}, "a": node, "b": {"type": "ReLU"}}
        assert (
            message(arc)
            == """1 problem in the spec
spec.a
  found: heads, 3 tensors side by side
  expected: one tensor; merges, torch.stack and torch.cat take several"""
        )


def test_fault_of_shared_copies_of_another_size():
    arc = {
        "dag_in_shape": {"x": [8], "y": [4]},
        "tower": {"type": "Linear", "out_features": 3, "in_names": ["x"], "repeat": 2},
        "tower~y": {"in_names": ["y"]},
    }
    assert (
        message(arc)
        == """1 problem in the spec
spec['tower~y']
  found: the input y (4)
  expected: the sizes of its first run, in 'tower': the input x (8)"""
    )


def test_fault_of_variables_is_told_alone():
    arc = {
        "dag_vars": {"width": "${wdth}"},
        "dag_in_shape": ["${width}"],
        "a": {"type": "Lnear", "out_features": "${width}"},
    }
    assert (
        message(arc)
        == """1 problem in the spec
spec.dag_vars.width
  found: the name 'wdth' in '${wdth}'
  expected: no names: there are no variables"""
    )


def test_fault_of_copies_in_a_single_module():
    assert (
        message({"type": "Linear", "in_features": 8, "out_features": 8, "repeat": 2})
        == """1 problem in the spec
spec.repeat
  found: the key 'repeat'
  expected: no copies: the arc is one module
  hint: state the input as dag_in_shape"""
    )


def test_fault_in_a_file_has_its_line(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("dag_in_shape: [8]\na:\n  type: ReLU\n  repeat: 1000000\nb:\n  type: ReLU\n")
    assert (
        message(path)
        == """1 problem in the spec
net.yaml:2: spec.a
  found: 1,000,000 more nodes, 1,000,000 in the whole spec
  expected: at most 5,000 in the whole; torcharc.spec.expand.MOST_NODES sets the limit"""
    )


def test_nodes_are_counted_over_the_whole_spec(monkeypatch):
    monkeypatch.setattr(expand, "MOST_NODES", 5)
    arc = {"dag_in_shape": [8], "a": {**LINEAR, "repeat": 3}, "b": {**LINEAR, "parallel": 2}, "c": {"type": "SumMerge"}}
    assert (
        message(arc)
        == """1 problem in the spec
spec.c
  found: 1 more nodes, 6 in the whole spec
  expected: at most 5 in the whole; torcharc.spec.expand.MOST_NODES sets the limit"""
    )


def test_parameters_of_copies_count():
    arc = {"dag_in_shape": [10**4], "a": {"type": "Linear", "out_features": 10**4, "repeat": 200}}
    assert (
        message(arc)
        == """1 problem in the spec
spec.a
  found: 20,002,000,000 parameters, 20,002,000,000 in the whole network
  expected: at most 10,000,000,000 in the whole; torcharc.infer.MOST_PARAMETERS sets the limit"""
    )
