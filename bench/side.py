"""One side of the comparison, in a process of its own: `python -P bench/side.py NAME SECONDS PATTERN`.

It prints a line of JSON for each row. The torcharc that it measures is the one that its
interpreter imports: the folder of the repository goes to the end of the path.
"""

from __future__ import annotations

import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import torch

import torcharc
from bench.cold import forget
from bench.measure import compare, once
from bench.rows import Side, rows


def main(kind: str, seconds: str, pattern: str) -> None:
    """Measures the rows whose name contains `pattern`."""
    torch.set_num_threads(1)
    side = Side(torcharc.build, forget if kind == "ours" else lambda: None)  # the peer has no caches
    for row in rows():
        if row.make is None or pattern not in row.name or (row.own and kind == "peer"):
            continue
        torch.manual_seed(0)
        subject, yardstick = row.make(side)
        single = row.slow_peer and kind == "peer"
        timing = once(subject, yardstick) if single else compare(subject, yardstick, float(seconds))
        found = {"row": row.name, "value": timing.subject, "hand": timing.yardstick, "ratio": timing.ratio}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
