"""Convolutional networks of the zoo with weights of transformers and timm, by their layouts: the same outputs."""

import pytest
import torch
from independent import as_list, assert_same, library, shaken

import torcharc

pytestmark = pytest.mark.filterwarnings("ignore")

FLAT = {"layer_type": "basic", "embedding_size": 64, "hidden_sizes": [64, 128, 256, 512]}
DEEP = {"embedding_size": 64, "hidden_sizes": [256, 512, 1024, 2048]}
MOBILE = {"tf_padding": False, "layer_norm_eps": 1e-5}  # theirs is made to pad on both sides, as ours does

# name here, class of transformers and its configuration, size of the image, values of ours
TRANSFORMERS = [
    ("resnet50", "ResNet", {**DEEP, "depths": [3, 4, 6, 3]}, 96, {"size": None}),
    ("resnet18", "ResNet", {**FLAT, "depths": [2, 2, 2, 2]}, 96, {"size": None}),
    ("convnext_tiny", "ConvNext", {"layer_norm_eps": 1e-6}, 96, {"size": None}),
    ("mobilenet_v1", "MobileNetV1", MOBILE, 96, {"size": None}),
    ("mobilenet_v2", "MobileNetV2", MOBILE, 96, {"size": None}),
]


def assert_loaded_same(name, layout, theirs, x, finish=as_list, **values):
    """Asserts that our network gives what `theirs` gives for `x`, with its weights by a layout."""
    theirs = shaken(theirs)
    options = {"layout": layout, "dtype": torch.float64, **values}
    ours = torcharc.zoo.load_weights(f"zoo/{name}", theirs.state_dict(), **options).eval()
    with torch.no_grad():
        assert_same(name, layout, as_list(ours(x)), finish(theirs(x)))


def make_transformers(name, config):
    transformers = library("transformers")
    made = getattr(transformers, f"{name}Config")(**{"num_labels": 1000, **config})
    return getattr(transformers, f"{name}ForImageClassification")(made)


@pytest.mark.parametrize(("name", "kind", "config", "size", "values"), TRANSFORMERS)
def test_network_is_that_of_transformers(name, kind, config, size, values):
    x = torch.randn(1, 3, size, size, dtype=torch.float64)
    theirs = make_transformers(kind, config)
    assert_loaded_same(name, "transformers", theirs, x, lambda output: [output.logits], **values)


def test_efficientnet_is_that_of_transformers_but_for_its_padding():
    config = {"width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280, "batch_norm_eps": 1e-5}
    theirs = make_transformers("EfficientNet", config)
    for block in [theirs.efficientnet.embeddings, *theirs.efficientnet.encoder.blocks]:
        padded = block if hasattr(block, "padding") else block.depthwise_conv
        conv = padded.convolution if padded is block else padded.depthwise_conv
        conv.padding = tuple(size // 2 for size in conv.kernel_size)  # on both sides, as ours does
        setattr(padded, "padding" if padded is block else "depthwise_conv_pad", torch.nn.Identity())
    theirs.efficientnet.pooler = torch.nn.AdaptiveAvgPool2d(1)  # theirs is for images of at least its own size
    x = torch.randn(1, 3, 96, 96, dtype=torch.float64)
    assert_loaded_same("efficientnet_b0", "transformers", theirs, x, lambda output: [output.logits], size=96)


# name here, name in timm and its arguments, size of the image, values of ours
TIMM = [
    ("resnet18", "resnet18", {}, 96, {"size": None}),
    ("resnet50", "resnet50", {}, 96, {"size": None}),
    ("resnext50_32x4d", "resnext50_32x4d", {}, 96, {"size": None}),
    ("wide_resnet50_2", "wide_resnet50_2", {}, 96, {"size": None}),
    ("densenet121", "densenet121", {}, 96, {"size": None}),
    ("inception_v3", "inception_v3", {"aux_logits": True}, 299, {}),
    ("vgg11", "vgg11", {}, 224, {}),
    ("vgg16_bn", "vgg16_bn", {}, 224, {}),
]
TIMM_ALONE = [  # these have names of their own
    ("se_resnet50", "seresnet50", {}, 96, {"size": None}),
    ("convnext_tiny", "convnext_tiny", {}, 96, {"size": None}),
    ("mobilenet_v2", "mobilenetv2_100", {}, 96, {"size": None}),
    ("mobilenet_v3_large", "mobilenetv3_large_100", {"bn_eps": 1e-3}, 96, {"size": None}),
    ("mobilenet_v3_small", "mobilenetv3_small_100", {"bn_eps": 1e-3}, 96, {"size": None}),
    ("mnasnet1_0", "mnasnet_100", {}, 96, {"size": None}),
    ("efficientnet_b0", "efficientnet_b0", {}, 96, {"size": 96}),
    ("efficientnet_b3", "efficientnet_b3", {}, 96, {"size": 96}),
]


def make_timm(name, **options):
    return library("timm", "torchvision", "PIL").create_model(name, **options)


@pytest.mark.parametrize(("name", "kind", "options", "size", "values"), TIMM + TIMM_ALONE)
def test_network_is_that_of_timm(name, kind, options, size, values):
    x = torch.randn(1, 3, size, size, dtype=torch.float64)
    assert_loaded_same(name, "timm", make_timm(kind, **options), x, **values)


@pytest.mark.parametrize(("name", "kind", "options", "size", "values"), TIMM)
def test_names_of_torchvision_are_those_that_timm_keeps(name, kind, options, size, values):
    """timm reads the checkpoints of torchvision for these: its names are theirs, but for the dense layers of VGG."""
    theirs = shaken(make_timm(kind, **options))
    renamed = {"pre_logits.fc1": "classifier.0", "pre_logits.fc2": "classifier.3", "head.fc": "classifier.6"}
    weights = {}
    for key, weight in theirs.state_dict().items():
        module, _, part = key.rpartition(".")
        flat = weight.flatten(1) if module in renamed and weight.ndim == 4 else weight
        weights[f"{renamed.get(module, module)}.{part}"] = flat
    options = {"layout": "torchvision", "dtype": torch.float64, **values}
    ours = torcharc.zoo.load_weights(f"zoo/{name}", weights, **options).eval()
    x = torch.randn(1, 3, size, size, dtype=torch.float64)
    with torch.no_grad():
        assert_same(name, "timm, by the names of torchvision", as_list(ours(x)), as_list(theirs(x)))
