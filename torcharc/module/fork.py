"""Forks: one tensor in, several out, under names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, quote
from torcharc.graph import Struct, TensorSpec
from torcharc.registry import register
from torcharc.rules import Outcome


def _check_names(names: Any, argument: str) -> None:
    problem = None
    if not isinstance(names, (list, tuple)) or not names:
        problem = Problem((argument,), quote(names), "a list of names, at least one")
    elif any(not isinstance(name, str) or not name for name in names):
        problem = Problem((argument,), quote(names), "names that are strings")
    elif len(set(names)) < len(names):
        problem = Problem((argument,), quote(names), "names that differ from one another")
    if problem is not None:
        raise ArgumentError(problem)


def _listed(key: str) -> Any:
    """The output names under an argument, as far as they can be read."""

    def names(params: Mapping[str, Any]) -> tuple[str, ...]:
        value = params.get(key)
        if not isinstance(value, (list, tuple, Mapping)):
            return ()
        return tuple(dict.fromkeys(name for name in value if isinstance(name, str)))

    return names


def _reuse_rule(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
    return Outcome(dict.fromkeys(arguments["names"], inputs[0])) if _are_names(arguments["names"]) else None


def _are_names(names: Any) -> bool:
    return (
        isinstance(names, (list, tuple))
        and bool(names)
        and all(isinstance(name, str) and name for name in names)
        and len(set(names)) == len(names)
    )


@register(
    kind="fork",
    outputs=_listed("names"),
    rule=_reuse_rule,
    example={"params": {"names": ["left", "right"]}, "inputs": {"x": [8]}},
)
class ReuseFork(nn.Module):
    """The same tensor under several names.

    Args:
        names: One name per copy, at least one, no two alike.

    Shapes:
        `(N, *)` → `{name: (N, *)}`; the copies are one tensor.

    Raises:
        ArgumentError: If `names` are no names, or not distinct.

    Example:
        >>> sorted(ReuseFork(["left", "right"])(torch.zeros(2, 3)))
        ['left', 'right']
    """

    def __init__(self, names: list[str]):
        super().__init__()
        _check_names(names, "names")
        self.names = list(names)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """`x` under every name."""
        return dict.fromkeys(self.names, x)

    def extra_repr(self) -> str:
        """The names."""
        return ", ".join(self.names)


def _split_sizes(shapes: Any) -> dict[str, int]:
    """The size of each part; a shape `[n]` means `n`."""
    if not isinstance(shapes, Mapping) or not shapes:
        raise ArgumentError(Problem(("shapes",), quote(shapes), "{name: [size]}, at least one"))
    _check_names(list(shapes), "shapes")
    sizes, problems = {}, []
    for name, shape in shapes.items():
        size = shape[0] if isinstance(shape, (list, tuple)) and len(shape) == 1 else shape
        if type(size) is not int or size < 1:
            problems.append(Problem(("shapes", name), quote(shape), "[size], an integer above 0"))
        sizes[name] = size
    if problems:
        raise ArgumentError(problems)
    return sizes


def _check_split(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    try:
        sizes = _split_sizes(arguments["shapes"])
    except ArgumentError as error:
        return list(error.problems)
    spec = next(iter(structs.values()))
    if not isinstance(spec, TensorSpec) or len(spec.shape) < 2 or not isinstance(spec.shape[1], int):
        return []
    if sum(sizes.values()) == spec.shape[1]:
        return []
    expected = f"sizes that sum to {spec.shape[1]}, the first axis of {spec}"
    return [Problem(("shapes",), f"{quote(arguments['shapes'])}, in sum {sum(sizes.values())}", expected, code="shape")]


def _split_rule(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
    spec = inputs[0]
    if not isinstance(spec, TensorSpec) or len(spec.shape) < 2:
        return None
    try:
        sizes = _split_sizes(arguments["shapes"])
    except ArgumentError:
        return None
    if isinstance(spec.shape[1], int) and sum(sizes.values()) != spec.shape[1]:
        return None
    parts = {name: TensorSpec((spec.shape[0], size, *spec.shape[2:]), spec.dtype) for name, size in sizes.items()}
    return Outcome(parts)


@register(
    kind="fork",
    outputs=_listed("shapes"),
    rule=_split_rule,
    check=_check_split,
    example={"params": {"shapes": {"mean": [4], "std": [4]}}, "inputs": {"x": [8]}},
)
class SplitFork(nn.Module):
    """Parts of a tensor along the first axis after the batch, under names; undoes `ConcatMerge`.

    Args:
        shapes: Name → size of the part, as `[n]` or `n`.

    Shapes:
        `(N, C, *)` → `{name: (N, n, *)}`, the sizes summing to C.

    Raises:
        ArgumentError: If a size is not an integer above 0.

    Example:
        >>> {k: tuple(v.shape) for k, v in SplitFork({"mean": [3], "std": [1]})(torch.zeros(2, 4)).items()}
        {'mean': (2, 3), 'std': (2, 1)}
    """

    sizes: dict[str, int]
    _widths: list[int]

    def __init__(self, shapes: dict[str, Any]):
        super().__init__()
        sizes = _split_sizes(shapes)
        self.__dict__.update(sizes=sizes, _widths=list(sizes.values()))  # quicker than `nn.Module.__setattr__`

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The parts of `x`."""
        return dict(zip(self.sizes, torch.split_with_sizes(x, self._widths, 1), strict=True))

    def extra_repr(self) -> str:
        """Names and sizes."""
        return ", ".join(f"{name}={size}" for name, size in self.sizes.items())


