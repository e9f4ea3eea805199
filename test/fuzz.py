"""Fuzzing on demand: `python test/fuzz.py [FORMAT] [--count 20000] [--seed 0]`.

Each mutated spec is checked and, where it is sound, built on the meta device. What is told: any
exception but `SpecError`, and every spec that takes more than 1 s or 200 MB. Exit status 1 if there is one.
"""

import argparse
import json
import pathlib
import random
import re
import signal
import sys
import time
import warnings

from mutation import Mutator, read_seeds

import torcharc

SECONDS = 1.0
PATIENCE = 20  # seconds until a spec is given up
MEGABYTES = 200
_STATUS = pathlib.Path("/proc/self/status")


def resident(name):
    """Megabytes: `VmRSS` now, `VmHWM` the most since the last `forget`; 0 where there is no /proc."""
    if not _STATUS.exists():
        return 0.0
    return int(re.search(name + r":\s+(\d+)", _STATUS.read_text()).group(1)) / 1024


def forget():
    """Starts the count of the most resident memory anew."""
    if _STATUS.exists():
        pathlib.Path("/proc/self/clear_refs").write_text("5")


def give_up(*_):
    """Ends what takes too long."""
    raise TimeoutError


def run(spec):
    """What became of a spec: `built` or `refused`, the fault or None, seconds, megabytes."""
    forget()
    before, start = resident("VmRSS"), time.process_time()
    fault, state = None, "built"
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            problems = torcharc.check(spec)
            if any(problem.severity == "error" for problem in problems):
                state = "refused"
            else:
                torcharc.build(spec, device="meta")
    except torcharc.SpecError:
        state = "refused"
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        fault = f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
    seconds, megabytes = time.process_time() - start, resident("VmHWM") - before
    if fault is None and seconds > SECONDS:
        fault = f"{seconds:.2f} s"
    if fault is None and megabytes > MEGABYTES:
        fault = f"{megabytes:.0f} MB"
    return state, fault, seconds, megabytes


def fuzz(kind, count, seed):
    """Runs `count` mutated specs of a format, and gives their faults: (fault, spec)."""
    mutator = Mutator(random.Random(f"{kind} {seed}"), read_seeds()[kind])
    faults, states, slowest, largest = [], {"built": 0, "refused": 0}, 0.0, 0.0
    for seed_spec in mutator.seeds:
        run(seed_spec)  # reads the types
    for _ in range(count):
        spec = mutator.mutate()
        if isinstance(spec, str):
            continue  # the path of a file
        state, fault, seconds, megabytes = run(spec)
        states[state] += 1
        slowest, largest = max(slowest, seconds), max(largest, megabytes)
        if fault is not None:
            faults.append((fault, spec))
            print(f"{kind}: {fault}\n  {json.dumps(spec, default=str)[:3000]}", flush=True)  # noqa: T201
    figures = f"slowest {slowest:.2f} s, largest {largest:.0f} MB, {len(faults)} faults"
    print(f"{kind}: {count} specs, {states}, {figures}")  # noqa: T201
    return faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("format", nargs="?", choices=("arc", "arcgraph", "modules"))
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kinds = [options.format] if options.format else ["arc", "arcgraph", "modules"]
    sys.exit(1 if sum(len(fuzz(kind, options.count, options.seed)) for kind in kinds) else 0)
