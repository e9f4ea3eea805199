"""Convolutional networks of the zoo with weights of transformers and timm, by their layouts: the same outputs."""

import pytest
import torch

import torcharc
from independent import as_list, assert_same, library, shaken

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
