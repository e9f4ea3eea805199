"""Networks of the zoo: written without loss, with the same digest, and taken by the JSON Schema."""

import json
import os

import jsonschema
import pytest

import torcharc
from torcharc.spec.formats import parse_spec
from torcharc.spec.load import load_spec

# one network of each kind; all of them with TORCHARC_WHOLE_ZOO=1
SOME = (
    "albert_base alexnet autoint bert_tiny cin convnext_tiny crossnet darts dcn deepfm densenet_bc100 dlrm dqn"
    " efficientnet_b0 fcn_resnet50 fm googlenet gpt2 inception_v3 keras_cnn lenet5 lstm_lm mixer_s_32 mlp mmoe"
    " mnasnet0_5 mobilenet_v1_025 mobilenet_v2 mobilenet_v3_small nasbench101 nasbench201 nfm pythia_70m"
    " quartznet_5x5 r3d_18 resnet18 resnet50 resnet20_cifar_pad se_resnet50 shufflenet_v2_x0_5 squeezenet1_1"
    " swin_t t5_small tinyllama_1_1b unet vgg11_bn vit_ti_16 wide_deep wrn_16_8"
).split()
NAMES = torcharc.zoo.list() if os.environ.get("TORCHARC_WHOLE_ZOO") else [f"zoo/{name}" for name in SOME]


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(torcharc.schema())


def test_named_networks_are_in_the_zoo():
    assert set(NAMES) <= set(torcharc.zoo.list())


@pytest.mark.parametrize("name", NAMES)
def test_zoo_file_and_what_is_written_validate(name, validator):
    for spec in (load_spec(name).spec, torcharc.to_spec(name)):
        assert [error.message for error in validator.iter_errors(json.loads(json.dumps(spec)))] == []


@pytest.mark.parametrize("name", NAMES)
def test_zoo_network_is_written_without_loss(name):
    written = json.loads(json.dumps(torcharc.to_spec(name)))
    assert parse_spec(written)[0] == parse_spec(load_spec(name).spec)[0]
    assert torcharc.hash(written) == torcharc.hash(name)
    found, expected = (torcharc.build(spec, device="meta").state_dict() for spec in (written, name))
    assert [(key, value.shape) for key, value in found.items()] == [
        (key, value.shape) for key, value in expected.items()
    ]


def test_networks_of_the_zoo_have_different_digests():
    assert len({torcharc.hash(f"zoo/{name}") for name in SOME}) == len(SOME)
