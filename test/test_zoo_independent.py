"""Image and sound networks of the zoo beside independent implementations: the same weights, the same outputs."""

import numpy as np
import pytest
import torch
from independent import assert_moved, library
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.filterwarnings("ignore")

IMAGE = (1, 3, 224, 224)
CIFAR = (2, 3, 32, 32)

# name here, module and function of pytorchcv and its arguments, shape of the input, values of ours
PYTORCHCV = [
    ("alexnet", "alexnet.alexnetb", {}, IMAGE, {}),
    ("vgg11", "vgg.vgg11", {}, IMAGE, {}),
    ("vgg16", "vgg.vgg16", {}, IMAGE, {}),
    ("vgg11_bn", "vgg.bn_vgg11b", {}, IMAGE, {}),
    ("vgg16_bn", "vgg.bn_vgg16b", {}, IMAGE, {}),
    ("resnet18", "resnet.resnet18", {}, IMAGE, {}),
    ("resnet34", "resnet.resnet34", {}, IMAGE, {}),
    ("resnet50", "resnet.resnet50b", {}, IMAGE, {}),
    ("resnet101", "resnet.resnet101b", {}, IMAGE, {}),
    ("resnext50_32x4d", "resnext.resnext50_32x4d", {}, IMAGE, {}),
    ("wide_resnet50_2", "resnext.get_resnext", {"blocks": 50, "cardinality": 1, "bottleneck_width": 128}, IMAGE, {}),
    ("se_resnet50", "seresnet.seresnet50b", {}, IMAGE, {}),
    ("resnet20_cifar", "resnet_cifar.resnet20_cifar10", {}, CIFAR, {}),
    ("resnet56_cifar", "resnet_cifar.resnet56_cifar10", {}, CIFAR, {}),
    ("resnet110_cifar", "resnet_cifar.resnet110_cifar10", {}, CIFAR, {}),
    ("wrn_28_10", "wrn_cifar.wrn28_10_cifar10", {}, CIFAR, {}),
    ("densenet121", "densenet.densenet121", {}, IMAGE, {}),
    ("densenet161", "densenet.densenet161", {}, IMAGE, {}),
    ("densenet_bc100", "densenet_cifar.densenet100_k12_bc_cifar10", {}, CIFAR, {}),
    ("mobilenet_v1", "mobilenet.mobilenet_w1", {}, IMAGE, {}),
    ("mobilenet_v1_025", "mobilenet.mobilenet_wd4", {}, IMAGE, {}),
    ("mnasnet1_0", "mnasnet.mnasnet_b1", {}, IMAGE, {}),
    ("squeezenet1_0", "squeezenet.squeezenet_v1_0", {}, IMAGE, {}),
    ("squeezenet1_1", "squeezenet.squeezenet_v1_1", {}, IMAGE, {}),
    ("inception_v3", "inceptionv3.inceptionv3", {}, (1, 3, 299, 299), {"aux": False}),
    ("efficientnet_b0", "efficientnet.efficientnet_b0", {}, IMAGE, {}),
    ("efficientnet_b3", "efficientnet.efficientnet_b3", {}, (1, 3, 300, 300), {}),
    ("darts_imagenet", "darts.darts", {}, IMAGE, {}),
]
BRANCH_FIRST = {"resnet", "resnext", "wide", "se", "darts"}  # theirs calls the shortcut before the body


def pytorchcv(function, **options):
    """A network of pytorchcv, or a skipped test."""
    module, name = function.split(".")
    return getattr(library(f"pytorchcv.models.{module}"), name)(**options)


@pytest.mark.parametrize(("name", "function", "options", "shape", "values"), PYTORCHCV, ids=lambda value: str(value))
def test_network_is_that_of_pytorchcv(name, function, options, shape, values):
    called = not any(name.startswith(start) for start in BRANCH_FIRST)
    x = torch.randn(shape, dtype=torch.float64)
    assert_moved(name, "pytorchcv", pytorchcv(function, **options), x, called=called, **values)


def test_mobilenet_v2_is_that_of_pytorchcv():
    theirs = pytorchcv("mobilenetv2.mobilenetv2b_w1")
    theirs.output = nn.Conv2d(1280, 1000, 1)  # with a bias, as in the paper's own network
    assert_moved("mobilenet_v2", "pytorchcv", theirs, torch.randn(IMAGE, dtype=torch.float64), called=True)


