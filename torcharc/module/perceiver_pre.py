"""Preprocessors of the Perceiver: any input as an array of positions and channels, (M, C)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from torcharc.errors import InputError, Problem, quote
from torcharc.module.perceiver_coder import learned
from torcharc.module.perceiver_component import FLAG, SIZE, Component, Rule, Shape, is_size, shape_rule
from torcharc.module.tracing import is_tracing

SEQUENCE = Rule(
    "[positions], an integer above 0 or null",
    lambda value: isinstance(value, (list, tuple)) and len(value) == 1 and (value[0] is None or is_size(value[0])),
)


class Identity(Component):
    """The input as it is: positions and channels.

    Args:
        in_shape: `(M, C)`; M may be `None` (any), and `(C,)` is short for `(None, C)`.

    Raises:
        ArgumentError: If `in_shape` is no such shape.

    Example:
        >>> Identity((512,)).out_shape
        (None, 512)
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        "in_shape": shape_rule("[channels] or [positions, channels]", range(1, 3), open_first=True)
    }

    def __init__(self, in_shape: Sequence[int | None]) -> None:
        self.require(in_shape=in_shape)
        super().__init__()
        self.out_shape: Shape = (None, *in_shape)[-2:]

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, C) to (N, M, C)."""
        return x


class TextPreprocessor(Component):
    """Embeddings of token ids, times √embed_dim, plus a learned vector for each position.

    Args:
        vocab_size: Number of different ids.
        embed_dim: Channels of the output.
        max_seq_len: The longest sequence there are positions for.
        in_shape: `(L,)`, the length of the sequences, `None` for any; default: `max_seq_len`.
            It decides nothing but `out_shape`.

    Raises:
        ArgumentError: If a size is no integer above 0, or L is above `max_seq_len`.

    Example:
        >>> TextPreprocessor(vocab_size=100, embed_dim=16)(torch.zeros(4, 20, dtype=torch.int64)).shape
        torch.Size([4, 20, 16])
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        "in_shape": SEQUENCE,
        "vocab_size": SIZE,
        "embed_dim": SIZE,
        "max_seq_len": SIZE,
    }
    in_dtype = torch.int64

    def __init__(
        self, vocab_size: int, embed_dim: int, max_seq_len: int = 512, in_shape: Sequence[int | None] | None = None
    ) -> None:
        in_shape = (max_seq_len,) if in_shape is None else in_shape
        self.require(in_shape=in_shape, vocab_size=vocab_size, embed_dim=embed_dim, max_seq_len=max_seq_len)
        super().__init__()
        self.max_seq_len = max_seq_len
        self.scale = math.sqrt(embed_dim)
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.pos_encoding = learned(max_seq_len, embed_dim)
        self.out_shape: Shape = (in_shape[0], embed_dim)

    @classmethod
    def check(cls, **arguments: Any) -> list[Problem]:
        """All problems of `arguments`, together with a sequence that is too long."""
        problems = super().check(**arguments)
        in_shape: Any = arguments.get("in_shape")
        limit = arguments.get("max_seq_len", 512)
        length = in_shape[0] if SEQUENCE.accepts(in_shape) else None
        if length is not None and is_size(limit) and length > limit:
            problems.append(Problem(("in_shape",), quote(list(in_shape)), _at_most(limit), code="shape"))
        return problems

    def forward(self, x: Tensor) -> Tensor:
        """Ids (N, L), int64, L <= max_seq_len, to (N, L, embed_dim).

        Raises:
            InputError: If the sequences are longer than `max_seq_len`.
        """
        length = x.shape[1]
        if not is_tracing() and length > self.max_seq_len:
            raise InputError(Problem((), f"sequences of {length} ids", _at_most(self.max_seq_len), "raise max_seq_len"))
        return cast(Tensor, self.embedding(x)) * self.scale + self.pos_encoding[:length]


def _at_most(limit: int) -> str:
    return f"at most max_seq_len={limit} positions"


