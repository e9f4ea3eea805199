"""`inspect`: what a spec will be, as data, without building it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from torcharc.graph import Dim, FreeDim, Struct, TensorSpec
from torcharc.plan import Step
from torcharc.planner import make_plan


@dataclasses.dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor before it exists: its shape without the batch axis, and its dtype."""

    shape: tuple[Dim, ...]
    dtype: str | None


Structure = TensorInfo | tuple["Structure", ...] | dict[str, "Structure"] | None


@dataclasses.dataclass(frozen=True, slots=True)
class NodeInfo:
    """One node: its inputs and output, its parameters, its multiply-accumulates for one sample.

    A number that is not known (where no input shape is) is None.
    """

    name: str
    type: str
    inputs: dict[str, Structure]
    output: Structure
    params: int | None
    macs: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Inspection:
    """A whole network: inputs, nodes in order, outputs, and totals.

    `params` counts shared modules once; `macs` counts convolutions and matrix products for one
    sample, as often as they run.
    """

    inputs: dict[str, Structure]
    nodes: tuple[NodeInfo, ...]
    outputs: dict[str, Structure]
    params: int | None
    macs: int | None

    def __getitem__(self, name: str) -> NodeInfo:
        """The node of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)


def inspect(
    spec: Mapping[str, Any] | str | os.PathLike[str],
    *,
    overrides: Mapping[str, Any] | None = None,
    vars: Mapping[str, Any] | None = None,
    **variables: Any,
) -> Inspection:
    """Shapes, dtypes, parameters and MACs of a spec, per node and in total.

    It takes no memory for weights, draws no random numbers and touches no statistics.

    Args:
        spec: As for `build`.
        overrides: As for `build`.
        vars: As for `build`.
        variables: As for `build`.

    Raises:
        SpecError: With every problem of the spec.

    Example:
        >>> import torcharc
        >>> found = torcharc.inspect({"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4}})
        >>> found.params, found.macs, found["fc"].output.shape
        (36, 32, (4,))
    """
    plan, _ = make_plan(spec, overrides, {**(vars or {}), **variables})
    nodes = tuple(_describe(step) for step in plan.steps)
    inputs = {name: _show(tensor) for name, tensor in plan.inputs}
    outputs = {name: _show(struct) for name, _, struct in plan.outputs}
    return Inspection(inputs, nodes, outputs, _sum([n.params for n in nodes]), _sum([n.macs for n in nodes]))


def _describe(step: Step) -> NodeInfo:
    inputs = {port: _show(struct) for port, struct in step.inputs.items()}
    outcome = step.outcome
    if outcome is None:
        return NodeInfo(step.node.name, step.node.type, inputs, None, None, None)
    params = 0 if step.node.shares else outcome.params
    return NodeInfo(step.node.name, step.node.type, inputs, _show(outcome.output), params, outcome.macs)


def _show(struct: Struct | Any) -> Structure:
    if isinstance(struct, TensorSpec):
        shape = tuple(None if isinstance(dim, FreeDim) else dim for dim in struct.sample_shape)
        return TensorInfo(shape, struct.dtype)
    if isinstance(struct, Mapping):
        return {key: _show(item) for key, item in struct.items()}
    return tuple(_show(item) for item in struct) if isinstance(struct, tuple) else None


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
