"""Wrong `Sequential` and `compact` modules of TorchArc 2.x specs, with the whole message of each."""

import pytest
from modules_specs import L, spec
from refusal import message

MALFORMED = [
    pytest.param(
        spec({"fc": {"Sequential": []}}),
        """1 problem in the spec
spec.modules.fc.Sequential
  found: []
  expected: a list of modules, each {Type: arguments}, at least one""",
        id="seq_empty",
    ),
    pytest.param(
        spec({"fc": {"Sequential": {"Linear": None}}}),
        """1 problem in the spec
spec.modules.fc.Sequential
  found: {'Linear': None}
  expected: a list of modules, each {Type: arguments}
  hint: write a list""",
        id="seq_mapping",
    ),
    pytest.param(
        spec({"fc": {"Sequential": [{"Sequential": [L]}]}}),
        """1 problem in the spec
spec.modules.fc.Sequential[0].Sequential
  found: 'Sequential'
  expected: a type: neither Sequential nor compact stands in another""",
        id="seq_nested",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "Sequential": [
                        {"Linear": {"in_features": 8, "out_features": 0}},
                        {"Rlu": None},
                        {"Linear": {"out_features": 2}},
                    ]
                }
            }
        ),
        """3 problems in the spec
spec.modules.fc.Sequential[0].Linear.out_features
  found: 0
  expected: an integer above 0
spec.modules.fc.Sequential[1].Rlu
  found: 'Rlu'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'ReLU'?
spec.modules.fc.Sequential[2].Linear
  found: no key 'in_features'
  expected: the key 'in_features', which is required
  hint: LazyLinear infers it at the first call""",
        id="seq_faults",
    ),
    pytest.param(
        spec({"fc": {"Sequential": [{"MergeDot": None}]}}),
        """1 problem in the spec
spec.modules.fc.Sequential[0].MergeDot
  found: 'MergeDot'
  expected: a type that takes one tensor; MergeDot takes x, y""",
        id="seq_two_ports",
    ),
    pytest.param(
        spec({"fc": {"compact": {}}}),
        """1 problem in the spec
spec.modules.fc.compact
  found: no key 'layer'
  expected: the key 'layer', which is required""",
        id="compact_empty",
    ),
    pytest.param(
        spec({"fc": {"compact": {"layer": {"type": "LazyLinear", "keys": ["out_features"], "args": []}}}}),
        """1 problem in the spec
spec.modules.fc.compact.layer.args
  found: []
  expected: a list, at least one: per layer a value, or a list of one value per key""",
        id="compact_args_empty",
    ),
    pytest.param(
        spec({"fc": {"compact": {"layer": {"type": "LazyLinear", "keys": ["out_features"], "args": [[4, 5], 3]}}}}),
        """1 problem in the spec
spec.modules.fc.compact.layer.args[0]
  found: [4, 5]
  expected: one value per key: [out_features]""",
        id="compact_surplus",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {"type": "LazyConv2d", "keys": ["out_channels", "kernel_size"], "args": [[4, 3], 3]}
                    }
                }
            }
        ),
        """1 problem in the spec
spec.modules.fc.compact.layer.args[1]
  found: 3
  expected: one value per key: [out_channels, kernel_size]""",
        id="compact_too_few",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {
                            "type": "LazyConv2d",
                            "keys": ["out_channels", "kernal_size"],
                            "args": [[4, 3], [4, 3]],
                        }
                    }
                }
            }
        ),
        """1 problem in the spec
spec.modules.fc.compact.layer.keys[1]
  found: the key 'kernal_size'
  expected: one of the keys: bias, dilation, groups, kernel_size, out_channels, padding, padding_mode, stride
  hint: did you mean 'kernel_size'?""",
        id="compact_key_typo",
    ),
    pytest.param(
        spec({"fc": {"compact": {"layer": {"type": "LazyConv2d", "keys": ["out_channels"], "args": [4, 3]}}}}),
        """1 problem in the spec
spec.modules.fc.compact.layer.keys
  found: no key 'kernel_size'
  expected: the key 'kernel_size', which is required""",
        id="compact_key_missing",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {
                            "type": "LazyConv2d",
                            "keys": ["out_channels", "kernel_size"],
                            "args": [[4, 3], [0, 3]],
                        }
                    }
                }
            }
        ),
        """1 problem in the spec
spec.modules.fc.compact.layer.args[1][0]
  found: 0
  expected: an integer above 0""",
        id="compact_cell",
    ),
    pytest.param(
        spec({"fc": {"compact": {"layer": {"type": "LazyLinear", "keys": ["out_features"], "args": [4, "5"]}}}}),
        """1 problem in the spec
spec.modules.fc.compact.layer.args[1]
  found: '5'
  expected: an integer above 0
  hint: write 5 without quotes""",
        id="compact_scalar_cell",
    ),
    pytest.param(
        spec({"fc": {"compact": {"layer": {"type": "Linear", "keys": ["out_features"], "args": [4, 5]}}}}),
        """1 problem in the spec
spec.modules.fc.compact.layer.keys
  found: no key 'in_features'
  expected: the key 'in_features', which is required
  hint: LazyLinear infers it at the first call""",
        id="compact_no_size",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {"type": "LazyLinear", "keys": ["out_features"], "args": [4]},
                        "postlayers": [{"ReLU": None}],
                    }
                }
            }
        ),
        """1 problem in the spec
spec.modules.fc.compact.postlayers
  found: the key 'postlayers'
  expected: one of the keys: layer, postlayer, prelayer
  hint: did you mean 'postlayer'?""",
        id="compact_extra",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {"type": "LazyLinear", "keys": ["out_features"], "args": [4, 4]},
                        "postlayer": [{"Dropout": {"p": 1.5}}],
                    }
                }
            }
        ),
        """1 problem in the spec
spec.modules.fc.compact.postlayer[0].Dropout.p
  found: 1.5
  expected: a number from 0 to 1""",
        id="compact_post",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {"type": "LazyLinear", "keys": ["out_features"], "args": [4, 4]},
                        "postlayer": {"ReLU": None},
                    }
                }
            }
        ),
        """1 problem in the spec
spec.modules.fc.compact.postlayer
  found: {'ReLU': None}
  expected: a list of modules, each {Type: arguments}
  hint: write a list""",
        id="compact_post_mapping",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "Sequential": [
                        {"LazyLinear": {"out_features": 4}},
                        {"Linear": {"in_features": 5, "out_features": 3}},
                    ]
                }
            },
            input={"x": [8]},
        ),
        """1 problem in the spec
spec.modules.fc.Sequential[1].Linear.in_features
  found: 5
  expected: 4, as it is fed what LazyLinear gives (4)
  hint: leave in_features out: it is inferred""",
        id="seq_shape_clash",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {"type": "Linear", "keys": ["in_features", "out_features"], "args": [[8, 4], [5, 3]]}
                    }
                }
            },
            input={"x": [8]},
        ),
        """1 problem in the spec
spec.modules.fc.compact.layer.args[1][0]
  found: 5
  expected: 4, as it is fed what Linear gives (4)
  hint: leave in_features out: it is inferred""",
        id="compact_shape_clash",
    ),
    pytest.param(
        spec({"fc": {"Sequential": [{"LazyLinear": {"out_features": 4, "init": "zeros_"}}]}}),
        """1 problem in the spec
spec.modules.fc.Sequential[0].LazyLinear.init
  found: 'zeros_'
  expected: weights of known size; a lazy module makes them at its first call
  hint: state the shapes of the inputs""",
        id="sequential_init",
    ),
    pytest.param(
        spec({"fc": {"compact": {"layer": {"type": "LazyLinear", "keys": "out_features", "args": [4]}}}}),
        """1 problem in the spec
spec.modules.fc.compact.layer.keys
  found: 'out_features'
  expected: a list of arguments, at least one""",
        id="compact_keys",
    ),
    pytest.param(
        spec(
            {
                "fc": {
                    "compact": {
                        "layer": {"type": "LazyLinear", "keys": ["out_features", "out_features"], "args": [[4, 4]]}
                    }
                }
            }
        ),
        """1 problem in the spec
spec.modules.fc.compact.layer.keys[1]
  found: 'out_features' again
  expected: each key once""",
        id="compact_key_twice",
    ),
    pytest.param(
        spec({"fc": {"compact": [4]}}),
        """1 problem in the spec
spec.modules.fc.compact
  found: [4]
  expected: {prelayer: [...], layer: {type: ..., keys: [...], args: [...]}, postlayer: [...]}""",
        id="compact_list",
    ),
    pytest.param(
        spec({"fc": {"compact": {"layer": ["LazyLinear"]}}}),
        """1 problem in the spec
spec.modules.fc.compact.layer
  found: ['LazyLinear']
  expected: {type: ..., keys: [...], args: [...]}""",
        id="compact_layer_list",
    ),
    pytest.param(
        spec({"fc": {"Sequential": [{"compact": {}}]}}),
        """1 problem in the spec
spec.modules.fc.Sequential[0].compact
  found: 'compact'
  expected: a type: neither Sequential nor compact stands in another""",
        id="compact_in_sequential",
    ),
    pytest.param(
        spec({"fc": {"Sequential": [{"Linear": {"type": "x"}}]}}),
        """1 problem in the spec
spec.modules.fc.Sequential[0].Linear.type
  found: the key 'type'
  expected: other arguments of Linear""",
        id="type_in_sequential",
    ),
]


@pytest.mark.parametrize(("malformed", "expected"), MALFORMED)
def test_malformed_spec_says(malformed, expected):
    assert message(malformed) == expected
