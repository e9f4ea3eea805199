"""Advice: what a network that builds is likely not meant to do, as warnings."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping

from torcharc.errors import Problem
from torcharc.explain import describe_port, expand_block, tell_declared
from torcharc.graph import BatchDim, Graph, Node, Ref, Shape, TensorSpec
from torcharc.plan import Plan, Step
from torcharc.planning import Feed
from torcharc.registry import find

SUMS = ("torch.add", "torch.sub", "torch.Tensor.add", "torch.Tensor.sub")
SQUEEZES = ("torch.squeeze", "torch.Tensor.squeeze")

# what gives (N, L, C), and what leaves the order of the axes as it is
_SEQUENCES = frozenset(
    "LSTM GRU RNN Linear Embedding LayerNorm MultiheadAttention TransformerEncoderLayer TransformerEncoder"
    " TransformerDecoderLayer TransformerDecoder Transformer PositionalEncoding"
    " core.PositionalEncoding TransformerBlock".split()
)
_POINTWISE = frozenset(
    "ReLU Sigmoid Tanh LeakyReLU ELU GELU SiLU Mish Hardswish Hardsigmoid Dropout Identity Softplus PReLU"
    " torch.relu torch.sigmoid torch.tanh torch.add torch.mul torch.sub torch.nn.functional.relu"
    " torch.nn.functional.gelu torch.nn.functional.silu torch.nn.functional.dropout".split()
)


def advise(graph: Graph, plan: Plan | None) -> list[Problem]:
    """Warnings on a graph, and where it has a plan on the shapes in it; those of blocks once.

    Args:
        graph: The graph.
        plan: Its plan; None if the graph is faulty.
    """
    found = [*_advise_graph(graph), *(_advise_plan(plan) if plan is not None else ())]
    return list(dict.fromkeys(found))


def _warn(node: Node, found: str, expected: str, hint: str = "") -> Problem:
    return Problem(node.path, f"the node {node.name!r} {found}", expected, hint, "advice", severity="warning")


def _advise_graph(graph: Graph) -> Iterator[Problem]:
    nodes = {node.name: node for node in graph.nodes}
    for node in graph.nodes:
        if node.graph is not None:
            yield from _advise_graph(node.graph)
        before = _find_before(node, nodes)
        if _is_linear(node) and before is not None and _is_linear(before):
            expected = "an activation between them: two Linear in a row are one affine map"
            yield _warn(node, f"is Linear, as {before.name!r} is, which feeds it", expected)
        if node.type in SQUEEZES and "dim" not in node.params:
            yield _warn(node, "squeezes every axis of size 1", "the axis, as dim: 1; a batch of 1 is dropped otherwise")


def _is_linear(node: Node) -> bool:
    return node.graph is None and node.type == "Linear" and "layers" not in node.params


def _find_before(node: Node, nodes: Mapping[str, Node]) -> Node | None:
    """The node that feeds the first port."""
    value = node.inputs[0][1] if node.inputs else None
    return nodes.get(value.name) if isinstance(value, Ref) and not value.of_input else None


def _advise_plan(plan: Plan) -> Iterator[Problem]:
    nodes = {step.node.name: step.node for step in plan.steps}
    for step in plan.steps:
        if step.block is not None:
            yield from _advise_block(step)
            yield from _advise_plan(step.block)
        elif step.node.type not in SUMS and _spreads_batch(step):
            given = step.outcome.output if step.outcome else None
            shape = _show(given.shape) if isinstance(given, TensorSpec) else ""
            yield _warn(step.node, f"gives {shape}", "the batch on one axis; here each sample meets every other")
        elif step.node.type in SUMS:
            yield from _advise_sum(step)
        elif step.node.type == "BatchNorm1d" and _is_sequence(step, nodes):
            expected = "channels on axis 1, which it normalizes"
            yield _warn(
                step.node, f"is BatchNorm1d on a sequence {_fed(step)}", expected, "LayerNorm takes the last axis"
            )


def _advise_block(step: Step) -> Iterator[Problem]:
    """What feeds a block has other sizes than it declares: it runs, with other weights than it has alone."""
    node, graph = step.node, step.node.graph
    entry = find(node.type)
    if graph is None and entry is not None and not node.shares:
        graph = expand_block(entry, node)[0]
    if graph is not None:
        feed = Feed(step.inputs, functools.partial(describe_port, dict(node.inputs), step.inputs))
        for problem in tell_declared(node, graph, feed, _has_sizes):
            hint = "null declares any size"
            yield dataclasses.replace(problem, hint=hint, code="advice", severity="warning")


def _has_sizes(declared: Shape, fed: Shape) -> bool:
    pairs = zip(declared, fed, strict=False)
    return all(one == other for one, other in pairs if isinstance(one, int) and isinstance(other, int))


def _spreads_batch(step: Step) -> bool:
    """Whether the output has the batch on two axes, and no input has."""
    output = step.outcome.output if step.outcome else None
    return _count_batch(output) > 1 and all(_count_batch(struct) < 2 for struct in step.inputs.values())


def _count_batch(struct: object) -> int:
    return sum(isinstance(size, BatchDim) for size in struct.shape) if isinstance(struct, TensorSpec) else 0


def _advise_sum(step: Step) -> Iterator[Problem]:
    specs = [struct for struct in step.inputs.values() if isinstance(struct, TensorSpec)]
    if len(specs) != 2:
        return
    left, right = (spec.shape for spec in specs)
    rank = max(len(left), len(right))
    for back in range(1, min(len(left), len(right)) + 1):
        sizes = {left[-back], right[-back]}
        if 1 not in sizes or len(sizes) == 1:
            continue
        on_batch = any(isinstance(size, BatchDim) for size in sizes)
        if on_batch and back == rank:
            continue  # one row for the whole batch
        shapes = f"{_show(left)} and {_show(right)}"
        if on_batch:
            yield _warn(
                step.node, f"sums {shapes}", "the batch on one axis; here it is on two", "unsqueeze the shorter one"
            )
        else:
            yield _warn(step.node, f"sums {shapes}", "equal sizes; the axis of size 1 is repeated")
        return


def _show(shape: Shape) -> str:
    return (
        "(" + ", ".join("any" if size is None else str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"
    )


def _fed(step: Step) -> str:
    struct = next(iter(step.inputs.values()), None)
    return _show(struct.shape) if isinstance(struct, TensorSpec) else ""


def _is_sequence(step: Step, nodes: Mapping[str, Node]) -> bool:
    """Whether a node is fed `(N, L, C)`, as far as what feeds it tells."""
    struct = next(iter(step.inputs.values()), None)
    if not isinstance(struct, TensorSpec) or len(struct.shape) != 3:
        return False
    before = _find_before(step.node, nodes)
    while before is not None and before.type in _POINTWISE:
        before = _find_before(before, nodes)
    return before is not None and before.graph is None and before.type in _SEQUENCES
