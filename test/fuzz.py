"""Fuzzing on demand: `python test/fuzz.py [KIND] [--count 20000] [--seed 0]`.

Each mutated spec is checked and, where it is sound, built on the meta device; besides, it goes
through one more function that takes specs. What is told: any exception but a `SpecError`, a spec in
which `check` finds nothing and that does not build, and every call that takes more than 1 s or 200 MB.
Exit status 1 if there is one.
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

import torch
from mutation import Mutator, mapping, places
from seeds import read_genotype, read_seeds, registered

import torcharc
from torcharc.spec.override import write_path

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


class Disagreement(Exception):
    """Two functions say different things of one spec."""


def build(spec, mutator):
    """Checks a spec, and builds it where nothing is found."""
    problems = [problem for problem in torcharc.check(spec) if problem.severity == "error"]
    if problems:
        raise torcharc.SpecError(problems)
    try:
        torcharc.build(spec, device="meta")
    except torcharc.SpecError as error:
        if all(problem.code == "size" for problem in error.problems):
            raise  # more parameters than can be made, which `inspect` counts
        raise Disagreement(f"check finds nothing, build: {error}") from error


def repair(spec, mutator):
    """Repairs a spec; what is mended is data."""
    json.dumps(torcharc.repair(spec).spec, default=str)


def override(spec, mutator):
    """Builds a spec with another value at some place, or at a place that there is not."""
    path = mutator.random.choice([write_path(mutator.random.choice(list(places(spec)))), mutator.value()])
    changed = {path: mutator.value()} if isinstance(path, str) else path
    torcharc.override(spec, changed)
    torcharc.inspect(spec, overrides=changed)


def bind(spec, mutator):
    """Builds a spec with other variables."""
    names = [*mapping(spec, "vars"), *mapping(spec, "dag_vars"), "other"]
    torcharc.build(spec, device="meta", vars={mutator.random.choice(names): mutator.value()})


def convert(spec, mutator):
    """Writes a spec in some format, as the same network."""
    form = mutator.random.choice(["arcgraph", "arcgraph", "arc", "modules"])
    written = torcharc.to_spec(spec, form)
    if torcharc.hash(written) != torcharc.hash(spec):
        raise Disagreement(f"as {form}, it is another network")


def train(spec, mutator):
    """What a spec says of training, without a network or with one."""
    model = mutator.random.choice([None, torch.nn.Linear(2, 2)])
    torcharc.build_training(spec, model)


def step(spec, mutator):
    """The scheduler that a spec describes."""
    torcharc.build_scheduler(spec, torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1))


def optimize(spec, mutator):
    """The optimizer that a spec describes."""
    torcharc.build_optimizer(spec, torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2)))


def judge(spec, mutator):
    """The criterion that a spec describes."""
    torcharc.build_criterion(spec)


def read_cells(spec, mutator):
    """The networks of genotypes."""
    for benchmark, cell in mapping({"genotypes": spec}, "genotypes").items():
        if benchmark in ("darts", "nasbench101", "nasbench201"):
            try:
                genotype = read_genotype(benchmark, cell)
            except torcharc.ArgumentError as error:
                raise torcharc.SpecError(error.problems) from error
            torcharc.build(genotype, device="meta")


def digest(spec, mutator):
    """The hash of a spec."""
    torcharc.hash(spec)


FURTHER = [repair, override, bind, convert, digest, train]
ACTS = {"genotype": read_cells, "training": train, "optimizer": optimize, "scheduler": step, "criterion": judge}


def run(spec, mutator, act=build):
    """What became of a spec: `built` or `refused`, the fault or None, seconds, megabytes."""
    forget()
    before, start = resident("VmRSS"), time.process_time()
    fault, state = None, "built"
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            act(spec, mutator)
    except torcharc.SpecError:
        state = "refused"
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        fault = f"{type(error).__name__}: {str(error)[:400]}"
    finally:
        signal.alarm(0)
    seconds, megabytes = time.process_time() - start, resident("VmHWM") - before
    if fault is None and seconds > SECONDS:
        fault = f"{seconds:.2f} s"
    if fault is None and megabytes > MEGABYTES:
        fault = f"{megabytes:.0f} MB"
    return state, fault and f"{act.__name__}: {fault}", seconds, megabytes


def list_acts(kind, random):
    """What is done with a mutated spec: it is built, and one thing more."""
    return [ACTS[kind]] if kind in ACTS else [build, random.choice(FURTHER)]


def fuzz(kind, seeds, count, seed):
    """Runs `count` mutated specs of a kind, and gives their faults: (fault, spec)."""
    mutator = Mutator(random.Random(f"{kind} {seed}"), seeds)
    faults, states, slowest, largest = [], {"built": 0, "refused": 0}, (0.0, ""), (0.0, "")
    for seed_spec in seeds:
        run(seed_spec, mutator, list_acts(kind, mutator.random)[0])  # reads the types
    for _ in range(count):
        spec = mutator.mutate()
        if isinstance(spec, str) and kind not in ACTS:
            continue  # the path of a file
        for act in list_acts(kind, mutator.random):
            state, fault, seconds, megabytes = run(spec, mutator, act)
            states[state] += act is build or kind in ACTS
            slowest, largest = max(slowest, (seconds, act.__name__)), max(largest, (megabytes, act.__name__))
            if fault is not None:
                faults.append((fault, spec))
                print(f"{kind}: {fault}\n  {json.dumps(spec, default=str)}", flush=True)  # noqa: T201
    figures = "slowest {:.2f} s ({}), largest {:.0f} MB ({}), {} faults".format(*slowest, *largest, len(faults))
    print(f"{kind}: {count} specs, {states}, {figures}", flush=True)  # noqa: T201
    return faults


def main():
    """Reads the options, and gives the number of faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?", help="arc, arcgraph, exact, modules, training, optimizer, ...; default: all")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with registered():
        seeds = read_seeds()
        kinds = [options.kind] if options.kind else list(seeds)
        counts = {"genotype": options.count // 10}  # each is a whole network
        return sum(len(fuzz(kind, seeds[kind], counts.get(kind, options.count), options.seed)) for kind in kinds)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
