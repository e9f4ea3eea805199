"""A deep residual convolution network over sequences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from torcharc.errors import Problem, quote
from torcharc.module.conv1d_block import Conv1DBlock, ResidualBlock
from torcharc.module.position import check_dropout
from torcharc.module.text_options import check_sizes, refuse, require_rank
from torcharc.registry import register
from torcharc.zoo.text_models.heads import Head


@register(
    infer={"input_dim": -1},
    example={"params": {"hidden_dims": [4, 6], "num_classes": 3, "num_residual_blocks": 1}, "inputs": {"x": [7, 5]}},
)
class DeepResidualCNN(nn.Module):
    """Stages of a convolution and residual blocks, mean over time, two linear layers: `(N, L, C)` to `(N, classes)`.

    Args:
        input_dim: C, features of a step.
        hidden_dims: Channels of each stage.
        num_classes: How many classes.
        num_residual_blocks: Residual blocks of each stage; there may be none.
        dropout: Probability, 1 excluded, that a number is zeroed in training.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> DeepResidualCNN(5, [4, 6], num_classes=3)(torch.zeros(2, 7, 5)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dims: Sequence[int],
        num_classes: int,
        num_residual_blocks: int = 3,
        dropout: float = 0.1,
    ):
        wrong = [*check_sizes(input_dim=input_dim, num_classes=num_classes), *check_dropout(dropout)]
        if type(num_residual_blocks) is not int or num_residual_blocks < 0:
            found = quote(num_residual_blocks)
            wrong.append(Problem(("num_residual_blocks",), found, "an integer of at least 0", code="value"))
        widths = hidden_dims if isinstance(hidden_dims, (list, tuple)) else ()
        if not widths or any(type(width) is not int or width < 1 for width in widths):
            expected = "a list of integers above 0, one for each stage"
            wrong.append(Problem(("hidden_dims",), quote(hidden_dims), expected, code="value"))
        refuse(wrong)
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in pairwise([input_dim, *hidden_dims]):
            layers.append(Conv1DBlock(before, width, 3, padding=1, dropout=dropout))
            layers += [ResidualBlock(width, dropout=dropout) for _ in range(num_residual_blocks)]
        self.stages = nn.Sequential(*layers)
        last = hidden_dims[-1]
        self.head = Head(last, last // 2, num_classes, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """The classes' scores `(N, classes)`, before any softmax, for `x` `(N, L, C)`.

        Raises:
            InputError: If `x` has another number of axes.
        """
        require_rank(x, "(N, L, C)", 3)
        out: Tensor = self.head(self.stages(x.transpose(1, 2)).mean(-1))
        return out
