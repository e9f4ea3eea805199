"""Planning of a `Sequential`: modules of any types in a row, each fed with what the one before it gives.

`{type: Sequential, layers: [{type: Linear, out_features: 8}, {type: ReLU}]}` is an `nn.Sequential`
of a Linear and a ReLU.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from torcharc.arguments import Argument, Kind, Signature
from torcharc.entry import Entry, Port
from torcharc.errors import Path, Problem, missing_type, quote, unknown_keys
from torcharc.graph import Struct, TensorSpec
from torcharc.initialize import read_init
from torcharc.layers import is_stack
from torcharc.meta import make_on_meta
from torcharc.planning import Feed, Planned, plan_module
from torcharc.recipe import Recipe
from torcharc.registry import find, lookup, register
from torcharc.stack import Sequential
from torcharc.stacking import plan_stack, sum_outcomes


def plan_layer(entry: Entry, params: Mapping[str, Any], feed: Feed, path: Path, beside: Sequence[str] = ()) -> Planned:
    """The plan of a module of type `entry`, or of a stack of them, with its initialization."""
    init, place = None, (*path, "init")
    problems: list[Problem] = []
    if "init" in params and "init" not in entry.signature.arguments:
        init, problems = read_init(params["init"], params.get("activation"), place)
        params = {key: value for key, value in params.items() if key != "init"}
    if is_stack(entry, params):
        planned = plan_stack(entry, params, feed, path, beside)
    else:
        planned = plan_module(entry, params, feed, path, (*beside, "init"))
    problems = problems + planned.problems if problems else planned.problems
    if not problems and init is not None and planned.recipe is not None:
        if planned.outcome is None and not feed.broken:
            expected = "weights of known size; a lazy module makes them at its first call"
            problems = [Problem(place, quote(init.name), expected, "state the shapes of the inputs", "init")]
        elif init.is_picky and not feed.broken:
            problems = init.check(make_on_meta(planned.recipe), place)
    if problems or planned.recipe is None:
        return Planned(None, None, problems)
    if init is None:
        return planned
    made = planned.recipe
    return Planned(Recipe(made.make, made.arguments, made.layers, init), planned.outcome, [])


def plan_sequence(
    entry: Entry, params: Mapping[str, Any], feed: Feed, path: Path, beside: Sequence[str] = ()
) -> Planned:
    """The plan of `{type: Sequential, layers: [{type: ..., ...}, ...]}`."""
    unknown = [key for key in params if key != "layers"]
    problems = unknown_keys(path, unknown, ["layers", *beside], () if "layers" in params else ["layers"])
    layers = params.get("layers", ())
    if "layers" in params and (not isinstance(layers, (list, tuple)) or not layers):
        expected = "a list of modules, each {type: ..., ...}, at least one"
        problems.append(Problem((*path, "layers"), quote(layers), expected, code="layers"))
        layers = ()
    tensor, describe, broken = next(iter(feed.structs.values()), None), feed.describe, feed.broken
    recipes, outcomes = [], []
    for index, layer in enumerate(layers):
        planned, name = _plan_part(layer, tensor, Feed({}, describe, broken), (*path, "layers", index))
        problems += planned.problems
        recipes.append(planned.recipe)
        outcomes.append(planned.outcome)
        tensor = planned.outcome.output if planned.outcome else None
        broken = broken or planned.recipe is None
        describe = functools.partial(_describe, name, tensor)
    if problems or not layers:
        return Planned(None, None, problems)
    recipe = Recipe(Sequential, layers=tuple(recipe for recipe in recipes if recipe is not None))
    return Planned(recipe, sum_outcomes(outcomes), [])


def _plan_part(layer: Any, tensor: Struct, around: Feed, path: Path) -> tuple[Planned, str]:
    """The plan of one of the modules, fed with `tensor`; and its type's name."""
    entry = read_type(layer, path)
    if isinstance(entry, Problem):
        return Planned(None, None, [entry]), "it"
    required = [port.name for port in entry.ports if port.required and port.name not in layer]
    if len(required) > 1:
        expected = f"a type that takes one tensor; {entry.name} takes {', '.join(required)}"
        return Planned(None, None, [Problem((*path, "type"), quote(layer["type"]), expected, code="reference")]), ""
    port = entry.ports[0].name if entry.ports else "input"
    params = {key: value for key, value in layer.items() if key != "type"}
    return plan_layer(entry, params, around._replace(structs={port: tensor}), path, ["type"]), entry.name


def read_type(layer: Any, path: Path) -> Entry | Problem:
    """The type of a module that is written `{type: ..., ...}`."""
    if not isinstance(layer, Mapping):
        return Problem(path, quote(layer), "a module: {type: ..., ...}", code="value")
    if "type" not in layer:
        return missing_type(path, layer)
    return lookup(layer["type"], (*path, "type"))


def _describe(name: str, tensor: Struct, port: str) -> str:
    return f"what {name} gives {tensor}" if isinstance(tensor, TensorSpec) else f"what {name} gives"


def takes_tensor(entry: Entry, params: Mapping[str, Any], port: str) -> bool:
    """Whether a port takes one tensor only; a Sequential takes what its first module takes."""
    first = _first(params) if entry.plan is plan_sequence else None
    if first is not None and first[0].ports:
        return takes_tensor(*first, first[0].ports[0].name)
    known = entry.port(port)
    return known is None or known.takes == "tensor"


def _first_dtype(params: Mapping[str, Any]) -> str:
    """The dtype that the first module needs."""
    first = _first(params)
    if first is None:
        return "float32"
    dtype = first[0].input_dtype
    return dtype(first[1]) if callable(dtype) else dtype


def _first(params: Mapping[str, Any]) -> tuple[Entry, Mapping[str, Any]] | None:
    layers = params.get("layers")
    layer = layers[0] if isinstance(layers, (list, tuple)) and layers else None
    name = layer.get("type") if isinstance(layer, Mapping) else None
    entry = find(name) if isinstance(name, str) else None
    return (entry, layer) if entry is not None and isinstance(layer, Mapping) else None


register(
    "Sequential",
    nn.Sequential,
    ports=(Port("input", takes="any"),),
    signature=Signature({"layers": Argument("layers", Kind(frozenset({"list"})))}),
    plan=plan_sequence,
    input_dtype=_first_dtype,
    example={"params": {"layers": [{"type": "Linear", "out_features": 4}, {"type": "ReLU"}]}, "inputs": {"input": [8]}},
    summary="Modules in a row, each fed with what the one before it gives.",
    defined="torch.nn.Sequential",
)
