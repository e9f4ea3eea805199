"""Blocks of Arc-Graph specs: modules, stacks, shared modules, copies, fragments."""

import pytest
import torch
from arcgraph_specs import graph, node, tensor
from torch import nn

import torcharc


def build(*nodes, **more):
    return torcharc.build(graph(*nodes, **more), seed=0).eval()


def notes(spec):
    return [problem.expected for problem in torcharc.check(spec) if problem.severity == "note"]


# --- modules ---


BLOCK = {
    "params": {"width": None, "scale": 1},
    "inputs": ["a"],
    "graph": [node("fc", "Linear", "a", out_features="width"), node("scaled", "torch.mul", ["fc"], other="scale")],
    "outputs": {"y": "scaled"},
}


def test_every_instance_has_weights_of_its_own():
    nodes = [node("one", "module.block", "x", width=8), node("two", "module.block", "one.y", width="W", scale=3)]
    network = build(*nodes, modules={"block": BLOCK}, vars={"W": 4})
    torch.manual_seed(0)
    one, two = nn.Linear(8, 8), nn.Linear(8, 4)
    x = torch.rand(2, 8)
    torch.testing.assert_close(network(x), 3 * two(one(x)))
    assert list(network.state_dict()) == [
        f"module_dict.{name}.module_dict.fc.{part}" for name in ("one", "two") for part in ("weight", "bias")
    ]


@pytest.mark.parametrize("text", ["one", "one.output", "one.y"])
def test_one_output_has_three_names(text):
    network = build(node("one", "module.block", "x", width=4), node("act", "ReLU", text), modules={"block": BLOCK})
    assert network(torch.rand(2, 8)).shape == (2, 4)


def test_several_outputs_go_by_name():
    halves = {"inputs": ["a"], "graph": [node("parts", "torch.chunk", "a", chunks=2, dim=1)]}
    halves["outputs"] = {"left": "parts.0", "right": "parts.1"}
    nodes = [node("half", "module.halves", "x"), node("sum", "torch.add", ["half.right", "half.left"])]
    x = torch.rand(2, 8)
    torch.testing.assert_close(build(*nodes, modules={"halves": halves})(x), x[:, :4] + x[:, 4:])


def test_modules_nest_in_any_order():
    outer = {"inputs": ["a"], "graph": [node("in", "module.block", "a", width=5)], "outputs": {"y": "in"}}
    assert build(node("out", "module.outer", "x"), modules={"outer": outer, "block": BLOCK})(
        torch.rand(2, 8)
    ).shape == (2, 5)


def test_params_shadow_variables_and_see_no_other_scope():
    inner = {**BLOCK, "params": {"width": "W"}}
    inner["graph"] = BLOCK["graph"][:1]
    inner["outputs"] = {"y": "fc"}
    nodes = [node("one", "module.block", "x"), node("two", "module.block", width="W + 1")]
    network = build(*nodes, modules={"block": inner}, vars={"W": 4, "width": 100})
    assert network(torch.rand(2, 8)).shape == (2, 5)


def test_default_of_a_param_may_use_the_params_before_it():
    fc = node("fc", "Linear", out_features="width")
    params = {"inner": 4, "width": "${inner * W}"}
    block = {"params": params, "inputs": ["a"], "graph": [fc], "outputs": {"y": "fc"}}
    spec = graph(node("one", "module.block", "x", inner=3), modules={"block": block}, vars={"W": 2})
    assert torcharc.build(spec)(torch.rand(2, 8)).shape == (2, 6)
    spec["modules"]["block"]["params"] = {"width": "${inner * W}", "inner": 4}
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build(spec)
    assert str(caught.value) == (
        "1 problem in the spec\n"
        "spec.modules.block.params.width\n"
        "  found: the name 'inner' in '${inner * W}'\n"
        "  expected: one of the names: W"
    )


def test_params_of_a_module_without_params_are_noted():
    plain = {"inputs": ["a"], "graph": [node("act", "ReLU", "a")], "outputs": {"y": "act"}}
    spec = graph(node("one", "module.plain", "x", width=8), modules={"plain": plain})
    assert torcharc.build(spec)(torch.rand(2, 8)).shape == (2, 8)
    assert notes(spec) == ["no params: plain declares none; taken as if absent"]


CROSS = {
    "inputs": ["x", "x0"],
    "graph": [
        node("linear", "Linear", "x", out_features=8),
        node("product", "torch.mul", ["x0", "linear"]),
        node("sum", "torch.add", ["product", "x"]),
    ],
    "outputs": {"out": "sum"},
}


