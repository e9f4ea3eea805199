"""What inference says of a node that does not fit: which node, what feeds it, and what would mend it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from torcharc.arguments import read_arguments
from torcharc.entry import Entry
from torcharc.errors import Path, Problem, choices, did_you_mean, format_path, quote
from torcharc.graph import BatchDim, Graph, Node, Ref, Shape, Struct, TensorSpec, Value
from torcharc.meta import make_on_meta
from torcharc.planning import Feed
from torcharc.recipe import Recipe
from torcharc.repairs import find_repair


def has_part(struct: Struct, key: str | int) -> bool:
    """Whether what a node gives has a part under `key`."""
    if isinstance(struct, Mapping):
        return str(key) in struct
    return isinstance(struct, tuple) and isinstance(key, int) and -len(struct) <= key < len(struct)


def find_part(struct: Struct, key: str | int) -> Struct:
    """The part of what a node gives under `key`; None where it is not known."""
    if isinstance(struct, Mapping):
        return struct.get(str(key))
    return struct[key] if isinstance(struct, tuple) and isinstance(key, int) else None


def find_weight(recipe: Recipe, keys: tuple[str | int, ...]) -> TensorSpec | None:
    """The parameter that `keys` names in the module that a recipe makes: `weight` of `tokens.weight`."""
    found = dict(make_on_meta(recipe).named_parameters(recurse=False)).get(str(keys[0])) if len(keys) == 1 else None
    return None if found is None else TensorSpec(tuple(found.shape), str(found.dtype).removeprefix("torch."))


def explain_part(ref: Ref, struct: Struct, key: str | int, recipe: Recipe | None = None) -> Problem:
    """The problem that a reference leads to a part that is not there; `recipe` makes the module of the node."""
    hint = ""
    weights = [name for name, _ in make_on_meta(recipe).named_parameters(recurse=False)] if recipe else []
    if isinstance(struct, Mapping):
        expected, hint = f"one of its outputs: {choices(struct)}", did_you_mean(key, struct)
    elif isinstance(struct, tuple) and isinstance(key, int):
        expected = f"a position from 0 to {len(struct) - 1}, as it gives {len(struct)} parts"
    elif isinstance(struct, tuple):
        expected = f"a position: it gives {len(struct)} parts, none called {key!r}"
    elif weights and isinstance(key, str):
        expected = f"one of its parameters: {choices(weights)}; it gives one tensor {struct}"
        hint = did_you_mean(key, [*weights, "output"])
    else:
        expected = f"no part of it, as it is one tensor {struct}"
        hint = did_you_mean(key, ["output"])
    return Problem(ref.path, quote(str(ref)), expected, hint, "reference")


def explain_node(problem: Problem, node: Node, feed: Feed) -> Problem:
    """A problem of a whole node that stands in a list: with its name, what feeds each port, and a repair."""
    in_list = bool(node.path) and isinstance(node.path[-1], int)
    if not in_list or problem.code not in ("shape", "arguments"):
        return problem
    problem = find_repair(problem, node, feed)
    if problem.path not in (node.path, node.arguments_path):
        return problem
    found = problem.found
    if problem.code == "shape":
        found = ", ".join(f"{port} = {feed.describe(port)}" for port in feed.structs)
    return dataclasses.replace(problem, path=node.path, found=f"the node {node.name!r} ({node.type}) with {found}")


def expand_block(entry: Entry, node: Node) -> tuple[Graph | None, list[Problem]]:
    """What a node of a registered spec runs, or None; and the problems of its arguments."""
    if entry.expand is None:
        return None, []
    values, problems = read_arguments(entry.signature, node.params, node.arguments_path, extra=node.beside)
    if problems:
        return None, problems
    graph, found = entry.expand(values)
    return graph, [explain_block(problem, node, entry) for problem in found if problem.severity == "error"]


def explain_block(problem: Problem, node: Node, entry: Entry) -> Problem:
    """A problem within a registered spec, as one of the node that runs it."""
    inside = node.path and problem.path[: len(node.path)] == node.path
    if inside or problem.found.startswith("in the registered"):
        return problem
    place = format_path(problem.path, "")
    found = f"in the registered {entry.name}, at {place}: {problem.found}"
    return dataclasses.replace(problem, path=node.path, found=found, patch=())


def explain_recursion(node: Node, entry: Entry, within: tuple[str, ...]) -> Problem:
    """The problem that a registered spec holds itself."""
    cycle = " → ".join([*within[within.index(entry.name) :], entry.name])
    return Problem(node.path, f"registered specs that hold themselves: {cycle}", "types that end", code="cycle")


def check_kept(node: Node, graph: Graph, output: Struct, structs: Mapping[str, Any]) -> list[Problem]:
    """The problem that a copy in a stack does not give what the next one takes."""
    if not graph.keeps or output is None or output == structs[graph.keeps]:
        return []
    found = f"{node.type} in a stack, which gives {output}"
    expected = f"{structs[graph.keeps]}, as {graph.keeps!r} has it: what each copy gives is that of the next"
    return [Problem(node.path, found, expected, code="shape")]


def check_declared(node: Node, graph: Graph, feed: Feed) -> list[Problem]:
    """The problem that a block is fed tensors of another rank than it declares; of other sizes `advise` warns."""
    return tell_declared(node, graph, feed, lambda one, other: len(one) == len(other))


def tell_declared(node: Node, graph: Graph, feed: Feed, fits: Callable[[Shape, Shape], bool]) -> list[Problem]:
    """One problem of all inputs of a block whose shapes, declared and fed, do not fit; what has no batch fits."""
    declared = {name: spec for name, spec in graph.inputs if isinstance(spec, TensorSpec)}
    wrong = [
        name
        for name, spec in declared.items()
        if isinstance(fed := feed.structs.get(name), TensorSpec)
        and fed.shape[:1]
        and isinstance(fed.shape[0], BatchDim)
        and not fits(spec.shape, fed.shape)
    ]
    if not wrong:
        return []
    found = ", ".join(f"{name} = {feed.describe(name)}" for name in wrong)
    if node.path and isinstance(node.path[-1], int):
        found = f"the node {node.name!r} ({node.type}) with {found}"
    expected = ", ".join(f"{name} {declared[name]}" for name in wrong)
    them = "them" if len(wrong) > 1 else "it"
    return [Problem(node.path, found, f"{expected}, as {node.type} declares {them}", code="shape")]


def place_problem(problem: Problem, node: Node) -> Problem:
    """The problem of an argument, at the place in the spec where that argument stands."""
    if not node.places:
        return problem
    patch = tuple(dataclasses.replace(edit, path=_find_place(edit.path, node)) for edit in problem.patch)
    return dataclasses.replace(problem, path=_find_place(problem.path, node), patch=patch)


def _find_place(path: Path, node: Node) -> Path:
    """Where in the spec stands what `path` leads to in the arguments of a node."""
    rest = path[len(node.arguments_path) :]
    for length in range(len(rest), 0, -1):
        place = node.places.get(rest[:length])
        if place is not None:
            return (*place, *rest[length:])
    return path


def describe_port(values: Mapping[str, Value], structs: Mapping[str, Any], port: str) -> str:
    """What feeds a port, in words."""
    return _describe(values[port], structs[port])


def _describe(value: Value, struct: Struct) -> str:
    """A value in words: its name and its shape."""
    if isinstance(value, Mapping) and isinstance(struct, Mapping):
        return ", ".join(_describe(item, struct[key]) for key, item in value.items())
    if isinstance(value, tuple) and isinstance(struct, tuple):
        return ", ".join(_describe(item, part) for item, part in zip(value, struct, strict=True))
    if not isinstance(value, Ref):
        return str(value)
    origin = str(value)
    if value.of_input:
        origin = "the input" if value.name == "input" else f"the input {value}"
    return f"{origin} {struct}" if isinstance(struct, TensorSpec) else origin
