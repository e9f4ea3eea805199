"""Feature-wise linear modulation, with named tensors or with ports.

Perez et al. 2018, "FiLM: Visual Reasoning with a General Conditioning Layer".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, choices, did_you_mean, quote, unknown_keys
from torcharc.graph import N, Struct, TensorSpec
from torcharc.module.merge import fed_specs
from torcharc.registry import register
from torcharc.rules import Outcome

ROLES = ("feature", "conditioner")

_ROLES = {"feature": "a shape [C, ...]", "conditioner": "the shape [K] of a vector"}


def _read_roles(names: Any) -> dict[str, str]:
    if not isinstance(names, Mapping):
        raise ArgumentError(Problem(("names",), quote(names), "{feature: name, conditioner: name}"))
    missing = [role for role in ROLES if role not in names]
    problems = unknown_keys(("names",), names, ROLES, missing) if missing or len(names) > len(ROLES) else []
    problems += [
        Problem(("names", role), quote(names[role]), "the name of a tensor")
        for role in ROLES
        if role in names and not isinstance(names[role], str)
    ]
    if not problems and names["feature"] == names["conditioner"]:
        problems = [Problem(("names",), quote(dict(names)), "two tensors that differ")]
    if problems:
        raise ArgumentError(problems)
    return {role: names[role] for role in ROLES}


def _read_film_shapes(names: Mapping[str, str], shapes: Any) -> tuple[int, int]:
    """The feature's channels and the conditioner's width."""
    if not isinstance(shapes, Mapping):
        expected = "{name: [sizes]} of the feature and the conditioner"
        raise ArgumentError(Problem(("shapes",), quote(shapes), expected))
    problems, sizes = [], {}
    for role, name in names.items():
        shape: Any = shapes.get(name)
        is_shape = isinstance(shape, (list, tuple)) and bool(shape) and type(shape[0]) is int and shape[0] > 0
        if is_shape and (role == "feature" or len(shape) == 1):
            sizes[role] = shape[0]
        else:
            expected = f"{_ROLES[role]}, as {name!r} is the {role}"
            problems.append(Problem(("shapes", name), quote(shape), expected))
    if problems:
        raise ArgumentError(problems)
    return sizes["feature"], sizes["conditioner"]


def _check_film(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    fed = next(iter(structs.values()), None)
    names = arguments["names"]
    try:
        if not isinstance(fed, Mapping) or len(fed) != 2:
            return [_wrong_count(fed, names, structs)]
        roles = _read_roles(names)
    except ArgumentError as error:
        return list(error.problems)
    absent = [
        Problem(("names", role), quote(name), f"one of in_names: {choices(fed)}", did_you_mean(name, fed), "reference")
        for role, name in roles.items()
        if name not in fed
    ]
    return absent or _check_roles(roles, fed) or _check_shapes(roles, fed, arguments.get("shapes"))


def _wrong_count(fed: Any, names: Any, structs: Mapping[str, Struct]) -> Problem:
    count = len(fed_specs(structs))
    hint = ""
    if isinstance(fed, Mapping) and isinstance(names, Mapping) and set(fed) < set(map(str, names.values())):
        hint = f"write in_names: [{', '.join(map(str, names.values()))}]"
    expected = "2 tensors: the feature and the conditioner"
    return Problem(("in_names",), f"{count} tensor{'s' if count != 1 else ''}", expected, hint, "reference")


def _check_roles(roles: Mapping[str, str], fed: Mapping[str, Any]) -> list[Problem]:
    """Tensors that cannot play their role, by rank or because their first size is open."""
    problems = []
    for role, name in roles.items():
        shape = fed[name].sample_shape if isinstance(fed[name], TensorSpec) else ()
        if not shape or not isinstance(shape[0], int) or (role == "conditioner" and len(shape) > 1):
            found = f"{quote(name)} {fed[name]}" if isinstance(fed[name], TensorSpec) else quote(name)
            problems.append(Problem(("names", role), found, _ROLES[role], code="shape"))
    return problems


def _check_shapes(roles: Mapping[str, str], fed: Mapping[str, Any], shapes: Any) -> list[Problem]:
    """Given shapes that differ from what is fed."""
    right = {name: list(spec.sample_shape) for name, spec in fed.items()}
    if shapes == right:
        return []
    try:
        _read_film_shapes(roles, shapes)
    except ArgumentError as error:
        return list(error.problems)
    if {name: list(shape) if isinstance(shape, (list, tuple)) else shape for name, shape in shapes.items()} == right:
        return []
    return [Problem(("shapes",), quote(shapes), quote(right), "leave shapes out: they are inferred", "shape")]


def _film_rule(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
    names = arguments["names"]
    feature = inputs[0].get(names["feature"])
    channels, width = _read_film_shapes(names, arguments["shapes"])
    if not isinstance(feature, TensorSpec) or feature.dtype != "float32" or feature.shape[:2] != (N, channels):
        return None
    return Outcome(feature, 2 * (width + 1) * channels, 2 * width * channels)


@register(
    kind="merge",
    infer={"shapes": "shapes"},
    check=_check_film,
    rule=_film_rule,
    example={
        "params": {"names": {"feature": "image", "conditioner": "vector"}},
        "inputs": {"xs": {"image": [3, 5, 5], "vector": [8]}},
    },
)
class FiLMMerge(nn.Module):
    """Feature-wise linear modulation: scale(c) * f + shift(c), channel by channel.

    Perez et al. 2018, "FiLM: Visual Reasoning with a General Conditioning Layer".

    Args:
        names: Which of the tensors is the `feature`, and which the `conditioner`.
        shapes: Name → shape without the batch axis; inferred in a DAG.

    Shapes:
        feature `(N, C, *)`, conditioner `(N, K)` → `(N, C, *)`.

    Raises:
        ArgumentError: If `names` has other keys, or the conditioner is no vector.
        ValueError: At the call, if the two differ in batch size.

    Example:
        >>> import torch
        >>> film = FiLMMerge({"feature": "x", "conditioner": "c"}, {"x": [3, 5, 5], "c": [8]})
        >>> film({"x": torch.zeros(2, 3, 5, 5), "c": torch.zeros(2, 8)}).shape
        torch.Size([2, 3, 5, 5])
    """

    feature_name: str
    conditioner_name: str

    def __init__(self, names: dict[str, str], shapes: dict[str, list[int]]):
        super().__init__()
        roles = _read_roles(names)
        channels, width = _read_film_shapes(roles, shapes)
        # plain values: `nn.Module.__setattr__` would only look for what they are not
        self.__dict__.update(feature_name=roles["feature"], conditioner_name=roles["conditioner"])
        self.conditioner_scale = nn.Linear(width, channels)
        self.conditioner_shift = nn.Linear(width, channels)

    def forward(self, xs: dict[str, Tensor]) -> Tensor:
        """The modulated feature."""
        feature, conditioner = xs[self.feature_name], xs[self.conditioner_name]
        linears: Any = self._modules  # `self.conditioner_scale` asks `nn.Module.__getattr__`, which is slower
        return modulate(feature, linears["conditioner_scale"](conditioner), linears["conditioner_shift"](conditioner))


def modulate(feature: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """scale * feature + shift, over all axes of `feature` behind the channels.

    Raises:
        ValueError: If the batch sizes differ (a batch of 1 would be broadcast unseen).
    """
    axes = (feature.size(0), scale.size(1)) + (1,) * (feature.ndim - 2)  # (N, C, 1, ...)
    try:
        return scale.view(axes) * feature + shift.view(axes)
    except RuntimeError as error:
        if feature.size(0) == scale.size(0):
            raise
        found = f"the feature has a batch of {feature.size(0)}, the conditioner one of {scale.size(0)}"
        raise ValueError(found) from error


@register(
    "MergeFiLM",
    kind="merge",
    infer={"feature_dim": ("feature", 1), "conditioner_dim": ("conditioner", -1)},
    example={"params": {}, "inputs": {"feature": [3, 5, 5], "conditioner": [8]}},
)
class FiLM(nn.Module):
    """Feature-wise linear modulation with two ports: gamma(c) * f + beta(c).

    Args:
        feature_dim: Channels C of the feature.
        conditioner_dim: Width K of the conditioner.

    Shapes:
        feature `(N, C, *)`, conditioner `(N, K)` → `(N, C, *)`.

    Raises:
        ValueError: At the call, if the two differ in batch size.
    """

    def __init__(self, feature_dim: int, conditioner_dim: int):
        super().__init__()
        self.gamma = nn.Linear(conditioner_dim, feature_dim)
        self.beta = nn.Linear(conditioner_dim, feature_dim)

    def forward(self, feature: Tensor, conditioner: Tensor) -> Tensor:
        """The modulated feature."""
        return modulate(feature, self.gamma(conditioner), self.beta(conditioner))
