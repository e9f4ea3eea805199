"""Copies: what the node keys `when`, `repeat` and `parallel` make of a node, in every format.

`repeat: 4` chains fresh copies, the outputs of one feeding the next; `parallel: 3` feeds copies side
by side from the same inputs; in both, `${index}` counts from 0. `when: false` leaves a node (or a
copy) out, its first input passing through.

A format calls `Expansion.expand` for each node, reads the copies as if each stood alone, and joins
the nodes with `chain` or `side_by_side`.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from torcharc.arguments import Signature, read_switch
from torcharc.errors import Path, Problem, SpecError, nearest, quote
from torcharc.graph import Graph, Node, Ref, Value, walk_refs
from torcharc.spec.template import Budget, fill

MOST_NODES = 5_000
"""The most nodes of one spec, copies counted."""

COPY_KEYS = ("when", "repeat", "parallel", "share")
"""The keys of a node that are read here."""


@dataclasses.dataclass(slots=True)
class Copy:
    """One copy of a node, its templates filled, without the keys that are read here.

    Attributes:
        index: Its number, from 0.
        node: The node; where it is left out, the wiring alone.
        kept: Whether it is there, or left out by `when`.
    """

    index: int
    node: Mapping[str, Any]
    kept: bool = True


class Copies(NamedTuple):
    """What a node becomes.

    Attributes:
        kind: `one` node as it stands, copies by `repeat`, or copies by `parallel`.
        every: The copies in order.
        wiring: The keys that say how the first copy is wired, also where there is none; others may be there.
        shared: Whether all copies run the module of the first.
    """

    kind: Literal["one", "repeat", "parallel"]
    every: tuple[Copy, ...]
    wiring: Mapping[str, Any]
    shared: bool = False

    @property
    def kept(self) -> tuple[Copy, ...]:
        """The copies that are there; where there are none, the node's first input passes through."""
        if len(self.every) == 1 and self.every[0].kept:
            return self.every
        return tuple(copy for copy in self.every if copy.kept)

    def join(self, name: str, nodes: Sequence[Node]) -> Node:
        """The node `name` that runs `nodes`, which were read from the copies that are kept."""
        if self.kind == "one":
            return nodes[0]
        if self.kind == "repeat":
            owner = nodes[0].name
            shared = [dataclasses.replace(node, shares=owner, graph=nodes[0].graph) for node in nodes[1:]]
            return chain(name, [nodes[0], *shared] if self.shared else nodes)
        given = iter(nodes)
        return side_by_side(name, [next(given) if copy.kept else None for copy in self.every])

    def check_shared(self, nodes: Sequence[Node], path: Path) -> list[Problem]:
        """The problem that copies which are to share one module are not alike."""
        if not self.shared:
            return []
        made = [(node.params, node.graph) for node in nodes]
        other = next((node for node, its in zip(nodes, made, strict=True) if its != made[0]), None)
        if other is None:
            return []
        found = f"copy {other.name}, which differs from the first"
        return [Problem((*path, "share"), found, "copies that are alike, as they share one module", code="value")]


