"""`build_training`: from the training part of a spec to a criterion and an optimizer."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from torch import nn
from torch.optim import Optimizer

from torcharc.criterion import build_criterion
from torcharc.dagnet import DAGNet
from torcharc.errors import Path, Problem, SpecError, missing_key, quote, unknown_keys
from torcharc.optim import build_optimizer
from torcharc.spec.form import find_form
from torcharc.spec.load import Loaded, load_spec
from torcharc.spec.override import apply_overrides
from torcharc.spec.training import (
    TRAINING_KEYS,
    Training,
    list_roots,
    read_block_scope,
    read_training,
)
from torcharc.spec.training_settings import SETTINGS
from torcharc.weighted_criterion import WeightedCriterion

Made = TypeVar("Made")

GRAPH_KEYS = ("inputs", "graph", "outputs", "modules", "vars", "require", "model")


@dataclasses.dataclass(frozen=True, slots=True)
class TrainingSetup:
    """What a training loop needs besides network and data.

    Attributes:
        criterion: Called with `(outputs, targets)`, both by name; or both as tensors, where the
            losses compare one output with one target. Gives a scalar.
        optimizer: The optimizer of the network; None if no network was given.
        settings: `epochs`, `batch_size`, ... as the spec states them.
        evaluator: The spec's evaluator as it stands there, or None.
        predictor: The spec's predictor as it stands there, or None.
        metadata: `name`, `version`, `features`, ... as they stand in the spec.
    """

    criterion: nn.Module
    optimizer: Optimizer | None
    settings: dict[str, Any]
    evaluator: Any = None
    predictor: Any = None
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)


def build_training(
    spec: Mapping[str, Any] | str | os.PathLike[str],
    model: nn.Module | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    vars: Mapping[str, Any] | None = None,
    **variables: Any,
) -> TrainingSetup:
    """Criterion, optimizer and settings that a spec states for training.

    Args:
        spec: A whole spec, or a training document alone, as a Mapping or a path: `loss`,
            `optimizer` and `config` at the top, in `trainer` or in `training`; beside the nodes of
            an arc, or beside `modules` and `graph`, in `training` alone. A loss is a name,
            `{type, inputs: {input: <output>, target: <column>}, params, weight}`, or a list of
            those, summed by weight; an optimizer is a name or `{type, lr, params}`. It is never
            changed.
        model: The network to be trained; without it there is a criterion alone.
        overrides: As for `build`.
        vars: As for `build`.
        variables: As for `build`.

    Returns:
        The setup, which holds the rest of the block as it stands.

    Raises:
        SpecError: With all problems of the training part: no loss, one that compares what is no
            output, unknown types and keys, numbers out of range, a setting that two places state
            differently.

    Example:
        >>> import torch, torcharc
        >>> net = torcharc.build({"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [1]}})
        >>> setup = build_training({"loss": "mse", "optimizer": "adam", "config": {"epochs": 3}}, net)
        >>> x, y = torch.rand(4, 8), torch.rand(4, 1)
        >>> for _ in range(setup.settings["epochs"]):
        ...     loss = setup.criterion(net(x), y)
        ...     setup.optimizer.zero_grad()
        ...     loss.backward()
        ...     setup.optimizer.step()
    """
    loaded = apply_overrides(load_spec(spec), overrides) if overrides else load_spec(spec)
    if not isinstance(loaded.spec, Mapping):
        expected = "a mapping with the keys loss and optimizer"
        raise SpecError(loaded.place(Problem((), quote(loaded.spec), expected, code="not-a-mapping")))
    given = load_spec({**(vars or {}), **variables}).spec
    training, problems = _read(loaded.spec, _find_outputs(loaded.spec, model), given)
    if training is not None:
        problems += _list_missing(training, loaded.spec, model)
    if training is None or problems:
        raise SpecError([loaded.place(problem) for problem in problems])
    criterion = _make(lambda: build_criterion(training.criterion), ("criterion",), training, loaded)
    if isinstance(criterion, WeightedCriterion):
        criterion.reshape_targets = training.settings.get("reshape_targets", False)
    optimizer = None
    if model is not None:
        optimizer = _make(lambda: build_optimizer(training.optimizer, model), ("optimizer",), training, loaded)
    kept = (training.settings, training.evaluator, training.predictor, training.metadata)
    return TrainingSetup(criterion, optimizer, *kept)


def _read(
    spec: Mapping[str, Any], outputs: Collection[str] | None, variables: Mapping[str, Any]
) -> tuple[Training | None, list[Problem]]:
    """The training part of a spec in any format, or None; and its problems."""
    if find_form(spec) is not None:
        scope, problems = read_block_scope(spec, variables)
        part = {key: spec[key] for key in ("training",) if key in spec}
        return (None, problems) if problems else read_training(part, outputs, scope=scope)
    training, problems = read_training(spec, outputs, variables=variables)
    return training, [*_check_keys(spec), *problems]


def _check_keys(spec: Mapping[str, Any]) -> list[Problem]:
    """The problems of the keys at the top; a setting there has a place of its own."""
    problems = unknown_keys((), spec, (*GRAPH_KEYS, *TRAINING_KEYS))
    return [
        dataclasses.replace(problem, hint=f"write {problem.path[-1]!r} under `config`")
        if problem.path[-1] in SETTINGS
        else problem
        for problem in problems
    ]


def _list_missing(training: Training, spec: Mapping[str, Any], model: nn.Module | None) -> list[Problem]:
    """The problems that there is no loss, or no optimizer for a network."""
    path: Path = next(((key,) for key in ("training", "trainer") if spec.get(key)), ())
    missing = [] if training.criterion else ["loss"]
    if model is not None and "type" not in training.optimizer:
        missing.append("optimizer")
    return [missing_key(path, key) for key in missing]


def _find_outputs(spec: Mapping[str, Any], model: nn.Module | None) -> Collection[str] | None:
    """The names of the outputs, by the spec, the spec of the network, or the network; None if not known.

    The one tensor that an arc leaves has no name that its author chose.
    """
    graph = model.graph if isinstance(model, DAGNet) else None
    for source in (spec, getattr(model, "spec", None)):
        for root, _ in list_roots(source) if isinstance(source, Mapping) else ():
            if isinstance(root.get("outputs"), Mapping):
                return [name for name in root["outputs"] if isinstance(name, str)]
    return [name for name, _ in graph.outputs] if graph is not None and graph.form == "dict" else None


def _make(build: Callable[[], Made], own: Path, training: Training, loaded: Loaded) -> Made:
    """What `build` makes; its problems as they stand in the user's spec."""
    try:
        return build()
    except SpecError as error:
        problems = [loaded.place(_move(problem, own, training.places)) for problem in error.problems]
        raise SpecError(problems) from error.__cause__


def _move(problem: Problem, own: Path, places: Mapping[Path, Path]) -> Problem:
    """`problem`, seen from the place in the user's spec that the part `own` was read from."""
    path = (*own, *problem.path)
    size = next((size for size in range(len(path), 0, -1) if path[:size] in places), 0)
    return dataclasses.replace(problem, path=(*places.get(path[:size], ()), *path[size:]))
