"""Faulty initializers, activations and norms."""

# ruff: noqa: E501  # messages are quoted as they are shown

import pytest

CASES = [
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
]
