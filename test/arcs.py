"""Arcs for properties: valid ones, random ones, and strategies that spoil them."""

import copy

from hypothesis import strategies as st

_STACK = {"batch_norm": True, "activation": "ReLU", "dropout": 0.1, "init": "kaiming_uniform_"}
_FILM = {"type": "FiLMMerge", "in_names": ["image", "vector"], "names": {"feature": "image", "conditioner": "vector"}}
_ENCODER = {"type": "TransformerEncoderLayer", "d_model": 8, "nhead": 2, "dim_feedforward": 16, "batch_first": True}

VALID = [
    {
        "dag_in_shape": [3, 20, 20],
        "conv": {"type": "Conv2d", "layers": [[4, 3, 2], [4, 3, 1, "same"]], **_STACK},
        "Flatten": {"type": "Flatten"},
        "fc": {
            "type": "Linear",
            "layers": [[8, False], 4],
            "norm": {"type": "LayerNorm", "eps": 1e-3},
            "activation": {"type": "LeakyReLU", "negative_slope": 0.2},
            "init": {"type": "xavier_uniform_", "gain": 1.0},
        },
        "out": {"type": "Linear", "out_features": 2},
    },
    {
        "dag_in_shape": {"image": [3, 8, 8], "vector": [5]},
        "image": {
            "type": "Conv2d",
            "in_names": ["image"],
            "layers": [[4, 3]],
            "norm": {"type": "GroupNorm", "num_groups": 2},
        },
        "film": _FILM,
        "flat": {"type": "torch.flatten", "start_dim": 1},
        "fork": {"type": "SplitFork", "shapes": {"mean": [100], "std": 44}},
        "left": {"type": "Linear", "in_names": ["mean"], "layers": [6]},
        "right": {"type": "ReuseFork", "in_names": ["std"], "names": ["a", "b"]},
        "cat": {"type": "ConcatMerge", "in_names": ["a", "b"]},
    },
    {
        "dag_in_shape": [7],
        "ids": {"type": "Embedding", "num_embeddings": 11, "embedding_dim": 8, "padding_idx": 0},
        "swap": {"type": "torch.transpose", "dim0": 1, "dim1": 2},
        "mean": {"type": "torch.mean", "dim": -1},
        "soft": {"type": "Softmax", "dim": 1},
    },
    {
        "dag_in_shape": {"q": [5, 8], "k": [6, 8], "v": [6, 8]},
        "attn": {"type": "MultiheadAttention", "in_names": ["q", "k", "v"], "num_heads": 2, "batch_first": True},
        "encoder": {"type": "TransformerEncoder", "encoder_layer": _ENCODER, "num_layers": 2},
        "flat": {"type": "Rearrange", "pattern": "b l d -> b (l d)"},
    },
    {"type": "Linear", "in_features": 8, "layers": [6, 4], "batch_norm": {"momentum": 0.2}, "activation": "Tanh"},
    {"type": "Conv1d", "in_shape": [3, 20], "layers": [[4, 3, 2, 1]], "activation": "GELU", "bias": False},
    {"type": "Linear", "in_features": 8, "out_features": 4},
    {
        "dag_in_shape": {"x": [4, 6], "y": [4, 6]},
        "sum": {"type": "SumMerge", "in_names": ["x", "y"]},
        "pool": {"type": "AdaptiveAvgPool1d", "output_size": 3},
        "view": {"type": "torch.Tensor.view", "size": [-1, 12]},
        "add": {"type": "torch.add", "other": 1.5},
    },
    {"dag_in_shape": [3, None, None], "type": "ConvTranspose2d", "layers": [[4, [3, 2], 2]]},
    {
        "dag_in_shape": [4],
        "mix": {"type": "EinMix", "pattern": "b d -> b e", "weight_shape": "d e", "d": 4, "e": 3},
        "part": {"type": "Narrow", "dim": 1, "start": 0, "length": 2},
        "pick": {"type": "IndexSelect", "dim": 1, "index": [0]},
        "mean": {"type": "Reduce", "name": "mean", "dim": 1},
        "exp": {"type": "TorchFn", "name": "exp"},
    },
]

WORDS = [
    *("type", "layers", "in_names", "names", "shapes", "dag_in_shape", "bias", "init", "norm", "activation", "dropout"),
    *("Linear", "Conv2d", "Flatten", "ReLU", "GELU", "Softmax", "Embedding", "LayerNorm", "BatchNorm1d", "LazyLinear"),
    *("MultiheadAttention", "FiLMMerge", "ConcatMerge", "SplitFork", "Get", "CrossEntropyLoss", "TransformerEncoder"),
    *("torch.cat", "torch.einsum", "F.gelu", "torch.Tensor.view", "torch.matmul", "torch.max", "Rearrange", "Reduce"),
    *("same", "image", "x", "", "a.b", "keys", "é", "relu", "1e-3", "10", "None", "normal_", "xavier_normal_"),
]

NUMBERS = st.one_of(
    st.integers(-2, 9),
    st.sampled_from([-(10**12), 10**9, 10**12, 2**31, 2**63, 10**30, 10**300]),
    st.sampled_from([0.0, 0.5, -1.5, 4.0, 1e300, float("nan"), float("inf")]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(WORDS), st.text(max_size=5))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), inner, max_size=4),
    ),
    max_leaves=8,
)
NODES = st.sampled_from([node for arc in VALID for node in arc.values() if isinstance(node, dict)])


