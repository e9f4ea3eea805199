"""The snippets of the TorchArc page, as they stand there."""

import torch

import torcharc

# what the page prints; of torch's own printing the parts that do not vary with its version
HYDRA_LINES = [
    "DAGNet(",
    "(module_dict): ModuleDict(",
    "(image): Sequential(",
    "(0): Conv2d(3, 16, kernel_size=(4, 4), stride=(2, 2))",
    "(3): Dropout2d(p=0.2, inplace=False)",
    "(4): Conv2d(16, 16, kernel_size=(4, 4), stride=(1, 1))",
    "(merge): FiLMMerge(",
    "(conditioner_scale): Linear(in_features=8, out_features=16, bias=True)",
    "(conditioner_shift): Linear(in_features=8, out_features=16, bias=True)",
    "(Flatten): Flatten(",
    "(Linear): Sequential(",
    "(0): Linear(in_features=576, out_features=64, bias=True)",
    "(3): Dropout(p=0.2, inplace=False)",
    "(4): Linear(in_features=64, out_features=32, bias=True)",
    "(out): Linear(in_features=32, out_features=8, bias=True)",
    "(fork): SplitFork(",
]


def assert_lines(text, lines):
    position = 0
    for line in lines:
        position = text.index(line, position)


def test_convnet():
    arc = {
        "type": "Conv2d",
        "in_shape": [3, 20, 20],
        "layers": [[16, 4, 2, 0, 1], [16, 4, 1, 0, 1]],
        "batch_norm": True,
        "activation": "ReLU",
        "dropout": 0.2,
        "init": "kaiming_uniform_",
    }
    model = torcharc.build(arc)
    batch_size = 16
    x = torch.rand([batch_size, *arc["in_shape"]])
    assert model(x).shape == (16, 16, 6, 6)
    names = [type(module).__name__ for module in model]
    assert names == ["Conv2d", "BatchNorm2d", "ReLU", "Dropout2d"] * 2


def test_mlp_and_optimizer():
    arc = {
        "type": "Linear",
        "in_features": 8,
        "layers": [64, 32],
        "batch_norm": True,
        "activation": "ReLU",
        "dropout": 0.2,
        "init": {"type": "normal_", "std": 0.01},
    }
    model = torcharc.build(arc)
    assert model(torch.rand([16, arc["in_features"]])).shape == (16, 32)
    assert [type(module).__name__ for module in model] == ["Linear", "BatchNorm1d", "ReLU", "Dropout"] * 2
    optimizer = torcharc.build_optimizer({"type": "Adam", "lr": 0.001}, model)
    assert repr(optimizer) == repr(torch.optim.Adam(model.parameters(), lr=0.001))
    assert_lines(
        repr(optimizer),
        ["Adam (", "amsgrad: False", "betas: (0.9, 0.999)", "eps: 1e-08", "lr: 0.001", "weight_decay: 0"],
    )


def test_time_series_transformer():
    arc = {
        "type": "TSTransformer",
        "d_model": 64,
        "nhead": 8,
        "num_encoder_layers": 4,
        "num_decoder_layers": 4,
        "dropout": 0.2,
        "dim_feedforward": 2048,
        "activation": "relu",
        "in_embedding": "Linear",
        "pe": "sinusoid",
        "attention_size": None,
        "in_channels": 1,
        "out_channels": 1,
        "q": 8,
        "v": 8,
        "chunk_mode": None,
    }
    model = torcharc.build(arc)
    seq_len = 32
    x = torch.rand([seq_len, arc["in_channels"]])
    assert model(x).shape == (32, 1)
    assert model(x[None]).shape == (1, 32, 1)


def test_hydra():
    arc = {
        "dag_in_shape": {"image": [3, 20, 20], "vector": [8]},
        "image": {
            "type": "Conv2d",
            "in_names": ["image"],
            "layers": [[16, 4, 2, 0, 1], [16, 4, 1, 0, 1]],
            "batch_norm": True,
            "activation": "ReLU",
            "dropout": 0.2,
            "init": "kaiming_uniform_",
        },
        "merge": {
            "type": "FiLMMerge",
            "in_names": ["image", "vector"],
            "names": {"feature": "image", "conditioner": "vector"},
        },
        "Flatten": {"type": "Flatten"},
        "Linear": {
            "type": "Linear",
            "layers": [64, 32],
            "batch_norm": True,
            "activation": "ReLU",
            "dropout": 0.2,
            "init": "kaiming_uniform_",
        },
        "out": {"type": "Linear", "out_features": 8},
        "fork": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}},
    }
    model = torcharc.build(arc)
    assert_lines(repr(model), HYDRA_LINES)
    batch_size = 16
    dag_in_shape = arc["dag_in_shape"]
    xs = {
        "image": torch.rand([batch_size, *dag_in_shape["image"]]),
        "vector": torch.rand([batch_size, *dag_in_shape["vector"]]),
    }
    ys = model(xs)
    assert {name: tuple(y.shape) for name, y in ys.items()} == {"mean": (16, 4), "std": (16, 4)}
