"""Wrong references and inputs of Arc-Graph nodes, and the whole message of each."""

import pytest
from arcgraph_specs import FC, RNN, SEQUENCE, graph, module, node
from refusal import message

REFERENCES = {
    "reference_no_string": (
        graph(node("act", "ReLU", {"input": None})),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs.input\n"
            "  found: nothing in the node 'act'\n"
            "  expected: a reference: the name of an input or a node, as 'fc.output'"
        ),
    ),
    "reference_as_mapping": (
        graph(node("act", "ReLU", {"input": {"name": "x"}})),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs.input\n"
            "  found: {'name': 'x'}\n"
            "  expected: one reference, as input takes one tensor"
        ),
    ),
    "malformed_reference": (
        graph(node("act", "ReLU", "x..output")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: 'x..output' in the node 'act'\n"
            "  expected: a reference: name, name.output or name.<position>"
        ),
    ),
    "undefined_reference": (
        graph(FC, node("act", "ReLU", "cf.output")),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'cf.output' in the node 'act'\n"
            "  expected: the name of an input or a node: act, fc, x"
        ),
    ),
    "undefined_output": (
        graph(FC, outputs={"y": "cf.output"}),
        (
            "1 problem in the spec\n"
            "spec.outputs.y\n"
            "  found: 'cf.output' in the outputs\n"
            "  expected: the name of an input or a node: fc, x"
        ),
    ),
    "output_no_string": (
        graph(FC, outputs={"y": 3}),
        (
            "1 problem in the spec\n"
            "spec.outputs.y\n"
            "  found: 3 in the outputs\n"
            "  expected: a reference: the name of an input or a node, as 'fc.output'"
        ),
    ),
    "negative_position": (
        graph(RNN, node("act", "ReLU", "rnn.-1"), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'rnn.-1' in the node 'act'\n"
            "  expected: a position of at least 0"
        ),
    ),
    "position_out_of_range": (
        graph(RNN, node("act", "ReLU", "rnn.output.2"), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'rnn.output.2'\n"
            "  expected: a position from 0 to 1, as it gives 2 parts"
        ),
    ),
    "position_on_a_tensor": (
        graph(FC, node("act", "ReLU", "fc.0")),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'fc.0'\n"
            "  expected: no part of it, as it is one tensor (4)"
        ),
    ),
    "unknown_part": (
        graph(RNN, node("act", "ReLU", "rnn.hiden_state"), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'rnn.hiden_state' in the node 'act'\n"
            "  expected: a part of rnn: rnn.cell_state, rnn.hidden_state, rnn.output, rnn.states, or a"
            " position\n"
            "  hint: did you mean 'hidden_state'?"
        ),
    ),
    "unknown_part_of_a_tensor": (
        graph(FC, node("act", "ReLU", "fc.hidden_state")),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'fc.hidden_state'\n"
            "  expected: one of its parameters: bias, weight; it gives one tensor (4)"
        ),
    ),
    "whole_of_several_outputs": (
        graph(
            node("b", "module.block", "x"),
            node("act", "ReLU", "b.output"),
            modules=module(params={}, graph=[node("in", "ReLU", "a")], outputs={"left": "in", "right": "a"}),
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'b.output' in the node 'act'\n"
            "  expected: one of its outputs: b.left, b.right"
        ),
    ),
    "unknown_output_of_a_module": (
        graph(
            node("b", "module.block", "x"),
            node("act", "ReLU", "b.letf"),
            modules=module(params={}, graph=[node("in", "ReLU", "a")], outputs={"left": "in", "right": "a"}),
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[1].inputs\n"
            "  found: 'b.letf' in the node 'act'\n"
            "  expected: one of its outputs: b.left, b.right\n"
            "  hint: did you mean 'left'?"
        ),
    ),
    "name_from_outside_a_module": (
        graph(
            node("b", "module.block", "x", width=8), modules=module(graph=[node("in", "Linear", "x", out_features=4)])
        ),
        (
            "1 problem in the spec\n"
            "spec.modules.block.graph[0].inputs\n"
            "  found: 'x' in the node 'in'\n"
            "  expected: the name of an input or a node: a, in"
        ),
    ),
    "cycle": (
        graph(node("a", "torch.add", ["x", "c"]), node("b", "ReLU", "a"), node("c", "Tanh", "b")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: a cycle: a → c → b → a\n"
            "  expected: nodes that do not wait for themselves"
        ),
    ),
    "node_that_feeds_itself": (
        graph(node("a", "torch.add", ["x", "a"])),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: a cycle: a → a\n"
            "  expected: nodes that do not wait for themselves"
        ),
    ),
    "empty_inputs_list": (
        graph(node("act", "ReLU", [])),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: []\n"
            "  expected: a reference, a list of references, or references by port; the ports of ReLU: input\n"
            "  hint: leave inputs out to take the node before"
        ),
    ),
    "empty_inputs_mapping": (
        graph({"name": "act", "type": "ReLU", "inputs": {}}),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: {}\n"
            "  expected: a reference, a list of references, or references by port; the ports of ReLU: input\n"
            "  hint: leave inputs out to take the node before"
        ),
    ),
    "inputs_of_the_wrong_kind_for_a_node": (
        graph(node("act", "ReLU", 3)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: 3\n"
            "  expected: a reference, a list of references, or references by port; the ports of ReLU: input"
        ),
    ),
    "too_many_inputs": (
        graph(node("act", "ReLU", ["x", "x"])),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: ['x', 'x']\n"
            "  expected: at most 1 input; the ports of ReLU: input"
        ),
    ),
    "empty_required_port": (
        graph(node("m", "MultiheadAttention", "x", num_heads=2), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: inputs for query\n"
            "  expected: inputs for key, value too; the ports of MultiheadAttention: query, key, value,"
            " key_padding_mask?, attn_mask?"
        ),
    ),
    "empty_second_port": (
        graph(node("m", "torch.matmul", {"input": "x"})),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: inputs for input\n"
            "  expected: inputs for other too; the ports of torch.matmul: input, other"
        ),
    ),
    "known_and_unknown_keys": (
        graph(node("m", "torch.bmm", {"input": "x", "mat": "x"}), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs.mat\n"
            "  found: the key 'mat'\n"
            "  expected: the ports of torch.bmm: input, mat2\n"
            "  hint: did you mean 'mat2'?"
        ),
    ),
    "unknown_keys_without_an_order": (
        graph(node("m", "torch.bmm", {"left": "x", "right": "x"}), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: the keys 'left', 'right'\n"
            "  expected: the ports of torch.bmm: input, mat2"
        ),
    ),
    "three_unknown_keys": (
        graph(node("m", "MultiheadAttention", {"q": "x", "k": "x", "v": "x"}, num_heads=2), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs\n"
            "  found: the keys 'q', 'k', 'v'\n"
            "  expected: the ports of MultiheadAttention: query, key, value, key_padding_mask?, attn_mask?"
        ),
    ),
    "key_in_inputs_and_params": (
        graph(node("m", "torch.mul", {"input": "x", "other": 2}, other=3)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs.other\n"
            "  found: 'other', which stands in params too\n"
            "  expected: inputs or params, not both"
        ),
    ),
    "setting_in_inputs_and_params": (
        graph(node("m", "torch.sum", {"input": "x", "dim": 1}, dim=1)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs.dim\n"
            "  found: 'dim', which stands in params too\n"
            "  expected: inputs or params, not both"
        ),
    ),
    "list_under_one_of_several_ports": (
        graph(node("m", "torch.matmul", {"input": ["x", "x"], "other": "x"})),
        (
            "1 problem in the spec\n"
            "spec.graph[0].inputs.input\n"
            "  found: ['x', 'x']\n"
            "  expected: one reference, as input takes one tensor"
        ),
    ),
    "empty_list_of_tensors": (
        graph(node("m", "torch.cat", {"tensors": []})),
        ("1 problem in the spec\nspec.graph[0].inputs.tensors\n  found: []\n  expected: at least one reference"),
    ),
}


@pytest.mark.parametrize(("spec", "expected"), REFERENCES.values(), ids=REFERENCES.keys())
def test_wrong_reference_is_refused(spec, expected):
    assert message(spec) == expected
