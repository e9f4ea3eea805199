"""The plan of a graph: each node with how its module is made and called, and what it gives."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from torcharc.graph import Graph, Node, Ref, Struct
from torcharc.recipe import Call, Recipe
from torcharc.rules import Outcome
from torcharc.schedule import Schedule, find_schedule


class Step(NamedTuple):
    """A node that passed its checks: how its module is made and called, and what it gives.

    Attributes:
        node: The node of the graph.
        recipe: Makes its module; None if it is a block, or runs another node's module.
        block: The plan of a block.
        call: How its module is called.
        inputs: The specs that it is fed, by port.
        outcome: Output, parameters and MACs; None if the input shapes are not known.
    """

    node: Node
    recipe: Recipe | None
    block: Plan | None
    call: Call
    inputs: Mapping[str, Any]
    outcome: Outcome | None


@dataclasses.dataclass(frozen=True)
class Plan:
    """A checked graph: its inputs with their dtypes, its steps in order, its outputs.

    `copies` counts the tensors side by side that its one output is; 0 where it is no such list.
    """

    graph: Graph
    inputs: tuple[tuple[str, Struct], ...]
    steps: tuple[Step, ...]
    outputs: tuple[tuple[str, Ref, Struct], ...]
    copies: int = 0

    @functools.cached_property
    def schedule(self) -> Schedule:
        """The schedule of its forward pass."""
        calls = [(step.node.name, step.node.module, step.call) for step in self.steps]
        return find_schedule([name for name, _ in self.inputs], calls, [(name, ref) for name, ref, _ in self.outputs])

    @property
    def output(self) -> Struct:
        """What a call returns: a tensor, a tuple or a dict."""
        if self.graph.form == "tensor":
            return self.outputs[0][2]
        if self.graph.form == "tuple":
            return tuple(struct for _, _, struct in self.outputs)
        return {name: struct for name, _, struct in self.outputs}

    @functools.cached_property
    def recipes(self) -> tuple[Any, ...]:
        """How its modules are made, those of blocks too."""
        return tuple(step.block.recipes if step.block else step.recipe for step in self.steps)

    @property
    def outcome(self) -> Outcome:
        """Output, parameters and MACs of the whole."""
        known = [step.outcome for step in self.steps if step.outcome is not None]
        params = sum(step.outcome.params for step in self.steps if step.outcome and not step.node.shares)
        complete = len(known) == len(self.steps) and all(outcome.macs is not None for outcome in known)
        return Outcome(self.output, params, sum(outcome.macs or 0 for outcome in known) if complete else None)