def walk(value, path=()):
    """The paths of all parts of a spec, the root left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from walk(item, (*path, key))


@st.composite
def spoilt_arcs(draw):
    """A valid arc with one to three parts replaced, deleted or inserted."""
    arc = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 3))):
        paths = list(walk(arc))
        if not paths:
            break
        *way, key = draw(st.sampled_from(paths))
        place = arc
        for step in way:
            place = place[step]
        value = copy.deepcopy(draw(st.one_of(JSON, SCALARS, NODES)))
        change = draw(st.sampled_from(["replace", "replace", "delete", "insert"]))
        if change == "replace":
            place[key] = value
        elif change == "delete":
            del place[key]
        elif isinstance(place, dict):
            place[draw(st.sampled_from(WORDS))] = value
        else:
            place.insert(key, value)
    return arc


# --- random valid arcs ------------------------------------------------------------------------------

ACTIVATIONS = st.sampled_from([None, "ReLU", "Tanh", "GELU", {"type": "LeakyReLU", "negative_slope": 0.1}])
INITS = st.sampled_from([None, "xavier_uniform_", "kaiming_normal_", "orthogonal_", {"type": "normal_", "std": 0.1}])


@st.composite
def sequential_arcs(draw):
    """A stack of random layers and sublayers on an input of random size, as a DAG of one node."""
    type_ = draw(st.sampled_from(["Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d"]))
    rank = 0 if type_ == "Linear" else int(type_[-2])
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)) if not rank else [draw(st.integers(1, 4))]
    shape += [draw(st.integers(4, 9)) for _ in range(rank)]
    sublayers = {"activation": draw(ACTIVATIONS), "dropout": draw(st.sampled_from([0, 0.3])), "init": draw(INITS)}
    norms = ["LayerNorm", {"type": "GroupNorm", "num_groups": 1}, None] if rank else ["LayerNorm", None]
    sublayers["norm"] = draw(st.sampled_from(norms))
    if rank or len(shape) == 1:
        sublayers["batch_norm"] = draw(st.booleans())
    order = draw(st.permutations(list(sublayers)))
    layers = [_draw_layer(draw, type_) for _ in range(draw(st.integers(1, 3)))]
    return {"dag_in_shape": shape, "net": {"type": type_, "layers": layers, **{key: sublayers[key] for key in order}}}


def _draw_layer(draw, type_):
    out = draw(st.integers(1, 5))
    if type_ == "Linear":
        return draw(st.sampled_from([out, [out], [out, False]]))
    kernel = draw(st.integers(1, 2))
    if "Transpose" in type_:
        stride = draw(st.integers(1, 2))
        return [out, kernel, stride, 0, draw(st.integers(0, stride - 1))]
    return draw(st.sampled_from([[out, kernel], [out, kernel, 1, 1], [out, 3, 1, "same"], [out, 3, 2, 2, 2]]))


@st.composite
def dag_arcs(draw):
    """Random nodes over named vectors: layers, forks and merges, each on tensors that are carried."""
    widths = {f"x{index}": draw(st.integers(2, 6)) for index in range(draw(st.integers(1, 3)))}
    arc = {"dag_in_shape": {name: [width] for name, width in widths.items()}}
    for index in range(draw(st.integers(1, 6))):
        kind = draw(
            st.sampled_from(["Linear", "ReuseFork", "SplitFork", "ConcatMerge", "SumMerge", "FiLMMerge", "F.gelu"])
        )
        names = draw(st.permutations(list(widths)))
        node = _draw_node(draw, kind, names, widths, index)
        if node is not None:
            arc[f"n{index}"] = node
    return arc if len(arc) > 1 else {**arc, "n": {"type": "Linear", "layers": [3]}}


def _draw_node(draw, kind, names, widths, index):
    """A node of this kind on the first of `names`, its outputs entered in `widths`; None if it cannot be."""
    first, *others = names
    node = {"type": kind, "in_names": [first]}
    if kind == "Linear":
        widths[first] = draw(st.integers(1, 6))
        return {**node, "layers": [4, widths[first]], "activation": draw(ACTIVATIONS)}
    if kind == "ReuseFork":
        width = widths.pop(first)
        widths |= {f"r{index}": width, first: width}
        return {**node, "names": [f"r{index}", first]}
    if kind == "SplitFork" and widths[first] > 1:
        width = widths.pop(first)
        widths |= {first: 1, f"s{index}": width - 1}
        return {**node, "shapes": {first: [1], f"s{index}": width - 1}}
    if kind == "F.gelu":
        return node
    others = [name for name in others if kind != "SumMerge" or widths[name] == widths[first]]
    if "Merge" not in kind or not others:
        return None
    second = others[0]
    width = widths.pop(second)
    if kind == "ConcatMerge":
        widths[first] += width
    names = {"names": {"feature": first, "conditioner": second}} if kind == "FiLMMerge" else {}
    return {**node, "in_names": [first, second], **names}
