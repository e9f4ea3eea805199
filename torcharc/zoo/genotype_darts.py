"""Genotypes of DARTS: a pair of cells, as a spec."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from torcharc.errors import ArgumentError, Path, Problem, choices, quote, unknown_keys, wrong_choice
from torcharc.spec.load import load_spec

FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")

# what an operation is: the module of the spec that does it, and its params
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "max_pool_3x3": ("MaxPool", {}),
    "avg_pool_3x3": ("AvgPool", {}),
    "skip_connect": ("Identity", {}),
    "sep_conv_3x3": ("SepConv", {"kernel": 3}),
    "sep_conv_5x5": ("SepConv", {"kernel": 5}),
    "sep_conv_7x7": ("SepConv", {"kernel": 7}),
    "dil_conv_3x3": ("DilConv", {"kernel": 3}),
    "dil_conv_5x5": ("DilConv", {"kernel": 5}),
    "conv_7x1_1x7": ("CrossConv", {}),
}

# modules of operations that the cells of zoo/darts do without
_FURTHER: dict[str, dict[str, Any]] = {
    "AvgPool": {
        "params": {"width": None, "stride": 1},
        "inputs": ["x"],
        "graph": [
            {
                "name": "pool",
                "type": "AvgPool2d",
                "params": {"kernel_size": 3, "stride": "${stride}", "padding": 1, "count_include_pad": False},
            }
        ],
        "outputs": {"y": "pool"},
    },
    "CrossConv": {
        "params": {"width": None, "stride": 1},
        "inputs": ["x"],
        "graph": [
            {"name": "relu", "type": "ReLU"},
            {
                "name": "convs",
                "type": "Conv2d",
                "params": {
                    "layers": [
                        ["${width}", [1, 7], [1, "${stride}"], [0, 3]],
                        ["${width}", [7, 1], ["${stride}", 1], [3, 0]],
                    ],
                    "bias": False,
                },
            },
            {"name": "norm", "type": "BatchNorm2d"},
        ],
        "outputs": {"y": "norm"},
    },
}


def darts(genotype: Any) -> dict[str, Any]:
    """The spec of the network of a DARTS genotype (Liu et al. 2019): `zoo/darts` with other cells.

    It is the network for CIFAR-10; `build(spec, imagenet=True)` gives that for ImageNet.

    Args:
        genotype: What has `normal` and `reduce`, lists of `(operation, state)` with two for each new
            state, and `normal_concat` and `reduce_concat`, the states that are joined: a named tuple,
            a mapping, or the text `Genotype(normal=[...], normal_concat=range(2, 6), ...)`.

    Raises:
        ArgumentError: With every problem of the genotype.

    Example:
        >>> import torcharc
        >>> cell = [("skip_connect", 0), ("sep_conv_3x3", 1)]
        >>> genotype = {"normal": cell, "normal_concat": [2], "reduce": cell, "reduce_concat": [2]}
        >>> spec = torcharc.zoo.darts(genotype)
        >>> [(node["name"], node["type"]) for node in spec["modules"]["Reduction"]["graph"][2:4]]
        [('left2', 'module.FactorizedReduce'), ('right2', 'module.SepConv')]
        >>> torcharc.inspect(spec, depth=8).outputs["logits"].shape
        (10,)
    """
    fields = _read_fields(genotype)
    problems = [problem for kind in ("normal", "reduce") for problem in _check_cell(kind, fields)]
    if problems:
        raise ArgumentError(problems)
    spec: dict[str, Any] = load_spec("zoo/darts").spec
    modules = spec["modules"]
    for name, kind, stride in (("Normal", "normal", 1), ("Reduction", "reduce", 2)):
        adapt = modules[name]["graph"][:2]
        modules[name]["graph"] = adapt + _make_nodes(fields[kind], fields[f"{kind}_concat"], stride)
    modules |= load_spec(_FURTHER).spec
    used = _find_used(modules, [node["type"] for node in spec["graph"]])
    spec["modules"] = {name: module for name, module in modules.items() if name in used}
    return spec


def _read_fields(genotype: Any) -> dict[str, Any]:
    """The four lists of a genotype by name."""
    if isinstance(genotype, str):
        genotype = _parse_text(genotype)
    if not isinstance(genotype, Mapping):
        genotype = {name: getattr(genotype, name) for name in FIELDS if hasattr(genotype, name)}
    missing = [name for name in FIELDS if name not in genotype]
    problems = unknown_keys(("genotype",), genotype, FIELDS, missing)
    for name in FIELDS:
        value = genotype.get(name, ())
        if not isinstance(value, (list, tuple, range)):
            problems.append(Problem(("genotype", name), quote(value), "a list", code="genotype"))
    if problems:
        raise ArgumentError(problems)
    return {name: list(genotype[name]) for name in FIELDS}


def _parse_text(text: str) -> dict[str, Any]:
    """The fields of `Genotype(normal=[...], ...)`, read without running it."""
    found = re.fullmatch(r"\s*\w+\((.*)\)\s*", text, re.DOTALL)
    try:
        call = ast.parse(f"f({found[1]})" if found else "", mode="eval").body
        keywords = call.keywords if isinstance(call, ast.Call) and not call.args else []
        return {str(keyword.arg): _parse_value(keyword.value) for keyword in keywords}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        expected = "Genotype(normal=[...], normal_concat=[...], reduce=[...], reduce_concat=[...])"
        raise ArgumentError(Problem(("genotype",), quote(text), expected, code="genotype")) from None


def _parse_value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        bounds = [ast.literal_eval(argument) for argument in node.args]
        return [state for state in range(64) if state in range(*bounds)]
    return ast.literal_eval(node)


def _check_cell(kind: str, fields: Mapping[str, Any]) -> list[Problem]:
    """The problems of a cell: pairs of an operation and an earlier state, and the states that are joined."""
    pairs, concat = fields[kind], fields[f"{kind}_concat"]
    path: Path = ("genotype", kind)
    problems = []
    if len(pairs) % 2 or not pairs:
        found, expected = f"{len(pairs)} pairs", "two pairs (operation, state) for each new state"
        problems.append(Problem(path, found, expected, code="genotype"))
    for index, pair in enumerate(pairs):
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            problems.append(Problem((*path, index), quote(pair), "a pair (operation, state)", code="genotype"))
            continue
        if not isinstance(pair[0], str) or pair[0] not in OPERATIONS:
            problems.append(wrong_choice((*path, index, 0), pair[0], "an operation", OPERATIONS))
        problems += _check_state(pair[1], 2 + index // 2, (*path, index, 1))
    path = ("genotype", f"{kind}_concat")
    if not concat:
        problems.append(Problem(path, "[]", "at least one state", code="genotype"))
    for index, state in enumerate(concat):
        problems += _check_state(state, 2 + len(pairs) // 2, (*path, index))
    return problems


def _check_state(state: Any, count: int, path: Path) -> list[Problem]:
    if type(state) is int and 0 <= state < count:
        return []
    return [Problem(path, quote(state), f"a state: {choices(map(str, range(count)))}", code="genotype")]


def _make_nodes(pairs: Sequence[Sequence[Any]], concat: Sequence[int], stride: int) -> list[dict[str, Any]]:
    """The nodes of a cell behind its first two states; the operations on those have the stride."""
    nodes: list[dict[str, Any]] = []
    for index, (operation, source) in enumerate(pairs):
        state = 2 + index // 2
        name = f"{'right' if index % 2 else 'left'}{state}"
        nodes.append(
            {"name": name, **_make_operation(operation, stride if source < 2 else 1), "inputs": f"state{source}"}
        )
        if index % 2:
            nodes.append({"name": f"state{state}", "type": "torch.add", "inputs": [f"left{state}", name]})
    inputs = [f"state{state}" for state in concat]
    return [*nodes, {"name": "out", "type": "torch.cat", "inputs": inputs, "params": {"dim": 1}}]


def _make_operation(operation: str, stride: int) -> dict[str, Any]:
    name, params = OPERATIONS[operation]
    if name == "Identity":
        width = {"type": "module.FactorizedReduce", "params": {"width": "${width}"}}
        return {"type": "Identity"} if stride == 1 else width
    strided = {"stride": stride} if stride > 1 else {}
    return {"type": f"module.{name}", "params": {"width": "${width}", **params, **strided}}


def _find_used(modules: Mapping[str, Any], types: Sequence[str]) -> set[str]:
    """The modules that the types of nodes name, and those that these run."""
    names = {word for type_ in types for word in re.findall(r"\w+", type_) if word in modules}
    for name in [*names]:
        names |= _find_used(modules, [node["type"] for node in modules[name]["graph"]])
    return names
