"""How the networks of the zoo start: the deviation or the bound of drawn weights, by the formula of the paper.

Each row names a weight of a small network, a distribution, and its size as a function of the weight's shape, which
is (out, in) and then the size of the kernel. Nothing here reads what the file says.
"""

import importlib.util
import math
import pathlib

import numpy as np
import pytest
import torch

import torcharc
from torcharc.spec.zoo_index import read_index

ROOT = pathlib.Path(__file__).parent.parent


def fan_in(shape):
    return math.prod(shape[1:])


def fan_out(shape):
    return shape[0] * math.prod(shape[2:])


def he(shape):  # He et al. 2015, equation 10
    return math.sqrt(2 / fan_in(shape))


def he_backward(shape):  # its equation 14
    return math.sqrt(2 / fan_out(shape))


def glorot(shape):  # Glorot & Bengio 2010, equation 16: the bound of a uniform distribution
    return math.sqrt(6 / (fan_in(shape) + fan_out(shape)))


def fixed(size):
    return lambda shape: size


STAGES = {"depths": [1, 1, 1, 1], "width": 32}
SMALL_VGG = {"depths": [1, 1, 1, 1, 1], "widths": [16, 16, 16, 16, 4], "num_classes": 20}
TABLE = {"num_ids": 400, "dim": 8, "num_fields": 4}
TEXT = {"vocabulary": 500, "depth": 2}
MADE = {}  # name and values → weights

