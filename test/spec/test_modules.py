"""The format of TorchArc 2.x: what its grammar means, beside the examples."""

import contextlib
import copy
import pickle

import modules_examples as examples
import pytest
import torch
import torch._dynamo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import torcharc
from torcharc.spec.arcgraph_blocks import Blocks
from torcharc.spec.modules import parse_modules
from torcharc.spec.template import Scope

LINEAR = {"Linear": {"in_features": 8, "out_features": 8}}


def spec(modules, calls, input="x", output=None, **more):
    return {
        **more,
        "modules": modules,
        "graph": {"input": input, "modules": calls, "output": output or list(calls)[-1]},
    }


# calls


class Subtract(nn.Module):
    """Its arguments do not commute."""

    def forward(self, first, second):
        return first - second


@pytest.fixture
def subtract():
    torcharc.register("Subtract", Subtract)
    yield "Subtract"
    torcharc.unregister("Subtract")


@pytest.mark.parametrize(
    ("call", "sign"),
    [(["a", "b"], 1), (["b", "a"], -1), ({"second": "b", "first": "a"}, 1), ({"first": "b", "second": "a"}, -1)],
)
def test_list_is_positional_and_dict_is_keywords(subtract, call, sign):
    network = torcharc.build(spec({"sub": {subtract: None}}, {"sub": call}, input=["a", "b"]))
    a, b = torch.rand(2, 3), torch.rand(2, 3)
    torch.testing.assert_close(network(a, b), sign * (a - b))


class Summary(nn.Module):
    """Takes nested structures."""

    def forward(self, groups: dict[str, list[torch.Tensor]], extra: torch.Tensor):
        return {name: torch.stack(tensors, 1) for name, tensors in groups.items()}, extra


def test_lists_and_dicts_nest():
    torcharc.register("Summary", Summary)
    try:
        call = {"groups": {"left": ["a", "b"], "right": ["b"]}, "extra": "a"}
        network = torcharc.build(spec({"m": {"Summary": None}}, {"m": call}, input=["a", "b"]))
    finally:
        torcharc.unregister("Summary")
    a, b = torch.rand(2, 3), torch.rand(2, 3)
    groups, extra = network(a, b)
    torch.testing.assert_close(groups, {"left": torch.stack([a, b], 1), "right": torch.stack([b], 1)})
    assert extra is a


def test_tuple_may_stand_for_a_list():
    chunks = {"fork": {"ForkChunk": {"chunks": 2}}, "merge": {"MergeConcat": None}}
    calls = {"fork": ["x"], "merge": ["fork"]}
    x = torch.rand(2, 6)
    for stated in ("x", {"x": [6]}):
        torch.testing.assert_close(torcharc.build(spec(chunks, calls, input=stated))(x), x)


def test_node_is_used_any_number_of_times():
    calls = {"fc": ["x"], "sum": [["fc", "fc", "x"]]}
    network = torcharc.build(spec({"fc": LINEAR, "sum": {"MergeSum": None}}, calls))
    x = torch.rand(2, 8)
    torch.testing.assert_close(network(x), 2 * network.module_dict.fc(x) + x)


def test_tuple_before_a_tensor_means_its_first_element():
    modules = {
        "rnn": {"LSTM": {"input_size": 3, "hidden_size": 4, "batch_first": True}},
        "fc": {"LazyLinear": {"out_features": 2}},
    }
    network = torcharc.build(spec(modules, {"rnn": ["x"], "fc": ["rnn"]}))
    assert network(torch.rand(2, 5, 3)).shape == (2, 5, 2)


def test_tuple_before_get_is_whole():
    modules = {"rnn": {"LSTM": {"input_size": 3, "hidden_size": 4, "batch_first": True}}, "get": {"Get": {"key": 1}}}
    network = torcharc.build(spec(modules, {"rnn": ["x"], "get": ["rnn"]}))
    assert [state.shape for state in network(torch.rand(2, 5, 3))] == [(1, 2, 4), (1, 2, 4)]


def test_tuple_before_a_sequential_is_what_its_first_module_takes():
    rnn = {"LSTM": {"input_size": 3, "hidden_size": 4, "batch_first": True}}
    heads = ([{"LazyLinear": {"out_features": 2}}], [{"Get": {"key": 0}}, {"LazyLinear": {"out_features": 2}}])
    for head in heads:
        for stated in ("x", {"x": [5, 3]}):
            network = torcharc.build(
                spec({"rnn": rnn, "head": {"Sequential": head}}, {"rnn": ["x"], "head": ["rnn"]}, input=stated)
            )
            assert network(torch.rand(2, 5, 3)).shape == (2, 5, 2)


def test_extra_input_is_refused():
    network = torcharc.build(spec({"fc": LINEAR}, {"fc": ["x"]}))
    with pytest.raises(torcharc.InputError) as caught:
        network({"x": torch.rand(2, 8), "y": torch.rand(2, 8)})
    assert (
        str(caught.value)
        == """1 problem in the inputs
inputs.y
  found: the input 'y'
  expected: one of the inputs: x"""
    )


