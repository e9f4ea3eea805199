"""Wrong types, params and modules of Arc-Graph specs, and the whole message of each."""

import pytest
from arcgraph_specs import SEQUENCE, graph, node

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
            "  expected: arguments that GroupNorm can take; it says: num_channels (8) must be divisible by"
            " num_groups (3)"
        ),
    ),
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
    "modules_no_mapping": (
        graph(RELU, modules=["block"]),
        (
            "1 problem in the spec\n"
            "spec.modules\n"
            "  found: ['block']\n"
            "  expected: the modules: {name: {inputs, graph, outputs}}"
        ),
    ),
    "module_no_mapping": (
        graph(RELU, modules={"block": []}),
        ("1 problem in the spec\nspec.modules.block\n  found: []\n  expected: a module: {inputs, graph, outputs}"),
    ),
    "module_without_outputs": (
        graph(RELU, modules={"block": without(MODULE, "outputs")}),
        (
            "1 problem in the spec\n"
            "spec.modules.block\n"
            "  found: no key 'outputs'\n"
            "  expected: the key 'outputs', which is required"
        ),
    ),
    "module_inputs_no_names": (
        graph(RELU, modules=module(inputs={"a": 1})),
        (
            "1 problem in the spec\n"
            "spec.modules.block.inputs\n"
            "  found: {'a': 1}\n"
            "  expected: the names of the module's inputs, at least one: [x]"
        ),
    ),
    "module_inputs_twice": (
        graph(RELU, modules=module(inputs=["a", "a"])),
        ("1 problem in the spec\nspec.modules.block.inputs\n  found: ['a', 'a']\n  expected: each name once"),
    ),
    "module_params_no_mapping": (
        graph(RELU, modules=module(params=["width"])),
        (
            "1 problem in the spec\n"
            "spec.modules.block.params\n"
            "  found: ['width']\n"
            "  expected: the module's params with their defaults: {width: 64}; null for what has to be given"
        ),
    ),
    "unknown_key_of_a_module": (
        graph(RELU, modules=module(outptus={})),
        (
            "1 problem in the spec\n"
            "spec.modules.block.outptus\n"
            "  found: the key 'outptus'\n"
            "  expected: one of the keys: graph, inputs, outputs, params\n"
            "  hint: did you mean 'outputs'?"
        ),
    ),
    "undeclared_param_of_a_module": (
        graph(node("b", "module.block", "x", width=8, depth=2), modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.depth\n"
            "  found: the key 'depth'\n"
            "  expected: one of the keys: width"
        ),
    ),
    "missing_param_of_a_module": (
        graph(node("b", "module.block", "x"), modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'width'\n"
            "  expected: the key 'width', which is required"
        ),
    ),
    "misspelt_param_of_a_module": (
        graph(node("b", "module.block", "x", witdh=8), modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.witdh\n"
            "  found: the key 'witdh'\n"
            "  expected: one of the keys: width\n"
            "  hint: did you mean 'width'?"
        ),
    ),
    "module_that_holds_itself": (
        graph(
            node("b", "module.block", "x", width=8), modules=module(graph=[node("in", "module.block", "a", width=8)])
        ),
        (
            "1 problem in the spec\n"
            "spec.modules.block.graph[0].type\n"
            "  found: modules that hold themselves: block → block\n"
            "  expected: modules that end"
        ),
    ),
    "modules_that_hold_one_another": (
        graph(
            node("b", "module.one", "x"),
            modules={
                "one": {"inputs": ["a"], "graph": [node("i", "module.two", "a")], "outputs": {"o": "i"}},
                "two": {"inputs": ["a"], "graph": [node("i", "module.one", "a")], "outputs": {"o": "i"}},
            },
        ),
        (
            "1 problem in the spec\n"
            "spec.modules.two.graph[0].type\n"
            "  found: modules that hold themselves: one → two → one\n"
            "  expected: modules that end"
        ),
    ),
    "too_many_nodes": (
        graph(
            node("b", "arc.stack", "x", module="a", count=2000),
            modules={
                "a": {
                    "inputs": ["s"],
                    "graph": [node("i", "arc.stack", "s", module="b", count=2000)],
                    "outputs": {"o": "i"},
                },
                "b": {"inputs": ["s"], "graph": [node("i", "ReLU", "s")], "outputs": {"o": "i"}},
            },
        ),
        (
            "1 problem in the spec\n"
            "spec.graph[0]\n"
            "  found: more nodes, copies counted\n"
            "  expected: at most 10,000; torcharc.spec.arcgraph_blocks.MOST_NODES sets the limit"
        ),
    ),
    "shared_with_params": (
        graph(FC, {"name": "again", "module": "fc", "inputs": "x", "params": {"bias": False}}),
        (
            "1 problem in the spec\n"
            "spec.graph[1].params\n"
            "  found: the key 'params' beside 'module'\n"
            "  expected: one of them: a module is shared as it is"
        ),
    ),
    "shared_with_nothing": (
        graph(FC, {"name": "again", "module": "cf", "inputs": "x"}),
        (
            "1 problem in the spec\n"
            "spec.graph[1].module\n"
            "  found: 'cf'\n"
            "  expected: the name of a node whose module runs again: fc"
        ),
    ),
    "shared_with_a_module": (
        graph(FC, {"name": "again", "module": "block", "inputs": "x"}, modules=module()),
        (
            "1 problem in the spec\n"
            "spec.graph[1].module\n"
            "  found: 'block'\n"
            "  expected: the name of a node whose module runs again: fc\n"
            "  hint: to run a module of the spec, write type: module.block"
        ),
    ),
    "shared_and_repeated": (
        graph(FC, {"name": "again", "module": "fc", "inputs": "x", "repeat": 2}),
        (
            "1 problem in the spec\n"
            "spec.graph[1].module\n"
            "  found: 'fc'\n"
            "  expected: no repeat beside 'module', as copies have modules of their own"
        ),
    ),
}


@pytest.mark.parametrize(("spec", "message"), TYPES.values(), ids=TYPES.keys())
def test_wrong_type_or_param_is_refused(spec, message):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec)
    assert str(error.value) == message
