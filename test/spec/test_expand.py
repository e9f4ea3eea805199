"""Copies: arcs with `repeat`, `parallel` and `when` beside hand-written modules."""

import copy
import pickle

import pytest
import torch
import torch._dynamo
from torch import nn

import torcharc
from torcharc.graph import Node, Ref
from torcharc.spec.expand import Expansion, chain, first_ref, side_by_side


def seeded(make, seed=7):
    """What `make` gives, drawn from a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def agree(arc, make, *inputs, **kwargs):
    """Asserts that an arc and a hand-written module are the same network; gives the arc's."""
    before = copy.deepcopy(arc)
    net, known = torcharc.build(arc, seed=7, **kwargs), seeded(make)
    assert arc == before
    for ours, theirs in zip(net.parameters(), known.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    torch.testing.assert_close(net(*inputs), known(*inputs), atol=1e-6, rtol=0)
    assert torcharc.inspect(arc, **kwargs).params == sum(p.numel() for p in known.parameters())
    return net


class Handwritten(nn.Module):
    """Modules made in order, and a function that runs them."""

    def __init__(self, make, run):
        super().__init__()
        self.parts = nn.ModuleList(make())
        self.run = run

    def forward(self, *inputs):
        return self.run(self.parts, *inputs)


def written(make, run):
    """A function that gives a hand-written module."""
    return lambda: Handwritten(make, run)


X = torch.linspace(-1, 1, 24).reshape(3, 8)
LINEAR = {"type": "Linear", "out_features": 8}


def test_repeat():
    arc = {
        "dag_vars": {"depth": 3},
        "dag_in_shape": [8],
        "tower": {"type": "Linear", "layers": [8], "activation": "Tanh", "repeat": "${depth}"},
        "head": {"type": "Linear", "out_features": 2},
    }
    net = agree(
        arc, lambda: nn.Sequential(*[m for _ in range(3) for m in (nn.Linear(8, 8), nn.Tanh())], nn.Linear(8, 2)), X
    )
    assert list(net.state_dict())[:3] == [
        "module_dict.tower.module_dict.0.0.weight",
        "module_dict.tower.module_dict.0.0.bias",
        "module_dict.tower.module_dict.1.0.weight",
    ]
    assert torcharc.inspect(arc)["tower"].output.shape == (8,)
    agree(
        arc,
        lambda: nn.Sequential(*[m for _ in range(5) for m in (nn.Linear(8, 8), nn.Tanh())], nn.Linear(8, 2)),
        X,
        depth=5,
    )


def test_repeat_with_index():
    arc = {
        "dag_vars": {"widths": [5, 6, 7]},
        "dag_in_shape": [8],
        "tower": {
            "type": "${'Linear' if index != 1 else 'torch.nn.Linear'}",
            "out_features": "${widths[index]}",
            "bias": "${index > 0}",
            "repeat": "${len(widths)}",
        },
    }
    agree(arc, lambda: nn.Sequential(nn.Linear(8, 5, bias=False), nn.Linear(5, 6), nn.Linear(6, 7)), X)


def test_repeat_in_a_flat_arc():
    arc = {"dag_in_shape": [8], **LINEAR, "repeat": 2}
    net = agree(arc, lambda: nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)), X)
    assert next(iter(net.state_dict())) == "module_dict.Linear.module_dict.0.weight"


def test_repeat_threads_the_first_input_and_keeps_the_others():
    arc = {
        "dag_in_shape": {"x": [8], "c": [8]},
        "mix": {"type": "SumMerge", "in_names": ["x", "c"], "repeat": 3},
    }
    net = torcharc.build(arc)
    torch.testing.assert_close(net(x=X, c=X**2), X + 3 * X**2)


def test_repeat_of_a_type_that_gives_a_tuple_goes_on_with_its_first_part():
    arc = {
        "dag_in_shape": [5, 8],
        "lstm": {"type": "LSTM", "hidden_size": 6, "batch_first": True, "repeat": 2},
        "head": {"type": "Linear", "out_features": 2},
    }

    make = written(
        lambda: [nn.LSTM(8, 6, batch_first=True), nn.LSTM(6, 6, batch_first=True), nn.Linear(6, 2)],
        lambda parts, x: parts[2](parts[1](parts[0](x)[0])[0]),
    )
    agree(arc, make, torch.linspace(-1, 1, 120).reshape(3, 5, 8))


