"""One node of an Arc-Graph spec: its type and params, and then what feeds it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torcharc.entry import Entry, Port
from torcharc.errors import Path, Problem, missing_key, quote, unknown_keys
from torcharc.graph import Graph, Node, Ref, walk_refs
from torcharc.spec.arcgraph_types import STACK, find_type, read_type_params
from torcharc.spec.binding import Binding, Target, bind_inputs, target_of_type
from torcharc.spec.definition import Use, is_block_type
from torcharc.spec.expand import COPY_KEYS
from torcharc.spec.references import Source, read_reference, source_of_block, source_of_type
from torcharc.spec.template import Scope

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks

KEYS = ("name", "type", "params", "inputs", "module")
_KNOWN = frozenset((*KEYS, *COPY_KEYS))


@dataclasses.dataclass(slots=True)
class Part:
    """A node as it stands in the spec, or one copy of it, on its way to a `Node`.

    Attributes:
        name: Its name, or its number among the copies.
        spec: What stands in the spec, templates filled.
        path: Its place there.
        scope: The bound names.
        referrer: What it is called in messages.
        entry: Its type, where that is a module class or a function.
        graph: What it runs, where it is a block.
        params: Its arguments, numbers worked out.
        shares: Name of the node whose module it runs.
        problems: What is wrong with it, and notes.
        has_wrong_params: Whether its arguments are among that.
    """

    name: str
    spec: Mapping[str, Any]
    path: Path
    scope: Scope
    referrer: str
    entry: Entry | None = None
    graph: Graph | None = None
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    shares: str = ""
    problems: list[Problem] = dataclasses.field(default_factory=list)
    has_wrong_params: bool = False

    @property
    def type(self) -> str:
        """The type in the user's own words."""
        return str(self.spec.get("type") or (self.entry.name if self.entry else ""))

    @property
    def source(self) -> Source:
        """What its name stands for in references."""
        if self.entry is not None and not self.has_wrong_params:
            return source_of_type(self.name, self.entry, self.params)
        return source_of_block(self.name, self.graph) if self.graph is not None and self.graph.outputs else Source(None)


def resolve_part(part: Part, blocks: Blocks) -> None:
    """Finds the type of a node and reads its params."""
    item, path = part.spec, part.path
    params = item.get("params")
    if params is not None and not isinstance(params, Mapping):
        part.problems.append(Problem((*path, "params"), quote(params), "a mapping of arguments", code="value"))
        params, part.has_wrong_params = None, True
    if "module" in item or "type" not in item:
        return
    type_, given = item["type"], dict(params or {})
    if type_ == STACK or is_block_type(type_):
        part.params = given
        use = Use(given, path, (*path, "type"), (*path, "params"), part.scope)
        part.graph, faults = blocks.make(type_, use)
        part.problems += faults
        return
    entry = find_type(type_, (*path, "type"), blocks.names)
    if isinstance(entry, Problem):
        part.problems.append(entry)
        return
    part.entry = entry
    part.params, faults = read_type_params(entry, given, (*path, "params"), part.scope)
    part.problems += faults
    part.has_wrong_params |= bool(faults)


def check_keys(item: Mapping[str, Any], path: Path) -> list[Problem]:
    """The problems of the keys of a node: those that are none, and those that are missing."""
    has_type = "type" in item or "module" in item
    if has_type and "name" in item and item.keys() <= _KNOWN:  # most nodes
        return []
    required = [key for key, is_there in (("name", "name" in item), ("type", has_type)) if not is_there]
    return unknown_keys(path, item, [*KEYS, *COPY_KEYS], required)


def check_unrun(item: Mapping[str, Any], path: Path, blocks: Blocks) -> list[Problem]:
    """The problem that the type of a node which does not run is none."""
    type_ = item.get("type")
    is_open = type_ is None or type_ == STACK or is_block_type(type_) or (isinstance(type_, str) and "${" in type_)
    entry = None if is_open else find_type(type_, (*path, "type"), blocks.names)
    return [entry] if isinstance(entry, Problem) else []


