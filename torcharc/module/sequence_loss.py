"""The loss of a class for each step of a sequence."""

from __future__ import annotations

from torch import Tensor, nn

from torcharc.errors import InputError, Problem
from torcharc.registry import register


@register(
    kind="loss",
    example={
        "params": {},
        "inputs": {"input": [6, 5], "target": {"shape": [6], "dtype": "int64", "range": [0, 5]}},
    },
)
class SequenceCrossEntropyLoss(nn.CrossEntropyLoss):
    """Cross entropy of each step: scores `(N, L, classes)`, targets `(N, L)`.

    `nn.CrossEntropyLoss` wants the classes on axis 1. The arguments are the same: padded steps have the
    target `ignore_index`, -100.

    Example:
        >>> import torch
        >>> scores, target = torch.zeros(2, 3, 4), torch.tensor([[0, 1, 2], [3, -100, -100]])
        >>> SequenceCrossEntropyLoss()(scores, target)
        tensor(1.3863)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss, with `reduction="none"` `(N, L)`.

        Args:
            input: Scores `(..., classes)`.
            target: Classes `(...)`, or probabilities `(..., classes)`.

        Raises:
            InputError: If the shapes differ.
        """
        shape = input.shape[:-1]
        if target.shape not in (shape, input.shape):
            found, expected = f"shape {tuple(target.shape)}", f"a class for each step, shape {tuple(shape)}"
            raise InputError(Problem(("target",), found, expected, code="shape"))
        flat = target.flatten() if target.shape == shape else target.flatten(0, -2)
        loss = super().forward(input.flatten(0, -2), flat)
        return loss.view(shape) if self.reduction == "none" else loss
