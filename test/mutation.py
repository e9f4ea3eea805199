"""Mutation of specs: seeds in every format, and edits that a hostile or careless hand could make."""

import copy
import pathlib

import modules_examples
import yaml

from torcharc.arc_ref import REF_ARCS
from torcharc.registry import type_names

ROOT = pathlib.Path(__file__).parent.parent
HEAVY = (
    "Perceiver",
    "MultimodalPerceiver",
)  # their constructors take a second; their types are mutated in without arguments

NUMBERS = [0, 1, 2, 3, 7, -1, 64, 1000, 10**6, 2**31, 2**63, 10**30, 0.5, -0.5, 1e-3, 1e300, float("inf"), float("nan")]
TEXTS = [
    "", "x", "input", "~", "a~b", "a.b", "${", "${x}", "${index}", "${9**9**9}", "${'a' * 10**9}", "${[0] * 10**8}",
    "${range(10**9)}", "${sum(range(10**7))}", "${__import__('os').system('id')}", "${().__class__.__bases__[0]}",
    "$${x}", "1e-3", "on", "010", "é", "\x00", "9**9**9", "B", "-1", "vars.x", "module.x", "core.x", "torch.load",
    "os.system", "torch.hub.load", "builtins.eval", "torch.nn.Module", "ReLU", "x" * 5000, "(" * 200, "-" * 900 + "1",
]  # fmt: skip
KEYS = [
    "type", "in_names", "layers", "init", "activation", "dropout", "norm", "batch_norm", "when", "repeat", "parallel",
    "vars", "dag_vars", "dag_in_shape", "inputs", "graph", "outputs", "modules", "module", "params", "name", "dtype",
    "shape", "training", "input", "output", "bias", "out_features", "kernel_size", "stride", "padding", "dilation",
    "num_layers", "hidden_size", "num_heads", "dim", "size", "names", "shapes", "count", "$choice", "$int", "$float",
    "share", "keywords", "compact", "Sequential",
]  # fmt: skip


def read_seeds():
    """Specs that build, by format."""
    arcs = [arc for name, arc in REF_ARCS.items() if not name.startswith(HEAVY)]
    graphs = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "example" / "arcgraph").rglob("*.yaml"))]
    return {
        "arc": arcs,
        "arcgraph": graphs,
        "modules": [modules_examples.read(name) for name in modules_examples.EXAMPLES],
    }


def places(value, path=()):
    """The paths of all that a spec holds."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def pick(spec, path):
    """What stands at a path."""
    for key in path:
        spec = spec[key]
    return spec


class Mutator:
    """Draws edits from a `random.Random`."""

    def __init__(self, random, seeds):
        self.random = random
        self.seeds = seeds
        self.types = type_names()
        self.parts = [pick(seed, path) for seed in seeds for path in places(seed) if path]

    def mutate(self):
        """A seed with one to four edits."""
        spec = copy.deepcopy(self.random.choice(self.seeds))
        for _ in range(self.random.choice([1, 1, 2, 3, 4])):
            spec = self.edit(spec)
        return spec

    def value(self):
        """Any value: plain, a part of some seed, or a list or dict of such."""
        kind = self.random.randrange(9)
        if kind < 3:
            return self.random.choice(NUMBERS)
        if kind < 5:
            return self.random.choice(TEXTS)
        if kind == 5:
            return self.random.choice(self.types)
        if kind == 6:
            return self.random.choice([None, True, False, [], {}])
        if kind == 7:
            return copy.deepcopy(self.random.choice(self.parts))
        if self.random.random() < 0.5:
            return [self.value() for _ in range(self.random.randrange(4))]
        return {self.random.choice(KEYS): self.value() for _ in range(self.random.randrange(4))}

    def edit(self, spec):
        """The spec with one edit; it is written into."""
        path = self.random.choice(list(places(spec)))
        kind = self.random.randrange(6)
        if not path:
            return self.value() if kind == 0 and self.random.random() < 0.1 else spec
        parent, key = pick(spec, path[:-1]), path[-1]
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, dict):
            parent[self.random.choice([*KEYS, *map(str, parent), f"{key}x"])] = parent.pop(key)
        elif kind == 1:
            parent.insert(key, self.value())
        elif kind == 2 and isinstance(parent[key], dict):
            parent[key][self.random.choice(KEYS)] = self.value()
        elif kind == 3 and key == "type":
            parent[key] = self.random.choice(self.types)
        elif kind == 4:
            other = self.random.choice(list(places(spec)))
            parent[key] = copy.deepcopy(pick(spec, other)) if other else self.value()
        else:
            parent[key] = self.value()
        return spec
