"""The gallery: builds, runs and shows every reference arc, then trains one on real data.

    python arc_ref.py            every arc, then the training
    python arc_ref.py hydra      the arcs whose names match, without the training

The training is `digits_hydra`: scikit-learn's handwritten digits, as an image and as the sums of
its rows and columns; two heads, one for the digit and one for the total ink.
"""

from __future__ import annotations

import argparse
import fnmatch
import pathlib
import time
from collections.abc import Callable
from typing import Any

import torch
import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import torcharc
from torcharc.arc_ref import REF_ARCS

OUT = pathlib.Path("out")
HEAVY = 10_000_000_000  # MACs of one sample above which a forward pass runs on the meta device
SERIES = [32, 1]  # what the time-series transformers are shown: 32 steps of one channel
OPTIMIZER = {"type": "AdamW", "lr": 3e-3, "weight_decay": 1e-2, "no_decay": True}
CRITERION = [
    {"type": "CrossEntropyLoss", "inputs": {"input": "digit", "target": "digit"}},
    {"type": "MSELoss", "inputs": {"input": "ink", "target": "ink"}, "weight": 0.1},
]


def sample(tensor: Any, batch: int, device: str) -> Any:
    """A random batch for what `inspect` says of an input."""
    if isinstance(tensor, dict):
        return {name: sample(item, batch, device) for name, item in tensor.items()}
    if tensor is None:
        return torch.rand(batch, *SERIES, device=device)
    shape = [batch, *(32 if size is None else size for size in tensor.shape)]
    if tensor.dtype == "int64":
        return torch.zeros(shape, dtype=torch.int64, device=device)
    return torch.rand(shape, device=device)


def show(structure: Any) -> str:
    """Shapes without the batch axis, as the table prints them."""
    if isinstance(structure, dict):
        return "\n".join(f"{name} {show(item)}" for name, item in structure.items())
    return "(" + ", ".join(str(size) for size in structure.shape[1:]) + ")"


def timed(action: Callable[[], Any]) -> tuple[Any, float]:
    """What `action` gives, and the milliseconds that it took."""
    start = time.perf_counter()
    result = action()
    return result, (time.perf_counter() - start) * 1e3


def add_row(table: Table, name: str, arc: dict[str, Any], heavy: float) -> None:
    """Builds an arc, runs it (on the meta device above `heavy` MACs), and adds what came out to the table."""
    found = torcharc.inspect(arc)
    device = "meta" if (found.macs or 0) > heavy else "cpu"
    net, build_time = timed(lambda: torcharc.build(arc, device=device, seed=0))
    inputs = found.inputs if "dag_in_shape" in arc and len(found.inputs) > 1 else next(iter(found.inputs.values()))
    x = sample(inputs, 2, device)
    with torch.no_grad():
        y, forward_time = timed(lambda: net.eval()(x))
    count = sum(parameter.numel() for parameter in net.parameters())
    forward = "meta" if device == "meta" else f"{forward_time:.1f}"
    table.add_row(name, show(x), show(y), f"{count:,}", f"{build_time:.1f}", forward)


def show_gallery(console: Console, pattern: str, heavy: float) -> None:
    """Builds and runs the reference arcs whose names match, and prints them as a table."""
    title = "Reference arcs: shapes without the batch axis; milliseconds for a batch of 2"
    caption = (
        "meta: too heavy for a gallery (over 10 GMAC a sample), built and run on the meta device; --heavy runs them"
    )
    table = Table(title=title, box=SIMPLE_HEAD, caption=caption if heavy == HEAVY else None)
    table.add_column("name", max_width=20, overflow="fold")
    table.add_column("inputs", min_width=13, overflow="fold")
    table.add_column("outputs", min_width=9, overflow="fold")
    for column in ("parameters", "build", "forward"):
        table.add_column(column, justify="right", no_wrap=True)
    names = fnmatch.filter(REF_ARCS, pattern)
    with Progress(TextColumn("{task.description}"), BarColumn(), console=console, transient=True) as progress:
        for name in progress.track(names, description="building"):
            add_row(table, name, REF_ARCS[name], heavy)
    console.print(table)


def load_data() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The digits, split into training and held-out data: image, sums, digit and ink."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32) / 16
    data = {
        "image": images[:, None],
        "sums": torch.cat([images.sum(2), images.sum(1)], dim=1) / 8,
        "digit": torch.tensor(digits.target),
        "ink": images.sum((1, 2))[:, None] / 64,
    }
    train, held_out = train_test_split(range(len(images)), test_size=0.25, random_state=0, stratify=digits.target)
    return {name: x[train] for name, x in data.items()}, {name: x[held_out] for name, x in data.items()}


def train(console: Console, epochs: int = 30, batch_size: int = 64) -> float:
    """Trains `digits_hydra`, saves its spec and weights, and gives the held-out accuracy."""
    arc = REF_ARCS["digits_hydra"]
    data, held_out = load_data()
    torch.manual_seed(0)  # for the dropout, so that every run is the same
    net = torcharc.build(arc, seed=0)
    criterion = torcharc.build_criterion(CRITERION)
    optimizer = torcharc.build_optimizer(OPTIMIZER, net)
    count = len(data["digit"])
    steps = epochs * -(-count // batch_size)
    scheduler = torcharc.build_scheduler({"type": "OneCycleLR", "max_lr": 3e-3, "total_steps": steps}, optimizer)
    shuffle = torch.Generator().manual_seed(0)
    columns = (TextColumn("training"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=steps)
        for epoch in range(epochs):
            net.train()
            for rows in torch.randperm(count, generator=shuffle).split(batch_size):
                batch = {name: x[rows] for name, x in data.items()}
                loss = criterion(net({"image": batch["image"], "sums": batch["sums"]}), batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
                progress.advance(task)
            accuracy, error = evaluate(net, held_out)
            text = f"epoch {epoch + 1:2}/{epochs}  accuracy {accuracy:.2%}  ink error {error:.4f}"
            progress.update(task, description=text)
    save(net, arc)
    console.print(f"held-out accuracy {accuracy:.2%}, mean ink error {error:.4f}; saved {OUT}/digits_hydra.*")
    return accuracy


def evaluate(net: torch.nn.Module, data: dict[str, torch.Tensor]) -> tuple[float, float]:
    """The accuracy of the digits, and the mean absolute error of the ink."""
    net.eval()
    with torch.no_grad():
        found = net({"image": data["image"], "sums": data["sums"]})
    accuracy = (found["digit"].argmax(1) == data["digit"]).float().mean().item()
    return accuracy, (found["ink"] - data["ink"]).abs().mean().item()


def save(net: torch.nn.Module, arc: dict[str, Any]) -> None:
    """The spec as YAML beside the weights as safetensors; `torcharc.build` reads the first."""
    OUT.mkdir(exist_ok=True)
    (OUT / "digits_hydra.yaml").write_text(yaml.safe_dump(arc, sort_keys=False))
    save_file(net.state_dict(), OUT / "digits_hydra.safetensors")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Builds, runs and shows the reference arcs; then trains one.")
    parser.add_argument("pattern", nargs="?", help="names to show, with * and ?; leaves the training out")
    parser.add_argument("--heavy", action="store_true", help="run the heavy arcs too (minutes, and 4 GB of memory)")
    arguments = parser.parse_args()
    console = Console()
    show_gallery(console, arguments.pattern or "*", float("inf") if arguments.heavy else HEAVY)
    if arguments.pattern is None:
        train(console)


if __name__ == "__main__":
    main()
