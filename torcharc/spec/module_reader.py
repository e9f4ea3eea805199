"""The modules of a 2.x spec by name: types with their arguments, copies of them, and specs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torcharc.errors import Path, Problem, quote
from torcharc.spec.definition import Use, is_block_type
from torcharc.spec.expand import COPY_KEYS, Copies, Copy
from torcharc.spec.form import find_form
from torcharc.spec.module_form import Copied, Definition, read_module
from torcharc.spec.names import check_name

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks


def is_spec(value: Any) -> bool:
    """Whether a module of a 2.x spec is a spec itself: an arc with inputs, or a graph of any kind.

    Example:
        >>> is_spec({"dag_in_shape": [8], "act": {"type": "ReLU"}}), is_spec({"ReLU": None})
        (True, False)
    """
    if not isinstance(value, Mapping) or ("dag_in_shape" not in value and "graph" not in value):  # most of them
        return False
    return "dag_in_shape" in value or isinstance(value["graph"], (list, tuple)) or find_form(value) == "modules"


def select_specs(modules: Mapping[Any, Any]) -> dict[Any, Any]:
    """Those of the modules of a 2.x spec that are specs themselves, without the keys that would make copies."""
    specs = {name: value for name, value in modules.items() if is_spec(value)}
    return {
        name: {key: value[key] for key in value if key not in find_copy_keys(value)} for name, value in specs.items()
    }


def find_copy_keys(value: Mapping[Any, Any]) -> list[str]:
    """The keys of a spec that would make copies of it, were it no spec; a node may be called so."""
    return [key for key in COPY_KEYS if key in value and not isinstance(value[key], Mapping)]


class ModuleReader:
    """Reads the modules of a 2.x spec.

    Attributes:
        definitions: All modules by name, those that no node calls included; None where one cannot be read.
        faulty: The names of those that have problems.
    """

    def __init__(self, blocks: Blocks, calls: Mapping[Any, Any], path: Path, *, sized: bool):
        """Args:
        blocks: Those of the modules that are specs.
        calls: `graph.modules`.
        path: The place of the spec.
        sized: Whether shapes of inputs are stated, so that sizes can be inferred from them.
        """
        self.definitions: dict[str, Copied | None] = {}
        self.faulty: list[str] = []
        self._blocks = blocks
        self._calls = {name.partition("~")[0]: name for name in reversed(calls) if isinstance(name, str)}
        self._path = path
        self._sized = sized

    def read(self, modules: Mapping[Any, Any]) -> list[Problem]:
        """Reads all modules; the problems of their names and of their form."""
        problems = []
        for name, value in modules.items():
            path = (*self._path, "modules", name)
            if not isinstance(name, str):
                problems.append(Problem(path, quote(name), "a name", code="name"))
                continue
            if "~" in name:
                expected = "a name without ~; in graph.modules it runs a module again"
                problems.append(Problem(path, f"the name {quote(name)}", expected, code="name"))
            problems += check_name(name, path)
            self.definitions[name], faults = (self._read_spec if is_spec(value) else self._read_copies)(value, path)
            if faults:
                self.faulty.append(name)
            problems += faults
        return problems

    def _read_spec(self, value: Any, path: Path) -> tuple[Copied | None, list[Problem]]:
        """A module that is a spec, run with the defaults of its params; None where nothing calls it."""
        name = str(path[-1])
        expected = f"no copies of a spec itself; {{module.{name}: {{...}}, repeat: ...}} makes them"
        wrong = [
            Problem((*path, key), f"the key {quote(key)}", expected, code="copies") for key in find_copy_keys(value)
        ]
        if name not in self._calls:
            return None, wrong
        type_, place = f"module.{name}", (*self._path, "graph", "modules", self._calls[name])
        graph, problems = self._blocks.make(type_, Use({}, place, place, place))
        problems = wrong + problems
        if graph is None:
            return None, problems
        alone = Copies("one", (Copy(0, {}),), {})
        return Copied(alone, (Definition(type_, {}, path, graph=graph),)), problems

    def _read_copies(self, value: Any, path: Path) -> tuple[Copied | None, list[Problem]]:
        """A module with its templates filled and its copies made, or None; and the problems of its form."""
        blocks = self._blocks
        if not isinstance(value, Mapping):
            return None, read_module(value, path, blocks, sized=self._sized)[1]
        for key in filter(is_block_type, value):
            blocks.mention(key)
        copies, problems = blocks.expansion.expand(value, blocks.scope, path, ())
        if copies is None:
            return None, problems
        found = []
        for copy in copies.kept:
            definition, faults = read_module(copy.node, path, blocks, sized=self._sized)
            problems += faults
            found += [definition] if definition is not None else []
        whole = len(found) == len(copies.kept)
        return Copied(copies, tuple(found)) if whole else None, list(dict.fromkeys(problems))
