"""Position encodings: what tells a transformer the time of each step.

Each is added to a sequence `(N, L, D)` and ends in dropout. `make_pe` reads the option `pe` of
the time series transformers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.arguments import Kind, read_value
from torcharc.errors import InputError, Path, Problem, missing_key, quote, unknown_keys, wrong_choice
from torcharc.registry import register

OPTIONS = ("type", "max_len", "dropout", "period")


class FixedPE(nn.Module):
    """Adds rows of a table that a formula gives; the table is the buffer `pe`, `(1, max_len, D)`.

    A sequence longer than `max_len` gets its further rows from the formula, for that call: the
    buffer, and so the state dict, keeps its size.

    Args:
        d_model: D, the size of a time step.
        max_len: How many rows are kept.
        dropout: Probability, 1 excluded, that an element of the sum is zeroed in training.
    """

    skip_init = True
    pe: Tensor

    def __init__(self, d_model: int, *, max_len: int = 128, dropout: float = 0.1):
        super().__init__()
        self.d_model = d_model
        self.dropout = nn.Dropout(dropout)
        times = torch.arange(max_len)
        self.register_buffer("pe", self.encode(times)[None].to(torch.get_default_dtype()))

    def encode(self, times: Tensor) -> Tensor:
        """The rows `(T, D)` for the integer `times` `(T)`, in double precision where there is one."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """`x + table`, for `x` of shape `(N, L, D)` or `(L, D)`."""
        table, length = self.pe[0], x.shape[-2]
        if length > table.shape[0]:
            beyond = torch.arange(table.shape[0], length, device=table.device)
            table = torch.cat([table, self.encode(beyond).to(table.dtype)])
        out: Tensor = self.dropout(x + table[:length])
        return out


def encode_sinusoid(times: Tensor, d_model: int) -> Tensor:
    """The rows `(T, D)` of sines and cosines for the integer `times` `(T)`, in double precision where there is one."""
    angles = turn_angles(times, d_model)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :d_model]


def turn_angles(times: Tensor, size: int, base: float = 10000.0) -> Tensor:
    """The angles `times / base ** (2k / size)`, `(T, ceil(size / 2))`, in double precision where there is one."""
    columns = _double(torch.arange(0, size, 2, device=times.device))
    return _double(times)[:, None] * base ** (-columns / size)


class SinusoidPE(FixedPE):
    """Sines in the even columns, cosines in the odd ones, base 10000 (Vaswani et al. 2017, section 3.5).

    Column `2k` of time `t` is `sin(t / 10000 ** (2k / D))`, column `2k + 1` the cosine of the
    same angle. D may be odd: the last sine then stands alone.

    Example:
        >>> SinusoidPE(3, dropout=0.0)(torch.zeros(1, 2, 3))[0, 0]
        tensor([0., 1., 0.])
    """

    def encode(self, times: Tensor) -> Tensor:
        """The rows `(T, D)` of the formula."""
        return encode_sinusoid(times, self.d_model)


@register("core.PositionalEncoding", example={"params": {"max_len": 16}, "inputs": {"x": [5, 8]}})
class SinusoidalEncoding(SinusoidPE):
    """Adds sines and cosines of the position to a sequence `(N, L, D)`, then drops out (Vaswani et al. 2017).

    It has no parameters; `PositionalEncoding` adds a learned table too.

    Args:
        d_model: D, the size of a step.
        max_len: How many positions are kept; a longer sequence gets its further rows from the formula.
        dropout: Probability, 1 excluded, that an element of the sum is zeroed in training.

    Example:
        >>> SinusoidalEncoding(4)(torch.zeros(1, 3, 4)).shape
        torch.Size([1, 3, 4])
    """

    def __init__(self, d_model: int, *, max_len: int = 5000, dropout: float = 0.1):
        super().__init__(d_model, max_len=max_len, dropout=dropout)


class PeriodicPE(FixedPE):
    """`sin(2 * pi * t / period)` in every column, for series with a known period.

    Args:
        d_model: D, the size of a time step.
        max_len: How many rows are kept.
        dropout: Probability, 1 excluded, that an element of the sum is zeroed in training.
        period: Time steps in a period, above 0.

    Example:
        >>> PeriodicPE(1, period=4, dropout=0.0)(torch.zeros(1, 2, 1))[0, 1]
        tensor([1.])
    """

    def __init__(self, d_model: int, *, max_len: int = 128, dropout: float = 0.1, period: float = 24):
        self.period = period
        super().__init__(d_model, max_len=max_len, dropout=dropout)

    def encode(self, times: Tensor) -> Tensor:
        """The rows `(T, D)` of the formula."""
        rows = torch.sin(_double(times) * (2 * math.pi / self.period))
        return rows[:, None].repeat(1, self.d_model)


class LearnedPE(nn.Module):
    """Adds a learned vector per time step, then normalizes (as BERT does, Devlin et al. 2018).

    Args:
        d_model: D, the size of a time step.
        max_len: How many steps have a vector; a longer sequence is refused.
        dropout: Probability, 1 excluded, that an element of the result is zeroed in training.

    Example:
        >>> LearnedPE(3, max_len=4)(torch.zeros(1, 4, 3)).shape
        torch.Size([1, 4, 3])
    """

    skip_init = True
    idxs: Tensor

    def __init__(self, d_model: int, *, max_len: int = 128, dropout: float = 0.1):
        super().__init__()
        self.max_len = max_len
        self.register_buffer("idxs", torch.arange(max_len))
        self.pos_embedding = nn.Embedding(max_len, d_model)
        self.layer_norm = nn.LayerNorm(d_model, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """The encoded sequence, for `x` of shape `(N, L, D)` or `(L, D)`.

        Raises:
            InputError: If L is above `max_len`.
        """
        length = x.shape[-2]
        if length > self.max_len:
            expected = f"at most max_len={self.max_len} time steps, which have learned positions"
            hint = f"pe: {{type: learned, max_len: {length}}}"
            raise InputError(Problem((), f"{length} time steps", expected, hint, "too-long"))
        out: Tensor = self.dropout(self.layer_norm(x + self.pos_embedding(self.idxs[:length])))
        return out


ENCODINGS: dict[str, type[nn.Module]] = {"sinusoid": SinusoidPE, "periodic": PeriodicPE, "learned": LearnedPE}


def make_pe(pe: str | Mapping[str, Any] | None, d_model: int) -> nn.Module | None:
    """The position encoding that the option `pe` names, `None` for none.

    Args:
        pe: A name in `ENCODINGS`, or `{type, max_len, dropout, period}`, of which only `type` is
            required; `period` matters to `periodic` alone. It has passed `check_pe`.
        d_model: D, the size of a time step.
    """
    if pe is None:
        return None
    options = {"type": pe} if isinstance(pe, str) else dict(pe)
    name = options.pop("type")
    if name != "periodic":
        options.pop("period", None)
    return ENCODINGS[name](d_model, **options)


def check_pe(pe: object, path: Path = ("pe",)) -> Iterator[Problem]:
    """The problems of the option `pe`: see `make_pe`."""
    if isinstance(pe, Mapping):
        yield from _check_pe_options(pe, path)
    elif pe is not None and not (isinstance(pe, str) and pe in ENCODINGS):
        yield wrong_choice(path, pe, "null, a mapping with a type, or one of", ENCODINGS)


def _check_pe_options(pe: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    yield from unknown_keys(path, [key for key in pe if key != "type"], OPTIONS)
    if "type" not in pe:
        yield missing_key(path, "type")
    elif not (isinstance(pe["type"], str) and pe["type"] in ENCODINGS):
        yield wrong_choice((*path, "type"), pe["type"], "one of", ENCODINGS)
    if "max_len" in pe:
        yield from read_value(Kind(frozenset({"int"}), low=1), pe["max_len"], (*path, "max_len"))[1]
    if "dropout" in pe:
        yield from check_dropout(pe["dropout"], (*path, "dropout"))
    if "period" in pe and not (_is_number(pe["period"]) and 0 < pe["period"] < math.inf):
        yield Problem((*path, "period"), quote(pe["period"]), "a number above 0", code="value")


def check_dropout(dropout: Any, path: Path = ("dropout",)) -> Iterator[Problem]:
    """The problem of a dropout probability that is not from 0 to 1, 1 excluded."""
    if not (_is_number(dropout) and 0 <= dropout < 1):
        yield Problem(path, quote(dropout), "a number from 0 to 1, 1 excluded", code="value")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _double(x: Tensor) -> Tensor:
    """`x` in double precision; in single on Apple's GPU, which has no other."""
    return x.to(torch.float32 if x.device.type == "mps" else torch.float64)
