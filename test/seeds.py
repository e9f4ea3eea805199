"""Specs that build, from which the fuzzing starts: of every format, and of the parts of training."""

import contextlib
import pathlib

import modules_examples
import yaml
from arcgraph_specs import graph, node

import torcharc
from torcharc.arc_ref import REF_ARCS
from torcharc.spec.formats import parse_spec
from torcharc.spec.load import load_spec
from torcharc.spec.write_exact import write_exact

ROOT = pathlib.Path(__file__).parent.parent
HEAVY = (
    "Perceiver",
    "MultimodalPerceiver",
)  # their constructors take a second; their types are mutated in without arguments

# the deepest networks of the zoo, with few layers: an edit counts as much in one layer as in forty
SHALLOW = {
    "albert": {"depth": 2},
    "bert": {"depth": 2},
    "convnext": {"depths": [1, 1, 2, 1]},
    "custom_transformer": {"n_layers": 2},
    "darts": {"depth": 4, "width": 8},
    "deep_residual_cnn": {"hidden_dims": [8, 16], "num_residual_blocks": 1},
    "densenet": {"depths": [2, 2, 3, 2]},
    "efficientnet": {"deepen": 0.3},
    "fcn_resnet": {"depths": [1, 1, 2, 1]},
    "gpt2": {"depth": 2},
    "gpt_neox": {"depth": 2},
    "llama": {"depth": 2},
    "mixer": {"depth": 2},
    "nasbench101": {"depth": 1},
    "nasbench201": {"depth": 1},
    "quartznet": {"repeats": 2},
    "resnet": {"depths": [1, 1, 2, 1]},
    "resnet_cifar": {"depth": 8},
    "swin": {"depths": [2, 2], "heads": [3, 6]},
    "t5": {"depth": 2},
    "vit": {"depth": 2},
    "wide_resnet": {"depth": 10},
}

# blocks of every format, which seeds use as modules and as types
RESIDUAL = {
    "params": {"width": None},
    "inputs": ["x"],
    "graph": [
        node("fc", "Linear", "x", out_features="width"),
        {**node("act", "ReLU"), "when": "${width > 4}"},
        node("sum", "torch.add", ["x", "act"]),
    ],
    "outputs": {"y": "sum"},
}
ENCODER = {
    "dag_vars": {"width": 4, "depth": 2},
    "dag_in_shape": [8],
    "fc": {"type": "Linear", "layers": ["${width}"], "activation": "Tanh"},
    "more": {"type": "Linear", "out_features": "${width}", "repeat": "${depth - 1}"},
}
SPLIT = {"dag_in_shape": [8], "cut": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}}}
LAYERS = {"type": "Linear", "layers": [16, 8], "activation": "ReLU"}
FORMER = {
    "vars": {"out": 8},
    "modules": {"fc": {"LazyLinear": {"out_features": "${out}"}}, "act": {"ReLU": None}},
    "graph": {"input": "x", "modules": {"fc": ["x"], "act": ["fc"]}, "output": "act"},
}
REGISTERED = {"FuzzResidual": RESIDUAL, "FuzzEncoder": ENCODER, "FuzzSplit": SPLIT, "FuzzFormer": FORMER}

