"""The feed-forward layer of a transformer, and the activations it may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from torcharc.arguments import read_arguments, read_signature
from torcharc.errors import Path, Problem, missing_key, wrong_choice

Activation = Callable[[Tensor], Tensor]

# not among them: GLU halves the size, Softmax2d needs images, MultiheadAttention is no activation
_CLASSES = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.LogSigmoid,
    nn.LogSoftmax, nn.Mish, nn.PReLU, nn.RReLU, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softmax, nn.Softmin,
    nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold,
)  # fmt: skip
CLASSES: dict[str, Callable[..., nn.Module]] = {cls.__name__: cls for cls in _CLASSES}
FUNCTIONS: dict[str, Activation] = {
    "celu": F.celu,
    "elu": F.elu,
    "gelu": F.gelu,
    "hardshrink": F.hardshrink,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "hardtanh": F.hardtanh,
    "leaky_relu": F.leaky_relu,
    "logsigmoid": F.logsigmoid,
    "mish": F.mish,
    "relu": F.relu,
    "relu6": F.relu6,
    "selu": F.selu,
    "sigmoid": F.sigmoid,
    "silu": F.silu,
    "softplus": F.softplus,
    "softshrink": F.softshrink,
    "softsign": F.softsign,
    "tanh": F.tanh,
    "tanhshrink": F.tanhshrink,
}
NAMES = [*FUNCTIONS, *CLASSES]


class PositionwiseFeedForward(nn.Module):
    """Two linear layers with an activation between them, the same at each time step.

    Vaswani et al. 2017, section 3.3.

    Args:
        d_model: D, the size of a time step.
        dim_feedforward: Size between the two layers.
        activation: A name, as `"relu"` or `"ReLU"`, or `{type, ...arguments}`.

    Example:
        >>> import torch
        >>> PositionwiseFeedForward(4, 16, activation="gelu")(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 3, 4])
    """

    def __init__(self, d_model: int, dim_feedforward: int = 2048, *, activation: str | Mapping[str, Any] = "relu"):
        super().__init__()
        self._linear1 = nn.Linear(d_model, dim_feedforward)
        self._linear2 = nn.Linear(dim_feedforward, d_model)
        self._activation = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """The result `(..., D)` for `x` `(..., D)`."""
        out: Tensor = self._linear2(self._activation(self._linear1(x)))
        return out


def make_activation(activation: str | Mapping[str, Any]) -> Activation:
    """The activation that the option names: a function for `"relu"`, else a new module of `torch.nn`.

    Args:
        activation: A name in `NAMES`, or `{type, ...arguments}`, as
            `{"type": "LeakyReLU", "negative_slope": 0.1}`. It has passed `check_activation`.
    """
    if isinstance(activation, str):
        return FUNCTIONS[activation] if activation in FUNCTIONS else CLASSES[activation]()
    arguments = dict(activation)
    made: Activation = _find_class(arguments.pop("type"))(**arguments)
    return made


def check_activation(activation: object, path: Path = ("activation",)) -> Iterator[Problem]:
    """The problems of the option `activation`: see `make_activation`."""
    if isinstance(activation, Mapping) and "type" not in activation:
        yield missing_key(path, "type")
        return
    given = dict(activation) if isinstance(activation, Mapping) else {}
    name = given.pop("type", activation)
    if not (isinstance(name, str) and name in NAMES):
        yield wrong_choice((*path, "type") if isinstance(activation, Mapping) else path, name, "an activation", NAMES)
        return
    yield from read_arguments(read_signature(_find_class(name)), given, path)[1]
    if name in ("LogSoftmax", "Softmax", "Softmin") and given.get("dim") is None:
        yield missing_key(path, "dim", f"{{type: {name}, dim: -1}}")


def _find_class(name: str) -> Callable[..., nn.Module]:
    """The class of `torch.nn` for a name in `NAMES`: `LeakyReLU` for `leaky_relu` too."""
    if name in CLASSES:
        return CLASSES[name]
    plain = name.replace("_", "")
    return next(cls for key, cls in CLASSES.items() if key.lower() == plain)
