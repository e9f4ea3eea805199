"""Tensors that are nodes of their own: trainable (`Parameter`) and fixed (`Constant`)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from torcharc.registry import register


class _Given(nn.Module):
    """Gives a tensor; fed with a batch, once for each sample of it."""

    def tensor(self) -> Tensor:
        """The tensor itself."""
        raise NotImplementedError

    def forward(self, input: Tensor | None = None) -> Tensor:
        """The tensor of shape `shape`; where `input` of shape `(N, ...)` is fed, `(N, *shape)`, without a copy."""
        given = self.tensor()
        return given if input is None else given.expand(input.shape[0], *given.shape)


@register(example={"params": {"shape": [2, 6]}, "inputs": {"input": [5]}})
class Parameter(_Given):
    """A trainable tensor: a class token, a table of positions, a scale.

    Without input it is the tensor as it stands, which broadcasts over a batch: a table `[L, D]` or a
    scale `[D]` is added to or multiplied with `(N, L, D)`. Fed with a batch, it stands there once for
    each sample: a class token `[1, D]` becomes `(N, 1, D)`, which `torch.cat` joins to `(N, L, D)`.

    Args:
        shape: Its shape; `[]` is a single number.
        value: What it starts as: a number, or nested lists of that shape; default: drawn from a
            normal distribution.
        std: Standard deviation of that distribution, as in BERT and ViT.

    Example:
        >>> Parameter([1, 8])(torch.rand(3, 5, 8)).shape, Parameter([8], value=1)().shape
        (torch.Size([3, 1, 8]), torch.Size([8]))
    """

    init_names = ("weight",)

    def __init__(self, shape: list[int], *, value: float | list[Any] | None = None, std: float = 0.02):
        super().__init__()
        self.std = std
        self.weight = nn.Parameter(torch.empty(*shape) if shape else torch.empty(()))
        if value is None:
            nn.init.normal_(self.weight, std=std)
        else:
            start = torch.as_tensor(value, dtype=self.weight.dtype)
            if start.ndim and start.shape != self.weight.shape:
                raise ValueError(f"value has the shape {list(start.shape)}, not {list(shape)}")
            with torch.no_grad():
                self.weight.copy_(start)

    def tensor(self) -> Tensor:
        """The parameter."""
        return self.weight

    def extra_repr(self) -> str:
        """Its shape."""
        return f"{list(self.weight.shape)}"


@register(example={"params": {"value": [[0.5, 1.0, 2.0]]}, "inputs": {"input": [5]}})
class Constant(_Given):
    """A fixed tensor: a mask, a table of numbers, a factor. It follows the network's device and dtype.

    Args:
        value: A number, or nested lists of numbers or booleans; whole numbers give int64.
        shape: Its shape, where one `value` fills it; default: the shape of `value`.

    Example:
        >>> Constant([1, 2])(), Constant(0.5, shape=[2])(torch.rand(3, 8)).shape
        (tensor([1, 2]), torch.Size([3, 2]))
    """

    value: Tensor

    def __init__(self, value: float | list[Any], *, shape: list[int] | None = None):
        super().__init__()
        tensor = torch.tensor(value)
        if shape is not None:
            tensor = tensor.expand(*shape).clone() if shape else tensor.reshape(())
        self.register_buffer("value", tensor, persistent=False)

    def tensor(self) -> Tensor:
        """The buffer."""
        return self.value

    def extra_repr(self) -> str:
        """Its shape and dtype."""
        return f"{list(self.value.shape)}, {self.value.dtype}"
