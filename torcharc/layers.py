"""The sequential form: a `layers` list beside a type becomes a flat stack of modules.

`{type: Conv2d, layers: [[16, 4], [32, 3]], batch_norm: true, activation: ReLU}` is
Conv2d, BatchNorm2d, ReLU, Conv2d, BatchNorm2d, ReLU. Each entry of `layers` holds the positional
arguments after the input size; the sublayers follow in the order of their keys.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn

from torcharc.arguments import Kind, is_fit, read_switch, read_value
from torcharc.entry import Entry
from torcharc.errors import Path, Problem, did_you_mean, missing_type, nearest, quote, unknown_keys, wrong_choice
from torcharc.registry import find
from torcharc.torch_types import module_classes

SIZE_KEYS = ("in_features", "in_shape")
SUBLAYERS = ("batch_norm", "norm", "activation", "dropout")

_OTHERS = frozenset((*SUBLAYERS, "layers", "init", *SIZE_KEYS))  # what stands beside the arguments
_PROBABILITY = Kind(frozenset({"float"}), low=0, high=1)


class Layer(NamedTuple):
    """One module of a stack, its input size still open.

    Attributes:
        entry: Its type.
        params: Its arguments, less those that its input determines.
        path: The place in the spec that it comes from.
        role: `layer`, or the sublayer key that it comes from.
        faulty: Whether its problems are told already.
        is_read: Whether its arguments are known to be right by themselves, and complete but for its input.
    """

    entry: Entry
    params: Mapping[str, Any]
    path: Path
    role: str = "layer"
    faulty: bool = False
    is_read: bool = False


def is_stack(entry: Entry, params: Mapping[str, Any]) -> bool:
    """Whether `params` are in the sequential form of a type, a misspelt `layers` included."""
    known = entry.signature.arguments
    if entry.kind != "module" or "layers" in known:
        return False
    if "layers" in params:
        return True
    unknown = [key for key in params if key not in known and key not in SUBLAYERS]
    return size_argument(entry) is not None and any(
        nearest(key, [*known, *SUBLAYERS, "layers", "init"]) == "layers" for key in unknown
    )


def size_argument(entry: Entry) -> str | None:
    """The first argument of a layered type, which the layer before determines: `in_channels`."""
    names = entry.signature.names
    return names[0] if names and names[0] in entry.inferred else None


def expand_stack(
    entry: Entry, params: Mapping[str, Any], path: Path, beside: Sequence[str] = ()
) -> tuple[list[Layer], list[Problem]]:
    """The modules of a stack in order, and all problems of its keys; `beside` are further keys."""
    size = size_argument(entry)
    if size is None:
        expected = f"no layers: the input does not determine the first argument of {entry.name}"
        return [], [Problem((*path, "layers"), quote(params["layers"]), expected, code="layers")]
    names = entry.signature.names[1:]
    shared, problems = _read_shared(entry, names, params, path, beside)
    if "layers" not in params:
        return [], problems
    spoilt = [fault for fault in problems if len(fault.path) > len(path) and fault.path[len(path)] in names]
    sublayers, faults = _read_sublayers(entry, params, path)
    problems += faults
    entries = params["layers"]
    if not isinstance(entries, (list, tuple)) or not entries:
        expected = f"a list of layers, each [{', '.join(names)}]"
        return [], [*problems, Problem((*path, "layers"), quote(entries), expected, code="layers")]
    layers = []
    for index, item in enumerate(entries):
        place = (*path, "layers", index)
        values, faults = _read_layer(entry, names, item, shared, place)
        problems += faults
        layers += [Layer(entry, values, place, "layer", bool(faults or spoilt), True), *sublayers]
    return layers, problems


def _read_shared(
    entry: Entry, names: Sequence[str], params: Mapping[str, Any], path: Path, beside: Sequence[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """The arguments beside `layers`, which apply to each layer."""
    if "layers" in params and _OTHERS.issuperset(params):
        return {}, []
    outputs = {name for name in names if name.startswith("out_")} & {"out_features", "out_channels"}
    known = [name for name in names if name not in outputs]
    given = {key: value for key, value in params.items() if key not in _OTHERS and key != size_argument(entry)}
    problems = unknown_keys(path, given, [*known, *_OTHERS, *beside], () if "layers" in params else ["layers"])
    hint = "each entry of 'layers' holds its own"
    problems = [dataclasses.replace(fault, hint=hint) if {*fault.path[-1:]} & outputs else fault for fault in problems]
    shared = {}
    for key in known:
        if key in given and is_fit(entry.signature.arguments[key].kind, given[key]):
            shared[key] = given[key]
        elif key in given:
            shared[key], faults = read_value(entry.signature.arguments[key].kind, given[key], (*path, key))
            problems += faults
    return shared, problems


def _read_layer(
    entry: Entry, names: Sequence[str], item: Any, shared: Mapping[str, Any], path: Path
) -> tuple[dict[str, Any], list[Problem]]:
    """The arguments of one layer: its own by position (or by name), over the shared ones."""
    arguments = entry.signature.arguments
    if type(item) not in (list, int) and isinstance(item, Mapping):
        problems = unknown_keys(path, item, names)
        own = {name: item[name] for name in names if name in item}
    else:
        values = item if isinstance(item, (list, tuple)) else [item]
        if len(values) > len(names):
            expected = f"at most {len(names)} values: [{', '.join(names)}]"
            return {}, [Problem(path, quote(item), expected, code="layers")]
        own, problems = dict(zip(names, values, strict=False)), []
    required = entry.signature.required
    missing = [name for name in required if name in names and name not in own and name not in shared]
    if missing and not problems:
        expected = f"[{', '.join(names)}], at least up to {missing[-1]}"
        problems.append(Problem(path, quote(item), expected, code="layers"))
    for position, name in enumerate(own):
        if is_fit(arguments[name].kind, own[name]):
            continue
        key: str | int = name
        if not isinstance(item, Mapping):
            key = position
        place = (*path, key) if isinstance(item, (list, tuple, Mapping)) else path
        own[name], faults = read_value(arguments[name].kind, own[name], place)
        problems += [dataclasses.replace(fault, expected=f"{name}, {fault.expected}") for fault in faults]
    return {**shared, **own} if shared else own, problems


def _read_sublayers(entry: Entry, params: Mapping[str, Any], path: Path) -> tuple[list[Layer], list[Problem]]:
    """The modules that follow each layer, in the order of their keys; falsy ones are left out."""
    rank = _find_rank(entry.name)
    layers, problems = [], []
    for key in params:
        if key not in SUBLAYERS:
            continue
        value = read_switch(params[key]) if key == "batch_norm" else params[key]
        if value:
            found = _read_sublayer(key, value, rank, (*path, key))
            if type(found) is Layer:
                layers.append(found)
            elif isinstance(found, Problem):
                problems.append(found)
    return layers, problems


@functools.lru_cache(maxsize=1024)
def _find_rank(name: str) -> int:
    """The number of axes behind the channels that a type works on, as its name tells; 1 where it does not."""
    digit = re.search(r"(\d)d$", name)
    return int(digit.group(1)) if digit else 1


def _read_sublayer(key: str, value: Any, rank: int, path: Path) -> Layer | Problem:
    if key == "dropout":
        p, faults = read_value(_PROBABILITY, value, path)
        if faults or p >= 1:
            return Problem(path, quote(value), "a probability of at least 0 and below 1", code="value")
        return Layer(_entry("Dropout" if rank == 1 else f"Dropout{rank}d"), {"p": p}, path, key, False, True)
    if key == "batch_norm":
        if value is not True and not isinstance(value, Mapping):
            return Problem(path, quote(value), "true, or the arguments of the batch normalization", code="value")
        params = {} if value is True else dict(value)
        return Layer(_entry(f"BatchNorm{rank}d"), params, path, key, False, not params)
    return _read_named(key, value, path)


def _read_named(key: str, value: Any, path: Path) -> Layer | Problem:
    """A sublayer given by its type: a name, or `{type: name, ...arguments}`."""
    is_named = type(value) is str or not isinstance(value, Mapping)
    params = {"type": value} if is_named else dict(value)
    if "type" not in params:
        return missing_type(path, params)
    name = params.pop("type")
    place = path if is_named else (*path, "type")
    entry = find(name) if isinstance(name, str) else None
    names = NORMS if key == "norm" else ACTIVATIONS
    if (
        entry is None
        or entry.kind != "module"
        or (key == "norm" and entry.name in module_classes() and entry.name not in names)
    ):
        word = "a normalization" if key == "norm" else "an activation"
        problem = wrong_choice(place, name, f"the type of {word}", names, code="unknown-type")
        return (
            problem
            if entry
            else dataclasses.replace(problem, hint=problem.hint or did_you_mean(name, module_classes()))
        )
    is_read = not params and entry.inferred.keys() >= set(entry.signature.required)
    return Layer(entry, params, path, key, False, is_read)


def _entry(name: str) -> Entry:
    found = find(name)
    if found is None:
        raise LookupError(f"torch.nn has no {name}")
    return found


NORMS = tuple(name for name in module_classes() if "Norm" in name and not name.startswith(("Lazy", "Local", "Sync")))
ACTIVATIONS = tuple(
    name
    for name, cls in module_classes().items()
    if cls.__module__ == "torch.nn.modules.activation" and not issubclass(cls, nn.MultiheadAttention)
)
