"""Networks of the zoo beside formulas in NumPy and modules written by hand: the same weights give the same outputs."""

import itertools

import numpy as np
import pytest
import torch
from independent import shaken
from torch.nn import functional

import torcharc
from bench.zoo import ResNet50

IDS = {"num_ids": 50, "num_fields": 4, "dim": 3}


def network(name, seed=0, **variables):
    """A network in eval mode with weights drawn at random, all of them."""
    made = torcharc.build(f"zoo/{name}", seed=seed, **variables).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return made


def run(made):
    """What a network for ids gives, with the ids and its weights in NumPy."""
    ids = torch.arange(12).reshape(3, 4) * 7 % 50
    weights = {key.replace("module_dict.", ""): value.double().numpy() for key, value in made.state_dict().items()}
    with torch.no_grad():
        return made.double()(ids).numpy(), ids.numpy(), weights


def perceive(x, weights, prefix, count):
    """A perceptron: `count` layers with ReLU, from the stack `prefix`."""
    for layer in range(count):
        x = np.maximum(0, x @ weights[f"{prefix}.{2 * layer}.weight"].T + weights[f"{prefix}.{2 * layer}.bias"])
    return x


def pair_sum(vectors):
    """The sum of the products of all pairs of fields, (N, F, D) to (N, D)."""
    pairs = itertools.combinations(range(vectors.shape[1]), 2)
    return sum(vectors[:, a] * vectors[:, b] for a, b in pairs)


def test_fm():
    found, ids, w = run(network("fm", **IDS))
    vectors = w["embed.weight"][ids]
    second = pair_sum(vectors).sum(1, keepdims=True)
    expected = w["first.weight"][ids].sum(1) + second + w["bias.weight"]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_deepfm():
    found, ids, w = run(network("deepfm", widths=[6, 5], **IDS))
    vectors = w["embed.weight"][ids]
    machine = w["first.weight"][ids].sum(1) + pair_sum(vectors).sum(1, keepdims=True) + w["bias.weight"]
    deep = perceive(vectors.reshape(3, -1), w, "hidden", 2) @ w["deep.weight"].T + w["deep.bias"]
    np.testing.assert_allclose(found, machine + deep, atol=1e-12)


def test_nfm():
    found, ids, w = run(network("nfm", widths=[6, 5], **IDS))
    deep = perceive(pair_sum(w["embed.weight"][ids]), w, "hidden", 2) @ w["deep.weight"].T + w["deep.bias"]
    np.testing.assert_allclose(found, w["first.weight"][ids].sum(1) + deep, atol=1e-12)


@pytest.mark.parametrize("widths", [[], [6, 5]])
def test_dcn(widths):
    found, ids, w = run(network("dcn", widths=widths, layers=3, **IDS))
    x = x0 = w["embed.weight"][ids].reshape(3, -1)
    for layer in range(3):
        product = x0 * (x @ w[f"cross.{layer}.weigh.weight"].T)
        x = product + w[f"cross.{layer}.bias.weight"] + x
    if widths:
        x = np.concatenate([x, perceive(x0, w, "deep", 2)], 1)
    np.testing.assert_allclose(found, x @ w["logit.weight"].T + w["logit.bias"], atol=1e-12)


def test_cin():
    found, ids, w = run(network("cin", widths=[5, 4, 2], **IDS))
    x = x0 = w["x0.weight"][ids]
    pooled = []
    for layer in (1, 2, 3):
        outer = np.stack([x[:, h] * x0[:, f] for h in range(x.shape[1]) for f in range(x0.shape[1])], 1)
        kernel = w[f"layer{layer}.compress.weight"][..., 0]
        x = np.einsum("or,nrd->nod", kernel, outer) + w[f"layer{layer}.compress.bias"][:, None]
        pooled.append(x.sum(2))
    logit = np.concatenate(pooled, 1) @ w["interactions.weight"].T + w["interactions.bias"]
    np.testing.assert_allclose(found, logit + w["linear.weight"][ids].sum(1), atol=1e-12)


def test_autoint():
    found, ids, w = run(network("autoint", layers=2, width=8, heads=2, **IDS))
    x = w["embed.weight"][ids]
    for layer in range(2):
        parts = [x @ w[f"interact.{layer}.qkv.{part}.linear.weight"].T for part in range(3)]
        heads = []
        for head in (slice(0, 4), slice(4, 8)):
            q, k, v = (part[..., head] for part in parts)
            scores = np.exp(np.einsum("nad,nbd->nab", q, k))
            heads.append(scores / scores.sum(2, keepdims=True) @ v)
        shortcut = x if layer else x @ w["interact.0.shortcut.weight"].T
        x = np.maximum(0, np.concatenate(heads, 2) + shortcut)
    np.testing.assert_allclose(found, x.reshape(3, -1) @ w["logit.weight"].T + w["logit.bias"], atol=1e-12)


def test_dlrm():
    made = network("dlrm", sizes=[10, 11, 12], num_dense=4, dim=3, bottom=[6], top=[5]).double()
    dense, ids = torch.rand(2, 4, dtype=torch.float64), torch.tensor([[1, 2, 3], [9, 10, 11]])
    w = {key.replace("module_dict.", ""): value.numpy() for key, value in made.state_dict().items()}
    bottom = perceive(dense.numpy(), w, "bottom", 2)
    tables = [w[f"tables.{field}.embed.weight"][ids[:, field]] for field in range(3)]
    vectors = [bottom, *tables]
    products = [(vectors[a] * vectors[b]).sum(1) for a in range(4) for b in range(a)]
    features = np.concatenate([bottom, np.stack(products, 1)], 1)
    expected = perceive(features, w, "top", 1) @ w["logit.weight"].T + w["logit.bias"]
    np.testing.assert_allclose(made(dense=dense, ids=ids).detach().numpy(), expected, atol=1e-12)


