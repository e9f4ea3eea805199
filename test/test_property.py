"""Properties: any value builds or is refused, a refusal leaves no trace, inference agrees with the forward."""

import copy
import random
import warnings

import numpy as np
import pytest
import torch
from arcs import JSON, VALID, dag_arcs, sequential_arcs, spoilt_arcs
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import torcharc
from torcharc import infer
from torcharc.registry import type_names

QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(QUICK, max_examples=400)


@pytest.fixture(autouse=True, scope="module")
def little_memory():
    """No test here makes a network of more than a million parameters."""
    most, infer.MOST_PARAMETERS = infer.MOST_PARAMETERS, 10**6
    yield
    infer.MOST_PARAMETERS = most


def state_of_the_world():
    """All that a refusal must leave as it was."""
    name, keys, *rest = np.random.get_state()
    return (
        torch.get_rng_state().numpy().tobytes(),
        random.getstate(),
        (name, keys.tobytes(), *rest),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_default_device(),
        type_names(),
        list(warnings.filters),
    )


def build_or_refuse(spec):
    """The network, or None after a refusal, which leaves no trace."""
    world = state_of_the_world()
    network, error = None, None
    try:
        network = torcharc.build(spec)
    except torcharc.SpecError as refusal:
        error = refusal
    if error is not None:
        assert state_of_the_world() == world
        assert str(error).startswith(f"{len(error.problems)} problem")
        assert len(set(error.problems)) == len(error.problems) > 0
    return network


@pytest.mark.parametrize("arc", VALID, ids=range(len(VALID)))
def test_the_arcs_to_spoil_are_valid(arc):
    assert build_or_refuse(arc) is not None


@given(JSON)
@QUICK
def test_any_value_builds_or_is_refused(value):
    if not isinstance(value, str):  # a string is a path
        build_or_refuse(value)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), JSON)
@QUICK
def test_any_nodes_build_or_are_refused(nodes, shape):
    build_or_refuse({"dag_in_shape": shape, **nodes})
    build_or_refuse({"dag_in_shape": [8], **nodes})


@given(spoilt_arcs())
@THOROUGH
def test_any_spoilt_arc_builds_or_is_refused(arc):
    build_or_refuse(arc)


@given(spoilt_arcs())
@QUICK
def test_building_and_inspecting_find_the_same_problems(arc):
    found = []
    for function in (torcharc.build, torcharc.inspect):
        try:
            function(arc)
            found.append(())
        except torcharc.SpecError as error:
            found.append(error.problems)
    at_build_alone = {problem.code for problem in found[0]} <= {"size", "arguments"}
    assert found[0] == found[1] or (at_build_alone and not found[1])


def random_inputs(arc, batch):
    shapes = arc["dag_in_shape"]
    if isinstance(shapes, list):
        return torch.rand(batch, *shapes)
    return {name: torch.rand(batch, *shape) for name, shape in shapes.items()}


def sample_shapes(outputs, batch):
    """The shapes of outputs by name, the batch left out."""
    outputs = {"output": outputs} if isinstance(outputs, torch.Tensor) else outputs
    assert all(y.shape[0] == batch for y in outputs.values())
    return {name: tuple(y.shape[1:]) for name, y in outputs.items()}


@given(st.one_of(sequential_arcs(), dag_arcs()), st.integers(2, 4))
@settings(QUICK, max_examples=150)
def test_inferred_shapes_and_parameters_are_those_of_the_network(arc, batch):
    try:
        report = torcharc.inspect(arc)
    except torcharc.SpecError as error:
        event("refused")  # a random kernel may be larger than what it meets
        codes = {problem.code for problem in error.problems}
    else:
        codes = set()
        check_report(arc, report, batch)
    assert codes <= {"shape"}


def check_report(arc, report, batch):
    net = torcharc.build(arc).eval()
    outputs = net(random_inputs(arc, batch))
    if not isinstance(outputs, torch.Tensor):
        assert list(outputs) == list(report.outputs)
    shapes = [info.shape for info in report.outputs.values()]
    assert list(sample_shapes(outputs, batch).values()) == shapes
    assert sum(parameter.numel() for parameter in net.parameters()) == report.params


