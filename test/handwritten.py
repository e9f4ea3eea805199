"""The reference arcs as one would write them by hand: the oracle of their tests.

Every class takes its arc's inputs by keyword, or as one tensor, and makes its modules in the order
of the arc's nodes, so that one seed gives both the same weights.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def conv_stack(rank: int, channels: int = 3) -> nn.Sequential:
    conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[rank - 1]
    norm = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[rank - 1]
    drop = (nn.Dropout, nn.Dropout2d, nn.Dropout3d)[rank - 1]
    stack = nn.Sequential(
        conv(channels, 16, 4, 2, 0, 1), norm(16), nn.ReLU(), drop(0.2),
        conv(16, 16, 4, 1, 0, 1), norm(16), nn.ReLU(), drop(0.2),
    )  # fmt: skip
    return kaiming(stack)


def mlp_stack(width: int = 8) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2),
    )  # fmt: skip


def kaiming(stack: nn.Sequential) -> nn.Sequential:
    for module in stack:
        if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
    return stack


def linear_stack() -> nn.Sequential:
    stack = mlp_stack()
    nn.init.normal_(stack[0].weight, std=0.01)
    nn.init.normal_(stack[4].weight, std=0.01)
    return stack


def transposed_stack() -> nn.Sequential:
    stack = nn.Sequential(nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.ReLU())
    for layer in (stack[0], stack[2]):
        nn.init.xavier_uniform_(layer.weight, gain=2**0.5)
    return stack


class FiLM(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.scale, self.shift = nn.Linear(width, channels), nn.Linear(width, channels)

    def forward(self, feature, conditioner):
        axes = (..., *[None] * (feature.ndim - 2))
        return self.scale(conditioner)[axes] * feature + self.shift(conditioner)[axes]


class Concat(nn.Module):
    def forward(self, vector_0, vector_1, vector_2):
        return torch.cat([vector_0, vector_1, vector_2], 1)


class FiLMed(nn.Module):
    def __init__(self):
        super().__init__()
        self.film = FiLM(3, 8)

    def forward(self, image, vector):
        return self.film(image, vector)


class Reuse(nn.Module):
    def forward(self, x):
        return {"reuse_0": x, "reuse_1": x}


class MeanStd(nn.Module):
    def forward(self, x):
        return {"mean": x[:, :4], "std": x[:, 4:]}


class MergeFork(nn.Module):
    def __init__(self):
        super().__init__()
        self.film = FiLM(8, 16)

    def forward(self, vector_0, vector_1):
        return MeanStd()(self.film(vector_0, vector_1))


class ForkMerge(nn.Module):
    def __init__(self):
        super().__init__()
        self.film = FiLM(4, 4)

    def forward(self, x):
        return self.film(x[:, :4], x[:, 4:])


class TwoLinears(nn.Module):
    def __init__(self, left, right, split):
        super().__init__()
        self.left, self.right, self.split = nn.Linear(left, 8), nn.Linear(right, 6), split

    def forward(self, x):
        a, b = (x[:, :4], x[:, 4:]) if self.split else (x, x)
        left, right = self.left(a), self.right(b)
        return {"right": right, "left": left}


class MergeForwardSplit(nn.Module):
    def __init__(self):
        super().__init__()
        self.film, self.linear = FiLM(3, 8), nn.Linear(1200, 8)

    def forward(self, image, vector):
        return MeanStd()(self.linear(self.film(image, vector).flatten(1)))


class Hydra(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.film = conv_stack(2), FiLM(16, 8)
        self.linear, self.out = kaiming(mlp_stack(576)), nn.Linear(32, 8)

    def forward(self, image, vector):
        return MeanStd()(self.out(self.linear(self.film(self.image(image), vector).flatten(1))))


class ResidualMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(16, 32)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32)) for _ in range(2)
        )
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


class TwoTower(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.item = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())

    def forward(self, user, item):
        return torch.einsum("nd,nd->n", self.user(user), self.item(item))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        )  # fmt: skip
        self.code, self.wide = nn.Linear(32 * 7 * 7, 16), nn.Linear(16, 32 * 7 * 7)
        self.up_1, self.up_2 = nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ConvTranspose2d(16, 1, 4, 2, 1)

    def forward(self, x):
        x = F.relu(self.wide(self.code(self.encoder(x).flatten(1)))).view(-1, 32, 7, 7)
        return torch.sigmoid(self.up_2(torch.sigmoid(self.up_1(x))))


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(3, 32, 2, batch_first=True), nn.Linear(32, 12)

    def forward(self, series):
        sequence, _ = self.lstm(series)
        return self.head(sequence[:, -1])


class StereoConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(3, 16, 4, 2),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 4, 2),
            nn.BatchNorm2d(32),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, 10)

    def forward(self, left, right):
        return self.head(torch.cat([self.conv(left), self.conv(right)], 1).mean((2, 3)))


class DigitsHydra(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = kaiming(
            nn.Sequential(
                nn.Conv2d(1, 32, 3, 1, 1),
                nn.BatchNorm2d(32),
                nn.ReLU(),
                nn.Conv2d(32, 64, 3, 1, 1),
                nn.BatchNorm2d(64),
                nn.ReLU(),
            )
        )
        self.film = FiLM(64, 16)
        self.trunk = kaiming(nn.Sequential(nn.Linear(1024, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.3)))
        self.digit, self.ink = nn.Linear(128, 10), nn.Linear(128, 1)

    def forward(self, image, sums):
        x = self.trunk(F.max_pool2d(self.film(self.image(image), sums), 2).flatten(1))
        return {"ink": self.ink(x), "digit": self.digit(x)}


HANDWRITTEN = {
    "Conv1d": lambda: conv_stack(1),
    "Conv2d": lambda: conv_stack(2),
    "Conv3d": lambda: conv_stack(3),
    "Linear": linear_stack,
    "ConvTranspose2d": transposed_stack,
    "forward": lambda: kaiming(mlp_stack()),
    "ConcatMerge": Concat,
    "FiLMMerge": FiLMed,
    "ReuseFork": Reuse,
    "SplitFork": MeanStd,
    "merge_fork": MergeFork,
    "fork_merge": ForkMerge,
    "reuse_fork_forward": lambda: TwoLinears(8, 8, split=False),
    "split_fork_forward": lambda: TwoLinears(4, 4, split=True),
    "merge_forward_split": MergeForwardSplit,
    "hydra": Hydra,
    "residual_mlp": ResidualMLP,
    "two_tower": TwoTower,
    "autoencoder": Autoencoder,
    "forecaster": Forecaster,
    "stereo_conv": StereoConv,
    "digits_hydra": DigitsHydra,
}
