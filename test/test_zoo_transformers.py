"""Transformers and other sequence networks of the zoo: what their papers promise."""

import math

import pytest
import torch
import torch._dynamo
from torch import nn

import torcharc
from bench.zoo_text import Bert, ViT

# values that make a network small, by file
SMALL = {
    "vit_b_16": {"width": 16, "depth": 2, "heads": 4, "size": 32, "patch": 8, "num_classes": 5},
    "swin_t": {"width": 8, "depths": [2, 2], "heads": [2, 4], "size": 32, "patch": 2, "window": 4, "num_classes": 5},
    "mixer_b_16": {"width": 16, "depth": 2, "size": 32, "patch": 8, "num_classes": 5},
    "bert_base": {"width": 16, "depth": 2, "heads": 4, "vocabulary": 50},
    "albert_base": {"embedding": 8, "width": 16, "depth": 3, "heads": 4, "vocabulary": 50},
    "gpt2": {"width": 16, "depth": 2, "heads": 4, "vocabulary": 50},
    "t5_small": {"width": 16, "depth": 2, "heads": 4, "head_size": 8, "vocabulary": 50},
    "pythia_70m": {"width": 32, "depth": 2, "heads": 4, "vocabulary": 50},
    "tinyllama_1_1b": {"width": 32, "depth": 2, "heads": 4, "groups": 2, "hidden": 24, "vocabulary": 50},
    "lstm_lm": {"width": 16, "vocabulary": 50},
}
CAUSAL = ["gpt2", "pythia_70m", "tinyllama_1_1b", "lstm_lm"]


def small(name, **values):
    """A small network of the zoo, in eval mode, its weights larger than at the start, so that all of them matter."""
    net = torcharc.build(f"zoo/{name}", seed=0, **{**SMALL[name], **values}).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return net


def tokens(length, batch=2, seed=0):
    return torch.randint(1, 50, (batch, length), generator=torch.Generator().manual_seed(seed))


def feed(name, length=7):
    """Inputs for a small network."""
    if name in ("vit_b_16", "swin_t", "mixer_b_16"):
        return {"image": torch.rand(2, 3, 32, 32)}
    if name in ("bert_base", "albert_base"):
        return {"ids": tokens(length), "segments": torch.zeros(2, length, dtype=torch.int64)}
    if name == "t5_small":
        return {"ids": tokens(length), "decoder_ids": tokens(length - 2, seed=1)}
    return {"ids": tokens(length)}


@pytest.mark.parametrize("name", ["gpt2_xl", "t5_11b", "pythia_12b", "llama3_8b", "vit_h_14", "swin_b", "bert_large"])
def test_large_network_runs_on_meta(name):
    net = torcharc.build(f"zoo/{name}", device="meta").eval()
    with torch.device("meta"):
        image, ids = torch.rand(2, 3, 224, 224), torch.zeros(2, 9, dtype=torch.int64)
    if name in ("vit_h_14", "swin_b"):
        assert net(image).shape == (2, 1000)
    elif name == "bert_large":
        assert net(ids, ids)["hidden"].shape == (2, 9, 1024)
    else:
        assert net(ids, ids[:, :4]).shape[:2] == (2, 4) if name == "t5_11b" else net(ids).shape[:2] == (2, 9)


