"""The names of types as patterns: every spelling of each."""

from __future__ import annotations

import re
from collections.abc import Iterable

from torcharc.registry import find

# a prefix in canonical names → what may be written for it
_PREFIXES = {
    "torch.nn.functional.": ("torch.nn.functional.", "nn.functional.", "F."),
    "torch.Tensor.": ("torch.Tensor.", "Tensor."),
    "": ("", "torch.nn.", "nn.", "core."),
}


def names_pattern(names: Iterable[str]) -> str:
    """A regular expression that is each spelling of each of `names`, and nothing else.

    Example:
        >>> import re
        >>> pattern = names_pattern(["ReLU", "torch.nn.functional.gelu"])
        >>> [bool(re.search(pattern, text)) for text in ("nn.ReLU", "F.gelu", "gelu", "ReLU6")]
        [True, True, False, False]
    """
    tails: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        prefixes, tail = _split(name)
        tails.setdefault(prefixes, []).append(tail)
    return f"^(?:{'|'.join(_alternatives(prefixes) + _alternatives(ends) for prefixes, ends in tails.items())})$"


def _alternatives(words: Iterable[str]) -> str:
    texts = [re.escape(word) for word in words]
    return texts[0] if len(texts) == 1 else f"(?:{'|'.join(texts)})"


def _split(name: str) -> tuple[tuple[str, ...], str]:
    """The prefixes under which the registry finds a type, and the rest of its name."""
    prefix = next(prefix for prefix in _PREFIXES if name.startswith(prefix))
    tail, entry = name[len(prefix) :], find(name)
    found = [other for other in _PREFIXES[prefix] if other == prefix or _is_same(find(other + tail), entry)]
    return tuple(found), tail


def _is_same(one: object, other: object) -> bool:
    return one is not None and one is other
