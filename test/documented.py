"""The documented examples of the types, read: a network of one node, and inputs for it.

The notation is that of `torcharc/torch_examples.py`.
"""

from __future__ import annotations

import torch

import torcharc.module  # registers the blocks  # noqa: F401
from torcharc.dagnet import DAGNet
from torcharc.graph import BatchDim, Graph, N, Node, Ref, TensorSpec
from torcharc.infer import infer_plan
from torcharc.registry import find, type_names

TYPES = [name for name in type_names() if find(name).example is not None]
MODULES = [name for name in TYPES if find(name).kind != "function"]
FUNCTIONS = [name for name in TYPES if find(name).kind == "function"]


class Documented:
    """The example of a type.

    Attributes:
        entry: The type's entry.
        params: The example's arguments.
        tensors: Name → spec and range of each tensor that is fed.
        inputs: Port → reference to those, in the structure that the port takes.
    """

    def __init__(self, name):
        self.entry = find(name)
        self.params = dict(self.entry.example["params"])
        dtype = self.entry.input_dtype
        self.dtype = dtype(self.params) if callable(dtype) else dtype
        self.tensors = {}
        self.inputs = {port: self._read(port, value) for port, value in self.entry.example["inputs"].items()}

    def _read(self, name, value):
        if is_shape(value):
            self.tensors[name] = self._read_tensor(value)
            return Ref(name, of_input=True)
        if isinstance(value, dict):
            return {key: self._read(key, item) for key, item in value.items()}
        return tuple(self._read(f"{name}_{index}", item) for index, item in enumerate(value))

    def _read_tensor(self, value):
        value = value if isinstance(value, dict) else {"shape": value}
        dims = tuple(N if dim == "N" else dim for dim in value["shape"])
        if N not in dims and value.get("batch", True):
            dims = (N, *dims)
        return TensorSpec(dims, value.get("dtype", self.dtype)), value.get("range")

    def plan(self, **params):
        """The plan of a graph with the one node `node`, and its problems; `params` are further arguments."""
        inputs = tuple((name, spec) for name, (spec, _) in self.tensors.items())
        given = {**self.params, **params}
        node = Node(
            "node", self.entry.name, given, tuple(self.inputs.items()), path=("node",), arguments_path=("node",)
        )
        return infer_plan(Graph(inputs, (node,), (("output", Ref("node")),)))

    def outcome(self):
        """What the node is said to give."""
        plan, problems = self.plan()
        assert problems == []
        return plan.steps[0].outcome

    def build(self, seed=0):
        """The network, in eval mode."""
        plan, problems = self.plan()
        assert problems == []
        torch.manual_seed(seed)
        return DAGNet(plan, {"node": plan.steps[0].recipe()}).eval()

    def feed(self, batch=3, seed=0):
        """Tensors by name."""
        generator = torch.Generator().manual_seed(seed)
        return {name: make_tensor(spec, limits, batch, generator) for name, (spec, limits) in self.tensors.items()}

    def arguments(self, fed):
        """The tensors of `fed` in the structure that the ports take."""
        return {port: _fill(value, fed) for port, value in self.inputs.items()}

    def arc(self):
        """The same network as an arc, or None where an arc cannot say it (other dtypes, batch axes, tuples)."""
        shapes = {}
        for name, (spec, _) in self.tensors.items():
            if spec.dtype != self.dtype or spec.shape[:1] != (N,):
                return None
            shapes[name] = list(spec.shape[1:])
        ports = [port.name for port in self.entry.ports if not port.keyword]
        takes = {port.takes for port in self.entry.ports if port.name in self.inputs}
        if takes == {"any"} and any(isinstance(value, tuple) for value in self.inputs.values()):
            return None
        if list(self.inputs) != ports[: len(self.inputs)] or self.entry.port(ports[0]) is None:
            return None
        return {
            "dag_in_shape": shapes,
            "node": {"type": self.entry.name, **self.params, "in_names": list(shapes)},
        }


def is_shape(value):
    """Whether an input of an example is one tensor."""
    if isinstance(value, dict):
        return "shape" in value
    return all(dim is None or isinstance(dim, (int, str)) for dim in value)


def make_tensor(spec, limits, batch, generator):
    """A tensor of a spec, its values in a range if one is given."""
    sizes = [dim.size(batch) if isinstance(dim, BatchDim) else dim for dim in spec.shape]
    dtype = getattr(torch, spec.dtype)
    if not dtype.is_floating_point:
        low, high = limits or (0, 2)
        return torch.randint(low, high, sizes, generator=generator).to(dtype)
    if limits is None:
        return torch.randn(sizes, generator=generator, dtype=dtype)
    low, high = limits
    return torch.rand(sizes, generator=generator, dtype=dtype) * (high - low) + low


def _fill(value, fed):
    if isinstance(value, Ref):
        return fed[value.name]
    if isinstance(value, dict):
        return {key: _fill(item, fed) for key, item in value.items()}
    return [_fill(item, fed) for item in value]
