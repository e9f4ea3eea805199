"""The calls of a 2.x graph: which module runs on what, and what a name stands for.

A call is a list of names (positional arguments) or a dict of them (keywords); a name may be
replaced by a list or dict of names, which is one argument then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torcharc.entry import Entry
from torcharc.errors import Path, Problem, choices, did_you_mean, nearest, quote, unknown_keys
from torcharc.graph import Node, Ref, Value, walk_refs
from torcharc.spec.module_form import Copied, Definition
from torcharc.spec.names import find_cycle

Inputs = tuple[tuple[str, Value], ...]


class Calls:
    """Reads the calls in order.

    Args:
        inputs: Names of the inputs.
        definitions: The modules by name, None where one cannot be read.
        faulty: Names of the modules that have problems.
        calls: `graph.modules`, as the spec has it.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        definitions: Mapping[str, Copied | None],
        faulty: Sequence[str],
        calls: Mapping[Any, Any],
    ):
        self.inputs = inputs
        self.definitions = definitions
        self.faulty = faulty
        self.wants = {name: list(walk_names(value)) for name, value in calls.items() if isinstance(name, str)}
        self._words = {word for words in self.wants.values() for word in words}
        self.nodes: list[Node] = []
        self.seen: dict[str, None] = {}  # the nodes so far, faulty ones included
        self.problems: list[Problem] = []
        self._passed: dict[str, Ref | None] = {}  # what stands for a node that is left out
        self._owners: dict[str, str] = {}  # module → the node that runs it first
        self._told: set[str] = set()  # names whose absence is explained already
        self._unknown: set[str] = set()  # modules whose absence is told already
        self._cycles: set[str] = set()
        self._current = ""  # the call that is read

    def add(self, name: str, value: Any, path: Path) -> None:
        """Reads the next call."""
        self._current = name
        count = len(self.problems)
        self._check_name(name, path)
        inputs = self._read_inputs(value, path)
        self.seen[name] = None
        module = name.partition("~")[0]
        if module not in self.definitions:
            if self.definitions and name not in self.definitions:
                self._add_unknown_module(module, path)
            return
        copied = self.definitions[module]
        if copied is None:
            return
        if not copied.definitions:
            self._passed[name] = next(walk_refs(inputs), None)
            return
        nodes = []
        for copy, definition in zip(copied.copies.kept, copied.definitions, strict=True):
            label = name if copied.copies.kind == "one" else str(copy.index)
            faulty = module in self.faulty or len(self.problems) > count
            nodes.append(self._make_node(label, definition, None if faulty else inputs, value, path))
        shares = self._owners.get(module, "")
        self._owners.setdefault(module, name)
        node = copied.copies.join(name, nodes)
        self.nodes.append(dataclasses.replace(node, shares=shares) if shares else node)

    def _make_node(self, name: str, definition: Definition, inputs: Value, value: Any, path: Path) -> Node:
        """A node that runs a module on `inputs`; None is not known."""
        entry = definition.entry
        bound, problems = ((), []) if inputs is None else _bind(entry, inputs, definition, value, path)
        self.problems += problems
        if inputs is None or problems:
            bound = ((entry.ports[0].name if entry.ports else "input", None),)
        params, place, places = definition.params, definition.path, definition.places
        return Node(name, entry.name, params, bound, "", definition.graph, path, place, places=places)

    def _check_name(self, name: str, path: Path) -> None:
        found = f"the name {quote(name)}"
        if name in self.inputs:
            self.problems.append(Problem(path, found, "a name that no input has", "choose another name", "name"))
        elif name.endswith("~"):
            self.problems.append(Problem(path, found, "a name with something behind the ~", code="name"))

    def _add_unknown_module(self, module: str, path: Path) -> None:
        if module in self._unknown:
            return
        self._unknown.add(module)
        name = nearest(module, self.definitions)
        if name is not None:  # the right name where the node is used is no second fault
            copies = {word for word in self._words if word.partition("~")[0] == name}
            self._told |= copies - set(self.wants) | ({name} - set(self.wants))
        expected = f"one of the modules: {choices(self.definitions)}"
        hint = did_you_mean(module, self.definitions)
        self.problems.append(Problem(path, f"the name {quote(module)}", expected, hint, "reference"))

    def _read_inputs(self, value: Any, path: Path) -> Value:
        """What a module is called with: a tuple by position, or a dict by name."""
        if isinstance(value, (list, tuple, Mapping)) and value:
            return self.read(value, path)
        hint = f"write [{value}]" if isinstance(value, str) and (value in self.inputs or value in self.seen) else ""
        expected = "its inputs: a list of names, or {argument: name}, at least one"
        self.problems.append(Problem(path, _quote(value), expected, hint, "value"))
        return None

    def read(self, value: Any, path: Path) -> Value:
        """A name as a reference, lists and dicts of names likewise; None where something is wrong."""
        if isinstance(value, str):
            return self.read_name(value, path)
        if isinstance(value, (list, tuple)) and value:
            return tuple([self.read(item, (*path, index)) for index, item in enumerate(value)])
        if isinstance(value, Mapping) and value and all(isinstance(key, str) for key in value):
            return {key: self.read(item, (*path, key)) for key, item in value.items()}
        expected = "the name of an input or an earlier node, or a list or dict of such names"
        self.problems.append(Problem(path, _quote(value), expected, code="reference"))
        return None

    def read_name(self, name: str, path: Path) -> Ref | None:
        """The reference to an input or a node so far; None, with a problem, where there is none."""
        if name in self.inputs:
            return Ref(name, of_input=True)
        if name in self._passed:
            return self._passed[name]
        if name in self.seen:
            return Ref(name)
        told = name in self._told or not self.inputs or {self._current, name} <= self._cycles
        if not told:
            names = [*self.inputs, *self.seen]
            hint = self._explain(name) or did_you_mean(name, names)
            expected = f"one of the inputs and nodes so far: {choices(names)}"
            self.problems.append(Problem(path, quote(name), expected, hint, "reference"))
        return None

    def _explain(self, name: str) -> str:
        """Why a name that is known stands for nothing yet."""
        if name in self.wants:
            cycle = find_cycle(self._current, self.wants)
            if name not in cycle:
                return f"the node {name!r} stands further down; nodes run in order"
            self._cycles.update(cycle)
            return f"a cycle: {' → '.join(cycle)}"
        return f"the module {name!r} is not called in graph.modules" if name in self.definitions else ""


