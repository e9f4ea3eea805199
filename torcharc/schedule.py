"""The schedule of a forward pass: which module runs on which values, and when a value dies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from torcharc.graph import Ref, walk_refs
from torcharc.recipe import Call

MOST_KNOWN = 256

Keys = tuple[str | int, ...]

_known: dict[tuple[Any, ...], tuple[Any, Schedule]] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """A place in the list of values that a forward pass keeps."""

    index: int


class More(NamedTuple):
    """What a step is beyond one value in and one value out.

    Attributes:
        slots: Its tensors, where all arguments are tensors by position, or one dict of tensors.
        names: The keys of that dict; None where the tensors go by position.
        call: Positional and keyword arguments with `Slot`s in them, where they are more than that.
        parts: Keys that lead to a part of the result, and where the part goes.
        weights: Names of parameters of the module that others are fed with, and where each goes.
        dead: Places that nobody reads from here on.
    """

    slots: tuple[int, ...]
    names: tuple[str, ...] | None
    call: tuple[tuple[Any, ...], dict[str, Any]] | None
    parts: tuple[tuple[Keys, int], ...]
    weights: tuple[tuple[str, int], ...]
    dead: tuple[int, ...]


class Run(NamedTuple):
    """One prepared step. Most take one value and give one: for these the loop has little to do.

    Attributes:
        name: Name of the module in `module_dict`.
        slot: The place of its argument; -1 if `more` tells the arguments.
        out: Where the result goes; -1 if it goes on in parts, or not at all.
        more: What else there is to do, or None.
    """

    name: str
    slot: int
    out: int
    more: More | None


class Schedule(NamedTuple):
    """All steps, the number of places, and the place of each output.

    `splits` says which parts of inputs that are lists of tensors go to places of their own: place of the
    input, keys that lead to the part, place of the part.
    """

    runs: tuple[Run, ...]
    size: int
    outputs: tuple[tuple[str, int], ...]
    splits: tuple[tuple[int, Keys, int], ...] = ()


def find_schedule(
    inputs: Sequence[str], steps: Sequence[tuple[str, str, Call]], outputs: Sequence[tuple[str, Ref]]
) -> Schedule:
    """The schedule of a graph, as `make_schedule`; that of one that is wired alike is not made again.

    Kept are the schedules of graphs that feed tensors alone: of numbers, `1` and `True` would be alike.
    """
    wiring = inputs, steps, outputs
    key = tuple([_name_step(name, call) for name, _, call in steps])
    known = _known.get(key)
    if known is not None and known[0] == wiring:
        return known[1]
    schedule = make_schedule(inputs, steps, outputs)
    if not [run for run in schedule.runs if run.more is not None and run.more.call is not None]:
        if len(_known) >= MOST_KNOWN:
            _known.pop(next(iter(_known)))
        _known[key] = wiring, schedule
    return schedule


def _name_step(name: str, call: Call) -> Any:
    """The name of a step, with the names in a dict that it is fed: dicts that differ in their order are equal."""
    first = call.positional[0] if call.positional else None
    return (name, *first) if type(first) is dict else name


def make_schedule(
    inputs: Sequence[str], steps: Sequence[tuple[str, str, Call]], outputs: Sequence[tuple[str, Ref]]
) -> Schedule:
    """The schedule of a graph; a value's place is given on as soon as the value dies.

    Args:
        inputs: Names of the inputs.
        steps: Name of the node, name of the node whose module it runs (or `""`), and the call.
        outputs: Public name and reference of each output.
    """
    uses = [_find_refs(call) for _, _, call in steps]
    last = {ref: index for index, refs in enumerate(uses) for ref in refs}
    for _, ref in outputs:
        last[ref] = len(steps)
    wanted: dict[str, list[Ref]] = {}
    for ref in last:
        if not ref.of_input:
            wanted.setdefault(ref.name, []).append(ref)
    places = _Places(inputs)
    split = [ref for ref in last if ref.of_input and ref.output]
    splits = tuple([(places.taken[Ref(ref.name, of_input=True)], ref.output, places.take(ref)) for ref in split])
    runs = []
    for index, (name, shares, call) in enumerate(steps):
        refs, new = uses[index], wanted.get(name, ())
        if len(new) == 1 == len(refs) and _is_plain(call, new[0]):  # most steps
            slot = places.taken[refs[0]]
            if last[refs[0]] == index:
                places.free.append(slot)
            runs.append(Run(shares or name, slot, places.take(new[0]), None))
            continue
        slots, keys, filled = _prepare_call(call, places.taken)
        freed = [places.taken[ref] for ref in dict.fromkeys(refs) if last[ref] == index]
        places.free += freed
        weights = tuple([(str(ref.output[0]), places.take(ref)) for ref in new if ref.of_weight])
        parts = tuple([(ref.output, places.take(ref)) for ref in new if not ref.of_weight])
        reused = [place for _, place in (*parts, *weights)]
        dead = tuple([place for place in freed if place not in reused])
        out, parts = (parts[0][1], ()) if len(parts) == 1 and not parts[0][0] else (-1, parts)
        plain = len(slots) == 1 and keys is None and out >= 0 and not dead and not weights
        more = None if plain else More(slots, keys, filled, parts, weights, dead)
        runs.append(Run(shares or name, slots[0] if plain else -1, out, more))
    return Schedule(tuple(runs), places.size, tuple([(name, places.taken[ref]) for name, ref in outputs]), splits)


class _Places:
    """The list of places: which value each holds, and which are free."""

    def __init__(self, inputs: Sequence[str]):
        self.taken = {Ref(name, of_input=True): index for index, name in enumerate(inputs)}
        self.size = len(inputs)
        self.free: list[int] = []

    def take(self, ref: Ref) -> int:
        if self.free:
            place = self.free.pop()
        else:
            place = self.size
            self.size += 1
        self.taken[ref] = place
        return place


def _is_plain(call: Call, new: Ref) -> bool:
    """Whether a call takes one value, and what is wanted of its result is the whole."""
    plain = len(call.positional) == 1 and type(call.positional[0]) is Ref and not call.named
    return plain and not new.output and not new.of_weight


def _find_refs(call: Call) -> list[Ref]:
    """All references in a call, in order."""
    if len(call.positional) == 1 and type(call.positional[0]) is Ref and not call.named:
        return [call.positional[0]]
    return [*walk_refs(call.positional), *walk_refs(call.named)]


def _prepare_call(
    call: Call, taken: Mapping[Ref, int]
) -> tuple[tuple[int, ...], tuple[str, ...] | None, tuple[tuple[Any, ...], dict[str, Any]] | None]:
    positional, named = call
    first = positional[0] if len(positional) == 1 and not named else None
    if type(first) is Ref:
        return (taken[first],), None, None
    if not named and {Ref}.issuperset(map(type, positional)):
        return tuple([taken[ref] for ref in positional]), None, None
    if type(first) is dict and {Ref}.issuperset(map(type, first.values())):
        return tuple([taken[ref] for ref in first.values()]), tuple(first), None
    arguments = tuple(_with_slots(value, taken) for value in positional)
    return (), None, (arguments, {name: _with_slots(value, taken) for name, value in named.items()})


def _with_slots(value: Any, taken: Mapping[Ref, int]) -> Any:
    if isinstance(value, Ref):
        return Slot(taken[value])
    if isinstance(value, tuple):
        return [_with_slots(item, taken) for item in value]
    if isinstance(value, Mapping):
        return {key: _with_slots(item, taken) for key, item in value.items()}
    return value


def fill(value: Any, values: Sequence[Any]) -> Any:
    """`value` with every `Slot` replaced by what stands there."""
    if isinstance(value, Slot):
        return values[value.index]
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, values) for key, item in value.items()}
    return value


def split_inputs(splits: Sequence[tuple[int, Keys, int]], values: list[Any]) -> None:
    """Puts the parts of inputs into their places."""
    for slot, keys, place in splits:
        part = values[slot]
        for key in keys:
            part = part[key]
        values[place] = part


def run_more(module: Callable[..., Any], out: int, more: More, values: list[Any]) -> None:
    """Runs a step that is more than one value in and one value out."""
    slots, names, call, parts, weights, dead = more
    if names is not None:
        result = module({name: values[slot] for name, slot in zip(names, slots, strict=True)})
    elif call is None:
        result = module(*[values[slot] for slot in slots])
    else:
        result = module(*[fill(value, values) for value in call[0]], **fill(call[1], values))
    if out >= 0:
        values[out] = result
    for keys, slot in parts:
        part = result
        for key in keys:
            part = part[key]
        values[slot] = part
    for name, slot in weights:
        values[slot] = getattr(module, name)
    for slot in dead:
        values[slot] = None
