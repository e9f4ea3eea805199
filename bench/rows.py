"""Rows: what is measured, and the goal of each. The same for torcharc and for its peer."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from bench import text
from bench.measure import Task
from bench.workloads import (
    CONV,
    HYDRA,
    Conv,
    Hydra,
    chain,
    chain_class,
    chain_inputs,
    draw_sizes,
    hydra_inputs,
    hydra_of,
    nodes,
    nodes_by_hand,
)

Pair = tuple[Task, Task]


@dataclasses.dataclass(frozen=True)
class Goal:
    """The most that a row should show: of the `ratio`, or of the measured `ms` or `MB`."""

    most: float
    unit: str = "ratio"

    def __str__(self) -> str:
        return f"≤ {self.most:.2f}×" if self.unit == "ratio" else f"≤ {self.most:g} {self.unit}"


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What is measured.
        goal: The most that is wanted, if anything is.
        make: Gives subject and yardstick, for a side; None for what is measured in processes of its own.
        slow_peer: Whether the peer takes seconds for one call.
        own: Whether the peer has nothing to compare.
    """

    name: str
    goal: Goal | None = None
    make: Callable[[Side], Pair] | None = None
    slow_peer: bool = False
    own: bool = False


@dataclasses.dataclass(frozen=True)
class Side:
    """What is compared with hand-written modules: torcharc or the peer.

    Attributes:
        build: Its `build`.
        forget: Empties what it has cached of specs (not of types); does nothing where there is none.
    """

    build: Callable[[Any], nn.Module]
    forget: Callable[[], None]


def rows() -> Iterator[Row]:
    """All rows, in the order of the table."""
    even = Goal(1.0)
    yield Row("hydra, forward, batch 16", even, lambda side: _hydra(side, 16))
    yield Row("hydra, forward, batch 1", None, lambda side: _hydra(side, 1))
    yield Row("hydra, forward, batch 16, training", None, lambda side: _hydra(side, 16, training=True))
    for length in (100, 1000):
        yield Row(f"chain of {length}, forward", None, lambda side, n=length: _chain(side, n, carried=False))
    for length in (100, 1000):
        goal = even if length == 1000 else None
        make = lambda side, n=length: _chain(side, n, carried=True)  # noqa: E731
        yield Row(f"chain of {length}, one tensor carried, forward", goal, make)
    yield Row("hydra, build with cold caches", None, lambda side: _build(side, HYDRA, Hydra, first=True))
    yield Row("hydra, build of a new variant", Goal(1.5), _build_variants)
    yield Row("hydra, build with every size drawn", Goal(1.5), _build_search)
    yield Row("hydra, second build", Goal(1.2), lambda side: _build(side, HYDRA, Hydra))
    for length in (100, 1000):
        yield Row(f"chain of {length}, first build", None, lambda side, n=length: _build_chain(side, n, first=True))
        yield Row(f"chain of {length}, second build", None, lambda side, n=length: _build_chain(side, n))
    for form, name in (("arc", "an arc"), ("arcgraph", "Arc-Graph"), ("modules", "modules and graph")):
        make = lambda side, form=form: _check_nodes(form)  # noqa: E731
        yield Row(f"50 nodes as {name}, check", Goal(2, "ms"), make, own=True)
        make = lambda side, form=form: _build_nodes(side, form)  # noqa: E731
        yield Row(f"50 nodes as {name}, build", None, make, own=True)
    conv = "conv on [3, 1024, 1024]"
    yield Row(f"{conv}, first build", Goal(10, "ms"), lambda side: _build(side, CONV, Conv, first=True), slow_peer=True)
    yield Row(f"{conv}, memory of a build", Goal(5, "MB"))
    yield Row("import, beyond torch", Goal(150, "ms"))
    for name, most, pair in text.table():
        make = None if pair is None else lambda _, pair=pair: pair()
        yield Row(name, None if most is None else Goal(most), make, own=True)


def _hydra(side: Side, batch: int, *, training: bool = False) -> Pair:
    return _forward(side.build(copy.deepcopy(HYDRA)), Hydra(), hydra_inputs(batch), training=training)


def _chain(side: Side, length: int, *, carried: bool) -> Pair:
    network = side.build(chain(length, carried=carried))
    by_hand = chain_class(length, carried=carried)()
    return _forward(network, by_hand, chain_inputs(16, carried=carried))


def _forward(network: nn.Module, by_hand: nn.Module, xs: Any, *, training: bool = False) -> Pair:
    """Forward passes of two networks, after a check that they give the same for the same weights."""
    weights = dict(zip(network.state_dict(), by_hand.state_dict().values(), strict=True))
    network.load_state_dict(weights)
    network.train(training)
    by_hand.train(training)
    results = []
    for module in (network, by_hand):
        torch.manual_seed(0)
        results.append(module(xs))
    torch.testing.assert_close(results[0], results[1])

    return Task(network, lambda: xs, grad=training), Task(by_hand, lambda: xs, grad=training)


def _build_chain(side: Side, length: int, *, first: bool = False) -> Pair:
    return _build(side, chain(length, carried=False), chain_class(length, carried=False), first=first)


def _build_variants(side: Side) -> Pair:
    """Builds of specs never seen before that differ in one value, as a search makes them; and by hand."""
    _build(side, HYDRA, Hydra)  # the check of the parameters
    count = itertools.count()

    def prepare() -> Any:
        spec = copy.deepcopy(HYDRA)
        spec["Linear"]["dropout"] = 0.2 + next(count) * 1e-9
        return spec

    return Task(side.build, prepare), Task(lambda _: Hydra())


def _build_search(side: Side) -> Pair:
    """Builds of specs with every size drawn at random, as a search makes them; and the same by hand."""
    for sizes in itertools.islice(draw_sizes(1), 3):
        _build(side, hydra_of(sizes), lambda sizes=sizes: Hydra(sizes))  # the check of the parameters
    specs, sizes = map(hydra_of, draw_sizes()), draw_sizes()
    return Task(side.build, lambda: next(specs)), Task(Hydra, lambda: next(sizes))


def _check_nodes(form: str) -> Pair:
    """A spec read and checked from nothing, its types known; and the constructors of its modules."""
    import torcharc  # the peer has no `check`

    spec = nodes(form)
    if torcharc.check(spec) != []:
        raise ValueError(torcharc.check(spec))
    return Task(torcharc.check, lambda: spec), Task(lambda _: nodes_by_hand())


def _build_nodes(side: Side, form: str) -> Pair:
    """The first build of a spec whose nodes are known."""
    spec = nodes(form)

    def prepare() -> Any:
        side.forget()
        return spec

    return Task(side.build, prepare, single=True), Task(lambda _: nodes_by_hand())


def _build(side: Side, spec: Any, by_hand: Callable[[], nn.Module], *, first: bool = False) -> Pair:
    """A build of a spec, its plan known already or (`first`) not; and the constructor written by hand."""
    count = sum(weight.numel() for weight in by_hand().parameters())
    found = sum(weight.numel() for weight in side.build(copy.deepcopy(spec)).parameters())
    if found != count:
        raise ValueError(f"{found} parameters, but {count} by hand")

    def prepare() -> Any:
        if first:
            side.forget()
        return copy.deepcopy(spec)  # the peer writes into it

    return Task(side.build, prepare, single=first), Task(lambda _: by_hand())
