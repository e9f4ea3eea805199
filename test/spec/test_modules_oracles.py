"""Examples of TorchArc 2.x beside the same networks written by hand: same seed, same numbers."""

import pytest
import torch
from modules_examples import feed, read, read_with_shapes
from torch import nn

import torcharc


def stereo_conv():
    return nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3, stride=2), nn.ReLU(), nn.Flatten())


class Lines(nn.Module):
    """Modules in the order in which they are made, and a forward pass over them."""

    def __init__(self, run, **parts):
        super().__init__()
        self.parts = nn.ModuleDict(parts)
        self.run = run

    def forward(self, **fed):
        return self.run(self.parts, **fed)


def merge(run, out=(4, 4), last=4, head=True, **more):
    parts = {"left": nn.Linear(8, out[0]), "right": nn.Linear(9, out[1]), **{key: make() for key, make in more.items()}}
    if head:
        parts["fc"] = nn.Linear(last, 1)
    return Lines(lambda m, x_0, x_1: run(m, m["left"](x_0), m["right"](x_1)), **parts)


def dlrm(mix, **parts):
    dense = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
    embeds = {f"embed_{index}": nn.Embedding(1000, 64) for index in range(3)}
    made = {key: make() for key, make in parts.items()}
    mlp = nn.Sequential(nn.Linear(256 if "attn" in parts else 64, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())

    def run(m, dense, **sparse):
        features = [m["dense"](dense), *(m[f"embed_{index}"](sparse[f"sparse_{index}"]) for index in range(3))]
        return m["mlp"](mix(m, features))

    return Lines(run, dense=dense, **embeds, **made, mlp=mlp)


def attend(m, features):
    stacked = torch.stack(features, 1)  # (N, 4, D)
    return m["attn"](stacked, stacked, stacked)[0].flatten(1)


def film_image_state():
    conv = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU())
    condition = nn.Sequential(nn.Linear(4, 16), nn.ReLU())
    gamma, beta = nn.Linear(16, 32), nn.Linear(16, 32)
    head = nn.Sequential(nn.Conv2d(32, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))

    def run(m, image, state):
        c = m["condition"](state)
        scale, shift = m["gamma"](c)[:, :, None, None], m["beta"](c)[:, :, None, None]  # (N, C, 1, 1)
        return m["head"](scale * m["conv"](image) + shift)

    return Lines(run, conv=conv, condition=condition, gamma=gamma, beta=beta, head=head)


def transformer(d_model, layers, width, **around):
    made = {key: make() for key, make in around.items() if key != "fc"}
    made["body"] = nn.Transformer(d_model, 4, layers, layers, width, batch_first=True)
    return {**made, "fc": around["fc"]()}


def text_classifier():
    def layer():
        return nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)

    parts = {"embed": nn.Embedding(1000, 64), "first": layer(), "second": layer(), "fc": nn.Linear(64, 10)}
    return Lines(lambda m, text: m["fc"](m["second"](m["first"](m["embed"](text))).mean(1)), **parts)


