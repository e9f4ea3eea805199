"""The modules of an Arc-Graph spec: sub-graphs with params, instances of them, and stacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from torcharc.arguments import Kind
from torcharc.errors import Path, Problem, choices, did_you_mean, missing_key, quote, respell, unknown_keys
from torcharc.graph import Graph, Node, Ref
from torcharc.spec.arcgraph_inputs import is_name, wrong_name
from torcharc.spec.arcgraph_level import Level, form_of
from torcharc.spec.arcgraph_nodes import BLOCKS, check_keys, check_unrun
from torcharc.spec.arcgraph_types import STACK
from torcharc.spec.expand import Expansion
from torcharc.spec.form import find_form, variables_key
from torcharc.spec.inline import count_nodes, parse_inline
from torcharc.spec.numbers import read_number, read_value_of
from torcharc.spec.references import Source
from torcharc.spec.template import Scope, fill, has_dollar

KEYS = ("inputs", "params", "graph", "outputs")

MOST_NODES = 10_000
"""The most nodes of a spec, the copies of its modules counted."""

_COUNT = Kind(frozenset({"int"}), low=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """A module of the spec: its inputs, its params with their defaults, and the rest as it stands there.

    An arc or a 2.x spec has variables in place of params; `inputs` is empty, as its form tells them.
    """

    name: str
    inputs: tuple[str, ...]
    params: Mapping[str, Any]
    spec: Mapping[str, Any]
    path: Path


class Blocks:
    """The modules of a spec, and what has been made of them.

    Attributes:
        names: The names of the modules, faulty ones included.
        problems: What is wrong with the modules themselves, and notes on them.
        count: How many nodes there are by now, copies counted.
        expansion: Makes the copies that `repeat` and `parallel` ask for, and fills templates.
    """

    def __init__(self, value: Any, path: Path, scope: Scope):
        self.scope = scope
        self.problems: list[Problem] = []
        self.count = 0
        self.expansion = Expansion(scope.budget)
        self._definitions: dict[str, Definition | None] = {}
        self._made: dict[str, tuple[Graph | None, int]] = {}
        self._used: set[str] = set()
        self._mentioned: set[str] = set()
        self._chain: list[str] = []
        if value is not None and not isinstance(value, Mapping):
            self.problems.append(
                Problem(path, quote(value), "the modules: {name: {inputs, graph, outputs}}", code="value")
            )
        for name, item in value.items() if isinstance(value, Mapping) else ():
            self._definitions[name] = self._define(name, item, (*path, name))

    @property
    def names(self) -> list[str]:
        """The names of the modules."""
        return list(self._definitions)

    def _define(self, name: Any, item: Any, path: Path) -> Definition | None:
        """A module that stands under `modules`, or None where it is faulty."""
        if not is_name(name):
            self.problems.append(wrong_name(name, path, "a module"))
            return None
        if not isinstance(item, Mapping):
            self.problems.append(Problem(path, quote(item), "a module: {inputs, graph, outputs}", code="value"))
            return None
        if find_form(item) is not None:
            variables = item.get(variables_key(item))
            return Definition(name, (), dict(variables) if isinstance(variables, Mapping) else {}, item, path)
        required = [key for key in ("inputs", "graph", "outputs") if key not in item]
        problems = unknown_keys(path, item, KEYS, required)
        item = respell(item, problems)
        inputs, params = item.get("inputs", ()), item.get("params")
        if "inputs" in item and (not isinstance(inputs, (list, tuple)) or not inputs or not all(map(is_name, inputs))):
            expected = "the names of the module's inputs, at least one: [x]"
            problems.append(Problem((*path, "inputs"), quote(inputs), expected, code="value"))
        elif len({*inputs}) < len(inputs):
            problems.append(Problem((*path, "inputs"), quote(inputs), "each name once", code="duplicate"))
        if params is not None and not isinstance(params, Mapping):
            expected = "the module's params with their defaults: {width: 64}; null for what has to be given"
            problems.append(Problem((*path, "params"), quote(params), expected, code="value"))
        self.problems += problems
        faulty = any(key not in item for key in ("inputs", "graph", "outputs")) or any(
            problem.code != "unknown-key" for problem in problems
        )
        return None if faulty else Definition(name, tuple(inputs), dict(params or {}), item, path)

    def make(
        self, type_: str, params: Mapping[str, Any], path: Path, scope: Scope
    ) -> tuple[Graph | None, list[Problem]]:
        """What a node of type `module.<name>` or `arc.stack` runs, or None; and the problems of the node.

        Args:
            type_: The type.
            params: The node's params.
            path: The node's place.
            scope: The names that are bound there.
        """
        if type_ == STACK:
            return self._make_stack(params, path, scope)
        prefix, name = type_.split(".", 1)
        graph, problems = self._make_module(name, params, path, (*path, "type"), scope)
        return graph, [_prefix(problem, f"{prefix}.") for problem in problems]

    def _make_module(
        self, name: str, params: Mapping[str, Any], path: Path, place: Path, scope: Scope
    ) -> tuple[Graph | None, list[Problem]]:
        if name not in self._definitions:
            expected = (
                f"a module of the spec: {choices(self._definitions)}"
                if self._definitions
                else "a module; the spec has none"
            )
            return None, [Problem(place, quote(name), expected, did_you_mean(name, self._definitions), "unknown-type")]
        self._used.add(name)
        definition = self._definitions[name]
        if name in self._chain:
            cycle = " → ".join([*self._chain[self._chain.index(name) :], name])
            return None, [Problem(place, f"modules that hold themselves: {cycle}", "modules that end", code="cycle")]
        if definition is None:
            return None, []
        values, problems = _bind_params(definition, params, (*path, "params"), scope, self.scope)
        if any(problem.severity == "error" for problem in problems):
            return None, problems
        graph, size = self._instantiate(definition, values)
        self.count += size
        if self.count > MOST_NODES:
            expected = f"at most {MOST_NODES:,}; torcharc.spec.arcgraph_blocks.MOST_NODES sets the limit"
            return None, [*problems, Problem(path, "more nodes, copies counted", expected, code="limit")]
        return graph, problems

    def _instantiate(self, definition: Definition, values: Mapping[str, Any]) -> tuple[Graph | None, int]:
        """The graph of a module for the given params, and how many nodes it has."""
        key = f"{definition.name} {values!r}"
        if key in self._made:
            return self._made[key]
        if find_form(definition.spec) is not None:
            self._made[key] = self._parse(definition, values)
            return self._made[key]
        inputs = {name: Source(Ref(name, of_input=True)) for name in definition.inputs}
        level = Level(self, inputs, self.scope.extend(values))
        self._chain.append(definition.name)
        before = self.count
        nodes = level.read_nodes(definition.spec["graph"], (*definition.path, "graph"))
        outputs = level.read_outputs(definition.spec["outputs"], (*definition.path, "outputs"))
        level.warn_unused({name: (*definition.path, "inputs", i) for i, name in enumerate(definition.inputs)})
        self._chain.pop()
        self.problems += level.list_problems()
        specs = tuple((name, None) for name in definition.inputs)
        is_whole = isinstance(definition.spec["outputs"], Mapping) and len(outputs) == len(definition.spec["outputs"])
        graph = Graph(specs, tuple(nodes), outputs, form_of(outputs), firsts=True) if outputs and is_whole else None
        size = self.count - before + len(nodes)
        self.count = before
        self._made[key] = graph, size
        return graph, size

    def _parse(self, definition: Definition, values: Mapping[str, Any]) -> tuple[Graph | None, int]:
        """The graph of a module that is an arc or a 2.x spec, and how many nodes it has."""
        graph, problems = parse_inline(definition.spec, values, definition.path, self.scope, self.expansion)
        self.problems += problems
        return graph, 0 if graph is None else count_nodes(graph)

    def _make_stack(self, params: Mapping[str, Any], path: Path, scope: Scope) -> tuple[Graph | None, list[Problem]]:
        """`count` copies of a module in a row; the first input is threaded through, the others stay."""
        given = dict(params)
        place = (*path, "params")
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
        before = self.count
        graph, problems = self._make_module(name, given, path, (*place, "module"), scope)
        problems = [_prefix(problem, word.removesuffix(name)) for problem in problems]
        if graph is None:
            return None, problems
        self.count += (count - 1) * (self.count - before)
        if self.count > MOST_NODES:
            expected = f"at most {MOST_NODES:,}; torcharc.spec.arcgraph_blocks.MOST_NODES sets the limit"
            return None, [*problems, Problem(path, "more nodes, copies counted", expected, code="limit")]
        if len(graph.outputs) > 1:
            expected = f"a module with one output, which goes on to the next copy; {name} has {len(graph.outputs)}"
            return None, [*problems, Problem((*place, "module"), quote(word), expected, code="stack")]
        return _chain(name, graph, count, path), problems

    def mention(self, item: Any) -> None:
        """Takes note of the module that a node would run, were it not left out or its type chosen by a variable."""
        type_ = item.get("type") if isinstance(item, Mapping) else None
        if not isinstance(type_, str) or not type_.startswith(BLOCKS):
            return
        word = type_.split(".", 1)[1]
        found = self._definitions if "${" in word else [word]
        for name in set(found) - self._mentioned:
            self._mentioned.add(name)
            definition = self._definitions.get(name)
            items = () if definition is None else definition.spec.get("graph", ())
            for inner in items if isinstance(items, (list, tuple)) else ():
                self.mention(inner)

    def check_unused(self) -> list[Problem]:
        """Warnings for the modules that no node runs, and errors for the unknown types in them."""
        problems = []
        for name, definition in self._definitions.items():
            if name in self._used or definition is None:
                continue
            if name not in self._mentioned:
                found, expected = f"the module {quote(name)}", "a module that some node runs"
                problems.append(Problem(definition.path, found, expected, code="unused", severity="warning"))
            if find_form(definition.spec) is not None:
                self._parse(definition, {})
                continue
            items = definition.spec["graph"]
            for index, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
                place = (*definition.path, "graph", index)
                if isinstance(item, Mapping):
                    faults = check_keys(item, place)
                    problems += faults + check_unrun(respell(item, faults), place, self)
        return problems


def _prefix(problem: Problem, prefix: str) -> Problem:
    """The problem of an unknown module, in the words of a type; other problems as they are."""
    if problem.code != "unknown-type" or not problem.found.startswith("'"):
        return problem
    found = problem.found.replace("'", f"'{prefix}", 1)
    hint = problem.hint.replace("'", f"'{prefix}", 1)
    return dataclasses.replace(problem, found=found, hint=hint)


def _bind_params(
    definition: Definition, params: Mapping[str, Any], path: Path, scope: Scope, outer: Scope
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a module's params: those that the node gives, and the defaults of the others."""
    undeclared = [key for key in params if key not in definition.params]
    missing = [key for key, default in definition.params.items() if default is None and params.get(key) is None]
    problems = []
    if undeclared and not definition.params:
        expected = f"no params: {definition.name} declares none; taken as if absent"
        found = (
            f"the keys {', '.join(map(quote, undeclared))}"
            if len(undeclared) > 1
            else f"the key {quote(undeclared[0])}"
        )
        problems.append(Problem(path, found, expected, code="reading", severity="note"))
    else:
        problems = unknown_keys(path, params, definition.params, missing)
    place = (*definition.path, "params")
    given = {
        key: read_value_of(value, scope, (*path, key)) for key, value in params.items() if key in definition.params
    }
    values: dict[str, Any] = {}
    if find_form(definition.spec) is not None:  # it fills its variables itself
        return {key: value for key, value in given.items() if value is not None}, problems
    for key, default in definition.params.items():
        value = given.get(key)
        if value is None and has_dollar(default):  # it may use the params before it
            value, faults = fill(default, outer.extend(values), (*place, key))
            problems += faults
        values[key] = read_value_of(default, outer, (*place, key)) if value is None else value
    return values, problems


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
