"""`hash`: a fingerprint of the network that a spec describes, the same for every spelling of it.

It is taken of the canonical form, which says how the network is made and run, and nothing else:

=============== ============================================================================
counts          node names (the `state_dict` keys) and their order, types, arguments (sizes
                inferred from the inputs too), initialization, wiring, shared modules, blocks;
                names, order, shapes and dtypes of the inputs; names, order and form of outputs
does not count  the format; templates, copies and blocks as such; short and long names of types,
                lazy types with known sizes; the order of keys; arguments that have the default;
                `layers` or the same modules in a Sequential; `name.0` or `name`, where a tuple
                means its first part; the name of the one output of a network that gives a
                tensor; names of blocks; which tensors a call refuses or carries on; training, metadata
=============== ============================================================================

Within an argument that is a mapping the order counts, as it may name outputs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from torcharc.arguments import Argument, Kind, read_signature
from torcharc.conversion import Source, read_graph
from torcharc.entry import Entry
from torcharc.errors import Path, Problem, SpecError, quote
from torcharc.graph import Ref, Struct, TensorSpec
from torcharc.infer import infer_plan
from torcharc.initialize import Init, initializers
from torcharc.layers import expand_stack, is_stack
from torcharc.plan import Plan, Step
from torcharc.recipe import Recipe
from torcharc.registry import find

VERSION = "torcharc 1"
"""Stands before what is hashed; it changes with the canonical form."""


def hash(source: Source, /, **variables: Any) -> str:
    """A hex digest of the network that a spec describes; it is the same in every process and version.

    Two specs have the same digest if they build the same network: the same modules under the same
    `state_dict` keys, wired alike. See `torcharc.canonical` for what counts and what does not.

    Args:
        source: A spec or file as for `build`, a network that `build` made, or its graph.
        variables: Other values of the spec's variables.

    Raises:
        SpecError: With every problem of the spec; or if an argument is no plain value.

    Example:
        >>> import torcharc
        >>> arc = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4}}
        >>> again = {"fc": {"bias": True, "out_features": 4, "type": "torch.nn.Linear"}, "dag_in_shape": [8]}
        >>> torcharc.hash(arc) == torcharc.hash(again) == torcharc.hash(torcharc.build(arc))
        True
    """
    graph, _ = read_graph(source, variables)
    plan, problems = infer_plan(graph)
    if plan is None or problems:
        raise SpecError(problems)
    text = json.dumps(describe_plan(plan), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{VERSION}\n{text}".encode()).hexdigest()


def describe_plan(plan: Plan, *, is_block: bool = False) -> dict[str, Any]:
    """The canonical form of a checked graph, as data that JSON can write.

    Args:
        plan: The plan.
        is_block: Whether it is a node of another; its inputs have the shapes that feed it then.
    """
    graph = plan.graph
    names = [name for name, _, _ in plan.outputs]
    return {
        "inputs": [name if is_block else [name, _describe_struct(struct)] for name, struct in plan.inputs],
        "nodes": [_describe_step(step, plan) for step in plan.steps],
        "outputs": [_describe_value(ref) for _, ref, _ in plan.outputs],
        "names": names if graph.form == "dict" else [],
        "form": graph.form,
    }


def _describe_struct(struct: Struct) -> Any:
    if isinstance(struct, TensorSpec):
        return [struct.dtype, [dim if dim is None or isinstance(dim, int) else str(dim) for dim in struct.shape]]
    if isinstance(struct, Mapping):
        return {"parts": [[key, _describe_struct(item)] for key, item in struct.items()]}
    return struct if struct is None else {"tuple": [_describe_struct(item) for item in struct]}


def _describe_step(step: Step, plan: Plan) -> dict[str, Any]:
    """A node: its name, what it runs, and what feeds it."""
    node, call = step.node, step.call
    runs: Any = {"module": node.module}  # of a node before
    if step.block is not None:
        runs = {"block": describe_plan(step.block, is_block=True)}
    elif step.recipe is not None:
        entry = find(node.type)
        if entry is not None:
            runs = describe_module(entry, node.params, step.recipe, node.arguments_path)
    return {
        "name": "" if plan.graph.bare else node.name,  # a network of one module is that module itself
        "runs": runs,
        "by position": [_describe_value(value) for value in call.positional],
        "by name": {name: _describe_value(value) for name, value in call.named.items()},
    }


def _describe_value(value: Any) -> Any:
    """What feeds a port; keys and positions of a part stay apart, as do numbers and switches."""
    if isinstance(value, Ref):
        return ["input" if value.of_input else "node", value.name, *value.output]
    if isinstance(value, Mapping):
        return {"dict": [[key, _describe_value(item)] for key, item in value.items()]}
    return {"tuple": [_describe_value(item) for item in value]} if isinstance(value, tuple) else {"number": value}


def describe_module(entry: Entry, params: Mapping[str, Any], recipe: Recipe, path: Path) -> dict[str, Any]:
    """How a module is made: its type and its arguments, defaults left out; or its layers.

    Args:
        entry: Its type.
        params: The arguments as the graph has them, which name the types of the layers.
        recipe: How it is made, with all arguments.
        path: The place of the arguments in the spec.
    """
    init = {} if recipe.init is None else {"init": _describe_init(recipe.init, path)}
    if recipe.layers is None:
        arguments = _describe_arguments(entry, params, recipe.arguments, path)
        return {"type": _name(entry, arguments), "arguments": arguments, **init}
    if is_stack(entry, params):
        layers = [(layer.entry, layer.params) for layer in expand_stack(entry, params, path)[0]]
    else:
        layers = [_read_layer(layer) for layer in params["layers"]]
    made = zip(layers, recipe.layers, strict=True)
    return {"layers": [describe_module(*layer, one, path) for layer, one in made], **init}


def _read_layer(layer: Mapping[str, Any]) -> tuple[Entry, Mapping[str, Any]]:
    entry = find(layer["type"])
    if entry is None:  # it was found when the plan was made
        raise LookupError(layer["type"])
    return entry, {key: value for key, value in layer.items() if key != "type"}


def _name(entry: Entry, arguments: Mapping[str, Any]) -> str:
    """The name of a type; a lazy one whose size is known is the type that it becomes."""
    eager = find(entry.name.removeprefix("Lazy"))
    size = next(iter(eager.inferred), None) if eager is not None else None
    return eager.name if eager is not None and size in arguments else entry.name


def _describe_arguments(
    entry: Entry, params: Mapping[str, Any], arguments: Mapping[str, Any], path: Path
) -> dict[str, Any]:
    found = {}
    for name, value in arguments.items():
        argument = entry.signature.arguments.get(name, Argument(name))
        if isinstance(value, Recipe):
            found[name] = {"module": describe_module(*_read_layer(params[name]), value, (*path, name))}
            continue
        plain = _normalize(value, argument.kind, (*path, name))
        if argument.required or not _is_same(plain, argument.default, argument.kind):
            found[name] = plain
    return found


def _is_same(value: Any, default: Any, kind: Kind) -> bool:
    try:
        return json.dumps(value) == json.dumps(_normalize(default, kind, ()))
    except SpecError:  # a default that is no plain value
        return False


def _describe_init(init: Any, path: Path) -> Any:
    """An initializer; of several, one for each part of the weights, those that there are."""
    if not isinstance(init, Init):
        parts = {field.name: getattr(init, field.name) for field in dataclasses.fields(init)}
        return {name: _describe_init(part, path) for name, part in parts.items() if part is not None}
    known = read_signature(initializers()[init.name]).arguments
    place = (*path, "init")
    plain = {name: _normalize(value, known[name].kind, place) for name, value in init.arguments.items()}
    changed = {
        name: value for name, value in plain.items() if not _is_same(value, known[name].default, known[name].kind)
    }
    return [init.name, {**changed, "per": init.per} if init.per else changed]


def _normalize(value: Any, kind: Kind, path: Path) -> Any:
    """A value as JSON has it: tuples as lists, whole numbers without a point where a number is due."""
    if isinstance(value, float):
        whole = "float" in kind.names and value.is_integer()
        return int(value) if whole else value
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (list, tuple)):
        items = kind.items or Kind()
        return [_normalize(item, items, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, (str, int)) for key in value):
        return {"dict": [[key, _normalize(item, Kind(), (*path, key))] for key, item in value.items()]}
    raise SpecError(Problem(path, quote(value), "a plain value, as a spec file can hold it", code="value"))
