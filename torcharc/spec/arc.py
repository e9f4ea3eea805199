"""The arc format: nodes in order, tensors carried forward by name.

The carried tensors start as the inputs. A node consumes those in its `in_names` (default: the
first); its output goes on under the first of these names, a fork's outputs under their own. New
ones stand first. What is carried at the end is the network's output.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from torch import nn

from torcharc.entry import Entry
from torcharc.errors import Path, Problem, choices, did_you_mean, missing_type, nearest, quote, unknown_keys
from torcharc.graph import Dim, Graph, N, Node, Ref, Struct, TensorSpec, Value
from torcharc.layers import is_stack, size_argument
from torcharc.registry import lookup

INPUT = "input"
"""Name of an input that the arc leaves unnamed."""

_NODE_KEYS = ("type", "in_names")


def parse_arc(spec: Mapping[str, Any]) -> tuple[Graph | None, list[Problem]]:
    """The graph of an arc, or None; and the problems of its form.

    Where a node is faulty the rest is still read, so that inference can find further problems; a
    graph that comes with problems must not be built.
    """
    wrong = [Problem((key,), quote(key), "a name", code="name") for key in spec if not isinstance(key, str)]
    if wrong:
        return None, wrong
    if "dag_in_shape" not in spec:
        return _parse_module(spec)
    inputs, problems = parse_shapes(spec["dag_in_shape"], ("dag_in_shape",))
    if inputs is None:
        return None, problems
    nodes = _list_nodes(spec)
    parser = _Parser(inputs, {name: _names_wanted(node) for name, node, _ in nodes})
    for name, node, path in nodes:
        parser.add(name, node, path)
    problems += parser.problems
    if not parser.seen and not problems:
        problems.append(Problem((), "no nodes", "at least one node, or a type", code="missing-key"))
    return parser.graph(), problems


def _list_nodes(spec: Mapping[str, Any]) -> list[tuple[str, Any, Path]]:
    rest = {key: value for key, value in spec.items() if key != "dag_in_shape"}
    if "type" in spec:
        return [(_flat_name(spec["type"]), rest, ())]
    return [(name, node, (name,)) for name, node in rest.items()]


def _flat_name(type_: Any) -> str:
    name = str(type_).rsplit(".", 1)[-1]
    return f"{name}_" if name in _RESERVED else name


def parse_shapes(value: Any, path: Path) -> tuple[dict[str | None, TensorSpec] | None, list[Problem]]:
    """The inputs that `dag_in_shape` declares: by name, or one under None; and the problems."""
    if isinstance(value, Mapping):
        if not value:
            return None, [Problem(path, "{}", "at least one input: {name: [sizes]}", code="value")]
        found = {name: _parse_input(name, shape, (*path, name)) for name, shape in value.items()}
    else:
        found = {None: _parse_shape(value, path)}
    problems = [result for result in found.values() if isinstance(result, Problem)]
    specs = {name: result for name, result in found.items() if isinstance(result, TensorSpec)}
    return (None if problems else specs), problems


def _parse_input(name: Any, shape: Any, path: Path) -> TensorSpec | Problem:
    if not isinstance(name, str) or not name:
        return Problem(path, f"the name {quote(name)}", "a name", code="name")
    return _parse_shape(shape, path)


def _parse_shape(value: Any, path: Path) -> TensorSpec | Problem:
    expected = "a shape without the batch axis: a list of integers above 0 (null for any size)"
    if not isinstance(value, (list, tuple)):
        return Problem(path, quote(value), expected, code="value")
    for index, size in enumerate(value):
        if size is not None and (type(size) is not int or size < 1):
            return Problem((*path, index), quote(size), "an integer above 0 (null for any size)", code="value")
    dims: tuple[Dim, ...] = (N, *value)
    return TensorSpec(dims, None)


def _parse_module(spec: Mapping[str, Any]) -> tuple[Graph | None, list[Problem]]:
    """The graph of an arc without `dag_in_shape`: a single module."""
    if "type" not in spec:
        typo = next((key for key in spec if nearest(key, ["dag_in_shape"])), None)
        if typo is not None or any(isinstance(value, Mapping) and "type" in value for value in spec.values()):
            return None, unknown_keys((), [typo] if typo else [], ["dag_in_shape"], ["dag_in_shape"])
        return None, [missing_type((), spec)]
    entry = lookup(spec["type"], ("type",))
    if isinstance(entry, Problem):
        return None, [entry]
    params = {key: value for key, value in spec.items() if key not in _NODE_KEYS}
    port = entry.ports[0].name if entry.ports else INPUT
    node = Node(_flat_name(entry.name), entry.name, params, ((port, Ref(INPUT, of_input=True)),), beside=_NODE_KEYS)
    tensor = _given_shape(entry, params)
    return Graph(((INPUT, tensor),), (node,), (("output", Ref(node.name)),), bare=True, carries=True), []


def _given_shape(entry: Entry, params: Mapping[str, Any]) -> Struct:
    """The input of a single module, as far as its sizes tell."""
    if entry.states is not None:
        return entry.states(params)
    shape = params.get("in_shape")
    if not is_stack(entry, params):
        return None
    if isinstance(shape, (list, tuple)) and shape and all(type(size) is int and size > 0 for size in shape):
        return TensorSpec((N, *shape), None)
    width = params.get("in_features")
    if size_argument(entry) == "in_features" and type(width) is int and width > 0:
        return TensorSpec((N, width), None)
    return None


class _Parser:
    """Reads nodes one by one, and keeps what is carried between them."""

    def __init__(self, inputs: Mapping[str | None, TensorSpec], wants: Mapping[str, Collection[Any]]):
        self.inputs = inputs
        self.wants = wants  # the in_names of all nodes
        self.cycles: set[str] = set()  # nodes in a cycle that is told already
        self.carried: dict[str | None, Ref | None] = {
            name: Ref(INPUT if name is None else name, of_input=True) for name in inputs
        }
        self.consumed: dict[str | None, str] = {}
        self.given: dict[str, str] = {}  # what each node gives, in words
        self.nodes: list[Node] = []
        self.problems: list[Problem] = []
        self.seen = False
        self.uncertain = False  # an unknown type may give any names

    def graph(self) -> Graph:
        """What was read, as a graph; the tensors carried at the end are its outputs."""
        outputs = tuple(("output" if name is None else name, ref) for name, ref in self.carried.items() if ref)
        inputs = tuple((INPUT if name is None else name, spec) for name, spec in self.inputs.items())
        form: Literal["tensor", "dict"] = "tensor" if len(outputs) == 1 else "dict"
        return Graph(inputs, tuple(self.nodes), outputs, form, carries=True)

    def add(self, name: str, node: Any, path: Path) -> None:
        """Reads the next node."""
        self.seen = True
        if not isinstance(node, Mapping):
            self.problems.append(Problem(path, quote(node), "a node: {type: ..., ...}", code="value"))
            self.uncertain = True
            return
        shares = ""
        if "~" in name:
            source = self._find_source(name, node, path)
            if source is None:
                self.uncertain = True
                return
            shares = source.name
            node = {**source.params, "type": source.type, **node}
        self._check_name(name, path)
        entry = self._read_type(node, path)
        count = len(self.problems)
        taken = self._read_in_names(node, path)
        faulty = len(self.problems) > count or len(taken) < len(_names_wanted(node))
        inputs = self._bind(entry, node, taken, path) if entry and not faulty else ()
        if entry and (faulty or len(self.problems) > count):
            faulty, inputs = True, ((entry.ports[0].name if entry.ports else INPUT, None),)
        for key in taken:
            if self.carried.pop(key, None) is not None:
                self.consumed[key] = name
        if entry is None:
            self.uncertain = True
            self._carry({taken[0] if taken else None: None})
            return
        params = {key: value for key, value in node.items() if key not in _NODE_KEYS}
        self.nodes.append(Node(name, entry.name, params, inputs, shares, path=path, arguments_path=path, beside=_NODE_KEYS))
        self._carry(self._outputs(entry, name, params, taken, path), broken=faulty)

    def _find_source(self, name: str, node: Mapping[str, Any], path: Path) -> Node | None:
        """The node whose module `conv~right` runs again: `conv`."""
        self.problems += unknown_keys(path, node, ["in_names"])
        base, names = name.split("~", 1)[0], [known.name for known in self.nodes]
        source = next((known for known in self.nodes if known.name == base), None)
        if source is None and not self.uncertain:
            expected = f"the name of a node further up, before the ~: {choices(names)}"
            hint = did_you_mean(base, names)
            self.problems.append(Problem(path, f"the name {quote(name)}", expected, hint, "reference"))
        return source

    def _check_name(self, name: str, path: Path) -> None:
        if not name or "." in name:
            expected = "a name without dots" if name else "a name"
            self.problems.append(Problem(path, f"the name {quote(name)}", expected, code="name"))
        elif name in _RESERVED:
            hint = "choose another name"
            expected = "a name that is no attribute of torch.nn.ModuleDict"
            self.problems.append(Problem(path, f"the name {quote(name)}", expected, hint, "name"))

    def _read_type(self, node: Mapping[str, Any], path: Path) -> Entry | None:
        if "type" not in node:
            self.problems.append(missing_type(path, node))
            return None
        entry = lookup(node["type"], (*path, "type"))
        if isinstance(entry, Problem):
            self.problems.append(entry)
            return None
        return entry

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
            told = isinstance(name, str) and {path[0], name} <= self.cycles
            problem = self._check_in_name(name, taken, (*path, index))
            if problem is None:
                taken.append(name)
            elif not self.uncertain and not told:
                self.problems.append(problem)
        return taken

    def _check_in_name(self, name: Any, taken: list[str | None], path: Path) -> Problem | None:
        if not isinstance(name, str):
            return Problem(path, quote(name), "the name of a carried tensor", code="value")
        names = [known for known in self.carried if known is not None]
        if name in taken:
            hint = "a ReuseFork gives one tensor several names"
            return Problem(path, f"{quote(name)} again", "each tensor once", hint, "reference")
        if name in self.carried:
            return None
        if not names:
            expected = "no in_names: the one carried tensor has no name"
            return Problem(path, quote(name), expected, "leave in_names out", "reference")
        hint = self._explain_name(name, path) or did_you_mean(name, names)
        return Problem(path, quote(name), f"one of the carried tensors: {choices(names)}", hint, "reference")

    def _explain_name(self, name: str, path: Path) -> str:
        """Why a name that is known is not carried."""
        if name in self.consumed:
            return f"{self.consumed[name]!r} consumed it; a ReuseFork gives one tensor several names"
        if name in self.given:
            return f"the node {name!r} gives {self.given[name]}"
        cycle = _find_cycle(str(path[0]), self.wants) if name in self.wants else ()
        if cycle:
            self.cycles.update(cycle)
            return f"a cycle: {' → '.join(cycle)}"
        return f"the node {name!r} stands further down; nodes run in order" if name in self.wants else ""

    def _bind(
        self, entry: Entry, node: Mapping[str, Any], taken: list[str | None], path: Path
    ) -> tuple[tuple[str, Value], ...]:
        """The taken tensors as inputs of the ports."""
        refs = [self.carried.get(name) for name in taken]
        first = entry.ports[0] if entry.ports else None
        if first is not None and (first.takes == "mapping" or (first.takes == "any" and len(refs) > 1)):
            named = {INPUT if name is None else name: ref for name, ref in zip(taken, refs, strict=True)}
            return ((first.name, named),)
        if first is not None and first.takes == "sequence":
            return ((first.name, tuple(refs)),)
        needed = [port.name for port in entry.ports if port.required and port.name not in node]
        if len(refs) > len(entry.ports):
            self._add_count(node, f"at most {len(entry.ports)}", entry, [port.name for port in entry.ports], path)
        elif len(refs) < len(needed):
            self._add_count(node, f"{len(needed)}", entry, needed, path)
        return tuple((port.name, ref) for port, ref in zip(entry.ports, refs, strict=False))

    def _add_count(self, node: Mapping[str, Any], count: str, entry: Entry, ports: list[str], path: Path) -> None:
        """The problem that a node is fed the wrong number of tensors."""
        expected = f"{count} tensor{'s' if len(ports) != 1 else ''} for {entry.name}: {', '.join(ports)}"
        if "in_names" in node:
            problem = Problem((*path, "in_names"), quote(node["in_names"]), expected, code="reference")
        else:
            problem = Problem(path, "no key 'in_names'", f"in_names with {expected}", code="reference")
        self.problems.append(problem)

    def _outputs(
        self, entry: Entry, name: str, params: Mapping[str, Any], taken: list[str | None], path: Path
    ) -> dict[str | None, Ref | None]:
        names = entry.outputs(params) if callable(entry.outputs) else ()
        if not names:
            if taken and taken[0] is not None:
                self.given[name] = f"its output as {taken[0]!r}"
            return {taken[0] if taken else None: Ref(name)}
        self.given[name] = f"its outputs as {', '.join(map(repr, names))}"
        for output in names:
            if output in self.carried:
                place, expected = (*path, *_find_name(output, params)), "a name that is not carried already"
                self.problems.append(Problem(place, f"the output {quote(output)}", expected, code="reference"))
        return {output: Ref(name, (output,)) for output in names}

    def _carry(self, new: Mapping[str | None, Ref | None], *, broken: bool = False) -> None:
        fresh = {name: None if broken else ref for name, ref in new.items()}
        self.carried = {**fresh, **{name: ref for name, ref in self.carried.items() if name not in fresh}}


def _names_wanted(node: Any) -> Collection[Any]:
    names = node.get("in_names") if isinstance(node, Mapping) else None
    return names if isinstance(names, (list, tuple)) else ()


def _find_cycle(start: str, wants: Mapping[str, Collection[Any]]) -> tuple[str, ...]:
    """The shortest way along `wants` from `start` back to it, if there is one."""
    trails: dict[str, tuple[str, ...]] = {start: (start,)}
    queue = [start]
    for name in queue:
        for other in wants.get(name, ()):
            if other == start:
                return (*trails[name], start)
            if isinstance(other, str) and other in wants and other not in trails:
                trails[other] = (*trails[name], other)
                queue.append(other)
    return ()


def _find_name(name: str, params: Mapping[str, Any]) -> Path:
    """Where a fork's parameters name an output."""
    for key, value in params.items():
        if isinstance(value, Mapping) and name in value:
            return (key, name)
        if isinstance(value, (list, tuple)) and name in value:
            return (key, value.index(name))
    return ()


_RESERVED = frozenset(dir(nn.ModuleDict())) | {"dag_in_shape"}
