"""Names of tensors and nodes: unknown, taken, consumed, reserved."""

import pytest

CASES = [
    pytest.param(
        {"dag_in_shape": {"image": [8], "vector": [4]}, "fc": {"type": "Linear", "layers": [4], "in_names": ["vectr"]}},
        """1 problem in the spec
spec.fc.in_names[0]
  found: 'vectr'
  expected: one of the carried tensors: image, vector
  hint: did you mean 'vector'?""",
        id="row_06_in_names_to_nothing",
    ),
    pytest.param(
        {"dag_in_shape": {"image": [8], "vector": [4]}, "fc": {"type": "Linear", "layers": [4], "in_names": ["foo"]}},
        """1 problem in the spec
spec.fc.in_names[0]
  found: 'foo'
  expected: one of the carried tensors: image, vector""",
        id="row_06_in_names_without_likeness",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "in_names": ["x"]}},
        """1 problem in the spec
spec.fc.in_names[0]
  found: 'x'
  expected: no in_names: the one carried tensor has no name
  hint: leave in_names out""",
        id="row_06_in_names_on_an_unnamed_tensor",
    ),
    pytest.param(
        {
            "dag_in_shape": {"x": [8]},
            "up": {"type": "Linear", "layers": [4]},
            "down": {"type": "Linear", "layers": [4], "in_names": ["up"]},
        },
        """1 problem in the spec
spec.down.in_names[0]
  found: 'up'
  expected: one of the carried tensors: x
  hint: the node 'up' gives its output as 'x'""",
        id="row_06_in_names_to_a_node_instead_of_its_output",
    ),
    pytest.param(
        {
            "dag_in_shape": {"x": [8]},
            "fork": {"type": "ReuseFork", "names": ["a", "b"]},
            "down": {"type": "Linear", "layers": [4], "in_names": ["fork"]},
        },
        """1 problem in the spec
spec.down.in_names[0]
  found: 'fork'
  expected: one of the carried tensors: a, b
  hint: the node 'fork' gives its outputs as 'a', 'b'""",
        id="row_06_in_names_to_a_fork",
    ),
    pytest.param(
        {
            "dag_in_shape": {"x": [8], "y": [8]},
            "merge": {"type": "ConcatMerge", "in_names": ["x", "y"]},
            "head": {"type": "Linear", "layers": [4], "in_names": ["y"]},
        },
        """1 problem in the spec
spec.head.in_names[0]
  found: 'y'
  expected: one of the carried tensors: x
  hint: 'merge' consumed it; a ReuseFork gives one tensor several names""",
        id="row_07_consumed_name",
    ),
    pytest.param(
        {"dag_in_shape": {"x": [8], "y": [8]}, "merge": {"type": "ConcatMerge", "in_names": ["x", "x"]}},
        """1 problem in the spec
spec.merge.in_names[1]
  found: 'x' again
  expected: each tensor once
  hint: a ReuseFork gives one tensor several names""",
        id="row_07_name_twice",
    ),
    pytest.param(
        {"dag_in_shape": {"x": [8], "y": [8]}, "fork": {"type": "ReuseFork", "in_names": ["x"], "names": ["y", "z"]}},
        """1 problem in the spec
spec.fork.names[0]
  found: the output 'y'
  expected: a name that is not carried already""",
        id="row_08_fork_name_carried_already",
    ),
    pytest.param(
        {
            "dag_in_shape": {"x": [8], "y": [8]},
            "fork": {"type": "SplitFork", "in_names": ["x"], "shapes": {"z": 4, "y": 4}},
        },
        """1 problem in the spec
spec.fork.shapes.y
  found: the output 'y'
  expected: a name that is not carried already""",
        id="row_08_split_name_carried_already",
    ),
    pytest.param(
        {
            "dag_in_shape": {"x": [8]},
            "head": {"type": "Linear", "layers": [4], "in_names": ["body"]},
            "body": {"type": "Linear", "layers": [4]},
        },
        """1 problem in the spec
spec.head.in_names[0]
  found: 'body'
  expected: one of the carried tensors: x
  hint: the node 'body' stands further down; nodes run in order""",
        id="row_09_forward_reference",
    ),
    pytest.param(
        {
            "dag_in_shape": {"x": [8]},
            "a": {"type": "Linear", "layers": [4], "in_names": ["c"]},
            "b": {"type": "Linear", "layers": [4], "in_names": ["a"]},
            "c": {"type": "Linear", "layers": [4], "in_names": ["b"]},
        },
        """1 problem in the spec
spec.a.in_names[0]
  found: 'c'
  expected: one of the carried tensors: x
  hint: a cycle: a → c → b → a""",
        id="row_09_cycle",
    ),
    pytest.param(
        {"dag_in_shape": {"x": [8]}, "a": {"type": "Linear", "layers": [4], "in_names": ["a"]}},
        """1 problem in the spec
spec.a.in_names[0]
  found: 'a'
  expected: one of the carried tensors: x
  hint: a cycle: a → a""",
        id="row_09_cycle_of_one",
    ),
    pytest.param(
        {"dag_in_shape": {"img": [8]}, "fc": {"type": "Linear", "layers": [4], "in_names": "img"}},
        """1 problem in the spec
spec.fc.in_names
  found: 'img'
  expected: a list of names
  hint: write [img]""",
        id="row_33_in_names_is_a_string",
    ),
    pytest.param(
        {"dag_in_shape": {"img": [8]}, "fc": {"type": "Linear", "layers": [4], "in_names": []}},
        """1 problem in the spec
spec.fc.in_names
  found: []
  expected: a list of names, at least one""",
        id="row_33_in_names_is_empty",
    ),
    pytest.param(
        {"dag_in_shape": {"img": [8]}, "fc": {"type": "Linear", "layers": [4], "in_names": [3]}},
        """1 problem in the spec
spec.fc.in_names[0]
  found: 3
  expected: the name of a carried tensor""",
        id="row_33_in_names_holds_a_number",
    ),
    pytest.param(
        {"dag_in_shape": {"x": [8], "y": [8]}, "fc": {"type": "Linear", "layers": [4], "in_names": ["x", "y"]}},
        """1 problem in the spec
spec.fc.in_names
  found: ['x', 'y']
  expected: at most 1 tensor for Linear: input""",
        id="row_33_too_many_in_names",
    ),
    pytest.param(
        {"dag_in_shape": {"x": [8], "y": [8]}, "both": {"type": "Bilinear", "out_features": 4, "in_names": ["x"]}},
        """1 problem in the spec
spec.both.in_names
  found: ['x']
  expected: 2 tensors for Bilinear: input1, input2""",
        id="row_33_too_few_in_names",
    ),
    pytest.param(
        {"dag_in_shape": {"x": [8], "y": [8]}, "both": {"type": "Bilinear", "out_features": 4}},
        """1 problem in the spec
spec.both
  found: no key 'in_names'
  expected: in_names with 2 tensors for Bilinear: input1, input2""",
        id="row_33_in_names_left_out_where_two_are_needed",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "ReuseFork", "names": ["a", "a"]}},
        """1 problem in the spec
spec.fork.names
  found: ['a', 'a']
  expected: names that differ from one another""",
        id="row_34_fork_names_twice",
    ),
    pytest.param(
        {"dag_in_shape": [8], "a.b": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec['a.b']
  found: the name 'a.b'
  expected: a name without dots""",
        id="row_35_node_name_with_a_dot",
    ),
    pytest.param(
        {"dag_in_shape": [8], "": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec['']
  found: the name ''
  expected: a name""",
        id="row_35_node_name_empty",
    ),
    pytest.param(
        {"dag_in_shape": [8], "keys": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.keys
  found: the name 'keys'
  expected: a name that is no attribute of torch.nn.ModuleDict
  hint: choose another name""",
        id="row_36_node_keys",
    ),
    pytest.param(
        {"dag_in_shape": [8], "forward": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.forward
  found: the name 'forward'
  expected: a name that is no attribute of torch.nn.ModuleDict
  hint: choose another name""",
        id="row_36_node_forward",
    ),
    pytest.param(
        {"dag_in_shape": [8], "train": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.train
  found: the name 'train'
  expected: a name that is no attribute of torch.nn.ModuleDict
  hint: choose another name""",
        id="row_36_node_train",
    ),
]
