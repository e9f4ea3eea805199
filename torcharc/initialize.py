"""Initialization: the `init` key of a node, checked, then applied to the node's weights."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from torcharc.arguments import Kind, read_arguments, read_signature, read_value
from torcharc.errors import Path, Problem, missing_type, quote, unknown_keys, wrong_choice
from torcharc.fans import PER, fan_of, weight_beside

# initializers that take tensors of certain ranks only
_RANKS = {"eye_": (2,), "sparse_": (2,), "dirac_": (3, 4, 5)}

_ANY_RANK = ("constant_", "normal_", "ones_", "trunc_normal_", "uniform_", "zeros_")

PARTS = ("weight", "bias")
"""The keys of an `init` that tells weights and biases apart."""

_GAINS = {name.replace("_", ""): name for name in ("tanh", "relu", "leaky_relu", "selu", "sigmoid")}


@dataclasses.dataclass(frozen=True, slots=True)
class Init:
    """A checked initializer of `torch.nn.init` with its arguments.

    Attributes:
        name: Its name there.
        arguments: All of them but the tensor.
        per: What the values are divided by when they are drawn, one of `PER`; `""` for nothing.
    """

    name: str
    arguments: Mapping[str, Any]
    per: str = ""

    def apply(self, module: nn.Module) -> None:
        """Draws anew every weight of rank 2 or more below `module`.

        Touched are the weights of linear, convolution, embedding, recurrent and attention
        layers; never biases, normalization, nor anything below a module that sets `skip_init`.
        """
        for owner, weight in weights_below(module):
            if weight.is_meta:  # it holds no values, and drawing none takes long there
                continue
            self.draw(weight, weight)
            if isinstance(owner, nn.Embedding) and owner.padding_idx is not None:
                with torch.no_grad():
                    owner.weight[owner.padding_idx].fill_(0)

    def draw(self, values: torch.Tensor, weight: torch.Tensor) -> None:
        """Fills `values`, a weight or the bias beside it, whose layer has the fans of `weight`."""
        getattr(nn.init, self.name)(values, **self.arguments)
        if self.per:
            with torch.no_grad():
                values.div_(fan_of(weight, self.per))

    @property
    def is_picky(self) -> bool:
        """Whether the initializer takes weights of certain ranks only."""
        return self.name in _RANKS

    def check(self, module: nn.Module, path: Path) -> list[Problem]:
        """Problems with the weights of `module`: a rank that the initializer cannot take."""
        ranks = _RANKS.get(self.name)
        for _, weight in weights_below(module):
            if ranks and weight.ndim not in ranks:
                expected = f"weights of rank {' or '.join(map(str, ranks))}; there is one of rank {weight.ndim}"
                return [Problem(path, quote(self.name), expected, code="init")]
        return []


@dataclasses.dataclass(frozen=True, slots=True)
class PartInit:
    """Checked initializers for the weights and the biases of the same layers; None leaves them as they are."""

    weight: Init | None = None
    bias: Init | None = None

    @property
    def name(self) -> str:
        """The names of both."""
        return ", ".join(part.name for part in (self.weight, self.bias) if part)

    @property
    def is_picky(self) -> bool:
        """Whether the initializer of the weights takes certain ranks only."""
        return self.weight is not None and self.weight.is_picky

    def apply(self, module: nn.Module) -> None:
        """Draws anew the weights below `module`, and the biases of the layers that have them."""
        if self.weight is not None:
            self.weight.apply(module)
        if self.bias is not None:
            owners: dict[int, tuple[nn.Module, torch.Tensor]] = {}
            for owner, weight in weights_below(module):
                owners.setdefault(id(owner), (owner, weight))
            for owner, weight in owners.values():
                for name, parameter in owner.named_parameters(recurse=False):
                    if "bias" in name and not parameter.is_meta:
                        self.bias.draw(parameter, weight_beside(owner, name, weight))

    def check(self, module: nn.Module, path: Path) -> list[Problem]:
        """Problems with the weights of `module`."""
        return self.weight.check(module, (*path, "weight")) if self.weight is not None else []


def weights_below(module: nn.Module) -> Iterator[tuple[nn.Module, torch.Tensor]]:
    """The weights that an initializer touches, with the module that owns each."""
    if getattr(type(module), "skip_init", False):  # of the class: an instance that lacks it takes long to say so
        return
    for name, parameter in module._parameters.items():
        if parameter is not None and parameter.ndim >= 2 and _is_weight(module, name):
            yield module, parameter
    for child in module._modules.values():
        if child is not None:
            yield from weights_below(child)


def _is_weight(module: nn.Module, name: str) -> bool:
    if isinstance(module, (nn.Linear, nn.Bilinear, nn.modules.conv._ConvNd, nn.Embedding, nn.EmbeddingBag)):
        return name == "weight"
    if isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        return name.startswith("weight")
    attention = isinstance(module, nn.MultiheadAttention) and name.endswith("proj_weight")
    return attention or name in getattr(module, "init_names", ())


@functools.cache
def initializers() -> dict[str, Callable[..., Any]]:
    """The initializers of `torch.nn.init`, by name."""
    return {
        name: function
        for name, function in vars(nn.init).items()
        if name.endswith("_") and not name.startswith("_") and callable(function)
    }


def read_init(value: Any, activation: Any, path: Path) -> tuple[Init | PartInit | None, list[Problem]]:
    """The initializer that the key `init` names, fitted to the activation beside it.

    Args:
        value: A name in `torch.nn.init`, or `{type: name, ...arguments}`; or one for the weights
            and one for the biases: `{weight: ..., bias: ...}`. With `per: fan_in` (or another of
            `PER`) among the arguments, what is drawn is divided by the fan of its layer:
            `{type: uniform_, a: -2.4, b: 2.4, per: fan_in}`.
        activation: The value of the key `activation`, or None. An initializer with `gain` gets
            torch's gain for it, one with `nonlinearity` its name; what torch has no gain for
            leaves the initializer as it is.
        path: The place of `value` in the spec.

    Returns:
        The initializer, or None where there is none or it is faulty; and the problems.
    """
    if isinstance(value, Mapping) and "type" not in value and any(part in value for part in PARTS):
        problems = unknown_keys(path, value, PARTS)
        weight, faults = _read_one(value.get("weight"), activation, (*path, "weight"))
        bias, more = _read_one(value.get("bias"), None, (*path, "bias"))
        problems += faults + more
        if bias is not None and bias.name not in _ANY_RANK:
            problems.append(wrong_choice((*path, "bias"), bias.name, "an initializer of vectors", _ANY_RANK))
        return (None, problems) if problems else (PartInit(weight, bias), [])
    if type(value) is str and (activation is None or type(activation) is str):
        known = _find_named(value, activation)
        if known is not None:
            return known, []
    return _read_one(value, activation, path)


@functools.lru_cache(maxsize=1024)
def _find_named(name: str, activation: str | None) -> Init | None:
    """The initializer `name` without arguments of its own, or None where it is faulty."""
    return _read_one(name, activation, ())[0]


def _read_one(value: Any, activation: Any, path: Path) -> tuple[Init | None, list[Problem]]:
    """One initializer, or None where there is none or it is faulty; and the problems."""
    if value is None:
        return None, []
    arguments = dict(value) if isinstance(value, Mapping) else {"type": value}
    if "type" not in arguments:
        return None, [missing_type(path, arguments)]
    name = arguments.pop("type")
    if not isinstance(name, str) or name not in initializers():
        place = (*path, "type") if isinstance(value, Mapping) else path
        return None, [wrong_choice(place, name, "an initializer of torch.nn.init", initializers())]
    signature = read_signature(initializers()[name]).without("tensor", "generator")
    per = arguments.pop("per", None)
    values, problems = read_arguments(signature, arguments, path, extra=["type", "per"])
    if per is not None and per not in PER:
        problems.append(wrong_choice((*path, "per"), per, "what the values are divided by", PER))
    if name == "sparse_" and "sparsity" in values:
        _, wrong = read_value(Kind(frozenset({"float"}), low=0, high=1), values["sparsity"], (*path, "sparsity"))
        problems += wrong
    for key, choice in (("mode", ("fan_in", "fan_out")), ("nonlinearity", tuple(_NONLINEARITIES))):
        told = any(problem.path == (*path, key) for problem in problems)
        if key in values and key in signature.arguments and values[key] not in choice and not told:
            _, wrong = read_value(Kind(frozenset({"str"}), words=tuple(choice)), values[key], (*path, key))
            problems += wrong
    if problems:
        return None, problems
    return Init(name, {**_fit(signature.arguments, activation), **values}, per or ""), []


_NONLINEARITIES = (
    "linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d sigmoid tanh relu leaky_relu selu"
).split()


def _fit(known: Mapping[str, Any], activation: Any) -> dict[str, Any]:
    """The arguments that suit an activation: `gain`, or `nonlinearity` and `a`."""
    settings = activation if isinstance(activation, Mapping) else {"type": activation}
    name = str(settings.get("type")).rsplit(".", 1)[-1].lower()
    nonlinearity = _GAINS.get(name.replace("_", ""))
    if nonlinearity is None:
        return {}
    slope = settings.get("negative_slope", 0.01) if nonlinearity == "leaky_relu" else None
    if slope is not None and type(slope) not in (int, float):
        return {}
    if "gain" in known:
        return {"gain": nn.init.calculate_gain(nonlinearity, slope)}  # type: ignore[arg-type]
    if "nonlinearity" in known:
        return {"nonlinearity": nonlinearity, **({} if slope is None else {"a": slope})}
    return {}