def _check_chunks(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    spec, dim = next(iter(structs.values())), arguments.get("dim", 1)
    if not isinstance(spec, TensorSpec) or not -len(spec.shape) <= dim < len(spec.shape):
        return []
    size, count = spec.shape[dim], len(arguments["names"])
    if not isinstance(size, int) or size % count == 0:
        return []
    expected = f"a number of names that divides {size}, axis {dim} of {spec}"
    return [Problem(("names",), quote(arguments["names"]), expected, code="shape")]


@register(
    kind="fork",
    outputs=_listed("names"),
    check=_check_chunks,
    example={"params": {"names": ["query", "key", "value"]}, "inputs": {"x": [12]}},
)
class ChunkFork(nn.Module):
    """Equal parts of a tensor, under names.

    Args:
        names: One name per part.
        dim: The axis that is divided, the batch being 0.

    Shapes:
        `(N, C, *)` → `{name: (N, C / len(names), *)}` for `dim=1`.

    Raises:
        ArgumentError: If `names` are no names, or not distinct.

    Example:
        >>> ChunkFork(["scale", "shift"])(torch.zeros(2, 6))["shift"].shape
        torch.Size([2, 3])
    """

    def __init__(self, names: list[str], dim: int = 1):
        super().__init__()
        _check_names(names, "names")
        self.names = list(names)
        self.dim = dim

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The parts of `x`."""
        return dict(zip(self.names, torch.chunk(x, len(self.names), self.dim), strict=True))

    def extra_repr(self) -> str:
        """Names and axis."""
        return f"{', '.join(self.names)}, dim={self.dim}"


@register("ForkChunk", example={"params": {"chunks": 2}, "inputs": {"x": [10]}}, kind="module")
class Chunk(nn.Module):
    """Equal parts of a tensor, as a tuple (`torch.chunk`).

    Args:
        chunks: How many parts.
        dim: The axis that is divided.

    Shapes:
        `(N, C, *)` → `chunks` tensors `(N, C / chunks, *)` for `dim=1`.
    """

    def __init__(self, chunks: int = 2, dim: int = 1):
        super().__init__()
        self.chunks = chunks
        self.dim = dim

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The parts of `x`."""
        return torch.chunk(x, self.chunks, self.dim)

    def extra_repr(self) -> str:
        """Count and axis."""
        return f"chunks={self.chunks}, dim={self.dim}"


@register("ForkSplit", example={"params": {"split_size_or_sections": [4, 6]}, "inputs": {"x": [10]}}, kind="module")
class Split(nn.Module):
    """Parts of a tensor of given sizes, as a tuple (`torch.split`).

    Args:
        split_size_or_sections: The size of every part, or the list of sizes.
        dim: The axis that is divided.

    Shapes:
        `(N, C, *)` → tensors `(N, size, *)` for `dim=1`.
    """

    def __init__(self, split_size_or_sections: int | list[int], dim: int = 1):
        super().__init__()
        self.split_size_or_sections = split_size_or_sections
        self.dim = dim

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The parts of `x`."""
        return torch.split(x, self.split_size_or_sections, self.dim)

    def extra_repr(self) -> str:
        """Sizes and axis."""
        return f"{self.split_size_or_sections}, dim={self.dim}"
