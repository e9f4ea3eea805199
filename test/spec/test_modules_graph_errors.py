"""Wrong graphs of TorchArc 2.x specs: calls, inputs and outputs, with the whole message of each."""

import pytest
from modules_specs import L, spec
from refusal import message

MALFORMED = [
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


@pytest.mark.parametrize(("malformed", "expected"), MALFORMED)
def test_malformed_spec_says(malformed, expected):
    assert message(malformed) == expected