class FourierPreprocessor(Component):
    """The cells of a grid in row-major order, each with sines and cosines of its position.

    A position p runs from -1 to 1 on every axis (-1 on an axis of one cell). Each axis adds sin(πfp)
    and cos(πfp) for `num_freq_bands` frequencies f, evenly spaced from 1 to max_reso / 2; the order
    is: channels, positions, all sines, all cosines (axis by axis).

    Args:
        in_shape: `(*grid, C)`, a grid of at least one axis, then channels.
        num_freq_bands: Frequencies for each axis.
        max_reso: The greatest resolution for each axis of the grid; default: the grid's own.
        cat_pos: Whether p itself is given as well.

    Raises:
        ArgumentError: If a size is no integer above 0, or `max_reso` and the grid differ in rank.

    Example:
        >>> FourierPreprocessor((8, 6, 3), num_freq_bands=4).out_shape
        (48, 21)
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        "in_shape": shape_rule("[*grid, channels]", range(2, 100)),
        "num_freq_bands": SIZE,
        "max_reso": Rule(
            "an integer above 0 for each axis of the grid, or null",
            lambda value: value is None or (isinstance(value, (list, tuple)) and all(map(is_size, value))),
        ),
        "cat_pos": FLAG,
    }

    def __init__(
        self, in_shape: Sequence[int], num_freq_bands: int, max_reso: Sequence[int] | None = None, cat_pos: bool = True
    ) -> None:
        self.require(in_shape=in_shape, num_freq_bands=num_freq_bands, max_reso=max_reso, cat_pos=cat_pos)
        super().__init__()
        self.in_shape = tuple(in_shape)
        *grid, channels = in_shape
        table = fourier_table(grid, grid if max_reso is None else max_reso, num_freq_bands, cat_pos)
        self.pos_encoding: Tensor
        self.register_buffer("pos_encoding", table)
        self.out_shape: Shape = (table.shape[0], channels + table.shape[1])

    @classmethod
    def check(cls, **arguments: Any) -> list[Problem]:
        """All problems of `arguments`, together with a `max_reso` that does not fit the grid."""
        problems = super().check(**arguments)
        max_reso: Any = arguments.get("max_reso")
        in_shape: Any = arguments.get("in_shape")
        known = all(cls.rules[name].accepts(arguments.get(name)) for name in ("max_reso", "in_shape"))
        if known and max_reso is not None and len(max_reso) != len(in_shape) - 1:
            axes = f"{len(in_shape) - 1} integers, one for each axis of the grid {quote(list(in_shape[:-1]))}"
            problems.append(Problem(("max_reso",), quote(max_reso), axes, code="shape"))
        return problems

    def forward(self, x: Tensor) -> Tensor:
        """(N, *grid, C) to (N, cells, C + encoding).

        Raises:
            InputError: If `x` has another grid, or other channels, than `in_shape`.
        """
        if not is_tracing() and tuple(x.shape[1:]) != self.in_shape:
            raise InputError(Problem((), f"the shape {_batched(x.shape[1:])}", f"the shape {_batched(self.in_shape)}"))
        table = self.pos_encoding.expand(x.shape[0], -1, -1)
        return torch.cat([x.flatten(1, -2), table], dim=-1)


def _batched(shape: Sequence[int]) -> str:
    return f"({', '.join(['N', *map(str, shape)])})"


def fourier_table(grid: Sequence[int], max_reso: Sequence[int], num_freq_bands: int, cat_pos: bool) -> Tensor:
    """Encodings of all cells of `grid` with d axes, row-major, (cells, d * (2 * bands + cat_pos))."""
    # in float32 the sine of a large angle is off by 1e-5; MPS has nothing better
    exact = torch.float32 if torch.get_default_device().type == "mps" else torch.float64
    axes = [torch.linspace(-1, 1, cells, dtype=exact) for cells in grid]
    positions = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, -2)  # (cells, d)
    bands = torch.stack([torch.linspace(1, reso / 2, num_freq_bands, dtype=exact) for reso in max_reso])
    angles = math.pi * (positions[:, :, None] * bands).flatten(1)  # (cells, d * bands)
    parts = [positions] if cat_pos else []
    return torch.cat([*parts, angles.sin(), angles.cos()], dim=1).to(torch.get_default_dtype())
