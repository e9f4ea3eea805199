"""Nodes of arcs that were read before, where the same tensors were carried: a search reads only what it changes.

How a node is read depends on its keys, its type and its `in_names`; its arguments are left to inference.
Only those of a fork count too, as they name what it gives.
"""

from __future__ import annotations

import marshal
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from torcharc.errors import Path
from torcharc.graph import Node, Ref
from torcharc.registry import find, generation
from torcharc.spec.arc_type import NODE_KEYS
from torcharc.spec.definition import BLOCKS
from torcharc.spec.expand import COPY_KEYS
from torcharc.spec.template import Budget, has_dollar

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

    def fill(self, node: Mapping[str, Any]) -> Node:
        """The node of the graph for one that is read alike, with the arguments of that."""
        params = {key: value for key, value in node.items() if key not in NODE_KEYS}
        read = self.node
        return Node(read.name, read.type, params, read.inputs, "", None, read.path, read.path, NODE_KEYS)


def make_key(name: str, node: Any, path: Path, carried: Carried, budget: Budget) -> Hashable:
    """How a node of an arc is read depends on this alone; None where it depends on more.

    Templates and copies depend on variables, `conv~right` on another node, a module of the spec on that.
    """
    if type(node) is not dict or "~" in name or not node.keys().isdisjoint(COPY_KEYS):
        return None
    type_, names = node.get("type"), node.get("in_names", ())
    if type(type_) is not str or type_.startswith(BLOCKS) or type(names) not in (list, tuple):
        return None
    entry = find(type_)
    if entry is None or not (budget.idle or not has_dollar(node)):
        return None
    try:
        arguments = marshal.dumps(node, 2) if callable(entry.outputs) else None
    except ValueError:  # it holds what is no plain data
        return None
    return generation(), name, path, tuple(node), type_, tuple(names), arguments, tuple(carried.items())


def recall(key: Hashable) -> Known | None:
    """What reading the node did before, if it was read before."""
    try:
        return _known.get(key) if key is not None else None
    except TypeError:  # among the names is one that is no name
        return None


def remember(key: Hashable, known: Known) -> None:
    """Keeps what reading a node did."""
    if len(_known) >= MOST_KNOWN:
        _known.pop(next(iter(_known)))
    _known[key] = known
