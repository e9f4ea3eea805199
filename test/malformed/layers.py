"""Entries of `layers`, and values of arguments."""

# ruff: noqa: E501  # messages are quoted as they are shown

import pytest

CASES = [
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
