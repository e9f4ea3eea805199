"""References of exact graph specs, which can name any part of any node or input: read, and written."""

from __future__ import annotations

import re
from collections.abc import Collection

from torcharc.errors import Path, Problem, choices, did_you_mean, quote
from torcharc.graph import Ref

INPUTS = "inputs"
"""The word before the name of an input that is called like a node."""

_PIECE = re.compile(r"(?:\\.|[^.\\])*", re.DOTALL)
_SPECIAL = re.compile(r"[\\.]")
_POSITION = re.compile(r"\d{1,9}")


def write_reference(ref: Ref, inputs: Collection[str], nodes: Collection[str]) -> str:
    """The text of a reference.

    Args:
        ref: What it refers to.
        inputs: The names of all inputs.
        nodes: The names of all nodes.

    Example:
        >>> write_reference(Ref("x", (0, "a.b"), of_input=True), ["x"], ["x"])
        'inputs.x.0.a\\\\.b'
    """
    parts = [_write(ref.name), *(str(key) if isinstance(key, int) else _write_part(key) for key in ref.output)]
    if ref.of_input and ref.name in nodes:
        parts.insert(0, INPUTS)
    elif ref.name == INPUTS:
        parts[0] = f"\\{INPUTS}"
    return ".".join(parts)


def _write(name: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", name)


def _write_part(key: str) -> str:
    return f"\\{key}" if _POSITION.fullmatch(key) else _write(key)


def read_reference(text: object, path: Path, inputs: Collection[str], nodes: Collection[str]) -> Ref | Problem:
    """The reference that `text` is, or the problem that it is none.

    Args:
        text: What stands in the spec.
        path: Its place there.
        inputs: The names of all inputs.
        nodes: The names of the nodes so far.

    Example:
        >>> read_reference("fc.0", (), ["x"], ["fc"])
        Ref(name='fc', output=(0,), of_input=False, text='fc.0', path=(), of_weight=False)
    """
    if not isinstance(text, str) or not text:
        return Problem(path, quote(text), "a reference: the name of an input or a node, as 'fc.0'", code="reference")
    pieces = _split(text)
    of_input = pieces[0] == INPUTS and len(pieces) > 1
    name, *rest = [_plain(piece) for piece in pieces[1 if of_input else 0 :]]
    keys = [
        int(piece) if _POSITION.fullmatch(piece) else key
        for piece, key in zip(pieces[2 if of_input else 1 :], rest, strict=True)
    ]
    if not of_input and name in nodes:
        return Ref(name, tuple(keys), text=text, path=path)
    if name in inputs:
        return Ref(name, tuple(keys), of_input=True, text=text, path=path)
    names = [*inputs] if of_input else [*inputs, *nodes]
    expected = f"the name of an input or of a node further up: {choices(dict.fromkeys(names))}"
    return Problem(path, quote(text), expected, did_you_mean(name, names), "undefined")


def _split(text: str) -> list[str]:
    """The pieces between the dots, those behind a backslash aside."""
    pieces, start = [], 0
    while match := _PIECE.match(text, start):
        end = match.end()
        pieces.append(text[start:end] if text[end : end + 1] != "\\" else text[start:])
        if text[end : end + 1] != ".":
            break
        start = end + 1
    return pieces


def _plain(piece: str) -> str:
    return re.sub(r"\\(.)", r"\1", piece, flags=re.DOTALL)
