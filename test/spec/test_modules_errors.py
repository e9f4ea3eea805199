"""Malformed specs in the format of TorchArc 2.x, with the whole message that each gets."""

import pytest

import torcharc

L = {"Linear": {"in_features": 8, "out_features": 4}}


def spec(modules=None, calls=None, input="x", output="fc", **more):
    """A spec of one Linear that is called once, with parts replaced."""
    calls = {"fc": ["x"]} if calls is None else calls
    modules = {"fc": L} if modules is None else modules
    return {**more, "modules": modules, "graph": {"input": input, "modules": calls, "output": output}}


MALFORMED = [
    pytest.param(
        spec(extra=1),
        """1 problem in the spec
spec.extra
  found: the key 'extra'
  expected: one of the keys: graph, modules, vars""",
        id="extra_top_key",
    ),
    pytest.param(
        {"module": {"fc": L}, "graph": spec()["graph"]},
        """1 problem in the spec
spec.module
  found: the key 'module'
  expected: one of the keys: graph, modules, vars
  hint: did you mean 'modules'?""",
        id="typo_top_key",
    ),
    pytest.param(
        {"modules": {"fc": L}},
        """1 problem in the spec
spec
  found: no key 'graph'
  expected: the key 'graph', which is required""",
        id="no_graph",
    ),
    pytest.param(
        spec(modules=[L]),
        """1 problem in the spec
spec.modules
  found: [{'Linear': {'in_features': 8, 'out_features': 4}}]
  expected: modules by name: {name: {Type: arguments}}, at least one""",
        id="modules_list",
    ),
    pytest.param(
        spec(modules={}),
        """1 problem in the spec
spec.modules
  found: {}
  expected: modules by name: {name: {Type: arguments}}, at least one""",
        id="modules_empty",
    ),
    pytest.param(
        {"modules": {"fc": L}, "graph": {**spec()["graph"], "layers": 1}},
        """1 problem in the spec
spec.graph.layers
  found: the key 'layers'
  expected: one of the keys: input, modules, output""",
        id="graph_extra",
    ),
    pytest.param(
        {"modules": {"fc": L}, "graph": {"inputs": "x", "modules": {"fc": ["x"]}, "output": "fc"}},
        """1 problem in the spec
spec.graph.inputs
  found: the key 'inputs'
  expected: one of the keys: input, modules, output
  hint: did you mean 'input'?""",
        id="graph_typo",
    ),
    pytest.param(
        {"modules": {"fc": L}, "graph": {"input": "x", "modules": None, "output": "fc"}},
        """1 problem in the spec
spec.graph.modules
  found: nothing
  expected: calls by the names of modules: {name: inputs}, at least one""",
        id="graph_modules_none",
    ),
    pytest.param(
        spec({"fc": {"Liner": {"out_features": 4}}}),
        """1 problem in the spec
spec.modules.fc.Liner
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?""",
        id="unknown_type",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_feature": 4}}}),
        """1 problem in the spec
spec.modules.fc.Linear.out_feature
  found: the key 'out_feature'
  expected: one of the keys: bias, in_features, init, out_features
  hint: did you mean 'out_features'?""",
        id="unknown_arg",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_features": "4"}}}),
        """1 problem in the spec
spec.modules.fc.Linear.out_features
  found: '4'
  expected: an integer above 0
  hint: write 4 without quotes""",
        id="bad_value",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_features": 4}, "ReLU": None}}),
        """1 problem in the spec
spec.modules.fc
  found: {'Linear': {'in_features': 8, 'out_features': 4}, 'ReLU': None}
  expected: a module: {Type: arguments}, with one key
  hint: several layers stand in a list: {Sequential: [...]}""",
        id="two_types",
    ),
    pytest.param(
        spec({"fc": {"type": "Linear", "in_features": 8, "out_features": 4}}),
        """1 problem in the spec
spec.modules.fc
  found: {'in_features': 8, 'out_features': 4, 'type': 'Linear'}
  expected: a module: {Type: arguments}, with one key
  hint: write {Linear: {...}}""",
        id="arc_style",
    ),
    pytest.param(
        spec({"fc": "ReLU"}),
        """1 problem in the spec
spec.modules.fc
  found: 'ReLU'
  expected: a module: {Type: arguments}
  hint: write {ReLU: null}""",
        id="type_name_alone",
    ),
    pytest.param(
        spec({"fc": {"Linear": [8, 4]}}),
        """1 problem in the spec
spec.modules.fc.Linear
  found: [8, 4]
  expected: the arguments of Linear: a mapping, or null""",
        id="args_no_mapping",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"out_features": 4}}}),
        """1 problem in the spec
spec.modules.fc.Linear
  found: no key 'in_features'
  expected: the key 'in_features', which is required
  hint: LazyLinear infers it at the first call""",
        id="no_size",
    ),
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
        spec(calls={"fc": "x"}),
        """1 problem in the spec
spec.graph.modules.fc
  found: 'x'
  expected: its inputs: a list of names, or {argument: name}, at least one
  hint: write [x]""",
        id="inputs_str",
    ),
    pytest.param(
        spec(calls={"fc": []}),
        """1 problem in the spec
spec.graph.modules.fc
  found: []
  expected: its inputs: a list of names, or {argument: name}, at least one""",
        id="inputs_empty",
    ),
    pytest.param(
        spec(calls={"fc": {}}),
        """1 problem in the spec
spec.graph.modules.fc
  found: {}
  expected: its inputs: a list of names, or {argument: name}, at least one""",
        id="inputs_empty_dict",
    ),
    pytest.param(
        spec(calls={"fc": [1]}),
        """1 problem in the spec
spec.graph.modules.fc[0]
  found: 1
  expected: the name of an input or an earlier node, or a list or dict of such names""",
        id="inputs_number",
    ),
    pytest.param(
        spec(calls={"fc": ["x", "x"]}),
        """1 problem in the spec
spec.graph.modules.fc
  found: ['x', 'x']
  expected: at most 1 input for Linear: input""",
        id="inputs_too_many",
    ),
    pytest.param(
        spec({"fc": {"MergeSum": None}}, {"fc": ["x", "y"]}, input=["x", "y"]),
        """1 problem in the spec
spec.graph.modules.fc
  found: ['x', 'y']
  expected: at most 1 input for MergeSum: tensors
  hint: write [[x, y]]: one list""",
        id="merge_spread",
    ),
    pytest.param(
        spec({"fc": {"MergeDot": None}}, {"fc": ["x"]}),
        """1 problem in the spec
spec.graph.modules.fc
  found: ['x']
  expected: 2 inputs for MergeDot: x, y""",
        id="too_few",
    ),
    pytest.param(
        spec(calls={"fc": {"inputs": "x"}}),
        """1 problem in the spec
spec.graph.modules.fc.inputs
  found: the key 'inputs'
  expected: one of the keys: input
  hint: did you mean 'input'?""",
        id="unknown_keyword",
    ),
    pytest.param(
        spec(calls={"fc": ["image"]}, input="images"),
        """1 problem in the spec
spec.graph.modules.fc[0]
  found: 'image'
  expected: one of the inputs and nodes so far: images
  hint: did you mean 'images'?""",
        id="unknown_name",
    ),
    pytest.param(
        spec({"x": L}, {"x": ["x"]}, output="x"),
        """1 problem in the spec
spec.graph.modules.x
  found: the name 'x'
  expected: a name that no input has
  hint: choose another name""",
        id="node_like_input",
    ),
    pytest.param(
        spec(calls={"fcc": ["x"]}),
        """1 problem in the spec
spec.graph.modules.fcc
  found: the name 'fcc'
  expected: one of the modules: fc
  hint: did you mean 'fc'?""",
        id="node_typo",
    ),
    pytest.param(
        spec(calls={"conv~left": ["x"]}, output="conv~left"),
        """1 problem in the spec
spec.graph.modules['conv~left']
  found: the name 'conv'
  expected: one of the modules: fc""",
        id="node_unknown_reuse",
    ),
    pytest.param(
        spec(calls={"fc~": ["x"]}, output="fc~"),
        """1 problem in the spec
spec.graph.modules['fc~']
  found: the name 'fc~'
  expected: a name with something behind the ~""",
        id="tilde_alone",
    ),
    pytest.param(
        spec({"fc~a": L}, {"fc~a": ["x"]}, output="fc~a"),
        """1 problem in the spec
spec.modules['fc~a']
  found: the name 'fc~a'
  expected: a name without ~; in graph.modules it runs a module again""",
        id="module_tilde",
    ),
    pytest.param(
        spec({"a.b": L}, {"a.b": ["x"]}, output="a.b"),
        """1 problem in the spec
spec.modules['a.b']
  found: the name 'a.b'
  expected: a name without dots""",
        id="module_dot",
    ),
    pytest.param(
        spec({"forward": L}, {"forward": ["x"]}, output="forward"),
        """1 problem in the spec
spec.modules.forward
  found: the name 'forward'
  expected: a name that is no attribute of torch.nn.ModuleDict
  hint: choose another name""",
        id="module_reserved",
    ),
    pytest.param(
        spec({"a": L, "b": L}, {"a": ["b"], "b": ["x"]}, output="b"),
        """1 problem in the spec
spec.graph.modules.a[0]
  found: 'b'
  expected: one of the inputs and nodes so far: x
  hint: the node 'b' stands further down; nodes run in order""",
        id="forward_ref",
    ),
    pytest.param(
        spec({"a": L, "b": L}, {"a": ["b"], "b": ["a"]}, output="b"),
        """1 problem in the spec
spec.graph.modules.a[0]
  found: 'b'
  expected: one of the inputs and nodes so far: x
  hint: a cycle: a → b → a""",
        id="cycle",
    ),
    pytest.param(
        spec({"a": L, "b": L}, {"a": ["x"]}, output="b"),
        """1 problem in the spec
spec.graph.output
  found: 'b'
  expected: one of the inputs and nodes so far: a, x
  hint: the module 'b' is not called in graph.modules""",
        id="uncalled",
    ),
    pytest.param(
        spec(output="fd"),
        """1 problem in the spec
spec.graph.output
  found: 'fd'
  expected: one of the inputs and nodes so far: fc, x""",
        id="output_unknown",
    ),
    pytest.param(
        spec(output=[]),
        """1 problem in the spec
spec.graph.output
  found: []
  expected: the name of an input or a node, a list of such names, or {key: name}""",
        id="output_empty",
    ),
    pytest.param(
        spec(output=3),
        """1 problem in the spec
spec.graph.output
  found: 3
  expected: the name of an input or a node, a list of such names, or {key: name}""",
        id="output_number",
    ),
    pytest.param(
        spec(output=[["fc"]]),
        """1 problem in the spec
spec.graph.output[0]
  found: ['fc']
  expected: the name of an input or a node""",
        id="output_nested",
    ),
    pytest.param(
        spec(input=[]),
        """1 problem in the spec
spec.graph.input
  found: []
  expected: the name of the input, a list of names, or {name: shape}""",
        id="input_empty",
    ),
    pytest.param(
        spec(input=3),
        """1 problem in the spec
spec.graph.input
  found: 3
  expected: the name of the input, a list of names, or {name: shape}""",
        id="input_number",
    ),
    pytest.param(
        spec(input=["x", "x"]),
        """1 problem in the spec
spec.graph.input[1]
  found: 'x' again
  expected: each name once""",
        id="input_twice",
    ),
    pytest.param(
        spec(input={"x": [0]}),
        """1 problem in the spec
spec.graph.input.x[0]
  found: 0
  expected: an integer above 0 (null for any size)""",
        id="input_shape",
    ),
    pytest.param(
        spec(input={"x": [9]}),
        """1 problem in the spec
spec.modules.fc.Linear.in_features
  found: 8
  expected: 9, as it is fed the input x (9)
  hint: leave in_features out: it is inferred""",
        id="shape_clash",
    ),
    pytest.param(
        spec(
            {"fc": {"LazyLinear": {"out_features": 4}}},
            {"fc~a": ["x"], "fc~b": ["y"]},
            input={"x": [8], "y": [9]},
            output=["fc~a", "fc~b"],
        ),
        """1 problem in the spec
spec.graph.modules['fc~b']
  found: the input y (9)
  expected: the sizes of its first run, in 'fc~a': the input x (8)""",
        id="reuse_clash",
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
        spec({"fc": {"LazyLinear": {"out_features": 4, "init": "zeros_"}}}),
        """1 problem in the spec
spec.modules.fc.LazyLinear.init
  found: 'zeros_'
  expected: weights of known size; a lazy module makes them at its first call
  hint: state the shapes of the inputs""",
        id="init_lazy",
    ),
    pytest.param(
        spec({"fc": {"Linear": {"in_features": 8, "out_features": "${width}"}}}, vars={"widht": 4}),
        """1 problem in the spec
spec.modules.fc.Linear.out_features
  found: the name 'width' in '${width}'
  expected: one of the names: widht
  hint: did you mean 'widht'?""",
        id="vars_unknown",
    ),
    pytest.param(
        spec(
            {
                "fc": L,
                "other": {"Liner": None},
                "more": {"compact": {"layer": {"type": "Liner", "keys": ["out_features"], "args": [4]}}},
            }
        ),
        """2 problems in the spec
spec.modules.other.Liner
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?
spec.modules.more.compact.layer.type
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?""",
        id="modules_not_called_are_read",
    ),
    pytest.param(
        spec({"fc": {"MergeDot": None}}, {"fc": {"x": "x"}}),
        """1 problem in the spec
spec.graph.modules.fc
  found: no key 'y'
  expected: the key 'y', which is required""",
        id="keyword_missing",
    ),
    pytest.param(
        spec({"fc": {"MergeSum": None}}, {"fc": {"tensors": []}}),
        """1 problem in the spec
spec.graph.modules.fc.tensors
  found: []
  expected: the name of an input or an earlier node, or a list or dict of such names""",
        id="keyword_value_empty",
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
        spec(
            {"a": {"Liner": {"out_features": 4}}, "b": {"Linear": {"in_features": 4, "out_features": 0}}},
            {"a": ["x"], "b": ["a"], "c": ["b"]},
            output=["b", "d"],
        ),
        """4 problems in the spec
spec.modules.a.Liner
  found: 'Liner'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?
spec.modules.b.Linear.out_features
  found: 0
  expected: an integer above 0
spec.graph.modules.c
  found: the name 'c'
  expected: one of the modules: a, b
spec.graph.output[1]
  found: 'd'
  expected: one of the inputs and nodes so far: a, b, c, x""",
        id="several_faults",
    ),
    pytest.param(
        spec({"fc": {"Linear": {1: 2}}}),
        """1 problem in the spec
spec.modules.fc.Linear[1]
  found: 1
  expected: the name of an argument""",
        id="argument_key",
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
    pytest.param(
        spec({1: L}),
        """1 problem in the spec
spec.modules[1]
  found: 1
  expected: a name""",
        id="key_no_name",
    ),
    pytest.param(
        spec({"fc": {1: None}}),
        """1 problem in the spec
spec.modules.fc[1]
  found: 1
  expected: the name of a type""",
        id="module_key_no_name",
    ),
    pytest.param(
        spec(calls={"fc": ["x"], 1: ["x"]}),
        """1 problem in the spec
spec.graph.modules[1]
  found: 1
  expected: the name of a module""",
        id="node_no_name",
    ),
    pytest.param(
        spec(input=["x", ""]),
        """1 problem in the spec
spec.graph.input[1]
  found: ''
  expected: a name""",
        id="input_no_name",
    ),
    pytest.param(
        spec(output={1: "fc"}),
        """1 problem in the spec
spec.graph.output[1]
  found: 1
  expected: a name""",
        id="output_key_no_name",
    ),
]


@pytest.mark.parametrize(("malformed", "message"), MALFORMED)
def test_malformed_spec_says(malformed, message):
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build(malformed)
    assert str(caught.value) == message
