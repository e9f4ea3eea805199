"""Specs that are none, and their inputs."""

# ruff: noqa: E501  # messages are quoted as they are shown

import pytest

CASES = [
    pytest.param(
        None,
        """1 problem in the spec
spec
  found: nothing
  expected: a spec: type, or dag_in_shape and nodes; inputs, graph and outputs; or modules and graph""",
        id="row_20_nothing",
    ),
    pytest.param(
        [],
        """1 problem in the spec
spec
  found: []
  expected: a spec: type, or dag_in_shape and nodes; inputs, graph and outputs; or modules and graph""",
        id="row_20_list",
    ),
    pytest.param(
        {},
        """1 problem in the spec
spec
  found: {}
  expected: a spec: type, or dag_in_shape and nodes; inputs, graph and outputs; or modules and graph""",
        id="row_20_dict",
    ),
    pytest.param(
        5,
        """1 problem in the spec
spec
  found: 5
  expected: a spec: type, or dag_in_shape and nodes; inputs, graph and outputs; or modules and graph""",
        id="row_20_number",
    ),
    pytest.param(
        "nosuch.yaml",
        """1 problem in the spec
spec
  found: 'nosuch.yaml'
  expected: the path of a spec file; no such file or directory""",
        id="row_20_string_is_a_path",
    ),
    pytest.param(
        "type: Linear\nlayers: [4]",
        """1 problem in the spec
spec
  found: 'type: Linear\\nlayers: [4]'
  expected: the path of a spec file; no such file or directory
  hint: to build from YAML text, give yaml.safe_load(text)""",
        id="row_20_string_of_yaml",
    ),
    pytest.param(
        {"dag_in_shape": [8]},
        """1 problem in the spec
spec
  found: no nodes
  expected: at least one node, or a type""",
        id="row_22_no_nodes",
    ),
    pytest.param(
        {"dag_in_shape": "abc", "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape
  found: 'abc'
  expected: a shape without the batch axis: a list of integers above 0 (null for any size)""",
        id="row_30_dag_in_shape_string",
    ),
    pytest.param(
        {"dag_in_shape": 8, "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape
  found: 8
  expected: a shape without the batch axis: a list of integers above 0 (null for any size)""",
        id="row_30_dag_in_shape_number",
    ),
    pytest.param(
        {"dag_in_shape": [-3], "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape[0]
  found: -3
  expected: an integer above 0 (null for any size)""",
        id="row_30_dag_in_shape_negative",
    ),
    pytest.param(
        {"dag_in_shape": [0], "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape[0]
  found: 0
  expected: an integer above 0 (null for any size)""",
        id="row_30_dag_in_shape_zero",
    ),
    pytest.param(
        {"dag_in_shape": [3.0], "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape[0]
  found: 3.0
  expected: an integer above 0 (null for any size)""",
        id="row_30_dag_in_shape_float",
    ),
    pytest.param(
        {"dag_in_shape": [True], "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape[0]
  found: True
  expected: an integer above 0 (null for any size)""",
        id="row_30_dag_in_shape_true",
    ),
    pytest.param(
        {"dag_in_shape": None, "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape
  found: nothing
  expected: a shape without the batch axis: a list of integers above 0 (null for any size)""",
        id="row_30_dag_in_shape_null",
    ),
    pytest.param(
        {"dag_in_shape": {}, "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape
  found: {}
  expected: at least one input: {name: [sizes]}""",
        id="row_30_dag_in_shape_empty",
    ),
    pytest.param(
        {"dag_in_shape": {"x": [0], "y": "a"}, "fc": {"type": "Linear", "layers": [4]}},
        """2 problems in the spec
spec.dag_in_shape.x[0]
  found: 0
  expected: an integer above 0 (null for any size)
spec.dag_in_shape.y
  found: 'a'
  expected: a shape without the batch axis: a list of integers above 0 (null for any size)""",
        id="row_30_dag_in_shape_of_two_inputs",
    ),
    pytest.param(
        {"dag_in_shape": {1: [8]}, "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shape[1]
  found: the name 1
  expected: a name""",
        id="row_30_input_name_is_a_number",
    ),
    pytest.param(
        {
            "dag_in_shape": {"x": [8]},
            "conv": {"type": "Linaer", "layers": [4]},
            "fc": {"type": "Linear", "layers": [4, "8"], "dropout": 2, "activation": "relu"},
            "merge": {"type": "ConcatMerge"},
            "out": {"out_features": 3},
        },
        """5 problems in the spec
spec.conv.type
  found: 'Linaer'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?
spec.fc.layers[1]
  found: '8'
  expected: out_features, an integer above 0
  hint: write 8 without quotes
spec.fc.dropout
  found: 2
  expected: a probability of at least 0 and below 1
spec.fc.activation
  found: 'relu'
  expected: the type of an activation: CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish and 16 more
  hint: did you mean 'ReLU'?
spec.out
  found: no key 'type'
  expected: the key 'type', which is required""",
        id="many_problems_in_the_order_of_the_spec",
    ),
    pytest.param(
        {
            "dag_in_shape": [8],
            "up": {"type": "Linear", "layers": ["4"]},
            "down": {"type": "Linear", "out_features": 2, "biass": False},
        },
        """2 problems in the spec
spec.up.layers[0]
  found: '4'
  expected: out_features, an integer above 0
  hint: write 4 without quotes
spec.down.biass
  found: the key 'biass'
  expected: one of the keys: bias, in_features, in_names, init, out_features, type
  hint: did you mean 'bias'?""",
        id="node_behind_a_faulty_one_is_still_checked",
    ),
    pytest.param(
        {"dag_in_shape": [8], 3: {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec[3]
  found: 3
  expected: a name""",
        id="key_that_is_no_string",
    ),
]
