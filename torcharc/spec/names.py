"""Names of nodes, and cycles among them: what the formats that build a `module_dict` share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from torch import nn

from torcharc.errors import Path, Problem, quote

RESERVED = frozenset(dir(nn.ModuleDict())) | {"dag_in_shape", "dag_vars", "dag_modules"}
"""Names that no module can bear in an `nn.ModuleDict`."""


def check_name(name: str, path: Path) -> list[Problem]:
    """The problem of a name that no module can bear, if it is such a one."""
    if not name or "." in name:
        expected = "a name without dots" if name else "a name"
        return [Problem(path, f"the name {quote(name)}", expected, code="name")]
    if name in RESERVED:
        expected = "a name that is no attribute of torch.nn.ModuleDict"
        return [Problem(path, f"the name {quote(name)}", expected, "choose another name", "name")]
    return []


def find_cycle(start: str, wants: Mapping[str, Collection[Any]]) -> tuple[str, ...]:
    """The shortest way along `wants` from `start` back to it, if there is one."""
    trails: dict[str, tuple[str, ...]] = {start: (start,)}
    queue = [start]
    for name in queue:
        for other in wants.get(name, ()):
            if other == start:
                return (*trails[name], start)
            if isinstance(other, str) and other in wants and other not in trails:
                trails[other] = (*trails[name], other)
                queue.append(other)
    return ()


def names_wanted(node: Any) -> Collection[Any]:
    """The `in_names` of a node of an arc."""
    names = node.get("in_names") if isinstance(node, dict) else None
    return names if isinstance(names, (list, tuple)) else ()


def find_output(name: str, params: Mapping[str, Any]) -> Path:
    """Where a fork's parameters name an output."""
    for key, value in params.items():
        if isinstance(value, Mapping) and name in value:
            return (key, name)
        if isinstance(value, (list, tuple)) and name in value:
            return (key, value.index(name))
    return ()
