"""Measuring: interleaved runs of a subject and its yardstick, by CPU time of this process."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

BLOCK = 0.004  # CPU seconds that one run should take, so that the clock's own cost does not show
MOST_ROUNDS = 1000


@dataclasses.dataclass(frozen=True)
class Task:
    """What is measured: `run` on what `prepare` gives.

    Attributes:
        run: The measured call.
        prepare: Gives the argument of each call; it is not measured.
        single: Whether a run is one call, because `prepare` sets up a state that one call uses up.
        grad: Whether gradients are recorded.
    """

    run: Callable[[Any], Any]
    prepare: Callable[[], Any] = lambda: None
    single: bool = False
    grad: bool = True


@dataclasses.dataclass(frozen=True)
class Timing:
    """CPU seconds of one call of the subject and of the yardstick, and their ratio: medians all."""

    subject: float
    yardstick: float
    ratio: float


def compare(subject: Task, yardstick: Task, seconds: float) -> Timing:
    """The medians of runs that alternate, until they have taken `seconds` of CPU time (at least 5 rounds).

    The ratio is the median over rounds of the ratio within a round, whose two runs stand side by
    side: what slows the machine for a while slows both.
    """
    with _quiet():
        first, second = _time(subject, 1), _time(yardstick, 1)  # these warm up, too
        calls = 1 if subject.single else max(1, round(BLOCK / max(min(first, second), 1e-7)))
        rounds: list[tuple[float, float]] = []
        spent = 0.0
        while len(rounds) < 5 or (spent < seconds and len(rounds) < MOST_ROUNDS):
            if len(rounds) % 2:
                right = _time(yardstick, calls)
                left = _time(subject, calls)
            else:
                left = _time(subject, calls)
                right = _time(yardstick, calls)
            rounds.append((left, right))
            spent += (left + right) * calls
    lefts, rights = zip(*rounds, strict=True)
    ratio = statistics.median(left / right for left, right in rounds)
    return Timing(statistics.median(lefts), statistics.median(rights), ratio)


def once(subject: Task, yardstick: Task) -> Timing:
    """One call of each, for a subject that takes too long to be repeated."""
    with _quiet():
        left, right = _time(subject, 1), statistics.median(_time(yardstick, 1) for _ in range(5))
    return Timing(left, right, left / right)


def _time(task: Task, calls: int) -> float:
    """CPU seconds of one call, as the mean of `calls` in a row."""
    arguments = [task.prepare() for _ in range(calls)]
    run = task.run
    gc.collect()
    with torch.set_grad_enabled(task.grad):
        start = time.process_time()
        for argument in arguments:
            run(argument)
        return (time.process_time() - start) / calls


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No garbage collection within a run, as in `timeit`; what lives already is not looked through between runs."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
