"""Options that the text blocks share: sizes, choices, activations; their problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torcharc.errors import ArgumentError, InputError, Problem, quote, wrong_choice

Activation = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Activation] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "swish": F.silu,
    "silu": F.silu,
    "leaky_relu": F.leaky_relu,
    "tanh": torch.tanh,
}


def refuse(problems: Iterable[Problem]) -> None:
    """Raises an `ArgumentError` with all `problems`, if there are any."""
    if found := list(problems):
        raise ArgumentError(found)


def check_sizes(**sizes: Any) -> Iterator[Problem]:
    """The problems of arguments that have to be integers above 0."""
    for name, size in sizes.items():
        if type(size) is not int or size < 1:
            yield Problem((name,), quote(size), "an integer above 0", code="value")


def check_choice(name: str, word: Any, names: Iterable[str]) -> Iterator[Problem]:
    """The problem of an argument that has to be one of `names`."""
    if not isinstance(word, str) or word not in (names := list(names)):
        yield wrong_choice((name,), word, "one of", names)


def check_heads(d_model: Any, n_heads: Any) -> Iterator[Problem]:
    """The problems of a width that `n_heads` heads share out evenly."""
    wrong = list(check_sizes(d_model=d_model, n_heads=n_heads))
    yield from wrong
    if not wrong and d_model % n_heads:
        yield Problem(("n_heads",), quote(n_heads), f"a divisor of d_model={d_model}", code="value")


def require_rank(x: Tensor, words: str, *ranks: int) -> None:
    """Refuses an input with another number of axes.

    Raises:
        InputError: It says `words`, the shape that is wanted.
    """
    if x.dim() not in ranks:
        raise InputError(Problem(("x",), f"shape {tuple(x.shape)}", words, code="shape"))
