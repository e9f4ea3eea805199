"""Wrong targets and stacks of Arc-Graph nodes, and the whole message of each."""

import pytest
from arcgraph_specs import FC, SEQUENCE, graph, module, node
from refusal import message

STACKS = {
    "unknown_target": (
        graph(
            node(
                "e",
                "TransformerEncoder",
                "x",
                encoder_layer={"_target_": "torch.nn.TransformerEncodrLayer", "nhead": 2},
                num_layers=1,
            ),
            inputs=SEQUENCE,
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.encoder_layer._target_\n"
            "  found: 'torch.nn.TransformerEncodrLayer'\n"
            "  expected: the name of a type; torcharc.types() lists them\n"
            "  hint: did you mean 'torch.nn.TransformerEncoderLayer'?"
        ),
    ),
    "unknown_param_of_a_target": (
        graph(
            node(
                "e",
                "TransformerEncoder",
                "x",
                encoder_layer={"_target_": "TransformerEncoderLayer", "d_model": 8, "heads": 2},
                num_layers=1,
            ),
            inputs=SEQUENCE,
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.encoder_layer.heads\n"
            "  found: the key 'heads'\n"
            "  expected: one of the keys: activation, batch_first, bias, d_model, dim_feedforward, dropout,"
            " layer_norm_eps, nhead, norm_first, type\n"
            "  hint: did you mean 'nhead'?"
        ),
    ),
    "misspelt_target": (
        graph(
            node(
                "e",
                "TransformerEncoder",
                "x",
                encoder_layer={"_taget_": "TransformerEncoderLayer", "d_model": 8, "nhead": 2},
                num_layers=1,
            ),
            inputs=SEQUENCE,
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.encoder_layer._taget_\n"
            "  found: the key '_taget_'\n"
            "  expected: the key '_target_'\n"
            "  hint: did you mean '_target_'?"
        ),
    ),
    "stack_without_params": (
        graph(node("s", "arc.stack", "x"), modules=module(params={})),
        (
            "2 problems in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'module'\n"
            "  expected: the key 'module', which is required\n"
            "spec.graph[0].params\n"
            "  found: no key 'count'\n"
            "  expected: the key 'count', which is required"
        ),
    ),
    "stack_without_module": (
        graph(node("s", "arc.stack", "x", count=2)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'module'\n"
            "  expected: the key 'module', which is required"
        ),
    ),
    "stack_without_count": (
        graph(node("s", "arc.stack", "x", module="block", width=8), modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'count'\n"
            "  expected: the key 'count', which is required"
        ),
    ),
    "stack_counted_true": (
        graph(node("s", "arc.stack", "x", module="block", width=8, count=True), modules=module()),
        ("1 problem in the spec\nspec.graph[0].params.count\n  found: True\n  expected: an integer from 1 to 10,000"),
    ),
    "stack_of_nothing": (
        graph(node("s", "arc.stack", "x", module="block", width=8, count=0), modules=module()),
        ("1 problem in the spec\nspec.graph[0].params.count\n  found: 0\n  expected: an integer from 1 to 10,000"),
    ),
    "stack_of_too_many": (
        graph(node("s", "arc.stack", "x", module="block", width=8, count=10**9), modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.count\n"
            "  found: 1000000000\n"
            "  expected: an integer from 1 to 10,000"
        ),
    ),
    "stack_with_two_counts": (
        graph(node("s", "arc.stack", "x", module="block", width=8, count=2, num_layers=3), modules=module()),
        ("1 problem in the spec\nspec.graph[0].params.num_layers\n  found: 3\n  expected: 2, as count says"),
    ),
    "stack_of_an_unknown_module": (
        graph(node("s", "arc.stack", "x", module="modules.blok", count=2), FC, modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.module\n"
            "  found: 'modules.blok'\n"
            "  expected: a module of the spec: block\n"
            "  hint: did you mean 'modules.block'?"
        ),
    ),
    "stack_whose_state_changes": (
        graph(
            node("s", "arc.stack", ["x", "x"], module="block", count=2),
            modules={
                "block": {
                    "inputs": ["a", "b"],
                    "graph": [node("sum", "torch.add", ["a", "b"]), node("fc", "Linear", "sum", out_features=4)],
                    "outputs": {"o": "fc"},
                }
            },
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[0]\n"
            "  found: module.block in a stack, which gives (4)\n"
            "  expected: (8), as 'a' has it: what each copy gives is that of the next"
        ),
    ),
    "stack_of_two_outputs": (
        graph(
            node("s", "arc.stack", "x", module="block", count=2),
            modules=module(params={}, graph=[node("in", "ReLU", "a")], outputs={"o": "in", "p": "a"}),
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.module\n"
            "  found: 'block'\n"
            "  expected: a module with one output, which goes on to the next copy; block has 2"
        ),
    ),
}


@pytest.mark.parametrize(("spec", "expected"), STACKS.values(), ids=STACKS.keys())
def test_wrong_type_or_param_is_refused(spec, expected):
    assert message(spec) == expected
