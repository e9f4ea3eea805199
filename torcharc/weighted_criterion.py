"""A weighted sum of losses over named outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from torcharc.errors import InputError, Problem, did_you_mean

# losses that compare element with element: shapes that broadcast are a mistake there
ELEMENTWISE = (
    nn.BCELoss,
    nn.BCEWithLogitsLoss,
    nn.HingeEmbeddingLoss,
    nn.HuberLoss,
    nn.KLDivLoss,
    nn.L1Loss,
    nn.MSELoss,
    nn.PoissonNLLLoss,
    nn.SmoothL1Loss,
    nn.SoftMarginLoss,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """One term of a sum.

    Attributes:
        name: Its name, which no other term has.
        weight: Its factor.
        inputs: Where the loss's arguments come from, in order: `("outputs", name)` or
            `("targets", name)`.
    """

    name: str
    weight: float
    inputs: tuple[tuple[str, str], ...]


class WeightedCriterion(nn.Module):
    """A weighted sum of losses over named outputs and targets.

    Args:
        parts: The terms, each with its loss.

    Attributes:
        reshape_targets: Whether a target gets the shape of the output that it is compared with, where
            the loss compares element with element and they differ in axes of size 1 alone: `(N,)`
            that of `(N, 1)`.
    """

    def __init__(self, parts: Sequence[tuple[Term, nn.Module]]):
        super().__init__()
        self.reshape_targets = False
        self.losses = nn.ModuleList(loss for _, loss in parts)
        self._terms = tuple(term for term, _ in parts)

    def forward(self, outputs: Mapping[str, Tensor] | Tensor, targets: Mapping[str, Tensor] | Tensor) -> Tensor:
        """The sum of the terms, each times its weight: a scalar.

        Args:
            outputs: What the model gave, by name; or the tensor itself, where the terms take one output.
            targets: What it should have given, by name; or the tensor itself.

        Raises:
            InputError: If a name is missing, or the shapes of a term differ where they must not.
        """
        values = self.terms(outputs, targets)
        weighted = [term.weight * values[term.name] for term in self._terms]
        return sum(weighted[1:], start=weighted[0])

    def terms(
        self, outputs: Mapping[str, Tensor] | Tensor, targets: Mapping[str, Tensor] | Tensor
    ) -> dict[str, Tensor]:
        """The terms without their weights, by name; see `forward`."""
        tensors = {"outputs": self._name("outputs", outputs), "targets": self._name("targets", targets)}
        problems = [problem for term in self._terms for problem in _check_names(term, tensors)]
        if problems:
            raise InputError(dict.fromkeys(problems))
        values = {}
        for term, loss in zip(self._terms, self.losses, strict=True):
            arguments = [tensors[source][name] for source, name in term.inputs]
            if (
                self.reshape_targets
                and isinstance(loss, ELEMENTWISE)
                and _squeeze(arguments[0]) == _squeeze(arguments[1])
            ):
                arguments[1] = arguments[1].reshape(arguments[0].shape)
            _check_shapes(term, loss, arguments)
            value = loss(*arguments)
            values[term.name] = getattr(value, "loss", value)  # AdaptiveLogSoftmaxWithLoss gives (output, loss)
        return values

    def _name(self, source: str, given: Any) -> Any:
        """`given` by the one name that the terms take from `source`, where it is a tensor and they take one."""
        names = {name for term in self._terms for place, name in term.inputs if place == source}
        return {names.pop(): given} if isinstance(given, Tensor) and len(names) == 1 else given

    def extra_repr(self) -> str:
        texts = []
        for term, loss in zip(self._terms, self.losses, strict=True):
            arguments = ", ".join(".".join(place) for place in term.inputs)
            texts.append(f"terms: {term.name} = {term.weight:g} * {type(loss).__name__}({arguments})")
        return "\n".join(texts)


def _check_names(term: Term, tensors: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for source, name in term.inputs:
        given = tensors[source]
        if not isinstance(given, Mapping):
            expected = "a mapping from names to tensors"
            problems.append(Problem((source,), f"a {type(given).__name__}", expected, code="not-a-mapping"))
        elif name not in given:
            names = ", ".join(repr(key) for key in given) or "nothing"
            expected = f"the name {name!r}, which the term {term.name!r} takes"
            problems.append(Problem((source,), names, expected, did_you_mean(name, given), "missing-key"))
    return problems


def _squeeze(tensor: Tensor) -> list[int]:
    """The sizes of a tensor, those of 1 left out."""
    return [size for size in tensor.shape if size != 1]


def _check_shapes(term: Term, loss: nn.Module, arguments: Sequence[Tensor]) -> None:
    if not isinstance(loss, ELEMENTWISE) or arguments[0].shape == arguments[1].shape:
        return
    (source, name), (other, target) = term.inputs
    found, expected = tuple(arguments[0].shape), tuple(arguments[1].shape)
    rule = f"the shape of {other}.{target}, {expected}: {type(loss).__name__} compares element with element"
    raise InputError(Problem((source, name), f"shape {found}", rule, code="shape"))
