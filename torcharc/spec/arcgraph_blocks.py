"""The modules of a spec, of any form: sub-graphs with params, instances of them, and stacks.

The modules of an arc or a 2.x spec that is a module itself stand within those around it, and hide
those of the same name. Wherever a module stands, it sees the names that are bound there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from torcharc.arguments import Argument, Kind, Signature
from torcharc.errors import Edit, Path, Problem, choices, did_you_mean, missing_key, nearest, quote, respell
from torcharc.graph import Graph, Node, Ref
from torcharc.spec.arc import parse_arc
from torcharc.spec.arcgraph_level import Level, form_of
from torcharc.spec.arcgraph_nodes import check_keys, check_unrun
from torcharc.spec.arcgraph_types import STACK
from torcharc.spec.definition import (
    BLOCKS,
    Definition,
    Use,
    bind_params,
    find_interface,
    is_block_type,
    read_definition,
    walk_types,
)
from torcharc.spec.expand import Expansion
from torcharc.spec.inline import as_block, count_nodes
from torcharc.spec.modules import parse_modules
from torcharc.spec.numbers import read_number
from torcharc.spec.references import Source
from torcharc.spec.template import Scope

MOST_NODES = 10_000
"""The most nodes of a spec, the copies of its modules counted."""

MOST_NESTED = 32
"""The most levels of modules, one within another."""

_COUNT = Kind(frozenset({"int"}), low=1)


class _Tally:
    """What the modules of a whole spec have in common.

    Attributes:
        expansion: Makes the copies that `repeat` and `parallel` ask for, and fills templates.
        count: How many nodes there are by now, copies counted.
        chain: The modules that are being read, from the outside in.
        cycles: The cycles that are told already.
        is_deep: Whether it is told that there are too many levels.
    """

    def __init__(self, expansion: Expansion) -> None:
        self.expansion = expansion
        self.count = 0
        self.chain: list[Definition] = []
        self.cycles: set[frozenset[Path]] = set()
        self.is_deep = False


class Blocks:
    """The modules of a spec, and what has been made of them.

    Attributes:
        scope: The names that are bound where they stand.
        problems: What is wrong with the modules themselves, and notes on them.
        used: The names of those that something runs.
        expansion: Makes the copies that `repeat` and `parallel` ask for, and fills templates.
    """

    def __init__(self, value: Any, path: Path, scope: Scope, around: Blocks | None = None):
        self.scope = scope
        self.problems: list[Problem] = []
        self.used: set[str] = set()
        self._around = around
        self._tally: _Tally = around._tally if around is not None else _Tally(Expansion(scope.budget))
        self.expansion = self._tally.expansion
        self._definitions: dict[str, Definition | None] = {}
        self._made: dict[str, tuple[Graph | None, int]] = {}
        self._mentioned: set[str] = set()
        if value is not None and not isinstance(value, Mapping):
            self.problems.append(
                Problem(path, quote(value), "the modules: {name: {inputs, graph, outputs}}", code="value")
            )
        for name, item in value.items() if isinstance(value, Mapping) else ():
            self._definitions[name], problems = read_definition(name, item, (*path, name))
            self.problems += problems

    def nest(self, value: Any, path: Path, names: Mapping[str, Any]) -> Blocks:
        """The modules of a spec that is a module itself: `value`, and these around them."""
        return Blocks(value, path, Scope(names, self.scope.budget), self)

    @property
    def names(self) -> list[str]:
        """The names of the modules, faulty ones and those around included."""
        return list(dict.fromkeys([*self._definitions, *(self._around.names if self._around else ())]))

    def _find(self, name: str) -> Blocks | None:
        """The modules among which one of that name stands."""
        if name in self._definitions:
            return self
        return self._around._find(name) if self._around is not None else None

    def signature(self, type_: str) -> Signature:
        """The params of the module that a type names; none where there is no such module."""
        name = type_.split(".", 1)[1]
        owner = self._find(name)
        definition = owner._definitions[name] if owner is not None else None
        params = definition.params if definition is not None else {}
        return Signature({key: Argument(key, required=False, default=default) for key, default in params.items()})

    def make(self, type_: str, use: Use) -> tuple[Graph | None, list[Problem]]:
        """What a node of type `module.<name>` or `arc.stack` runs, or None; and the problems of the node.

        Outputs that come from something faulty are `UNKNOWN`; there are none where not even their
        names can be told.
        """
        if type_ == STACK:
            return self._make_stack(use)
        prefix, name = type_.split(".", 1)
        graph, problems = self._make_module(name, use)
        return graph, [_prefix(problem, f"{prefix}.") for problem in problems]

    def _make_module(self, name: str, use: Use) -> tuple[Graph | None, list[Problem]]:
        owner = self._find(name)
        if owner is None:
            names = self.names
            expected = f"a module of the spec: {choices(names)}" if names else "a module; the spec has none"
            near = nearest(name, names)
            self.mention(f"module.{near}")  # the right name there is no second fault
            patch = () if near is None else (Edit("set", use.type_path, near),)
            hint = did_you_mean(name, names)
            return None, [Problem(use.type_path, quote(name), expected, hint, "unknown-type", patch=patch)]
        owner.used.add(name)
        definition = owner._definitions[name]
        if definition is None:
            return None, []
        if any(other is definition for other in self._tally.chain):
            return None, self._refuse_cycle(definition, use)
        if len(self._tally.chain) == MOST_NESTED:
            return None, self._refuse_level(use)
        values, problems = bind_params(definition, use, owner.scope)
        if values is None:
            return find_interface(definition), problems
        graph, size = owner._instantiate(definition, values)
        self._tally.count += size
        if self._tally.count > MOST_NODES:
            return None, [*problems, _too_many(use.path)]
        return graph, problems

    def _refuse_cycle(self, definition: Definition, use: Use) -> list[Problem]:
        """The problem that a module holds itself; it is told once, wherever one comes into the cycle."""
        chain = self._tally.chain
        start = next(index for index, other in enumerate(chain) if other is definition)
        cycle = frozenset(other.path for other in chain[start:])
        if cycle in self._tally.cycles:
            return []
        self._tally.cycles.add(cycle)
        names = " → ".join(other.name for other in [*chain[start:], definition])
        found = f"modules that hold themselves: {names}"
        return [Problem(use.type_path, found, "modules that end", code="cycle")]

    def _refuse_level(self, use: Use) -> list[Problem]:
        """The problem that modules stand too deep within one another, told once."""
        if self._tally.is_deep:
            return []
        self._tally.is_deep = True
        expected = f"at most {MOST_NESTED}; torcharc.spec.arcgraph_blocks.MOST_NESTED sets the limit"
        return [Problem(use.path, "more levels of modules", expected, code="limit")]

    def _instantiate(self, definition: Definition, values: Mapping[str, Any]) -> tuple[Graph | None, int]:
        """The graph of a module for the given params, and how many nodes it has."""
        key = f"{definition.name} {values!r}"
        if key not in self._made:
            before = self._tally.count
            self._tally.chain.append(definition)
            self._made[key] = (self._read if definition.form is None else self._parse)(definition, values)
            self._tally.chain.pop()
            self._tally.count = before
        return self._made[key]

    def _read(self, definition: Definition, values: Mapping[str, Any]) -> tuple[Graph | None, int]:
        """The same for a list of nodes."""
        before, path, spec = self._tally.count, definition.path, definition.spec
        inputs = {name: Source(Ref(name, of_input=True)) for name in definition.inputs}
        level = Level(self, inputs, self.scope.extend(values))
        nodes = level.read_nodes(spec["graph"], (*path, "graph"))
        outputs = level.read_outputs(spec["outputs"], (*path, "outputs"))
        level.warn_unused({name: (*path, "inputs", i) for i, name in enumerate(definition.inputs)})
        self.problems += level.list_problems()
        specs = tuple((name, None) for name in definition.inputs)
        graph = Graph(specs, tuple(nodes), outputs, form_of(outputs), firsts=True)
        return graph, self._tally.count - before + len(nodes)

    def _parse(self, definition: Definition, values: Mapping[str, Any]) -> tuple[Graph | None, int]:
        """The same for an arc or a 2.x spec."""
        parse = parse_arc if definition.form == "arc" else parse_modules
        graph, problems = parse(definition.spec, values, self, definition.path)
        self.problems += problems
        return (None, 0) if graph is None else (as_block(graph), count_nodes(graph))

    def _make_stack(self, use: Use) -> tuple[Graph | None, list[Problem]]:
        """`count` copies of a module in a row; the first input is threaded through, the others stay."""
        given, place, scope = dict(use.params), use.params_path, use.scope or Scope()
        word, problems = given.pop("module", None), []
        if not isinstance(word, str):
            expected = "the name of the module that is stacked"
            problems.append(
                missing_key(place, "module") if word is None else Problem((*place, "module"), quote(word), expected)
            )
        counts = [key for key in ("count", "num_layers") if key in given]
        if not counts:
            problems.append(missing_key(place, "count"))
        elif len(counts) == 2 and given["count"] != given["num_layers"]:
            expected = f"{quote(given['count'])}, as count says"
            problems.append(Problem((*place, "num_layers"), quote(given["num_layers"]), expected, code="value"))
        count = 0
        for key in counts:
            value = given.pop(key)
            count, faults = read_number(value, _COUNT, (*place, key), scope)
            if not faults and (type(count) is not int or not 1 <= count <= MOST_NODES):
                expected = f"an integer from 1 to {MOST_NODES:,}"
                faults = [Problem((*place, key), quote(value), expected, code="value")]
            problems += faults
        if problems or not isinstance(word, str):
            return None, problems
        name = next((word[len(prefix) :] for prefix in BLOCKS if word.startswith(prefix)), word)
        before = self._tally.count
        stacked = dataclasses.replace(use, params=given, type_path=(*place, "module"))
        graph, problems = self._make_module(name, stacked)
        problems = [_prefix(problem, word.removesuffix(name)) for problem in problems]
        if graph is None or not graph.outputs:
            return graph, problems
        self._tally.count += (count - 1) * (self._tally.count - before)
        if self._tally.count > MOST_NODES:
            return None, [*problems, _too_many(use.path)]
        if len(graph.outputs) > 1:
            expected = f"a module with one output, which goes on to the next copy; {name} has {len(graph.outputs)}"
            return None, [*problems, Problem((*place, "module"), quote(word), expected, code="stack")]
        return _chain(name, graph, count, use.path), problems

    def mention(self, type_: Any) -> None:
        """Takes note of the module that a node would run, were it not left out or its type chosen by a variable."""
        if not is_block_type(type_):
            return
        left: list[tuple[Blocks, Any]] = [(self, type_)]
        while left:
            blocks, type_ = left.pop()
            word = type_.split(".", 1)[1] if is_block_type(type_) else ""
            for name in blocks.names if "${" in word else [word]:
                owner = blocks._find(name)
                if owner is not None and name not in owner._mentioned:
                    owner._mentioned.add(name)
                    definition = owner._definitions[name]
                    left += [(owner, inner) for inner in walk_types(definition.spec)] if definition is not None else []

    def check_unused(self, *, warns: bool = True) -> list[Problem]:
        """Warnings for the modules that no node runs, and the errors in those that are not read by now.

        Args:
            warns: Whether to warn; a format that runs its modules by their names does it itself.
        """
        unused = [name for name in self._definitions if name not in self.used | self._mentioned]
        read = {key.split(" ", 1)[0] for key in self._made}
        problems = []
        for name, definition in self._definitions.items():
            if definition is None:
                continue
            if warns and name in unused:
                found, expected = f"the module {quote(name)}", "a module that some node runs"
                problems.append(Problem(definition.path, found, expected, code="unused", severity="warning"))
            if name not in read:
                problems += self._check_unread(definition)
        return problems

    def _check_unread(self, definition: Definition) -> list[Problem]:
        """Errors in a module of which no graph was made; those of an arc or a 2.x spec are told with its modules'."""
        if definition.form is not None:
            if None not in definition.params.values():
                self._instantiate(definition, {})
            return []
        items, problems = definition.spec["graph"], []
        for index, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
            place = (*definition.path, "graph", index)
            if isinstance(item, Mapping):
                faults = check_keys(item, place)
                problems += faults + check_unrun(respell(item, faults), place, self)
        return problems


