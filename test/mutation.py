"""Mutation of specs: edits that a hostile or careless hand could make."""

import copy
import re

from torcharc.registry import type_names

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
    "share", "keywords", "compact", "Sequential", "require", "exact", "returns", "parts", "model", "trainer", "loss",
    "optimizer", "config", "groups", "match", "steps", "schedulers", "weight", "lr", "evaluator", "no_decay",
]  # fmt: skip
COUNTS = [0, 1, 2, 3, 40, 10**4, 10**9, -1, 2.0, 1.5, True, None, "2", [2], "${index}", "${index + 1}"]
# what may stand in ${}: `a` and `b` become names of the spec's variables
EXPRESSIONS = [
    "a", "b", "a > 0", "a + b", "a * b", "a // b", "a % b == 0", "2 ** a", "a ** b", "a[0]", "a[b]", "a[-1:]", "len(a)",
    "min(a)", "sum([a, b])", "[a] * 3", "[a] * b", "a if b else 0", "a == None or a > 0", "a in [1, 2]", "index",
    "[x * a for x in range(b)]", "range(a)", "int(a)", "float(a)", "round(a, b)", "-a", "not a", "a.b", "a(b)",
    "index < a", "'a' + a", "a / 0", "1 / index", "nothing", "None", "True", "1e400", "", "a a",
    "[x for x in a for y in a]",
]  # fmt: skip


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


def mapping(spec, key):
    """The mapping at a key, empty where there is none."""
    found = spec.get(key) if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else {}


class Mutator:
    """Draws edits from a `random.Random`."""

    def __init__(self, random, seeds):
        self.random = random
        self.seeds = seeds
        self.types = type_names()
        self.parts = [pick(seed, path) for seed in seeds for path in places(seed) if path]

    def mutate(self):
        """A seed with one to four edits; every third with small ones alone, so that it may still build."""
        spec = copy.deepcopy(self.random.choice(self.seeds))
        if self.random.random() < 0.3:
            return self.nudge(spec)
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

    def expression(self, spec):
        """A template over the variables of the spec."""
        names = [name for key in ("vars", "dag_vars") for name in mapping(spec, key) if isinstance(name, str)] or ["x"]
        text = self.random.choice(EXPRESSIONS)
        text = re.sub(r"\b[ab]\b", lambda _: self.random.choice(names), text)
        return self.random.choice(["${%s}", "${%s}", "%s", "w${%s}"]) % text

    def edit(self, spec):
        """The spec with one edit; it is written into."""
        if isinstance(spec, dict) and self.random.random() < 0.2:
            return self.edit_template(spec)
        path = self.random.choice(list(places(spec)))
        kind = self.random.randrange(6)
        if not path:
            return self.value() if kind == 0 and self.random.random() < 0.1 else spec
        self.edit_place(spec, path, kind)
        return spec

    def nudge(self, spec):
        """The spec with other numbers and flags at one to three places, or with other nodes at two."""
        plain = [path for path in places(spec) if path and isinstance(pick(spec, path), (bool, int, float))]
        for path in self.random.sample(plain, min(len(plain), self.random.choice([1, 1, 2, 3]))):
            value = pick(spec, path)
            others = [not value] if isinstance(value, bool) else [value + 1, value - 1, value * 2, value // 2, -value]
            pick(spec, path[:-1])[path[-1]] = self.random.choice(others)
        lists = [pick(spec, path) for path in places(spec) if isinstance(pick(spec, path), list)]
        if lists and self.random.random() < 0.3:
            self.random.shuffle(self.random.choice(lists))
        return spec

    def edit_place(self, spec, path, kind):
        """Changes, renames, adds or takes away what stands at a path."""
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

    def edit_template(self, spec):
        """The spec with another variable or requirement, or with other copies or another condition of a node."""
        kind = self.random.randrange(6)
        found = list(places(spec))
        nodes = [path for path in found if isinstance(pick(spec, path), dict)]
        node = pick(spec, self.random.choice(nodes))
        if kind < 2:
            section = self.random.choice(["vars", "dag_vars", "require", "params"])
            names = [*mapping(spec, "vars"), *mapping(spec, "dag_vars"), "index", "width"]
            value = self.random.choice([self.expression(spec), self.value()])
            spec[section] = {**mapping(spec, section), self.random.choice(names): value}
        elif kind == 2:
            node["when"] = self.random.choice([self.expression(spec), self.value()])
        elif kind < 5:
            counts = [*COUNTS, self.expression(spec), self.expression(spec)]
            node[self.random.choice(["repeat", "parallel"])] = self.random.choice(counts)
            if self.random.random() < 0.3:
                node["share"] = self.random.choice([True, False, 1, None])
        else:
            path = self.random.choice(found[1:] or [()])
            if path:
                pick(spec, path[:-1])[path[-1]] = self.expression(spec)
        return spec