class Expansion:
    """The nodes and templates of one spec, counted while it is expanded."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.left = MOST_NODES

    def expand(
        self, node: Mapping[str, Any], scope: Mapping[str, Any], path: Path, wiring: Sequence[str]
    ) -> tuple[Copies | None, list[Problem]]:
        """The copies of a node, or None; and the problems of its templates and of the keys read here.

        Args:
            node: The node as it stands in the spec; it is not changed.
            scope: What the names in its templates stand for, besides `index`.
            path: Its place in the spec.
            wiring: Its keys that say what feeds it; the others of a node left out are not read.

        Raises:
            SpecError: If there are more than `MOST_NODES` nodes in all; nothing is copied then.
        """
        if node.keys().isdisjoint(COPY_KEYS):  # most nodes
            self.take(1, path)
            filled, problems = fill(node, scope, path, self.budget)
            return (None, problems) if problems else (Copies("one", (Copy(0, filled),), filled), [])
        kind, count, problems = self._read_count(node, scope, path)
        shared, faults = self._read_share(node, kind, scope, path)
        problems += faults
        if problems:
            return None, problems
        self.take(count, path)
        rest = {key: value for key, value in node.items() if key not in COPY_KEYS}
        wires = {key: node[key] for key in wiring if key in node}
        copies = []
        for index in range(count):
            inner = scope if kind == "one" else {**scope, "index": index}
            kept, found = self._read_when(node, inner, path)
            filled, faults = fill(rest if kept else wires, inner, path, self.budget)
            problems += [*found, *faults]
            copies.append(Copy(index, filled, kept))
        if problems:
            return None, list(dict.fromkeys(problems))
        first = copies[0].node if copies else fill(wires, {**scope, "index": 0}, path, self.budget)[0]
        return Copies(kind, tuple(copies), {key: first[key] for key in wires}, shared), []

    def _read_count(
        self, node: Mapping[str, Any], scope: Mapping[str, Any], path: Path
    ) -> tuple[Literal["one", "repeat", "parallel"], int, list[Problem]]:
        """Which copies there are, and how many."""
        kinds: list[Literal["repeat", "parallel"]] = [key for key in ("repeat", "parallel") if key in node]
        if not kinds:
            return "one", 1, []
        if len(kinds) > 1:
            expected = "one of them; a module of its own can hold the other"
            return "one", 1, [Problem(path, "the keys repeat and parallel", expected, code="value")]
        kind, least = kinds[0], 0 if kinds[0] == "repeat" else 1
        count, problems = fill(node[kind], scope, (*path, kind), self.budget)
        if not problems and (type(count) is not int or count < least):
            expected = "an integer of at least 0" if least == 0 else "an integer above 0"
            problems = [Problem((*path, kind), _words(node[kind], count), expected, code="value")]
        return kind, count, problems

    def _read_when(self, node: Mapping[str, Any], scope: Mapping[str, Any], path: Path) -> tuple[bool, list[Problem]]:
        """Whether a copy is there."""
        if "when" not in node:
            return True, []
        kept, problems = fill(node["when"], scope, (*path, "when"), self.budget)
        kept = read_switch(kept)
        if not problems and not isinstance(kept, bool):
            found = _words(node["when"], kept)
            problems = [Problem((*path, "when"), found, "true or false, or a comparison", code="value")]
        return kept is True, problems

    def _read_share(
        self, node: Mapping[str, Any], kind: str, scope: Mapping[str, Any], path: Path
    ) -> tuple[bool, list[Problem]]:
        """Whether the copies share one module."""
        if "share" not in node:
            return False, []
        place = (*path, "share")
        if kind != "repeat":
            return False, [Problem(place, "the key 'share'", "the key 'repeat' beside it", code="value")]
        shared, problems = fill(node["share"], scope, place, self.budget)
        shared = read_switch(shared)
        if not problems and not isinstance(shared, bool):
            problems = [Problem(place, _words(node["share"], shared), "true or false", code="value")]
        return shared is True, problems

    def take(self, count: int, path: Path) -> None:
        """Takes `count` nodes off those that are allowed.

        Raises:
            SpecError: If there are fewer left.
        """
        if count > self.left:
            found = f"{count:,} more nodes, {MOST_NODES - self.left + count:,} in the whole spec"
            expected = f"at most {MOST_NODES:,} in the whole; torcharc.spec.expand.MOST_NODES sets the limit"
            raise SpecError(Problem(path, found, expected, code="size"))
        self.left -= count


def _words(written: Any, value: Any) -> str:
    return quote(value) if written is value else f"{quote(value)}, from {quote(written)}"


def find_misspelt(params: Mapping[str, Any], signature: Signature) -> list[str]:
    """The arguments that a type does not take and that are likely meant for keys read here."""
    known = signature.arguments
    if signature.open or params.keys() <= known.keys():
        return []
    alike = [key for key in params if key not in known and _find_meant(key) is not None]
    return [key for key in alike if nearest(key, [*COPY_KEYS, *known]) == _find_meant(key)]


@functools.lru_cache(maxsize=1024)
def _find_meant(key: object) -> str | None:
    return nearest(key, COPY_KEYS)


def chain(name: str, nodes: Sequence[Node]) -> Node:
    """The node that runs `nodes` one behind the other; each draws weights of its own.

    Each is given with the inputs that it would have alone. From the second on, the output of the one
    before takes the place of the first reference in the inputs; the others stay the same. A block
    with several outputs hands each on to the input of the same name.

    Args:
        name: Name of the whole; the modules are `<name>.<index>`.
        nodes: At least one, named by their index.
    """
    inputs = _name_inputs(nodes)
    inner: list[Node] = []
    for node in nodes:
        before = Ref(inner[-1].name, text=f"copy {inner[-1].name}") if inner else None
        states = _find_states(inner[-1], node) if inner else {}
        inner.append(_rewire(node, inputs, before, states))
    graph = Graph(tuple((port, None) for port in inputs.values()), tuple(inner), (("output", Ref(inner[-1].name)),))
    return _enclose(name, nodes[0], inputs, graph)


def side_by_side(name: str, nodes: Sequence[Node | None]) -> Node:
    """The node that runs `nodes` on the same inputs and gives a tuple of what they give.

    Args:
        name: Name of the whole; the modules are `<name>.<index>`.
        nodes: Nodes with the inputs that each would have alone, named by their index, at least one;
            None stands for one that is left out and passes on the first input.
    """
    kept = [node for node in nodes if node is not None]
    inputs = _name_inputs(kept)
    first = next(iter(inputs.values()), "")
    refs = [Ref(first, of_input=True) if node is None else Ref(node.name) for node in nodes]
    inner = tuple(_rewire(node, inputs, None) for node in kept)
    outputs = tuple((str(index), ref) for index, ref in enumerate(refs))
    graph = Graph(tuple((port, None) for port in inputs.values()), inner, outputs, "tuple")
    return _enclose(name, kept[0], inputs, graph)


def _enclose(name: str, node: Node, inputs: Mapping[Ref, str], graph: Graph) -> Node:
    """`node`, which stands for all copies, as a block that runs `graph`."""
    fed: list[tuple[str, Value]] = [(port, ref) for ref, port in inputs.items()]
    fed += [pair for pair in node.inputs if _has_gap(pair[1])]  # what comes from something faulty
    return dataclasses.replace(node, name=name, inputs=tuple(fed), graph=graph)


def _has_gap(value: Value) -> bool:
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    return value is None or any(map(_has_gap, items))


def _name_inputs(nodes: Sequence[Node]) -> dict[Ref, str]:
    """What feeds the nodes, each with the name that it has within the block: the first port it feeds."""
    names: dict[Ref, str] = {}
    for node in nodes:
        for port, value in node.inputs:
            for label, ref in _label(port, value):
                if ref not in names:
                    taken = sum(known.split("~")[0] == label for known in names.values())
                    names[ref] = f"{label}~{taken}" if taken else label
    return names


def _label(label: str, value: Value) -> Iterator[tuple[str, Ref]]:
    if isinstance(value, Ref):
        yield label, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _label(key, item)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _label(f"{label}_{index}", item)


def _find_states(before: Node, node: Node) -> dict[str, Ref]:
    """The ports of `node` that bear the name of an output of `before`, where that has several."""
    if before.graph is None or before.graph.form != "dict":
        return {}
    ports = {port for port, _ in node.inputs}
    return {name: Ref(before.name, (name,)) for name, _ in before.graph.outputs if name in ports}


def _rewire(
    node: Node, inputs: Mapping[Ref, str], before: Ref | None, states: Mapping[str, Ref] = types.MappingProxyType({})
) -> Node:
    """`node`, fed from within a block: with `states` by port, else `before` in place of its first reference."""
    feeds = iter([] if before is None or states else [before])

    def swap(ref: Ref) -> Ref:
        return next(feeds, None) or Ref(inputs[ref], (), True, str(ref), ref.path)

    return dataclasses.replace(
        node, inputs=tuple((port, states.get(port) or _swap(value, swap)) for port, value in node.inputs)
    )


def _swap(value: Value, swap: Callable[[Ref], Ref]) -> Value:
    if isinstance(value, Ref):
        return swap(value)
    if isinstance(value, tuple):
        return tuple(_swap(item, swap) for item in value)
    return {key: _swap(item, swap) for key, item in value.items()} if isinstance(value, Mapping) else value


def first_ref(inputs: Sequence[tuple[str, Value]]) -> Ref | None:
    """The first reference in the inputs of a node: what passes through where the node is left out."""
    return next((ref for _, value in inputs for ref in walk_refs(value)), None)
