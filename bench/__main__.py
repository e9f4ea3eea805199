"""`python -m bench`: a table of ratios to hand-written modules, for torcharc and for its peer."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from bench import text
from bench.fresh import measure_import, measure_memory, run_side, run_yardsticks
from bench.peer import PEER, peer_python, yardstick_python
from bench.rows import Row, rows

Found = Mapping[str, Mapping[str, float]]


def main() -> None:
    """Measures, and prints the table. A goal that is missed is marked; the exit status stays 0."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="", help="part of the names of the rows to measure")
    parser.add_argument("--quick", action="store_true", help="few repetitions: seconds, but rough")
    parser.add_argument("--no-peer", action="store_true", help=f"without {PEER}")
    options = parser.parse_args()
    seconds, rounds = (0.3, 2) if options.quick else (3.0, 5)
    chosen = [row for row in rows() if options.pattern in row.name]
    ours = _measure(sys.executable, "ours", chosen, seconds, rounds, options.pattern)
    theirs: Found = {}
    if not options.no_peer:
        try:
            theirs = _measure(peer_python(), "peer", chosen, seconds / 2, rounds, options.pattern)
        except subprocess.CalledProcessError as error:
            print(f"no figures of {PEER}: {error}", file=sys.stderr)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(_table(chosen, ours, theirs))
    if not options.no_peer and options.pattern in "50 nodes":
        try:
            console.print(_yardstick_table(run_yardsticks(yardstick_python(), seconds)))
        except subprocess.CalledProcessError as error:
            print(f"no figures of other tools: {error}", file=sys.stderr)


def _yardstick_table(found: Found) -> Table:
    table = Table(title="50 nodes, from a description to a network, with other tools")
    for heading in ("tool", "to by hand", "time"):
        table.add_column(heading, justify="left" if heading == "tool" else "right")
    for name, figures in found.items():
        table.add_row(name, f"{figures['ratio']:.2f}×", f"{figures['value'] * 1e3:,.2f} ms")
    return table


def _measure(python: str, kind: str, chosen: list[Row], seconds: float, rounds: int, pattern: str) -> Found:
    found = run_side(python, kind, seconds, pattern)
    for row in chosen:
        if row.own and kind == "peer":
            continue
        if row.make is None and row.own:
            found[row.name] = text.measure_memory(python)
        elif row.make is None and row.name.startswith("import"):
            found[row.name] = measure_import(python, rounds)
        elif row.make is None:
            found[row.name] = measure_memory(python)
    return found


def _table(chosen: list[Row], ours: Found, theirs: Found) -> Table:
    table = Table(title="to hand-written modules: × is the ratio of CPU time, one thread, medians")
    table.add_column("row", no_wrap=True)
    for heading in ("torcharc", "goal", "", "1.2.1", "torcharc", "by hand", "1.2.1"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    for row in chosen:
        own, peer = ours.get(row.name, {}), theirs.get(row.name, {})
        goal = "" if row.goal is None else str(row.goal)
        table.add_row(
            row.name, _ratio(own), goal, _verdict(row, own), _ratio(peer),
            _amount(row, own, "value"), _amount(row, own, "hand"), _amount(row, peer, "value"),
        )  # fmt: skip
    return table


def _verdict(row: Row, found: Mapping[str, float]) -> str:
    """Whether the goal is met; to two digits behind the point, as the goals are stated."""
    if row.goal is None or not found:
        return ""
    value = found["ratio"] if row.goal.unit == "ratio" else found["value"] * {"ms": 1e3, "MB": 1e-6}[row.goal.unit]
    return "[green]met[/]" if round(value, 2) <= row.goal.most else "[red]missed[/]"


def _ratio(found: Mapping[str, float]) -> str:
    return f"{found['ratio']:.2f}×" if "ratio" in found else ""


def _amount(row: Row, found: Mapping[str, float], key: str) -> str:
    if key not in found:
        return ""
    amount = found[key]
    if row.make is None and "memory" in row.name:
        return f"{amount / 1e6:,.1f} MB"
    short = row.make is not None and amount < 1e-3
    return f"{amount * 1e6:,.0f} µs" if short else f"{amount * 1e3:,.1f} ms"


if __name__ == "__main__":
    main()