ROWS = [
    # LeCun 1998, appendix A: uniform within 2.4 / fan-in
    ("lenet5", {}, "features.0.conv.0.weight", "uniform", lambda shape: 2.4 / fan_in(shape)),
    ("lenet5", {}, "features.1.conv.0.weight", "uniform", lambda shape: 2.4 / fan_in(shape)),
    ("lenet5", {}, "dense.0.weight", "uniform", lambda shape: 2.4 / fan_in(shape)),
    ("lenet5", {}, "dense.0.bias", "uniform", lambda shape: 2.4 / 400),
    ("lenet5", {}, "dense.2.weight", "uniform", lambda shape: 2.4 / 120),
    ("lenet5", {}, "head.weight", "uniform", lambda shape: 2.4 / 84),
    # what Keras says of Dense and Conv2D: Glorot's uniform, zeros
    ("mlp", {}, "hidden.0.weight", "uniform", glorot),
    ("mlp", {}, "hidden.0.bias", "zeros", None),
    ("mlp", {}, "head.0.weight", "uniform", glorot),
    ("keras_cnn", {}, "features.1.conv.0.weight", "uniform", glorot),
    ("keras_cnn", {}, "features.1.conv.0.bias", "zeros", None),
    # Simonyan & Zisserman 2014, section 3.1: "the random initialisation procedure of Glorot & Bengio"
    ("vgg16", SMALL_VGG, "stage.1.convs.0.weight", "uniform", glorot),
    ("vgg16", SMALL_VGG, "stage.1.convs.0.bias", "zeros", None),
    ("vgg16", SMALL_VGG, "dense.0.weight", "uniform", glorot),
    ("vgg16", SMALL_VGG, "head.0.weight", "uniform", glorot),
    ("vgg16", SMALL_VGG, "head.0.bias", "zeros", None),
    # the Caffe files of SqueezeNet: `xavier`, which is uniform of variance 1 / fan-in; conv10 of deviation 0.01
    ("squeezenet1_1", {}, "stage.1.fire.0.squeeze.0.weight", "uniform", lambda shape: math.sqrt(3 / fan_in(shape))),
    ("squeezenet1_1", {}, "stage.1.fire.0.expand.1.0.weight", "uniform", lambda shape: math.sqrt(3 / fan_in(shape))),
    ("squeezenet1_1", {}, "stage.1.fire.0.expand.1.0.bias", "zeros", None),
    ("squeezenet1_1", {}, "classify.0.weight", "normal", fixed(0.01)),
    ("squeezenet1_1", {}, "classify.0.bias", "zeros", None),
    # He et al. 2015, section 3.4: "as in [13]"
    ("resnet50", STAGES, "stem.0.weight", "normal", he_backward),
    ("resnet50", STAGES, "stage.1.block.0.conv.0.weight", "normal", he_backward),
    ("resnet50", STAGES, "stage.1.block.0.shortcut.0.weight", "normal", he_backward),
    ("resnet50", STAGES, "head.weight", "normal", he),
    ("resnet50", STAGES, "head.bias", "zeros", None),
    ("se_resnet50", STAGES, "stage.2.block.0.weigh.expand.0.weight", "normal", he),
    ("se_resnet50", STAGES, "stage.2.block.0.weigh.reduce.0.bias", "zeros", None),
    ("resnet20_cifar", {}, "stage.1.block.1.conv2.0.weight", "normal", he),
    ("resnet20_cifar", {}, "head.weight", "normal", he),
    ("resnet20_cifar", {}, "head.bias", "zeros", None),
    ("wrn_16_8", {"widen": 2}, "stage.0.block.1.conv1.conv.0.weight", "normal", he_backward),
    ("r3d_18", STAGES, "stage.1.block.0.conv1.0.weight", "normal", he_backward),
    # Long et al. 2015, section 4.3: "we zero-initialize the class scoring layer"
    ("fcn_resnet50", {"depths": [1, 1, 1, 1]}, "head.classify.weight", "zeros", None),
    ("fcn_resnet50", {"depths": [1, 1, 1, 1]}, "aux_head.classify.bias", "zeros", None),
    ("fcn_resnet50", {"depths": [1, 1, 1, 1]}, "stage2.block.0.conv.0.weight", "normal", he_backward),
    # Huang et al. 2016, section 4.2: that of He et al.
    ("densenet_bc100", {}, "block.0.layer.2.bottleneck.conv.0.weight", "normal", he),
    ("densenet_bc100", {}, "stem.conv.0.weight", "normal", he),
    ("densenet_bc100", {}, "head.weight", "normal", he),
    ("densenet_bc100", {}, "head.bias", "zeros", None),
    # where papers leave it open: what the header of the file says
    ("mobilenet_v2", {}, "stage.3.block.0.widen.0.weight", "normal", he_backward),
    ("mobilenet_v2", {}, "head.0.weight", "normal", fixed(0.01)),
    ("mobilenet_v3_small", {}, "block.5.weigh.excite.0.weight", "normal", he_backward),
    ("mobilenet_v3_small", {}, "dense.0.weight", "normal", fixed(0.01)),
    ("mnasnet0_5", {}, "stage.3.block.0.widen.0.weight", "normal", he_backward),
    ("mnasnet0_5", {}, "head.0.weight", "uniform", lambda shape: math.sqrt(3 / fan_out(shape))),
    ("googlenet", {}, "stage.0.inception.0.three.0.weight", "normal", fixed(0.01)),
    ("inception_v3", {}, "large.0.five.3.weight", "normal", fixed(0.1)),
    ("inception_v3", {}, "aux_head.head.0.weight", "normal", fixed(0.001)),
    ("efficientnet_b0", {}, "stage.2.block.0.weigh.excite.0.weight", "normal", he_backward),
    ("efficientnet_b0", {}, "stage.2.block.0.weigh.excite.0.bias", "zeros", None),
    ("efficientnet_b0", {}, "stage.2.block.0.widen.0.weight", "normal", he_backward),
    ("efficientnet_b0", {}, "head.0.weight", "uniform", lambda shape: 1 / math.sqrt(shape[0])),
    # Liu et al. 2022, table 5: truncated normal; layer scale
    ("convnext_tiny", {"depths": [1, 1, 1, 1]}, "stage.1.block.0.widen.0.weight", "normal", fixed(0.02)),
    ("convnext_tiny", {"depths": [1, 1, 1, 1]}, "stage.1.block.0.depthwise.0.weight", "normal", fixed(0.02)),
    ("convnext_tiny", {"depths": [1, 1, 1, 1]}, "stage.1.block.0.widen.0.bias", "zeros", None),
    ("convnext_tiny", {"depths": [1, 1, 1, 1]}, "stage.1.block.0.scale.weight", "all", fixed(1e-6)),
    # Ronneberger et al. 2015, section 3: N values come in; N is twice the width in the steps up
    ("unet", {"width": 16}, "level2.convs.convs.2.weight", "normal", he),
    ("unet", {"width": 16}, "level2.convs.convs.2.bias", "zeros", None),
    ("unet", {"width": 16}, "up3.up.weight", "normal", lambda shape: math.sqrt(2 / shape[0])),
    ("unet", {"width": 16}, "up3.up.bias", "zeros", None),
    ("unet", {"width": 64, "num_classes": 30}, "classify.weight", "normal", he),
    # Dosovitskiy et al. 2020 leave it open; Touvron et al. 2020, section 6: truncated normal
    ("vit_ti_16", {"depth": 1}, "block.0.attention.query.project.weight", "uniform", glorot),
    ("vit_ti_16", {"depth": 1}, "block.0.mlp.expand.bias", "normal", fixed(1e-6)),
    ("vit_ti_16", {"depth": 1}, "head.weight", "zeros", None),
    ("deit_ti_16", {"depth": 1}, "block.0.attention.query.project.weight", "normal", fixed(0.02)),
    ("deit_ti_16", {"depth": 1}, "block.0.mlp.reduce.weight", "normal", fixed(0.02)),
    ("deit_ti_16", {"depth": 1}, "head.weight", "normal", fixed(0.02)),
    ("deit_ti_16", {"depth": 1}, "positions.weight", "normal", fixed(0.02)),
    ("swin_t", {"depths": [1, 1, 1, 1]}, "stage.0.block.0.expand.weight", "normal", fixed(0.02)),
    ("swin_t", {"depths": [1, 1, 1, 1]}, "stage.0.block.0.expand.bias", "zeros", None),
    ("mixer_s_32", {"depth": 1}, "block.0.tokens.expand.weight", "uniform", glorot),
    ("mixer_s_32", {"depth": 1}, "head.weight", "zeros", None),
    # N(0, 0.02) cut at two deviations has 0.8796 of its deviation
    ("bert_tiny", TEXT, "layer.0.expand.weight", "cut", fixed(0.02)),
    ("bert_tiny", TEXT, "word.weight", "cut", fixed(0.02)),
    ("albert_base", {**TEXT, "width": 128}, "layer.0.expand.weight", "cut", fixed(0.02)),
    # Radford et al. 2019, section 2.3: residual layers by the root of their number
    ("gpt2", {**TEXT, "width": 128}, "block.0.mlp.expand.weight", "normal", fixed(0.02)),
    ("gpt2", {**TEXT, "width": 128}, "block.0.mlp.reduce.weight", "normal", fixed(0.02 / 2)),
    ("gpt2", {**TEXT, "width": 128}, "block.1.attention.project.weight", "normal", fixed(0.02 / 2)),
    ("gpt2", {**TEXT, "width": 128}, "position.weight", "normal", fixed(0.01)),
    # Black et al. 2022, section 2.1.3: small init, and Wang's before a residual addition
    ("pythia_70m", {**TEXT, "width": 128}, "block.0.mlp.expand.weight", "normal", fixed(math.sqrt(2 / (5 * 128)))),
    ("pythia_70m", {**TEXT, "width": 128}, "block.0.mlp.reduce.weight", "normal", fixed(2 / (2 * math.sqrt(128)))),
    ("pythia_70m", {**TEXT, "width": 128}, "block.0.mlp.reduce.bias", "zeros", None),
    ("tinyllama_1_1b", {**TEXT, "width": 128, "hidden": 64}, "block.0.mlp.gate.weight", "normal", fixed(0.02)),
    # the code of T5: by the width that a layer takes in, queries by the size of a head as well
    ("t5_small", {**TEXT, "width": 128}, "encoder.layer.0.mlp.expand.weight", "normal", fixed(128**-0.5)),
    (
        "t5_small",
        {**TEXT, "width": 128},
        "decoder.layer.1.cross.query.project.weight",
        "normal",
        fixed((128 * 64) ** -0.5),
    ),
    # Zaremba et al. 2014, section 4.1
    ("lstm_lm", {"vocabulary": 500, "width": 64}, "lstm.weight_hh_l1", "uniform", fixed(0.04)),
    ("lstm_lm", {"vocabulary": 500, "width": 64}, "lstm.bias_ih_l0", "uniform", fixed(0.04)),
    ("lstm_lm_medium", {"vocabulary": 500, "width": 64}, "token.weight", "uniform", fixed(0.05)),
    # the code of DLRM
    ("dlrm", {"sizes": [900, 100]}, "tables.0.embed.weight", "uniform", fixed(1 / 30)),
    ("dlrm", {"sizes": [900, 100]}, "bottom.2.weight", "normal", lambda shape: math.sqrt(2 / sum(shape))),
    ("dlrm", {"sizes": [900, 100]}, "bottom.0.bias", "normal", fixed(math.sqrt(1 / 512))),
    ("dlrm", {"sizes": [900, 100]}, "top.0.bias", "normal", fixed(math.sqrt(1 / 512))),
    # tables of ids
    *[(name, TABLE, "embed.weight", "normal", fixed(0.01)) for name in ("fm", "deepfm", "wide_deep", "nfm", "dcn")],
    ("autoint", TABLE, "embed.weight", "normal", fixed(0.01)),
    ("cin", TABLE, "x0.weight", "normal", fixed(0.01)),
    # torch's own: uniform within the root of 1 / fan-in
    *[
        (name, values, key, "uniform", lambda shape: math.sqrt(1 / fan_in(shape)))
        for name, values, key in [
            ("alexnet", {"num_classes": 10}, "conv2.0.weight"),
            ("mobilenet_v1_025", {}, "body.5.pointwise.0.weight"),
            ("shufflenet_v2_x0_5", {}, "stage.1.down.pointwise.0.weight"),
            ("quartznet_5x5", {}, "head.weight"),
            ("dqn", {}, "convs.0.weight"),
            ("mmoe", {}, "income.gate.0.weight"),
            ("nasbench101", {"width": 32}, "head.weight"),
            ("nasbench201", {"depth": 1}, "head.weight"),
            ("darts", {"width": 8, "depth": 4}, "head.weight"),
        ]
    ],
]


