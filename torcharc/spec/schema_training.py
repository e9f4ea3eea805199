"""JSON Schema of what a spec says of training: losses, optimizer, settings; and of what is kept."""

from __future__ import annotations

from typing import Any

from torcharc.spec.schema_types import Definitions
from torcharc.spec.schema_values import LATER, Schema, mapping, ref
from torcharc.spec.training import METADATA
from torcharc.spec.training_optimizer import KEYS as OPTIMIZER_KEYS
from torcharc.spec.training_settings import EVALUATOR_KEYS, FEATURE_KEYS, METRICS, PREDICTOR_KEYS, RATES, SETTINGS

_RATE = {"type": ["number", "string"]}
_NAME = {"type": ["string", "null"]}


def add_training(definitions: Definitions) -> dict[str, Schema]:
    """The schemas of the keys at the top of a spec that say how to train; what they need is defined."""
    settings = {name: definitions.value(setting.kind, worded=True) for name, setting in SETTINGS.items()}
    metrics = {"anyOf": [{"enum": list(METRICS)}, {"type": "array", "items": {"enum": list(METRICS)}}, ref(LATER)]}
    settings |= {"metrics": metrics, **dict.fromkeys(RATES, _RATE)}
    config = _closed(settings)
    definitions.schemas |= {
        "loss": _loss(),
        "losses": {"anyOf": [ref("loss"), {"type": "array", "minItems": 1, "items": ref("loss")}, ref(LATER)]},
        "optimizer": _optimizer(),
        "config": config,
    }
    parts = {
        "loss": {"anyOf": [ref("losses"), {"type": "null"}]},
        "optimizer": ref("optimizer"),
        "config": ref("config"),
    }
    block = _closed({**parts, "model_ref": True, **settings})
    definitions.schemas["training"] = block
    kept = {
        "evaluator": _closed({**dict.fromkeys(EVALUATOR_KEYS, True), "metrics": metrics}),
        "predictor": _closed(dict.fromkeys(PREDICTOR_KEYS, True)),
        "features": _closed(dict.fromkeys(FEATURE_KEYS, True)),
    }
    blocks = {"trainer": ref("training"), "training": ref("training")}
    return {**parts, **blocks, **kept, **{key: {} for key in METADATA}}


def _closed(properties: dict[str, Any]) -> Schema:
    """A mapping with these keys alone, or null."""
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


def _loss() -> Schema:
    properties = {
        "type": {"type": "string"},
        "inputs": mapping(required=False),
        "params": mapping(required=False),
        "weight": {"type": ["number", "string", "null"]},
        "name": {"type": ["string", "null"]},
    }
    whole = {"type": "object", "required": ["type"], "properties": properties, "additionalProperties": False}
    return {"description": "a loss: its name, or {type, inputs, params, weight}", "anyOf": [{"type": "string"}, whole]}


def _optimizer() -> Schema:
    properties: dict[str, Any] = {key: {} for key in OPTIMIZER_KEYS}
    properties |= {"type": {"type": "string"}, **dict.fromkeys(RATES, _RATE)}
    properties |= {key: mapping(required=False) for key in ("params", "config")}
    whole = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"description": "an optimizer: its name, or {type, lr, params}", "anyOf": [_NAME, whole]}
