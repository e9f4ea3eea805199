"""Convolutions of several kernel sizes over text, stage by stage, and what each stage found.

Shapes: `N` batch, `L` tokens, `C` features of a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.errors import Problem, quote
from torcharc.module.conv1d_block import Conv1DBlock
from torcharc.module.position import check_dropout
from torcharc.module.text_options import ACTIVATIONS, check_choice, check_sizes, refuse, require_rank
from torcharc.module.token_mask import check_masks, read_keep
from torcharc.module.token_pool import pool_max, pool_mean
from torcharc.registry import register

POOLS = {"max": pool_max, "avg": pool_mean}


class Stage(nn.Module):
    """Convolutions of several kernel sizes side by side, `(N, C, L)` to `(N, C', L)`.

    Args:
        in_channels: C.
        out_channels: C', shared out among the kernels; where that is uneven, the first ones get one more.
        kernel_sizes: A kernel size for each.
        dropout: As in `Conv1DBlock`.
        activation: As in `Conv1DBlock`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_sizes: Sequence[int], dropout: float, activation: str
    ):
        super().__init__()
        share, rest = divmod(out_channels, len(kernel_sizes))
        self.blocks = nn.ModuleList(
            Conv1DBlock(in_channels, share + (index < rest), size, dropout=dropout, activation=activation)
            for index, size in enumerate(kernel_sizes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C', L)` for `x` `(N, C, L)`."""
        found = [block(x) for block in self.blocks]
        return found[0] if len(found) == 1 else torch.cat(found, 1)


@register(
    infer={"input_dim": -1},
    check=check_masks,
    ports=(Port("x"), Port("keep", required=False)),
    example={"params": {"hidden_dims": [4, 6], "kernel_sizes": [3, [2, 3]]}, "inputs": {"x": [7, 5]}},
)
class CNNFeatureExtractor(nn.Module):
    """Stages of convolutions, each fed by the one before; the result is what each found, pooled over time.

    Args:
        input_dim: C, features of a token.
        hidden_dims: Channels of each stage.
        kernel_sizes: For each stage a kernel size, or a list of them, which share out its channels.
        dropout: Probability, 1 excluded, that a number is zeroed in training.
        activation: `relu`, `gelu`, `swish` or `silu`, `leaky_relu`, `tanh`.
        pool_type: `max` or `avg`, over time; `None`: the result is the last stage's sequence, not pooled.

    Attributes:
        output_dim: Sum of `hidden_dims`.
        sequence_dim: The last of `hidden_dims`.

    Raises:
        ArgumentError: If an argument is out of range, or the lists differ in length; it names all of them.

    Example:
        >>> extractor = CNNFeatureExtractor(5, hidden_dims=[4, 6], kernel_sizes=[3, [2, 3]])
        >>> extractor(torch.zeros(2, 7, 5)).shape, extractor.sequence(torch.zeros(2, 7, 5)).shape
        (torch.Size([2, 10]), torch.Size([2, 7, 6]))
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dims: Sequence[int],
        kernel_sizes: Sequence[int | Sequence[int]],
        dropout: float = 0.1,
        activation: str = "relu",
        pool_type: str | None = "max",
    ):
        refuse(_check(dict(locals())))
        super().__init__()
        self.output_dim = sum(hidden_dims)
        self.sequence_dim = hidden_dims[-1]
        self.pool_type = pool_type
        sizes = [[size] if isinstance(size, int) else list(size) for size in kernel_sizes]
        widths = [input_dim, *hidden_dims]
        self.stages = nn.ModuleList(
            Stage(widths[index], widths[index + 1], kernels, dropout, activation) for index, kernels in enumerate(sizes)
        )

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """The pooled findings of all stages.

        Args:
            x: `(N, L, C)`.
            keep: `(N, L)`; nonzero: the token is real. Others are zeroed before each stage, and not pooled.

        Returns:
            `(N, sum(hidden_dims))`; `(N, L, hidden_dims[-1])` without pooling.

        Raises:
            InputError: If a shape does not fit.
        """
        found, keep = self._run(x, keep)
        if self.pool_type is None:
            return _zero(found[-1], keep)
        pool = POOLS[self.pool_type]
        return torch.cat([pool(stage, keep) for stage in found], -1)

    def sequence(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """What the last stage found, `(N, L, hidden_dims[-1])`; zeros where `keep` is; see `forward`."""
        found, keep = self._run(x, keep)
        return _zero(found[-1], keep)

    def _run(self, x: Tensor, keep: Tensor | None) -> tuple[list[Tensor], Tensor | None]:
        """What each stage found, `(N, L, C)`, and `keep` as booleans."""
        require_rank(x, "(N, L, C)", 3)
        keep = read_keep(keep, x.shape[:2])
        found = []
        for stage in self.stages:
            x = stage(_zero(x, keep).transpose(1, 2)).transpose(1, 2)
            found.append(x)
        return found, keep


def _zero(x: Tensor, keep: Tensor | None) -> Tensor:
    """`x` `(N, L, C)`, zero where a token is not real."""
    return x if keep is None else x.masked_fill(~keep[..., None], 0.0)


def _check(given: dict[str, Any]) -> Iterator[Problem]:
    yield from check_sizes(input_dim=given["input_dim"])
    yield from check_dropout(given["dropout"])
    yield from check_choice("activation", given["activation"], ACTIVATIONS)
    if given["pool_type"] is not None:
        yield from check_choice("pool_type", given["pool_type"], POOLS)
    yield from check_stages(given["hidden_dims"], given["kernel_sizes"])


def check_stages(hidden_dims: Any, kernel_sizes: Any, prefix: str = "") -> Iterator[Problem]:
    """The problems of the widths and kernel sizes of stages; `prefix` stands before the arguments' names."""
    widths, kernels = prefix + "hidden_dims", prefix + "kernel_sizes"
    lists = True
    for name, value in ((widths, hidden_dims), (kernels, kernel_sizes)):
        if not isinstance(value, (list, tuple)) or not value:
            lists = False
            yield Problem((name,), quote(value), "a list with an item for each stage", code="value")
    if not lists:
        return
    if len(hidden_dims) != len(kernel_sizes):
        expected = f"one for each of the {len(hidden_dims)} {widths}"
        yield Problem((kernels,), f"{len(kernel_sizes)} kernel sizes", expected, code="value")
    for index, (width, sizes) in enumerate(zip(hidden_dims, kernel_sizes, strict=False)):
        yield from _check_stage((widths, index), width, (kernels, index), sizes)


def _check_stage(path: tuple[str, int], width: Any, place: tuple[str, int], sizes: Any) -> Iterator[Problem]:
    listed = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]
    if not listed or any(type(size) is not int or size < 1 for size in listed):
        yield Problem(place, quote(sizes), "a kernel size, or a list of them: integers above 0", code="value")
    if type(width) is not int or width < max(1, len(listed)):
        expected = "an integer above 0" if len(listed) < 2 else f"an integer of at least {len(listed)}, one per kernel"
        yield Problem(path, quote(width), expected, code="value")
