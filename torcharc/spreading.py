"""Copies side by side give a tuple: what that means where several tensors go in, and where one does."""

from __future__ import annotations

from collections.abc import Mapping

from torcharc.errors import Problem
from torcharc.graph import Node, Ref, Value, walk_refs


def spread(value: Value, counts: Mapping[Ref, int]) -> Value:
    """`value`, a list or dict of tensors, with all copies in place of a reference to them.

    Args:
        value: What feeds a port; in a dict the copies of `x` are called `x.0`, `x.1`, ...
        counts: Reference to a node, or to an input of a block → number of tensors side by side that it stands for.
    """
    if not counts:
        return value
    if isinstance(value, Ref):
        return _copies(value, counts) or value
    if isinstance(value, tuple):
        return tuple(part for item in value for part in _copies(item, counts) or (item,))
    if isinstance(value, Mapping):
        result: dict[str, Value] = {}
        for key, item in value.items():
            copies = _copies(item, counts)
            result |= {f"{key}.{index}": copy for index, copy in enumerate(copies)} if copies else {key: item}
        return result
    return value


def _copies(value: Value, counts: Mapping[Ref, int]) -> tuple[Ref, ...]:
    """References to each copy, where `value` refers to copies side by side as a whole."""
    if not isinstance(value, Ref) or value not in counts:
        return ()
    return tuple(Ref(value.name, (index,), value.of_input) for index in range(counts[value]))


def refuse_copies(node: Node, value: Value, counts: Mapping[Ref, int]) -> list[Problem]:
    """The problem that copies side by side feed a port of `node` that takes one tensor."""
    for ref in walk_refs(value) if counts else ():
        copies = _copies(ref, counts)
        if copies:
            found = f"{ref}, {len(copies)} tensors side by side"
            expected = "one tensor; merges, torch.stack and torch.cat take several"
            return [Problem(ref.path or node.path, found, expected, code="shape")]
    return []
