"""Wrong structure and shapes of Arc-Graph specs, and the whole message of each."""

import pytest
from arcgraph_specs import SEQUENCE, graph, node, tensor

import torcharc

RELU = node("act", "ReLU", "x")
FC = node("fc", "Linear", "x", out_features=4)
MODULE = {
    "inputs": ["a"],
    "params": {"width": None},
    "graph": [node("in", "Linear", "a", out_features="width")],
    "outputs": {"o": "in"},
}


def module(**changes):
    return {"block": {**MODULE, **changes}}


def without(spec, *keys):
    return {key: value for key, value in spec.items() if key not in keys}


STRUCTURE = {
    "no_inputs": (
        without(graph(RELU), "inputs"),
        ("1 problem in the spec\nspec\n  found: no key 'inputs'\n  expected: the key 'inputs', which is required"),
    ),
    "no_graph": (
        without(graph(RELU), "graph"),
        ("1 problem in the spec\nspec\n  found: no key 'graph'\n  expected: the key 'graph', which is required"),
    ),
    "no_outputs": (
        without(graph(RELU), "outputs"),
        ("1 problem in the spec\nspec\n  found: no key 'outputs'\n  expected: the key 'outputs', which is required"),
    ),
    "only_graph": (
        {"graph": [RELU]},
        (
            "2 problems in the spec\n"
            "spec\n"
            "  found: no key 'inputs'\n"
            "  expected: the key 'inputs', which is required\n"
            "spec\n"
            "  found: no key 'outputs'\n"
            "  expected: the key 'outputs', which is required"
        ),
    ),
    "empty_inputs": (
        graph(FC, inputs={}),
        (
            "1 problem in the spec\n"
            "spec.inputs\n"
            "  found: {}\n"
            "  expected: the inputs of the network, at least one: {name: {dtype: ..., shape: [...]}}"
        ),
    ),
    "inputs_of_the_wrong_kind": (
        graph(RELU, inputs=["x"]),
        (
            "1 problem in the spec\n"
            "spec.inputs\n"
            "  found: ['x']\n"
            "  expected: the inputs of the network, at least one: {name: {dtype: ..., shape: [...]}}"
        ),
    ),
    "empty_graph": (
        {**graph(RELU), "graph": []},
        (
            "1 problem in the spec\n"
            "spec.graph\n"
            "  found: []\n"
            "  expected: a list of nodes, at least one: [{name: ..., type: ..., inputs: ...}]"
        ),
    ),
    "graph_of_the_wrong_kind": (
        {**graph(RELU), "graph": "relu"},
        (
            "1 problem in the spec\n"
            "spec.graph\n"
            "  found: 'relu'\n"
            "  expected: a list of nodes, at least one: [{name: ..., type: ..., inputs: ...}]"
        ),
    ),
    "empty_outputs": (
        graph(RELU, outputs={}),
        ("1 problem in the spec\nspec.outputs\n  found: {}\n  expected: the outputs, at least one: {name: reference}"),
    ),
    "outputs_of_the_wrong_kind": (
        graph(RELU, outputs=["act"]),
        (
            "1 problem in the spec\n"
            "spec.outputs\n"
            "  found: ['act']\n"
            "  expected: the outputs, at least one: {name: reference}"
        ),
    ),
    "input_no_mapping": (
        graph(RELU, inputs={"x": 8}),
        ("1 problem in the spec\nspec.inputs.x\n  found: 8\n  expected: an input: {dtype: ..., shape: [...]}"),
    ),
    "input_without_dtype": (
        graph(RELU, inputs={"x": {"shape": [None, 8]}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'dtype'\n"
            "  expected: the key 'dtype', which is required"
        ),
    ),
    "input_without_shape": (
        graph(RELU, inputs={"x": {"dtype": "float32"}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'shape'\n"
            "  expected: the key 'shape', which is required"
        ),
    ),
    "bad_dtype": (
        graph(RELU, inputs={"x": tensor([None, 8], "flaot32")}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.dtype\n"
            "  found: 'flaot32'\n"
            "  expected: a dtype: bfloat16, bool, double, float, float16, float32, float64, int, int16,"
            " int32, int64, int8 and 2 more\n"
            "  hint: did you mean 'float32'?"
        ),
    ),
    "shape_no_list": (
        graph(RELU, inputs={"x": tensor(8)}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape\n"
            "  found: 8\n"
            "  expected: a list of sizes, the batch first: [null, 20]"
        ),
    ),
    "empty_shape": (
        graph(RELU, inputs={"x": tensor([])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape\n"
            "  found: []\n"
            "  expected: a list of sizes, the batch first: [null, 20]"
        ),
    ),
    "size_zero": (
        graph(RELU, inputs={"x": tensor([None, 0])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: 0\n"
            "  expected: an integer above 0, null for any size, or arithmetic over bound names"
        ),
    ),
    "size_boolean": (
        graph(RELU, inputs={"x": tensor([None, True])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: True\n"
            "  expected: an integer above 0, null for any size, or arithmetic over bound names"
        ),
    ),
    "size_fraction": (
        graph(RELU, inputs={"x": tensor([None, "3 / 2"])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: '3 / 2', which is 1.5\n"
            "  expected: an integer above 0"
        ),
    ),
    "size_unbound": (
        graph(RELU, inputs={"x": tensor([None, "WITDH"])}, vars={"WIDTH": 8}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: 'WITDH'\n"
            "  expected: an integer above 0, or arithmetic over the names WIDTH\n"
            "  hint: did you mean 'WIDTH'?"
        ),
    ),
    "columns_no_list": (
        graph(RELU, inputs={"x": {**tensor([None, 8]), "columns": "age"}}),
        ("1 problem in the spec\nspec.inputs.x.columns\n  found: 'age'\n  expected: a list of column names"),
    ),
    "unknown_key_of_an_input": (
        graph(RELU, inputs={"x": {**tensor([None, 8]), "colums": ["age"]}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.colums\n"
            "  found: the key 'colums'\n"
            "  expected: one of the keys: categorical, columns, dtype, embedding_dim, shape, vocab_size\n"
            "  hint: did you mean 'columns'?"
        ),
    ),
    "categorical_without_sizes": (
        graph(RELU, inputs={"x": {**tensor([None], "int64"), "categorical": True}}),
        (
            "2 problems in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'vocab_size'\n"
            "  expected: the key 'vocab_size', which is required\n"
            "  hint: a categorical input is embedded\n"
            "spec.inputs.x\n"
            "  found: no key 'embedding_dim'\n"
            "  expected: the key 'embedding_dim', which is required\n"
            "  hint: a categorical input is embedded"
        ),
    ),
    "categorical_without_width": (
        graph(RELU, inputs={"x": {**tensor([None], "int64"), "categorical": True, "vocab_size": 5}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'embedding_dim'\n"
            "  expected: the key 'embedding_dim', which is required\n"
            "  hint: a categorical input is embedded"
        ),
    ),
    "categorical_floats": (
        graph(RELU, inputs={"x": {**tensor([None]), "categorical": True, "vocab_size": 5, "embedding_dim": 2}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.dtype\n"
            "  found: 'float32'\n"
            "  expected: int64 or int32, as the input is categorical"
        ),
    ),
    "categorical_no_switch": (
        graph(RELU, inputs={"x": {**tensor([None]), "categorical": 1}}),
        ("1 problem in the spec\nspec.inputs.x.categorical\n  found: 1\n  expected: true or false"),
    ),
    "vocabulary_of_nothing": (
        graph(RELU, inputs={"x": {**tensor([None], "long"), "categorical": True, "vocab_size": 0, "embedding_dim": 2}}),
        ("1 problem in the spec\nspec.inputs.x.vocab_size\n  found: 0\n  expected: an integer above 0"),
    ),
    "node_no_mapping": (
        graph(RELU, "relu", outputs={"y": "act"}),
        (
            "1 problem in the spec\n"
            "spec.graph[1]\n"
            "  found: 'relu'\n"
            "  expected: a node: {name: ..., type: ..., inputs: ...}"
        ),
    ),
    "node_without_name": (
        graph({"type": "ReLU", "inputs": "x"}, RELU),
        ("1 problem in the spec\nspec.graph[0]\n  found: no key 'name'\n  expected: the key 'name', which is required"),
    ),
    "node_without_type": (
        graph({"name": "act", "inputs": "x"}),
        ("1 problem in the spec\nspec.graph[0]\n  found: no key 'type'\n  expected: the key 'type', which is required"),
    ),
    "node_without_both": (
        graph({"inputs": "x"}, RELU),
        (
            "2 problems in the spec\n"
            "spec.graph[0]\n"
            "  found: no key 'name'\n"
            "  expected: the key 'name', which is required\n"
            "spec.graph[0]\n"
            "  found: no key 'type'\n"
            "  expected: the key 'type', which is required"
        ),
    ),
    "name_with_a_dot": (
        graph(node("a.b", "ReLU", "x"), RELU),
        (
            "1 problem in the spec\n"
            "spec.graph[0].name\n"
            "  found: 'a.b'\n"
            "  expected: the name of a node: letters, digits and _"
        ),
    ),
    "name_with_a_dash": (
        graph(node("a-b", "ReLU", "x"), RELU),
        (
            "1 problem in the spec\n"
            "spec.graph[0].name\n"
            "  found: 'a-b'\n"
            "  expected: the name of a node: letters, digits and _"
        ),
    ),
    "name_no_string": (
        graph(node(1, "ReLU", "x"), RELU),
        (
            "1 problem in the spec\n"
            "spec.graph[0].name\n"
            "  found: 1\n"
            "  expected: the name of a node: letters, digits and _\n"
            "  hint: write '1' in quotes"
        ),
    ),
    "name_of_an_input": (
        graph(RELU, inputs={"x y": tensor([None, 8]), "x": tensor([None, 8])}),
        (
            "1 problem in the spec\n"
            "spec.inputs['x y']\n"
            "  found: 'x y'\n"
            "  expected: the name of an input: letters, digits and _"
        ),
    ),
    "name_of_an_output": (
        graph(RELU, outputs={"y-1": "act"}),
        (
            "1 problem in the spec\n"
            "spec.outputs['y-1']\n"
            "  found: 'y-1'\n"
            "  expected: the name of an output: letters, digits and _"
        ),
    ),
    "duplicate_node": (
        graph(RELU, node("act", "Tanh", "x")),
        (
            "1 problem in the spec\n"
            "spec.graph[1].name\n"
            "  found: 'act'\n"
            "  expected: a name of its own; a node further up is called so"
        ),
    ),
    "node_named_like_an_input": (
        graph(node("x", "ReLU", "x"), RELU),
        (
            "1 problem in the spec\n"
            "spec.graph[0].name\n"
            "  found: 'x'\n"
            "  expected: a name of its own; an input is called so"
        ),
    ),
    "unknown_key_at_the_top": (
        graph(RELU, outpts={"y": "act"}),
        (
            "1 problem in the spec\n"
            "spec.outpts\n"
            "  found: the key 'outpts'\n"
            "  expected: one of the keys: config, data_table, description, evaluator, features, graph,"
            " inputs, loss, model, model_name, model_ref, modules and 10 more\n"
            "  hint: did you mean 'outputs'?"
        ),
    ),
    "unknown_key_beside_a_missing_one": (
        {"inputs": {"x": tensor([None, 8])}, "graph": [RELU], "outpts": {"y": "act"}},
        (
            "1 problem in the spec\n"
            "spec.outpts\n"
            "  found: the key 'outpts'\n"
            "  expected: one of the keys: config, data_table, description, evaluator, features, graph,"
            " inputs, loss, model, model_name, model_ref, modules and 10 more\n"
            "  hint: did you mean 'outputs'?"
        ),
    ),
    "unknown_key_in_model": (
        {"model": {**graph(RELU), "garph": []}},
        (
            "1 problem in the spec\n"
            "spec.model.garph\n"
            "  found: the key 'garph'\n"
            "  expected: one of the keys: config, data_table, description, evaluator, features, graph,"
            " inputs, loss, model_name, model_ref, modules, name and 9 more\n"
            "  hint: did you mean 'graph'?"
        ),
    ),
    "model_no_mapping": (
        {"model": "net"},
        ("1 problem in the spec\nspec.model\n  found: 'net'\n  expected: the network: {inputs, graph, outputs}"),
    ),
    "model_and_top_differ": (
        {"model": graph(RELU), "outputs": {"z": "act"}},
        (
            "1 problem in the spec\n"
            "spec.model.outputs\n"
            "  found: {'y': 'act'}\n"
            "  expected: what spec.outputs says, or one of them alone"
        ),
    ),
    "unknown_key_of_a_node": (
        graph({**RELU, "input": "x"}),
        (
            "1 problem in the spec\n"
            "spec.graph[0].input\n"
            "  found: the key 'input'\n"
            "  expected: one of the keys: inputs, module, name, parallel, params, repeat, type, when\n"
            "  hint: did you mean 'inputs'?"
        ),
    ),
    "params_no_mapping": (
        graph({**RELU, "params": [1]}),
        ("1 problem in the spec\nspec.graph[0].params\n  found: [1]\n  expected: a mapping of arguments"),
    ),
    "variables_no_mapping": (
        graph(RELU, vars=[1]),
        ("1 problem in the spec\nspec.vars\n  found: [1]\n  expected: a mapping of names to values"),
    ),
}


@pytest.mark.parametrize(("spec", "message"), STRUCTURE.values(), ids=STRUCTURE.keys())
def test_wrong_structure_is_refused(spec, message):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    assert str(error.value) == message


SHAPES = {
    "wrong_in_features": (
        graph(node("fc", "Linear", "x", in_features=9, out_features=4)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.in_features\n"
            "  found: 9\n"
            "  expected: 8, as it is fed the input x (8)\n"
            "  hint: leave in_features out: it is inferred"
        ),
    ),
    "linear_on_a_wider_input": (
        graph(FC, node("sum", "torch.add", ["x", "fc"])),
        (
            "1 problem in the spec\n"
            "spec.graph[1]\n"
            "  found: the node 'sum' (torch.add) with input = the input x (8), other = fc (4)\n"
            "  expected: inputs that torch.add can take; it says: Attempting to broadcast a dimension of"
            " length 4 at -1! Mismatching argument at index 1 had torch.Size([N, 4]); but expected shape"
            " should be broadcastable to [N, 8]\n"
            "  hint: torch.nn.Linear with out_features: 4 on input makes it fit"
        ),
    ),
    "product_that_needs_a_transpose": (
        graph(node("p", "torch.bmm", {"input": "x", "mat2": "x"}), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[0]\n"
            "  found: the node 'p' (torch.bmm) with input = the input x (5, 8), mat2 = the input x (5, 8)\n"
            "  expected: inputs that torch.bmm can take; it says: Expected size for first two dimensions of"
            " batch2 tensor to be: [N, 8] but got: [N, 5].\n"
            "  hint: torch.transpose with dim0: 1, dim1: 2 on input makes it fit"
        ),
    ),
    "clash_within_a_module": (
        graph(
            node("b", "module.block", "x", width=4),
            modules=module(
                graph=[node("in", "Linear", "a", out_features="width"), node("sum", "torch.add", ["in", "a"])],
                outputs={"o": "sum"},
            ),
        ),
        (
            "1 problem in the spec\n"
            "spec.modules.block.graph[1]\n"
            "  found: the node 'sum' (torch.add) with input = in (4), other = the input a (8)\n"
            "  expected: inputs that torch.add can take; it says: Attempting to broadcast a dimension of"
            " length 8 at -1! Mismatching argument at index 1 had torch.Size([N, 8]); but expected shape"
            " should be broadcastable to [N, 4]\n"
            "  hint: torch.nn.Linear with out_features: 8 on input makes it fit"
        ),
    ),
    "integers_where_floats_are_due": (
        graph(FC, inputs={"x": tensor([None, 8], "int64")}),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'in_features'\n"
            "  expected: the key 'in_features', which is required"
        ),
    ),
    "floats_where_ids_are_due": (
        graph(node("e", "Embedding", "x", num_embeddings=5, embedding_dim=2)),
        (
            "1 problem in the spec\n"
            "spec.graph[0]\n"
            "  found: the node 'e' (Embedding) with input = the input x (8)\n"
            "  expected: inputs that Embedding can take; it says: Expected tensor for argument #1 'indices'"
            " to have one of the following scalar types: Long, Int; but got torch.float32 instead"
        ),
    ),
}


@pytest.mark.parametrize(("spec", "message"), SHAPES.values(), ids=SHAPES.keys())
def test_wrong_shape_is_refused(spec, message):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    assert str(error.value) == message
