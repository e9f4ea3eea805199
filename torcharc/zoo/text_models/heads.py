"""The layers that end the whole models."""

from __future__ import annotations

from torch import nn


class Head(nn.Sequential):
    """Linear, ReLU, dropout, linear: `(..., I)` to `(..., O)`.

    Args:
        in_features: I.
        hidden: Width between the two layers.
        out_features: O.
        dropout: Probability that a number between the two is zeroed in training.

    Example:
        >>> import torch
        >>> Head(8, 4, 3, 0.1)(torch.zeros(2, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(self, in_features: int, hidden: int, out_features: int, dropout: float):
        super().__init__(
            nn.Linear(in_features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, out_features)
        )
