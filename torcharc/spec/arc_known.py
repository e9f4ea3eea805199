"""Nodes of arcs that were read before, where the same tensors were carried: a search reads only what it changes."""

from __future__ import annotations

import marshal
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from torcharc.errors import Path
from torcharc.graph import Node, Ref
from torcharc.registry import generation
from torcharc.spec.definition import BLOCKS
from torcharc.spec.expand import COPY_KEYS

MOST_KNOWN = 20_000

_known: dict[Hashable, Known] = {}

Carried = Mapping[str | None, Ref | None]


class Known(NamedTuple):
    """What reading a node without problems did.

    Attributes:
        node: The node of the graph.
        taken: The names of the tensors that it consumes.
        carried: What is carried behind it.
        given: What it gives, in words, where it is fed under a name.
    """

    node: Node
    taken: tuple[str | None, ...]
    carried: Carried
    given: str | None


def make_key(name: str, node: Any, path: Path, carried: Carried) -> Hashable:
    """What a node of an arc means depends on this alone; None where it depends on more.

    Templates and copies depend on variables, `conv~right` on another node, a module of the spec on that.
    """
    if type(node) is not dict or "~" in name or not node.keys().isdisjoint(COPY_KEYS):
        return None
    type_ = node.get("type")
    if type(type_) is str and type_.startswith(BLOCKS):
        return None
    try:
        text = marshal.dumps(node, 2)
    except ValueError:  # it holds what is no plain data
        return None
    return None if b"$" in text else (generation(), name, path, text, tuple(carried.items()))


def recall(key: Hashable) -> Known | None:
    """What reading the node did before, if it was read before."""
    return _known.get(key) if key is not None else None


def remember(key: Hashable, known: Known) -> None:
    """Keeps what reading a node did."""
    if len(_known) >= MOST_KNOWN:
        _known.pop(next(iter(_known)))
    _known[key] = known
