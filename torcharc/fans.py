"""What drawn weights can be divided by: how many values a unit of their layer takes in or gives out to."""

from __future__ import annotations

import math

import torch
from torch import nn

PER = ("fan_in", "fan_out", "sqrt_fan_in", "sqrt_fan_out")
"""The words of the key `per` of an initializer."""


def fan_of(weight: torch.Tensor, per: str) -> float:
    """The fan of a weight, or its root, as `torch.nn.init` counts fans.

    Args:
        weight: Of rank 2 or more: (out, in) and the size of the kernel, if it has one.
        per: One of `PER`.

    Example:
        >>> fan_of(torch.empty(8, 3, 5, 5), "fan_in"), fan_of(torch.empty(9, 4), "sqrt_fan_out")
        (75.0, 3.0)
    """
    fan = float(math.prod(weight.shape[2:]) * weight.shape[1 if per.endswith("in") else 0])
    return math.sqrt(fan) if per.startswith("sqrt") else fan


def weight_beside(owner: nn.Module, bias: str, first: torch.Tensor) -> torch.Tensor:
    """The weight that stands beside a bias of a layer: `weight_hh_l0` beside `bias_hh_l0`; else `first`."""
    weight = owner._parameters.get(bias.replace("bias", "weight"))
    return weight if weight is not None and weight.ndim >= 2 else first
