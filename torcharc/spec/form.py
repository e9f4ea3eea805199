"""The form of a spec that leaves no doubt, told from its keys alone: an arc, or `modules` and `graph`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal


def find_form(spec: Mapping[Any, Any]) -> Literal["arc", "modules"] | None:
    """Which of the two a spec is; None for a list of nodes, and for what is no whole spec.

    Example:
        >>> find_form({"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4]}})
        'arc'
    """
    graph = spec.get("graph")
    if isinstance(graph, (list, tuple)):
        return None
    if "dag_in_shape" in spec or "type" in spec:
        return "arc"
    return "modules" if isinstance(graph, Mapping) and "modules" in spec else None


def variables_key(spec: Mapping[Any, Any]) -> str:
    """The key under which a spec of such a form names its variables."""
    return "dag_vars" if find_form(spec) == "arc" else "vars"
