"""What a spec may state in several places, and whether the places agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from torcharc.errors import Path, Problem, format_path, quote


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """A value that a spec states.

    Attributes:
        value: What was read.
        path: Its place.
        words: The user's own words there.
    """

    value: Any
    path: Path
    words: str = ""


def list_clashes(stated: Sequence[Given]) -> list[Problem]:
    """A problem for each statement that differs from the first."""
    if not stated:
        return []
    first = stated[0]
    expected = f"the same as {format_path(first.path)}: {first.words or quote(first.value)}"
    return [
        Problem(other.path, other.words or quote(other.value), expected, code="twice")
        for other in stated[1:]
        if to_plain_numbers(other.value) != to_plain_numbers(first.value)
    ]


def to_plain_numbers(value: Any) -> Any:
    """`value` with its tensors as lists and its tuples too, so that `==` compares numbers."""
    if isinstance(value, Mapping):
        return {key: to_plain_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain_numbers(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value
