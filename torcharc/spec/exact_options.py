"""The options of exact graph specs: what a call gives, and what it checks; read, and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote, unknown_keys
from torcharc.graph import Graph

FORMS = ("tensor", "tuple", "dict")
SWITCHES = ("bare", "carries", "firsts", "strict")


def _list_defaults(outputs: int, is_module: bool) -> dict[str, Any]:
    """The options of a level that states none."""
    switches = {"bare": False, "carries": False, "firsts": True, "strict": not is_module}
    return {"form": "tensor" if outputs == 1 else "dict", **switches, "keeps": ""}


def read_options(value: Any, path: Path, outputs: int, *, is_module: bool) -> tuple[dict[str, Any], list[Problem]]:
    """The options of a graph by the names of its attributes, and the problems they have.

    Args:
        value: What stands under `exact`.
        path: Its place in the spec.
        outputs: How many outputs there are.
        is_module: Whether it is a module of a spec.
    """
    options, problems = _list_defaults(outputs, is_module), []
    if value is not None and not isinstance(value, Mapping):
        problems.append(Problem(path, quote(value), "options of the network: {returns: tuple, ...}", code="value"))
    given = value if isinstance(value, Mapping) else {}
    problems += unknown_keys(path, given, ["returns", *SWITCHES, "keeps"])
    for key, item in given.items():
        expected = _find_fault(key, item, outputs)
        if expected:
            problems.append(Problem((*path, key), quote(item), expected, code="value"))
        else:
            options["form" if key == "returns" else key] = item
    return {key: options[key] for key in _list_defaults(outputs, is_module)}, problems


def _find_fault(key: str, item: Any, outputs: int) -> str:
    """What is expected of an option that is something else, or `""`."""
    if key == "returns" and (item not in FORMS or (item == "tensor" and outputs != 1)):
        return f"one of {', '.join(FORMS)}; tensor for one output"
    if key in SWITCHES and not isinstance(item, bool):
        return "true or false"
    return "the name of an input" if key == "keeps" and not isinstance(item, str) else ""


def write_options(graph: Graph, *, is_module: bool) -> dict[str, Any]:
    """The options that differ from the defaults, as `read_options` reads them."""
    usual = _list_defaults(len(graph.outputs), is_module)
    changed = {key: getattr(graph, key) for key in usual if getattr(graph, key) != usual[key]}
    return {"returns" if key == "form" else key: value for key, value in changed.items()}
