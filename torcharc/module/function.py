"""Picking, slicing, reducing and rearranging, as modules."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from einops.layers.torch import EinMix, Rearrange
from einops.layers.torch import Reduce as EinopsReduce
from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, did_you_mean, quote, wrong_choice
from torcharc.functions import TensorFunction, full_name, functions
from torcharc.registry import register


@register(example={"params": {"key": 1}, "inputs": {"x": [[4], [6]]}})
class Get(nn.Module):
    """One element of a tuple, list or dict.

    Args:
        key: Its position, or its key.

    Shapes:
        Any structure → its element.

    Example:
        >>> Get("a")({"a": 1, "b": 2})
        1
    """

    def __init__(self, key: int | str = 0):
        super().__init__()
        self.key = key

    def forward(self, x: Any) -> Any:
        """`x[key]`."""
        return x[self.key]

    def extra_repr(self) -> str:
        """The key."""
        return repr(self.key)


@register(example={"params": {"dim": 1, "start": 2, "length": 3}, "inputs": {"x": [10]}})
class Narrow(nn.Module):
    """A slice of a tensor (`torch.narrow`).

    Args:
        dim: The axis that is cut.
        start: Its first position, counted from the end if negative.
        length: How many positions are kept.

    Shapes:
        `(N, C, *)` → `(N, length, *)` for `dim=1`.
    """

    def __init__(self, dim: int, start: int, length: int):
        super().__init__()
        self.dim = dim
        self.start = start
        self.length = length

    def forward(self, x: Tensor) -> Tensor:
        """The slice."""
        return torch.narrow(x, self.dim, self.start, self.length)

    def extra_repr(self) -> str:
        """Axis, start and length."""
        return f"dim={self.dim}, start={self.start}, length={self.length}"


@register(example={"params": {"dim": 1, "index": [0, 2, 4]}, "inputs": {"x": [5]}})
class IndexSelect(nn.Module):
    """Picked positions of an axis (`torch.index_select`); they are the buffer `index`.

    Args:
        dim: The axis.
        index: The positions, one or a list.

    Shapes:
        `(N, C, *)` → `(N, len(index), *)` for `dim=1`.
    """

    index: Tensor

    def __init__(self, dim: int, index: int | list[int]):
        super().__init__()
        self.dim = dim
        positions = [index] if isinstance(index, int) else list(index)
        self.register_buffer("index", torch.tensor(positions, dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """The picked positions."""
        return torch.index_select(x, self.dim, self.index)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


class TorchReduce(nn.Module):
    """A reduction of torch over an axis; of a pair (values, indices) the values.

    Args:
        name: Name of the function, as `mean`, `amax` or `torch.sum`.
        dim: The axis or axes.
        keepdim: Whether the axis stays, with size 1.

    Shapes:
        `(N, C, *)` → `(N, *)` for `dim=1`.
    """

    def __init__(self, name: str, dim: int | list[int], keepdim: bool = False):
        super().__init__()
        self.function = TensorFunction(_listed_name(name), dim=dim, keepdim=keepdim)

    def forward(self, x: Tensor) -> Tensor:
        """The reduced tensor."""
        result = self.function(x)
        return result if isinstance(result, Tensor) else result[0]


def _listed_name(name: str) -> str:
    """The full name of an allowed function that a spec calls `name`."""
    for full in (full_name(name), f"torch.{name}", f"torch.nn.functional.{name}"):
        if full in functions():
            return full
    problem = wrong_choice(("name",), name, "a tensor function", functions())
    shorts = [full.rsplit(".", 1)[-1] for full in functions()]
    short = wrong_choice(("name",), name, "a tensor function", shorts)  # `mean` is far from `torch.Tensor.mean`
    raise ArgumentError(problem if problem.hint else dataclasses.replace(short, expected=problem.expected))


@register("TorchFn", example={"params": {"name": "topk", "k": 3}, "inputs": {"input": [8]}})
def make_function(name: str, **arguments: Any) -> TensorFunction:
    """A tensor function with fixed keyword arguments, by its name.

    Raises:
        ArgumentError: If the name is not one of the allowed functions.
    """
    return TensorFunction(_listed_name(name), **arguments)


@register(
    "Reduce", example={"params": {"pattern": "b c h w -> b c", "reduction": "mean"}, "inputs": {"input": [3, 4, 4]}}
)
def make_reduce(
    pattern: str | None = None,
    reduction: str | None = None,
    *,
    name: str | None = None,
    dim: int | list[int] | None = None,
    keepdim: bool = False,
    **axes_lengths: int,
) -> nn.Module:
    """A reduction: by an einops `pattern` and `reduction`, or by a torch function's `name` and `dim`.

    Raises:
        ArgumentError: If neither way, or both, are given in full.
    """
    if pattern is not None and reduction is not None and name is None:
        return EinopsReduce(pattern, reduction, **axes_lengths)
    if pattern is None and reduction is None and name is not None and dim is not None and not axes_lengths:
        return TorchReduce(name, dim, keepdim)
    given = {"pattern": pattern, "reduction": reduction, "name": name, "dim": dim}
    missing = [key for key, value in given.items() if value is None]
    found = quote({**{key: value for key, value in given.items() if value is not None}, **axes_lengths})
    hint = next(filter(None, (did_you_mean(key, missing) for key in axes_lengths)), "")
    raise ArgumentError(Problem((), found, "pattern and reduction (einops), or name and dim (a torch function)", hint))


register(
    "Rearrange", Rearrange, example={"params": {"pattern": "b c h w -> b (h w) c"}, "inputs": {"input": [3, 4, 4]}}
)
register(
    "EinMix",
    EinMix,
    example={
        "params": {"pattern": "b l d -> b l e", "weight_shape": "d e", "bias_shape": "e", "d": 8, "e": 6},
        "inputs": {"input": [5, 8]},
    },
)