@pytest.mark.parametrize("params", [{"count": 3}, {"num_layers": 3}, {"count": "N - 1"}])
@pytest.mark.parametrize("name", ["cross", "module.cross", "modules.cross"])
def test_stack_threads_the_first_input(name, params):
    inputs = {"x": "x", "x0": "x"}
    network = build(node("stack", "arc.stack", inputs, module=name, **params), modules={"cross": CROSS}, vars={"N": 4})
    torch.manual_seed(0)
    linears = [nn.Linear(8, 8) for _ in range(3)]
    x = state = torch.rand(2, 8)
    for linear in linears:
        state = x * linear(state) + state
    torch.testing.assert_close(network(x), state)
    assert next(iter(network.state_dict())) == "module_dict.stack.module_dict.0.module_dict.linear.weight"


def test_stack_of_a_module_with_one_input_may_change_the_shape():
    half = {"inputs": ["a"], "graph": [node("pool", "F.avg_pool1d", "a", kernel_size=2)], "outputs": {"y": "pool"}}
    network = build(
        node("stack", "arc.stack", "x", module="half", count=3), modules={"half": half}, inputs={"x": [None, 3, 8]}
    )
    assert network(torch.rand(2, 3, 8)).shape == (2, 3, 1)


def test_stack_hands_further_params_to_the_module():
    network = build(node("stack", "arc.stack", "x", module="block", count=2, width=8), modules={"block": BLOCK})
    assert network(torch.rand(2, 8)).shape == (2, 8)


def test_shared_module_has_one_set_of_weights():
    nodes = [
        node("fc", "Linear", "x", out_features=8),
        {"name": "again", "module": "fc", "inputs": "fc"},
        {"name": "third", "module": "again"},
    ]
    network = build(*nodes)
    x = torch.rand(2, 8)
    fc = network.module_dict["fc"]
    torch.testing.assert_close(network(x), fc(fc(fc(x))))
    assert len(list(network.parameters())) == 2


def test_shared_block_has_one_set_of_weights():
    nodes = [node("one", "module.block", "x", width=8), {"name": "again", "module": "one", "inputs": "one.y"}]
    network = build(*nodes, modules={"block": BLOCK})
    assert len(list(network.parameters())) == 2
    x = torch.rand(2, 8)
    fc = network.module_dict["one"].module_dict["fc"]
    torch.testing.assert_close(network(x), fc(fc(x)))


# --- copies ---


def test_repeat_chains_copies():
    nodes = [{**node("body", "Linear", "x", out_features="${8 - index}"), "repeat": 3}, node("act", "ReLU")]
    network = build(*nodes)
    assert [tuple(p.shape) for p in network.parameters() if p.ndim == 2] == [(8, 8), (7, 8), (6, 7)]
    assert network(torch.rand(2, 8)).shape == (2, 6)


@pytest.mark.parametrize(
    "inputs", [{"tensors": "experts"}, "experts", ["experts"], ["experts.0", "experts.1", "experts.2"]]
)
def test_parallel_copies_are_a_list(inputs):
    nodes = [
        {**node("experts", "Linear", "x", out_features=4), "parallel": 3},
        node("all", "torch.stack", inputs, dim=1),
    ]
    network = build(*nodes)
    torch.manual_seed(0)
    linears, x = [nn.Linear(8, 4) for _ in range(3)], torch.rand(2, 8)
    torch.testing.assert_close(network(x), torch.stack([linear(x) for linear in linears], 1))


def test_repeat_of_a_module_counts_with_index():
    nodes = [{**node("body", "module.block", "x", width="2 * index + 4"), "repeat": 2}]
    assert build(*nodes, modules={"block": BLOCK})(torch.rand(2, 8)).shape == (2, 6)


@pytest.mark.parametrize(("deep", "count"), [(True, 2), (False, 1)])
def test_when_leaves_a_node_out(deep, count):
    nodes = [
        node("fc", "Linear", "x", out_features=8),
        {**node("more", "Linear", "fc", out_features=8), "when": "${deep}"},
        node("act", "ReLU", "more"),
    ]
    network = torcharc.build(graph(*nodes, vars={"deep": True}), deep=deep)
    assert len([p for p in network.parameters() if p.ndim == 2]) == count
    assert network(torch.rand(2, 8)).shape == (2, 8)


