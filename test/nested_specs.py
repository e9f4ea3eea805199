"""Modules of every form, and specs that hold some: what the tests of modules within modules share."""

from arcgraph_specs import graph, node

BLOCK = {
    "params": {"width": 4},
    "inputs": ["a"],
    "graph": [node("fc", "Linear", "a", out_features="width"), node("act", "ReLU", "fc")],
    "outputs": {"y": "act"},
}
ENCODER = {
    "dag_vars": {"width": 4},
    "dag_in_shape": [None],
    "fc": {"type": "Linear", "layers": ["${width}"], "activation": "Tanh"},
}
OLD = {
    "vars": {"out": 3},
    "modules": {"fc": {"LazyLinear": {"out_features": "${out}"}}},
    "graph": {"input": "x", "modules": {"fc": ["x"]}, "output": "fc"},
}
SPLIT = {"dag_in_shape": [8], "cut": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}}}
FUSE = {
    "inputs": ["left", "right"],
    "graph": [node("sum", "torch.sub", ["left", "right"])],
    "outputs": {"y": "sum"},
}
FORMS = {"graph": (BLOCK, "width"), "arc": (ENCODER, "width"), "modules": (OLD, "out")}


def arc(modules, /, shape=(8,), **nodes):
    return {"dag_in_shape": list(shape), "dag_modules": modules, **nodes}


def old(modules, calls, output, shape=(8,)):
    names = {"x": list(shape)} if shape is not None else "x"
    return {"modules": modules, "graph": {"input": names, "modules": calls, "output": output}}


SPECS = {
    "arc": {
        "dag_vars": {"w": 6},
        **arc(
            {"Block": BLOCK, "Encoder": ENCODER, "Split": {**SPLIT, "dag_in_shape": [None]}},
            one={"type": "module.Block", "width": "${w}", "repeat": 2},
            two={"type": "module.Encoder", "width": 8},
            cut={"type": "module.Split"},
        ),
    },
    "modules": old(
        {"Block": BLOCK, "enc": ENCODER, "b": {"module.Block": {"width": 5}, "parallel": 2}, "m": {"MergeSum": None}},
        {"enc": ["x"], "b": ["enc"], "m": ["b"]},
        "m",
    ),
    "mixed": graph(
        node("a", "module.Outer", "x", width=3),
        outputs={"y": "a"},
        modules={"Outer": {**ENCODER, "b": {"type": "module.Block"}}, "Block": BLOCK},
    ),
}
