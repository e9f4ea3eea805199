"""Arcs and 2.x specs among the modules of a graph spec, and registered specs of every format in any other."""

import pytest
import torch
from arcgraph_specs import graph, node
from refusal import message
from torch import nn

import torcharc

X = torch.linspace(-1, 1, 24).reshape(3, 8)

ENCODER = {
    "dag_vars": {"width": 4, "depth": 2},
    "dag_in_shape": [8],
    "fc": {"type": "Linear", "layers": ["${width}"], "activation": "Tanh"},
    "more": {"type": "Linear", "out_features": "${width}", "repeat": "${depth - 1}"},
}
FUSE = {
    "dag_in_shape": {"left": [4], "right": [4]},
    "sum": {"type": "SumMerge", "in_names": ["left", "right"]},
}
SPLIT = {
    "dag_in_shape": [8],
    "cut": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}},
}
OLD = {
    "vars": {"out": 3},
    "modules": {"fc": {"LazyLinear": {"out_features": "${out}"}}, "act": {"ReLU": None}},
    "graph": {"input": "x", "modules": {"fc": ["x"], "act": ["fc"]}, "output": "act"},
}
PARTS = {
    "modules": {"cut": {"ForkChunk": {"chunks": 2}}, "one": {"Get": {"key": 0}}, "two": {"Get": {"key": 1}}},
    "graph": {"input": "x", "modules": {"cut": ["x"], "one": ["cut"], "two": ["cut"]}, "output": ["one", "two"]},
}


def seeded(make, seed=7):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def test_arc_is_a_module_with_its_variables_as_params():
    nodes = [node("one", "module.Encoder", "x"), node("two", "module.Encoder", "one", width="2 * W", depth=3)]
    net = torcharc.build(graph(*nodes, modules={"Encoder": {**ENCODER, "dag_in_shape": [None]}}, vars={"W": 3}), seed=7)
    known = seeded(
        lambda: nn.Sequential(
            *[nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 4)],
            *[nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 6)],
        )
    )
    assert torch.equal(net(X), known(X))
    assert "module_dict.one.module_dict.fc.0.weight" in net.state_dict()


def test_arc_sees_the_variables_around_it():
    arc = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": "${W}"}}
    net = torcharc.build(graph(node("a", "module.Arc", "x"), modules={"Arc": arc}, vars={"W": 5}), W=6)
    assert net(X).shape == (3, 6)


def test_arc_of_several_inputs_and_outputs_goes_by_name():
    nodes = [node("cut", "module.Split", "x"), node("sum", "module.Fuse", {"right": "cut.std", "left": "cut.mean"})]
    net = torcharc.build(graph(*nodes, modules={"Split": SPLIT, "Fuse": FUSE}))
    assert torch.equal(net(X), X[:, :4] + X[:, 4:])


def test_single_module_is_a_module():
    arc = {"type": "Linear", "layers": [16, 4], "activation": "ReLU"}
    net = torcharc.build(graph(node("mlp", "module.Mlp", "x"), modules={"Mlp": arc}), seed=7)
    known = seeded(lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4), nn.ReLU()))
    assert torch.equal(net(X), known(X))


def test_old_format_is_a_module_with_its_variables_as_params():
    net = torcharc.build(graph(node("old", "module.Old", "x", out=5), modules={"Old": OLD}), seed=7)
    known = seeded(lambda: nn.Sequential(nn.Linear(8, 5), nn.ReLU()))
    assert torch.equal(net(X), known(X))


def test_old_format_with_a_list_as_output_goes_by_name():
    nodes = [node("cut", "module.Parts", "x"), node("sub", "torch.sub", ["cut.one", "cut.two"])]
    assert torch.equal(torcharc.build(graph(*nodes, modules={"Parts": PARTS}))(X), X[:, :4] - X[:, 4:])


def test_registered_old_format_with_a_list_as_output_goes_by_name():
    torcharc.register("Parts", PARTS)
    try:
        nodes = [node("cut", "Parts", "x"), node("sub", "torch.sub", ["cut.one", "cut.two"])]
        assert torch.equal(torcharc.build(graph(*nodes))(X), X[:, :4] - X[:, 4:])
        arc = {"dag_in_shape": [8], "cut": {"type": "Parts"}, "act": {"type": "Tanh", "in_names": ["two"]}}
        torch.testing.assert_close(torcharc.build(arc)(X), {"two": X[:, 4:].tanh(), "one": X[:, :4]}, rtol=0, atol=0)
    finally:
        torcharc.unregister("Parts")


def test_modules_of_any_form_stack_and_repeat():
    arc = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 8}}
    stacked = graph(node("s", "arc.stack", "x", module="Arc", count=3), modules={"Arc": arc})
    repeated = graph({**node("s", "module.Arc", "x"), "repeat": 3}, modules={"Arc": arc})
    known = seeded(lambda: nn.Sequential(*[nn.Linear(8, 8) for _ in range(3)]))
    for spec in (stacked, repeated):
        assert torch.equal(torcharc.build(spec, seed=7)(X), known(X))


