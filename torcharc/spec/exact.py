"""Exact graph specs: Arc-Graph in which everything is read as it stands, so that it can say any graph.

With the key `exact` an Arc-Graph spec has no variables, templates, arithmetic or guessed inputs::

    exact: {returns: tensor, bare: false, carries: false, firsts: true, strict: true, keeps: ''}
    inputs: {x: {dtype: float32, shape: [null, 8]}}
    graph:
      - {name: fc, type: Linear, params: {out_features: 4}, inputs: {input: x}}
      - {name: block, type: module.Block, graph: Block, inputs: {x: fc}}
    outputs: {y: block}
    modules:
      Block: {inputs: [x], graph: [{name: act, type: ReLU, inputs: {input: x}}], outputs: {y: act}}

The options have the defaults above; `returns` is `dict` where there are several outputs. `strict` is
false in a module, which has options of its own. Differences to Arc-Graph:

- Names may be any text without dots; inputs may be called like nodes, and `inputs.x` is the input
  then. In a reference, `\\` makes what follows plain: `a\\.b` is the name `a.b`, `x.\\0` the part `"0"`.
- A node is fed by the names of its ports; a list feeds a port with a tuple, a mapping with a dict.
- `graph` names the module that a node runs; `type` and `params` are then labels. `module` names the
  node whose module runs again.
- An input is null where nothing is known of it, a list for a tuple, `{parts: {name: input}}` for a
  dict. Its dtype may be null, a size `2N+1` (N is the batch size), the first size `any`.
- Nodes stand behind those that they refer to, and modules below those that they use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torcharc.entry import Port
from torcharc.errors import Path, Problem, choices, did_you_mean, quote, unknown_keys, wrong_choice
from torcharc.graph import Graph, Node, Ref, Value
from torcharc.registry import find
from torcharc.spec.arcgraph_types import find_type
from torcharc.spec.binding import Target, target_of_type
from torcharc.spec.exact_inputs import read_struct
from torcharc.spec.exact_options import read_options
from torcharc.spec.exact_references import read_reference
from torcharc.spec.template import Budget, fill, read_scope
from torcharc.spec.training import TRAINING_KEYS, check_training

MOST_NODES = 10_000
"""The most nodes of a spec, those of its modules counted as often as they run."""

MOST_NESTED = 50
"""The most levels of modules."""

LEVEL_KEYS = ("exact", "inputs", "graph", "outputs")
NODE_KEYS = ("name", "type", "params", "inputs", "module", "graph")


def parse_exact(
    spec: Mapping[str, Any], overrides: Mapping[str, Any], budget: Budget
) -> tuple[Graph | None, list[Problem]]:
    """The graph of an exact spec, or None; and its problems.

    Args:
        spec: Plain data with the key `exact`.
        overrides: Name → value, for variables that the training part uses.
        budget: What its templates may read and make.
    """
    reader = _Reader(budget)
    scope, faults = read_scope(spec.get("vars"), overrides, ("vars",), budget=budget)
    modules = spec.get("modules")
    if modules is not None and not isinstance(modules, Mapping):
        reader.add(("modules",), modules, "the modules: {name: {inputs, graph, outputs}}")
    for name, module in modules.items() if isinstance(modules, Mapping) else ():
        graph = reader.read_level(module, ("modules", name), is_module=True)
        reader.modules[str(name)] = graph, reader.size, reader.depth
    kept = ("modules", "vars", *TRAINING_KEYS)
    graph = reader.read_level({key: spec[key] for key in spec if key not in kept}, (), is_module=False)
    names = spec.get("outputs")
    reader.problems += faults or check_training(spec, names if isinstance(names, Mapping) else None, scope)
    return (None if reader.problems else graph), reader.problems


class _Reader:
    """Reads levels: modules from the top down, then the network.

    Attributes:
        modules: The modules so far: graph, number of nodes, levels of modules.
        size: How many nodes the level has that was read last.
        depth: How many levels of modules it has.
        problems: What is wrong.
    """

    def __init__(self, budget: Budget) -> None:
        self.modules: dict[str, tuple[Graph | None, int, int]] = {}
        self.size = self.depth = 0
        self.budget = budget
        self.problems: list[Problem] = []

    def add(self, path: Path, found: Any, expected: str, code: str = "value", hint: str = "") -> None:
        self.problems.append(Problem(path, quote(found), expected, hint, code))

    def read_level(self, value: Any, path: Path, *, is_module: bool) -> Graph | None:
        """The graph of a module, or of the network."""
        self.size, self.depth = 0, 1
        if not isinstance(value, Mapping):
            self.add(path, value, "a module: {inputs, graph, outputs}")
            return None
        missing = [key for key in LEVEL_KEYS[1:] if key not in value]
        self.problems += unknown_keys(path, value, LEVEL_KEYS, missing)
        if missing:
            return None
        inputs = self._read_inputs(value["inputs"], (*path, "inputs"))
        nodes: dict[str, Node] = {}
        items = value["graph"]
        if not isinstance(items, (list, tuple)):
            self.add((*path, "graph"), items, "a list of nodes: [{name: ..., type: ..., inputs: ...}]", "graph")
            items = ()
        for index, item in enumerate(items):
            node = self._read_node(item, (*path, "graph", index), inputs, nodes)
            if node is not None:
                nodes[node.name] = node
        self._check_size((*path, "graph"))
        outputs = self._read_outputs(value["outputs"], (*path, "outputs"), inputs, nodes)
        options, problems = read_options(value.get("exact"), (*path, "exact"), len(outputs), is_module=is_module)
        self.problems += problems
        return Graph(tuple(inputs.items()), tuple(nodes.values()), tuple(outputs.items()), **options)

    def _read_inputs(self, value: Any, path: Path) -> dict[str, Any]:
        if isinstance(value, (list, tuple)):
            wrong = [index for index, name in enumerate(value) if not isinstance(name, str)]
            for index in wrong:
                self.add((*path, index), value[index], "the name of an input", "name")
            return {} if wrong else dict.fromkeys(value)
        if not isinstance(value, Mapping):
            self.add(path, value, "the inputs: {name: {dtype: ..., shape: [...]}}", "inputs")
            return {}
        inputs = {}
        for name, item in value.items():
            if not isinstance(name, str):
                self.add((*path, name), name, "the name of an input", "name")
                continue
            inputs[name], problems = read_struct(item, (*path, name))
            self.problems += problems
        return inputs

    def _read_node(self, item: Any, path: Path, inputs: Mapping[str, Any], nodes: Mapping[str, Node]) -> Node | None:
        if not isinstance(item, Mapping):
            self.add(path, item, "a node: {name: ..., type: ..., inputs: ...}", "node")
            return None
        required = [key for key in ("name", "type") if key not in item and not (key == "type" and "module" in item)]
        problems = unknown_keys(path, item, NODE_KEYS, required)
        self.problems += problems
        if required:
            return None
        name = item["name"]
        if not isinstance(name, str) or not name or "." in name or name in nodes:
            self.add((*path, "name"), name, "a name of its own, without dots", "name")
            return None
        params, faults = fill(item.get("params") or {}, {}, (*path, "params"), self.budget)
        self.problems += faults
        if not isinstance(params, Mapping):
            self.add((*path, "params"), params, "a mapping of arguments")
            return None
        fed = self._read_feeds(item.get("inputs"), (*path, "inputs"), inputs, nodes)
        owner = self._find_owner(item["module"], (*path, "module"), nodes) if "module" in item else None
        if "type" not in item:
            label = owner or Node(name, "", {}, ())
            node = Node(name, label.type, label.params, fed, label.name, label.graph, path, label.arguments_path)
        else:
            type_, graph = self._read_type(item, path)
            shares = owner.name if owner else ""
            node = Node(name, type_, dict(params), fed, shares, graph, path, (*path, "params"))
        self._check_ports(node, (*path, "inputs"))
        return node

    def _check_ports(self, node: Node, path: Path) -> None:
        """Finds inputs that are no ports of what a node runs, and ports that nothing feeds."""
        entry = find(node.type)
        if node.graph is not None:
            target = Target(node.type, tuple(Port(name) for name, _ in node.graph.inputs))
            for port in [port for port, value in node.inputs if _has_number(value)]:
                expected = "tensors, as a module takes them"
                self.problems.append(Problem((*path, port), "a number, or an empty list", expected, code="port"))
        elif entry is not None:
            target = target_of_type(entry, node.params, node.type)
        else:
            return
        fed = [port for port, _ in node.inputs]
        given = {*fed, *(target.given if target.is_function else ())}
        missing = [port.name for port in target.ports if port.required and port.name not in given]
        known = {*target.names, *target.settings}
        self.problems += unknown_keys(path, fed, [*target.names, *(port for port in fed if port in known)], missing)

    def _read_type(self, item: Mapping[str, Any], path: Path) -> tuple[str, Graph | None]:
        """The type of a node, and what it runs where that is a module of the spec."""
        type_ = item["type"]
        self.size += 1
        if "graph" not in item:
            entry = find_type(type_, (*path, "type"), self.modules)
            if isinstance(entry, Problem):
                self.problems.append(entry)
                return str(type_), None
            return entry.name, None
        name = item["graph"]
        if not isinstance(name, str) or name not in self.modules:
            expected = (
                f"a module further up: {choices(self.modules)}"
                if self.modules
                else "a module further up; there is none"
            )
            self.add((*path, "graph"), name, expected, "unknown-type", did_you_mean(name, self.modules))
            return str(type_), None
        graph, size, depth = self.modules[name]
        self.size += size
        self.depth = max(self.depth, depth + 1)
        self._check_size((*path, "graph"))
        return str(type_), graph

    def _check_size(self, path: Path) -> None:
        if self.size > MOST_NODES:
            expected = f"at most {MOST_NODES:,}; torcharc.spec.exact.MOST_NODES sets the limit"
            self.problems.append(Problem(path, "more nodes, those of modules counted", expected, code="limit"))
            self.size = 0
        if self.depth > MOST_NESTED:
            expected = f"at most {MOST_NESTED}; torcharc.spec.exact.MOST_NESTED sets the limit"
            self.problems.append(Problem(path, "more levels of modules", expected, code="limit"))
            self.depth = 1

    def _find_owner(self, word: Any, path: Path, nodes: Mapping[str, Node]) -> Node | None:
        owner = nodes.get(word) if isinstance(word, str) else None
        if owner is None or owner.shares:
            names = [name for name, node in nodes.items() if not node.shares]
            self.problems.append(
                wrong_choice(path, word, "a node further up with a module of its own", names, "module")
            )
            return None
        return owner

    def _read_feeds(
        self, value: Any, path: Path, inputs: Mapping[str, Any], nodes: Mapping[str, Node]
    ) -> tuple[tuple[str, Value], ...]:
        if value is None:
            return ()
        if not isinstance(value, Mapping):
            self.add(path, value, "references by the names of the ports: {input: ...}", "inputs")
            return ()
        return tuple((str(port), self._read_value(item, (*path, port), inputs, nodes)) for port, item in value.items())

    def _read_value(self, value: Any, path: Path, inputs: Mapping[str, Any], nodes: Mapping[str, Node]) -> Value:
        if isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, (list, tuple)):
            return tuple(self._read_value(item, (*path, index), inputs, nodes) for index, item in enumerate(value))
        if isinstance(value, Mapping):
            return {str(key): self._read_value(item, (*path, key), inputs, nodes) for key, item in value.items()}
        found = read_reference(value, path, inputs, nodes)
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        return found

    def _read_outputs(
        self, value: Any, path: Path, inputs: Mapping[str, Any], nodes: Mapping[str, Node]
    ) -> dict[str, Ref]:
        if not isinstance(value, Mapping) or not value:
            self.add(path, value, "the outputs, at least one: {name: reference}", "outputs")
            return {}
        outputs = {}
        for name, item in value.items():
            found = read_reference(item, (*path, name), inputs, nodes)
            if isinstance(found, Problem):
                self.problems.append(found)
            else:
                outputs[str(name)] = found
        return outputs


def _has_number(value: Value) -> bool:
    """Whether a number stands in what feeds a port, or nothing at all."""
    if isinstance(value, tuple):
        return not value or any(map(_has_number, value))
    if isinstance(value, Mapping):
        return not value or any(map(_has_number, value.values()))
    return value is not None and not isinstance(value, Ref)
