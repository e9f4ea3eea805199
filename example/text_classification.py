"""Three text architectures of the zoo, trained to tell where a passage of documentation comes from.

    python example/text_classification.py                 about a minute on one core
    python example/text_classification.py --epochs 8

Each network is a spec file of the zoo, built with other values for its variables. A table
shows the results, and `out/text_classification.svg` the learning curves.
"""

from __future__ import annotations

import argparse
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape

import torch
from rich.console import Console
from rich.table import Table
from text_corpus import LABELS, PADDING, WORDS, Part, read_corpus
from torch import Tensor, nn

import torcharc

VOCABULARY, SENTENCE, BATCH = 3000, 10, 64
SIZES = {"vocab_size": VOCABULARY, "num_classes": len(LABELS), "dropout": 0.2}
ENCODER = {"d_model": 48, "n_layers": 2, "n_heads": 4, "d_ff": 96, "max_len": WORDS}
STAGES = {"cnn_hidden_dims": [48, 48], "cnn_kernel_sizes": [3, 5]}
COLOURS = ("#1f6fb4", "#c8501e", "#2e8b57")

Inputs = dict[str, Tensor]


def feed_lengths(ids: Tensor, lengths: Tensor) -> Inputs:
    """Ids with the number of real ones."""
    return {"x": ids, "lengths": lengths}


def feed_mask(ids: Tensor, lengths: Tensor) -> Inputs:
    """Ids with a mask that lets every word attend to the real ones."""
    real = torch.arange(ids.shape[1]) < lengths[:, None]
    return {"x": ids, "mask": real[:, None].float().expand(-1, ids.shape[1], -1)}


def feed_sentences(ids: Tensor, lengths: Tensor) -> Inputs:
    """Ids cut into sentences of equal length."""
    x = ids.unflatten(1, (-1, SENTENCE))
    return {"x": x, "keep": x != PADDING}


# name in the zoo → its variables, and what it is fed
MODELS: dict[str, tuple[Mapping[str, object], Callable[[Tensor, Tensor], Inputs]]] = {
    "cnn_lstm_hybrid": (
        {**SIZES, "embed_dim": 48, "hidden_dims": [48, 64], "kernel_sizes": [3, [3, 5]], "lstm_hidden_size": 32},
        feed_lengths,
    ),
    "transformer_cnn": ({**SIZES, **ENCODER, **STAGES}, feed_mask),
    "hierarchical_attention": ({**SIZES, "embed_dim": 48, "hidden_size": 32}, feed_sentences),
}


def train_model(name: str, train: Part, test: Part, epochs: int) -> dict[str, object]:
    """Parameters, seconds, and the share of test passages that are told right, after each epoch."""
    variables, feed = MODELS[name]
    network = torcharc.build(f"zoo/{name}", seed=0, **variables)
    steps = epochs * -(-len(train.ids) // BATCH)
    optimizer = torcharc.build_optimizer({"type": "AdamW", "lr": 3e-3, "weight_decay": 1e-2, "no_decay": True}, network)
    scheduler = torcharc.build_scheduler({"type": "OneCycleLR", "max_lr": 3e-3, "total_steps": steps}, optimizer)
    criterion = torcharc.build_criterion("CrossEntropyLoss")
    torch.manual_seed(0)
    start, curve = time.perf_counter(), []
    for _ in range(epochs):
        network.train()
        for rows in torch.randperm(len(train.ids)).split(BATCH):
            optimizer.zero_grad()
            loss = criterion(network(feed(train.ids[rows], train.lengths[rows])), train.labels[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
        curve.append(measure_accuracy(network, test, feed))
    params = sum(p.numel() for p in network.parameters())
    return {"params": params, "seconds": time.perf_counter() - start, "curve": curve}


@torch.no_grad()
def measure_accuracy(network: nn.Module, part: Part, feed: Callable[[Tensor, Tensor], Inputs]) -> float:
    """The share of passages that are told right."""
    network.eval()
    right = 0
    for rows in torch.arange(len(part.ids)).split(512):
        found = network(feed(part.ids[rows], part.lengths[rows])).argmax(-1)
        right += int((found == part.labels[rows]).sum())
    return right / len(part.ids)


def draw_curves(curves: Mapping[str, Sequence[float]]) -> str:
    """The learning curves as an SVG picture: accuracy over epochs."""
    width, height, left, top = 560, 320, 60, 20
    low = min(0.5, *(value for curve in curves.values() for value in curve))
    epochs = max(len(curve) for curve in curves.values())

    def place(epoch: float, value: float) -> tuple[float, float]:
        x = left + (width - left - 20) * epoch / epochs
        return round(x, 1), round(top + (height - top - 50) * (1 - value) / (1 - low), 1)

    lines = []
    for tick in range(6):
        value = low + (1 - low) * tick / 5
        (x, y), (end, _) = place(0, value), place(epochs, value)
        lines.append(f'<line x1="{x}" y1="{y}" x2="{end}" y2="{y}" stroke="#ddd"/>')
        lines.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{value:.2f}</text>')
    for epoch in range(1, epochs + 1):
        lines.append(f'<text x="{place(epoch, 0)[0]}" y="{height - 28}" text-anchor="middle">{epoch}</text>')
    lines.append(f'<text x="{left}" y="{top - 6}">accuracy on the passages kept apart</text>')
    lines.append(f'<text x="{width / 2}" y="{height - 8}" text-anchor="middle">epoch</text>')
    for index, (name, curve) in enumerate(curves.items()):
        colour, points = COLOURS[index % len(COLOURS)], [place(e + 1, value) for e, value in enumerate(curve)]
        path = " ".join(f"{x},{y}" for x, y in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
        lines.append(f'<text x="{width - 190}" y="{height - 70 - 18 * index}" fill="{colour}">{escape(name)}</text>')
    style = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {style}>'
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *lines, "</svg>"])


def main(arguments: Sequence[str] | None = None) -> dict[str, dict[str, object]]:
    """Trains all, prints the table, writes the picture; the results by spec file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=800, help="pages of each origin at most")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out"))
    options = parser.parse_args(arguments)
    train, test = read_corpus(options.pages, VOCABULARY)
    results = {name: train_model(name, train, test, options.epochs) for name in MODELS}
    most = float(torch.bincount(test.labels).max()) / len(test.labels)
    table = Table(title=f"{len(train.ids)} passages to learn from, {len(test.ids)} to tell apart: {', '.join(LABELS)}")
    for heading in ("spec file", "parameters", "accuracy", "seconds"):
        table.add_column(heading, justify="left" if heading == "spec file" else "right")
    for name, found in results.items():
        table.add_row(name, f"{found['params']:,}", f"{found['curve'][-1]:.3f}", f"{found['seconds']:.1f}")
    table.add_row("always the commonest", "0", f"{most:.3f}", "")
    Console().print(table)
    options.out.mkdir(parents=True, exist_ok=True)
    picture = options.out / "text_classification.svg"
    picture.write_text(draw_curves({name: found["curve"] for name, found in results.items()}), encoding="utf-8")
    print(f"learning curves: {picture}")
    return results


if __name__ == "__main__":
    main()