@pytest.mark.parametrize("merge", [{"type": "ConcatMerge"}, {"type": "torch.cat", "dim": 1}])
def test_parallel_into_concatenation(merge):
    arc = {
        "dag_in_shape": [8],
        "experts": {"type": "Linear", "out_features": "${index + 3}", "parallel": 3},
        "merge": merge,
        "head": {"type": "Linear", "out_features": 2},
    }

    make = written(
        lambda: [nn.Linear(8, 3), nn.Linear(8, 4), nn.Linear(8, 5), nn.Linear(12, 2)],
        lambda parts, x: parts[3](torch.cat([part(x) for part in parts[:3]], 1)),
    )
    net = agree(arc, make, X)
    assert list(net.state_dict())[2] == "module_dict.experts.module_dict.1.weight"
    assert [part.shape for part in torcharc.inspect(arc)["experts"].output] == [(3,), (4,), (5,)]


@pytest.mark.parametrize(
    ("merge", "run"),
    [
        ({"type": "SumMerge"}, sum),
        ({"type": "MeanMerge"}, lambda xs: sum(xs) / 2),
        ({"type": "StackMerge"}, lambda xs: torch.stack(xs, 1)),
        ({"type": "torch.stack", "dim": 1}, lambda xs: torch.stack(xs, 1)),
        ({"type": "torch.einsum", "equation": "ni,nj->nij"}, lambda xs: torch.einsum("ni,nj->nij", *xs)),
    ],
)
def test_parallel_into_merges(merge, run):
    arc = {"dag_in_shape": [8], "heads": {**LINEAR, "parallel": 2}, "merge": merge}
    agree(
        arc,
        lambda: Handwritten(lambda: [nn.Linear(8, 8), nn.Linear(8, 8)], lambda parts, x: run([p(x) for p in parts])),
        X,
    )


def test_parallel_beside_another_tensor():
    arc = {
        "dag_in_shape": {"x": [8], "y": [8]},
        "heads": {**LINEAR, "in_names": ["x"], "parallel": 2},
        "merge": {"type": "SumMerge", "in_names": ["x", "y"]},
    }
    make = written(lambda: [nn.Linear(8, 8), nn.Linear(8, 8)], lambda parts, x, y: parts[0](x) + parts[1](x) + y)
    agree(arc, make, X, X**2)


def test_parallel_of_embeddings_takes_token_ids():
    arc = {
        "dag_in_shape": [4],
        "tables": {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 3, "parallel": 2},
        "sum": {"type": "SumMerge"},
    }
    make = written(lambda: [nn.Embedding(9, 3), nn.Embedding(9, 3)], lambda parts, x: parts[0](x) + parts[1](x))
    agree(arc, make, torch.arange(8).reshape(2, 4))


def test_parallel_at_the_end_gives_a_tuple():
    net = torcharc.build({"dag_in_shape": [8], "heads": {**LINEAR, "parallel": 2}})
    first, second = net(X)
    assert first.shape == second.shape == (3, 8)
    picked = torcharc.build({"dag_in_shape": [8], "heads": {**LINEAR, "parallel": 2}, "one": {"type": "Get", "key": 1}})
    assert picked(X).shape == (3, 8)


def test_when():
    arc = {
        "dag_vars": {"wide": True},
        "dag_in_shape": [8],
        "extra": {"type": "Linear", "out_features": 16, "when": "${wide}"},
        "head": {"type": "Linear", "out_features": 2},
    }
    agree(arc, lambda: nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 2)), X)
    net = agree(arc, lambda: nn.Sequential(nn.Linear(8, 2)), X, wide=False)
    assert list(net.module_dict) == ["head"]


def test_node_left_out_passes_its_first_input():
    arc = {
        "dag_in_shape": {"x": [8], "y": [4]},
        "merge": {"type": "ConcatMerge", "in_names": ["y", "x"], "when": False},
    }
    net = torcharc.build(arc)
    assert torch.equal(net(x=X, y=X[:, :4]), X[:, :4])


def test_node_left_out_is_not_read_further():
    arc = {"dag_in_shape": [8], "a": {"type": "${kinds[3]}", "size": 3, "when": "${1 > 2}"}, "b": LINEAR}
    agree(arc, lambda: nn.Sequential(nn.Linear(8, 8)), X)


def test_no_copies_pass_the_input():
    agree({"dag_in_shape": [8], "a": {**LINEAR, "repeat": 0}, "b": LINEAR}, lambda: nn.Sequential(nn.Linear(8, 8)), X)


