"""`repeat`, `parallel` and `when` in the 2.x format, beside hand-written modules; and their faults."""

import pytest
import torch
from refusal import message
from torch import nn

import torcharc

X = torch.linspace(-1, 1, 24).reshape(3, 8)


def spec(modules, calls, output, inputs=("x",), **more):
    """A 2.x spec; without shapes."""
    return {**more, "modules": modules, "graph": {"input": list(inputs), "modules": calls, "output": output}}


def seeded(make, seed=7):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def linear(**params):
    return {"Linear": {"in_features": 8, "out_features": 8, **params}}


def test_repeat_chains_fresh_copies():
    given = spec({"fc": {**linear(), "repeat": "${depth}"}}, {"fc": ["x"]}, "fc", vars={"depth": 3})
    for depth, variables in ((3, {}), (5, {"depth": 5})):
        net = torcharc.build(given, seed=7, **variables)
        known = seeded(lambda: nn.Sequential(*[nn.Linear(8, 8) for _ in range(depth)]))  # noqa: B023
        assert torch.equal(net(X), known(X))
    assert list(net.state_dict())[:2] == ["module_dict.fc.module_dict.0.weight", "module_dict.fc.module_dict.0.bias"]


def test_index_counts_the_copies():
    sizes = [8, 4, 2]
    module = {
        "Sequential": [
            {"Linear": {"in_features": "${sizes[index]}", "out_features": "${sizes[index + 1]}"}},
            {"Tanh": None},
        ],
        "repeat": "${len(sizes) - 1}",
    }
    net = torcharc.build(spec({"block": module}, {"block": ["x"]}, "block", vars={"sizes": sizes}), seed=7)
    known = seeded(lambda: nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 2), nn.Tanh()))
    assert torch.equal(net(X), known(X))


def test_compact_modules_repeat():
    compact = {"layer": {"type": "Linear", "keys": ["in_features", "out_features"], "args": [[8, 8]]}}
    module = {"compact": {**compact, "postlayer": [{"ReLU": None}]}, "repeat": 2}
    net = torcharc.build(spec({"mlp": module}, {"mlp": ["x"]}, "mlp"), seed=7)
    known = seeded(lambda: nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU()))
    assert torch.equal(net(X), known(X))


def test_repeat_keeps_the_other_inputs():
    modules = {"mix": {"Bilinear": {"in1_features": 8, "in2_features": 4, "out_features": 8}, "repeat": 2}}
    net = torcharc.build(spec(modules, {"mix": ["x", "y"]}, "mix", ["x", "y"]), seed=7)
    first, second = seeded(lambda: [nn.Bilinear(8, 4, 8), nn.Bilinear(8, 4, 8)])
    y = torch.rand(3, 4)
    assert torch.equal(net(X, y), second(first(X, y), y))


@pytest.mark.parametrize("call", [["heads"], [["heads"]], {"tensors": "heads"}])
def test_parallel_feeds_a_merge(call):
    modules = {"heads": {**linear(), "parallel": 3}, "merge": {"MergeStack": {"dim": 1}}}
    if isinstance(call, dict):
        call = {torcharc.types("MergeStack")[0].ports[0]: "heads"}
    net = torcharc.build(spec(modules, {"heads": ["x"], "merge": call}, "merge"), seed=7)
    heads = seeded(lambda: [nn.Linear(8, 8) for _ in range(3)])
    assert torch.equal(net(X), torch.stack([head(X) for head in heads], dim=1))


def test_parallel_at_the_end_gives_a_tuple():
    net = torcharc.build(spec({"heads": {**linear(), "parallel": 2}}, {"heads": ["x"]}, "heads"), seed=7)
    heads = seeded(lambda: [nn.Linear(8, 8) for _ in range(2)])
    torch.testing.assert_close(net(X), tuple(head(X) for head in heads), rtol=0, atol=0)


def test_repeated_module_runs_again_with_its_weights():
    calls = {"fc~left": ["x"], "fc~right": ["fc~left"]}
    net = torcharc.build(spec({"fc": {**linear(), "repeat": 2}}, calls, "fc~right"), seed=7)
    one, two = seeded(lambda: [nn.Linear(8, 8), nn.Linear(8, 8)])
    assert torch.equal(net(X), two(one(two(one(X)))))
    assert sum(p.numel() for p in net.parameters()) == 2 * 72


