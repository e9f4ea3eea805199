"""Entry: all that torcharc knows of one type, read from the class itself where it can be."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import torch

from torcharc.arguments import Signature, read_signature
from torcharc.errors import Problem
from torcharc.graph import Graph, Struct
from torcharc.rules import Rule

Axis = int | Literal["shape", "shapes"] | tuple[str, int]
"""Where an argument's value is found in the input shapes, batch axis included: an axis of the
first tensor, its whole shape without the batch (`"shape"`), all such shapes by name
(`"shapes"`), or an axis of the tensor at a named port."""

# arguments that the input determines, by the names that torch.nn gives them
INFERRED: dict[str, Axis] = {
    "in_features": -1,
    "in1_features": ("input1", -1),
    "in2_features": ("input2", -1),
    "in_channels": 1,
    "num_features": 1,
    "num_channels": 1,
    "normalized_shape": -1,
    "input_size": -1,
    "embed_dim": -1,
    "d_model": -1,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Port:
    """A named input of a type.

    Attributes:
        name: Argument name of `forward`, or of the function.
        required: Whether it must be fed.
        takes: `tensor`; `sequence` (a list of tensors as one argument); `mapping` (a dict of
            named tensors as one argument); `any` (whatever another node gives, tuples too).
        keyword: Whether it is passed by name, because a setting stands before it.
        spread: Whether its tensors are passed one by one, as `*tensors` takes them.
    """

    name: str
    required: bool = True
    takes: Literal["tensor", "sequence", "mapping", "any"] = "tensor"
    keyword: bool = False
    spread: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """What the registry holds for a type.

    Attributes:
        name: The type's canonical name.
        make: Gives a new module from keyword arguments.
        kind: `module`, `fork`, `merge`, `loss` or `function`.
        ports: What the forward call takes, in order.
        signature: What `make` takes.
        inferred: Arguments of `make` that the input shapes determine, and where.
        exact: Whether a given argument that differs from the inferred one is a mistake.
        input_dtype: The dtype of the first port, or a function of the arguments that gives it.
        states: The input that the arguments themselves state, for a module that stands alone.
        outputs: Names of the parts of a tuple output, or a function of the arguments that
            gives the names of a fork.
        rule: The outcome for given arguments and inputs in plain Python, where one is known.
        check: Yields the problems that arguments have with the inputs they meet, paths relative to
            the arguments.
        expand: Gives what a block runs for given params, and the problems of those; for kind `block`.
        plan: Plans a type that is made of modules of other types, in place of `planning.plan_module`.
        example: Arguments and input shapes that work, for the contract tests: `{"params": {...},
            "inputs": {port: [dims]}}`; `torch_examples` says how else an input is written.
        summary: One line that says what it is.
        defined: Where it is defined, as a dotted name.
    """

    name: str
    make: Callable[..., torch.nn.Module]
    kind: str
    ports: tuple[Port, ...]
    signature: Signature
    inferred: Mapping[str, Axis] = dataclasses.field(default_factory=dict)
    exact: bool = False
    input_dtype: str | Callable[[Mapping[str, Any]], str] = "float32"
    states: Callable[[Mapping[str, Any]], Struct] | None = None
    outputs: tuple[str, ...] | Callable[[Mapping[str, Any]], tuple[str, ...]] = ()
    rule: Rule | None = None
    check: Callable[[Mapping[str, Any], Mapping[str, Struct]], Iterable[Problem]] | None = None
    expand: Callable[[Mapping[str, Any]], tuple[Graph | None, list[Problem]]] | None = None
    plan: Callable[..., Any] | None = None
    example: Mapping[str, Any] | None = None
    summary: str = ""
    defined: str = ""

    def port(self, name: str) -> Port | None:
        """The port of that name."""
        return next((port for port in self.ports if port.name == name), None)


def make_entry(name: str, make: Callable[..., torch.nn.Module], **known: Any) -> Entry:
    """The entry of a module class or factory; what is not in `known` is read from it."""
    cls = make if isinstance(make, type) else None
    forward = getattr(cls, "forward", None)
    signature = known.pop("signature", None) or read_signature(make)
    settings = {
        "kind": "module",
        "ports": read_ports(forward) if forward is not None else (Port("input", takes="any"),),
        "inferred": {
            key: axis
            for key, axis in INFERRED.items()
            if key in signature.arguments and signature.arguments[key].required
        },
        "summary": (inspect.getdoc(make) or "").split("\n", 1)[0].strip(),
        "defined": f"{make.__module__}.{getattr(make, '__qualname__', type(make).__qualname__)}",
    }
    return Entry(name, make, signature=signature, **{**settings, **known})


def read_ports(forward: Callable[..., Any]) -> tuple[Port, ...]:
    """The tensor arguments of a `forward` method or a function, as ports.

    Arguments annotated as plain numbers, strings or switches are settings of the call, not ports.
    """
    try:
        parameters = list(inspect.signature(forward).parameters.values())
        hints = typing.get_type_hints(forward)
    except Exception:  # noqa: BLE001  # builtins without a signature, annotations that cannot be resolved
        parameters, hints = _bare_parameters(forward), {}
    ports: list[Port] = []
    settings = False
    for parameter in parameters:
        hint = hints.get(parameter.name)
        if parameter.name == "self" or parameter.kind is parameter.VAR_KEYWORD:
            continue
        if not _may_be_tensor(parameter, hint):
            settings = True
        elif parameter.kind is parameter.VAR_POSITIONAL:
            ports.append(Port(parameter.name, True, "sequence", spread=True))
        else:
            by_name = settings or parameter.kind is parameter.KEYWORD_ONLY
            ports.append(Port(parameter.name, parameter.default is parameter.empty, _takes(hint), by_name))
    return tuple(ports)


def _bare_parameters(forward: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        return []


def _may_be_tensor(parameter: inspect.Parameter, hint: Any) -> bool:
    plain = {bool, int, float, str}
    parts = set(typing.get_args(hint)) or {hint}
    if hint is not None and parts - {type(None)} <= plain:
        return False
    return hint is not None or not isinstance(parameter.default, (bool, int, float, str))


def _takes(hint: Any) -> Literal["tensor", "sequence", "mapping", "any"]:
    if hint is Any:
        return "any"
    origin = typing.get_origin(hint)
    if hint is dict or (isinstance(origin, type) and issubclass(origin, collections.abc.Mapping)):
        return "mapping"
    if isinstance(origin, type) and issubclass(origin, (list, collections.abc.Sequence)) and origin is not tuple:
        return "sequence"
    return "tensor"
