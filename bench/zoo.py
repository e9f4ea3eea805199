"""`python -m bench.zoo`: builds of the zoo, from the text of each file: on meta, and beside constructors by hand."""

from __future__ import annotations

import argparse
import sys
import time

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

import torcharc
from bench.measure import Task, Timing, compare
from bench.rows import Goal
from bench.zoo_text import Bert, ViT

ON_META = Goal(150, "ms")
ON_CPU = Goal(1.15)


class Bottleneck(nn.Module):
    """A block of ResNet-50, written by hand."""

    def __init__(self, before: int, width: int, stride: int, *, project: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.project = project
        if project:
            self.conv4 = nn.Conv2d(before, 4 * width, 1, stride, bias=False)
            self.bn4 = nn.BatchNorm2d(4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (self.bn4(self.conv4(x)) if self.project else x))


class ResNet50(nn.Module):
    """What `zoo/resnet50` describes, written by hand: image (N, 3, 224, 224) to logits (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(3, 2, 1)
        blocks, before = [], 64
        for stage, depth in enumerate((3, 4, 6, 3)):
            width = 64 * 2**stage
            for index in range(depth):
                stride = 2 if stage and index == 0 else 1
                blocks.append(Bottleneck(before, width, stride, project=index == 0))
                before = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(before, 1000)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.kaiming_normal_(self.head.weight, nonlinearity="relu")
        nn.init.zeros_(self.head.bias)

    def forward(self, image: Tensor) -> Tensor:
        """The logits."""
        x = self.blocks(self.pool(torch.relu(self.bn(self.conv(image)))))
        return self.head(x.mean((2, 3)))


BY_HAND: dict[str, type[nn.Module]] = {"zoo/resnet50": ResNet50, "zoo/vit_b_16": ViT, "zoo/bert_base": Bert}


def measure_on_cpu(name: str, seconds: float) -> Timing:
    """A build by name, its plan known, beside the constructor; the random numbers are drawn by both."""
    return compare(Task(lambda _: torcharc.build(name)), Task(lambda _: BY_HAND[name]()), seconds)


def measure_on_meta(name: str, repeats: int) -> float:
    """Milliseconds of CPU time of a build on meta, from the text of the file; the least of some."""
    torcharc.build(name, device="meta")
    times = []
    for _ in range(repeats):
        start = time.process_time()
        torcharc.build(name, device="meta")
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def main() -> None:
    """Measures, and prints the tables. A goal that is missed is marked; the exit status stays 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.zoo", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*", help="pattern of the names to measure")
    parser.add_argument("--quick", action="store_true", help="few repetitions: rough")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = torcharc.zoo.list(options.pattern)
    table = Table(title="builds of the zoo, CPU time of one thread")
    for heading in ("name", "device", "torcharc", "by hand", "ratio", "goal", ""):
        table.add_column(heading, no_wrap=True)
    for name in [name for name in BY_HAND if name in names]:
        found = measure_on_cpu(name, 3 if options.quick else 20)
        amounts = [f"{1e3 * value:.0f} ms" for value in (found.subject, found.yardstick)]
        table.add_row(name, "cpu", *amounts, f"{found.ratio:.2f}×", str(ON_CPU), _verdict(found.ratio, ON_CPU))
    for name in names:
        found_ms = measure_on_meta(name, 2 if options.quick else 10)
        table.add_row(name, "meta", f"{found_ms:.0f} ms", "", "", str(ON_META), _verdict(found_ms, ON_META))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _verdict(value: float, goal: Goal) -> str:
    return "[green]met[/]" if round(value, 2) <= goal.most else "[red]missed[/]"


if __name__ == "__main__":
    main()