@given(st.one_of(sequential_arcs(), dag_arcs()), st.integers(0, 2**32))
@settings(QUICK, max_examples=60)
def test_same_seed_gives_same_weights(arc, seed):
    try:
        one = torcharc.build(arc, seed=seed)
    except torcharc.SpecError:
        return
    torch.manual_seed(seed)
    two = torcharc.build(copy.deepcopy(arc))
    weights = one.state_dict(), two.state_dict()
    assert list(weights[0]) == list(weights[1])
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@given(dag_arcs(), st.randoms(use_true_random=False))
@settings(QUICK, max_examples=60)
def test_order_of_the_inputs_does_not_matter(arc, shuffler):
    net = torcharc.build(arc).eval()
    xs = random_inputs(arc, 2)
    names = list(xs)
    shuffler.shuffle(names)
    outputs, others = net(xs), net({name: xs[name] for name in names})
    if isinstance(outputs, torch.Tensor):
        assert torch.equal(outputs, others)
    else:
        assert list(outputs) == list(others)
        assert all(torch.equal(outputs[name], others[name]) for name in outputs)


# --- sizes without measure ----------------------------------------------------------------------------

HUGE = [10**7, 10**12, 2**63, 10**30, 10**5000]


@pytest.mark.parametrize("size", HUGE, ids=["10^7", "10^12", "2^63", "10^30", "10^5000"])
@pytest.mark.parametrize(
    "make",
    [
        lambda n: {"type": "Linear", "in_features": n, "out_features": 4},
        lambda n: {"type": "Linear", "in_features": n, "layers": [4], "batch_norm": True},
        lambda n: {"type": "Linear", "in_features": 8, "layers": [n]},
        lambda n: {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [n, 4], "norm": "LayerNorm"}},
        lambda n: {"dag_in_shape": [n], "fc": {"type": "Linear", "out_features": 4}},
        lambda n: {"dag_in_shape": [n, 8, 8], "conv": {"type": "Conv2d", "layers": [[4, 3]]}},
        lambda n: {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[n, 3]], "batch_norm": True}},
        lambda n: {"dag_in_shape": [3, n], "conv": {"type": "Conv1d", "layers": [[4, n]]}},
        lambda n: {"dag_in_shape": [5], "ids": {"type": "Embedding", "num_embeddings": n, "embedding_dim": 4}},
        lambda n: {"dag_in_shape": [5, 8], "norm": {"type": "LayerNorm", "normalized_shape": [n, 8]}},
        lambda n: {
            "dag_in_shape": [n, 8],
            "encoder": {"type": "TransformerEncoderLayer", "nhead": 2, "dim_feedforward": n},
        },
        lambda n: {"dag_in_shape": [n], "a": {"type": "Flatten"}, "fc": {"type": "Linear", "out_features": n}},
        lambda n: {"dag_in_shape": [5, 8], "rnn": {"type": "LSTM", "hidden_size": 8, "num_layers": n}},
    ],
    ids="in stack-in out dag-in channels-in channels-out kernel rows norm feedforward both layers in2".split(),
)
def test_networks_beyond_memory_are_refused(make, size):
    assert build_or_refuse(make(size)) is None


def test_most_parameters_can_be_set(monkeypatch):
    arc = {"dag_in_shape": [9], "a": {"type": "Linear", "out_features": 10}, "b": {"type": "Linear", "out_features": 4}}
    monkeypatch.setattr(infer, "MOST_PARAMETERS", 144)
    assert torcharc.build(arc)(torch.rand(2, 9)).shape == (2, 4)
    monkeypatch.setattr(infer, "MOST_PARAMETERS", 143)
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(arc)
    assert (
        str(error.value)
        == """1 problem in the spec
spec.a
  found: 100 parameters, 144 in the whole network
  expected: at most 143 in the whole; torcharc.infer.MOST_PARAMETERS sets the limit"""
    )
    assert torcharc.build(arc, device="meta").module_dict.a.weight.is_meta
    assert torcharc.inspect(arc).params == 144
