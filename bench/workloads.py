"""Workloads: specs, and the same networks as one writes them by hand in plain torch."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

HYDRA: dict[str, Any] = {
    "dag_in_shape": {"image": [3, 20, 20], "vector": [8]},
    "image": {
        "type": "Conv2d",
        "in_names": ["image"],
        "layers": [[16, 4, 2, 0, 1], [16, 4, 1, 0, 1]],
        "batch_norm": True,
        "activation": "ReLU",
        "dropout": 0.2,
        "init": "kaiming_uniform_",
    },
    "merge": {
        "type": "FiLMMerge",
        "in_names": ["image", "vector"],
        "names": {"feature": "image", "conditioner": "vector"},
    },
    "Flatten": {"type": "Flatten"},
    "Linear": {
        "type": "Linear",
        "layers": [64, 32],
        "batch_norm": True,
        "activation": "ReLU",
        "dropout": 0.2,
        "init": "kaiming_uniform_",
    },
    "out": {"type": "Linear", "out_features": 8},
    "fork": {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}},
}

CONV: dict[str, Any] = {
    "dag_in_shape": [3, 1024, 1024],
    "type": "Conv2d",
    "layers": [[64, 3], [64, 3]],
    "batch_norm": True,
    "activation": "ReLU",
}

WIDTH = 8


class Sizes(NamedTuple):
    """What a search varies in `HYDRA`: channels, width of the vector, widths of the layers, of each output."""

    first: int = 16
    second: int = 16
    vector: int = 8
    wide: int = 64
    narrow: int = 32
    out: int = 4


def draw_sizes(seed: int = 0) -> Iterator[Sizes]:
    """Sizes around those of `HYDRA`, without end."""
    draw = random.Random(seed).randint
    while True:
        yield Sizes(draw(12, 20), draw(12, 20), draw(4, 12), draw(48, 80), draw(24, 40), draw(2, 6))


def hydra_of(sizes: Sizes) -> dict[str, Any]:
    """`HYDRA` with other sizes."""
    spec = copy.deepcopy(HYDRA)
    spec["dag_in_shape"]["vector"] = [sizes.vector]
    spec["image"]["layers"] = [[sizes.first, 4, 2, 0, 1], [sizes.second, 4, 1, 0, 1]]
    spec["Linear"]["layers"] = [sizes.wide, sizes.narrow]
    spec["out"]["out_features"] = 2 * sizes.out
    spec["fork"]["shapes"] = {"mean": [sizes.out], "std": [sizes.out]}
    return spec


class Hydra(nn.Module):
    """What `HYDRA` describes: image (N, 3, 20, 20) and vector (N, 8) to mean and std (N, 4); or with other sizes."""

    def __init__(self, sizes: Sizes = Sizes()) -> None:  # noqa: B008  # it is frozen
        super().__init__()
        first, second, vector, wide, narrow, out = sizes
        self.width = out
        self.image = nn.Sequential(
            nn.Conv2d(3, first, 4, 2),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.Dropout2d(0.2),
            nn.Conv2d(first, second, 4),
            nn.BatchNorm2d(second),
            nn.ReLU(),
            nn.Dropout2d(0.2),
        )
        self.scale = nn.Linear(vector, second)
        self.shift = nn.Linear(vector, second)
        self.linear = nn.Sequential(
            nn.Linear(36 * second, wide),
            nn.BatchNorm1d(wide),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(wide, narrow),
            nn.BatchNorm1d(narrow),
            nn.ReLU(),
            nn.Dropout(0.2),
        )
        self.out = nn.Linear(narrow, 2 * out)
        for layer in (self.image[0], self.image[4], self.linear[0], self.linear[4]):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")

    def forward(self, xs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The outputs by name."""
        feature, vector = self.image(xs["image"]), xs["vector"]
        feature = self.scale(vector)[:, :, None, None] * feature + self.shift(vector)[:, :, None, None]
        mean, std = self.out(self.linear(feature.flatten(1))).split([self.width, self.width], dim=1)
        return {"mean": mean, "std": std}


class Conv(nn.Sequential):
    """What `CONV` describes."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.BatchNorm2d(64), nn.ReLU()
        )


def chain(length: int, *, carried: bool) -> dict[str, Any]:
    """The spec of Linear layers in a row; with `carried`, beside a tensor that no layer takes."""
    layer: dict[str, Any] = {"type": "Linear", "out_features": WIDTH}
    shape: Any = {"x": [WIDTH], "c": [WIDTH]} if carried else [WIDTH]
    in_names = {"in_names": ["x"]} if carried else {}
    return {"dag_in_shape": shape, **{f"layer_{index}": {**layer, **in_names} for index in range(length)}}


def chain_class(length: int, *, carried: bool) -> type[nn.Module]:
    """The same by hand: a class with one attribute and one line of `forward` for each layer."""
    makes = [f"        self.layer_{index} = nn.Linear({WIDTH}, {WIDTH})" for index in range(length)]
    calls = [f"        x = self.layer_{index}(x)" for index in range(length)]
    source = "\n".join(
        [
            "class Chain(nn.Module):",
            "    def __init__(self):",
            "        super().__init__()",
            *makes,
            "    def forward(self, xs):",
            "        x, c = xs['x'], xs['c']" if carried else "        x = xs",
            *calls,
            "        return {'x': x, 'c': c}" if carried else "        return x",
        ]
    )
    names: dict[str, Any] = {"nn": nn}
    exec(source, names)  # noqa: S102  # a thousand lines, as a hand would write them
    cls: type[nn.Module] = names["Chain"]
    return cls


def hydra_inputs(batch: int) -> dict[str, Tensor]:
    """Random inputs of `HYDRA`."""
    return {"image": torch.rand(batch, 3, 20, 20), "vector": torch.rand(batch, 8)}


def chain_inputs(batch: int, *, carried: bool) -> Any:
    """Random inputs of a chain."""
    x = torch.rand(batch, WIDTH)
    return {"x": x, "c": torch.rand(batch, WIDTH)} if carried else x


NODES = 50


def nodes_by_hand() -> nn.Sequential:
    """Linear and ReLU in turn, `NODES` of them."""
    return nn.Sequential(*[nn.ReLU() if index % 2 else nn.Linear(WIDTH, WIDTH) for index in range(NODES)])


def nodes(form: str) -> dict[str, Any]:
    """The same as a spec: `arc`, `arcgraph` or `modules`."""
    kinds = [{"type": "ReLU"} if index % 2 else {"type": "Linear", "out_features": WIDTH} for index in range(NODES)]
    named = {f"n{index}": kind for index, kind in enumerate(kinds)}
    if form == "arc":
        return {"dag_in_shape": [WIDTH], **named}
    wires = dict(zip(named, ["x", *named], strict=False))
    last = f"n{NODES - 1}"
    if form == "modules":
        modules = {
            name: {kind["type"]: {key: kind[key] for key in kind if key != "type"} or None}
            for name, kind in named.items()
        }
        graph = {"input": {"x": [WIDTH]}, "modules": {name: [before] for name, before in wires.items()}, "output": last}
        return {"modules": modules, "graph": graph}
    graph = [
        {
            "name": name,
            "type": kind["type"],
            "params": {key: kind[key] for key in kind if key != "type"},
            "inputs": before,
        }
        for (name, kind), before in zip(named.items(), wires.values(), strict=True)
    ]
    return {"inputs": {"x": {"dtype": "float32", "shape": [None, WIDTH]}}, "graph": graph, "outputs": {"y": last}}
