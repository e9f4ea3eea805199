"""Repairs of shape clashes in lists of nodes, as edits of the spec. None is made unasked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from torcharc.errors import Edit, Problem
from torcharc.graph import Node, Ref, Shape, TensorSpec, Value
from torcharc.planning import Feed

PRODUCTS = ("torch.bmm", "torch.matmul", "torch.mm", "torch.Tensor.bmm", "torch.Tensor.matmul", "torch.Tensor.mm")
SUMS = ("torch.add", "torch.sub", "torch.Tensor.add", "torch.Tensor.sub")


def find_repair(problem: Problem, node: Node, feed: Feed) -> Problem:
    """The problem with hint and patch, where one is known."""
    if problem.code != "shape" or not node.path:
        return problem
    if len(problem.path) > len(node.arguments_path) and isinstance(problem.path[-1], str):
        return _set_size(problem)
    shapes = [(port, struct.shape) for port, struct in feed.structs.items() if isinstance(struct, TensorSpec)]
    if len(shapes) != 2:
        return problem
    if node.type in PRODUCTS:
        return _transpose(problem, node, shapes)
    return _project(problem, node, shapes) if node.type in SUMS else problem


def _set_size(problem: Problem) -> Problem:
    """The size that the input determines, in place of the one that is stated."""
    size = problem.expected.split(",", 1)[0]
    if not size.isdigit():
        return problem
    return dataclasses.replace(problem, patch=(Edit("set", problem.path, int(size)),))


def _transpose(problem: Problem, node: Node, shapes: Sequence[tuple[str, Shape]]) -> Problem:
    """A transposed factor of a matrix product, where that makes it fit."""
    (first, left), (second, right) = shapes
    if len(left) < 2 or len(right) < 2:
        return problem
    if left[-2] == right[-2] and left[-1] != right[-2]:
        port, rank = first, len(left)
    elif left[-1] == right[-1] and left[-1] != right[-2]:
        port, rank = second, len(right)
    else:
        return problem
    params = {"dim0": rank - 2, "dim1": rank - 1}
    hint = f"torch.transpose with dim0: {rank - 2}, dim1: {rank - 1} on {port} makes it fit"
    return _insert(problem, node, port, hint, "torch.transpose", params)


def _project(problem: Problem, node: Node, shapes: Sequence[tuple[str, Shape]]) -> Problem:
    """A projection of one summand to the size of the other, where only the last axis differs."""
    (first, left), (_, right) = shapes
    widths = (left[-1], right[-1]) if left and right else (None, None)
    if left[:-1] != right[:-1] or not all(isinstance(width, int) for width in widths):
        return problem
    hint = f"torch.nn.Linear with out_features: {widths[1]} on {first} makes it fit"
    params = {"in_features": widths[0], "out_features": widths[1]}
    return _insert(problem, node, first, hint, "torch.nn.Linear", params)


def _insert(problem: Problem, node: Node, port: str, hint: str, type_: str, params: Mapping[str, Any]) -> Problem:
    """The patch that puts a new node between `port` and what feeds it."""
    values = dict(node.inputs)
    fed = values.get(port)
    if not isinstance(fed, Ref) or not all(isinstance(value, (Ref, int, float)) for value in values.values()):
        return dataclasses.replace(problem, hint=hint)
    name = f"{node.name}_{port}"
    added = {"name": name, "type": type_, "params": dict(params), "inputs": {"input": str(fed)}}
    inputs = {key: f"{name}.output" if key == port else _write(value) for key, value in values.items()}
    *path, index = node.path
    moved = (*path, int(index) + 1, "inputs")
    patch = (Edit("insert", node.path, added), Edit("set", moved, inputs))
    return dataclasses.replace(problem, hint=hint, patch=patch)


def _write(value: Value) -> Any:
    return str(value) if isinstance(value, Ref) else value