def test_resnet50():
    made, by_hand = torcharc.build("zoo/resnet50", size=None).eval(), ResNet50().eval()
    by_hand.load_state_dict(dict(zip(by_hand.state_dict(), made.state_dict().values(), strict=True)))
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(made(x), by_hand(x))


def test_googlenet():
    """Figure 3 of the paper, with the batch norm and the smaller kernel that torchvision has."""
    made = shaken(torcharc.build("zoo/googlenet", seed=0, size=None))
    w = {key.replace("module_dict.", ""): value for key, value in made.state_dict().items()}

    def conv(x, name, padding=0, stride=1):
        head, _, index = name.rpartition(".")
        norm = f"{head}.{int(index) + 1}"
        x = functional.conv2d(x, w[f"{name}.weight"], None, stride, padding)
        statistics = w[f"{norm}.running_mean"], w[f"{norm}.running_var"], w[f"{norm}.weight"], w[f"{norm}.bias"]
        return torch.relu(functional.batch_norm(x, *statistics, eps=0.001))

    def inception(x, name):
        pooled = functional.max_pool2d(x, 3, 1, 1)
        three = conv(conv(x, f"{name}.three.0"), f"{name}.three.3", 1)
        five = conv(conv(x, f"{name}.five.0"), f"{name}.five.3", 1)
        return torch.cat([conv(x, f"{name}.one.0"), three, five, conv(pooled, f"{name}.pooled.0")], 1)

    image = torch.randn(1, 3, 90, 90, dtype=torch.float64)
    x = functional.max_pool2d(conv(image, "conv1.0", 3, 2), 3, 2, ceil_mode=True)
    x = conv(conv(x, "conv2.0"), "conv2.3", 1)
    for stage, (kernel, count) in enumerate([(3, 2), (3, 5), (2, 2)]):
        x = functional.max_pool2d(x, kernel, 2, ceil_mode=True)
        for index in range(count):
            x = inception(x, f"stage.{stage}.inception.{index}")
    expected = x.mean((2, 3)) @ w["head.0.weight"].T + w["head.0.bias"]
    with torch.no_grad():
        torch.testing.assert_close(made(image), expected)


def test_lstm_language_model():
    """The equations 4 to 6 of Zaremba et al. 2014, in NumPy."""
    made = network("lstm_lm", vocabulary=50, width=5, depth=2)
    found, ids, w = run(made)
    x = w["token.weight"][ids]
    for layer in range(2):
        h = c = np.zeros((3, 5))
        steps = []
        for step in range(4):
            parts = x[:, step] @ w[f"lstm.weight_ih_l{layer}"].T + h @ w[f"lstm.weight_hh_l{layer}"].T
            i, f, g, o = np.split(parts + w[f"lstm.bias_ih_l{layer}"] + w[f"lstm.bias_hh_l{layer}"], 4, axis=1)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
            steps.append(h)
        x = np.stack(steps, 1)
    np.testing.assert_allclose(found, x @ w["head.weight"].T + w["head.bias"], atol=1e-12)


def test_shortcut_without_weights_slices_and_pads():
    made = network("resnet20_cifar_pad", depth=8)
    shortcut = made.module_dict.stage.module_dict["1"].module_dict.block.module_dict["0"].module_dict.shortcut
    x = torch.rand(2, 16, 8, 8)
    expected = torch.cat([torch.zeros(2, 8, 4, 4), x[:, :, ::2, ::2], torch.zeros(2, 8, 4, 4)], 1)
    assert torch.equal(shortcut(x), expected)


def test_dense_layer_keeps_what_it_is_fed_in_front():
    made = network("densenet_bc100", depths=[1, 1, 1])
    layer = made.module_dict.block.module_dict["0"].module_dict.layer.module_dict["0"]
    parts = layer.module_dict
    x = torch.rand(2, 24, 8, 8)
    y = x
    for part in (parts.bottleneck.module_dict, parts.conv.module_dict):
        y = functional.conv2d(torch.relu(part.norm(y)), part.conv[0].weight, padding=part.conv[0].padding)
    torch.testing.assert_close(layer(x), torch.cat([x, y], 1))


def test_dilation_in_place_of_stride_keeps_an_eighth():
    spec = torcharc.override("zoo/fcn_resnet50", {"outputs": {"stage4": "stage4"}, "vars.size": 64})
    assert torcharc.inspect(spec).outputs["stage4"].shape == (2048, 8, 8)


def test_stochastic_depth_grows_over_the_blocks():
    made = torcharc.build("zoo/convnext_tiny", device="meta")
    rates = [module.p for module in made.modules() if type(module).__name__ == "StochasticDepth"]
    np.testing.assert_allclose(rates, np.linspace(0, 0.1, 18))


def test_initialization_is_that_of_the_paper():
    weight = torcharc.build("zoo/resnet18", seed=0).module_dict.stage.module_dict["3"].state_dict()
    conv = weight["module_dict.block.module_dict.1.module_dict.conv2.0.weight"]
    assert abs(conv.std().item() / (2 / (512 * 9)) ** 0.5 - 1) < 0.01
