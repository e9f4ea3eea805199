"""The inputs that an arc declares as `dag_in_shape`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote
from torcharc.graph import Dim, N, TensorSpec


def parse_shapes(value: Any, path: Path) -> tuple[dict[str | None, TensorSpec] | None, list[Problem]]:
    """The inputs that `dag_in_shape` declares: by name, or one under None; and the problems."""
    if isinstance(value, Mapping):
        if not value:
            return None, [Problem(path, "{}", "at least one input: {name: [sizes]}", code="value")]
        found = {name: _parse_input(name, shape, (*path, name)) for name, shape in value.items()}
    else:
        found = {None: _parse_shape(value, path)}
    specs = {name: result for name, result in found.items() if type(result) is TensorSpec}
    if len(specs) == len(found):
        return specs, []
    return None, [result for result in found.values() if isinstance(result, Problem)]


def _parse_input(name: Any, shape: Any, path: Path) -> TensorSpec | Problem:
    if not isinstance(name, str) or not name:
        return Problem(path, f"the name {quote(name)}", "a name", code="name")
    return _parse_shape(shape, path)


def _parse_shape(value: Any, path: Path) -> TensorSpec | Problem:
    expected = "a shape without the batch axis: a list of integers above 0 (null for any size)"
    if not isinstance(value, (list, tuple)):
        return Problem(path, quote(value), expected, code="value")
    for index, size in enumerate(value):
        if size is not None and (type(size) is not int or size < 1):
            return Problem((*path, index), quote(size), "an integer above 0 (null for any size)", code="value")
    dims: tuple[Dim, ...] = (N, *value)
    return TensorSpec(dims, None)
