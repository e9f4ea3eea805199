"""Postprocessors of the Perceiver: the decoder's output (O, E) as what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from torch import Tensor, nn

from torcharc.module.perceiver_component import SIZE, Component, Rule, Shape, shape_rule


class ProjectionPostprocessor(Component):
    """A Linear on the channels.

    Args:
        in_shape: `(O, E)`, number and channels of the queries.
        out_dim: Channels of the output.

    Raises:
        ArgumentError: If a size is no integer above 0.

    Example:
        >>> ProjectionPostprocessor((5, 12), out_dim=3).out_shape
        (5, 3)
    """

    rules: ClassVar[Mapping[str, Rule]] = {"in_shape": shape_rule("[queries, channels]", range(2, 3)), "out_dim": SIZE}

    def __init__(self, in_shape: Sequence[int], out_dim: int) -> None:
        self.require(in_shape=in_shape, out_dim=out_dim)
        super().__init__()
        queries, channels = in_shape
        self.linear = nn.Linear(channels, out_dim)
        self.out_shape: Shape = (queries, out_dim)

    def forward(self, x: Tensor) -> Tensor:
        """(N, O, E) to (N, O, out_dim)."""
        return cast(Tensor, self.linear(x))


class ClassificationPostprocessor(ProjectionPostprocessor):
    """Logits: a Linear on the channels; with one query the query axis is dropped.

    Args:
        in_shape: `(O, E)`, number and channels of the queries.
        out_dim: Number of classes.

    Raises:
        ArgumentError: If a size is no integer above 0.

    Example:
        >>> ClassificationPostprocessor((1, 12), out_dim=3).out_shape
        (3,)
    """

    def __init__(self, in_shape: Sequence[int], out_dim: int) -> None:
        super().__init__(in_shape, out_dim)
        self.single = in_shape[0] == 1
        if self.single:
            self.out_shape = (out_dim,)

    def forward(self, x: Tensor) -> Tensor:
        """(N, O, E) to (N, O, out_dim), or (N, out_dim) where O is 1."""
        logits = super().forward(x)
        return logits.squeeze(1) if self.single else logits
