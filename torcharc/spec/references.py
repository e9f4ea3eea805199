"""References: `lstm.output.0`, `lstm.hidden_state`, `features`, as text and as `Ref`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from torch import nn

from torcharc.entry import Entry
from torcharc.errors import Edit, Path, Problem, choices, did_you_mean, nearest, quote
from torcharc.graph import Graph, Ref

Keys = tuple[str | int, ...]

NAME = re.compile(r"[A-Za-z0-9_]+")
"""What a node, an input or an output may be called."""

WHOLE = "output"
"""The word for all that a node gives."""

_REFERENCE = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_NEGATIVE = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*\.-\d+")

# functions that give a tuple as long as an argument or the input says
_LISTS = frozenset(
    f"torch.{space}{name}"
    for name in ("chunk", "split", "unbind", "tensor_split", "hsplit", "vsplit", "dsplit", "meshgrid")
    for space in ("", "Tensor.")
)


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """What a name stands for in references.

    Attributes:
        ref: The whole of it; None if it is faulty, so that nothing can be said of what it gives.
        parts: Named parts, and the keys that lead to them.
        is_tuple: Whether the whole is a tuple.
        only_parts: Whether the whole cannot be referred to, as it is a dict of several outputs.
        is_list: Whether the whole is a list of tensors of one kind, and so can feed a port that takes one.
    """

    ref: Ref | None
    parts: Mapping[str, Keys] = dataclasses.field(default_factory=dict)
    is_tuple: bool = False
    only_parts: bool = False
    is_list: bool = False


def source_of_type(name: str, entry: Entry, params: Mapping[str, Any]) -> Source:
    """What the node `name` of type `entry` can be referred to as."""
    if callable(entry.outputs):
        return Source(Ref(name), {part: (part,) for part in entry.outputs(params)}, only_parts=True)
    ref = Ref(name)
    if entry.kind == "block":
        return Source(ref, dict.fromkeys(entry.outputs, ()))
    if entry.kind == "module" and entry.outputs:
        parts: dict[str, Keys] = {part: (index,) for index, part in enumerate(entry.outputs) if part != WHOLE}
        if entry.make is nn.LSTM:
            parts |= {"hidden_state": (1, 0), "cell_state": (1, 1)}
        return Source(ref, parts, is_tuple=True)
    if params.get("return_indices") or (entry.outputs and "dim" in params):
        return Source(ref, {"values": (0,), "indices": (1,)}, is_tuple=True)
    return Source(ref, {}, is_tuple=entry.name in _LISTS, is_list=entry.name in _LISTS)


def source_of_block(name: str, graph: Graph) -> Source:
    """What the node `name` can be referred to as, where it runs `graph`: its one output, or each by name."""
    names = [output for output, _ in graph.outputs]
    if len(names) == 1:
        return Source(Ref(name), {names[0]: ()})
    return Source(Ref(name), {output: (output,) for output in names}, only_parts=True)


def read_reference(
    text: Any, path: Path, sources: Mapping[str, Source], referrer: str
) -> tuple[Ref | None, Problem | None]:
    """The reference that `text` is, and the problem that it is none.

    Args:
        text: What stands in the spec.
        path: Its place there.
        sources: What each name stands for.
        referrer: Who refers, in words: `the node 'fc'`.

    Returns:
        The reference, or None where it is faulty or what it refers to is.
    """
    if not isinstance(text, str):
        expected = "a reference: the name of an input or a node, as 'fc.output'"
        return None, Problem(path, f"{quote(text)} in {referrer}", expected, code="reference")
    name, *rest = text.split(".")
    source = sources.get(name)
    if source is not None and source.ref is None:
        return None, None
    if not _REFERENCE.fullmatch(text):
        expected = "a reference: name, name.output or name.<position>"
        if _NEGATIVE.fullmatch(text):
            expected = "a position of at least 0"
        return None, Problem(path, f"{quote(text)} in {referrer}", expected, code="reference")
    if source is None or source.ref is None:
        return None, _undefined(text, name, path, sources, referrer)
    keys, problem = _read_keys(text, rest, path, source, referrer)
    if problem is not None:
        return None, problem
    return Ref(source.ref.name, source.ref.output + keys, source.ref.of_input, text, path), None


def _undefined(text: str, name: str, path: Path, sources: Mapping[str, Source], referrer: str) -> Problem:
    hint = did_you_mean(name, sources)
    expected = f"the name of an input or a node: {choices(sources)}" if sources else "a name; none is defined"
    near = nearest(name, sources)
    patch = () if near is None else (Edit("set", path, near + text[len(name) :]),)
    return Problem(path, f"{quote(text)} in {referrer}", expected, hint, "undefined", patch=patch)


def _read_keys(text: str, rest: list[str], path: Path, source: Source, referrer: str) -> tuple[Keys, Problem | None]:
    """The keys behind the name: a named part or `output` first, then positions."""
    keys: Keys = ()
    if rest and rest[0] in source.parts:
        keys, rest = source.parts[rest[0]], rest[1:]
    elif source.only_parts:
        name = text.split(".", 1)[0]
        expected = f"one of its outputs: {choices(f'{name}.{part}' for part in source.parts)}"
        hint = did_you_mean(rest[0], source.parts) if rest else ""
        return (), Problem(path, f"{quote(text)} in {referrer}", expected, hint, "reference")
    elif rest and rest[0] == WHOLE:
        rest = rest[1:]
    elif rest and source.parts and not rest[0].isdigit():
        name = text.split(".", 1)[0]
        parts = choices(f"{name}.{part}" for part in (WHOLE, *source.parts))
        expected = f"a part of {name}: {parts}, or a position"
        hint = did_you_mean(rest[0], (WHOLE, *source.parts))
        return (), Problem(path, f"{quote(text)} in {referrer}", expected, hint, "reference")
    if not rest:
        return keys, None
    return keys + tuple(int(key) if key.isdigit() and len(key) < 10 else key for key in rest), None
