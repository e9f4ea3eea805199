"""Tensors side by side as an input of a block: what goes in, what comes out, and what takes one tensor only."""

import pytest
import torch
from arcgraph_specs import graph, node
from refusal import message
from torch import nn

import torcharc

X = torch.linspace(-1, 1, 24).reshape(3, 8)
EXPERTS = {**node("experts", "Linear", "x", in_features=8, out_features=4), "parallel": 3}


def seeded(make, seed=7):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def module(*nodes, inputs=("x",), output=None):
    return {"inputs": list(inputs), "graph": list(nodes), "outputs": {"y": output or nodes[-1]["name"]}}


def experts():
    return seeded(lambda: [nn.Linear(8, 4) for _ in range(3)])


@pytest.mark.parametrize(
    ("inner", "run"),
    [
        (node("mix", "torch.stack", ["x"], dim=1), lambda parts: torch.stack(parts, dim=1)),
        (node("mix", "torch.cat", {"tensors": "x"}, dim=1), lambda parts: torch.cat(parts, dim=1)),
        (node("mix", "MeanMerge", "x"), lambda parts: torch.stack(parts).mean(0)),
        (node("mix", "torch.add", ["x.0", "x.2"]), lambda parts: parts[0] + parts[2]),
    ],
)
def test_list_goes_into_a_module(inner, run):
    spec = graph(EXPERTS, node("m", "module.Mix", "experts"), modules={"Mix": module(inner)})
    parts = [expert(X) for expert in experts()]
    torch.testing.assert_close(torcharc.build(spec, seed=7)(X), run(parts))


def test_list_goes_through_modules_within_modules():
    mix = module(node("mix", "torch.stack", ["x"], dim=1))
    modules = {"Mix": mix, "Outer": module(node("inner", "module.Mix", "x"))}
    spec = graph(EXPERTS, node("m", "module.Outer", "experts"), modules=modules)
    assert torch.equal(torcharc.build(spec, seed=7)(X), torch.stack([expert(X) for expert in experts()], dim=1))


def test_experts_and_gates():
    """Jacobs et al. 1991 in its usual form: a gate weighs the outputs of the experts, one gate for each task."""
    mix = {
        "inputs": ["experts", "x"],
        "graph": [
            node("stacked", "torch.stack", ["experts"], dim=1),
            node("gate", "Linear", "x", in_features=8, out_features=3),
            node("weights", "torch.softmax", "gate", dim=1),
            node("row", "torch.unsqueeze", "weights", dim=1),
            node("product", "torch.bmm", ["row", "stacked"]),
            node("y", "torch.squeeze", "product", dim=1),
        ],
        "outputs": {"y": "y"},
    }
    tasks = {**node("tasks", "module.Mix", {"experts": "experts", "x": "x"}), "parallel": 2}
    net = torcharc.build(
        graph(EXPERTS, tasks, node("all", "torch.cat", ["tasks"], dim=1), modules={"Mix": mix}), seed=7
    )
    parts, gates = seeded(lambda: ([nn.Linear(8, 4) for _ in range(3)], [nn.Linear(8, 3) for _ in range(2)]))
    stacked = torch.stack([part(X) for part in parts], dim=1)
    rows = [(gate(X).softmax(1).unsqueeze(2) * stacked).sum(1) for gate in gates]
    torch.testing.assert_close(net(X), torch.cat(rows, dim=1))
    script = torch.export.export(net, (X,)).module()
    torch.testing.assert_close(script(X), net(X))


def test_list_goes_into_copies():
    arc = {
        "dag_in_shape": [8],
        "heads": {"type": "Linear", "out_features": 4, "parallel": 3},
        "sums": {"type": "SumMerge", "parallel": 2},
        "all": {"type": "torch.stack", "dim": 1},
    }
    total = sum(expert(X) for expert in experts())
    torch.testing.assert_close(torcharc.build(arc, seed=7)(X), torch.stack([total, total], dim=1))


def test_module_that_gives_a_list_feeds_what_takes_one():
    inner = module({**EXPERTS, "inputs": "x"}, output="experts")
    spec = graph(node("m", "module.Heads", "x"), node("s", "torch.stack", ["m"], dim=1), modules={"Heads": inner})
    assert torch.equal(torcharc.build(spec, seed=7)(X), torch.stack([expert(X) for expert in experts()], dim=1))


def test_registered_spec_takes_a_list():
    torcharc.register("StackThem", module(node("mix", "torch.stack", ["x"], dim=1)))
    try:
        net = torcharc.build(graph(EXPERTS, node("m", "StackThem", "experts")), seed=7)
        assert torch.equal(net(X), torch.stack([expert(X) for expert in experts()], dim=1))
    finally:
        torcharc.unregister("StackThem")


def test_inspection_shows_the_list():
    spec = graph(EXPERTS, node("m", "module.Mix", "experts"), modules={"Mix": module(node("a", "SumMerge", "x"))})
    found = torcharc.inspect(spec)
    assert [part.shape for part in found["m"].inputs["x"]] == [(4,)] * 3
    assert found["m"].output.shape == (4,)


# where one tensor is due


def test_module_that_takes_one_tensor_refuses_a_list():
    spec = graph(EXPERTS, node("m", "module.Act", "experts"), modules={"Act": module(node("a", "ReLU", "x"))})
    assert message(spec) == (
        "1 problem in the spec\n"
        "spec.modules.Act.graph[0].inputs\n"
        "  found: x, 3 tensors side by side\n"
        "  expected: one tensor; merges, torch.stack and torch.cat take several"
    )


def test_list_that_a_module_gives_is_refused_where_one_tensor_is_due():
    inner = module({**EXPERTS, "inputs": "x"}, output="experts")
    assert message(graph(node("m", "module.Heads", "x"), node("a", "ReLU", "m"), modules={"Heads": inner})) == (
        "1 problem in the spec\n"
        "spec.graph[1].inputs\n"
        "  found: m, 3 tensors side by side\n"
        "  expected: one tensor; merges, torch.stack and torch.cat take several"
    )
