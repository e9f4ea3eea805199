"""Which name a misspelt word was meant for; bounded, so that a spec of thousands of faults is told in time."""

from __future__ import annotations

import contextvars
import difflib
from collections.abc import Collection, Iterable

MOST_COMPARED = 20_000
"""How many names one check compares with misspelt words; beyond that, faults are told without a hint."""

_LONGEST = 100  # a longer word is no name
_FEW = 100  # so many names are all compared
_CLOSE = 64  # of more names, so many that begin or end alike are

_left: contextvars.ContextVar[list[int] | None] = contextvars.ContextVar("names that may be compared", default=None)


class Bound:
    """Within it, `nearest` compares `MOST_COMPARED` names in all.

    Example:
        >>> with Bound():
        ...     nearest("Linaer", ["Linear"])
        'Linear'
    """

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _left.set([MOST_COMPARED])

    def __exit__(self, *error: object) -> None:
        _left.reset(self._token)


def nearest(word: object, names: Iterable[str]) -> str | None:
    """The one of `names` that `word` is most likely a misspelling of, if any.

    Example:
        >>> nearest("Linaer", ["Conv1d", "Linear"]), nearest("Embedding", ["Conv1d", "Linear"])
        ('Linear', None)
    """
    if not isinstance(word, str) or len(word) > _LONGEST or _is_spent():
        return None
    by_lower = {name.lower(): name for name in names}
    found = _find(word.lower(), by_lower)
    return None if found is None else by_lower[found]


def _is_spent() -> bool:
    left = _left.get()
    return left is not None and left[0] <= 0


def _spend(count: int) -> None:
    left = _left.get()
    if left is not None:
        left[0] -= count


def _find(word: str, names: Collection[str]) -> str | None:
    """The nearest of names in lower case."""
    swapped = (word[:index] + word[index : index + 2][::-1] + word[index + 2 :] for index in range(len(word) - 1))
    near = (word, *swapped) if len(word) > 2 else (word,)
    same = next((name for name in near if name in names), None)  # difflib finds swapped letters far in a short word
    if same is not None:
        return same
    if len(names) > _FEW:
        _spend(len(names) // 16)
        found = _compare(word, _list_alike(word, names))
        if found is not None or _is_spent():
            return found
    return _compare(word, names)


def _compare(word: str, names: Collection[str]) -> str | None:
    _spend(len(names))
    return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=0.7)), None)


def _list_alike(word: str, names: Iterable[str]) -> list[str]:
    """The names of about that length with the same first or second half: those that one slip in the other gives."""
    half = len(word) // 2
    near = [name for name in names if abs(len(name) - len(word)) <= 3]
    heads = [name for name in near if name.startswith(word[:half])]
    tails = [name for name in near if name.endswith(word[len(word) - half :])]
    while len(heads) > _CLOSE and half < len(word):
        half += 1
        closer = [name for name in heads if name.startswith(word[:half])]
        if not closer:
            break
        heads = closer
    return [*heads[:_CLOSE], *tails[:_CLOSE]]
