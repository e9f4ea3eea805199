"""An order in which nodes can run: behind what they wait for, ties as in the file."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping


def order_names(waits: Mapping[str, Collection[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The names in an order that can run, and the cycles that keep the others from running.

    Args:
        waits: Name → the names that have to come before it, in the order of the file; names that
            are no keys are there from the start.

    Returns:
        The names outside all cycles and not behind one, in order; and each cycle as
        `(a, b, ..., a)`, a node in two cycles in one of them alone.

    Example:
        >>> order_names({"b": ["a"], "a": [], "c": ["d"], "d": ["c"]})
        (['a', 'b'], [('c', 'd', 'c')])
    """
    positions = {name: position for position, name in enumerate(waits)}
    open_waits = {name: {other for other in others if other in positions} for name, others in waits.items()}
    followers: dict[str, list[str]] = {}
    for name, others in open_waits.items():
        for other in others:
            followers.setdefault(other, []).append(name)
    ready = [positions[name] for name, others in open_waits.items() if not others]
    names, order = list(waits), []
    heapq.heapify(ready)
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for follower in followers.get(name, ()):
            open_waits[follower].discard(name)
            if not open_waits[follower]:
                heapq.heappush(ready, positions[follower])
    done = set(order)
    return order, _find_cycles({name: open_waits[name] for name in names if name not in done}, positions)


def _find_cycles(waits: Mapping[str, Collection[str]], positions: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Cycles among nodes that wait for one another; every walk ends in one, as each node waits."""
    cycles: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for start in waits:
        trail: list[str] = []
        name = start
        while name not in seen:
            seen.add(name)
            trail.append(name)
            name = min(waits[name], key=lambda other: positions[other])
        if name in trail:
            cycle = trail[trail.index(name) :]
            first = cycle.index(min(cycle, key=lambda other: positions[other]))
            cycle = cycle[first:] + cycle[:first]
            cycles.append((*cycle, cycle[0]))
    return cycles
