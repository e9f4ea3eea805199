"""Wrong types and params of Arc-Graph nodes, and the whole message of each."""

import pytest
import torch
from arcgraph_specs import FC, RELU, SEQUENCE, graph, module, node
from installed import said
from refusal import message

TYPES = {
    "unknown_type": (
        graph(node("act", "torch.nn.ReLu6x", "x")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].type\n"
            "  found: 'torch.nn.ReLu6x'\n"
            "  expected: the name of a type; torcharc.types() lists them\n"
            "  hint: did you mean 'torch.nn.ReLU6'?"
        ),
    ),
    "misspelt_type": (
        graph(node("fc", "torch.nn.Liner", "x", out_features=4)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].type\n"
            "  found: 'torch.nn.Liner'\n"
            "  expected: the name of a type; torcharc.types() lists them\n"
            "  hint: did you mean 'torch.nn.Linear'?"
        ),
    ),
    "misspelt_function": (
        graph(node("act", "F.rleu", "x")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].type\n"
            "  found: 'F.rleu'\n"
            "  expected: the name of a type; torcharc.types() lists them\n"
            "  hint: did you mean 'F.relu'?"
        ),
    ),
    "type_by_import": (
        graph(node("act", "os.system", "x")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].type\n"
            "  found: 'os.system'\n"
            "  expected: the name of a type; torcharc.types() lists them"
        ),
    ),
    "type_no_string": (
        graph(node("act", 3, "x")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].type\n"
            "  found: 3\n"
            "  expected: the name of a type; torcharc.types() lists them"
        ),
    ),
    "module_without_its_prefix": (
        graph(node("b", "block", "x", width=8), modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].type\n"
            "  found: 'block'\n"
            "  expected: the name of a type; torcharc.types() lists them\n"
            "  hint: did you mean 'module.block'?"
        ),
    ),
    "unknown_module": (
        graph(node("b", "module.blok", "x", width=8), FC, modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].type\n"
            "  found: 'module.blok'\n"
            "  expected: a module of the spec: block\n"
            "  hint: did you mean 'module.block'?"
        ),
    ),
    "module_without_modules": (
        graph(node("b", "module.block", "x")),
        ("1 problem in the spec\nspec.graph[0].type\n  found: 'module.block'\n  expected: a module; the spec has none"),
    ),
    "unknown_type_in_an_unused_module": (
        graph(RELU, modules=module(graph=[node("in", "Linaer", "a")], outputs={"o": "in"})),
        (
            "1 problem in the spec\n"
            "spec.modules.block.graph[0].type\n"
            "  found: 'Linaer'\n"
            "  expected: the name of a type; torcharc.types() lists them\n"
            "  hint: did you mean 'Linear'?"
        ),
    ),
    "unknown_type_in_a_used_module": (
        graph(node("b", "module.block", "x", width=3), modules=module(graph=[node("in", "Linaer", "a")])),
        (
            "1 problem in the spec\n"
            "spec.modules.block.graph[0].type\n"
            "  found: 'Linaer'\n"
            "  expected: the name of a type; torcharc.types() lists them\n"
            "  hint: did you mean 'Linear'?"
        ),
    ),
    "unknown_param": (
        graph(node("fc", "Linear", "x", out_features=4, baas=False)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.baas\n"
            "  found: the key 'baas'\n"
            "  expected: one of the keys: bias, in_features, init, out_features\n"
            "  hint: did you mean 'bias'?"
        ),
    ),
    "missing_param": (
        graph(node("fc", "Linear", "x")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'out_features'\n"
            "  expected: the key 'out_features', which is required"
        ),
    ),
    "missing_params_of_a_recurrent_layer": (
        graph(node("rnn", "torch.nn.GRU", "x"), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'hidden_size'\n"
            "  expected: the key 'hidden_size', which is required"
        ),
    ),
    "misspelt_param": (
        graph(node("fc", "Linear", "x", out_feature=4)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.out_feature\n"
            "  found: the key 'out_feature'\n"
            "  expected: one of the keys: bias, in_features, init, out_features\n"
            "  hint: did you mean 'out_features'?"
        ),
    ),
    "unknown_param_of_a_function": (
        graph(node("s", "torch.softmax", "x", dims=1)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.dims\n"
            "  found: the key 'dims'\n"
            "  expected: one of the keys: dim, init, input\n"
            "  hint: did you mean 'dim'?"
        ),
    ),
    "missing_param_of_a_function": (
        graph(node("s", "torch.unsqueeze", "x")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'dim'\n"
            "  expected: the key 'dim', which is required"
        ),
    ),
    "ill_typed_param": (
        graph(node("fc", "Linear", "x", out_features=[4])),
        ("1 problem in the spec\nspec.graph[0].params.out_features\n  found: [4]\n  expected: an integer above 0"),
    ),
    "boolean_for_an_integer": (
        graph(node("fc", "Linear", "x", out_features=True)),
        ("1 problem in the spec\nspec.graph[0].params.out_features\n  found: True\n  expected: an integer above 0"),
    ),
    "fraction_for_an_integer": (
        graph(node("fc", "Linear", "x", out_features="WIDTH / 3"), vars={"WIDTH": 8}),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.out_features\n"
            "  found: 'WIDTH / 3', which is 2.6666666666666665\n"
            "  expected: an integer above 0"
        ),
    ),
    "unbound_name": (
        graph(node("fc", "Linear", "x", out_features="WITDH"), vars={"WIDTH": 8}),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.out_features\n"
            "  found: 'WITDH'\n"
            "  expected: an integer above 0, or arithmetic over the names WIDTH\n"
            "  hint: did you mean 'WIDTH'?"
        ),
    ),
    "unbound_name_without_variables": (
        graph(node("fc", "Linear", "x", out_features="WIDTH * 2")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.out_features\n"
            "  found: 'WIDTH * 2'\n"
            "  expected: an integer above 0, or arithmetic; no names are bound"
        ),
    ),
    "faulty_arithmetic": (
        graph(node("fc", "Linear", "x", out_features="WIDTH // 0"), vars={"WIDTH": 8}),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.out_features\n"
            "  found: 'WIDTH // 0': 8 // 0\n"
            "  expected: a finite number; it says: integer division or modulo by zero"
        ),
    ),
    "huge_arithmetic": (
        graph(node("fc", "Linear", "x", out_features="9 ** 9 ** 9")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.out_features\n"
            "  found: '9 ** 9 ** 9': 9 ** 387420489\n"
            "  expected: a number up to 9223372036854775807; torcharc.spec.arithmetic.LARGEST sets the limit"
        ),
    ),
    "negative_size": (
        graph(node("fc", "Linear", "x", out_features="0 - 4")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.out_features\n"
            "  found: '0 - 4', which is -4\n"
            "  expected: an integer above 0"
        ),
    ),
    "word_for_a_boolean": (
        graph(node("fc", "Linear", "x", out_features=4, bias="false")),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.bias\n"
            "  found: 'false'\n"
            "  expected: true or false\n"
            "  hint: write false without quotes"
        ),
    ),
    "boolean_for_a_dim": (
        graph(node("s", "torch.sum", "x", dim=True)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.dim\n"
            "  found: True\n"
            "  expected: an integer or a list of integers"
        ),
    ),
    "device_in_params": (
        graph(node("fc", "Linear", "x", out_features=4, device="cuda", dtype="float16")),
        (
            "2 problems in the spec\n"
            "spec.graph[0].params.device\n"
            "  found: the key 'device'\n"
            "  expected: no device in params: build(spec, device=...) places the network\n"
            "spec.graph[0].params.dtype\n"
            "  found: the key 'dtype'\n"
            "  expected: no dtype in params: build(spec, dtype=...) casts the network"
        ),
    ),
    "constructor_failure": (
        graph(node("norm", "GroupNorm", "x", num_groups=3)),
        (
            "1 problem in the spec\n"
            "spec.graph[0]\n"
            "  found: the node 'norm' (GroupNorm) with GroupNorm(num_channels=8, num_groups=3)\n"
            f"  expected: arguments that GroupNorm can take; it says: {said(lambda: torch.nn.GroupNorm(3, 8))}"
        ),
    ),
}


@pytest.mark.parametrize(("spec", "expected"), TYPES.values(), ids=TYPES.keys())
def test_wrong_type_or_param_is_refused(spec, expected):
    assert message(spec) == expected