# what the examples have little of: templates, conditions, copies, shared modules, blocks of one format in another
ARCS = [
    {
        "dag_vars": {"width": 8, "depth": 2, "wide": True},
        "dag_in_shape": {"left": [8], "right": [8]},
        "enc": {"type": "FuzzEncoder", "in_names": ["left"], "width": "${width}", "repeat": 2, "share": True},
        "res": {"type": "FuzzResidual", "in_names": ["right"], "width": "${width}", "repeat": "${depth}"},
        "sum": {"type": "SumMerge", "in_names": ["left", "right"]},
        "act": {"type": "ReLU", "when": "${wide and width > 4}"},
        "heads": {"type": "Linear", "out_features": "${width + index}", "parallel": 3},
        "cat": {"type": "ConcatMerge"},
        "old": {"type": "FuzzFormer", "out": 4},
    },
    {
        "dag_in_shape": [8],
        "split": {"type": "FuzzSplit"},
        "mean": {"type": "Linear", "in_names": ["mean"], "out_features": 4, "init": {"type": "normal_", "std": 0.1}},
        "mean~again": {"in_names": ["std"]},
        "left": {"type": "Tanh", "in_names": ["std"], "when": False},
        "merge": {"type": "ConcatMerge", "in_names": ["mean", "std"]},
        "training": {"loss": "mse", "optimizer": {"type": "Adam", "lr": 0.01}, "config": {"epochs": 2}},
    },
    {"dag_vars": {"width": 4}, "type": "Linear", "in_features": 4, "layers": ["${width}", 2], "activation": "ReLU"},
]
INLINE = graph(
    node("enc", "module.Encoder", "x", width="${W}", depth=3),
    node("res", "module.Residual", "enc", width="W"),
    {**node("more", "FuzzResidual", "res", width="${W}"), "repeat": "${depth}"},
    {**node("heads", "module.Layers", "more"), "parallel": 3},
    node("cat", "torch.cat", ["heads"], dim=1),
    node("old", "module.Former", "cat", out=8),
    node("parts", "module.Split", "old"),
    {**node("left", "Linear", "parts.mean", out_features="W // 2"), "when": "${wide}"},
    {"name": "right", "module": "left", "inputs": "parts.std"},
    node("token", "Parameter", {}, shape=["${W // 2}"]),
    node("sum", "torch.add", ["left", "token"]),
    modules={"Encoder": ENCODER, "Residual": RESIDUAL, "Layers": LAYERS, "Former": FORMER, "Split": SPLIT},
    vars={"W": 8, "depth": 2, "wide": True},
    require={"W": "${W > 0 and W % 2 == 0}", "depth": "${depth >= 0}"},
    outputs={"y": "sum", "z": "right"},
)
TRAINED = {
    "name": "trained",
    "vars": {"lr": 0.01},
    "model": graph(node("fc", "Linear", "x", out_features=2), outputs={"y": "fc"}),
    "trainer": {
        "loss": [{"type": "mse", "inputs": {"input": "y", "target": "label"}, "weight": 0.5}],
        "optimizer": {"type": "AdamW", "lr": "${lr}", "params": {"weight_decay": 0.1}},
        "config": {"epochs": 3, "batch_size": 32},
    },
    "evaluator": {"metrics": ["accuracy"]},
}
MODULES = [
    {
        "vars": {"width": 8, "depth": 2},
        "modules": {
            "enc": {"FuzzFormer": {}},
            "old": {"FuzzFormer": {"out": "${width}"}, "repeat": "${depth}"},
            "heads": {"Linear": {"in_features": 4, "out_features": "${index + 1}"}, "parallel": 2},
            "seq": {"Sequential": [{"LazyLinear": {"out_features": 4}}, {"ReLU": None}, {"Dropout": {"p": 0.1}}]},
        },
        "graph": {
            "input": "x",
            "modules": {"enc": ["x"], "old": ["enc"], "seq": ["old"], "seq~again": ["enc"], "heads": ["seq~again"]},
            "output": {"y": "heads", "z": "seq"},
        },
    },
]