@pytest.mark.parametrize("name", SMALL)
def test_every_weight_learns(name):
    net = small(name)
    output = net(feed(name))
    outputs = output.values() if isinstance(output, dict) else [output]
    sum(out.square().sum() for out in outputs).backward()
    without = [key for key, weight in net.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert without == []


@pytest.mark.parametrize("name", SMALL)
def test_samples_do_not_see_each_other(name):
    net, fed = small(name), feed(name)
    both = net(fed)
    first = net({key: value[:1] for key, value in fed.items()})
    for key in both if isinstance(both, dict) else [slice(None)]:
        torch.testing.assert_close(first[key], both[key][:1], atol=1e-5, rtol=1e-4)


# every layer is traced: one is as good as several, where it is not the same one again
SHORT = {"albert_base": {"depth": 2}, "swin_t": {"depths": [1, 2]}}


@pytest.mark.parametrize("name", [name for name in SMALL if name != "lstm_lm"])
def test_small_network_compiles(name):
    torch._dynamo.reset()  # of one process, all networks have the same `forward`
    net, fed = small(name, **SHORT.get(name, {"depth": 1})), feed(name)
    found, expected = torch.compile(net, fullgraph=True, backend="eager")(fed), net(fed)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", CAUSAL)
def test_later_tokens_do_not_change_earlier_ones(name):
    net, ids = small(name), tokens(9)
    changed = torch.cat([ids[:, :5], tokens(4, seed=3)], 1)
    torch.testing.assert_close(net(changed)[:, :5], net(ids)[:, :5], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(net(changed)[:, 5:], net(ids)[:, 5:], atol=1e-3)


def test_decoder_of_t5_sees_the_past_alone():
    net, ids, decoder_ids = small("t5_small"), tokens(6), tokens(8, seed=1)
    changed = torch.cat([decoder_ids[:, :5], tokens(3, seed=3)], 1)
    torch.testing.assert_close(net(ids, changed)[:, :5], net(ids, decoder_ids)[:, :5], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["bert_base", "albert_base", "t5_small"])
def test_padding_changes_nothing(name):
    net, fed = small(name), feed(name)
    longer = {**fed, "ids": nn.functional.pad(fed["ids"], (0, 3))}
    if "segments" in fed:
        longer["segments"] = nn.functional.pad(fed["segments"], (0, 3))
        found, expected = net(longer)["hidden"][:, :7], net(fed)["hidden"]
    else:
        found, expected = net(longer), net(fed)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["pythia_70m", "tinyllama_1_1b"])
def test_sequence_of_any_length_fits(name):
    assert small(name)(tokens(70)).shape == (2, 70, 50)


def test_longer_than_the_positions_is_refused():
    with pytest.raises(torcharc.InputError, match="1025 positions"):
        torcharc.build("zoo/gpt2", **SMALL["gpt2"])(tokens(1025))


@pytest.mark.parametrize(("name", "by_hand"), [("vit_b_16", ViT), ("bert_base", Bert)])
def test_network_of_the_benchmark_is_the_same(name, by_hand):
    with torch.device("meta"):
        shapes = sorted(tuple(weight.shape) for weight in by_hand().parameters())
    net = torcharc.build(f"zoo/{name}", device="meta")
    assert sorted(tuple(weight.shape) for weight in net.parameters()) == shapes


# --- initialization -----------------------------------------------------------------------------------


def weights(name, **values):
    net = torcharc.build(f"zoo/{name}", seed=0, **{**SMALL[name], **values})
    return {key.replace("module_dict.", ""): weight.detach() for key, weight in net.named_parameters()}


def test_bert_is_drawn_from_a_truncated_normal():
    found = weights("bert_base", width=256, heads=4)
    for key in ("word.weight", "layer.0.expand.weight", "layer.1.attention.key.project.weight"):
        assert found[key].abs().max() <= 0.04
        assert found[key].std() == pytest.approx(0.02 * 0.880, rel=0.05)  # of a normal cut at two deviations
    assert all(not found[key].any() for key in found if key.endswith("bias"))


def test_residual_projections_of_gpt2_are_drawn_smaller():
    found = weights("gpt2", width=256, heads=4, depth=4)
    assert found["block.1.attention.query.project.weight"].std() == pytest.approx(0.02, rel=0.05)
    for key in ("block.1.attention.project.weight", "block.1.mlp.reduce.weight"):
        assert found[key].std() == pytest.approx(0.02 / math.sqrt(8), rel=0.05)


def test_t5_scales_with_the_width():
    found = weights("t5_small", width=128, head_size=32)
    assert found["token.weight"].std() == pytest.approx(1, rel=0.05)
    assert found["encoder.layer.0.attention.query.project.weight"].std() == pytest.approx((128 * 32) ** -0.5, rel=0.05)
    assert found["decoder.layer.1.cross.key.project.weight"].std() == pytest.approx(128**-0.5, rel=0.05)
    assert found["decoder.layer.1.mlp.reduce.weight"].std() == pytest.approx(512**-0.5, rel=0.05)


def test_lstm_is_drawn_from_a_uniform_distribution():
    for weight in weights("lstm_lm", width=64).values():
        assert weight.abs().max() <= 0.04
        assert weight.std() == pytest.approx(0.04 / math.sqrt(3), rel=0.2)


def test_head_of_vit_starts_at_zero():
    found = weights("vit_b_16")
    assert not found["head.weight"].any()
    assert not found["token.weight"].any()


# --- bad values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        (
            "vit_b_16",
            {"heads": 7},
            "heads\n  found: heads = 7, width = 768\n  expected: heads > 0 and width % heads == 0",
        ),
        ("bert_base", {"depth": 0}, "depth\n  found: depth = 0\n  expected: depth > 0"),
        (
            "mixer_b_16",
            {"patch": 15},
            "patch\n  found: patch = 15, size = 224\n  expected: patch > 0 and size % patch == 0",
        ),
        (
            "tinyllama_1_1b",
            {"groups": 5},
            "groups\n  found: groups = 5, heads = 32\n  expected: groups > 0 and heads % groups == 0",
        ),
        ("gpt2", {"dropout": 1.5}, "dropout\n  found: dropout = 1.5\n  expected: 0 <= dropout < 1"),
        (
            "swin_t",
            {"heads": [3, 6]},
            "heads\n  found: heads = [3, 6], depths = [2, 2, 6, 2], width = 96\n"
            "  expected: len(heads) == len(depths)"
            " and max([width * 2 ** i % heads[i] for i in range(len(heads))]) == 0",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_bad_value_is_one_problem_of_the_variable(name, values, text):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(f"zoo/{name}", device="meta", **values)
    lines = str(error.value).split("\n", 2)
    assert lines[0] == "1 problem in the spec"
    assert f"{lines[1].split(' ')[-1]}\n{lines[2]}" == f"spec.vars.{text}"
