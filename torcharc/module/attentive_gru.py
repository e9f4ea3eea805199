"""One level of a hierarchical attention network: a bidirectional GRU and an attention over its steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.module.recurrence import run_recurrent
from torcharc.module.text_options import check_choice, check_sizes, refuse, require_rank
from torcharc.module.token_mask import check_masks, read_keep
from torcharc.module.token_pool import SCORES, AttentionPool
from torcharc.registry import register


@register(
    check=check_masks,
    ports=(Port("x"), Port("keep", required=False)),
    example={"params": {"hidden_size": 4}, "inputs": {"x": [3, 5, 6]}},
)
class AttentiveGRU(nn.Module):
    """A vector for each sequence: bidirectional GRU, then attention (Yang et al. 2016, section 2.2).

    Args:
        input_size: I, features of a step.
        hidden_size: H, width of each direction.
        attention: `yang` or `linear`, the scores of `AttentionPool`.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> AttentiveGRU(6, 4)(torch.zeros(2, 3, 5, 6)).shape
        torch.Size([2, 3, 8])
    """

    def __init__(self, input_size: int, hidden_size: int, attention: str = "yang"):
        wrong = check_sizes(input_size=input_size, hidden_size=hidden_size)
        refuse([*wrong, *check_choice("attention", attention, SCORES)])
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True, bidirectional=True)
        self.pool = AttentionPool(2 * hidden_size, attention)

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """The vectors of the sequences.

        Args:
            x: `(N, L, I)`, or `(N, S, L, I)` with S sequences in each sample.
            keep: `(N, L)` or `(N, S, L)`; nonzero: the step is real. The GRU reads up to the last real
                step, the attention sees the real ones alone.

        Returns:
            `(N, 2 * H)` or `(N, S, 2 * H)`; zeros for a sequence without any real step.

        Raises:
            InputError: If a shape does not fit.
        """
        require_rank(x, "(N, L, I) or (N, S, L, I)", 3, 4)
        keep = read_keep(keep, x.shape[:-1])
        if x.dim() == 3:
            return self._run(x, keep)
        vectors = self._run(x.flatten(0, 1), None if keep is None else keep.flatten(0, 1))
        return torch.unflatten(vectors, 0, x.shape[:2])

    def _run(self, x: Tensor, keep: Tensor | None) -> Tensor:
        lengths = None
        if keep is not None:
            steps = torch.arange(1, x.shape[1] + 1, device=x.device)
            lengths = (keep * steps).amax(1)  # the last real step, and 0 where there is none
        out: Tensor = self.pool(run_recurrent(self.gru, x, lengths), keep)
        return out