@pytest.mark.parametrize("deep", [True, False])
def test_module_left_out_passes_its_first_input(deep):
    modules = {"fc": linear(), "extra": {**linear(), "when": "${deep}"}, "act": {"Tanh": None}}
    calls = {"fc": ["x"], "extra": ["fc"], "act": ["extra"]}
    net = torcharc.build(spec(modules, calls, ["act", "extra"], vars={"deep": True}), seed=7, deep=deep)
    layers = seeded(lambda: [nn.Linear(8, 8) for _ in range(2)])
    hidden = layers[1](layers[0](X)) if deep else layers[0](X)
    torch.testing.assert_close(net(X), (hidden.tanh(), hidden), rtol=0, atol=0)


def test_copies_left_out_pass_what_they_are_fed():
    net = torcharc.build(spec({"fc": {**linear(), "repeat": 3, "when": "${index != 1}"}}, {"fc": ["x"]}, "fc"), seed=7)
    one, two = seeded(lambda: [nn.Linear(8, 8), nn.Linear(8, 8)])
    assert torch.equal(net(X), two(one(X)))


def test_sizes_are_inferred_along_the_copies():
    modules = {"conv": {"LazyConv2d": {"out_channels": "${4 * 2 ** index}", "kernel_size": 3}, "repeat": 2}}
    given = spec(modules, {"conv": ["image"]}, "conv")
    given["graph"]["input"] = {"image": [3, 8, 8]}
    net = torcharc.build(given, seed=7)
    known = seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 8, 3)))
    image = torch.rand(2, 3, 8, 8)
    assert torch.equal(net(image), known(image))
    assert torcharc.inspect(given)["conv"].output.shape == (8, 4, 4)


FAULTS = {
    "count": (
        {"fc": {**linear(), "repeat": "3"}},
        "spec.modules.fc.repeat\n  found: '3'\n  expected: an integer of at least 0",
    ),
    "misspelt": (
        {"fc": {**linear(), "repeet": 3}},
        "spec.modules.fc.repeet\n"
        "  found: the key 'repeet'\n"
        "  expected: one of the keys: parallel, repeat, share, when\n"
        "  hint: did you mean 'repeat'?",
    ),
    "both": (
        {"fc": {**linear(), "repeat": 3, "parallel": 2}},
        "spec.modules.fc\n"
        "  found: the keys repeat and parallel\n"
        "  expected: one of them; a module of its own can hold the other",
    ),
    "argument of every copy": (
        {"fc": {**linear(out_featurs=8), "repeat": 3}},
        "spec.modules.fc.Linear.out_featurs\n"
        "  found: the key 'out_featurs'\n"
        "  expected: one of the keys: bias, in_features, init, out_features\n"
        "  hint: did you mean 'out_features'?",
    ),
    "index without copies": (
        {"fc": linear(out_features="${index}")},
        "spec.modules.fc.Linear.out_features\n"
        "  found: the name 'index' in '${index}'\n"
        "  expected: no names: there are no variables",
    ),
}


@pytest.mark.parametrize(("modules", "text"), FAULTS.values(), ids=FAULTS)
def test_fault(modules, text):
    assert message(spec(modules, {"fc": ["x"]}, "fc")) == f"1 problem in the spec\n{text}"


def test_fault_of_copies_where_one_tensor_is_due():
    modules = {"heads": {**linear(), "parallel": 3}, "fc": linear()}
    assert message(spec(modules, {"heads": ["x"], "fc": ["heads"]}, "fc")) == (
        "1 problem in the spec\n"
        "spec.graph.modules.fc\n"
        "  found: heads, 3 tensors side by side\n"
        "  expected: one tensor; merges, torch.stack and torch.cat take several"
    )


def test_copies_are_counted():
    assert message(spec({"fc": {**linear(), "repeat": 10**6}}, {"fc": ["x"]}, "fc")) == (
        "1 problem in the spec\n"
        "spec.modules.fc\n"
        "  found: 1,000,000 more nodes, 1,000,000 in the whole spec\n"
        "  expected: at most 5,000 in the whole; torcharc.spec.expand.MOST_NODES sets the limit"
    )
