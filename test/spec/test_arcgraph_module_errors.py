"""Wrong modules of Arc-Graph specs, and the whole message of each."""

import pytest
from arcgraph_specs import FC, MODULE, RELU, graph, module, node, without
from refusal import message

MODULES = {
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


@pytest.mark.parametrize(("spec", "expected"), MODULES.values(), ids=MODULES.keys())
def test_wrong_type_or_param_is_refused(spec, expected):
    assert message(spec) == expected
