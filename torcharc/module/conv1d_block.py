"""Convolution blocks over time, `(N, C, L)`: one with what goes with it, and a residual pair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from torcharc.errors import Problem, quote
from torcharc.module.position import check_dropout
from torcharc.module.text_options import ACTIVATIONS, check_choice, check_sizes, refuse
from torcharc.registry import register

PADDINGS = ("same", "valid", "causal")


@register(example={"params": {"out_channels": 6, "kernel_size": 3}, "inputs": {"x": [4, 8]}})
class Conv1DBlock(nn.Module):
    """Padding, convolution, batch normalization, activation, dropout: `(N, C, L)` to `(N, C', L')`.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: k.
        stride: Steps between two places of the kernel.
        padding: Zeros on both sides; or `same`: `L' = (L - 1) // stride + 1`, the odd one on the right;
            `causal`: as many, all on the left; `valid`: none.
        dilation: Steps between two taps of the kernel.
        groups: Groups of channels that do not mix.
        bias: Whether the convolution has a bias, beside that of the normalization.
        activation: `relu`, `gelu`, `swish` or `silu`, `leaky_relu`, `tanh`; `None`: none.
        dropout: Probability, 1 excluded, that a number is zeroed in training.
        batch_norm: Whether there is a batch normalization.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> Conv1DBlock(3, 4, kernel_size=2)(torch.zeros(2, 3, 7)).shape
        torch.Size([2, 4, 7])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | str = "same",
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str | None = "relu",
        dropout: float = 0.1,
        batch_norm: bool = True,
    ):
        refuse(_check(dict(locals())))
        super().__init__()
        self.pad = _pad_sizes(padding, dilation * (kernel_size - 1))
        self.conv = nn.Conv1d(
            in_channels, out_channels, kernel_size, stride, dilation=dilation, groups=groups, bias=bias
        )
        self.norm = nn.BatchNorm1d(out_channels) if batch_norm else None
        self.activation = None if activation is None else ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C', L')` for `x` `(N, C, L)`."""
        x = self.conv(F.pad(x, self.pad) if any(self.pad) else x)
        if self.norm is not None:
            x = self.norm(x)
        if self.activation is not None:
            x = self.activation(x)
        out: Tensor = self.dropout(x)
        return out


def _pad_sizes(padding: int | str, total: int) -> tuple[int, int]:
    """Zeros on the left and on the right; torch's own `same` refuses a stride, and copies for even kernels."""
    if not isinstance(padding, str):
        return padding, padding
    left = {"same": total // 2, "causal": total, "valid": 0}[padding]
    return left, 0 if padding == "valid" else total - left


def _check(given: dict[str, Any]) -> Iterator[Problem]:
    names = ("in_channels", "out_channels", "kernel_size", "stride", "dilation", "groups")
    wrong = list(check_sizes(**{name: given[name] for name in names}))
    yield from wrong
    padding, activation = given["padding"], given["activation"]
    if isinstance(padding, str):
        yield from check_choice("padding", padding, PADDINGS)
    elif type(padding) is not int or padding < 0:
        expected = f"an integer of at least 0, or one of: {', '.join(sorted(PADDINGS))}"
        yield Problem(("padding",), quote(padding), expected, code="value")
    if activation is not None:
        yield from check_choice("activation", activation, ACTIVATIONS)
    yield from check_dropout(given["dropout"])
    if wrong:
        return
    for name in ("in_channels", "out_channels"):
        if given[name] % given["groups"]:
            expected = f"a divisor of {name}={given[name]}"
            yield Problem(("groups",), quote(given["groups"]), expected, code="value")


@register(infer={"channels": 1}, example={"params": {"kernel_size": 2}, "inputs": {"x": [4, 8]}})
class ResidualBlock(nn.Module):
    """Two convolutions and what they are fed, added: `relu(norm(conv(block(x))) + x)`, `(N, C, L)` to the same.

    Args:
        channels: C.
        kernel_size: Steps that each convolution sees.
        dropout: Probability, 1 excluded, that a number between the two is zeroed in training.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> ResidualBlock(4)(torch.zeros(2, 4, 7)).shape
        torch.Size([2, 4, 7])
    """

    def __init__(self, channels: int, kernel_size: int = 3, dropout: float = 0.1):
        refuse([*check_sizes(channels=channels, kernel_size=kernel_size), *check_dropout(dropout)])
        super().__init__()
        self.first = Conv1DBlock(channels, channels, kernel_size, dropout=dropout)
        self.second = Conv1DBlock(channels, channels, kernel_size, activation=None, dropout=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, L)` for `x` `(N, C, L)`."""
        return F.relu(self.second(self.first(x)) + x)
