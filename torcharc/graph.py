"""The one graph that every spec becomes: frozen, plain, without torch.

Shapes are full here: `N` stands for the batch size. `None` is an axis of any size; in what inference
finds, a `FreeDim` is one that follows such an axis of the inputs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from torcharc.errors import Path


@dataclasses.dataclass(frozen=True, slots=True)
class BatchDim:
    """An axis whose size follows the batch size `N`: `scale * N + offset`."""

    scale: int = 1
    offset: int = 0

    def __hash__(self) -> int:  # part of every cache key: the generated one builds a tuple
        return self.scale + 31 * self.offset

    def size(self, batch: int) -> int:
        """The axis at a given batch size."""
        return self.scale * batch + self.offset

    def __str__(self) -> str:
        text = "N" if self.scale == 1 else f"{self.scale}N"
        return text + (f"{self.offset:+d}" if self.offset else "")

    __repr__ = __str__


N = BatchDim()


@dataclasses.dataclass(frozen=True, slots=True)
class FreeDim:
    """An axis that follows what the inputs have at `axis`, where they may have any size: `scale * size + offset`.

    All inputs that are free at one position have one size there; two positions have two.
    """

    axis: int
    scale: int = 1
    offset: int = 0

    def size(self, free: int) -> int:
        """The axis where the inputs have the size `free`."""
        return self.scale * free + self.offset

    def __str__(self) -> str:
        return "any"

    __repr__ = __str__


Dim = int | BatchDim | FreeDim | None
Shape = tuple[Dim, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape and dtype of a tensor, before it exists.

    Attributes:
        shape: All axes; the batch axis is `N`.
        dtype: Name of the dtype, as `float32`; None if it is not yet known.
    """

    shape: Shape
    dtype: str | None = "float32"

    @property
    def sample_shape(self) -> Shape:
        """The shape without the batch axis, where that is the first; else the whole shape."""
        return self.shape[1:] if self.shape and self.shape[0] == N else self.shape

    def __str__(self) -> str:
        return "(" + ", ".join("any" if dim is None else str(dim) for dim in self.sample_shape) + ")"


Struct = TensorSpec | tuple["Struct", ...] | Mapping[str, "Struct"] | None
"""What a node gives: a tensor, or a tuple or dict of such; None is not known."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ref:
    """A reference to what a node or an input gives, or to a part of it.

    Attributes:
        name: Name of the node, or of the input.
        output: Keys and positions that lead to the part; `()` is the whole.
        of_input: Whether `name` is an input (a node may bear the same name).
        text: The reference in the user's own words, if there are any.
        path: Its place in the spec.
        of_weight: Whether `output` names a parameter of the node's module, as inference finds.
    """

    name: str
    output: tuple[str | int, ...] = ()
    of_input: bool = False
    text: str = dataclasses.field(default="", compare=False)
    path: Path = dataclasses.field(default=(), compare=False)
    of_weight: bool = False

    def __hash__(self) -> int:  # a schedule looks each one up several times
        return hash(self.name)

    def __str__(self) -> str:
        return self.text or ".".join([self.name, *(str(key) for key in self.output)])


UNKNOWN = Ref("")
"""What stands for an output that comes from something faulty; no node is called so."""

Value = Ref | tuple["Value", ...] | Mapping[str, "Value"] | int | float | bool | None
"""What feeds a port: a reference, or a list or dict of such, or a plain number; None is not known."""


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """One step of a graph.

    Attributes:
        name: Unique among the nodes; the module's name in `module_dict`.
        type: Canonical name of the type.
        params: The arguments that the spec gives; read only.
        inputs: Port → what feeds it, in order.
        graph: What the node runs, where it is no module of its own but a block; its inputs are
            the ports, and `type` is only a name.
        shares: Name of the node whose module this one runs again, or `""`.
        path: The node's place in the spec.
        arguments_path: The place of its arguments in the spec.
        beside: Keys of the format that stand beside the arguments, for the error of an unknown key.
        places: Where arguments stand that are not below `arguments_path`: path there → place in the spec.
    """

    name: str
    type: str
    params: Mapping[str, Any]
    inputs: tuple[tuple[str, Value], ...]
    shares: str = ""
    graph: Graph | None = None
    path: Path = dataclasses.field(default=(), compare=False)
    arguments_path: Path = dataclasses.field(default=(), compare=False)
    beside: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    places: Mapping[Path, Path] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def module(self) -> str:
        """Name of the module that it runs: `conv` of the node `conv~left`."""
        return (self.shares or self.name).split("~", 1)[0]


@dataclasses.dataclass(frozen=True, slots=True)
class Graph:
    """Inputs, nodes in an order in which they can run, outputs.

    Attributes:
        inputs: Name → what is fed; None if its shape is not known.
        nodes: Every node stands behind those that it refers to.
        outputs: Public name → reference.
        form: What a call returns: the one tensor, a tuple in order, or a dict.
        bare: Whether the network is the one node's module itself, without a `DAGNet` around it.
        carries: Whether inputs that are not declared are carried to the output, or refused.
        firsts: Whether an output that refers to a tuple is the tuple's first part.
        strict: Whether a call checks its tensors against the inputs: rank, sizes, kind, batch size.
        keeps: Name of an input that the one output must have the spec of, or `""`.
    """

    inputs: tuple[tuple[str, Struct], ...]
    nodes: tuple[Node, ...]
    outputs: tuple[tuple[str, Ref], ...]
    form: Literal["tensor", "tuple", "dict"] = "tensor"
    bare: bool = False
    carries: bool = False
    firsts: bool = False
    strict: bool = False
    keeps: str = ""


def walk_refs(value: Value) -> Iterator[Ref]:
    """All references in `value`, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from walk_refs(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from walk_refs(item)
