"""The losses by name, torch.nn's and registered ones, and their arguments: lists of weights become tensors."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from torcharc.arguments import Kind, Signature, read_signature, read_value
from torcharc.catalog import Catalog, spell
from torcharc.entry import Entry
from torcharc.errors import Path, Problem, quote
from torcharc.registry import registered

FUNCTIONALS = {
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "cosine_embedding_loss": "CosineEmbeddingLoss",
    "cross_entropy": "CrossEntropyLoss",
    "ctc_loss": "CTCLoss",
    "gaussian_nll_loss": "GaussianNLLLoss",
    "hinge_embedding_loss": "HingeEmbeddingLoss",
    "huber_loss": "HuberLoss",
    "kl_div": "KLDivLoss",
    "l1_loss": "L1Loss",
    "margin_ranking_loss": "MarginRankingLoss",
    "mse_loss": "MSELoss",
    "multi_margin_loss": "MultiMarginLoss",
    "multilabel_margin_loss": "MultiLabelMarginLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss",
    "nll_loss": "NLLLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "smooth_l1_loss": "SmoothL1Loss",
    "soft_margin_loss": "SoftMarginLoss",
    "triplet_margin_loss": "TripletMarginLoss",
    "triplet_margin_with_distance_loss": "TripletMarginWithDistanceLoss",
}
SHORT = {"mse": "MSELoss", "mae": "L1Loss", "l1": "L1Loss"}

# words for the ports of a loss; a registered module with a target is a loss
INPUT_WORDS = ("input", "pred", "predictions")
TARGET_WORDS = ("target", "targets")

NUMBER = Kind(frozenset({"float"}))
WEIGHTS = Kind(frozenset({"float", "list"}), NUMBER)


def _read_signature(cls: Callable[..., Any]) -> Signature:
    signature = read_signature(cls)
    reduction = signature.arguments.get("reduction")
    if reduction is None or not cls.__module__.startswith("torch."):
        return signature
    words = ("none", "mean", "sum", "batchmean") if cls is nn.KLDivLoss else ("none", "mean", "sum")
    kind = Kind(frozenset({"str"}), words=words)  # torch looks at the word in the first call only
    return Signature({**signature.arguments, "reduction": dataclasses.replace(reduction, kind=kind)})


def _list_losses() -> dict[str, type[nn.Module]]:
    members = vars(nn).items()
    return {name: cls for name, cls in members if name.endswith("Loss") and issubclass(cls, nn.Module)}


def _list_spellings(names: Iterable[str]) -> dict[str, str]:
    spellings = spell(names, ("", "nn.", "torch.nn.", "core."))
    for prefix in ("", "f.", "nn.functional.", "torch.nn.functional.", "core."):
        spellings |= {prefix + short: name for short, name in FUNCTIONALS.items()}
    return spellings | {prefix + short: name for short, name in SHORT.items() for prefix in ("", "core.")}


def _list_registered() -> dict[str, Callable[..., Any]]:
    """The registered types that are losses: of that kind, or fed a prediction and a target."""
    return {name: entry.make for name, entry in registered().items() if _is_loss(entry)}


def _is_loss(entry: Entry) -> bool:
    names = [port.name for port in entry.ports]
    fed = len(names) > 1 and names[0] in INPUT_WORDS and any(name in TARGET_WORDS for name in names)
    return entry.kind == "loss" or (entry.kind == "module" and fed)


_TYPES = _list_losses()
LOSSES = Catalog("a loss", _TYPES, _list_spellings(_TYPES), _read_signature, _list_registered)


def list_ports(cls: Callable[..., Any]) -> dict[str, bool]:
    """The ports of a loss in order, and whether each must be fed; `(input, target)` where they are not known."""
    entry = next((entry for entry in registered().values() if entry.make is cls), None)
    if entry is not None:
        ports = {port.name: port.required for port in entry.ports if not port.keyword}
        return ports if len(ports) > 1 else {"input": True, "target": True}
    forward: Any = cls.forward if isinstance(cls, type) else cls  # type: ignore[attr-defined]
    return {name.rstrip("_"): True for name in inspect.signature(forward).parameters if name != "self"}


def list_tensors(signature: Signature) -> list[str]:
    """Those of `weight` and `pos_weight` that a loss takes as a tensor."""
    arguments = (signature.arguments.get(name) for name in ("weight", "pos_weight"))
    return [argument.name for argument in arguments if argument is not None and "tensor" in argument.kind.names]


def read_weights(given: Mapping[str, Any], signature: Signature, path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """`given` with `weight` and `pos_weight` as float32 tensors (None where faulty), and their problems.

    A registered loss whose `weight` is a number keeps it as one.
    """
    values = dict(given)
    problems = []
    for name in list_tensors(signature):
        if given.get(name) is not None and not isinstance(given[name], Tensor):
            values[name], found = _make_tensor(given[name], (*path, name))
            problems += found
    return values, problems


def _make_tensor(value: Any, path: Path) -> tuple[Tensor | None, list[Problem]]:
    numbers, problems = _read_numbers(WEIGHTS, value, path)
    if problems:
        return None, problems
    try:
        return torch.tensor(numbers, dtype=torch.float32), []
    except (ValueError, TypeError, OverflowError, RuntimeError):
        return None, [Problem(path, quote(value), "numbers that fit a tensor: lists of equal length", code="value")]


def _read_numbers(kind: Kind, value: Any, path: Path) -> tuple[Any, list[Problem]]:
    """`value` with its numbers read, however deep; `kind` is what it may be if it is no list."""
    if not isinstance(value, list):
        return read_value(kind, value, path)
    if not value:
        return value, [Problem(path, "[]", "at least one number", code="empty")]
    results = [_read_numbers(NUMBER, item, (*path, index)) for index, item in enumerate(value)]
    return [item for item, _ in results], [problem for _, found in results for problem in found]
