"""Planning of a stack: each layer is planned with what the layer before it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torcharc.arguments import name_kind
from torcharc.entry import Entry
from torcharc.errors import Path, Problem, quote
from torcharc.graph import Struct, TensorSpec
from torcharc.layers import Layer, expand_stack, size_argument
from torcharc.planning import Feed, Planned, infer_arguments, plan_by_rule, plan_module
from torcharc.recipe import Recipe
from torcharc.rules import Outcome
from torcharc.stack import Sequential


def plan_stack(entry: Entry, params: Mapping[str, Any], feed: Feed, path: Path, beside: Sequence[str] = ()) -> Planned:
    """The plan of `{type, layers: [...], ...}`: one flat `nn.Sequential`."""
    layers, problems = expand_stack(entry, params, path, beside)
    size, width = size_argument(entry), None
    if size in params or "in_features" in params or "in_shape" in params:
        problems += _check_sizes(entry, params, feed, path)
        width = _given_width(entry, params)
    state = _State(size, next(iter(feed.structs.values()), None), width, feed)
    if state.tensor is None and state.width is None and not feed.broken and _states_size(entry, params, problems):
        state.broken = True
    elif state.tensor is None and state.width is None and not feed.broken:
        key = "in_features" if size == "in_features" else "in_shape"
        expected = f"the key {key!r}, the size of the input; it is inferred where dag_in_shape is given"
        problems.append(Problem(path, f"no key {key!r}", expected, code="missing-key"))
        state.broken = True
    recipes, outcomes = [], []
    for layer in layers:
        planned = state.add(layer)
        problems += planned.problems
        recipes.append(planned.recipe)
        outcomes.append(planned.outcome)
    if problems or not recipes:
        return Planned(None, None, list(dict.fromkeys(problems)))
    recipe = Recipe(Sequential, layers=tuple([recipe for recipe in recipes if recipe is not None]))
    return Planned(recipe, sum_outcomes(outcomes), [])


def _states_size(entry: Entry, params: Mapping[str, Any], problems: Sequence[Problem]) -> bool:
    """Whether the stack means to state the size of its input, in a way that is told to be wrong."""
    keys = {"in_features", "in_shape", size_argument(entry)}
    meant = {edit.value for problem in problems for edit in problem.patch if edit.action == "rename"}
    return not keys.isdisjoint(params) or not keys.isdisjoint(meant)


def _given_width(entry: Entry, params: Mapping[str, Any]) -> int | None:
    """The input size that the stack itself states."""
    shape = params.get("in_shape")
    values = [params.get(size_argument(entry) or ""), params.get("in_features")]
    values.append(shape[0] if isinstance(shape, (list, tuple)) and shape else shape)
    return next((value for value in values if type(value) is int and value > 0), None)


def _check_sizes(entry: Entry, params: Mapping[str, Any], feed: Feed, path: Path) -> list[Problem]:
    """Sizes that are no sizes, or differ from what the stack is fed."""
    keys = dict.fromkeys(("in_features", "in_shape", size_argument(entry) or "in_features"))
    problems = []
    tensor = next(iter(feed.structs.values()), None)
    fed = infer_arguments(entry, feed.structs).get(size_argument(entry) or "")
    for key in keys:
        if key not in params:
            continue
        value, expected = params[key], "an integer above 0"
        if key == "in_shape":
            expected = "a list of integers above 0"
            valid = name_kind(value) == "list" and value and all(type(size) is int and size > 0 for size in value)
        else:
            valid = type(value) is int and value > 0
        if not valid:
            problems.append(Problem((*path, key), quote(value), expected, code="value"))
        elif isinstance(tensor, TensorSpec) and feed.describe is not str:
            given = tuple(value) if key == "in_shape" else value
            inferred = tensor.sample_shape if key == "in_shape" else fed
            if inferred is not None and given != inferred:
                right = quote(list(inferred) if isinstance(inferred, tuple) else inferred)
                hint = f"leave {key} out: it is inferred"
                problems.append(
                    Problem(
                        (*path, key),
                        quote(value),
                        f"{right}, as it is fed {feed.describe(next(iter(feed.structs)))}",
                        hint,
                        "shape",
                    )
                )
    return problems


class _State:
    """What has come out of the layers so far: the tensor, or at least its width."""

    def __init__(self, size: str | None, tensor: Struct, width: int | None, feed: Feed):
        self.size = size  # the argument of the stack's layers that their input determines
        self.tensor = tensor
        self.width = width
        self.broken = feed.broken
        self._describe_feed = feed.describe
        self._last: Entry | None = None

    def describe(self, port: str) -> str:
        """What feeds the next layer, in words."""
        if self._last is None:
            return self._describe_feed(port)
        return f"what {self._last.name} gives" + (f" {self.tensor}" if isinstance(self.tensor, TensorSpec) else "")

    def add(self, layer: Layer) -> Planned:
        """The plan of the next layer, fed with what came out so far."""
        if layer.faulty:
            self.broken = True
            return Planned(None, None, [])
        planned = self._plan_quickly(layer) or self._plan(layer)
        if planned.problems or planned.recipe is None:
            self.broken = True
            return planned
        self.tensor = planned.outcome.output if planned.outcome else None
        arguments = planned.recipe.arguments
        self.width = arguments.get("out_features", arguments.get("out_channels", self.width))
        self._last = layer.entry
        return planned

    def _plan_quickly(self, layer: Layer) -> Planned | None:
        """What `_plan` gives for most layers: their arguments are read, and what they are fed is known."""
        entry, tensor = layer.entry, self.tensor
        if not layer.is_read or type(tensor) is not TensorSpec or self.broken:
            return None
        if len(tensor.shape) > 2 and (entry.name == "BatchNorm1d" or "normalized_shape" in entry.inferred):
            return None
        return plan_by_rule(entry, layer.params, tensor)

    def _plan(self, layer: Layer) -> Planned:
        entry = layer.entry
        port = entry.ports[0].name if entry.ports else "input"
        feed = Feed({port: self.tensor}, self.describe, self.broken)
        planned = plan_module(entry, {**self._sizes(layer), **layer.params}, feed, layer.path)
        problems = self._check_norm(layer) if entry.name == "BatchNorm1d" else []
        return Planned(None, None, problems + planned.problems) if problems else planned

    def _sizes(self, layer: Layer) -> dict[str, Any]:
        """Sizes that the shape rules of the type cannot tell: by width alone, or by the stack's kind."""
        inferred = layer.entry.inferred
        if "normalized_shape" in inferred and self.size == "in_channels":
            shape = self.tensor.sample_shape if isinstance(self.tensor, TensorSpec) else (None,)
            return {} if None in shape else {"normalized_shape": list(shape)}
        if self.tensor is None and self.width is not None:
            return {name: self.width for name in inferred if name in layer.entry.signature.arguments}
        return {}

    def _check_norm(self, layer: Layer) -> list[Problem]:
        """Batch normalization after a Linear on sequences would take the sequence for channels."""
        if self.size != "in_features":
            return []
        if not isinstance(self.tensor, TensorSpec) or len(self.tensor.shape) < 3:
            return []
        expected = f"vectors to normalize; the layer gives {self.tensor}"
        return [Problem(layer.path, "batch normalization", expected, "write norm: LayerNorm", "shape")]


def sum_outcomes(outcomes: list[Outcome | None]) -> Outcome | None:
    """Output of the last, parameters and MACs of all."""
    output: Struct = None
    params = 0
    total: int | None = 0
    for outcome in outcomes:
        if outcome is None:
            return None
        params += outcome.params
        total = None if total is None or outcome.macs is None else total + outcome.macs
        output = outcome.output
    return Outcome(output, params, total)
