"""Unknown types, misspelt keys, and nodes that are none."""

# ruff: noqa: E501  # messages are quoted as they are shown

import pytest

CASES = [
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linaer", "layers": [4]}},
        """1 problem in the spec
spec.fc.type
  found: 'Linaer'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?""",
        id="row_01_unknown_type",
    ),
    pytest.param(
        {"type": "conv2d", "in_shape": [3, 8, 8], "layers": [[4, 3]]},
        """1 problem in the spec
spec.type
  found: 'conv2d'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Conv2d'?""",
        id="row_01_type_in_wrong_case",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": 5}},
        """1 problem in the spec
spec.fc.type
  found: 5
  expected: the name of a type; torcharc.types() lists them""",
        id="row_01_type_that_is_no_name",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "os.system"}},
        """1 problem in the spec
spec.fc.type
  found: 'os.system'
  expected: the name of a type; torcharc.types() lists them""",
        id="row_01_type_of_the_operating_system",
    ),
    pytest.param(
        {"dag_in_shape": [8], "a": {"type": "Sofmax", "dim": 1}, "b": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.a.type
  found: 'Sofmax'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Softmax'?""",
        id="row_01_unknown_type_gives_no_further_problem",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"layers": [4]}},
        """1 problem in the spec
spec.fc
  found: no key 'type'
  expected: the key 'type', which is required""",
        id="row_02_no_type",
    ),
    pytest.param(
        {"in_features": 8, "layers": [4]},
        """1 problem in the spec
spec
  found: no key 'type'
  expected: the key 'type', which is required""",
        id="row_02_no_type_in_a_module",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"typ": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.fc.typ
  found: the key 'typ'
  expected: one of the keys: type
  hint: did you mean 'type'?""",
        id="row_02_misspelt_type",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "activaton": "ReLU"}},
        """1 problem in the spec
spec.fc.activaton
  found: the key 'activaton'
  expected: one of the keys: activation, batch_norm, bias, dropout, in_features, in_names, in_shape, init, layers, norm, type
  hint: did you mean 'activation'?""",
        id="row_03_misspelt_activation",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layer": [4]}},
        """1 problem in the spec
spec.fc.layer
  found: the key 'layer'
  expected: one of the keys: activation, batch_norm, bias, dropout, in_features, in_names, in_shape, init, layers, norm, type
  hint: did you mean 'layers'?""",
        id="row_04_misspelt_layers",
    ),
    pytest.param(
        {"type": "Linear", "in_features": 8, "layer": [4]},
        """1 problem in the spec
spec.layer
  found: the key 'layer'
  expected: one of the keys: activation, batch_norm, bias, dropout, in_features, in_names, in_shape, init, layers, norm, type
  hint: did you mean 'layers'?""",
        id="row_04_misspelt_layers_in_a_module",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4, "activation": "ReLU"}},
        """1 problem in the spec
spec.fc.activation
  found: the key 'activation'
  expected: one of the keys: bias, in_features, in_names, init, out_features, type
  hint: 'activation' goes with 'layers': write layers: [...]""",
        id="row_04_sublayer_without_layers",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": 5},
        """1 problem in the spec
spec.fc
  found: 5
  expected: a node: {type: ..., ...}""",
        id="row_21_node_is_a_number",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": None},
        """1 problem in the spec
spec.fc
  found: nothing
  expected: a node: {type: ..., ...}""",
        id="row_21_node_is_null",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": ["Linear"]},
        """1 problem in the spec
spec.fc
  found: ['Linear']
  expected: a node: {type: ..., ...}""",
        id="row_21_node_is_a_list",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": "Linear"},
        """1 problem in the spec
spec.fc
  found: 'Linear'
  expected: a node: {type: ..., ...}""",
        id="row_21_node_is_a_string",
    ),
]