@pytest.mark.parametrize(("name", "widths"), [("large", (960, 1280)), ("small", (576, 1024))])
def test_mobilenet_v3_is_that_of_pytorchcv(name, widths):
    theirs = pytorchcv(f"mobilenetv3.mobilenetv3_{name}_w1")
    theirs.output.conv1 = nn.Conv2d(*widths, 1)  # with a bias, and 1024 wide in the small one, as the paper has it
    theirs.output.conv2 = nn.Conv2d(widths[1], 1000, 1)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3  # that, too
    x = torch.randn(IMAGE, dtype=torch.float64)
    assert_moved(f"mobilenet_v3_{name}", "pytorchcv", theirs, x, called=True)


@pytest.mark.parametrize("name", ["x0_5", "x1_0"])
def test_shufflenet_v2_is_that_of_pytorchcv(name):
    width = {"x0_5": "wd2", "x1_0": "w1"}[name]
    theirs = pytorchcv(f"shufflenetv2.shufflenetv2_{width}")
    theirs.features.init_block.pool = nn.MaxPool2d(3, 2, 1)  # padded on both sides, as the authors do
    x = torch.randn(IMAGE, dtype=torch.float64)
    assert_moved(f"shufflenet_v2_{name}", "pytorchcv", theirs, x, called=True)


@pytest.mark.parametrize("name", ["5x5", "15x5"])
def test_quartznet_is_that_of_pytorchcv(name):
    function = {"5x5": "quartznet5x5_en_ls", "15x5": "quartznet15x5_en"}[name]

    class OfFullLength(nn.Module):
        """Theirs, for sounds that are no longer in the batch than their own."""

        def __init__(self):
            super().__init__()
            self.inner = pytorchcv(f"quartznet.{function}", num_classes=29, from_audio=False)
            for unit in self.inner.features:
                if shortcut := unit._modules.pop("identity_block", None):
                    unit.identity_block = shortcut  # registered behind the body, as ours is

        def forward(self, x):
            return self.inner(x, torch.full((len(x),), x.shape[2]))[0]

    assert_moved(f"quartznet_{name}", "pytorchcv", OfFullLength(), torch.randn(2, 64, 150, dtype=torch.float64))


def test_fcn_is_that_of_pytorchcv():
    options = {"conv1_stride": False, "ordinary_init": True, "bends": (3,)}
    backbone = pytorchcv("resnetd.get_resnetd", blocks=50, **options).features
    del backbone.final_pool
    theirs = pytorchcv("fcn8sd.FCN8sd", backbone=backbone, aux=True, in_size=(16, 16))  # an eighth: not resized

    def resize(outputs):  # theirs would align the corners
        return [functional.interpolate(y, size=(128, 128), mode="bilinear", align_corners=False) for y in outputs]

    x = torch.randn(1, 3, 128, 128, dtype=torch.float64)
    assert_moved("fcn_resnet50", "pytorchcv", theirs, x, finish=resize, size=128)


@pytest.mark.parametrize(("name", "norm", "channels", "classes"), [("unet", None, 1, 1), ("unet_bn", "batch", 3, 2)])
def test_unet_is_made_of_the_blocks_of_monai(name, norm, channels, classes):
    nets, blocks = library("monai.networks.nets"), library("monai.networks.nets.basic_unet")
    widths = (8, 16, 32, 64, 128)
    theirs = nets.BasicUNet(2, channels, classes, (*widths, 8), act="relu", norm=norm, bias=norm is None)
    # theirs does not halve the width in the last of its steps up
    theirs.upcat_1 = blocks.UpCat(2, 16, 8, 8, "relu", norm, norm is None, halves=True)
    x = torch.randn(1, channels, 64, 48, dtype=torch.float64)
    assert_moved(name, "monai", theirs, x, called=True, width=8, size=None)


def test_video_resnet_is_that_of_monai():
    stem = {"conv1_t_size": (3, 7, 7), "conv1_t_stride": (1, 2, 2), "no_max_pool": True}
    options = {"spatial_dims": 3, "n_input_channels": 3, "num_classes": 400, "bias_downsample": False}
    theirs = library("monai.networks.nets").resnet18(**options, **stem)
    x = torch.randn(1, 3, 8, 64, 64, dtype=torch.float64)
    assert_moved("r3d_18", "monai", theirs, x, called=True, frames=8, size=64)


def test_dqn_is_that_of_stable_baselines():
    layers = library("stable_baselines3.common.torch_layers")
    spaces = library("gymnasium.spaces")
    theirs = layers.NatureCNN(spaces.Box(0, 255, (4, 84, 84), np.uint8))
    assert_moved("dqn", "stable_baselines3", theirs, torch.rand(2, 4, 84, 84, dtype=torch.float64), called=True)
