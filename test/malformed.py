"""Malformed specs as data: the spec, its whole message, and the row of the reference that it belongs to."""

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
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[16, 3], [16]]}},
        """1 problem in the spec
spec.conv.layers[1]
  found: [16]
  expected: [out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode], at least up to kernel_size""",
        id="row_10_entry_too_short",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [16]}},
        """1 problem in the spec
spec.conv.layers[0]
  found: 16
  expected: [out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode], at least up to kernel_size""",
        id="row_10_entry_is_a_number",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[]]}},
        """1 problem in the spec
spec.conv.layers[0]
  found: []
  expected: [out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode], at least up to kernel_size""",
        id="row_10_entry_is_empty",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[16, 3, 1, 0, 1, 1, True, "zeros", 5]]}},
        """1 problem in the spec
spec.conv.layers[0]
  found: [16, 3, 1, 0, 1, 1, True, 'zeros', ...]
  expected: at most 8 values: [out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode]""",
        id="row_10_entry_too_long",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [[64, 32]]}},
        """1 problem in the spec
spec.fc.layers[0][1]
  found: 32
  expected: bias, true or false""",
        id="row_11_linear_entry_with_two_sizes",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [64, 0]}},
        """1 problem in the spec
spec.fc.layers[1]
  found: 0
  expected: out_features, an integer above 0""",
        id="row_12_width_zero",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 0}},
        """1 problem in the spec
spec.fc.out_features
  found: 0
  expected: an integer above 0""",
        id="row_12_out_features_zero",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [-64]}},
        """1 problem in the spec
spec.fc.layers[0]
  found: -64
  expected: out_features, an integer above 0""",
        id="row_13_width_negative",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[-16, 3]]}},
        """1 problem in the spec
spec.conv.layers[0][0]
  found: -16
  expected: out_channels, an integer above 0""",
        id="row_13_channels_negative",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "dropout": 1.5}},
        """1 problem in the spec
spec.fc.dropout
  found: 1.5
  expected: a probability of at least 0 and below 1""",
        id="row_14_dropout_above_one",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "dropout": 1}},
        """1 problem in the spec
spec.fc.dropout
  found: 1
  expected: a probability of at least 0 and below 1""",
        id="row_14_dropout_of_one",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "dropout": -0.1}},
        """1 problem in the spec
spec.fc.dropout
  found: -0.1
  expected: a probability of at least 0 and below 1""",
        id="row_14_dropout_negative",
    ),
    pytest.param(
        {"dag_in_shape": [8], "drop": {"type": "Dropout", "p": 1.5}},
        """1 problem in the spec
spec.drop.p
  found: 1.5
  expected: a number from 0 to 1""",
        id="row_14_dropout_module",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "dropout": True}},
        """1 problem in the spec
spec.fc.dropout
  found: True
  expected: a probability of at least 0 and below 1""",
        id="row_15_dropout_true",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4.0]}},
        """1 problem in the spec
spec.fc.layers[0]
  found: 4.0
  expected: out_features, an integer above 0
  hint: write 4""",
        id="row_16_width_with_a_point",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": ["4"]}},
        """1 problem in the spec
spec.fc.layers[0]
  found: '4'
  expected: out_features, an integer above 0
  hint: write 4 without quotes""",
        id="row_16_width_in_quotes",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": "4"}},
        """1 problem in the spec
spec.fc.out_features
  found: '4'
  expected: an integer above 0
  hint: write 4 without quotes""",
        id="row_16_out_features_in_quotes",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[16, "4", 1]]}},
        """1 problem in the spec
spec.conv.layers[0][1]
  found: '4'
  expected: kernel_size, an integer above 0 or a list of integers above 0
  hint: write 4 without quotes""",
        id="row_16_kernel_in_quotes",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": []}},
        """1 problem in the spec
spec.fc.layers
  found: []
  expected: a list of layers, each [out_features, bias]""",
        id="row_17_no_layers",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": None}},
        """1 problem in the spec
spec.fc.layers
  found: nothing
  expected: a list of layers, each [out_features, bias]""",
        id="row_17_layers_null",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": 4}},
        """1 problem in the spec
spec.fc.layers
  found: 4
  expected: a list of layers, each [out_features, bias]""",
        id="row_17_layers_is_a_number",
    ),
    pytest.param(
        {"type": "Linear", "layers": [4]},
        """1 problem in the spec
spec
  found: no key 'in_features'
  expected: the key 'in_features', the size of the input; it is inferred where dag_in_shape is given""",
        id="row_18_no_in_features",
    ),
    pytest.param(
        {"type": "Conv2d", "layers": [[4, 3]]},
        """1 problem in the spec
spec
  found: no key 'in_shape'
  expected: the key 'in_shape', the size of the input; it is inferred where dag_in_shape is given""",
        id="row_18_no_in_shape",
    ),
    pytest.param(
        {"type": "Linear", "out_features": 4},
        """1 problem in the spec
spec
  found: no key 'in_features'
  expected: the key 'in_features', which is required""",
        id="row_18_no_in_features_in_constructor_form",
    ),
    pytest.param(
        {"fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec
  found: no key 'dag_in_shape'
  expected: the key 'dag_in_shape', which is required""",
        id="row_18_nodes_without_dag_in_shape",
    ),
    pytest.param(
        {"dag_in_shpe": [8], "fc": {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec.dag_in_shpe
  found: the key 'dag_in_shpe'
  expected: one of the keys: dag_in_shape
  hint: did you mean 'dag_in_shape'?""",
        id="row_18_misspelt_dag_in_shape",
    ),
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
    pytest.param(
        {"dag_in_shape": [8]},
        """1 problem in the spec
spec
  found: no nodes
  expected: at least one node, or a type""",
        id="row_22_no_nodes",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "init": "kaiming_unifrm_"}},
        """1 problem in the spec
spec.fc.init
  found: 'kaiming_unifrm_'
  expected: an initializer of torch.nn.init: constant_, dirac_, eye_, kaiming_normal_, kaiming_uniform_, normal_, ones_, orthogonal_, sparse_, trunc_normal_, uniform_, xavier_normal_ and 2 more
  hint: did you mean 'kaiming_uniform_'?""",
        id="row_28_init_name",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "init": "xavier_normal"}},
        """1 problem in the spec
spec.fc.init
  found: 'xavier_normal'
  expected: an initializer of torch.nn.init: constant_, dirac_, eye_, kaiming_normal_, kaiming_uniform_, normal_, ones_, orthogonal_, sparse_, trunc_normal_, uniform_, xavier_normal_ and 2 more
  hint: did you mean 'xavier_normal_'?""",
        id="row_28_init_name_without_underscore",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "init": {"type": "normal_", "stdd": 0.1}}},
        """1 problem in the spec
spec.fc.init.stdd
  found: the key 'stdd'
  expected: one of the keys: mean, per, std, type
  hint: did you mean 'std'?""",
        id="row_28_init_argument",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "init": {"type": "normal_", "std": "x"}}},
        """1 problem in the spec
spec.fc.init.std
  found: 'x'
  expected: a number""",
        id="row_28_init_value",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "init": 5}},
        """1 problem in the spec
spec.fc.init
  found: 5
  expected: an initializer of torch.nn.init: constant_, dirac_, eye_, kaiming_normal_, kaiming_uniform_, normal_, ones_, orthogonal_, sparse_, trunc_normal_, uniform_, xavier_normal_ and 2 more""",
        id="row_28_init_is_a_number",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "init": {"std": 5}}},
        """1 problem in the spec
spec.fc.init
  found: no key 'type'
  expected: the key 'type', which is required""",
        id="row_28_init_without_type",
    ),
    pytest.param(
        {
            "dag_in_shape": [8],
            "fc": {"type": "Linear", "layers": [4], "init": {"type": "kaiming_normal_", "mode": "fan_inn"}},
        },
        """1 problem in the spec
spec.fc.init.mode
  found: 'fan_inn'
  expected: one of fan_in, fan_out
  hint: did you mean 'fan_in'?""",
        id="row_28_init_mode",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[4, 3]], "init": "eye_"}},
        """1 problem in the spec
spec.conv.init
  found: 'eye_'
  expected: weights of rank 2; there is one of rank 4""",
        id="row_28_init_of_unsuitable_rank",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "activation": "relu"}},
        """1 problem in the spec
spec.fc.activation
  found: 'relu'
  expected: the type of an activation: CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish and 16 more
  hint: did you mean 'ReLU'?""",
        id="row_29_activation_in_lower_case",
    ),
    pytest.param(
        {
            "dag_in_shape": [8],
            "fc": {"type": "Linear", "layers": [4], "activation": {"type": "LeakyReLU", "negativ_slope": 0.1}},
        },
        """1 problem in the spec
spec.fc.activation.negativ_slope
  found: the key 'negativ_slope'
  expected: one of the keys: inplace, negative_slope
  hint: did you mean 'negative_slope'?""",
        id="row_29_activation_argument",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "activation": {"negative_slope": 0.1}}},
        """1 problem in the spec
spec.fc.activation
  found: no key 'type'
  expected: the key 'type', which is required""",
        id="row_29_activation_without_type",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "activation": True}},
        """1 problem in the spec
spec.fc.activation
  found: True
  expected: the type of an activation: CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish and 16 more""",
        id="row_29_activation_true",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "norm": "LayrNorm"}},
        """1 problem in the spec
spec.fc.norm
  found: 'LayrNorm'
  expected: the type of a normalization: BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LayerNorm, RMSNorm
  hint: did you mean 'LayerNorm'?""",
        id="row_29_norm_unknown",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "norm": "ReLU"}},
        """1 problem in the spec
spec.fc.norm
  found: 'ReLU'
  expected: the type of a normalization: BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LayerNorm, RMSNorm""",
        id="row_29_norm_that_is_none",
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
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": {"a": [4], "b": [3]}}},
        """1 problem in the spec
spec.fork.shapes
  found: {'a': [4], 'b': [3]}, in sum 7
  expected: sizes that sum to 8, the first axis of (8)""",
        id="row_31_split_sizes_do_not_sum",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": {"a": [0], "b": [8]}}},
        """1 problem in the spec
spec.fork.shapes.a
  found: [0]
  expected: [size], an integer above 0""",
        id="row_31_split_size_zero",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": {"a": [4, 4]}}},
        """1 problem in the spec
spec.fork.shapes.a
  found: [4, 4]
  expected: [size], an integer above 0""",
        id="row_31_split_size_of_rank_two",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": [4, 4]}},
        """1 problem in the spec
spec.fork.shapes
  found: [4, 4]
  expected: a mapping""",
        id="row_31_split_sizes_in_a_list",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork"}},
        """1 problem in the spec
spec.fork
  found: no key 'shapes'
  expected: the key 'shapes', which is required""",
        id="row_31_split_sizes_missing",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {"type": "FiLMMerge", "in_names": ["image", "vector"]},
        },
        """1 problem in the spec
spec.film
  found: no key 'names'
  expected: the key 'names', which is required""",
        id="row_32_film_without_names",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {"type": "FiLMMerge", "names": {"feature": "image", "conditioner": "vector"}},
        },
        """1 problem in the spec
spec.film.in_names
  found: 1 tensor
  expected: 2 tensors: the feature and the conditioner
  hint: write in_names: [image, vector]""",
        id="row_32_film_without_in_names",
    ),
    pytest.param(
        {"dag_in_shape": [8], "film": {"type": "FiLMMerge", "names": {"feature": "image", "conditioner": "vector"}}},
        """1 problem in the spec
spec.film.in_names
  found: 1 tensor
  expected: 2 tensors: the feature and the conditioner""",
        id="row_32_film_on_one_tensor",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {"type": "FiLMMerge", "in_names": ["image", "vector"], "names": {"feature": "image"}},
        },
        """1 problem in the spec
spec.film.names
  found: no key 'conditioner'
  expected: the key 'conditioner', which is required""",
        id="row_32_film_with_a_role_missing",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {
                "type": "FiLMMerge",
                "in_names": ["image", "vector"],
                "names": {"feature": "image", "conditoner": "vector"},
            },
        },
        """1 problem in the spec
spec.film.names.conditoner
  found: the key 'conditoner'
  expected: one of the keys: conditioner, feature
  hint: did you mean 'conditioner'?""",
        id="row_32_film_with_a_role_misspelt",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {
                "type": "FiLMMerge",
                "in_names": ["image", "vector"],
                "names": {"feature": "image", "conditioner": "vectr"},
            },
        },
        """1 problem in the spec
spec.film.names.conditioner
  found: 'vectr'
  expected: one of in_names: image, vector
  hint: did you mean 'vector'?""",
        id="row_32_film_with_a_name_misspelt",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {
                "type": "FiLMMerge",
                "in_names": ["image", "vector"],
                "names": {"feature": "vector", "conditioner": "image"},
            },
        },
        """1 problem in the spec
spec.film.names.conditioner
  found: 'image' (3, 8, 8)
  expected: the shape [K] of a vector""",
        id="row_32_film_with_roles_swapped",
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
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "in_features": 9, "layers": [4]}},
        """1 problem in the spec
spec.fc.in_features
  found: 9
  expected: 8, as it is fed the input (8)
  hint: leave in_features out: it is inferred""",
        id="row_39_in_features",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "in_features": 9, "out_features": 4}},
        """1 problem in the spec
spec.fc.in_features
  found: 9
  expected: 8, as it is fed the input (8)
  hint: leave in_features out: it is inferred""",
        id="row_39_in_features_of_a_constructor",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "in_shape": [4, 8, 8], "layers": [[4, 3]]}},
        """1 problem in the spec
spec.conv.in_shape
  found: [4, 8, 8]
  expected: [3, 8, 8], as it is fed the input (3, 8, 8)
  hint: leave in_shape out: it is inferred""",
        id="row_39_in_shape",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "batch_norm": {"num_features": 5}}},
        """1 problem in the spec
spec.fc.batch_norm.num_features
  found: 5
  expected: 4, as it is fed what Linear gives (4)
  hint: leave num_features out: it is inferred""",
        id="row_39_num_features_of_the_norm",
    ),
    pytest.param(
        {
            "dag_in_shape": [8],
            "up": {"type": "Linear", "layers": [4]},
            "down": {"type": "Linear", "in_features": 8, "out_features": 2},
        },
        """1 problem in the spec
spec.down.in_features
  found: 8
  expected: 4, as it is fed up (4)
  hint: leave in_features out: it is inferred""",
        id="row_39_in_features_behind_a_node",
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
        {
            "dag_in_shape": {"x": [8], "y": [9]},
            "left": {"type": "Linear", "in_names": ["x"], "layers": [4]},
            "merge": {"type": "SumMerge", "in_names": ["x", "y"]},
        },
        """1 problem in the spec
spec.merge
  found: x (4), y (9)
  expected: tensors of one shape""",
        id="shape_clash_names_both_ends",
    ),
    pytest.param(
        {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[16, 9]]}},
        """1 problem in the spec
spec.conv.layers[0]
  found: the input (3, 8, 8)
  expected: inputs that Conv2d can take; it says: Calculated padded input size per channel: (8 x 8). Kernel size: (9 x 9). Kernel size can't be greater than actual input size""",
        id="kernel_larger_than_image",
    ),
    pytest.param(
        {"dag_in_shape": [8], "conv": {"type": "Conv2d", "layers": [[4, 3]]}},
        """1 problem in the spec
spec.conv.layers[0]
  found: the input (8)
  expected: inputs that Conv2d can take; it says: Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [N, 8]""",
        id="conv_on_a_vector",
    ),
    pytest.param(
        {"dag_in_shape": [5, 8], "fc": {"type": "Linear", "layers": [4], "batch_norm": True}},
        """1 problem in the spec
spec.fc.batch_norm
  found: batch normalization
  expected: vectors to normalize; the layer gives (5, 4)
  hint: write norm: LayerNorm""",
        id="batch_norm_behind_linear_on_sequences",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "out_features": 4}},
        """1 problem in the spec
spec.fc.out_features
  found: the key 'out_features'
  expected: one of the keys: activation, batch_norm, bias, dropout, in_features, in_names, in_shape, init, layers, norm, type
  hint: each entry of 'layers' holds its own""",
        id="out_features_beside_layers",
    ),
    pytest.param(
        {"dag_in_shape": [8], "act": {"type": "ReLU", "layers": [4]}},
        """1 problem in the spec
spec.act.layers
  found: [4]
  expected: no layers: the input does not determine the first argument of ReLU""",
        id="layers_of_a_type_without_size",
    ),
    pytest.param(
        {"dag_in_shape": [8], 3: {"type": "Linear", "layers": [4]}},
        """1 problem in the spec
spec[3]
  found: 3
  expected: a name""",
        id="key_that_is_no_string",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [1000000000000]}},
        """1 problem in the spec
spec.fc
  found: 9,000,000,000,000 parameters, 9,000,000,000,000 in the whole network
  expected: at most 10,000,000,000 in the whole; torcharc.infer.MOST_PARAMETERS sets the limit""",
        id="more_parameters_than_memory",
    ),
    pytest.param(
        {"dag_in_shape": [5, 8], "rnn": {"type": "LSTM", "hidden_size": 4, "num_layers": 1000000000000}},
        """1 problem in the spec
spec.rnn.num_layers
  found: 1000000000000
  expected: an integer from 1 to 128""",
        id="more_layers_than_time",
    ),
]
