"""Merges: several named tensors in, one out.

A merge takes a dict of named tensors in order; a list of tensors serves as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.errors import Problem
from torcharc.graph import N, Struct, TensorSpec
from torcharc.registry import register
from torcharc.rules import Outcome, common_shape

_TWO = {"params": {}, "inputs": {"xs": {"a": [6], "b": [6]}}}


def _tensors(xs: Any) -> list[Tensor]:
    return list(xs.values()) if isinstance(xs, Mapping) else list(xs)


def fed_specs(structs: Mapping[str, Any]) -> list[Any]:
    """The specs that a merge is fed, whatever way."""
    fed = next(iter(structs.values()), ())
    if isinstance(fed, Mapping):
        return list(fed.values())
    return list(fed) if isinstance(fed, tuple) else list(structs.values())


def _describe(structs: Mapping[str, Any]) -> str:
    """The fed tensors, by name where they have one, with their shapes."""
    fed = next(iter(structs.values()), ())
    if isinstance(fed, Mapping):
        return ", ".join(f"{name} {spec}" for name, spec in fed.items())
    return ", ".join(map(str, fed_specs(structs)))


def _check_several(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    specs = fed_specs(structs)
    if len(specs) >= 2:
        return []
    return [Problem(("in_names",), f"{len(specs)} tensor", "at least 2 tensors to merge", code="reference")]


def check_shapes(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    """The problem of tensors that are not of one shape."""
    shapes = {spec.shape for spec in fed_specs(structs) if isinstance(spec, TensorSpec)}
    return [Problem((), _describe(structs), "tensors of one shape", code="shape")] if len(shapes) > 1 else []


def _check_equal(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    return _check_several(arguments, structs) or check_shapes(arguments, structs)


def _equal_rule(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
    specs = fed_specs({"xs": inputs[0]})
    return Outcome(specs[0]) if common_shape(specs) is not None else None


def _joined(specs: Sequence[Any], dim: int) -> TensorSpec | None:
    """The concatenation of `specs` along `dim`, if their other axes agree."""
    if not specs or not all(isinstance(spec, TensorSpec) and 0 < dim < len(spec.shape) for spec in specs):
        return None
    rests = {(*spec.shape[:dim], *spec.shape[dim + 1 :], spec.dtype) for spec in specs}
    sizes = [spec.shape[dim] for spec in specs]
    if len(rests) > 1 or not all(type(size) is int for size in sizes) or specs[0].shape[0] != N:
        return None
    return TensorSpec((*specs[0].shape[:dim], sum(sizes), *specs[0].shape[dim + 1 :]), specs[0].dtype)


def _concat_rule(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
    joined = _joined(fed_specs({"xs": inputs[0]}), arguments.get("dim", 1))
    return Outcome(joined) if joined else None


def _check_concat(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    problems = _check_several(arguments, structs)
    specs, dim = fed_specs(structs), arguments.get("dim", 1)
    if problems or not all(isinstance(spec, TensorSpec) and 0 < dim < len(spec.shape) for spec in specs):
        return problems
    rests = {(*spec.shape[:dim], *spec.shape[dim + 1 :]) for spec in specs}
    if len(rests) > 1:
        return [Problem((), _describe(structs), f"tensors whose axes but {dim} are equal", code="shape")]
    return []


class Merge(nn.Module):
    """What the merges have in common: a list of tensors to work on."""

    def forward(self, xs: dict[str, Tensor]) -> Tensor:
        """The merged tensor.

        Args:
            xs: At least two tensors by name, in order (or a list of them).
        """
        return self.merge(_tensors(xs))

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """The merged tensor."""
        raise TypeError(f"{type(self).__name__} does not say how to merge")


@register(kind="merge", check=_check_concat, rule=_concat_rule, example=_TWO)
class ConcatMerge(Merge):
    """Tensors joined end to end; undone by `SplitFork`.

    Args:
        dim: The axis along which they are joined; the other axes are equal.

    Shapes:
        `(N, A, *)`, `(N, B, *)`, ... → `(N, A + B + ..., *)` for `dim=1`.

    Example:
        >>> ConcatMerge()({"a": torch.zeros(2, 3), "b": torch.zeros(2, 5)}).shape
        torch.Size([2, 8])
    """

    def __init__(self, dim: int = 1):
        super().__init__()
        self.dim = dim

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """The tensors, joined."""
        return torch.cat(tensors, self.dim)


@register(kind="merge", check=_check_equal, example=_TWO)
class StackMerge(Merge):
    """Tensors of one shape, stacked on a new axis.

    Args:
        dim: Where the new axis stands in the result.

    Shapes:
        k tensors `(N, *)` → `(N, k, *)` for `dim=1`.
    """

    def __init__(self, dim: int = 1):
        super().__init__()
        self.dim = dim

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """The tensors, stacked."""
        return torch.stack(tensors, self.dim)


@register(kind="merge", check=_check_equal, rule=_equal_rule, example=_TWO)
class SumMerge(Merge):
    """The elementwise sum of tensors of one shape.

    Shapes:
        k tensors `(N, *)` → `(N, *)`.
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """The sum."""
        total = tensors[0]
        for tensor in tensors[1:]:
            total = total + tensor
        return total


@register(kind="merge", check=_check_equal, rule=_equal_rule, example=_TWO)
class MeanMerge(SumMerge):
    """The elementwise mean of tensors of one shape.

    Shapes:
        k tensors `(N, *)` → `(N, *)`.
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """The mean."""
        return super().merge(tensors) / len(tensors)


@register(kind="merge", check=_check_equal, rule=_equal_rule, example=_TWO)
class ProdMerge(Merge):
    """The elementwise product of tensors of one shape.

    Shapes:
        k tensors `(N, *)` → `(N, *)`.
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """The product."""
        product = tensors[0]
        for tensor in tensors[1:]:
            product = product * tensor
        return product


def _check_two(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    count = len(fed_specs(structs))
    found = f"{count} tensor{'s' if count != 1 else ''}"
    return [] if count == 2 else [Problem(("in_names",), found, "2 tensors", code="reference")]


@register(kind="merge", check=_check_two, example=_TWO)
class DotMerge(Merge):
    """The dot product of two tensors over their last axis.

    Shapes:
        `(N, *, D)`, `(N, *, D)` → `(N, *)`.
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Σ x * y."""
        return (tensors[0] * tensors[1]).sum(-1)


@register(kind="merge", check=_check_two, example={"params": {}, "inputs": {"xs": {"a": [3, 5], "b": [5, 6]}}})
class BmmMerge(Merge):
    """The matrix product of two tensors, sample by sample (`torch.bmm`).

    Shapes:
        `(N, n, m)`, `(N, m, p)` → `(N, n, p)`.
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """The product."""
        return torch.bmm(tensors[0], tensors[1])
