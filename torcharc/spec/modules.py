"""The format of TorchArc 2.x: `modules`, and a `graph` that calls them.

A node of the graph is called with a list of names (positional arguments) or a dict of them
(keywords); a name is an input or an earlier node. `conv~left` and `conv~right` both run the module
`conv`. The format states no shapes: `Lazy*` types get their sizes at the first call. Where `input`
maps names to shapes instead (`input: {image: [3, 32, 32]}`), they get them when the network is built.

A module may be a spec itself, an arc or a list of nodes: it runs where it is called, and is a type for
the modules beside it, `{module.Block: {width: 8}}`.

Beside the type of a module may stand `repeat`, `parallel` and `when`: `{Linear: {out_features: 8}, repeat: 4}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from torcharc.errors import Path, Problem, quote, respell, unknown_keys
from torcharc.graph import UNKNOWN, Graph, Ref, Struct
from torcharc.spec.arc_shapes import parse_shapes
from torcharc.spec.calls import Calls, walk_names
from torcharc.spec.module_reader import ModuleReader, select_specs
from torcharc.spec.template import fill, read_scope

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks

_KEYS = ("vars", "modules", "graph")
_GRAPH_KEYS = ("input", "modules", "output")
_FORMS: dict[Path, str] = {
    ("modules",): "modules by name: {name: {Type: arguments}}, at least one",
    ("graph",): "{input: ..., modules: {name: inputs}, output: ...}",
    ("graph", "modules"): "calls by the names of modules: {name: inputs}, at least one",
}

Outputs = tuple[tuple[str, Ref], ...]
Form = Literal["tensor", "tuple", "dict"]


def parse_modules(
    spec: Mapping[str, Any], variables: Mapping[str, Any], blocks: Blocks, path: Path = ()
) -> tuple[Graph | None, list[Problem]]:
    """The graph of a spec with `modules` and `graph`, or None; and the problems of its form.

    Where a node is faulty the rest is still read, so that inference can find further problems; a
    graph that comes with problems must not be built.

    Args:
        spec: Plain data.
        variables: Name → value, in place of what `vars` says.
        blocks: The modules around it, and the names that are bound there.
        path: Its place in the whole spec.
    """
    place, budget = (*path, "vars"), blocks.expansion.budget
    scope, problems = read_scope(spec.get("vars"), variables, place, base=blocks.scope, budget=budget)
    written = {key: value for key, value in spec.items() if key not in ("vars", "modules")}
    filled, faults = (written, []) if problems else fill(written, scope, path, budget)
    if problems or faults:
        return None, problems + faults
    spec = {**spec, **filled}
    problems = unknown_keys(path, spec, _KEYS, [key for key in _KEYS[1:] if key not in spec])
    spec = respell(spec, problems)
    graph = _read_mapping(spec, ("graph",), path, problems)
    modules = _read_mapping(spec, ("modules",), path, problems)
    if graph is None or modules is None:
        return None, problems
    place = (*path, "graph")
    faults = unknown_keys(place, graph, _GRAPH_KEYS, [key for key in _GRAPH_KEYS if key not in graph])
    problems, graph = problems + faults, respell(graph, faults)
    inputs, faults = _read_inputs(graph["input"], (*place, "input")) if "input" in graph else ({}, [])
    problems += faults
    nodes = _read_mapping(graph, ("graph", "modules"), path, problems)
    own = blocks.nest(select_specs(modules), (*path, "modules"), scope)
    reader = ModuleReader(own, nodes or {}, path, sized=any(struct is not None for struct in inputs.values()))
    problems += [*reader.read(modules), *own.check_unused(warns=False), *own.problems]
    calls = Calls(list(inputs) if nodes is not None else [], reader.definitions, reader.faulty, nodes or {})
    for name, value in (nodes or {}).items():
        at = (*place, "modules", name)
        if isinstance(name, str):
            calls.add(name, value, at)
        else:
            problems.append(Problem(at, quote(name), "the name of a module", code="name"))
    form, outputs = _read_outputs(graph["output"], calls, (*place, "output")) if "output" in graph else ("tensor", ())
    problems += calls.problems
    if not any(problem.severity == "error" for problem in problems):
        unused = [name for name in reader.definitions if name not in own.used]
        problems += [problem.under(*path) for problem in _warn_unused(inputs, unused, calls, graph)]
    return Graph(tuple(inputs.items()), tuple(calls.nodes), outputs, form), problems


def _warn_unused(
    inputs: Mapping[str, Any], definitions: Iterable[str], calls: Calls, graph: Mapping[str, Any]
) -> list[Problem]:
    """Warnings of modules that no node runs, and of nodes and inputs that nothing refers to."""
    run = {name.partition("~")[0] for name in calls.seen}
    used = {*walk_names(graph["output"]), *(name for names in calls.wants.values() for name in names)}
    named = graph["input"]
    places: list[tuple[Path, str, str]] = [
        (("modules", name), f"the module {quote(name)}", "a module that some node runs")
        for name in definitions
        if name not in run
    ]
    expected = "something that refers to it"
    for name in (name for name in inputs if name not in used):
        place: Path = () if isinstance(named, str) else (name if isinstance(named, Mapping) else named.index(name),)
        places.append((("graph", "input", *place), f"the input {quote(name)}", expected))
    for name in (name for name in calls.seen if name not in used):
        places.append((("graph", "modules", name), f"the node {quote(name)}", expected))
    return [Problem(path, found, rule, code="unused", severity="warning") for path, found, rule in places]


def _read_mapping(
    spec: Mapping[str, Any], place: Path, path: Path, problems: list[Problem]
) -> Mapping[Any, Any] | None:
    """The mapping at the end of `place`, or None; a problem is added where there is something else."""
    if place[-1] not in spec:
        return None
    value = spec[str(place[-1])]
    if isinstance(value, Mapping) and value:
        return value
    problems.append(Problem((*path, *place), "{}" if value == {} else quote(value), _FORMS[place], code="value"))
    return None


def _read_inputs(value: Any, path: Path) -> tuple[dict[str, Struct], list[Problem]]:
    """The inputs by name, with their specs as far as shapes are stated."""
    if isinstance(value, Mapping) and value:
        unknown = [name for name, shape in value.items() if shape is None and isinstance(name, str) and name]
        stated = {name: shape for name, shape in value.items() if name not in unknown}
        specs, problems = parse_shapes(stated, path) if stated else ({}, [])
        return {name: (specs or {}).get(name) for name in value if isinstance(name, str)}, problems
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names:
        expected = "the name of the input, a list of names, or {name: shape}"
        return {}, [Problem(path, "{}" if value == {} else quote(value), expected, code="value")]
    problems = []
    for index, name in enumerate(names):
        place = path if isinstance(value, str) else (*path, index)
        if not isinstance(name, str) or not name:
            problems.append(Problem(place, quote(name), "a name", code="name"))
        elif name in names[:index]:
            problems.append(Problem(place, f"{quote(name)} again", "each name once", code="name"))
    return {name: None for name in names if isinstance(name, str)}, problems


def _read_outputs(value: Any, calls: Calls, path: Path) -> tuple[Form, Outputs]:
    """What a call of the network returns, and the references that it is made of."""
    if isinstance(value, str):
        return "tensor", ((value, calls.read_name(value, path) or UNKNOWN),)
    if isinstance(value, Mapping) and value:
        return "dict", _read_named({key: (key, item) for key, item in value.items()}, path, calls)
    if isinstance(value, (list, tuple)) and value:
        names = [f"{name}.{index}" if value.count(name) > 1 else str(name) for index, name in enumerate(value)]
        return "tuple", _read_named(dict(zip(names, enumerate(value), strict=True)), path, calls)
    expected = "the name of an input or a node, a list of such names, or {key: name}"
    calls.problems.append(Problem(path, "{}" if value == {} else quote(value), expected, code="value"))
    return "tensor", ()


def _read_named(items: Mapping[Any, tuple[Any, Any]], path: Path, calls: Calls) -> Outputs:
    """Outputs by name; each item is its key in the spec and what stands there."""
    outputs = []
    for name, (key, item) in items.items():
        ref = None
        if not isinstance(name, str):
            calls.problems.append(Problem((*path, key), quote(key), "a name", code="name"))
        elif not isinstance(item, str):
            expected = "the name of an input or a node"
            calls.problems.append(Problem((*path, key), quote(item), expected, code="reference"))
        else:
            ref = calls.read_name(item, (*path, key))
        outputs.append((str(name), ref or UNKNOWN))
    return tuple(outputs)
