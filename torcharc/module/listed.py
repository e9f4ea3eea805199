"""Merges that take a list of tensors, or ports, under the names that TorchArc 2.x gives them."""

from __future__ import annotations

from torch import Tensor

from torcharc.module.merge import (
    BmmMerge,
    ConcatMerge,
    DotMerge,
    MeanMerge,
    ProdMerge,
    StackMerge,
    SumMerge,
    check_shapes,
)
from torcharc.registry import register

_LIST = {"params": {}, "inputs": {"tensors": [[6], [6]]}}


@register(kind="merge", example=_LIST)
class MergeConcat(ConcatMerge):
    """A list of tensors joined end to end along `dim`; see `ConcatMerge`."""

    def forward(self, tensors: list[Tensor]) -> Tensor:  # type: ignore[override]
        """The tensors, joined."""
        return self.merge(tensors)


@register(kind="merge", check=check_shapes, example=_LIST)
class MergeStack(StackMerge):
    """A list of tensors stacked on a new axis `dim`; see `StackMerge`."""

    def forward(self, tensors: list[Tensor]) -> Tensor:  # type: ignore[override]
        """The tensors, stacked."""
        return self.merge(tensors)


@register(kind="merge", check=check_shapes, example=_LIST)
class MergeSum(SumMerge):
    """The elementwise sum of a list of tensors; `dim` is accepted and has no effect."""

    def __init__(self, dim: int = 1):
        super().__init__()
        self.dim = dim

    def forward(self, tensors: list[Tensor]) -> Tensor:  # type: ignore[override]
        """The sum."""
        return self.merge(tensors)


@register(kind="merge", check=check_shapes, example=_LIST)
class MergeMean(MeanMerge):
    """The elementwise mean of a list of tensors; `dim` is accepted and has no effect."""

    def __init__(self, dim: int = 1):
        super().__init__()
        self.dim = dim

    def forward(self, tensors: list[Tensor]) -> Tensor:  # type: ignore[override]
        """The mean."""
        return self.merge(tensors)


@register(kind="merge", check=check_shapes, example=_LIST)
class MergeProd(ProdMerge):
    """The elementwise product of a list of tensors; `dim` is accepted and has no effect."""

    def __init__(self, dim: int = 1):
        super().__init__()
        self.dim = dim

    def forward(self, tensors: list[Tensor]) -> Tensor:  # type: ignore[override]
        """The product."""
        return self.merge(tensors)


@register(kind="merge", example={"params": {}, "inputs": {"x": [6], "y": [6]}})
class MergeDot(DotMerge):
    """The dot product of x and y over their last axis; see `DotMerge`."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        """Σ x * y."""
        return self.merge([x, y])


@register(kind="merge", example={"params": {}, "inputs": {"input": [3, 5], "mat2": [5, 6]}})
class MergeBMM(BmmMerge):
    """The matrix product of two tensors, sample by sample; see `BmmMerge`."""

    def forward(self, input: Tensor, mat2: Tensor) -> Tensor:  # type: ignore[override]
        """The product."""
        return self.merge([input, mat2])
