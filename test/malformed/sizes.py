"""Sizes that nothing determines, that contradict what the input says, or that do not fit."""

# ruff: noqa: E501  # messages are quoted as they are shown

import pytest

CASES = [
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
]