# outputs


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("fc", lambda x, y: y),
        (["fc"], lambda x, y: (y,)),
        (["fc", "x", "fc"], lambda x, y: (y, x, y)),
        ({"x": "fc", "fc": "x"}, lambda x, y: {"x": y, "fc": x}),
    ],
)
def test_output_has_the_form_of_the_spec(output, expected):
    network = torcharc.build(spec({"fc": LINEAR}, {"fc": ["x"]}, output=output))
    x = torch.rand(2, 8)
    found, wanted = network(x), expected(x, network.module_dict.fc(x))
    assert type(found) is type(wanted)
    torch.testing.assert_close(found, wanted)


# reuse


def test_reuse_shares_weights():
    calls = {"fc~left": ["a"], "fc~right": ["b"], "fc": ["fc~right"]}
    network = torcharc.build(spec({"fc": LINEAR}, calls, input=["a", "b"], output=["fc~left", "fc~right", "fc"]))
    assert list(network.state_dict()) == ["module_dict.fc.weight", "module_dict.fc.bias"]
    a, b = torch.rand(2, 8), torch.rand(2, 8)
    fc = network.module_dict.fc
    torch.testing.assert_close(network(a, b), (fc(a), fc(b), fc(fc(b))))


def test_reuse_counts_parameters_once():
    calls = {"fc~left": ["a"], "fc~right": ["b"]}
    found = torcharc.inspect(spec({"fc": LINEAR}, calls, input={"a": [8], "b": [8]}, output=["fc~left", "fc~right"]))
    assert [(node.name, node.params, node.macs) for node in found.nodes] == [("fc~left", 72, 64), ("fc~right", 0, 64)]
    assert (found.params, found.macs) == (72, 128)


def test_reuse_of_a_lazy_module():
    network = torcharc.build(examples.read("basic/stereo_conv_reuse"))
    left = torch.rand(2, 3, 32, 32)
    first, second = network(left_image=left, right_image=left)
    torch.testing.assert_close(first, second)
    assert (
        sum(parameter.numel() for parameter in network.parameters())
        == 3 * 16 * 9 + 16 + 16 * 16 * 9 + 16 + 14 * 14 * 160 + 10
    )


# what is built


def test_modules_without_a_call_are_left_out():
    network = torcharc.build(spec({"fc": LINEAR, "other": LINEAR}, {"fc": ["x"]}))
    assert list(network.module_dict) == ["fc"]


def test_modules_are_made_in_the_order_of_the_calls():
    modules = {"b": LINEAR, "a": LINEAR}
    network = torcharc.build(spec(modules, {"a": ["x"], "b": ["a"]}), seed=3)
    torch.manual_seed(3)
    first, second = nn.Linear(8, 8), nn.Linear(8, 8)
    torch.testing.assert_close(network.module_dict.a.weight, first.weight, rtol=0, atol=0)
    torch.testing.assert_close(network.module_dict.b.weight, second.weight, rtol=0, atol=0)


def test_sequential_and_compact_are_flat():
    compact = {
        "prelayer": [{"LazyBatchNorm1d": None}],
        "layer": {"type": "LazyLinear", "keys": ["out_features", "bias"], "args": [[4, True], [3, False]]},
        "postlayer": [{"ReLU": None}, {"Dropout": {"p": 0.5}}],
    }
    network = torcharc.build(spec({"m": {"compact": compact}}, {"m": ["x"]}, input={"x": [8]}))
    assert list(map(repr, network.module_dict.m)) == list(
        map(
            repr,
            [
                *(nn.BatchNorm1d(8), nn.Linear(8, 4), nn.ReLU(), nn.Dropout(0.5)),
                *(nn.BatchNorm1d(4), nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Dropout(0.5)),
            ],
        )
    )
    assert isinstance(network.module_dict.m, nn.Sequential)


def test_lazy_module_stays_lazy_without_a_shape():
    network = torcharc.build(examples.read("basic/mlp_lazy"))
    assert isinstance(network.module_dict.mlp[0], nn.LazyLinear)
    assert network(torch.rand(2, 77)).shape == (2, 10)
    assert network.module_dict.mlp[0].in_features == 77


def test_lazy_module_is_made_in_full_with_a_shape():
    network = torcharc.build(examples.read_with_shapes("basic/mlp_lazy"), seed=5)
    torch.manual_seed(5)
    expected = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    torch.testing.assert_close(network.module_dict.mlp.state_dict(), expected.state_dict(), rtol=0, atol=0)


def test_size_may_be_left_out_with_a_shape():
    network = torcharc.build(spec({"fc": {"Linear": {"out_features": 4}}}, {"fc": ["x"]}, input={"x": [8]}))
    assert network.module_dict.fc.in_features == 8


def test_shape_of_some_inputs_may_be_left_open():
    modules = {"a": {"LazyLinear": {"out_features": 4}}, "b": {"LazyLinear": {"out_features": 4}}}
    network = torcharc.build(spec(modules, {"a": ["x"], "b": ["y"]}, input={"x": [8], "y": None}, output=["a", "b"]))
    assert [type(module) for module in network.module_dict.values()] == [nn.Linear, nn.LazyLinear]