OPTIMIZERS = [
    "adam",
    {"type": "SGD", "lr": 0.1, "momentum": 0.9, "nesterov": True},
    {"type": "AdamW", "betas": [0.9, 0.99], "groups": [{"match": "0.*", "lr": 1e-4}], "no_decay": True},
    {"type": "Lookahead", "k": 3, "alpha": 0.5, "optimizer": {"type": "RMSprop", "lr": 0.01, "alpha": 0.9}},
    {"type": "torch.optim.LBFGS", "max_iter": 5, "line_search_fn": "strong_wolfe"},
]
SCHEDULERS = [
    {"type": "StepLR", "step_size": 2, "gamma": 0.5},
    [{"type": "LinearLR", "start_factor": 0.5, "steps": 2}, {"type": "ExponentialLR", "gamma": 0.1}],
    {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 10},
    {"type": "ReduceLROnPlateau", "patience": 2, "mode": "max"},
    {"type": "ChainedScheduler", "schedulers": [{"type": "ConstantLR"}, {"type": "MultiStepLR", "milestones": [2, 4]}]},
    {
        "type": "SequentialLR",
        "milestones": [3],
        "schedulers": [{"type": "ConstantLR"}, {"type": "CosineAnnealingLR", "T_max": 5}],
    },
]
CRITERIA = [
    "mse",
    {"type": "CrossEntropyLoss", "weight": [1, 3], "label_smoothing": 0.1, "ignore_index": -1},
    {"type": "torch.nn.BCEWithLogitsLoss", "pos_weight": [2.0], "reduction": "sum"},
    [
        {"type": "mse", "inputs": {"input": "height"}, "weight": 2},
        {
            "type": "cross_entropy",
            "inputs": {"input": "kind", "target": "label"},
            "params": {"weight": [1, 2]},
            "name": "k",
        },
    ],
    {
        "type": "CTCLoss",
        "inputs": {"log_probs": "y", "targets": "t", "input_lengths": "n", "target_lengths": "m"},
        "params": {"blank": 0},
    },
]
TRAININGS = [
    {"loss": "mse", "optimizer": "adam", "config": {"epochs": 3, "batch_size": 8}},
    {"training": {"loss": CRITERIA[3], "optimizer": {"type": "sgd", "lr": 0.1, "params": {"momentum": 0.9}}}},
    TRAINED,
]

CELL_201 = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|skip_connect~2|"
CELL_101 = {
    "matrix": [[0, 1, 1, 0, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]],
    "operations": ["conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3"],
}
CELLS_DARTS = {
    "normal": [["sep_conv_3x3", 0], ["conv_7x1_1x7", 1], ["skip_connect", 0], ["dil_conv_5x5", 2]],
    "normal_concat": [2, 3],
    "reduce": [["avg_pool_3x3", 0], ["max_pool_3x3", 1], ["sep_conv_7x7", 2], ["skip_connect", 1]],
    "reduce_concat": [2, 3],
}
GENOTYPES = [{"darts": CELLS_DARTS}, {"nasbench101": CELL_101}, {"nasbench201": CELL_201}]


@contextlib.contextmanager
def registered():
    """The blocks as types, which the seeds name."""
    for name, spec in REGISTERED.items():
        torcharc.register(name, spec)
    try:
        yield
    finally:
        for name in REGISTERED:
            torcharc.unregister(name)


def read_zoo():
    """The spec files of the zoo, with few layers."""
    specs = {path.stem: load_spec(path).spec for path in sorted((ROOT / "torcharc" / "zoo").glob("*.yaml"))}
    del specs["index"]
    return [{**spec, "vars": {**spec["vars"], **SHALLOW.get(name, {})}} for name, spec in specs.items()]


def read_genotype(benchmark, cell):
    """The spec of a cell in the notation of its benchmark."""
    if benchmark != "nasbench101":
        return {"darts": torcharc.zoo.darts, "nasbench201": torcharc.zoo.nasbench201}[benchmark](cell)
    given = cell if isinstance(cell, dict) else {}
    return torcharc.zoo.nasbench101(given.get("matrix"), given.get("operations"))


def read_seeds():
    """Specs by format, and what else is data by its kind; within `registered`."""
    arcs = [arc for name, arc in REF_ARCS.items() if not name.startswith(HEAVY)] + ARCS
    modules = [modules_examples.read(name) for name in modules_examples.EXAMPLES] + MODULES
    graphs = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "example" / "arcgraph").rglob("*.yaml"))]
    zoo = read_zoo()
    genotypes = [read_genotype(*item) for genotype in GENOTYPES for item in genotype.items()]
    exact = [write_exact(parse_spec(spec)[0]) for spec in [*arcs, INLINE, *zoo]]
    return {
        "arc": arcs,
        "arcgraph": [*graphs, INLINE, TRAINED, *zoo, *genotypes],
        "exact": exact,
        "modules": modules,
        "genotype": GENOTYPES,
        "training": TRAININGS,
        "optimizer": OPTIMIZERS,
        "scheduler": SCHEDULERS,
        "criterion": CRITERIA,
    }
