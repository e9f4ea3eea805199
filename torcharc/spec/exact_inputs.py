"""The inputs of exact graph specs: tensors of any shape, and structures of them; read, and written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from torcharc.errors import Path, Problem, quote, unknown_keys
from torcharc.graph import BatchDim, Dim, N, Struct, TensorSpec
from torcharc.spec.arcgraph_inputs import DTYPES

ANY = "any"
"""The first size of a shape, where it is no batch and not known."""

PARTS = "parts"

_BATCH = re.compile(r"(\d{0,9})N([-+]\d{1,9})?")


def read_struct(value: Any, path: Path) -> tuple[Struct, list[Problem]]:
    """What an input is: a tensor, a tuple or a dict of such, None where it is not known; and the problems."""
    if value is None:
        return None, []
    if isinstance(value, (list, tuple)) and value:
        found = [read_struct(item, (*path, index)) for index, item in enumerate(value)]
        return tuple(struct for struct, _ in found), [problem for _, problems in found for problem in problems]
    if not isinstance(value, Mapping):
        return None, [Problem(path, quote(value), "an input: {dtype: ..., shape: [...]}", code="inputs")]
    if isinstance(value.get(PARTS), Mapping) and value[PARTS]:
        named = {str(key): read_struct(item, (*path, PARTS, key)) for key, item in value[PARTS].items()}
        problems = [problem for _, faults in named.values() for problem in faults]
        return {key: struct for key, (struct, _) in named.items()}, problems
    problems = unknown_keys(path, value, ["dtype", "shape"], [key for key in ("dtype", "shape") if key not in value])
    if problems:
        return None, problems
    dtype, shape = value["dtype"], value["shape"]
    if not isinstance(shape, (list, tuple)):
        return None, [Problem((*path, "shape"), quote(shape), "a list of sizes, the batch first", code="value")]
    name = DTYPES.get(dtype, dtype) if isinstance(dtype, str) else None
    if dtype is not None and not isinstance(getattr(torch, name or "", None), torch.dtype):
        problems.append(Problem((*path, "dtype"), quote(dtype), "the name of a dtype, or null", code="value"))
    dims: list[Dim] = []
    for index, size in enumerate(shape):
        dim = _read_size(size, index)
        if dim == ANY:
            expected = "an integer above 0, null for any size, or 2N+1, where N is the batch size"
            problems.append(Problem((*path, "shape", index), quote(size), expected, code="value"))
        dims.append(dim)  # type: ignore[arg-type]
    return TensorSpec(tuple(dims), name), problems


def _read_size(size: Any, index: int) -> Dim | str:
    """One axis; `ANY` where it cannot be read."""
    if size is None:
        return None if index else N
    if size == ANY and index == 0:
        return None
    if type(size) is int and size > 0:
        return size
    match = _BATCH.fullmatch(size) if isinstance(size, str) else None
    return ANY if match is None else BatchDim(int(match[1] or 1), int(match[2] or 0))


def write_struct(struct: Struct) -> Any:
    """What `read_struct` reads as `struct`."""
    if struct is None:
        return None
    if isinstance(struct, TensorSpec):
        return {"dtype": struct.dtype, "shape": [_write_size(dim, index) for index, dim in enumerate(struct.shape)]}
    if isinstance(struct, Mapping):
        return {PARTS: {key: write_struct(item) for key, item in struct.items()}}
    return [write_struct(item) for item in struct]


def _write_size(dim: Dim, index: int) -> Any:
    if dim is None:
        return None if index else ANY
    if isinstance(dim, BatchDim):
        return None if dim == N and index == 0 else str(dim)
    return dim
