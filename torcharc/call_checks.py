"""Checks of the tensors in a call, against the inputs that a spec declares: in plain Python, on shapes alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from torcharc.errors import InputError, Problem
from torcharc.graph import N, Struct, TensorSpec


class InputCheck(NamedTuple):
    """What one input has to be.

    Attributes:
        name: Its name.
        rank: The number of its axes.
        sizes: Axis and size, where the size is fixed.
        kind: `floating`, `integer` or `boolean`.
        batched: Whether its first axis is the batch.
        words: All that, in words.
    """

    name: str
    rank: int
    sizes: tuple[tuple[int, int], ...]
    kind: str
    batched: bool
    words: str


def make_checks(inputs: Iterable[tuple[str, Struct]]) -> tuple[InputCheck, ...]:
    """The checks of inputs with the given specs."""
    checks = []
    for name, spec in inputs:
        if isinstance(spec, TensorSpec):
            sizes = tuple((axis, size) for axis, size in enumerate(spec.shape) if isinstance(size, int))
            kind = _kind_of_name(spec.dtype or "float32")
            shape = ", ".join("any" if size is None else str(size) for size in spec.shape)
            article = "an" if kind == "integer" else "a"
            words = f"{article} {kind} tensor of shape ({shape}{',' if len(spec.shape) == 1 else ''})"
            checks.append(InputCheck(name, len(spec.shape), sizes, kind, spec.shape[:1] == (N,), words))
    return tuple(checks)


def check_inputs(checks: Sequence[InputCheck], values: Sequence[Any]) -> None:
    """Refuses tensors that are not what the spec declares; compilers and tracers see none of this.

    Raises:
        InputError: If a rank, a fixed size, a kind of number or a batch size differs.
    """
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return
    if any(isinstance(value, torch.fx.Proxy) for value in values):
        return
    problems = []
    first: tuple[str, int] | None = None
    for check, value in zip(checks, values, strict=False):
        if not _fits(check, value):
            problems.append(Problem((check.name,), _describe(value), check.words, code="input"))
        elif check.batched:
            size = value.shape[0]
            if first is None:
                first = check.name, size
            elif size != first[1]:
                expected = f"{first[1]} samples, as the input {first[0]!r} has"
                problems.append(Problem((check.name,), f"{size} samples", expected, code="batch"))
    if problems:
        raise InputError(problems)


def _fits(check: InputCheck, value: Any) -> bool:
    if not isinstance(value, Tensor) or value.ndim != check.rank or _kind_of(value) != check.kind:
        return False
    shape = value.shape
    return all(shape[axis] == size for axis, size in check.sizes)


def _kind_of(tensor: Tensor) -> str:
    if tensor.is_floating_point():
        return "floating"
    return "boolean" if tensor.dtype is torch.bool else "complex" if tensor.is_complex() else "integer"


def _kind_of_name(dtype: str) -> str:
    if dtype.startswith(("float", "bfloat")):
        return "floating"
    return "boolean" if dtype == "bool" else "integer"


def _describe(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"a value of type {type(value).__name__}"
    sizes = tuple(value.shape)
    return f"a tensor of {str(value.dtype).removeprefix('torch.')}, shape {sizes}"