def _too_many(path: Path) -> Problem:
    expected = f"at most {MOST_NODES:,}; torcharc.spec.arcgraph_blocks.MOST_NODES sets the limit"
    return Problem(path, "more nodes, copies counted", expected, code="limit")


def _prefix(problem: Problem, prefix: str) -> Problem:
    """The problem of an unknown module, in the words of a type; other problems as they are."""
    if problem.code != "unknown-type" or not problem.found.startswith("'"):
        return problem
    found = problem.found.replace("'", f"'{prefix}", 1)
    hint = problem.hint.replace("'", f"'{prefix}", 1)
    patch = tuple(dataclasses.replace(edit, value=f"{prefix}{edit.value}") for edit in problem.patch)
    return dataclasses.replace(problem, found=found, hint=hint, patch=patch)


def _chain(name: str, graph: Graph, count: int, path: Path) -> Graph:
    """A graph that runs `count` copies of `graph`, each fed with what the one before gives."""
    inputs = [key for key, _ in graph.inputs]
    state = Ref(inputs[0], of_input=True)
    copied = dataclasses.replace(graph, keeps=inputs[0] if len(inputs) > 1 else "")
    nodes = []
    for index in range(count):
        fed = [(inputs[0], state), *((key, Ref(key, of_input=True)) for key in inputs[1:])]
        nodes.append(Node(str(index), f"module.{name}", {}, tuple(fed), "", copied, path, (*path, "params")))
        state = Ref(str(index))
    return Graph(graph.inputs, tuple(nodes), ((graph.outputs[0][0], state),), firsts=True)
