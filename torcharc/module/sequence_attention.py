"""Attention of a sequence's steps to one another by the scores of Luong et al. 2015, section 3.1.

Each step's state is replaced by its context, the mean of all states weighted by softmax of the
scores. Shapes: `N` batch, `L` steps, `D` width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.module.text_options import check_sizes, refuse, require_rank
from torcharc.module.token_mask import check_masks, read_keep
from torcharc.registry import register


class SequenceAttention(nn.Module):
    """What the three share: masks before, zeros in padded rows behind. A subclass computes `attend`."""

    def __init__(self, hidden_size: int):
        refuse(check_sizes(hidden_size=hidden_size))
        super().__init__()
        self.hidden_size = hidden_size

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """The contexts `(N, L, D)` of the states `x` `(N, L, D)`.

        Args:
            x: The states.
            keep: `(N, L)`; nonzero: the step is real. Others are not attended to, and their rows are zero.

        Raises:
            InputError: If a shape does not fit.
        """
        require_rank(x, "(N, L, D)", 3)
        keep = read_keep(keep, x.shape[:2])
        found = self.attend(x, keep)
        return found if keep is None else found.masked_fill(~keep[..., None], 0.0)

    def attend(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """The contexts; `keep` is boolean. Rows of steps that are not real may be anything finite."""
        raise NotImplementedError


def _by_products(query: Tensor, x: Tensor, keep: Tensor | None) -> Tensor:
    """`softmax(query x' / sqrt(D)) x`."""
    seen = None if keep is None else keep[:, None, None]
    heads = x[:, None]  # fused kernels want an axis of heads
    return F.scaled_dot_product_attention(query[:, None], heads, heads, seen).squeeze(1)


_EXAMPLE = {"params": {}, "inputs": {"x": [6, 8]}}
_SETTINGS = {
    "check": check_masks,
    "ports": (Port("x"), Port("keep", required=False)),
    "infer": {"hidden_size": -1},
    "example": _EXAMPLE,
}


@register(**_SETTINGS)
class DotProductAttention(SequenceAttention):
    """`softmax(x x' / sqrt(D)) x`, `(N, L, D)` to `(N, L, D)`; it has no parameters.

    Args:
        hidden_size: D.

    Example:
        >>> DotProductAttention(8)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 5, 8])
    """

    def attend(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """The contexts."""
        return _by_products(x, x, keep)


@register(**_SETTINGS)
class GeneralAttention(SequenceAttention):
    """`softmax((W x + b) x' / sqrt(D)) x`, `(N, L, D)` to `(N, L, D)`.

    Args:
        hidden_size: D.

    Example:
        >>> GeneralAttention(8)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 5, 8])
    """

    def __init__(self, hidden_size: int):
        super().__init__(hidden_size)
        self.linear = nn.Linear(hidden_size, hidden_size)

    def attend(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """The contexts."""
        return _by_products(self.linear(x), x, keep)


@register(**_SETTINGS)
class ConcatAttention(SequenceAttention):
    """`softmax(s) x` with `s_ij = v . tanh(W [x_i; x_j] + b)`, `(N, L, D)` to `(N, L, D)`.

    The pairs `[x_i; x_j]` are never made: `W [x_i; x_j]` is `W1 x_i + W2 x_j`.

    Args:
        hidden_size: D.

    Example:
        >>> ConcatAttention(8)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 5, 8])
    """

    def __init__(self, hidden_size: int):
        super().__init__(hidden_size)
        self.linear = nn.Linear(2 * hidden_size, hidden_size)
        self.v = nn.Parameter(torch.empty(hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws v from U(-1 / sqrt(D), 1 / sqrt(D))."""
        bound = self.hidden_size**-0.5
        nn.init.uniform_(self.v, -bound, bound)

    def attend(self, x: Tensor, keep: Tensor | None) -> Tensor:
        """The contexts."""
        first, second = self.linear.weight.chunk(2, 1)
        rows, columns = F.linear(x, first, self.linear.bias), F.linear(x, second)  # (N, L, D)
        scores = (rows[:, :, None] + columns[:, None]).tanh_() @ self.v  # (N, L, L)
        if keep is not None:
            # a sample without any real step would give NaN; its rows are zeroed behind
            seen = keep[:, None] | ~keep.any(1)[:, None, None]
            scores = scores.masked_fill(~seen, -torch.inf)
        return scores.softmax(-1) @ x


ATTENTIONS: dict[str, type[SequenceAttention]] = {
    "dot": DotProductAttention,
    "general": GeneralAttention,
    "concat": ConcatAttention,
}
