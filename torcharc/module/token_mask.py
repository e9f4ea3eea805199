"""Which tokens count: attention masks, token masks and lengths, read and checked once.

Shapes: `N` batch, `h` heads, `L` queries, `S` keys. Nonzero means "may attend", "is real", in any
dtype; what comes out is boolean.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.errors import InputError, Problem, quote
from torcharc.graph import TensorSpec
from torcharc.module.tracing import is_tracing
from torcharc.registry import register

Lengths = Tensor | Sequence[int]

# torch before 2.7 cannot tell an export from a compilation
is_exporting = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)


@dataclasses.dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes that a mask has to fit: N, h, L queries, S keys."""

    batch: int
    heads: int
    queries: int
    keys: int


def are_values_known(tensor: Tensor) -> bool:
    """Whether values may be looked at: not on meta, nor where a compiler, exporter or tracer runs."""
    return not (tensor.is_meta or torch.compiler.is_compiling() or is_tracing())


def read_mask(mask: Tensor | None, sizes: Sizes) -> Tensor | None:
    """An attention mask as booleans `(N, h, L, S)`, whose N and h may be 1.

    Args:
        mask: `(N, L, S)` or `(N, h, L, S)`; N and h may be 1. Nonzero: the query may attend to the key.
        sizes: What it has to fit.

    Raises:
        InputError: If the shape is another one, or a number is below 0, as in a mask that is to be added.
    """
    if mask is None:
        return None
    if not isinstance(mask, Tensor):
        raise InputError(Problem(("mask",), f"a value of type {type(mask).__name__}", "a tensor", code="mask"))
    if mask.dim() not in (3, 4):
        raise InputError(_wrong_shape(mask, sizes))
    wide = mask[:, None] if mask.dim() == 3 else mask
    if mask.is_meta:  # sizes may stand for others there; `check_masks` compares those that are known
        return torch.empty(sizes.batch, wide.shape[1], sizes.queries, sizes.keys, dtype=torch.bool, device="meta")
    if not is_tracing() and not _fits(wide, sizes):
        raise InputError(_wrong_shape(mask, sizes))
    if wide.dtype is torch.bool:
        return wide
    if mask.is_floating_point() and are_values_known(mask) and bool((mask < 0).any()):
        expected = "1 where a query may attend to a key, 0 where not"
        hint = "a mask that is to be added to the scores: pass mask == 0"
        raise InputError(Problem(("mask",), f"the number {mask.min().item():g}", expected, hint, "mask"))
    return wide != 0


def _fits(wide: Tensor, sizes: Sizes) -> bool:
    """Whether a mask of four axes fits `sizes`."""
    batch, heads, queries, keys = wide.shape
    return queries == sizes.queries and keys == sizes.keys and batch in (sizes.batch, 1) and heads in (sizes.heads, 1)


def _wrong_shape(mask: Tensor, sizes: Sizes) -> Problem:
    n, h, queries, keys = sizes.batch, sizes.heads, sizes.queries, sizes.keys
    expected = f"(N, L, S) or (N, h, L, S), here ({n}, {queries}, {keys}) or ({n}, {h}, {queries}, {keys})"
    hint = "keep takes which tokens are real, (N, L); a mask for all samples is mask[None]" if mask.dim() == 2 else ""
    return Problem(("mask",), f"shape {tuple(mask.shape)}", expected, hint, "mask")


def read_keep(keep: Tensor | None, shape: Sequence[int], path: str = "keep") -> Tensor | None:
    """A token mask as booleans of `shape`; nonzero: the token is real.

    Raises:
        InputError: If its shape is another one.
    """
    if keep is None:
        return None
    if not isinstance(keep, Tensor):
        raise InputError(Problem((path,), f"a value of type {type(keep).__name__}", "a tensor", code="mask"))
    if keep.is_meta and keep.dim() == len(shape):
        return torch.empty(*shape, dtype=torch.bool, device="meta")
    if keep.dim() != len(shape) or (not is_tracing() and tuple(keep.shape) != tuple(shape)):
        expected = f"one number for each token, shape {tuple(shape)}"
        raise InputError(Problem((path,), f"shape {tuple(keep.shape)}", expected, code="mask"))
    return keep if keep.dtype is torch.bool else keep != 0