HANDWRITTEN = {
    "basic/mlp": lambda: Lines(
        lambda m, x: m["mlp"](x), mlp=nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    ),
    "basic/conv": lambda: Lines(
        lambda m, image: m["fc"](m["conv"](image)),
        conv=nn.Sequential(
            *(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU()),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        ),
        fc=nn.Linear(32, 10),
    ),
    "basic/rnn": lambda: Lines(
        lambda m, x: m["fc"](m["rnn"](x)[0][:, -1]), rnn=nn.LSTM(7, 24, 2, batch_first=True), fc=nn.Linear(24, 10)
    ),
    "basic/stereo_conv_reuse": lambda: Lines(
        lambda m, left_image, right_image: (m["fc"](m["conv"](left_image)), m["fc"](m["conv"](right_image))),
        conv=stereo_conv(),
        fc=nn.Linear(16 * 14 * 14, 10),
    ),
    "compact/mlp": lambda: Lines(
        lambda m, x: m["mlp"](x),
        mlp=nn.Sequential(
            *(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()),
            *(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU()),
        ),
    ),
    "compact/conv_classifier": lambda: Lines(
        lambda m, image: m["fc"](m["conv"](image).flatten(1)),
        conv=nn.Sequential(
            *(nn.BatchNorm2d(3), nn.Conv2d(3, 16, 3, 1), nn.ReLU(), nn.Dropout2d(0.1)),
            *(nn.BatchNorm2d(16), nn.Conv2d(16, 32, 3, 2), nn.ReLU(), nn.Dropout2d(0.1)),
            *(nn.BatchNorm2d(32), nn.Conv2d(32, 64, 3, 2), nn.ReLU(), nn.Dropout2d(0.1)),
        ),
        fc=nn.Linear(64 * 6 * 6, 10),
    ),
    "fn/fn_topk": lambda: Lines(
        lambda m, x: tuple(torch.topk(m["mlp"](x), 3)),
        mlp=nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10), nn.ReLU()),
    ),
    "fn/reduce_mean": lambda: Lines(lambda m, text: m["embed"](text).mean(1), embed=nn.Embedding(1000, 128)),
    "fork/split": lambda: Lines(lambda m, x: m["mlp"](x).split([4, 6], 1), mlp=nn.Linear(32, 10)),
    "get/get": lambda: Lines(lambda m, x: m["mlp"](x).chunk(2, 1), mlp=nn.Linear(32, 10)),
    "get/index_select": lambda: Lines(lambda m, x: m["mlp"](x)[:, [0, 2, 4]], mlp=nn.Linear(32, 10)),
    "get/narrow": lambda: Lines(
        lambda m, x: m["fc"](m["rnn"](x)[0][:, 9]), rnn=nn.GRU(7, 16, batch_first=True), fc=nn.Linear(16, 10)
    ),
    "merge/sum": lambda: merge(lambda m, a, b: m["fc"](a + b)),
    "merge/prod": lambda: merge(lambda m, a, b: m["fc"](a * b)),
    "merge/mean": lambda: merge(lambda m, a, b: m["fc"]((a + b) / 2)),
    "merge/concat": lambda: merge(lambda m, a, b: m["fc"](torch.cat([a, b], 1)), out=(4, 6), last=10),
    "merge/stack": lambda: merge(lambda m, a, b: torch.stack([a, b], 1), out=(10, 10), head=False),
    "merge/dot": lambda: merge(lambda m, a, b: torch.einsum("nd,nd->n", a, b), out=(10, 10), head=False),
    "merge/film": lambda: merge(
        lambda m, a, b: m["fc"](m["gamma"](b) * a + m["beta"](b)),
        out=(4, 6),
        gamma=lambda: nn.Linear(6, 4),
        beta=lambda: nn.Linear(6, 4),
    ),
    "merge/bmm": lambda: Lines(lambda m, mat_0, mat_1: torch.einsum("nij,njk->nik", mat_0, mat_1)),
    "mnist/mlp": lambda: Lines(
        lambda m, image: m["fc"](m["mlp"](image.flatten(1))),
        mlp=nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()),
        fc=nn.Linear(64, 10),
    ),
    "transformer/attn": lambda: Lines(
        lambda m, x, memory: m["fc"](m["attn"](x, memory, memory)[0]),
        attn=nn.MultiheadAttention(8, 2, kdim=9, vdim=9, batch_first=True),
        fc=nn.Linear(8, 10),
    ),
    "transformer/transformer": lambda: Lines(
        lambda m, src, tgt: m["fc"](m["body"](m["src"](src), m["tgt"](tgt))),
        **transformer(
            *(16, 2, 64), src=lambda: nn.Linear(8, 16), tgt=lambda: nn.Linear(8, 16), fc=lambda: nn.Linear(16, 10)
        ),
    ),
    "transformer/text_classifier": text_classifier,
    "transformer/text_summarizer": lambda: Lines(
        lambda m, text, summary: m["fc"](m["body"](m["embed"](text), m["embed"](summary))),
        **transformer(*(64, 2, 128), embed=lambda: nn.Embedding(10000, 64), fc=lambda: nn.Linear(64, 10000)),
    ),
    "advanced/dlrm_sum": lambda: dlrm(lambda m, features: sum(features)),
    "advanced/dlrm_attn": lambda: dlrm(attend, attn=lambda: nn.MultiheadAttention(64, 4, batch_first=True)),
    "advanced/film_image_state": film_image_state,
}


@pytest.mark.parametrize("name", HANDWRITTEN)
def test_example_is_the_network_written_by_hand(name):
    network = torcharc.build(read_with_shapes(name), seed=11).eval()
    torch.manual_seed(11)
    written, fed = HANDWRITTEN[name]().eval(), feed(name)
    torch.testing.assert_close(network(fed), written(**fed), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", HANDWRITTEN)
def test_example_learns_as_the_network_written_by_hand(name):
    network = torcharc.build(read_with_shapes(name), seed=11).train()
    torch.manual_seed(11)
    written, fed = HANDWRITTEN[name]().train(), feed(name)
    for each in (network, written):
        torch.manual_seed(12)  # of the dropout
        result = each(**fed)
        parts = result if isinstance(result, tuple) else (result,)
        loss = sum(part.square().sum() for part in parts if part.is_floating_point())
        if loss.requires_grad:
            loss.backward()
    found = [parameter.grad for parameter in network.parameters()]
    torch.testing.assert_close(found, [parameter.grad for parameter in written.parameters()], rtol=1e-5, atol=1e-6)


def test_lazy_example_is_the_lazy_network_written_by_hand():
    network = torcharc.build(read("compact/mlp_classifier"), seed=0)
    written = nn.Sequential(
        *(nn.LazyBatchNorm1d(), nn.LazyLinear(64), nn.ReLU(), nn.Dropout(0.1)),
        *(nn.LazyBatchNorm1d(), nn.LazyLinear(64), nn.ReLU(), nn.Dropout(0.1)),
        *(nn.LazyBatchNorm1d(), nn.LazyLinear(32), nn.ReLU(), nn.Dropout(0.1)),
        nn.LazyLinear(10),
    )
    fed, results = feed("compact/mlp_classifier"), []
    for each in (network, written):
        torch.manual_seed(7)
        results.append(each(*fed.values()))
    torch.testing.assert_close(*results, rtol=1e-6, atol=1e-6)
