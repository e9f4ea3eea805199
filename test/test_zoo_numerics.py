"""Transformers of the zoo beside those of other libraries: the same weights give the same outputs.

The libraries are no dependencies: a test is skipped where its library cannot be imported. timm needs
torchvision, of which these networks use nothing.
"""

import independent
import pytest
import torch
from independent import as_list, library

import torcharc

pytestmark = pytest.mark.filterwarnings("ignore")

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
WORDS = {**SIZES, "vocab_size": 50}
OURS = {"width": 32, "depth": 2, "heads": 4, "hidden": 64}
TEXT = {**OURS, "vocabulary": 50}
IMAGE = {"size": 32, "patch": 8, "num_classes": 5}


def shaken(make, config):
    """A network in eval mode, each weight moved by a random step, so that none is 0 or 1."""
    torch.manual_seed(0)
    model = make(config) if config is not None else make()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return model.eval()


def assert_same(name, model, layout, found, expected, **values):
    """Asserts that our network gives `found(network)`, with the weights of `model`, as the latter `expected(model)`."""
    network = torcharc.zoo.load_weights(f"zoo/{name}", model.state_dict(), layout=layout, **values).eval()
    with torch.no_grad():
        independent.assert_same(name, layout, as_list(found(network)), as_list(expected(model)), tolerance=1e-4)


def tokens(length, seed=0, padded=0):
    ids = torch.randint(1, 50, (2, length), generator=torch.Generator().manual_seed(seed))
    if padded:
        ids[0, -padded:] = 0
    return ids


@pytest.mark.parametrize("name", ["bert", "albert_base"])
def test_encoder_is_that_of_transformers(name):
    transformers = library("transformers")
    ids, segments = tokens(9, padded=3), torch.tensor([[0] * 4 + [1] * 5] * 2)
    if name == "bert":
        model, values = shaken(transformers.BertModel, transformers.BertConfig(**WORDS)), TEXT
    else:
        model = shaken(transformers.AlbertModel, transformers.AlbertConfig(**WORDS, embedding_size=16))
        values = {**TEXT, "embedding": 16}
    kept = ids != 0

    def theirs(model):
        output = model(ids, token_type_ids=segments, attention_mask=kept.long())
        return output.last_hidden_state[kept], output.pooler_output

    def ours(network):
        output = network(ids, segments)
        return output["hidden"][kept], output["pooled"]

    assert_same(name, model, "transformers", ours, theirs, **values)


def make_gpt2(transformers):
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_inner": 64, "vocab_size": 50}
    return transformers.GPT2LMHeadModel, transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=0), {}


def make_llama(transformers):
    config = transformers.LlamaConfig(**WORDS, num_key_value_heads=2, rms_norm_eps=1e-5)
    return transformers.LlamaForCausalLM, config, {"groups": 2}


def make_neox(transformers):
    return transformers.GPTNeoXForCausalLM, transformers.GPTNeoXConfig(**WORDS), {}


@pytest.mark.parametrize(
    ("name", "make"), [("gpt2", make_gpt2), ("tinyllama_1_1b", make_llama), ("pythia_70m", make_neox)]
)
def test_decoder_is_that_of_transformers(name, make):
    cls, config, values = make(library("transformers"))
    ids = tokens(20)
    model = shaken(cls, config)
    assert_same(name, model, "transformers", lambda net: net(ids), lambda model: model(ids).logits, **TEXT, **values)


def test_t5_is_that_of_transformers():
    transformers = library("transformers")
    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "vocab_size": 50}
    model = shaken(transformers.T5ForConditionalGeneration, transformers.T5Config(**sizes))
    ids, decoder_ids = tokens(150, padded=20), tokens(140, seed=1)  # longer than the distances that have buckets

    def theirs(model):
        return model(input_ids=ids, attention_mask=(ids != 0).long(), decoder_input_ids=decoder_ids).logits

    values = {**TEXT, "head_size": 8}
    assert_same("t5_small", model, "transformers", lambda net: net(ids, decoder_ids), theirs, **values)


def test_vit_is_that_of_transformers():
    transformers = library("transformers")
    config = transformers.ViTConfig(**SIZES, image_size=32, patch_size=8, layer_norm_eps=1e-6, num_labels=5)
    model, image = shaken(transformers.ViTForImageClassification, config), torch.randn(2, 3, 32, 32)
    found, expected = lambda net: net(image), lambda model: model(image).logits
    assert_same("vit_b_16", model, "transformers", found, expected, **OURS, **IMAGE)


SWIN = {"embed_dim": 12, "depths": (2, 4), "num_heads": (2, 4), "window_size": 4, "patch_size": 2}
OUR_SWIN = {"width": 12, "depths": [2, 4], "heads": [2, 4], "window": 4, "size": 32, "patch": 2, "num_classes": 5}


def test_swin_is_that_of_transformers():
    transformers = library("transformers")
    config = transformers.SwinConfig(**{**SWIN, "depths": [2, 4], "num_heads": [2, 4]}, image_size=32, num_labels=5)
    model, image = shaken(transformers.SwinForImageClassification, config), torch.randn(2, 3, 32, 32)
    found, expected = lambda net: net(image), lambda model: model(image).logits
    assert_same("swin_t", model, "transformers", found, expected, **OUR_SWIN)


TIMM = {"img_size": 32, "num_classes": 5}


@pytest.mark.parametrize(
    ("name", "cls", "theirs", "ours"),
    [
        (
            "deit_ti_16",
            "vision_transformer.VisionTransformer",
            {"patch_size": 8, "embed_dim": 24, "depth": 3, "num_heads": 4},
            {"width": 24, "depth": 3, "heads": 4, **IMAGE},
        ),
        (
            "mixer_b_16",
            "mlp_mixer.MlpMixer",
            {"patch_size": 8, "embed_dim": 24, "num_blocks": 3},
            {"width": 24, "depth": 3, **IMAGE},
        ),
        ("swin_t", "swin_transformer.SwinTransformer", SWIN, OUR_SWIN),
    ],
    ids=["deit", "mixer", "swin"],
)
def test_image_network_is_that_of_timm(name, cls, theirs, ours):
    module, _, word = cls.rpartition(".")
    make = getattr(library(f"timm.models.{module}", "torchvision", "PIL"), word)
    model, image = shaken(lambda: make(**TIMM, **theirs), None), torch.randn(2, 3, 32, 32)
    assert_same(name, model, "timm", lambda net: net(image), lambda model: model(image), **ours)