def test_parameters_of_lazy_modules_are_not_known():
    found = torcharc.inspect(examples.read("basic/conv_lazy"))
    assert (found.params, found.macs, [node.params for node in found.nodes]) == (None, None, [None, None])
    assert torcharc.inspect(examples.read("basic/conv")).params == 3 * 16 * 9 + 16 + 32 + 16 * 32 * 9 + 32 + 330


def test_variables_fill_templates():
    modules = {"fc": {"Linear": {"in_features": "${width}", "out_features": "${2 * width}"}}}
    written = spec(modules, {"fc": ["x"]}, vars={"width": 8})
    assert torcharc.build(written).module_dict.fc.out_features == 16
    assert torcharc.build(written, width=3).module_dict.fc.out_features == 6


# checkpoints


@pytest.mark.parametrize(
    "name", ["basic/conv", "basic/conv_lazy", "compact/conv_classifier", "basic/stereo_conv_reuse"]
)
def test_state_of_a_2x_network_loads(name):
    trained = torcharc.build(examples.read_with_shapes(name), seed=1).eval()
    state = {key.removeprefix("module_dict."): value for key, value in trained.state_dict().items()}
    before, fed = dict(state), examples.feed(name)
    network = torcharc.build(examples.read(name), seed=2).eval()
    network.load_state_dict(state, strict=True)
    torch.testing.assert_close(network(fed), trained(fed), rtol=0, atol=0)
    assert list(state) == list(before)


def test_state_with_a_key_that_fits_nothing_is_refused_as_it_is():
    network = torcharc.build(spec({"fc": LINEAR}, {"fc": ["x"]}))
    state = {"fc.weight": torch.zeros(8, 8), "fc.bias": torch.zeros(8), "other": torch.zeros(1)}
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "fc.weight", "fc.bias", "other"'):
        network.load_state_dict(state)


def test_part_of_a_2x_state_loads_where_that_is_asked():
    network = torcharc.build(spec({"fc": LINEAR}, {"fc": ["x"]}))
    found = network.load_state_dict({"fc.weight": torch.zeros(8, 8)}, strict=False)
    assert (found.missing_keys, found.unexpected_keys) == (["module_dict.fc.bias"], [])
    assert not network.module_dict.fc.weight.any()


def test_state_of_a_2x_network_loads_into_a_part_of_a_model():
    network = torcharc.build(spec({"fc": LINEAR}, {"fc": ["x"]}))
    model = nn.ModuleDict({"body": network, "head": nn.Linear(8, 1)})
    state = {key.replace("module_dict.", ""): torch.ones_like(value) for key, value in model.state_dict().items()}
    model.load_state_dict(state)
    assert network.module_dict.fc.weight.all()


# what a network can do

LIGHT = [
    "compact/conv",
    "basic/stereo_conv_reuse",
    "graph_format/output_dict",
    "merge/film",
    "fn/fn_topk",
    "transformer/attn",
]


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize("read", [examples.read, examples.read_with_shapes])
def test_network_compiles_without_a_break(name, read):
    network, fed = torcharc.build(read(name), seed=0).eval(), examples.feed(name)
    expected = network(fed)
    torch._dynamo.reset()
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(fed), expected)


@pytest.mark.parametrize("name", LIGHT)
def test_network_copies_and_pickles(name):
    network, fed = torcharc.build(examples.read(name), seed=0).eval(), examples.feed(name)
    expected = network(fed)
    for same in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        torch.testing.assert_close(same(fed), expected, rtol=0, atol=0)


# any value

ATOMS = st.sampled_from(
    [None, True, 0, 1, -1, 2.5, float("inf"), 10**30, "", "x", "fc", "~", "a~b", "1e-3", "${x}", "Linear"]
)
WORDS = st.sampled_from(
    ["modules", "graph", "input", "output", "Sequential", "compact", "layer", "type", "keys", "args"]
)
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | ATOMS, inner, max_size=3), max_leaves=6
)


def find_places(value, path=()):
    """The paths of all parts of a spec."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from find_places(item, (*path, key))


@st.composite
def mutated(draw):
    """An example in which some parts are replaced, removed or moved."""
    name = draw(st.sampled_from([name for name in examples.EXAMPLES if "summarizer" not in name]))
    found = copy.deepcopy(draw(st.sampled_from([examples.read, examples.read_with_shapes]))(name))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(find_places(found))[1:] or [()]))
        if not path:
            break
        parent = found
        for key in path[:-1]:
            parent = parent[key]
        if draw(st.booleans()):
            parent[path[-1]] = draw(VALUES)
        else:
            del parent[path[-1]]
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_any_value_builds_or_raises_a_spec_error(value):
    graph, problems = parse_modules(value, {}, Blocks(None, (), Scope()))
    assert graph is not None or problems
    with contextlib.suppress(torcharc.SpecError):
        torcharc.build(value, device="meta")  # where sizes cost nothing