def _quote(value: Any) -> str:
    return "{}" if value == {} else quote(value)


def walk_names(value: Any) -> Iterator[str]:
    """All names in the inputs of a call."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from walk_names(item)


def _bind(entry: Entry, inputs: Value, definition: Definition, value: Any, path: Path) -> tuple[Inputs, list[Problem]]:
    """The inputs of a call by port, in the order of the ports; and the problems of their number and names."""
    required = [port.name for port in entry.ports if port.required and port.name not in definition.params]
    if isinstance(inputs, Mapping):
        names = [port.name for port in entry.ports]
        problems = unknown_keys(path, value, names, [name for name in required if name not in inputs])
        return tuple((name, inputs[name]) for name in names if name in inputs), problems
    items = inputs if isinstance(inputs, tuple) else ()
    ports = [port for port in entry.ports if not port.keyword]
    names = [port.name for port in ports]
    if len(items) > len(ports):
        expected = f"{_count('at most ', len(ports))} for {entry.name}: {', '.join(names)}"
        listed = len(ports) == 1 and ports[0].takes in ("sequence", "mapping", "any")
        hint = f"write [{_show(value)}]: one list" if listed else ""
        return (), [Problem(path, quote(value), expected, hint, "reference")]
    missing = [name for name in required if name not in names[: len(items)]]
    if missing:
        expected = f"{_count('', len(required))} for {entry.name}: {', '.join(required)}"
        return (), [Problem(path, quote(value), expected, code="reference")]
    return tuple(zip(names, items, strict=False)), []


def _count(prefix: str, count: int) -> str:
    return f"{prefix}{count} input{'' if count == 1 else 's'}"


def _show(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]"