def test_module_of_a_graph_spec_holds_an_arc():
    outer = {
        "params": {"width": 4},
        "inputs": ["x"],
        "graph": [node("enc", "module.Encoder", "x", width="width"), node("act", "ReLU", "enc")],
        "outputs": {"y": "act"},
    }
    spec = graph(node("o", "module.Outer", "x", width=6), modules={"Outer": outer, "Encoder": ENCODER})
    assert torcharc.build(spec)(X).shape == (3, 6)


@pytest.fixture
def registered():
    """One spec of every format as a type; the last holds the others."""
    specs = {
        "TheArc": ENCODER,
        "TheOld": OLD,
        "TheGraph": graph(node("fc", "Linear", "x", in_features=8, out_features=2), outputs={"y": "fc"}),
        "TheModule": {"inputs": ["x"], "graph": [node("act", "Tanh", "x")], "outputs": {"y": "act"}},
    }
    for name, spec in specs.items():
        torcharc.register(name, spec)
    yield dict.fromkeys(specs)
    for name in specs:
        torcharc.unregister(name)


@pytest.mark.parametrize(("type_", "size"), [("TheArc", 4), ("TheOld", 3), ("TheGraph", 2), ("TheModule", 8)])
def test_registered_spec_of_every_format_in_every_format(registered, type_, size):
    arc = {"dag_in_shape": [8], "a": {"type": type_}}
    old = {
        "modules": {"a": {type_: None}},
        "graph": {"input": {"x": [8]}, "modules": {"a": ["x"]}, "output": "a"},
    }
    inline = graph(node("a", "module.Inner", "x"), modules={"Inner": arc})
    for spec in (arc, old, graph(node("a", type_, "x")), inline):
        assert torcharc.build(spec)(X).shape == (3, size)
        assert torcharc.inspect(spec).nodes[0].output.shape == (size,)


# faults


def test_fault_in_an_arc_stands_where_it_is_written():
    arc = {"dag_in_shape": [8], "fc": {"type": "Linaer", "out_features": 4}, "act": {"type": "ReLU", "in_names": ["y"]}}
    assert message(graph(node("a", "module.Arc", "x"), modules={"Arc": arc})) == (
        "1 problem in the spec\n"
        "spec.modules.Arc.fc.type\n"
        "  found: 'Linaer'\n"
        "  expected: the name of a type; torcharc.types() lists them\n"
        "  hint: did you mean 'Linear'?"
    )


def test_argument_of_an_arc_stands_where_it_is_written():
    arc = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 0}}
    assert message(graph(node("a", "module.Arc", "x"), modules={"Arc": arc})) == (
        "1 problem in the spec\nspec.modules.Arc.fc.out_features\n  found: 0\n  expected: an integer above 0"
    )


def test_argument_of_an_old_module_stands_where_it_is_written():
    old = {**OLD, "modules": {"fc": {"LazyLinear": {"out_featurs": 4}}, "act": {"ReLU": None}}}
    text = message(graph(node("a", "module.Old", "x"), modules={"Old": old}))
    assert text.startswith("1 problem in the spec\nspec.modules.Old.modules.fc.LazyLinear.out_featurs\n")


def test_unknown_param_of_an_arc_names_its_variables():
    assert message(graph(node("a", "module.Encoder", "x", widht=8), modules={"Encoder": ENCODER})) == (
        "1 problem in the spec\n"
        "spec.graph[0].params.widht\n"
        "  found: the key 'widht'\n"
        "  expected: one of the keys: depth, width\n"
        "  hint: did you mean 'width'?"
    )


def test_wrong_input_of_an_arc_names_its_ports():
    nodes = [node("sum", "module.Fuse", {"left": "x", "rihgt": "x"})]
    assert message(graph(*nodes, inputs={"x": [None, 4]}, modules={"Fuse": FUSE})) == (
        "1 problem in the spec\n"
        "spec.graph[0].inputs.rihgt\n"
        "  found: the key 'rihgt'\n"
        "  expected: the ports of module.Fuse: left, right\n"
        "  hint: did you mean 'right'?"
    )


def test_unused_arc_is_read_and_warned_of():
    arc = {"dag_in_shape": [8], "fc": {"type": "Linaer"}}
    problems = torcharc.check(graph(node("act", "ReLU", "x"), modules={"Arc": arc}))
    assert [(problem.severity, problem.path) for problem in problems] == [
        ("warning", ("modules", "Arc")),
        ("error", ("modules", "Arc", "fc", "type")),
    ]


def test_nodes_of_arcs_count_for_the_whole_spec():
    arc = {"dag_vars": {"n": 1}, "dag_in_shape": [8], "fc": {"type": "ReLU", "repeat": "${n}"}}
    nodes = [node(f"a{i}", "module.Arc", "x" if i == 0 else f"a{i - 1}", n=3000 + i) for i in range(2)]
    assert message(graph(*nodes, modules={"Arc": arc})) == (
        "1 problem in the spec\n"
        "spec.modules.Arc.fc\n"
        "  found: 3,001 more nodes, 6,003 in the whole spec\n"
        "  expected: at most 5,000 in the whole; torcharc.spec.expand.MOST_NODES sets the limit"
    )
