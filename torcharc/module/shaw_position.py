"""Attention with learned vectors for relative positions (Shaw et al. 2018, "Self-Attention with Relative
Position Representations", equations 3 and 4).

`e_ij = q_i . (k_j + aK_r) / sqrt(E)`, `z_i = sum_j softmax(e)_ij (v_j + aV_r)`, with
`r = clip(j - i, -K, K) + K`. Shapes: `N` batch, `h` heads, `L` queries, `S` keys, `E` the size of a
head, `R = 2K + 1` relative positions.

The tables have R rows, and there are L * S pairs. Where R is not much larger than S, q . aK is
computed once for each row of the table and then gathered; weights that share a row of aV are
summed first. Where R is larger, a vector per pair is cheaper.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torcharc.module.relative_position import NoPosition, relative_distance
from torcharc.module.token_mask import is_exporting
from torcharc.module.tracing import is_tracing

MOST_PAIRS = 2**21
"""Pairs of a query and a key, over all heads, that are worked on at once: their scores stay in a cache, and are few."""
LEAST_ROWS = 32
"""Queries that are worked on at once at least."""


class ShawKeys(NoPosition):
    """The table of vectors that are added to keys.

    Args:
        head_size: E.
        reach: K; pairs further apart share the outermost vectors.
        scale: Whether q . aK is divided by sqrt(E), as q . k is.
    """

    skip_init = True

    def __init__(self, head_size: int, reach: int, *, scale: bool):
        super().__init__()
        self.reach = reach
        self.scale = head_size**-0.5 if scale else 1.0
        self.keys = nn.Parameter(torch.empty(2 * reach + 1, head_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the tables from N(0, 0.02 ** 2)."""
        for table in self.parameters(recurse=False):
            nn.init.normal_(table, std=0.02)

    def bias(self, query: Tensor, keys: int) -> Tensor:
        """`q . aK`, `(N, h, L, S)`."""
        reach, shared = self._choose(keys)
        index = relative_distance(query.shape[-2], keys, query.device).clamp(-reach, reach) + reach
        return self._score(query, index, reach, shared)

    def _choose(self, keys: int) -> tuple[int, bool]:
        """K, cut to what occurs; and whether rows of the table are computed once: that pays up to R = 1.5 S."""
        if is_exporting() or is_tracing():  # these keep the number of keys open
            return self.reach, True
        reach = min(self.reach, max(keys - 1, 0))
        return reach, 2 * (2 * reach + 1) <= 3 * keys

    def _clip(self, table: Tensor, reach: int) -> Tensor:
        """The rows of a table that occur."""
        return table if reach == self.reach else table[self.reach - reach : self.reach + reach + 1]

    def _score(self, query: Tensor, index: Tensor, reach: int, shared: bool) -> Tensor:
        """`q . aK`, `(N, h, L, S)`, for the rows `index` `(L, S)` of the table cut to `reach`."""
        table, query = self._clip(self.keys, reach), query * self.scale
        if not shared:
            return torch.einsum("bhie,ije->bhij", query, table[index])
        scores = query @ table.mT  # (N, h, L, R)
        return scores.gather(-1, index.expand(*scores.shape[:-1], index.shape[-1]))


class ShawPosition(ShawKeys):
    """The tables of vectors that are added to keys and values; they need the attention weights themselves."""

    def __init__(self, head_size: int, reach: int, *, scale: bool):
        super().__init__(head_size, reach, scale=scale)
        self.values = nn.Parameter(torch.empty(2 * reach + 1, head_size))
        nn.init.normal_(self.values, std=0.02)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
        """The attention's result.

        Args:
            query: `(N, h, L, E)`.
            key: `(N, h, S, E)`.
            value: `(N, h, S, E)`.
            mask: Booleans `(N, h, L, S)`, N, h and L may be 1; a query that may see no key gets zeros.
            dropout: Probability that a weight is zeroed.

        Returns:
            `(N, h, L, E)`.
        """
        batch, heads, queries, keys = *query.shape[:-1], key.shape[-2]
        distance = relative_distance(queries, keys, query.device)
        whole = torch.compiler.is_compiling() or is_tracing()
        step = 0 if whole else max(LEAST_ROWS, MOST_PAIRS // max(1, batch * heads * keys))
        if whole or step >= queries:
            return self._attend(query, key, value, mask, distance, dropout)
        found = []
        for start in range(0, queries, step):
            rows = slice(start, start + step)
            seen = mask if mask is None or mask.shape[-2] == 1 else mask[..., rows, :]
            found.append(self._attend(query[..., rows, :], key, value, seen, distance[rows], dropout))
        return torch.cat(found, -2)

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, distance: Tensor, dropout: float
    ) -> Tensor:
        """`attend` for queries and keys that are `distance` `(L, S)` apart."""
        shape = query.shape
        reach, shared = self._choose(key.shape[-2])
        index = distance.clamp(-reach, reach) + reach
        scores = self._score(query, index, reach, shared).flatten(0, 1)  # (N * h, L, S)
        # not in place: torch's counter of operations would miss it
        scores = torch.baddbmm(scores, query.flatten(0, 1), key.flatten(0, 1).mT, alpha=shape[-1] ** -0.5)
        scores = torch.unflatten(scores, 0, shape[:2])
        blind = None
        if mask is not None:
            blind = ~mask.any(-1, keepdim=True)
            scores = scores.masked_fill_(~(mask | blind), -torch.inf)  # a row of -inf alone would give NaN
        weights = scores.softmax(-1)
        del scores
        if dropout:
            weights = F.dropout(weights, dropout)
        found = self._mix(weights, value, index, reach, shared)
        return found if blind is None else found.masked_fill(blind, 0.0)

    def _mix(self, weights: Tensor, value: Tensor, index: Tensor, reach: int, shared: bool) -> Tensor:
        """`sum_j a_ij (v_j + aV_r)`, `(N, h, L, E)`."""
        table = self._clip(self.values, reach)
        if not shared:
            return weights @ value + torch.einsum("bhij,ije->bhie", weights, table[index])
        sums = weights.new_zeros(*weights.shape[:-1], table.shape[0])
        sums = sums.scatter_add(-1, index.expand_as(weights), weights)  # (N, h, L, R)
        return weights @ value + sums @ table
