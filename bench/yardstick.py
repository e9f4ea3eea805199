"""Other ways from a description to a network: `python -P bench/yardstick.py SECONDS`, one line of JSON each.

A chain of 50 nodes, Linear and ReLU in turn, is read, checked as far as the tool checks, and built:
with Hydra's `instantiate`, with TorchArc 2.1.2 (pydantic; where this interpreter can install it),
and with a parser of rows `[from, number, module, args]` as the YOLO repositories have it. Each is
compared with the constructors written by hand.
"""

from __future__ import annotations

import ast
import copy
import importlib
import json
import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import torch
from torch import nn

from bench.measure import Task, compare
from bench.workloads import NODES, WIDTH, nodes_by_hand


def parse_rows(rows: list[list[Any]]) -> nn.Sequential:
    """The network of rows `[from, number, module, args]`: names looked up in `torch.nn`, texts read as literals."""
    layers, saved = [], []
    for index, (source, number, name, args) in enumerate(rows):
        cls = getattr(nn, name)
        values = [ast.literal_eval(value) if isinstance(value, str) else value for value in args]
        module = nn.Sequential(*[cls(*values) for _ in range(number)]) if number > 1 else cls(*values)
        module.index, module.source, module.name = index, source, name
        module.count = sum(weight.numel() for weight in module.parameters())
        saved += [source % index for source in [source] if source != -1]
        layers.append(module)
    network = nn.Sequential(*layers)
    network.saved = sorted(saved)  # type: ignore[assignment]
    return network


def tools() -> Iterator[tuple[str, Callable[[Any], nn.Module], Any]]:
    """Name, build and spec of each tool that is installed here."""
    kinds = ["Linear" if index % 2 == 0 else "ReLU" for index in range(NODES)]
    rows = [[-1, 1, kind, [WIDTH, f"{WIDTH}"] if kind == "Linear" else []] for kind in kinds]
    yield "rows in the manner of YOLO", parse_rows, rows
    if _has("hydra", "utils"):
        from hydra.utils import instantiate

        sizes = {"in_features": WIDTH, "out_features": WIDTH}
        args = [{"_target_": f"torch.nn.{kind}", **(sizes if kind == "Linear" else {})} for kind in kinds]
        yield "Hydra, instantiate", instantiate, {"_target_": "torch.nn.Sequential", "_args_": args}
    if _has("torcharc", "Spec"):  # not our own
        import torcharc

        names = [f"n{index}" for index in range(NODES)]
        modules = {
            name: {"Linear": {"in_features": WIDTH, "out_features": WIDTH}} if kind == "Linear" else {"ReLU": None}
            for name, kind in zip(names, kinds, strict=True)
        }
        wires = {name: [before] for name, before in zip(names, ["x", *names], strict=False)}
        spec = {"modules": modules, "graph": {"input": "x", "modules": wires, "output": names[-1]}}
        yield "TorchArc 2.1.2, check alone", lambda given: torcharc.Spec(**given), spec
        yield "TorchArc 2.1.2", torcharc.build, spec


def _has(package: str, name: str) -> bool:
    """Whether a package is installed here and has `name`."""
    try:
        return hasattr(importlib.import_module(package), name)
    except ImportError:
        return False


def main(seconds: str) -> None:
    """Measures each tool."""
    torch.set_num_threads(1)
    for name, build, spec in tools():
        network = build(copy.deepcopy(spec))
        if isinstance(network, nn.Module):
            count = sum(weight.numel() for weight in network.parameters())
            if count != sum(weight.numel() for weight in nodes_by_hand().parameters()):
                raise ValueError(f"{name}: {count} parameters")
        timing = compare(
            Task(build, lambda spec=spec: copy.deepcopy(spec)), Task(lambda _: nodes_by_hand()), float(seconds)
        )
        found = {"row": name, "value": timing.subject, "hand": timing.yardstick, "ratio": timing.ratio}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
