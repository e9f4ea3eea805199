"""Cells of NAS-Bench-101 and NAS-Bench-201 in the benchmarks' own notation, as specs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torcharc.errors import ArgumentError, Path, Problem, quote, wrong_choice
from torcharc.spec.load import load_spec

OPERATIONS_201 = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
OPERATIONS_101 = ("conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3")

_SOURCES = (0, 0, 1, 0, 1, 2)  # where the edges of a cell of NAS-Bench-201 come from, in the order of the notation
_FORM_201 = r"\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|"


def nasbench201(architecture: str) -> dict[str, Any]:
    """The spec of a network of NAS-Bench-201 (Dong & Yang 2020): `zoo/nasbench201` with another cell.

    `build(spec, num_classes=100)` gives the network for CIFAR-100, and with `num_classes=120, size=16`
    that for ImageNet16-120. In the size search space, `depth=1` and `widths` is a list of five.

    Args:
        architecture: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`: for each node the operations on the
            nodes before it.

    Raises:
        ArgumentError: If it is no such text.

    Example:
        >>> import torcharc
        >>> cell = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
        >>> torcharc.inspect(torcharc.zoo.nasbench201(cell)).params
        316346
    """
    path = ("architecture",)
    found = re.fullmatch(_FORM_201, architecture) if isinstance(architecture, str) else None
    if found is None:
        expected = "a cell of four nodes: |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
        raise ArgumentError(Problem(path, quote(architecture), expected, code="genotype"))
    wrong = [word for word in found.groups() if word not in OPERATIONS_201]
    if wrong:
        raise ArgumentError([wrong_choice(path, word, "an operation", OPERATIONS_201) for word in dict.fromkeys(wrong)])
    spec: dict[str, Any] = load_spec("zoo/nasbench201").spec
    spec["vars"]["cell"] = list(found.groups())
    return spec


def nasbench101(matrix: Sequence[Sequence[int]], operations: Sequence[str]) -> dict[str, Any]:
    """The spec of a network of NAS-Bench-101 (Ying et al. 2019): `zoo/nasbench101` with another cell.

    Vertices that lie on no path from the input to the output are left out, as the benchmark does.

    Args:
        matrix: The adjacency matrix, upper triangular: row 0 is the cell's input, the last column its output.
        operations: Those of the inner vertices; `input` and `output` may stand around them.

    Raises:
        ArgumentError: If the matrix is none, the operations do not fit it, or no path leads to the output.

    Example:
        >>> import torcharc
        >>> spec = torcharc.zoo.nasbench101([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["conv3x3-bn-relu"])
        >>> [node["name"] for node in spec["modules"]["Cell"]["graph"]]
        ['input1', 'vertex1']
    """
    problems = _check_lists(matrix, operations)
    if problems:
        raise ArgumentError(problems)
    inner = list(operations)
    if inner[:1] == ["input"] and inner[-1:] == ["output"]:
        inner = inner[1:-1]
    problems = _check_matrix(matrix, inner) + [
        wrong_choice(("operations", index), word, "an operation", OPERATIONS_101)
        for index, word in enumerate(inner)
        if word not in OPERATIONS_101
    ]
    if problems:
        raise ArgumentError(problems)
    spec: dict[str, Any] = load_spec("zoo/nasbench101").spec
    nodes = _Cell(matrix, inner).nodes()
    spec["modules"]["Cell"] |= {"graph": nodes, "outputs": {"y": nodes[-1]["name"]}}
    return spec


def _check_lists(matrix: Any, operations: Any) -> list[Problem]:
    problems = []
    if not _is_list(matrix) or not all(map(_is_list, matrix)):
        problems.append(Problem(("matrix",), quote(matrix), "a list of rows, which hold 0 and 1", code="genotype"))
    if not _is_list(operations):
        problems.append(Problem(("operations",), quote(operations), "a list of operations", code="genotype"))
    return problems


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, Mapping))


def _check_matrix(matrix: Any, operations: Sequence[str]) -> list[Problem]:
    path: Path = ("matrix",)
    size = len(operations) + 2
    rows = [list(row) for row in matrix]
    if len(rows) != size or any(len(row) != size for row in rows):
        found = f"{len(rows)} rows of {', '.join(map(str, sorted({len(row) for row in rows})))}"
        expected = f"{size} rows of {size}, for the input, {len(operations)} operations and the output"
        return [Problem(path, found, expected, code="genotype")]
    for index, row in enumerate(rows):
        if any(value not in (0, 1) or (value == 1 and column <= index) for column, value in enumerate(row)):
            expected = "0 and 1, and 1 behind the diagonal alone"
            return [Problem((*path, index), quote(row), expected, code="genotype")]
    if not _find_kept(rows):
        return [Problem(path, "no path from the input to the output", "at least one", code="genotype")]
    return []


def _find_kept(rows: Sequence[Sequence[int]]) -> list[int]:
    """The vertices on paths from the first to the last."""
    size = len(rows)
    reached, reaching = {0}, {size - 1}
    for vertex in range(size):
        reached |= {vertex} if any(rows[other][vertex] for other in reached) else set()
    for vertex in reversed(range(size)):
        reaching |= {vertex} if any(rows[vertex][other] for other in reaching) else set()
    return sorted(reached & reaching) if size - 1 in reached else []


class _Cell:
    """The nodes of a cell.

    The inner vertices that feed the output share its width: the first get one channel more where it
    does not divide, so that number r of n has `(width + n - 1 - r) // n`. Any other is as wide as the
    widest vertex that it feeds.
    """

    def __init__(self, matrix: Sequence[Sequence[int]], operations: Sequence[str]):
        kept = _find_kept(matrix)
        self.edges = [[matrix[a][b] for b in kept] for a in kept]
        self.operations = ["", *(operations[vertex - 1] for vertex in kept[1:-1])]
        self.last = len(kept) - 1
        self.shared = [vertex for vertex in range(1, self.last) if self.edges[vertex][self.last]]
        self.ranks: dict[int, int] = {}
        for vertex in reversed(range(1, self.last)):
            fed = [self.ranks[other] for other in range(1, self.last) if self.edges[vertex][other]]
            self.ranks[vertex] = self.shared.index(vertex) if vertex in self.shared else min(fed)

    def width(self, vertex: int) -> str:
        """The channels of a vertex, as an expression."""
        if vertex == self.last:
            return "width"
        more = len(self.shared) - 1 - self.ranks[vertex]
        text = f"(width + {more})" if more else "width"
        return f"{text} // {len(self.shared)}" if len(self.shared) > 1 else "width"

    def nodes(self) -> list[dict[str, Any]]:
        """The nodes in order; the last gives the output."""
        nodes: list[dict[str, Any]] = []
        for vertex in range(1, self.last):
            fed, source = self._gather(vertex)
            nodes += [*fed, {"name": f"vertex{vertex}", **self._operation(vertex), "inputs": source}]
        return nodes + self._output()

    def _project(self, vertex: int) -> dict[str, Any]:
        params = {"width": f"${{{self.width(vertex)}}}", "kernel": 1}
        return {"name": f"input{vertex}", "type": "module.Conv", "inputs": "x", "params": params}

    def _operation(self, vertex: int) -> dict[str, Any]:
        operation = self.operations[vertex]
        if operation == "maxpool3x3":
            return {"type": "MaxPool2d", "params": {"kernel_size": 3, "stride": 1, "padding": 1}}
        return {"type": "module.Conv", "params": {"width": f"${{{self.width(vertex)}}}", "kernel": int(operation[4])}}

    def _gather(self, vertex: int) -> tuple[list[dict[str, Any]], str]:
        """The nodes that bring the sum of its inputs to an inner vertex, and the name of the last."""
        nodes = [self._project(vertex)] if self.edges[0][vertex] else []
        names = [node["name"] for node in nodes]
        for other in range(1, vertex):
            if not self.edges[other][vertex]:
                continue
            names.append(f"vertex{other}")
            if self.ranks[other] < self.ranks[vertex]:
                names[-1] = f"cut{other}to{vertex}"
                cut = {"dim": 1, "start": 0, "length": f"${{{self.width(vertex)}}}"}
                nodes.append({"name": names[-1], "type": "Narrow", "inputs": f"vertex{other}", "params": cut})
        if len(names) > 1:
            nodes.append({"name": f"sum{vertex}", "type": "MergeSum", "inputs": names})
            names = [f"sum{vertex}"]
        return nodes, names[0]

    def _output(self) -> list[dict[str, Any]]:
        """What joins the vertices that feed the output: nothing where there is one."""
        names = [f"vertex{vertex}" for vertex in self.shared]
        nodes: list[dict[str, Any]] = []
        if len(names) > 1:
            nodes.append({"name": "concat", "type": "torch.cat", "inputs": names, "params": {"dim": 1}})
        if self.edges[0][self.last]:
            nodes.append(self._project(self.last))
        if self.edges[0][self.last] and names:
            inputs = ["concat" if len(names) > 1 else names[0], nodes[-1]["name"]]
            nodes.append({"name": "output", "type": "torch.add", "inputs": inputs})
        return nodes