def test_copies_left_out():
    arc = {"dag_in_shape": [8], "a": {**LINEAR, "repeat": 4, "when": "${index % 2 == 1}"}}
    net = agree(arc, lambda: nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)), X)
    assert list(net.module_dict.a.module_dict) == ["1", "3"]
    arc = {"dag_in_shape": [8], "a": {**LINEAR, "parallel": 2, "when": "${index > 0}"}, "sum": {"type": "SumMerge"}}
    agree(arc, lambda: Handwritten(lambda: [nn.Linear(8, 8)], lambda parts, x: x + parts[0](x)), X)


def test_shared_copies():
    arc = {
        "dag_in_shape": {"x": [8], "y": [8]},
        "tower": {**LINEAR, "in_names": ["x"], "repeat": 2},
        "tower~y": {"in_names": ["y"]},
        "sum": {"type": "SumMerge", "in_names": ["x", "y"]},
    }
    make = written(
        lambda: [nn.Linear(8, 8), nn.Linear(8, 8)], lambda parts, x, y: parts[1](parts[0](x)) + parts[1](parts[0](y))
    )
    agree(arc, make, X, X**2)


def test_templates_everywhere():
    arc = {
        "dag_vars": {
            "kind": "Linear",
            "size": 8,
            "names": ["x", "y"],
            "act": {"type": "LeakyReLU", "negative_slope": 0.2},
        },
        "dag_in_shape": {"x": ["${size}"], "y": "${[size]}"},
        "a": {"type": "${kind}", "in_names": ["${names[1]}"], "layers": [["${size // 2}"]], "activation": "${act}"},
        "b": {"type": "ConcatMerge", "in_names": "${names}"},
    }
    make = written(
        lambda: [nn.Linear(8, 4), nn.LeakyReLU(0.2)], lambda parts, x, y: torch.cat([x, parts[1](parts[0](y))], 1)
    )
    agree(arc, make, X, X**2)


def test_templates_in_a_single_module():
    arc = {"dag_vars": {"n": 4}, "type": "Linear", "in_features": "${2 * n}", "layers": ["${n}"]}
    assert torcharc.build(arc)(X).shape == (3, 4)
    assert torcharc.build(arc, vars={"n": 3}).spec["dag_vars"] == {"n": 3}


def test_copies_pickle_and_compile():
    arc = {"dag_in_shape": [8], "a": {**LINEAR, "repeat": 2}, "b": {**LINEAR, "parallel": 2}, "c": {"type": "SumMerge"}}
    net = torcharc.build(arc)
    torch._dynamo.reset()  # of networks compiled before; older versions of torch need it
    for other in (
        pickle.loads(pickle.dumps(net)),
        copy.deepcopy(net),
        torch.compile(net, fullgraph=True, backend="eager"),
    ):
        torch.testing.assert_close(other(X), net(X))


def test_expansion_of_any_format():
    node = {"type": "T", "inputs": ["${name}", "b"], "size": "${width * index}", "repeat": 2, "when": "${index > 0}"}
    before = copy.deepcopy(node)
    copies, problems = Expansion().expand(node, {"width": 8, "name": "a"}, ("graph", 0), ["inputs"])
    assert problems == []
    assert node == before
    assert copies.wiring == {"inputs": ["a", "b"]}
    assert [(c.index, c.node, c.kept) for c in copies.every] == [
        (0, {"inputs": ["a", "b"]}, False),
        (1, {"type": "T", "inputs": ["a", "b"], "size": 8}, True),
    ]
    assert copies.kept == copies.every[1:]


def test_chain_of_nodes():
    a, b = Ref("a"), Ref("b", (1,))
    nodes = [Node(str(i), "T", {}, (("x", a), ("c", (a, b)), ("n", 2))) for i in range(2)]
    whole = chain("tower", nodes)
    inside, other = Ref("x", of_input=True), Ref("c_1", of_input=True)
    assert whole.inputs == (("x", a), ("c_1", b))
    assert [name for name, _ in whole.graph.inputs] == ["x", "c_1"]
    assert whole.graph.nodes[0].inputs == (("x", inside), ("c", (inside, other)), ("n", 2))
    assert whole.graph.nodes[1].inputs == (("x", Ref("0")), ("c", (inside, other)), ("n", 2))
    assert whole.graph.outputs == (("output", Ref("1")),)
    assert first_ref(whole.inputs) == a


def test_nodes_side_by_side():
    nodes = [Node(str(i), "T", {}, (("x", Ref(name)),)) for i, name in ((0, "a"), (2, "b"))]
    whole = side_by_side("heads", [nodes[0], None, nodes[1]])
    assert whole.inputs == (("x", Ref("a")), ("x~1", Ref("b")))
    assert whole.graph.form == "tuple"
    assert whole.graph.outputs == (("0", Ref("0")), ("1", Ref("x", of_input=True)), ("2", Ref("2")))
