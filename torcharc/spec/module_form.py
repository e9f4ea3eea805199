"""One module as TorchArc 2.x writes it: `{Type: arguments}`, a `Sequential` of those, or `compact`.

`{compact: {layer: {type: Linear, keys: [out_features], args: [64, 10]}, postlayer: [{ReLU: null}]}}`
is a Sequential of Linear(64), ReLU, Linear(10), ReLU: for every row of `args` the prelayers, the
layer, the postlayers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torcharc.entry import Entry
from torcharc.errors import Edit, Path, Problem, missing_key, nearest, quote, unknown_keys
from torcharc.graph import Graph
from torcharc.registry import find, lookup
from torcharc.spec.block_type import type_of_graph
from torcharc.spec.definition import Use, is_block_type
from torcharc.spec.expand import COPY_KEYS, Copies

if TYPE_CHECKING:
    from torcharc.spec.arcgraph_blocks import Blocks

Layers = list[tuple[Mapping[str, Any], Path]]
"""Modules as `{type: ..., ...}`, each with the place of its arguments in the spec."""

CONTAINERS = ("Sequential", "compact")


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """What a module is made of.

    Attributes:
        type: Name of its type; `Sequential` where it is one, its layers in `params`.
        params: Its arguments.
        path: Their place in the spec.
        places: Where arguments of the layers of a Sequential stand: path below `path` → place in the spec.
        graph: What runs, where the type is a module of the spec.
    """

    type: str
    params: Mapping[str, Any]
    path: Path
    places: Mapping[Path, Path] = dataclasses.field(default_factory=dict)
    graph: Graph | None = None

    @property
    def entry(self) -> Entry:
        """The type: of the registry, or of what runs."""
        entry = find(self.type) if self.graph is None else type_of_graph(self.type, self.graph)
        assert entry is not None  # the definition was read by it
        return entry


@dataclasses.dataclass(frozen=True, slots=True)
class Copied:
    """A module and its copies: what each of those that are kept is made of; none where it is left out."""

    copies: Copies
    definitions: tuple[Definition, ...]


def read_module(value: Any, path: Path, blocks: Blocks, *, sized: bool) -> tuple[Definition | None, list[Problem]]:
    """The module that `value` describes, or None; and the problems of its form.

    Args:
        value: The module, as the spec has it.
        path: Its place in the spec.
        blocks: The modules of the spec that are types.
        sized: Whether shapes of inputs are stated, so that sizes can be inferred from them.
    """
    name, problems = _read_key(value, path)
    if name is None:
        return None, problems
    if name == "Sequential":
        return _read_sequential(value[name], (*path, name), sized)
    if name == "compact":
        return _read_compact(value[name], (*path, name), sized)
    if is_block_type(name) and find(name) is None:
        return _read_block(name, value[name], (*path, name), blocks)
    params, problems = _read_params(name, value[name], (*path, name), sized)
    return None if params is None else Definition(name, params, (*path, name)), problems


def _read_block(name: str, value: Any, path: Path, blocks: Blocks) -> tuple[Definition | None, list[Problem]]:
    """A module of the spec, with what is given for its params."""
    if value is not None and not isinstance(value, Mapping):
        return None, [Problem(path, quote(value), f"the params of {name}: a mapping, or null", code="value")]
    graph, problems = blocks.make(name, Use(value or {}, path, path, path))
    problems = [_rename_key(problem) if problem.path == path else problem for problem in problems]
    return None if graph is None else Definition(name, value or {}, path, graph=graph), problems


def _rename_key(problem: Problem) -> Problem:
    """The problem of a type, whose name is a key here: its patch renames it."""
    return dataclasses.replace(
        problem, patch=tuple(dataclasses.replace(edit, action="rename") for edit in problem.patch)
    )


def _read_key(value: Any, path: Path) -> tuple[str | None, list[Problem]]:
    """The one key of a module: the name of its type, if it is one."""
    expected = "a module: {Type: arguments}"
    if not isinstance(value, Mapping):
        hint = f"write {{{value}: null}}" if isinstance(value, str) and find(value) else ""
        return None, [Problem(path, quote(value), expected, hint, "value")]
    misspelt = [key for key in value if isinstance(key, str) and not find(key) and nearest(key, COPY_KEYS)]
    if misspelt and len(value) == len(misspelt) + 1:
        return None, unknown_keys(path, misspelt, COPY_KEYS)
    if len(value) != 1:
        hint = "several layers stand in a list: {Sequential: [...]}" if all(map(_is_layer, value)) and value else ""
        if isinstance(value.get("type"), str):
            hint = f"write {{{value['type']}: {{...}}}}"
        return None, [Problem(path, quote(value), f"{expected}, with one key", hint, "value")]
    key = next(iter(value))
    if isinstance(key, str) and key not in CONTAINERS and not find(key) and nearest(key, CONTAINERS):
        return None, unknown_keys(path, [key], CONTAINERS)
    if not isinstance(key, str):
        return None, [Problem((*path, key), quote(key), "the name of a type", code="unknown-type")]
    return key, []


def _is_layer(key: Any) -> bool:
    return isinstance(key, str) and find(key) is not None


def _read_params(name: str, value: Any, path: Path, sized: bool) -> tuple[Mapping[str, Any] | None, list[Problem]]:
    """The arguments of a type, or None; and their problems, as far as the form tells."""
    entry = lookup(name, path)
    if isinstance(entry, Problem):
        return None, [_rename_key(entry)]
    if value is not None and not isinstance(value, Mapping):
        return None, [Problem(path, quote(value), f"the arguments of {name}: a mapping, or null", code="value")]
    params = value or {}
    expected = "the name of an argument"
    wrong = [Problem((*path, key), quote(key), expected, code="name") for key in params if not isinstance(key, str)]
    return (None, wrong) if wrong else (params, [] if sized else _find_sizes(entry, params, path))


def _find_sizes(entry: Entry, params: Mapping[str, Any], path: Path) -> list[Problem]:
    """Arguments that only the shape of an input could tell, and none is stated."""
    if "layers" in params:
        return []
    arguments = entry.signature.arguments
    needed = [name for name in entry.inferred if name in arguments and arguments[name].required and name not in params]
    unknown = [key for key in params if key not in arguments]  # one of them may be meant for it, and is told later
    needed = [name for name in needed if not any(nearest(key, [name]) for key in unknown)]
    hint = f"Lazy{entry.name} infers it at the first call" if find(f"Lazy{entry.name}") else ""
    return [missing_key(path, name, hint) for name in needed]


def _read_layers(value: Any, path: Path, sized: bool) -> tuple[Layers, list[Problem]]:
    """The modules of a list `[{Type: arguments}, ...]`; and their problems."""
    if not isinstance(value, (list, tuple)):
        hint = "write a list" if isinstance(value, Mapping) else ""
        return [], [Problem(path, quote(value), "a list of modules, each {Type: arguments}", hint, "value")]
    layers: Layers = []
    problems = []
    for index, item in enumerate(value):
        name, faults = _read_key(item, (*path, index))
        if name in CONTAINERS:
            expected = "a type: neither Sequential nor compact stands in another"
            faults = [Problem((*path, index, name), quote(name), expected, code="value")]
        elif name is not None and is_block_type(name) and find(name) is None:
            expected = "a type: a module of the spec stands by itself"
            faults = [Problem((*path, index, name), quote(name), expected, code="value")]
        elif name is not None:
            place = (*path, index, name)
            params, faults = _read_params(name, item[name], place, sized)
            if params is not None and "type" in params:
                expected = f"other arguments of {name}"
                faults = [Problem((*place, "type"), "the key 'type'", expected, code="name")]
            elif params is not None:
                layers.append(({**params, "type": name}, place))
        problems += faults
    return layers, problems


def _read_sequential(value: Any, path: Path, sized: bool) -> tuple[Definition | None, list[Problem]]:
    layers, problems = _read_layers(value, path, sized)
    if not layers and not problems:
        problems = [Problem(path, "[]", "a list of modules, each {Type: arguments}, at least one", code="layers")]
    return _make_sequential(layers, path), problems


def _make_sequential(layers: Layers, path: Path, cells: Mapping[Path, Path] | None = None) -> Definition | None:
    """A Sequential of `layers`; `cells` are places of single arguments."""
    places: dict[Path, Path] = {}
    for index, (_, place) in enumerate(layers):
        places["layers", index] = place
        places["layers", index, "type"] = place
    params = {"layers": [layer for layer, _ in layers]}
    return Definition("Sequential", params, path, {**places, **(cells or {})}) if layers else None


def _read_compact(value: Any, path: Path, sized: bool) -> tuple[Definition | None, list[Problem]]:
    if not isinstance(value, Mapping):
        expected = "{prelayer: [...], layer: {type: ..., keys: [...], args: [...]}, postlayer: [...]}"
        return None, [Problem(path, quote(value), expected, code="value")]
    problems = unknown_keys(path, value, ["prelayer", "layer", "postlayer"], [] if "layer" in value else ["layer"])
    around: list[Layers] = []
    for key in ("prelayer", "postlayer"):
        others, faults = _read_layers([] if value.get(key) is None else value[key], (*path, key), sized)
        around.append(others)
        problems += faults
    if "layer" not in value:
        return None, problems
    rows, faults = _read_rows(value["layer"], (*path, "layer"), sized)
    problems += faults
    layers: Layers = []
    cells: dict[Path, Path] = {}
    for row, place in rows:
        layers += around[0]
        for column, key in enumerate(key for key in row if key != "type"):
            cell = (column,) if isinstance(value["layer"]["args"][place[-1]], (list, tuple)) else ()
            cells["layers", len(layers), key] = (*place, *cell)
        layers += [(row, place), *around[1]]
    return _make_sequential(layers, path, cells), problems


def _read_rows(layer: Any, path: Path, sized: bool) -> tuple[Layers, list[Problem]]:
    """The layers of a compact module, one per row of `args`; and their problems."""
    known = ("type", "keys", "args")
    if not isinstance(layer, Mapping):
        return [], [Problem(path, quote(layer), "{type: ..., keys: [...], args: [...]}", code="value")]
    problems = unknown_keys(path, layer, known, [key for key in known if key not in layer])
    if problems:
        return [], problems
    entry, keys, rows = lookup(layer["type"], (*path, "type")), layer["keys"], layer["args"]
    problems = [entry] if isinstance(entry, Problem) else []
    if not isinstance(keys, (list, tuple)) or not keys or any(not isinstance(key, str) for key in keys):
        problems.append(Problem((*path, "keys"), quote(keys), "a list of arguments, at least one", code="value"))
        keys = ()
    elif isinstance(entry, Entry):
        problems += _check_keys(entry, keys, (*path, "keys"))
    if not isinstance(rows, (list, tuple)) or not rows:
        expected = "a list, at least one: per layer a value, or a list of one value per key"
        return [], [*problems, Problem((*path, "args"), quote(rows), expected, code="layers")]
    usable = not problems
    if isinstance(entry, Entry) and usable and not sized:
        problems += _find_sizes(entry, dict.fromkeys(keys), (*path, "keys"))
    found, faults = _fill_rows(layer["type"], keys, rows, (*path, "args"))
    return found if usable else [], problems + faults


def _fill_rows(name: Any, keys: Sequence[str], rows: Sequence[Any], path: Path) -> tuple[Layers, list[Problem]]:
    """Each row of values under its keys; and the problems of rows that have too many values or too few."""
    found: Layers = []
    problems = []
    for index, row in enumerate(rows):
        values = list(row) if isinstance(row, (list, tuple)) else [row]
        if keys and len(values) != len(keys):
            expected = f"one value per key: [{', '.join(keys)}]"
            problems.append(Problem((*path, index), quote(row), expected, code="layers"))
        else:
            found.append(({**dict(zip(keys, values, strict=False)), "type": name}, (*path, index)))
    return found, problems


def _check_keys(entry: Entry, keys: Sequence[str], path: Path) -> list[Problem]:
    """Keys that are no arguments of the type, that stand twice, or that are missing."""
    again = [index for index, key in enumerate(keys) if key in keys[:index]]
    twice = [Problem((*path, index), f"{quote(keys[index])} again", "each key once", code="value") for index in again]
    arguments = entry.signature.arguments
    required = [name for name in entry.signature.required if name not in entry.inferred and name not in keys]
    unknown = [] if entry.signature.open else list(dict.fromkeys(key for key in keys if key not in arguments))
    faults = unknown_keys(path, unknown, arguments, required)
    places = {(*path, key): (*path, list(keys).index(key)) for key in unknown}
    return twice + [_place_key(fault, places.get(fault.path)) for fault in faults]


def _place_key(fault: Problem, place: Path | None) -> Problem:
    """The problem of a key that stands in a list: its patch sets the item there."""
    if place is None:
        return fault
    patch = tuple(Edit("set", place, edit.value) for edit in fault.patch)
    return dataclasses.replace(fault, path=place, patch=patch)
