"""Warnings of texts that are nearly `true`, `false` or `null`: a text is true wherever a condition is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torcharc.errors import Edit, Path, Problem, quote

_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


def _misspell(word: str) -> set[str]:
    """`word` with a letter left out, doubled, or in the place of its neighbour."""
    found = {word[:index] + word[index + 1 :] for index in range(len(word))}
    found |= {word[: index + 1] + word[index:] for index in range(len(word))}
    found |= {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    return found - {word}


_MEANT = {
    spelling: word
    for word in _WORDS
    for typo in _misspell(word)
    for spelling in (typo, typo.capitalize(), typo.upper())
}


def warn_near_words(spec: Any) -> list[Problem]:
    """A warning for each value of a spec that is a text and nearly one of the three words.

    Example:
        >>> [problem] = warn_near_words({"type": "Linear", "out_features": 4, "bias": "flase"})
        >>> problem.path, problem.hint
        (('bias',), 'did you mean false?')
    """
    expected = "a word that is not nearly true, false or null; it is read as text"
    found = [(path, text, _MEANT[text]) for path, text in _walk_texts(spec, ())] if _has_near_word(spec) else []
    return [
        Problem(
            path,
            quote(text),
            expected,
            f"did you mean {word}?",
            "near-word",
            severity="warning",
            patch=(Edit("set", path, _WORDS[word]),),
        )
        for path, text, word in found
    ]


def _has_near_word(value: Any) -> bool:
    """Whether there is one: a walk without places, as most specs have none."""
    for item in value.values() if type(value) is dict else value if type(value) is list else ():
        kind = type(item)
        if item in _MEANT if kind is str else (kind is dict or kind is list) and _has_near_word(item):
            return True
    return False


def _walk_texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The texts that are near, and their places."""
    if isinstance(value, str):
        if value in _MEANT:
            yield path, value
    elif isinstance(value, (Mapping, list, tuple)):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _walk_texts(item, (*path, key))