def test_resnet_as_the_design_writes_it():
    layer = {"bias": False, "batch_norm": True}
    bottleneck = {
        "params": {"width": None, "stride": 1, "project": False},
        "inputs": ["x"],
        "graph": [
            node("reduce", "Conv2d", "x", layers=[["${width}", 1]], **layer, activation="ReLU"),
            node("conv", "Conv2d", layers=[["${width}", 3, "${stride}", 1]], **layer, activation="ReLU"),
            node("expand", "Conv2d", layers=[["${4 * width}", 1]], **layer),
            {
                **node("shortcut", "Conv2d", "x", layers=[["${4 * width}", 1, "${stride}"]], **layer),
                "when": "${project}",
            },
            node("add", "torch.add", ["expand", "shortcut"]),
            node("out", "ReLU"),
        ],
        "outputs": {"y": "out"},
    }
    params = {"width": "${width}", "stride": "${stride if index == 0 else 1}", "project": "${index == 0}"}
    stage = {
        "params": {"depth": None, "width": None, "stride": 1},
        "inputs": ["x"],
        "graph": [{**node("block", "module.Bottleneck", "x", **params), "repeat": "${depth}"}],
        "outputs": {"y": "block"},
    }
    params = {"depth": "${depths[index]}", "width": "${width * 2 ** index}", "stride": "${1 if index == 0 else 2}"}
    spec = {
        "vars": {"depths": [3, 4, 6, 3], "width": 64, "num_classes": 1000},
        "inputs": {"image": tensor([None, 3, 224, 224])},
        "modules": {"Bottleneck": bottleneck, "Stage": stage},
        "graph": [
            node("stem", "Conv2d", "image", layers=[["${width}", 7, 2, 3]], **layer, activation="ReLU"),
            node("pool", "MaxPool2d", kernel_size=3, stride=2, padding=1),
            {**node("stage", "module.Stage", **params), "repeat": "${len(depths)}"},
            node("mean", "AdaptiveAvgPool2d", output_size=1),
            node("flat", "Flatten"),
            node("head", "Linear", out_features="${num_classes}"),
        ],
        "outputs": {"logits": "head"},
    }
    assert torcharc.inspect(spec).params == 25_557_032  # torchvision's resnet50
    network = torcharc.build(spec, depths=[1, 1, 1, 1], width=4, num_classes=10).eval()
    assert network(torch.rand(2, 3, 224, 224)).shape == (2, 10)


# --- fragments ---


def test_fragment_takes_shapes_and_dtypes():
    nodes = [node("embed", "Embedding", "ids", num_embeddings=9, embedding_dim=4), node("mean", "torch.mean", dim=1)]
    network = torcharc.build_fragment(nodes, {"ids": {"dtype": "int64", "shape": [None, 3]}})
    assert network(torch.zeros(2, 3).long()).shape == (2, 4)


def test_repeat_threads_several_outputs_by_name():
    step = {
        "inputs": ["a", "b", "c"],
        "graph": [node("sum", "torch.add", ["a", "b"]), node("more", "torch.add", ["sum", "c"])],
        "outputs": {"b": "more", "a": "b"},
    }
    nodes = [node("steps", "module.step", ["x", "x", "x"]), node("out", "torch.sub", ["steps.b", "steps.a"])]
    nodes[0]["repeat"] = 4
    x = a = b = torch.rand(2, 8)
    for _ in range(4):
        a, b = b, a + b + x
    torch.testing.assert_close(build(*nodes, modules={"step": step})(x), b - a)


WRONG = {
    "module": ({"name": "b", "type": "module.Nope"}, ("type",)),
    "type": ({"name": "b", "type": "ReLUU"}, ("type",)),
    "argument": ({"name": "b", "type": "ReLU", "params": {"foo": 1}}, ("params", "foo")),
    "reference": ({"name": "b", "type": "ReLU", "inputs": "nope"}, ("inputs",)),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("last", [False, True], ids=["between", "last"])
def test_fault_within_a_module_is_told_there_alone(wrong, last):
    node, place = WRONG[wrong]
    stack = {"type": "Conv2d", "params": {"layers": [[4, 1]]}}
    inner = [{"name": "a", **stack}, node, *([] if last else [{"name": "c", **stack}])]
    spec = {
        "inputs": {"x": {"dtype": "float32", "shape": [None, 3, 8, 8]}},
        "modules": {"B": {"inputs": ["x"], "graph": inner, "outputs": {"y": "b" if last else "c"}}},
        "graph": [{"name": "one", "type": "module.B"}, {"name": "two", **stack}],
        "outputs": {"y": "two"},
    }
    errors = [problem for problem in torcharc.check(spec) if problem.severity == "error"]
    assert [problem.path for problem in errors] == [("modules", "B", "graph", 1, *place)]
