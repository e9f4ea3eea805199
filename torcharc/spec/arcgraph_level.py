"""One level of an Arc-Graph spec: the nodes of the network, or of a module, and the outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from torcharc.errors import Path, Problem, choices, did_you_mean, quote, respell
from torcharc.graph import UNKNOWN, Node, Ref
from torcharc.spec.arcgraph_inputs import is_name, wrong_name
from torcharc.spec.arcgraph_nodes import (
    Part,
    bind_part,
    check_keys,
    check_unrun,
    find_first_ref,
    first_names,
    names_in,
    names_read,
    resolve_part,
)
from torcharc.spec.expand import Copies
from torcharc.spec.ordering import order_names
from torcharc.spec.references import Source, read_reference
from torcharc.spec.template import Scope

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks


def form_of(outputs: Sequence[tuple[str, Ref]]) -> Literal["tensor", "dict"]:
    """What a graph gives: the one output as it is, or several by name."""
    return "tensor" if len(outputs) == 1 else "dict"


@dataclasses.dataclass(slots=True)
class Row:
    """An entry of the list of nodes: its copies, each a `Part`, and what the entry before it is called."""

    name: str
    path: Path
    copies: Copies
    parts: list[Part]
    before: str | None


class Level:
    """Reads a list of nodes and the outputs that refer to them.

    Args:
        blocks: The modules of the spec.
        inputs: What a reference to each input stands for.
        scope: The bound names.
    """

    def __init__(self, blocks: Blocks, inputs: Mapping[str, Source], scope: Scope):
        self.blocks = blocks
        self.inputs = inputs
        self.scope = scope
        self.sources: dict[str, Source] = dict(inputs)
        self.rows: dict[str, Row] = {}
        self.used: set[str] = set()
        self.is_certain = True  # whether all nodes have names
        self.last = next(iter(inputs), None)  # the name of the last node so far, or of the first input
        self.problems: list[Problem] = []

    def read_nodes(self, items: Any, path: Path) -> list[Node]:
        """The nodes in an order in which they can run; faulty ones as far as they are known."""
        if not isinstance(items, (list, tuple)) or not items:
            expected = "a list of nodes, at least one: [{name: ..., type: ..., inputs: ...}]"
            self.problems.append(Problem(path, quote(items), expected, code="graph"))
            return []
        for index, item in enumerate(items):
            self._add_row(item, (*path, index))
        for row in self.rows.values():
            self._resolve(row)
        for row in self.rows.values():
            for part in row.parts:
                if "module" in part.spec:
                    self._share(part, row)
        self._pass_through()
        nodes = [node for row in self.rows.values() for node in self._bind(row, row.before)]
        return self._order(nodes)

    def read_outputs(self, value: Any, path: Path) -> tuple[tuple[str, Ref], ...]:
        """The outputs by public name; faulty ones are `UNKNOWN`."""
        if not isinstance(value, Mapping) or not value:
            expected = "the outputs, at least one: {name: reference}"
            self.problems.append(Problem(path, quote(value), expected, code="outputs"))
            return ()
        outputs = []
        for name, text in value.items():
            if not is_name(name):
                self.problems.append(wrong_name(name, (*path, name), "an output"))
            ref, problem = read_reference(text, (*path, name), self.sources, "the outputs")
            if problem is not None:
                self.problems.append(problem)
            outputs.append((str(name), ref or UNKNOWN))
        self.used |= {text.split(".", 1)[0] for text in value.values() if isinstance(text, str)}
        return tuple(outputs)

    def list_problems(self) -> list[Problem]:
        """All problems; where a node has no name, an undefined one may be meant for it."""
        return [problem for problem in self.problems if self.is_certain or problem.code != "undefined"]

    def warn_unused(self, inputs: Mapping[str, Path]) -> None:
        """Warns of nodes and inputs that nothing refers to; `inputs` says where the inputs stand."""
        if any(problem.code in ("undefined", "template") for problem in self.problems):
            return  # what has the wrong name there, or cannot be read, may be what is missed here
        places = {**inputs, **{name: row.path for name, row in self.rows.items()}}
        for name, path in places.items():
            if name not in self.used:
                what = "the input" if name in self.inputs else "the node"
                found, expected = f"{what} {quote(name)}", "something that refers to it"
                self.problems.append(Problem(path, found, expected, code="unused", severity="warning"))

    def _add_row(self, item: Any, path: Path) -> None:
        """Checks what a node is called, and keeps it under its name, copies made."""
        if not isinstance(item, Mapping):
            self.problems.append(Problem(path, quote(item), "a node: {name: ..., type: ..., inputs: ...}", code="node"))
            self.is_certain = False
            return
        problems = check_keys(item, path)
        self.problems += problems
        item = respell(item, problems) if problems else item
        self.blocks.mention(item.get("type"))
        if "name" not in item:
            self.is_certain = False
            return
        name = item["name"]
        if not is_name(name):
            self.problems.append(wrong_name(name, (*path, "name"), "a node"))
            self.sources[str(name).split(".", 1)[0]] = Source(None)
            return
        if name in self.rows or name in self.inputs:
            known = "an input" if name in self.inputs else "a node further up"
            expected = f"a name of its own; {known} is called so"
            self.problems.append(Problem((*path, "name"), quote(name), expected, code="duplicate"))
            return
        copies, problems = self.blocks.expansion.expand(item, self.scope, path, ["inputs"])
        self.problems += problems
        self.sources[name] = Source(None)
        if copies is not None and not copies.kept:
            self.problems += check_unrun(item, path, self.blocks)
        if copies is not None:
            self.rows[name] = Row(name, path, copies, self._list_parts(name, copies, path), self.last)
        self.last = name

    def _list_parts(self, name: str, copies: Copies, path: Path) -> list[Part]:
        referrer = f"the node {quote(name)}"
        if copies.kind == "one":
            return [Part(name, copy.node, path, self.scope, referrer) for copy in copies.kept]
        scopes = [self.scope.extend({"index": copy.index}) for copy in copies.kept]
        return [
            Part(str(copy.index), copy.node, path, scope, referrer)
            for copy, scope in zip(copies.kept, scopes, strict=True)
        ]

    def _resolve(self, row: Row) -> None:
        """Finds the types of the copies of a node, and what its name stands for."""
        for part in row.parts:
            resolve_part(part, self.blocks)
        if not row.parts or any("module" in part.spec for part in row.parts):
            return
        sources = [part.source for part in row.parts]
        if any(source.ref is None for source in sources):
            return
        if row.copies.kind == "parallel":
            self.sources[row.name] = Source(Ref(row.name), is_list=True)
        elif row.copies.kind == "one":
            self.sources[row.name] = sources[0]
        else:
            self.sources[row.name] = dataclasses.replace(sources[-1], ref=Ref(row.name))

    def _share(self, part: Part, row: Row) -> None:
        """Makes a node run the module of another one: `module: conv`."""
        word, path = part.spec["module"], (*part.path, "module")
        if row.copies.kind != "one":
            expected = f"no {row.copies.kind} beside 'module', as copies have modules of their own"
            part.problems.append(Problem(path, quote(word), expected, code="module"))
            return
        own = [key for key in ("type", "params") if key in part.spec]
        if own:
            found, expected = f"the key {own[0]!r} beside 'module'", "one of them: a module is shared as it is"
            part.problems.append(Problem((*part.path, own[0]), found, expected, code="module"))
        owner = self._find_owner(word)
        if (
            owner is None
            and isinstance(word, str)
            and word in self.sources.keys() - self.rows.keys() - self.inputs.keys()
        ):
            return  # a node that cannot be read, which is told
        if owner is None:
            names = [
                name for name, other in self.rows.items() if not any("module" in part.spec for part in other.parts)
            ]
            expected = f"the name of a node whose module runs again: {choices(names)}"
            hint = f"to run a module of the spec, write type: module.{word}" if word in self.blocks.names else ""
            part.problems.append(Problem(path, quote(word), expected, hint or did_you_mean(word, names), "module"))
            return
        part.entry, part.graph, part.params = owner.entry, owner.graph, owner.params
        part.shares, part.has_wrong_params = owner.name, owner.has_wrong_params
        self.sources[row.name] = part.source

    def _find_owner(self, word: Any) -> Part | None:
        """The node whose own module a node runs, through others that run it."""
        seen: set[str] = set()
        while isinstance(word, str) and word in self.rows and word not in seen:
            seen.add(word)
            row = self.rows[word]
            if row.copies.kind != "one" or not row.parts:
                return None
            if "module" not in row.parts[0].spec:
                return row.parts[0]
            word = row.parts[0].spec["module"]
        return None

    def _pass_through(self) -> None:
        """Lets the names of nodes that are left out stand for their first input."""
        for row in self.rows.values():
            if not row.parts:
                value = row.copies.wiring.get("inputs")
                text = row.before if value is None else value
                self.used |= {row.name, *first_names(text)}
                path = (*row.path, "inputs")
                ref, problems = find_first_ref(text, path, self.sources, f"the node {quote(row.name)}")
                self.problems += problems
                self.sources[row.name] = Source(ref)

    def _bind(self, row: Row, before: str | None) -> list[Node]:
        """The node that a row becomes: one, or none where it is left out or faulty."""
        nodes = []
        for part in row.parts:
            self.used |= names_in(part, before)
            node = bind_part(part, self.sources, before)
            if node is not None:
                nodes.append(node)
        self.problems += dict.fromkeys(problem for part in row.parts for problem in part.problems)
        if not row.parts:
            return []
        if len(nodes) < len(row.parts):
            self.sources[row.name] = Source(None)
            return []
        self.problems += row.copies.check_shared(nodes, row.path)
        return [row.copies.join(row.name, nodes)]

    def _order(self, nodes: list[Node]) -> list[Node]:
        by_name = {node.name: node for node in nodes}
        order, cycles = order_names({node.name: names_read(node) for node in nodes})
        for cycle in cycles:
            path = (*by_name[cycle[0]].path, "inputs")
            found = f"a cycle: {' → '.join(cycle)}"
            self.problems.append(Problem(path, found, "nodes that do not wait for themselves", code="cycle"))
            self.sources.update(dict.fromkeys(cycle, Source(None)))
        return [by_name[name] for name in order]
