"""Feature-wise linear modulation, with named tensors or with ports.

Perez et al. 2018, "FiLM: Visual Reasoning with a General Conditioning Layer".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from torcharc.errors import ArgumentError, Problem, choices, quote
from torcharc.graph import N, Struct, TensorSpec
from torcharc.module.merge import fed_specs
from torcharc.registry import register
from torcharc.rules import Outcome

FEATURE_AND_CONDITIONER = {"feature": "feature", "conditioner": "conditioner"}


def _read_roles(names: Any) -> dict[str, str]:
    problem = None
    if not isinstance(names, Mapping):
        problem = Problem(("names",), quote(names), "{feature: name, conditioner: name}")
    elif set(names) != {"feature", "conditioner"}:
        found = f"the keys {choices(map(str, names))}" if names else "{}"
        problem = Problem(("names",), found, "the two keys: conditioner, feature")
    elif names["feature"] == names["conditioner"]:
        problem = Problem(("names",), quote(dict(names)), "two tensors that differ")
    if problem:
        raise ArgumentError(problem)
    return {role: names[role] for role in ("feature", "conditioner")}


def _read_film_shapes(names: Mapping[str, str], shapes: Any) -> tuple[int, int]:
    """The feature's channels and the conditioner's width."""
    wrong = not isinstance(shapes, Mapping)
    problems = [Problem(("shapes",), quote(shapes), "{name: [sizes]} of the feature and the conditioner")] if wrong else []
    sizes = {}
    for role, name in names.items():
        shape = shapes.get(name) if not wrong else None
        is_shape = isinstance(shape, (list, tuple)) and bool(shape) and type(shape[0]) is int and shape[0] > 0
        if is_shape and (role == "feature" or len(shape) == 1):
            sizes[role] = shape[0]
        elif not wrong:
            expected = "a shape [C, ...]" if role == "feature" else "the shape [K] of a vector"
            problems.append(Problem(("shapes", name), quote(shape), f"{expected}, as {name!r} is the {role}"))
    if problems:
        raise ArgumentError(problems)
    return sizes["feature"], sizes["conditioner"]


def _check_film(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> list[Problem]:
    fed = next(iter(structs.values()), None)
    if not isinstance(fed, Mapping) or len(fed) != 2:
        count = len(fed_specs(structs))
        expected = "2 tensors: the feature and the conditioner"
        return [Problem(("in_names",), f"{count} tensor{'s' if count != 1 else ''}", expected, code="reference")]
    try:
        names = _read_roles(arguments.get("names", FEATURE_AND_CONDITIONER))
        absent = [
            Problem(("names", role), quote(name), f"one of in_names: {choices(fed)}", code="reference")
            for role, name in names.items()
            if name not in fed
        ]
        if absent:
            return absent
        _read_film_shapes(names, {name: list(fed[name].sample_shape) for name in names.values()})
    except ArgumentError as error:
        return list(error.problems)
    fed_shapes = {name: list(fed[name].sample_shape) for name in fed}
    given = {name: list(shape) for name, shape in arguments["shapes"].items()}
    if given != fed_shapes:
        hint = "leave shapes out: they are inferred"
        return [Problem(("shapes",), quote(arguments["shapes"]), quote(fed_shapes), hint, "shape")]
    return []


def _film_rule(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
    names = arguments.get("names", FEATURE_AND_CONDITIONER)
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
        >>> film = FiLMMerge({"feature": "x", "conditioner": "c"}, {"x": [3, 5, 5], "c": [8]})
        >>> film({"x": torch.zeros(2, 3, 5, 5), "c": torch.zeros(2, 8)}).shape
        torch.Size([2, 3, 5, 5])
    """

    def __init__(self, names: dict[str, str] = FEATURE_AND_CONDITIONER, *, shapes: dict[str, list[int]]):  # noqa: B006
        super().__init__()
        roles = _read_roles(names)
        channels, width = _read_film_shapes(roles, shapes)
        self.feature_name = roles["feature"]
        self.conditioner_name = roles["conditioner"]
        self.conditioner_scale = nn.Linear(width, channels)
        self.conditioner_shift = nn.Linear(width, channels)

    def forward(self, xs: dict[str, Tensor]) -> Tensor:
        """The modulated feature."""
        feature, conditioner = xs[self.feature_name], xs[self.conditioner_name]
        return modulate(feature, self.conditioner_scale(conditioner), self.conditioner_shift(conditioner))


def modulate(feature: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """scale * feature + shift, over all axes of `feature` behind the channels.

    Raises:
        ValueError: If the batch sizes differ (a batch of 1 would be broadcast unseen).
    """
    if feature.shape[0] != scale.shape[0]:
        raise ValueError(f"the feature has a batch of {feature.shape[0]}, the conditioner one of {scale.shape[0]}")
    axes = scale.shape + (1,) * (feature.ndim - 2)  # (N, C, 1, ...)
    return scale.view(axes) * feature + shift.view(axes)


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
