"""The verified Arc-Graph files: parameters, outputs at two batch sizes, and hand-written twins."""

import itertools
import pathlib

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import torcharc

FILES = pathlib.Path(__file__).parents[2] / "example" / "arcgraph"

# file → parameters, and the shape of each output behind the batch
VERIFIED = {
    "dcn_tutorial_completed": (47_873, {"rating": (1,)}),
    "multi_input": (6_225, {"rating": (1,)}),
    "mmoe": (126_732, {"click": (1,), "purchase": (1,), "spend": (1,)}),
    "attention_transposed": (202_248, {"forecast": (1, 7)}),
    "residual_wrapped": (131_584, {"features": (256,)}),
    "dcn_v2_cross": (47_873, {"rating": (1,)}),
    "categorical_recommender": (177_697, {"logits": (1,), "probability": (1,)}),
}

files = pytest.mark.parametrize("name", VERIFIED)


def build(name, seed=0):
    return torcharc.build(FILES / f"{name}.yaml", seed=seed).eval()


def feed(network, batch, seed=0):
    """A tensor for each input, as its spec says."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, spec in network.graph.inputs:
        sizes = [batch, *spec.shape[1:]]
        floating = spec.dtype == "float32"
        tensors[name] = (
            torch.randn(sizes, generator=generator) if floating else torch.randint(0, 1000, sizes, generator=generator)
        )
    return tensors


def as_dict(name, result):
    return result if isinstance(result, dict) else {next(iter(VERIFIED[name][1])): result}


def test_every_example_file_is_verified():
    assert sorted(path.stem for path in FILES.glob("*.yaml")) == sorted(VERIFIED)


@files
def test_file_has_the_stated_parameters(name):
    assert sum(p.numel() for p in build(name).parameters()) == VERIFIED[name][0]
    assert torcharc.inspect(FILES / f"{name}.yaml").params == VERIFIED[name][0]


@files
@pytest.mark.parametrize("batch", [1, 5])
def test_file_gives_the_stated_outputs(name, batch):
    network = build(name)
    found = as_dict(name, network(feed(network, batch)))
    assert {key: tuple(x.shape) for key, x in found.items()} == {
        key: (batch, *shape) for key, shape in VERIFIED[name][1].items()
    }
    assert list(found) == list(VERIFIED[name][1])


@files
def test_samples_do_not_mix(name):
    network = build(name)
    fed = feed(network, 5)
    whole = as_dict(name, network(fed))
    for row in range(5):
        single = as_dict(name, network({key: x[row : row + 1] for key, x in fed.items()}))
        for key, x in single.items():
            torch.testing.assert_close(x[0], whole[key][row])


@files
def test_file_is_without_problems(name):
    assert [p for p in torcharc.check(FILES / f"{name}.yaml") if p.severity == "error"] == []


def test_tutorial_cross_tower_is_warned_of():
    found = [p for p in torcharc.check(FILES / "dcn_tutorial_completed.yaml") if p.severity == "warning"]
    assert [p.found for p in found] == [
        "the node 'cross_2' is Linear, as 'cross_1' is, which feeds it",
        "the node 'cross_3' is Linear, as 'cross_2' is, which feeds it",
    ]


@files
def test_network_compiles_and_exports_with_any_batch(name):
    network = build(name)
    fed = tuple(feed(network, 5).values())
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        compiled = torch.compile(network, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(*fed), network(*fed))
        batch = torch.export.Dim("batch")
        shapes = {"inputs": tuple({0: batch} for _ in fed)}
        program = torch.export.export(network, fed, dynamic_shapes=shapes, strict=True)
    more = tuple(feed(network, 7).values())
    torch.testing.assert_close(program.module()(*more), network(*more))


# the same networks, written by hand; modules in the order of the nodes, so that one seed gives the same weights


class Twin(nn.Module):
    def __init__(self, run, modules):
        super().__init__()
        self.m = nn.ModuleDict(modules)
        self.run = run

    def forward(self, **inputs):
        return self.run(self.m, **inputs)


def mlp(*sizes):
    layers = []
    for size, after in itertools.pairwise(sizes):
        layers += [nn.Linear(size, after), nn.ReLU()]
    return nn.Sequential(*layers)


def dcn_tutorial_completed():
    m = {f"c{i}": nn.Linear(20, 20) for i in range(3)}
    m |= {"d1": nn.Linear(20, 256), "d2": nn.Linear(256, 128), "d3": nn.Linear(128, 64), "out": nn.Linear(84, 1)}

    def run(m, features):
        cross = m["c2"](m["c1"](m["c0"](features)))
        deep = m["d3"](F.relu(m["d2"](F.relu(m["d1"](features)))))
        return m["out"](torch.cat([cross, deep], 1))

    return Twin(run, m)


def dcn_v2_cross():
    m = {f"c{i}": nn.Linear(20, 20) for i in range(3)}
    m |= {"deep": mlp(20, 256, 128, 64), "out": nn.Linear(84, 1)}

    def run(m, features):
        x = features
        for i in range(3):
            x = features * m[f"c{i}"](x) + x
        return m["out"](torch.cat([x, m["deep"](features)], 1))

    return Twin(run, m)


def multi_input():
    m = {"u1": nn.Linear(4, 32), "u2": nn.Linear(32, 16), "m1": nn.Linear(3, 64), "m2": nn.Linear(64, 32)}
    m |= {"f1": nn.Linear(48, 64), "f2": nn.Linear(64, 1)}

    def run(m, user_features, movie_features):
        user = m["u2"](F.relu(m["u1"](user_features)))
        movie = m["m2"](F.relu(m["m1"](movie_features)))
        return m["f2"](F.relu(m["f1"](torch.cat([user, movie], 1))))

    return Twin(run, m)


def attention_transposed():
    m = {"lstm": nn.LSTM(5, 128, 2, batch_first=True), "w": nn.Linear(128, 1), "fc": nn.Linear(128, 7)}

    def run(m, sequence):
        steps, _ = m["lstm"](sequence)
        weights = m["w"](steps).softmax(1)
        return m["fc"](weights.transpose(1, 2) @ steps)

    return Twin(run, m)


def residual_wrapped():
    def run(m, input_layer):
        return F.relu(input_layer + m["b"](F.relu(m["a"](input_layer))))

    return Twin(run, {"a": nn.Linear(256, 256), "b": nn.Linear(256, 256)})


def categorical_recommender():
    m = {"u": nn.Embedding(1000, 16), "i": nn.Embedding(5000, 16), "r": nn.Embedding(5000, 16)}
    m |= {"h": nn.Linear(51, 32), "s": nn.Linear(32, 1)}

    def run(m, user_id, movie_id, recent_movies, profile):
        taste = m["r"](recent_movies).mean(1)
        logits = m["s"](F.relu(m["h"](torch.cat([m["u"](user_id), m["i"](movie_id), taste, profile], 1))))
        return {"logits": logits, "probability": logits.sigmoid()}

    return Twin(run, m)


def mmoe():
    m = {"bottom": mlp(40, 256, 128)}
    m |= {f"e{i}": mlp(128, 128, 64) for i in range(3)}
    for task in ("click", "purchase", "spend"):
        m[f"g_{task}"] = nn.Linear(128, 3)
        m[f"t_{task}"] = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))

    def run(m, features):
        shared = m["bottom"](features)
        experts = torch.stack([m[f"e{i}"](shared) for i in range(3)], 1)
        found = {}
        for task in ("click", "purchase", "spend"):
            gate = m[f"g_{task}"](shared).softmax(1)
            found[task] = m[f"t_{task}"](torch.einsum("ne,ned->nd", gate, experts))
        return found

    return Twin(run, m)


TWINS = (
    dcn_tutorial_completed,
    dcn_v2_cross,
    multi_input,
    attention_transposed,
    residual_wrapped,
    categorical_recommender,
    mmoe,
)


def test_every_file_has_a_twin():
    assert sorted(twin.__name__ for twin in TWINS) == sorted(VERIFIED)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
def test_file_computes_what_its_twin_does(twin):
    network = build(twin.__name__, seed=3)
    torch.manual_seed(3)
    other = twin().eval()
    fed = feed(network, 5)
    torch.testing.assert_close(network(fed), other(**fed))
