"""One vector for a sequence of tokens: mean, maximum, learned attention; padding is left out.

Shapes: `N` batch (any number of axes), `L` tokens, `D` width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.module.text_options import check_choice, check_sizes, refuse
from torcharc.module.token_mask import check_masks, read_keep
from torcharc.registry import register

SCORES = ("yang", "linear")
PORTS = (Port("x"), Port("keep", required=False))


def pool_mean(x: Tensor, keep: Tensor | None = None) -> Tensor:
    """The mean `(N, D)` of the real tokens of `x` `(N, L, D)`; zeros where there are none."""
    if keep is None:
        return x.mean(-2)
    real = keep[..., None]
    return x.masked_fill(~real, 0.0).sum(-2) / real.sum(-2).clamp(min=1)


def pool_max(x: Tensor, keep: Tensor | None = None) -> Tensor:
    """The greatest numbers `(N, D)` over the real tokens of `x` `(N, L, D)`; zeros where there are none."""
    if keep is None:
        return x.amax(-2)
    real = keep[..., None]
    return x.masked_fill(~real, -torch.inf).amax(-2).masked_fill(~real.any(-2), 0.0)


@register(check=check_masks, ports=PORTS, example={"params": {}, "inputs": {"x": [6, 8]}})
class TokenMean(nn.Module):
    """The mean of the real tokens, `(N, L, D)` to `(N, D)`.

    Example:
        >>> x = torch.tensor([[[1.0], [3.0], [100.0]]])
        >>> TokenMean()(x, keep=torch.tensor([[1, 1, 0]]))
        tensor([[2.]])
    """

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """`(N, D)` for `x` `(N, L, D)`; `keep` `(N, L)`, nonzero: the token is real."""
        return pool_mean(x, read_keep(keep, x.shape[:-1]))


@register(check=check_masks, ports=PORTS, infer={"hidden_size": -1}, example={"params": {}, "inputs": {"x": [6, 8]}})
class AttentionPool(nn.Module):
    """A weighted mean of the tokens, `(N, L, D)` to `(N, D)`, its weights learned (Yang et al. 2016, section 2.2).

    `softmax(score(x)) . x`. Real tokens alone have weights; where there are none, the result is zero.

    Args:
        hidden_size: D.
        attention: `yang`: the score is `context . tanh(A x + c)`; `linear`: a linear layer's.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> AttentionPool(8)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 8])
    """

    def __init__(self, hidden_size: int, attention: str = "yang"):
        refuse([*check_sizes(hidden_size=hidden_size), *check_choice("attention", attention, SCORES)])
        super().__init__()
        yang = attention == "yang"
        self.hidden = nn.Linear(hidden_size, hidden_size) if yang else None
        self.context = nn.Linear(hidden_size, 1, bias=not yang)

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """`(..., D)` for `x` `(..., L, D)`; `keep` `(..., L)`, nonzero: the token is real."""
        keep = read_keep(keep, x.shape[:-1])
        scores = self.context(x if self.hidden is None else torch.tanh(self.hidden(x)))  # (..., L, 1)
        if keep is None:
            weights = scores.softmax(-2)
        else:
            real = keep[..., None]
            blind = ~real.any(-2, keepdim=True)  # a softmax over -inf alone would give NaN
            weights = scores.masked_fill(~(real | blind), -torch.inf).softmax(-2).masked_fill(blind, 0.0)
        out: Tensor = (weights.mT @ x).squeeze(-2)
        return out