def weight_of(name, values, key):
    found = MADE.get((name, repr(values)))
    if found is None:
        net = torcharc.build(f"zoo/{name}", seed=0, **values)
        found = {key.replace("module_dict.", ""): weight.detach().numpy() for key, weight in net.named_parameters()}
        MADE.clear()  # the rows of a network stand together, and the large ones should not stay
        MADE[name, repr(values)] = found
    return found[key]


@pytest.mark.parametrize(
    ("name", "values", "key", "law", "size"), ROWS, ids=[f"{name}.{key}" for name, _, key, _, _ in ROWS]
)
def test_weight_is_drawn_from_the_distribution(name, values, key, law, size):
    weight = weight_of(name, values, key)
    if law == "zeros":
        assert not weight.any()
        return
    size, largest, error = size(weight.shape), np.abs(weight).max(), 4 / math.sqrt(weight.size)
    if law == "all":
        assert (weight == np.float32(size)).all()
    elif law == "uniform":  # nothing beyond the bound, and the deviation of a uniform distribution
        assert largest <= size * (1 + 1e-6)
        assert weight.std() == pytest.approx(size / math.sqrt(3), rel=error)
    elif law == "cut":
        assert largest <= 2 * size
        assert weight.std() == pytest.approx(0.8796 * size, rel=error)
    else:  # a normal: its deviation, and values beyond two of them, which a uniform one has not
        assert largest > 2 * size
        assert weight.std() == pytest.approx(size, rel=error)
        assert abs(weight.mean()) < error * size


def test_every_file_says_how_it_starts():
    spec = importlib.util.spec_from_file_location("zoo_page", ROOT / "doc" / "zoo.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    lines = [line for line in script.initializations() if "/zoo/" in line]
    assert len(lines) == len({entry.file for entry in read_index().values()})
    assert [line for line in lines if "|  |" in line] == []


def test_every_file_has_a_row_here():
    files = {entry.file.stem for entry in read_index().values()}
    tested = {read_index()[name].file.stem for name, *_ in ROWS}
    own = {"custom_transformer", "cnn_lstm_hybrid", "transformer_cnn", "multi_task", "hierarchical_attention"}
    assert files - tested == own | {"deep_residual_cnn"}  # they are compared with their classes


def test_weights_of_a_network_follow_its_seed():
    first, second = (torcharc.build("zoo/lenet5", seed=seed).module_dict.head.weight for seed in (0, 1))
    assert not torch.equal(first, second)
