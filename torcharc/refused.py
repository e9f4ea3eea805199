"""What a run for real refuses, and a run on the meta device takes in some versions of torch: refused there as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def check_kernel(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sequence[int] = (),
    padding: Sequence[int] = (),
    dilation: Sequence[int] = (),
    transposed: bool = True,
    *_: Any,
) -> None:
    """Refuses a kernel that is larger than its input, which torch 2.6 gives an empty output for.

    Raises:
        RuntimeError: In the words of a run for real.
    """
    rank = weight.ndim - 2
    if transposed or x.ndim != weight.ndim or 0 in x.shape or len(padding) != rank or len(dilation) != rank:
        return
    sizes = [size + 2 * pad for size, pad in zip(x.shape[2:], padding, strict=True)]
    kernel = [step * (size - 1) + 1 for size, step in zip(weight.shape[2:], dilation, strict=True)]
    if any(least > size for least, size in zip(kernel, sizes, strict=True)):
        found, needed = (" x ".join(map(str, numbers)) for numbers in (sizes, kernel))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({found}). Kernel size: ({needed})."
            " Kernel size can't be greater than actual input size"
        )


def check_ids(weight: Tensor, indices: Tensor, *_: Any) -> None:
    """Refuses ids that are no integers, which torch 2.9 takes.

    Raises:
        RuntimeError: In the words of torch 2.13.
    """
    if indices.dtype not in (torch.int64, torch.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int;"
            f" but got {indices.dtype} instead"
        )


REFUSALS: dict[Any, Callable[..., None]] = {
    torch.ops.aten.convolution.default: check_kernel,
    torch.ops.aten.embedding.default: check_ids,
}
"""What is asked of the arguments of an operation before it runs."""
