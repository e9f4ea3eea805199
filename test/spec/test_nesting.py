"""Modules of a spec as types in every format: arcs with `dag_modules`, 2.x specs with specs among their modules."""

import pytest
import torch
from arcgraph_specs import graph, node
from nested_specs import BLOCK, ENCODER, FORMS, FUSE, OLD, SPLIT, arc, old
from torch import nn

import torcharc

X = torch.linspace(-1, 1, 24).reshape(3, 8)


def build(spec, **options):
    return torcharc.build(spec, seed=7, **options)


def by_hand(*layers):
    """A Sequential of layers that are made from the same seed, one after the other."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return nn.Sequential(*[layer() for layer in layers])


# definitions of every form, as types in every format


@pytest.mark.parametrize("form", FORMS)
def test_module_of_every_form_is_a_type_in_an_arc(form):
    definition, param = FORMS[form]
    net = build(arc({"Block": definition}, a={"type": "module.Block", param: 5}, b={"type": "module.Block"}))
    assert [tuple(p.shape) for p in net.parameters() if p.ndim == 2] == [(5, 8), ({"out": 3}.get(param, 4), 5)]
    assert next(iter(net.state_dict())).startswith("module_dict.a.module_dict.fc")


@pytest.mark.parametrize("form", FORMS)
def test_module_of_every_form_is_a_type_in_a_2x_spec(form):
    definition, param = FORMS[form]
    modules = {"Block": definition, "a": {"module.Block": {param: 5}}, "b": {"module.Block": None}}
    net = build(old(modules, {"a": ["x"], "b": ["a"]}, "b"))
    assert [tuple(p.shape) for p in net.parameters() if p.ndim == 2] == [(5, 8), ({"out": 3}.get(param, 4), 5)]


@pytest.mark.parametrize("form", FORMS)
def test_spec_among_2x_modules_runs_where_it_is_called(form):
    definition, param = FORMS[form]
    net = build(old({"enc": definition, "act": {"Tanh": None}}, {"enc": ["x"], "act": ["enc"]}, "act"))
    assert net(X).shape == (3, {"out": 3}.get(param, 4))


def test_arc_with_modules_is_the_network_by_hand():
    spec = arc(
        {"Block": BLOCK, "Encoder": ENCODER},
        one={"type": "module.Block", "width": 6},
        two={"type": "module.Encoder", "width": 5},
    )
    known = by_hand(lambda: nn.Linear(8, 6), nn.ReLU, lambda: nn.Linear(6, 5), nn.Tanh)
    assert torch.equal(build(spec)(X), known(X))


def test_2x_spec_with_modules_is_the_network_by_hand():
    modules = {"Block": BLOCK, "enc": ENCODER, "one": {"module.Block": {"width": 6}}}
    known = by_hand(lambda: nn.Linear(8, 4), nn.Tanh, lambda: nn.Linear(4, 6), nn.ReLU)
    assert torch.equal(build(old(modules, {"enc": ["x"], "one": ["enc"]}, "one"))(X), known(X))


def test_variables_around_are_seen_and_params_are_templates():
    block = {**BLOCK, "params": {"width": "${2 * w}"}}
    spec = {"dag_vars": {"w": 3}, **arc({"B": block}, a={"type": "module.B"}, b={"type": "module.B", "width": "${w}"})}
    assert [p.shape[0] for p in torcharc.build(spec).parameters() if p.ndim == 2] == [6, 3]
    assert [p.shape[0] for p in torcharc.build(spec, w=5).parameters() if p.ndim == 2] == [10, 5]
    spec = {"vars": {"w": 3}, **old({"B": block, "a": {"module.B": {"width": "${w}"}}}, {"B": ["x"], "a": ["B"]}, "a")}
    assert [p.shape[0] for p in torcharc.build(spec, w=5).parameters() if p.ndim == 2] == [10, 5]


def test_several_inputs_and_outputs_go_by_name_in_an_arc():
    spec = arc({"Split": SPLIT, "Fuse": FUSE}, cut={"type": "module.Split"})
    spec["fuse"] = {"type": "module.Fuse", "in_names": ["std", "mean"]}
    assert torch.equal(build(spec)(X), X[:, 4:] - X[:, :4])


def test_several_inputs_and_outputs_go_by_name_in_a_2x_spec():
    modules = {"Split": SPLIT, "fuse": FUSE, "mean": {"Get": {"key": "mean"}}, "std": {"Get": {"key": "std"}}}
    calls = {"Split": ["x"], "mean": ["Split"], "std": ["Split"], "fuse": {"right": "mean", "left": "std"}}
    assert torch.equal(build(old(modules, calls, "fuse"))(X), X[:, 4:] - X[:, :4])


def test_flat_arc_names_a_module():
    flat = {"dag_modules": {"Block": BLOCK}, "type": "module.Block", "width": 5}
    assert torcharc.build({**flat, "dag_in_shape": [8]})(X).shape == (3, 5)
    again = arc({"Block": BLOCK, "Wide": {"type": "module.Block", "width": 6}}, a={"type": "module.Wide"})
    assert torcharc.build(again)(X).shape == (3, 6)


# copies, sharing, overrides


@pytest.mark.parametrize("form", ["arc", "modules", "arcgraph"])
def test_copies_work_alike_in_every_format(form):
    widths, heads = "${4 + index}", {"dim": 1}
    if form == "arc":
        spec = arc({"B": BLOCK}, a={"type": "module.B", "width": widths, "repeat": 2})
        spec |= {"h": {"type": "module.B", "width": 3, "parallel": 2}, "m": {"type": "MergeConcat", **heads}}
    elif form == "modules":
        modules = {"B": BLOCK, "a": {"module.B": {"width": widths}, "repeat": 2}}
        modules |= {"h": {"module.B": {"width": 3}, "parallel": 2}, "m": {"MergeConcat": heads}}
        spec = old(modules, {"a": ["x"], "h": ["a"], "m": ["h"]}, "m")
    else:
        nodes = [{**node("a", "module.B", "x", width=widths), "repeat": 2}]
        nodes += [{**node("h", "module.B", "a", width=3), "parallel": 2}, node("m", "MergeConcat", "h", **heads)]
        spec = graph(*nodes, modules={"B": BLOCK})
    net = build(spec)
    linears = [lambda: nn.Linear(8, 4), nn.ReLU, lambda: nn.Linear(4, 5), nn.ReLU]
    body = by_hand(*linears, lambda: nn.Linear(5, 3), lambda: nn.Linear(5, 3))
    x = body[:4](X)
    torch.testing.assert_close(net(X), torch.cat([body[4](x).relu(), body[5](x).relu()], 1), rtol=0, atol=0)


def test_when_leaves_a_module_out():
    spec = arc({"B": BLOCK}, a={"type": "module.B"}, b={"type": "module.B", "width": 5, "when": "${deep}"})
    spec = {"dag_vars": {"deep": True}, **spec}
    assert [torcharc.build(spec, deep=deep)(X).shape[1] for deep in (True, False)] == [5, 4]
    assert torcharc.check(spec, deep=False) == []


def test_repeat_threads_several_outputs_by_name_in_an_arc():
    step = {
        "inputs": ["a", "b"],
        "graph": [node("sum", "torch.add", ["a", "b"])],
        "outputs": {"b": "sum", "a": "b"},
    }
    spec = {
        "dag_in_shape": {"a": [8], "b": [8]},
        "dag_modules": {"Step": step},
        "steps": {"type": "module.Step", "in_names": ["a", "b"], "repeat": 4},
    }
    a, b = X, 2 * X
    for _ in range(4):
        a, b = b, a + b
    torch.testing.assert_close(torcharc.build(spec)({"a": X, "b": 2 * X}), {"b": b, "a": a})


def test_shared_module_has_one_set_of_weights_in_an_arc_and_a_2x_spec():
    nodes = {"a": {"type": "module.B", "width": 8}, "a~again": {}}
    spec = old({"B": BLOCK, "a": {"module.B": {"width": 8}}}, {"a": ["x"], "a~again": ["a"]}, "a~again")
    known = by_hand(lambda: nn.Linear(8, 8))[0]
    for net in (build(arc({"B": BLOCK}, **nodes)), build(spec)):
        assert len(list(net.parameters())) == 2
        assert torch.equal(net(X), known(known(X).relu()).relu())
    shared = {"a": {"type": "module.B", "width": 8, "repeat": 3, "share": True}}
    assert len(list(build(arc({"B": BLOCK}, **shared)).parameters())) == 2


def test_overrides_reach_into_modules():
    spec = arc({"E": ENCODER, "B": BLOCK}, a={"type": "module.E"}, b={"type": "module.B"})
    places = {"dag_modules.E.fc.layers[0]": 7, "dag_modules.B.params.width": 6, "dag_modules.E.fc.activation": "ReLU"}
    net = build(spec, overrides=places)
    known = by_hand(lambda: nn.Linear(8, 7), nn.ReLU, lambda: nn.Linear(7, 6), nn.ReLU)
    assert torch.equal(net(X), known(X))
    changed = torcharc.override(old({"E": ENCODER}, {"E": ["x"]}, "E"), {"modules.E.fc.layers[0]": 2})
    assert torcharc.build(changed)(X).shape == (3, 2)


# modules within modules


def test_arc_among_modules_names_another():
    outer = {**ENCODER, "b": {"type": "module.Block", "width": "${2 * width}"}}
    spec = graph(node("a", "module.Outer", "x", width=3), modules={"Outer": outer, "Block": BLOCK})
    known = by_hand(lambda: nn.Linear(8, 3), nn.Tanh, lambda: nn.Linear(3, 6), nn.ReLU)
    assert torch.equal(build(spec)(X), known(X))


def test_2x_spec_among_modules_names_another():
    inner = old({"b": {"module.Block": {"width": 5}}}, {"b": ["x"]}, "b", shape=None)
    assert build(graph(node("a", "module.Old", "x"), modules={"Old": inner, "Block": BLOCK}))(X).shape == (3, 5)
    assert build(arc({"Old": inner, "Block": BLOCK}, a={"type": "module.Old"}))(X).shape == (3, 5)


def test_inner_modules_hide_outer_ones_and_see_what_is_bound_there():
    own = {"Block": {**BLOCK, "params": {"width": "${2 * width}"}}}
    inner = {"dag_vars": {"width": 3}, **arc(own, (None,), b={"type": "module.Block"}, c={"type": "module.Other"})}
    other = {**BLOCK, "params": {"width": 2}}
    nodes = [node("a", "module.Inner", "x"), node("b", "module.Inner", "a", width=5), node("c", "module.Block", "b")]
    net = build(graph(*nodes, modules={"Inner": inner, "Block": BLOCK, "Other": other}))
    assert [p.shape[0] for p in net.parameters() if p.ndim == 2] == [6, 2, 10, 2, 4]


def test_every_format_within_every_other():
    graph_ = {"inputs": ["x"], "graph": [node("e", "module.Arc", "x")], "outputs": {"y": "e"}}
    modules = {
        "Arc": {"dag_in_shape": [8], "o": {"type": "module.Old"}},
        "Old": {**OLD, "modules": {"fc": {"module.Block": {"width": "${out}"}}}},
        "Block": BLOCK,
        "Graph": graph_,
    }
    specs = [
        graph(node("g", "module.Graph", "x"), modules=modules),
        arc(modules, g={"type": "module.Graph"}),
        old({**modules, "g": {"module.Graph": None}}, {"g": ["x"]}, "g"),
    ]
    known = by_hand(lambda: nn.Linear(8, 3), nn.ReLU)
    for spec in specs:
        assert torcharc.check(spec) == []
        assert torch.equal(build(spec)(X), known(X))
    assert torcharc.hash(specs[0]) == torcharc.hash(specs[2])


def test_registered_spec_has_modules_and_modules_name_registered_specs():
    torcharc.register("NestedArc", arc({"B": BLOCK}, b={"type": "module.B", "width": 5}))
    try:
        inner = {"dag_in_shape": [8], "n": {"type": "NestedArc"}}
        for spec in (arc({"I": inner}, a={"type": "module.I"}), old({"I": inner}, {"I": ["x"]}, "I")):
            assert torcharc.build(spec)(X).shape == (3, 5)
    finally:
        torcharc.unregister("NestedArc")


# shapes


def test_declared_shape_stands_where_none_is_known():
    enc = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4}}
    net = build(
        old({"enc": enc, "head": {"LazyLinear": {"out_features": 2}}}, {"enc": ["x"], "head": ["enc"]}, "head", None)
    )
    assert net.module_dict["head"].in_features == 4
    assert net(X).shape == (3, 2)


def test_free_axes_take_any_size():
    enc = {"dag_in_shape": [3, None], "fc": {"type": "Conv1d", "layers": [[4, 1]]}}
    nodes = {"a": {"type": "module.E"}}
    assert build(arc({"E": enc}, (3, 5), **nodes))(torch.rand(2, 3, 5)).shape == (2, 4, 5)
    assert build(arc({"E": enc}, (3, None), **nodes))(torch.rand(2, 3, 7)).shape == (2, 4, 7)


def test_ids_reach_an_embedding_within_a_module():
    inner = {"dag_in_shape": [5], "e": {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 4}}
    spec = arc({"E": inner}, (5,), a={"type": "module.E"})
    assert torcharc.inspect(spec).inputs["input"].dtype == "int64"
    assert torcharc.build(spec)(torch.zeros(2, 5, dtype=torch.long)).shape == (2, 5, 4)
