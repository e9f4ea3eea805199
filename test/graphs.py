"""Random graphs that no format but an exact one can say: any names, parts, dicts, lists, blocks, shared modules."""

import torch
from hypothesis import strategies as st

from torcharc.dagnet import DAGNet
from torcharc.graph import Graph, N, Node, Ref, TensorSpec
from torcharc.infer import infer_plan
from torcharc.network import _make_modules
from torcharc.registry import find
from torcharc.spec.load import Loaded

WIDTH = 4
NAMES = [
    *("a", "b", "x", "inputs", "input", "keys", "type", "0", "1", "é", "a b", "conv~1", "n-1", "output", "$", "\\")
]
TYPES = ["Linear", "ReLU", "torch.add", "SumMerge", "ReuseFork", "torch.sort", "torch.cat", "LSTM"]


@st.composite
def graphs(draw):
    """A graph whose inputs and tensors are all (N, WIDTH)."""
    names = draw(st.lists(st.sampled_from([*NAMES[:-2], "a.b", "x.0", "\\"]), min_size=1, max_size=3, unique=True))
    dtype = draw(st.sampled_from(["float32", None]))
    blocks = [draw(levels(["x", "y"][: draw(st.integers(1, 2))], ())) for _ in range(draw(st.integers(0, 2)))]
    graph = draw(levels(names, blocks))
    inputs = tuple((name, TensorSpec((N, WIDTH), dtype)) for name in names)
    options = {key: draw(st.booleans()) for key in ("carries", "firsts", "strict")}
    return Graph(inputs, graph.nodes, graph.outputs, graph.form, **options)


@st.composite
def levels(draw, inputs, blocks):
    """Nodes over named tensors, and outputs."""
    refs = [Ref(name, of_input=True) for name in inputs]
    nodes = []
    for _ in range(draw(st.integers(1, 5))):
        taken = {node.name for node in nodes}
        free = [name for name in NAMES if name not in taken and (name[-2:] != "~1" or "conv" not in taken)]
        name = draw(st.sampled_from(free))
        node, parts = draw(make_node(name, refs, nodes, blocks))
        nodes.append(node)
        refs += [Ref(name, part) for part in parts]
    chosen = draw(st.lists(st.sampled_from(refs[len(inputs) :] or refs), min_size=1, max_size=3))
    keys = draw(st.permutations(["y", "z", "inputs"]))
    outputs = tuple(zip(keys, chosen, strict=False))
    forms = ["tensor", "tuple", "dict"] if len(outputs) == 1 else ["tuple", "dict"]
    form = draw(st.sampled_from(forms if blocks != () else ["tensor"]))
    outputs = outputs if blocks != () else outputs[:1]
    return Graph(tuple((key, None) for key in inputs), tuple(nodes), outputs, form, firsts=draw(st.booleans()))


@st.composite
def make_node(draw, name, refs, nodes, blocks):
    """A node, and the keys of its parts that are tensors (N, WIDTH)."""
    ref, other = draw(st.sampled_from(refs)), draw(st.sampled_from(refs))
    kind = draw(st.sampled_from([*TYPES, *(["block"] * len(blocks)), "share"]))
    owners = [node for node in nodes if node.type == "Linear" and not node.shares]
    if kind == "share" and owners:
        owner = draw(st.sampled_from(owners))
        return Node(name, "Linear", owner.params, (("input", ref),), owner.name), [()]
    if kind == "block":
        graph = draw(st.sampled_from(blocks))
        fed = tuple((port, draw(st.sampled_from(refs))) for port, _ in graph.inputs)
        return Node(name, draw(st.sampled_from(["module.A", "B"])), {"width": "2 * n"}, fed, graph=graph), [()]
    if kind == "torch.add":
        params = draw(st.sampled_from([{}, {"alpha": 0.5}]))
        return Node(name, kind, params, (("input", ref), ("other", other))), [()]
    if kind == "SumMerge":
        return Node(name, kind, {}, ((find(kind).ports[0].name, {"a.b": ref, "0": other}),)), [()]
    if kind == "torch.cat":
        return Node(name, kind, {"dim": 0}, (("tensors", (ref,)),)), [()]
    if kind == "ReuseFork":
        parts = draw(st.sampled_from([["p", "q"], ["0", "a.b"]]))
        return Node(name, kind, {"names": parts}, ((find(kind).ports[0].name, ref),)), [(part,) for part in parts]
    if kind == "torch.sort":
        return Node(name, kind, {"dim": 1}, (("input", ref),)), [(0,)]
    if kind == "LSTM":
        return Node(name, kind, {"hidden_size": WIDTH}, (("input", ref),)), [(0,)]
    if kind == "Linear":
        params = {"out_features": WIDTH, **draw(st.sampled_from([{}, {"bias": False}, {"init": "zeros_"}]))}
        return Node(name, kind, params, (("input", ref),)), [()]
    return Node(name, "ReLU", {}, (("input", ref),)), [()]


def build(graph, seed=0):
    """The network of a graph, without a spec."""
    plan, problems = infer_plan(graph)
    assert problems == []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return DAGNet(plan, _make_modules(plan, Loaded(None)))
