"""Models by name and configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from torcharc.arguments import read_arguments, read_signature
from torcharc.errors import ArgumentError, Problem, choices, did_you_mean, quote
from torcharc.zoo.text_models.hierarchical import HierarchicalAttentionNetwork
from torcharc.zoo.text_models.hybrid import CNNLSTMHybrid, TransformerCNN
from torcharc.zoo.text_models.multi_task import MultiTaskModel
from torcharc.zoo.text_models.residual_cnn import DeepResidualCNN
from torcharc.zoo.text_models.transformer import CustomTransformer

MODEL_CONFIGS: dict[str, dict[str, Any]] = {
    "transformer": {
        "vocab_size": 30000,
        "d_model": 512,
        "n_layers": 6,
        "n_heads": 8,
        "d_ff": 2048,
        "dropout": 0.1,
    },
    "cnn_lstm": {
        "vocab_size": 30000,
        "embed_dim": 300,
        "hidden_dims": [128, 256, 512],
        "kernel_sizes": [3, 4, 5],
        "lstm_hidden_size": 256,
        "num_classes": 10,
        "dropout": 0.1,
        "bidirectional": True,
    },
    "transformer_cnn": {
        "vocab_size": 30000,
        "d_model": 512,
        "n_layers": 4,
        "n_heads": 8,
        "d_ff": 2048,
        "cnn_hidden_dims": [256, 512],
        "cnn_kernel_sizes": [3, 5],
        "num_classes": 10,
        "dropout": 0.1,
    },
    "multi_task": {
        "vocab_size": 12000,
        "d_model": 384,
        "n_layers": 3,
        "n_heads": 6,
        "d_ff": 1536,
        "task_configs": {
            "sentiment": {"num_classes": 3, "type": "classification"},
            "topic": {"num_classes": 5, "type": "classification"},
            "readability": {"num_classes": 1, "type": "regression"},
            "quality": {"num_classes": 1, "type": "regression"},
        },
        "dropout": 0.1,
    },
    "hierarchical": {
        "vocab_size": 8000,
        "embed_dim": 200,
        "hidden_size": 128,
        "num_classes": 4,
        "num_sentences": 25,
        "dropout": 0.2,
    },
    "residual_cnn": {
        "input_dim": 300,
        "hidden_dims": [64, 128, 256, 512],
        "num_classes": 6,
        "num_residual_blocks": 3,
        "dropout": 0.15,
    },
}
"""A configuration for each of the factory's models."""


class ModelFactory:
    """Makes the text models by name.

    Attributes:
        models: The class by name.
    """

    models: Mapping[str, Callable[..., nn.Module]] = {
        "transformer": CustomTransformer,
        "cnn_lstm": CNNLSTMHybrid,
        "transformer_cnn": TransformerCNN,
        "multi_task": MultiTaskModel,
        "hierarchical": HierarchicalAttentionNetwork,
        "residual_cnn": DeepResidualCNN,
    }

    @classmethod
    def create_model(cls, model_type: str, config: Mapping[str, Any]) -> nn.Module:
        """A new model.

        Args:
            model_type: A name in `models`.
            config: The arguments of its class; it stays as it is. `MODEL_CONFIGS` has one for each.

        Raises:
            ArgumentError: If the name is not known; or with all problems of the configuration.

        Example:
            >>> config = {**MODEL_CONFIGS["residual_cnn"], "hidden_dims": [8]}
            >>> sum(p.numel() for p in ModelFactory.create_model("residual_cnn", config).parameters())
            8586
        """
        model = cls.models.get(model_type) if isinstance(model_type, str) else None
        if model is None:
            found, hint = f"Unknown model type: {quote(model_type)}", did_you_mean(model_type, cls.models)
            raise ArgumentError(Problem(("model_type",), found, f"one of: {choices(cls.models)}", hint, "choice"))
        if not isinstance(config, Mapping):
            raise ArgumentError(Problem(("config",), quote(config), f"the arguments of {model_type}", code="value"))
        values, problems = read_arguments(read_signature(model), config, ("config",))
        if not problems:
            try:
                return model(**values)
            except ArgumentError as error:
                problems = [problem.under("config") for problem in error.problems]
        raise ArgumentError(dataclasses.replace(problem, source=model_type) for problem in problems)