def bind_part(part: Part, sources: Mapping[str, Source], before: str | None) -> Node | None:
    """The node with what feeds its ports; None where its type or its params are faulty.

    Args:
        part: The node, its type found.
        sources: What each name stands for.
        before: Name of the node before, or of the first input.
    """
    if part.entry is not None:
        target = target_of_type(part.entry, part.params, part.type)
        type_ = part.entry.name
    elif part.graph is not None:
        target = Target(part.type, tuple(Port(name) for name, _ in part.graph.inputs))
        type_ = part.type
    else:
        _check_references(part, sources)
        return None
    binding = _read_inputs(part, target, sources, before)
    part.problems += binding.problems
    inputs = tuple(binding.inputs.items())
    if binding.is_faulty:
        inputs = ((target.ports[0].name if target.ports else "input", None),)
    params = dict(part.params)
    if target.is_function:
        params |= binding.settings
    else:
        inputs += tuple(binding.settings.items())
    if part.has_wrong_params:
        return None
    place = (*part.path, "params")
    return Node(part.name, type_, params, inputs, part.shares, part.graph, part.path, place)


def _read_inputs(part: Part, target: Target, sources: Mapping[str, Source], before: str | None) -> Binding:
    """What feeds the node: its `inputs`, or where it has none the node before."""

    def read(text: Any, place: Path) -> tuple[Ref | None, Problem | None]:
        return read_reference(text, place, sources, part.referrer)

    value = part.spec.get("inputs")
    if value is not None:
        return bind_inputs(value, target, (*part.path, "inputs"), read, sources)
    if not any(port.required for port in target.ports):
        return Binding()
    if before is None:
        return Binding(problems=[missing_key(part.path, "inputs")])
    binding = bind_inputs(before, target, part.path, read, sources)
    found, expected = f"no key 'inputs' in {part.referrer}", f"inputs; read as {before!r}, which stands before it"
    binding.problems.append(Problem(part.path, found, expected, code="reading", severity="note"))
    return binding


def _check_references(part: Part, sources: Mapping[str, Source]) -> None:
    """Finds references to nothing in the inputs of a node whose type is not known."""
    for place, text in _walk_texts(part.spec.get("inputs"), (*part.path, "inputs")):
        _, problem = read_reference(text, place, sources, part.referrer)
        if problem is not None:
            part.problems.append(problem)


def _walk_texts(value: Any, path: Path) -> list[tuple[Path, str]]:
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, Mapping):
        return [pair for key, item in value.items() for pair in _walk_texts(item, (*path, key))]
    if isinstance(value, (list, tuple)):
        return [pair for index, item in enumerate(value) for pair in _walk_texts(item, (*path, index))]
    return []


def names_in(part: Part, before: str | None) -> set[str]:
    """The names that a node refers to, `before` where it has no `inputs` of its own."""
    value = part.spec.get("inputs")
    return first_names(before if value is None else value) | {str(part.spec.get("module", ""))}


def first_names(value: Any) -> set[str]:
    """The names of the nodes and inputs in `inputs`."""
    if type(value) is str:
        return {value.split(".", 1)[0]}
    return {text.split(".", 1)[0] for _, text in _walk_texts(value, ())}


def find_first_ref(
    value: Any, path: Path, sources: Mapping[str, Source], referrer: str
) -> tuple[Ref | None, list[Problem]]:
    """The first reference in `inputs`, which passes through a node that is left out."""
    for place, text in _walk_texts(value, path)[:1]:
        ref, problem = read_reference(text, place, sources, referrer)
        return ref, [] if problem is None else [problem]
    return None, []


def names_read(node: Node) -> list[str]:
    """The names of the nodes that have to run before `node`."""
    if len(node.inputs) == 1 and type(node.inputs[0][1]) is Ref and not node.shares:  # most nodes
        return [] if node.inputs[0][1].of_input else [node.inputs[0][1].name]
    refs = [ref for _, value in node.inputs for ref in walk_refs(value)]
    return [*(ref.name for ref in refs if not ref.of_input), *([node.shares] if node.shares else [])]
