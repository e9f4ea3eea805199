"""The arc format: nodes in order, tensors carried forward by name.

The carried tensors start as the inputs. A node consumes those in its `in_names` (default: the
first); its output goes on under the first of these names, a fork's outputs under their own. New
ones stand first. What is carried at the end is the network's output.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from torcharc.entry import Entry
from torcharc.errors import (
    Path,
    Problem,
    choices,
    did_you_mean,
    quote,
    respell,
    unknown_keys,
    wrong_choice,
)
from torcharc.graph import UNKNOWN, Graph, Node, Ref, TensorSpec
from torcharc.spec.arc_known import Known, make_key, recall, remember
from torcharc.spec.arc_module import HEAD_KEYS, flat_name, parse_module
from torcharc.spec.arc_shapes import parse_shapes
from torcharc.spec.arc_type import INPUT, NODE_KEYS, Inputs, bind_ports, read_type, refuse_misspelt
from torcharc.spec.arc_typos import find_typos, respell_node
from torcharc.spec.expand import Copies, Expansion, find_misspelt
from torcharc.spec.names import check_name, find_cycle, find_output, names_wanted
from torcharc.spec.template import fill, read_scope

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks


def parse_arc(
    spec: Mapping[str, Any], variables: Mapping[str, Any], blocks: Blocks, path: Path = ()
) -> tuple[Graph | None, list[Problem]]:
    """The graph of an arc, or None; and the problems of its form.

    Where a node is faulty the rest is still read, so that inference can find further problems; a
    graph that comes with problems must not be built.

    Args:
        spec: Plain data.
        variables: Name → value, in place of what `dag_vars` says.
        blocks: The modules around it, and the names that are bound there.
        path: Its place in the whole spec.
    """
    wrong = [Problem((*path, key), quote(key), "a name", code="name") for key in spec if not isinstance(key, str)]
    if wrong:
        return None, wrong
    typos = find_typos(spec, path)
    spec = respell(spec, typos) if typos else spec
    place, budget = (*path, "dag_vars"), blocks.expansion.budget
    scope, problems = read_scope(spec.get("dag_vars"), variables, place, base=blocks.scope, budget=budget)
    if problems:
        return None, typos + problems
    own = None
    if "dag_modules" in spec:
        blocks = own = blocks.nest(spec["dag_modules"], (*path, "dag_modules"), scope)
    graph, problems = _parse_nodes(spec, scope, blocks, path)
    within = [] if own is None else own.check_unused() + own.problems
    return graph, [*problems, *typos, *within]


def _parse_nodes(
    spec: Mapping[str, Any], scope: Mapping[str, Any], blocks: Blocks, path: Path
) -> tuple[Graph | None, list[Problem]]:
    """The graph of the nodes, or None; and their problems."""
    if "dag_in_shape" not in spec:
        return parse_module(spec, scope, blocks, path)
    place = (*path, "dag_in_shape")
    stated, problems = fill(spec["dag_in_shape"], scope, place, blocks.expansion.budget)
    inputs, faults = (None, problems) if problems else parse_shapes(stated, place)
    if inputs is None:
        return None, faults
    nodes = _list_nodes(spec, scope, path)
    parser = _Parser(inputs, nodes, scope, blocks)
    for name, node, place in nodes:
        parser.add(name, node, place)
    problems = parser.problems
    if not parser.seen:
        problems.append(Problem(path, "no nodes", "at least one node, or a type", code="missing-key"))
    return parser.graph(), problems or parser.note_untaken((*path, "dag_in_shape"))


def _list_nodes(spec: Mapping[str, Any], scope: Mapping[str, Any], path: Path) -> list[tuple[str, Any, Path]]:
    rest = {key: value for key, value in spec.items() if key not in HEAD_KEYS}
    if "type" in spec:
        return [(flat_name(fill(spec["type"], scope, path)[0]), rest, path)]
    return [(name, node, (*path, name)) for name, node in rest.items()]


class _Read(NamedTuple):
    """A node that was read, its type, and whether it has problems of its own."""

    node: Node
    entry: Entry
    faulty: bool


class _Parser:
    """Reads nodes one by one, and keeps what is carried between them."""

    def __init__(
        self,
        inputs: Mapping[str | None, TensorSpec],
        every: Sequence[tuple[str, Any, Path]],
        scope: Mapping[str, Any],
        blocks: Blocks,
    ):
        self.inputs = inputs
        self.scope = scope
        self.blocks = blocks
        self.expansion: Expansion = blocks.expansion
        self.written: dict[str, Mapping[str, Any]] = {}  # the nodes that could be read, as they stand in the spec
        self.every = every  # all nodes, as they stand in the spec
        self.cycles: set[str] = set()  # nodes in a cycle that is told already
        self.carried: Mapping[str | None, Ref | None] = {
            name: Ref(INPUT if name is None else name, of_input=True) for name in inputs
        }
        self.consumed: dict[str | None, str] = {}
        self.taken: tuple[str | None, ...] = ()  # what the node read last consumes
        self.given: dict[str, str] = {}  # what each node gives, in words
        self.nodes: list[Node] = []
        self.problems: list[Problem] = []
        self.missing: set[str] = set()  # names that are told to be misspelt
        self.seen = False
        self.current = ""  # the node that is read
        self.uncertain = False  # an unknown type may give any names
        self.lost = False  # a faulty node did

    @functools.cached_property
    def wants(self) -> dict[str, Collection[Any]]:
        """The in_names of all nodes."""
        return {name: names_wanted(node) for name, node, _ in self.every}

    def graph(self) -> Graph:
        """What was read, as a graph; the tensors carried at the end are its outputs, none where they are lost."""
        carried = {} if self.lost else self.carried
        outputs = tuple([("output" if name is None else name, ref or UNKNOWN) for name, ref in carried.items()])
        inputs = tuple([(INPUT if name is None else name, spec) for name, spec in self.inputs.items()])
        form: Literal["tensor", "dict"] = "tensor" if len(outputs) == 1 else "dict"
        return Graph(inputs, tuple(self.nodes), outputs, form, carries=True)

    def note_untaken(self, path: Path) -> list[Problem]:
        """Notes on the inputs, which stand at `path`, that no node takes."""
        expected = "a node that takes it; it is carried to the output as it is"
        names = [name for name, ref in self.carried.items() if name is not None and ref is not None and ref.of_input]
        return [
            Problem((*path, name), f"the input {quote(name)}", expected, code="reading", severity="note")
            for name in names
            if name in self.inputs
        ]

    def add(self, name: str, node: Any, path: Path) -> None:
        """Reads the next node, or recalls what reading it did before."""
        self.seen, self.current = True, name
        sound = not self.problems and not self.uncertain
        key = make_key(name, node, path, self.carried, self.expansion.budget) if sound else None
        known = recall(key)
        if known is not None:
            self.expansion.take(1, path)
            self.written[name] = node
            self.nodes.append(known.fill(node))
            self.consumed.update(dict.fromkeys(known.taken, name))
            self.carried = known.carried
            if known.given is not None:
                self.given[name] = known.given
            return
        self._read(name, node, path)
        if key is not None and not self.problems and not self.uncertain:
            remember(key, Known(self.nodes[-1], self.taken, self.carried, self.given.get(name)))

    def _read(self, name: str, node: Any, path: Path) -> None:
        if type(node) is not dict and not isinstance(node, Mapping):
            self.problems.append(Problem(path, quote(node), "a node: {type: ..., ...}", code="value"))
            self.uncertain = self.lost = True
            return
        base = ""
        if "~" in name:
            node, base = self._find_base(name, node, path)
            if not base:
                return self._give_up(name, self._guess_taken(node))
            node = {**self.written[base], **node}
        else:
            node, problems = respell_node(node, path)
            self.problems += problems
        self.problems += check_name(name, path)
        self.blocks.mention(node.get("type"))
        copies, problems = self.expansion.expand(node, self.scope, path, ("in_names",))
        self.problems += problems
        if copies is None:
            return self._give_up(name, self._guess_taken(node))
        self.written[name] = node
        self._add_copies(name, base, copies, path)

    def _add_copies(self, name: str, base: str, copies: Copies, path: Path) -> None:
        """Adds a node whose templates are filled: one, several as a block, or none."""
        count = len(self.problems)
        taken = self._read_in_names(copies.wiring, path)
        faulty = len(self.problems) > count or len(taken) < len(names_wanted(copies.wiring))
        for copy in copies.every[1:]:
            faulty = self._check_wiring(copy.node, copies.wiring, path) or faulty
        read: list[_Read] = []
        for copy in copies.kept:
            label = name if copies.kind == "one" else str(copy.index)
            found = self._read_node(label, copy.node, taken, path, faulty)
            if found is None:
                return self._give_up(name, taken)
            read.append(found)
        if not read:
            first = taken[0] if taken else None
            self.given[name] = f"{first!r}, as it is left out"
            carried = self.carried.get(first)
            self._consume(name, taken)
            return self._carry({first: carried}, broken=faulty)
        many = callable(read[0].entry.outputs)
        if many and (copies.kind == "parallel" or (copies.kind == "repeat" and read[0].node.graph is None)):
            expected = f"a type that gives one tensor; {read[0].entry.name} gives several"
            self.problems.append(Problem((*path, "type"), quote(read[0].entry.name), expected, code="reference"))
            return self._give_up(name, taken)
        self._consume(name, taken)
        nodes = [found.node for found in read]
        if copies.shared:
            self.problems += copies.check_shared(nodes, path)
        node = copies.join(name, nodes)
        self.nodes.append(dataclasses.replace(node, shares=base) if base else node)
        outputs = self._outputs(read[0].entry, name, nodes[0].params, taken, path)
        self._carry(outputs, broken=any(found.faulty for found in read))

    def _check_wiring(self, node: Mapping[str, Any], wiring: Mapping[str, Any], path: Path) -> bool:
        """Whether a copy is wired in another way than the first."""
        if node.get("in_names") == wiring.get("in_names"):
            return False
        expected = f"the names of the first copy: {quote(wiring.get('in_names'))}"
        self.problems.append(Problem((*path, "in_names"), quote(node.get("in_names")), expected, code="reference"))
        return True

    def _read_node(
        self, name: str, node: Mapping[str, Any], taken: list[str | None], path: Path, faulty: bool
    ) -> _Read | None:
        """The node, fed with what it takes; None if its type is not known."""
        found, problems = read_type(node, path, self.blocks)
        self.problems += problems
        if found is None:
            return None
        entry, params = found.entry, found.params
        inputs: Inputs = ((entry.ports[0].name if entry.ports else INPUT, None),)  # of what is faulty
        if not faulty:
            bound, problems = bind_ports(entry, node, {key: self.carried.get(key) for key in taken}, path)
            self.problems += problems
            faulty, inputs = bool(problems), inputs if problems else bound
        misspelt = [] if found.graph else find_misspelt(params, entry.signature)
        if misspelt:
            self.problems += refuse_misspelt(misspelt, path)
            params = {key: value for key, value in params.items() if key not in misspelt}
        made = Node(name, entry.name, params, inputs, "", found.graph, path, path, NODE_KEYS)
        return _Read(made, entry, faulty)

    def _consume(self, name: str, taken: Collection[str | None]) -> None:
        self.consumed.update({key: name for key in taken if self.carried.get(key) is not None})
        self.carried = {key: ref for key, ref in self.carried.items() if key not in taken}
        self.taken = tuple(taken)

    def _give_up(self, name: str, taken: list[str | None]) -> None:
        """Goes on behind a node of which it is not known what it gives."""
        self.uncertain = self.lost = True
        self.written.pop(name, None)
        self._consume(name, taken)
        self._carry({taken[0] if taken else None: None})

    def _guess_taken(self, node: Mapping[str, Any]) -> list[str | None]:
        """What a node likely consumes that cannot be read."""
        wanted: list[str | None] = [name for name in names_wanted(node) if isinstance(name, str)]
        return [name for name in wanted if name in self.carried] or list(self.carried)[:1]

    def _find_base(self, name: str, node: Mapping[str, Any], path: Path) -> tuple[Mapping[str, Any], str]:
        """The node, and the name of that whose module `conv~right` runs again: `conv`; `""` if there is none."""
        problems = unknown_keys(path, node, ["in_names"])
        self.problems += problems
        node = respell(node, problems)
        base = name.split("~", 1)[0]
        if base in self.written:
            return node, base
        if not self.uncertain:
            expected = f"the name of a node further up, before the ~: {choices(self.written)}"
            hint = did_you_mean(base, self.written)
            self.problems.append(Problem(path, f"the name {quote(name)}", expected, hint, "reference"))
        return node, ""

    def _read_in_names(self, node: Mapping[str, Any], path: Path) -> list[str | None]:
        """The names that the node consumes, as far as they are carried."""
        if "in_names" not in node:
            return list(self.carried)[:1]
        names, path = node["in_names"], (*path, "in_names")
        if isinstance(names, str):
            hint = f"write [{names}]"
            self.problems.append(Problem(path, quote(names), "a list of names", hint, "value"))
            return [names] if names in self.carried else []
        if not isinstance(names, (list, tuple)) or not names:
            self.problems.append(Problem(path, quote(names), "a list of names, at least one", code="value"))
            return []
        taken: list[str | None] = []
        for index, name in enumerate(names):
            told = isinstance(name, str) and {self.current, name} <= self.cycles
            problem = self._check_in_name(name, taken, (*path, index))
            if problem is None:
                taken.append(name)
                continue
            if not self.uncertain and not told and not (isinstance(name, str) and name in self.missing):
                self.problems.append(problem)
            if isinstance(name, str) and name not in self.carried and name not in self.consumed:
                if name not in self.given:
                    self.missing.add(name)
                # what was likely meant is consumed here, and nowhere else
                meant = [edit.value for edit in problem.patch]
                taken += [known for known in meant if known not in names and known not in taken]
        return taken

    def _check_in_name(self, name: Any, taken: list[str | None], path: Path) -> Problem | None:
        if not isinstance(name, str):
            return Problem(path, quote(name), "the name of a carried tensor", code="value")
        if name in self.carried and name not in taken:
            return None
        names = [known for known in self.carried if known is not None]
        if name in taken:
            hint = "a ReuseFork gives one tensor several names"
            return Problem(path, f"{quote(name)} again", "each tensor once", hint, "reference")
        if not names:
            expected = "no in_names: the one carried tensor has no name"
            return Problem(path, quote(name), expected, "leave in_names out", "reference")
        problem = wrong_choice(path, name, "one of the carried tensors", names, "reference")
        reason = self._explain_name(name)  # a name that is known is no misspelling, and has no patch
        return dataclasses.replace(problem, hint=reason, patch=()) if reason else problem

    def _explain_name(self, name: str) -> str:
        """Why a name that is known is not carried."""
        if name in self.consumed:
            return f"{self.consumed[name]!r} consumed it; a ReuseFork gives one tensor several names"
        if name in self.given:
            return f"the node {name!r} gives {self.given[name]}"
        cycle = find_cycle(self.current, self.wants) if name in self.wants else ()
        if cycle:
            self.cycles.update(cycle)
            return f"a cycle: {' → '.join(cycle)}"
        return f"the node {name!r} stands further down; nodes run in order" if name in self.wants else ""

    def _outputs(
        self, entry: Entry, name: str, params: Mapping[str, Any], taken: list[str | None], path: Path
    ) -> dict[str | None, Ref | None]:
        names = entry.outputs(params) if callable(entry.outputs) else ()
        if not names:
            self.uncertain |= callable(entry.outputs)  # a fork whose names cannot be read
            self.lost |= callable(entry.outputs) and entry.kind in ("fork", "block")
            if taken and taken[0] is not None:
                self.given[name] = f"its output as {taken[0]!r}"
            return {taken[0] if taken else None: Ref(name)}
        self.given[name] = f"its outputs as {', '.join(map(repr, names))}"
        for output in names:
            if output in self.carried and not self.missing:
                place, expected = (*path, *find_output(output, params)), "a name that is not carried already"
                self.problems.append(Problem(place, f"the output {quote(output)}", expected, code="reference"))
        return {output: Ref(name, (output,)) for output in names}

    def _carry(self, new: Mapping[str | None, Ref | None], *, broken: bool = False) -> None:
        fresh = dict.fromkeys(new) if broken else new
        self.carried = {**fresh, **self.carried, **fresh}
