"""Learning rate schedulers from specs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import ChainedScheduler, LRScheduler, OneCycleLR, ReduceLROnPlateau, SequentialLR

from torcharc.arguments import Kind, read_signature, read_value
from torcharc.catalog import Catalog, Selection, read_selection, spell, to_plain
from torcharc.errors import Path, Problem, SpecError, missing_key, quote


def _list_schedulers() -> dict[str, type[LRScheduler]]:
    classes = (cls for cls in vars(lr_scheduler).values() if isinstance(cls, type) and issubclass(cls, LRScheduler))
    return {cls.__name__: cls for cls in classes if not cls.__name__.endswith("LRScheduler")}  # the base, and its alias


_TYPES = _list_schedulers()
_PREFIXES = ("", "lr_scheduler.", "optim.lr_scheduler.", "torch.optim.lr_scheduler.")
SCHEDULERS = Catalog(
    "a scheduler", _TYPES, spell(_TYPES, _PREFIXES), lambda cls: read_signature(cls).without("optimizer")
)

# schedulers that torch cannot run as parts of others, or not with the numbers that one expects
_ALONE: dict[Callable[..., Any], str] = {
    ReduceLROnPlateau: "needs a metric at each step",
    OneCycleLR: "replaces the learning rates that the other parts start from",
    SequentialLR: "starts its parts anew",
    ChainedScheduler: "has no learning rates of its own",
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Chain:
    """The selection of a scheduler, and the chains of its parts."""

    selection: Selection
    parts: tuple[_Chain, ...] = ()

    def make(self, optimizer: Optimizer) -> LRScheduler:
        more = {"schedulers": [part.make(optimizer) for part in self.parts]} if self.parts else {}
        made: LRScheduler = self.selection.make(optimizer=optimizer, **more)
        return made


def build_scheduler(
    spec: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]], optimizer: Optimizer
) -> LRScheduler:
    """The learning rate scheduler that `spec` describes, for `optimizer`.

    Args:
        spec: `{type, ...kwargs}`: a class of `torch.optim.lr_scheduler` with the arguments of its
            constructor. A list is a `SequentialLR`: each entry but the last says with `steps` how
            many steps it lasts. `ChainedScheduler` and `SequentialLR` take `schedulers`, a list of
            specs.
        optimizer: Any optimizer; if building fails, it keeps its learning rates.

    Returns:
        The scheduler; call its `step()` after the optimizer's.

    Raises:
        SpecError: With all problems of the spec.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        >>> warmup = {"type": "LinearLR", "start_factor": 0.5, "total_iters": 2, "steps": 2}
        >>> scheduler = build_scheduler([warmup, {"type": "ExponentialLR", "gamma": 0.1}], optimizer)
        >>> for _ in range(4):
        ...     print(optimizer.param_groups[0]["lr"])
        ...     optimizer.step()
        ...     scheduler.step()
        0.5
        0.75
        1.0
        0.1
    """
    chain, problems = _read_scheduler(to_plain(spec), ())
    if chain is None or problems:
        raise SpecError(problems)
    before = [dict(group) for group in optimizer.param_groups]
    try:
        return chain.make(optimizer)
    except SpecError:  # a scheduler sets the learning rates as soon as it is made
        for group, saved in zip(optimizer.param_groups, before, strict=True):
            group.clear()
            group.update(saved)
        raise


def _read_scheduler(spec: Any, path: Path) -> tuple[_Chain | None, list[Problem]]:
    if isinstance(spec, list):
        return _read_list(spec, path)
    selection, problems = read_selection(SCHEDULERS, spec, path)
    if selection is None:
        return None, problems
    entries = selection.values.get("schedulers")
    if not isinstance(entries, list):
        return _Chain(selection), problems
    place = (*path, "schedulers")
    if not entries:
        problems.append(Problem(place, "[]", "at least one scheduler", code="empty"))
    parts = []
    for index, entry in enumerate(entries):
        part, found = _read_part(entry, (*place, index), selection.cls)
        parts += [] if part is None else [part]
        problems += found
    if selection.cls is SequentialLR and not problems:
        problems = _check_milestones(selection.values["milestones"], len(entries), (*path, "milestones"))
    return _Chain(selection, tuple(parts)), problems


def _read_part(spec: Any, path: Path, whole: Callable[..., Any]) -> tuple[_Chain | None, list[Problem]]:
    """As `_read_scheduler`, for a part of the composite `whole`."""
    chain, problems = _read_scheduler(spec, path)
    if chain is None or problems:
        return chain, problems
    cls = chain.selection.cls
    if cls not in _ALONE or cls is whole is ChainedScheduler:
        return chain, []
    expected = f"a scheduler that can be a part of {whole.__name__}; {cls.__name__} {_ALONE[cls]}"
    return chain, [Problem(path, quote(spec), expected, code="nested")]


def _read_list(entries: list[Any], path: Path) -> tuple[_Chain | None, list[Problem]]:
    """A list as a SequentialLR: the milestones are the sums of `steps`."""
    if not entries:
        return None, [Problem(path, "[]", "at least one scheduler", code="empty")]
    parts, lengths = [], []
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        place = (*path, index)
        keys = dict(entry) if isinstance(entry, dict) else {}
        steps = keys.pop("steps", None)
        part, found = _read_part(keys if isinstance(entry, dict) else entry, place, SequentialLR)
        parts += [] if part is None else [part]
        problems += found
        if isinstance(entry, (dict, str)):
            problems += _check_steps(steps, (*place, "steps"), index == len(entries) - 1)
        lengths.append(steps)
    if problems:
        return None, problems
    values = {"milestones": list(itertools.accumulate(lengths[:-1]))}
    return _Chain(Selection(SequentialLR, values, path, quote(entries)), tuple(parts)), []


def _check_steps(steps: Any, path: Path, last: bool) -> list[Problem]:
    if last:
        expected = "no steps: the last scheduler goes on to the end"
        return [] if steps is None else [Problem(path, quote(steps), expected, code="unknown-key")]
    if steps is None:
        return [missing_key(path[:-1], "steps", "the number of steps that this scheduler lasts")]
    return read_value(Kind(frozenset({"int"}), low=1), steps, path)[1]


def _check_milestones(milestones: Sequence[int], count: int, path: Path) -> list[Problem]:
    rising = all(one < other for one, other in itertools.pairwise([0, *milestones]))
    if len(milestones) == count - 1 and rising:
        return []
    return [Problem(path, quote(milestones), f"rising step numbers above 0, {count - 1} for {count} schedulers")]