def check_masks(arguments: Mapping[str, Any], structs: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of masks whose known sizes do not fit those of `x`, at the ports `keep` and `mask`."""
    x, keep, mask = (structs.get(name) for name in ("x", "keep", "mask"))
    if not isinstance(x, TensorSpec):
        return
    if isinstance(keep, TensorSpec) and _differ(keep.shape, x.shape):
        yield Problem(("keep",), f"shape {keep}", f"a number for each token of {x}", code="shape")
    if isinstance(mask, TensorSpec) and len(x.shape) > 1 and _differ(mask.shape[-2:], (x.shape[1], x.shape[1])):
        expected = f"a number for each pair of tokens of {x}"
        yield Problem(("mask",), f"shape {mask}", expected, code="shape")


def _differ(shape: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether a size is known in both, and differs."""
    pairs = zip(shape, other, strict=False)
    return any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs)


def read_lengths(lengths: Lengths, batch: int, length: int, device: torch.device | None = None) -> Tensor:
    """The number of real steps of each sample, int64 `(N)`.

    Args:
        lengths: N integers from 1 to L, as a list or a tensor on any device.
        batch: N.
        length: L.
        device: Where the result is to be.

    Raises:
        InputError: If they are no integers, not N, or out of range.
    """
    if not isinstance(lengths, (Tensor, list, tuple)):
        found = f"a value of type {type(lengths).__name__}"
        raise InputError(Problem(("lengths",), found, "a list or a tensor of integers", code="lengths"))
    if not isinstance(lengths, Tensor):
        wrong = [item for item in lengths if isinstance(item, bool) or not isinstance(item, int)]
        if wrong:
            raise InputError(Problem(("lengths",), quote(wrong[0]), "integers", code="lengths"))
        lengths = torch.tensor(lengths, dtype=torch.int64)
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype is torch.bool:
        found = f"a tensor of {str(lengths.dtype).removeprefix('torch.')}"
        raise InputError(Problem(("lengths",), found, "integers", code="lengths"))
    if lengths.dim() != 1 or (not is_tracing() and lengths.shape[0] != batch):
        found = f"shape {tuple(lengths.shape)}"
        raise InputError(Problem(("lengths",), found, f"one for each sample, shape ({batch},)", code="lengths"))
    _check_range(lengths, length)
    return lengths.to(device=device, dtype=torch.int64)


def _check_range(lengths: Tensor, length: int) -> None:
    if not are_values_known(lengths):
        return
    wrong = ((lengths < 1) | (lengths > length)).nonzero()
    if wrong.numel():
        index = int(wrong[0])
        expected = f"from 1 to L={length}, the steps of the batch"
        raise InputError(Problem(("lengths", index), str(int(lengths[index])), expected, code="lengths"))


def mark_steps(lengths: Tensor, length: int) -> Tensor:
    """Booleans `(N, L)`: whether step `t` of sample `b` is real, `t < lengths[b]`."""
    return torch.arange(length, device=lengths.device) < lengths[:, None]


def mark_causal(queries: int, keys: int, device: torch.device | None = None) -> Tensor:
    """Booleans `(L, S)`: a query sees its own key and those before it; the last query sees all keys."""
    columns = torch.arange(keys, device=device)
    return columns <= columns[keys - queries :, None]


def join_masks(mask: Tensor | None, keep: Tensor | None) -> Tensor | None:
    """One mask `(N, h, L, S)` of an attention mask and a token mask `(N, S)`, both boolean."""
    if keep is None:
        return mask
    seen = keep[:, None, None, :]
    return seen if mask is None else mask & seen


@register(
    example={
        "params": {},
        "inputs": {"x": [6, 8], "lengths": {"shape": [], "dtype": "int64", "range": [1, 7]}},
    },
)
class LengthMask(nn.Module):
    """Which steps are real, booleans `(N, L)`, for the `lengths` `(N)` of a batch `(N, L, ...)`.

    Example:
        >>> LengthMask()(torch.zeros(2, 3, 4), torch.tensor([3, 1])).int()
        tensor([[1, 1, 1],
                [1, 0, 0]], dtype=torch.int32)
    """

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Booleans `(N, L)`; `lengths` as in `read_lengths`."""
        batch, length = x.shape[:2]
        return mark_steps(read_lengths(lengths, batch, length, x.device), length)
