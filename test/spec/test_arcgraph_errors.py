"""Wrong structure of Arc-Graph specs, and the whole message of each."""

import pytest
from arcgraph_specs import FC, RELU, graph, node, tensor, without
from refusal import message

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
            "  expected: one of the keys: inputs, module, name, parallel, params, repeat, share, type, when\n"
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


@pytest.mark.parametrize(("spec", "expected"), STRUCTURE.values(), ids=STRUCTURE.keys())
def test_wrong_structure_is_refused(spec, expected):
    assert message(spec) == expected
