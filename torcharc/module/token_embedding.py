"""The embedding of token ids, with the check that they are ids."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from torcharc.errors import InputError, Problem
from torcharc.module.text_options import check_sizes, refuse
from torcharc.module.token_mask import are_values_known
from torcharc.registry import register


@register(
    input_dtype="int64",
    infer={"d_model": None},
    example={
        "params": {"vocab_size": 20, "d_model": 8},
        "inputs": {"x": {"shape": [6], "dtype": "int64", "range": [0, 20]}},
    },
)
class TokenEmbedding(nn.Embedding):
    """A learned vector for each token times sqrt(D), as transformers have it (Vaswani et al. 2017, section 3.4).

    The vectors are drawn from N(0, 1 / D), so that the product has the size of the positions that
    are added to it.

    Args:
        vocab_size: V, how many tokens there are.
        d_model: D, the size of a vector.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> TokenEmbedding(100, 8)(torch.zeros(2, 5, dtype=torch.int64)).shape
        torch.Size([2, 5, 8])
    """

    def __init__(self, vocab_size: int, d_model: int):
        refuse(check_sizes(vocab_size=vocab_size, d_model=d_model))
        super().__init__(vocab_size, d_model)

    def reset_parameters(self) -> None:
        """Draws the vectors."""
        nn.init.normal_(self.weight, std=self.embedding_dim**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """The vectors `(..., D)` of the ids `x` `(...)`; a floating `x` `(..., D)` stands for the vectors themselves.

        Raises:
            InputError: If an id is not from 0 to V - 1.
        """
        scale = math.sqrt(self.embedding_dim)
        if x.is_floating_point():
            return x * scale
        check_ids(x, self.num_embeddings)
        return super().forward(x) * scale


def check_ids(ids: Tensor, vocab_size: int) -> None:
    """Refuses ids that are not in a vocabulary.

    Raises:
        InputError: If an id is not from 0 to `vocab_size - 1`, or `ids` are no integers.
    """
    if ids.is_floating_point() or ids.is_complex() or ids.dtype is torch.bool:
        found = f"a tensor of {str(ids.dtype).removeprefix('torch.')}"
        raise InputError(Problem(("x",), found, "ids of tokens, integers", code="ids"))
    if not are_values_known(ids) or not ids.numel():
        return
    low, high = (int(bound) for bound in ids.aminmax())
    if low < 0 or high >= vocab_size:
        found = f"the id {low if low < 0 else high}"
        raise InputError(Problem(("x",), found, f"from 0 to {vocab_size - 1}, as vocab_size={vocab_size}", code="ids"))
