"""The settings of a training loop and the blocks that are kept: their keys, kinds and ranges."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from torcharc.arguments import Argument, Kind, Signature, read_arguments, read_value
from torcharc.criterion import read_reference
from torcharc.errors import Path, Problem, quote, wrong_choice
from torcharc.spec.numbers import read_number

RATES = ("lr", "learning_rate")

METRICS = (
    "accuracy", "precision", "recall", "f1_score", "f1", "auc", "auroc",
    "mse", "mae", "rmse", "r2_score", "r2",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """The values that a setting takes.

    Attributes:
        kind: Their kind.
        holds: Tells whether a number is in the range.
        rule: The range in words, where the kind does not say it.
    """

    kind: Kind
    holds: Callable[[float], bool] = lambda value: abs(value) < math.inf
    rule: str = ""


def _kind(*names: str, low: int | None = None, words: tuple[str, ...] = ()) -> Kind:
    return Kind(frozenset(names), low=low, words=words)


def _is_positive(value: float) -> bool:
    return 0 < value < math.inf


_POSITIVE = Setting(_kind("int", low=1))
_COUNT = Setting(_kind("int", low=0))
_SWITCH = Setting(_kind("bool"))
_TEXT = Setting(_kind("str"))
_CLIP = Setting(_kind("float", "null"), _is_positive, "a number above 0, or null")
RATE = Setting(_kind("float"), _is_positive, "a number above 0")

SETTINGS: dict[str, Setting] = {
    "epochs": _POSITIVE,
    "batch_size": _POSITIVE,
    "validation_split": Setting(_kind("float"), lambda value: 0 <= value < 1, "a number of at least 0 and below 1"),
    "shuffle": _SWITCH,
    "device": Setting(_kind("str", words=("auto", "cpu", "cuda", "mps"))),
    "num_workers": _COUNT,
    "pin_memory": _SWITCH,
    "checkpoint_every": Setting(_kind("int", "null", low=0)),
    "save_best_only": _SWITCH,
    "save_dir": Setting(_kind("str", "null")),
    "early_stopping_patience": Setting(_kind("int", "null", low=1)),
    "early_stopping_min_delta": Setting(_kind("float")),
    "early_stopping_monitor": _TEXT,
    "early_stopping_mode": Setting(_kind("str", words=("min", "max"))),
    "log_every": Setting(_kind("int", "null", low=0)),
    "verbose": _SWITCH,
    "gradient_clip_val": _CLIP,
    "gradient_clip_norm": _CLIP,
    "accumulate_grad_batches": _POSITIVE,
    "seed": Setting(_kind("int", "null")),
    "metrics": Setting(Kind(frozenset({"list"}), _kind("str"))),
    "target_output_key": _TEXT,
    "reshape_targets": _SWITCH,
}


def read_range(setting: Setting, value: Any, path: Path, scope: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
    """`value` made fit for `setting`, and the problem that it has there; `scope` holds the bound names."""
    own = quote(value)  # the user's words, where a string was read as a number
    plain, problems = read_number(value, setting.kind, path, scope)
    if problems:
        return value, [dataclasses.replace(one, found=own) for one in problems]
    plain, problems = read_value(setting.kind, plain, path)
    number = isinstance(plain, (int, float)) and not isinstance(plain, bool)
    if not problems and number and not setting.holds(plain):
        problems = [Problem(path, quote(value), setting.rule or "a finite number", code="value")]
    return plain, [dataclasses.replace(one, found=own, expected=setting.rule or one.expected) for one in problems]


def read_setting(
    name: str, value: Any, path: Path, scope: Mapping[str, Any], outputs: Collection[str] | None
) -> tuple[Any, list[Problem]]:
    """The setting `name`, and its problems; `outputs` names the network's outputs, where they are known."""
    if name == "metrics":
        return value, check_metrics(value, path)
    plain, problems = read_range(SETTINGS[name], value, path, scope)
    if name == "target_output_key" and not problems:
        (_, plain), problems = read_reference(value, "input", path, outputs)
    return plain, problems


def check_metrics(value: Any, path: Path) -> list[Problem]:
    """The problems of a list of metrics, or of one metric."""
    words = value if isinstance(value, (list, tuple)) else [value]
    places = [(*path, index) for index in range(len(words))] if isinstance(value, (list, tuple)) else [path]
    return [
        wrong_choice(place, word, "a metric", METRICS)
        for word, place in zip(words, places, strict=True)
        if word not in METRICS
    ]


def _block(*required: str, **optional: Kind) -> Signature:
    text = Kind(frozenset({"str"}))
    arguments = {name: Argument(name, text) for name in required}
    return Signature(arguments | {name: Argument(name, kind, required=False) for name, kind in optional.items()})


_LABEL = Kind(frozenset({"int", "float", "str"}))
_WHO = ("name", "model_id", "dataset", "target_column")
_EVALUATOR = {"metrics": Kind(), "version": _LABEL, "output_name": Kind(frozenset({"str"}))}
EVALUATOR_KEYS = (*_WHO, *_EVALUATOR)
PREDICTOR_KEYS = ("name", "model_id", "model_version", "outputs", "returns")
FEATURE_KEYS = ("feature_columns", "target_columns", "processors")


def check_evaluator(block: Mapping[str, Any], path: Path) -> list[Problem]:
    """The problems of an evaluator: beside a model it may hold metrics alone; else it says what it evaluates."""
    alone = not any(name in block for name in _WHO)
    signature = _block(*_WHO, **_EVALUATOR)
    _, problems = read_arguments(signature, block, path, filled=_WHO if alone else ())
    if block.get("metrics") is not None:
        problems += check_metrics(block["metrics"], (*path, "metrics"))
    return problems


def check_predictor(block: Mapping[str, Any], path: Path) -> list[Problem]:
    """The problems of a predictor: `returns`, or `name`, `model_id`, `model_version` and `outputs`."""
    return read_arguments(_block(**dict.fromkeys(PREDICTOR_KEYS, Kind())), block, path)[1]


def check_features(block: Mapping[str, Any], path: Path) -> list[Problem]:
    """The problems of a description of features: its keys alone."""
    return read_arguments(_block(**dict.fromkeys(FEATURE_KEYS, Kind())), block, path)[1]


KEPT: dict[str, Callable[[Mapping[str, Any], Path], list[Problem]]] = {
    "evaluator": check_evaluator,
    "predictor": check_predictor,
    "features": check_features,
}
