"""Inference: what a graph will be (shapes, dtypes, parameters, MACs), without building it.

The graph is walked once, and every problem of every node is found. A node's outcome depends only
on its type, its arguments and the specs of its inputs, under which it is cached: a search over
related specs pays for each distinct node once.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from torcharc.entry import Entry
from torcharc.errors import Problem
from torcharc.explain import (
    check_declared,
    check_kept,
    describe_port,
    expand_block,
    explain_block,
    explain_node,
    explain_part,
    explain_recursion,
    find_part,
    find_weight,
    has_part,
    place_problem,
)
from torcharc.graph import Graph, Node, Ref, Struct, TensorSpec, Value, walk_refs
from torcharc.graph_inputs import complete_inputs, known_inputs
from torcharc.plan import Plan, Step
from torcharc.planning import Feed, plan_once
from torcharc.recipe import Call, Recipe, bind_call
from torcharc.registry import find, lookup
from torcharc.sequence import plan_layer, takes_tensor
from torcharc.spreading import refuse_copies, spread

MOST_PARAMETERS = 10**10
"""The most parameters that `build` makes on a device with memory (40 GB of float32)."""


def infer_plan(
    graph: Graph,
    broken: Collection[str] = (),
    within: tuple[str, ...] = (),
    sides: Mapping[Ref, int] | None = None,
    *,
    nested: bool = False,
) -> tuple[Plan | None, list[Problem]]:
    """The plan of a graph, or None; and the problems of all its nodes.

    Args:
        graph: The graph; a node that stands behind a faulty one is left out of account.
        broken: Inputs that come from something faulty.
        within: The registered specs that the graph is a part of, from the outside in.
        sides: The inputs that are tensors side by side, and how many.
        nested: Whether the graph is a block, so that its inputs are what feeds it.
    """
    inputs = complete_inputs(graph, nested=nested)
    shared = {node.shares for node in graph.nodes}
    walk = _Walk({name: spec for name, spec in inputs if name not in broken}, within, shared, sides or {})
    steps = []
    for node in graph.nodes:
        step = walk.visit(node)
        if step is not None:
            steps.append(step)
    if walk.problems:
        return None, walk.problems
    outputs = []
    for name, ref in graph.outputs:
        place, struct = walk.resolve(ref, first=graph.carries or graph.firsts)
        outputs.append((name, place, struct))
    if walk.problems:
        return None, walk.problems
    only = graph.outputs[0][1] if graph.form == "tensor" and graph.outputs else None
    copies = 0 if only is None else walk.sides.get(only, 0)
    return Plan(graph, inputs, tuple(steps), tuple(outputs), copies), []


class _Walk:
    """The state of one walk: what is known of every input and node so far."""

    def __init__(
        self,
        inputs: Mapping[str, Struct],
        within: tuple[str, ...],
        shared: Collection[str],
        sides: Mapping[Ref, int],
    ):
        self.inputs = inputs
        self.within = within
        self.shared = shared  # nodes whose modules run again
        self.outputs: dict[str, Struct] = {}  # of the nodes; a faulty node is absent
        self.sources: dict[str, tuple[Entry, Node]] = {}
        self.fed: dict[str, tuple[Feed, Any]] = {}  # what shared nodes with known inputs are made of
        self.recipes: dict[str, Recipe] = {}  # of the modules whose weights can be referred to
        self.sides = dict(sides)  # what stands for several tensors side by side, and for how many
        self.lost: set[Ref] = set()  # references to parts that are not there
        self.problems: list[Problem] = []

    def resolve(self, ref: Ref, *, first: bool) -> tuple[Ref, Struct]:
        """The reference and what it stands for; with `first`, a tuple means its first element."""
        struct: Struct = self.inputs.get(ref.name) if ref.of_input else self.outputs.get(ref.name)
        if ref.output and not ref.of_input and not isinstance(struct, (Mapping, tuple)) and ref.name in self.recipes:
            weight = find_weight(self.recipes[ref.name], ref.output)
            if weight is not None:
                return dataclasses.replace(ref, of_weight=True), weight
        for key in ref.output:
            if struct is not None and not has_part(struct, key):
                self.lost.add(ref)
                self.problems.append(explain_part(ref, struct, key, self.recipes.get(ref.name)))
                return ref, None
            struct = find_part(struct, key)
        output = ref.output
        first = first and ref not in self.sides
        while first and isinstance(struct, tuple):
            output, struct = (*output, 0), struct[0] if struct else None
        if first and struct is None and not output and self._gives_tuple(ref):
            output = (0,)
        return Ref(ref.name, output, ref.of_input), struct

    def _gives_tuple(self, ref: Ref) -> bool:
        entry = self.sources[ref.name][0] if not ref.of_input and ref.name in self.sources else None
        return entry is not None and entry.kind == "module" and isinstance(entry.outputs, tuple) and bool(entry.outputs)

    def value(self, value: Value, *, first: bool) -> tuple[Value, Any]:
        """A value with its references resolved, and the specs that it stands for."""
        if isinstance(value, Ref):
            return self.resolve(value, first=first)
        if isinstance(value, tuple):
            pairs = [self.value(item, first=first) for item in value]
            return tuple(place for place, _ in pairs), tuple(struct for _, struct in pairs)
        if isinstance(value, Mapping):
            found = {key: self.value(item, first=first) for key, item in value.items()}
            places = {key: place for key, (place, _) in found.items()}
            return places, {key: struct for key, (_, struct) in found.items()}
        return value, value

    def spread(self, entry: Entry, node: Node, port: str, value: Value) -> Value:
        """What feeds a port, with copies side by side one by one; None where it takes one tensor only."""
        if not self.sides:
            return value
        known = entry.port(port)
        if known is not None and known.takes == "any" and isinstance(value, Ref):
            return value
        if not takes_tensor(entry, node.params, port):
            return spread(value, self.sides)
        faults = refuse_copies(node, value, self.sides)
        self.problems += faults
        return None if faults else value

    def visit(self, node: Node) -> Step | None:
        """The step of a node, or None where it has problems or stands behind one that has."""
        if node.graph is not None:
            return self._visit_block(node, node.graph)
        entry = find(node.type) or lookup(node.type, (*node.path, "type"))
        if isinstance(entry, Problem):
            self.problems.append(entry)
            return None
        self.sources[node.name] = entry, node
        if entry.expand is not None:
            return self._visit_registered(node, entry)
        values, places, structs, broken = self._feed(entry, node)
        feed = Feed(structs, functools.partial(describe_port, values, structs), broken)
        shared = self.sources.get(node.shares) if node.shares else None
        owner = shared[1] if shared else node
        planned = plan_once(plan_layer, entry, owner.params, feed, owner.arguments_path, owner.beside)
        problems = [place_problem(problem, owner) for problem in planned.problems] if planned.problems else []
        if not problems and (node.shares or node.name in self.shared):
            problems = self._compare(node, planned.recipe, feed)
        if problems:
            self.problems += [explain_node(problem, node, feed) for problem in problems]
        if problems or feed.broken or planned.recipe is None:
            return None
        self.outputs[node.name] = planned.outcome.output if planned.outcome else None
        self.recipes[node.name] = planned.recipe
        call = bind_call(entry.ports, places)
        return Step(node, None if shared else planned.recipe, None, call, structs, planned.outcome)

    def _feed(self, entry: Entry, node: Node) -> tuple[dict[str, Value], dict[str, Any], dict[str, Any], bool]:
        """What feeds each port: as it is written, its references resolved, its specs; and whether it is broken."""
        values, places, structs, others = {}, {}, {}, []
        for port, value in node.inputs:
            struct = self._find_whole(value)
            if struct is not None:  # the usual case
                values[port] = places[port] = value
            else:
                values[port] = value = self.spread(entry, node, port, value)
                places[port], struct = self.value(value, first=_wants_first(entry, node, port, value))
                others.append((port, value))
            structs[port] = struct
        return values, places, structs, bool(others) and self._is_broken(others)

    def _find_whole(self, value: Value) -> TensorSpec | dict[str, TensorSpec] | None:
        """What feeds a port, if that is a known tensor as a whole, or several by name; else None."""
        if type(value) is Ref and not value.output:
            struct = (self.inputs if value.of_input else self.outputs).get(value.name)
            return struct if type(struct) is TensorSpec else None
        if type(value) is not dict:
            return None
        found = {}
        for name, item in value.items():
            part = self._find_whole(item)
            if type(part) is not TensorSpec:
                return None
            found[name] = part
        return found

    def _visit_registered(self, node: Node, entry: Entry) -> Step | None:
        """The step of a node whose type is a registered spec; what is wrong within is told at the node."""
        shared = self.sources.get(node.shares)
        owner = shared[1] if shared else node
        if entry.name in self.within:
            self.problems.append(explain_recursion(node, entry, self.within))
            return None
        graph, problems = expand_block(entry, owner)
        self.problems += problems
        if graph is None or problems:
            return None
        count = len(self.problems)
        step = self._visit_block(node, graph, (*self.within, entry.name))
        self.problems[count:] = [explain_block(problem, node, entry) for problem in self.problems[count:]]
        return step

    def _compare(self, node: Node, recipe: Any, feed: Feed) -> list[Problem]:
        """The problem that a module is run again on what does not fit the sizes of its first run."""
        if not node.shares:
            if node.name in self.shared and feed.known and not feed.broken:
                self.fed[node.name] = feed, recipe
            return []
        first, known = self.fed.get(node.shares, (feed, recipe))
        if not feed.known or feed.broken or recipe == known:
            return []
        found = ", ".join(map(feed.describe, feed.structs))
        expected = f"the sizes of its first run, in {node.shares!r}: {', '.join(map(first.describe, first.structs))}"
        return [Problem(node.path, found, expected, code="shape")]

    def _visit_block(self, node: Node, graph: Graph, within: tuple[str, ...] | None = None) -> Step | None:
        """The step of a block: its graph is planned with what feeds it."""
        places, structs = [], {}
        faults = [
            Problem(node.path, f"an empty list for {port!r}", "a tensor") for port, value in node.inputs if value == ()
        ]
        if faults:
            self.problems += faults
            return None
        sides = {
            Ref(port, of_input=True): self.sides[value]
            for port, value in node.inputs
            if isinstance(value, Ref) and value in self.sides
        }
        if graph.form == "tuple":
            self.sides[Ref(node.name)] = len(graph.outputs)
        for port, value in node.inputs:
            place, structs[port] = self.value(value, first=True)
            places.append((port, place))
        describe = functools.partial(describe_port, dict(node.inputs), structs)
        is_broken = self._is_broken(node.inputs)
        faults = [] if is_broken else check_declared(node, graph, Feed(structs, describe))
        is_lost = is_broken or bool(faults)
        known = known_inputs(graph, structs, is_lost=is_lost)
        broken = [name for name, _ in graph.inputs if name not in known] if is_lost else []
        fed = dataclasses.replace(graph, inputs=tuple((name, known.get(name)) for name, _ in graph.inputs))
        plan, problems = infer_plan(fed, broken, self.within if within is None else within, sides, nested=True)
        is_whole = plan is not None and _is_whole(plan)
        if plan is not None and is_whole and not is_lost:
            problems = check_kept(node, graph, plan.output, structs)
            problems += self._compare(node, plan.recipes, Feed(structs, describe))
        self.problems += faults + problems
        if plan is None or is_lost or problems or not is_whole:
            return None
        self.outputs[node.name] = plan.output
        if plan.copies:
            self.sides[Ref(node.name)] = plan.copies
        return Step(node, None, None if node.shares else plan, Call((), dict(places)), structs, plan.outcome)

    def _is_broken(self, inputs: Sequence[tuple[str, Value]]) -> bool:
        """Whether something that feeds a node is faulty."""
        refs = [ref for _, value in inputs for ref in walk_refs(value)]
        return any(_has_unknown(value) for _, value in inputs) or any(
            ref in self.lost or ref.name not in (self.inputs if ref.of_input else self.outputs) for ref in refs
        )


def _is_whole(plan: Plan) -> bool:
    """Whether a plan lacks nothing; where it lacks a step or an output, what is wrong there is told already."""
    known = bool(plan.outputs) and all(ref.name for _, ref, _ in plan.outputs)
    return known and len(plan.steps) == len(plan.graph.nodes)


def _wants_first(entry: Entry, node: Node, port: str, value: Value) -> bool:
    """Whether a tuple at a port means its first element: a list of tensors may be a tuple itself."""
    if takes_tensor(entry, node.params, port):
        return True
    known = entry.port(port)
    return known is not None and known.takes != "any" and not isinstance(value, Ref)


def _has_unknown(value: Value) -> bool:
    if type(value) is Ref:
        return False
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, tuple) else value is None
