"""Small text models, for tests that run the same law over several of them."""

import torch

from torcharc.zoo.text import (
    CNNLSTMHybrid,
    CustomTransformer,
    DeepResidualCNN,
    HierarchicalAttentionNetwork,
    MultiTaskModel,
    TransformerCNN,
)

VOCABULARY = 30
ENCODER = {"vocab_size": VOCABULARY, "d_model": 8, "n_layers": 2, "n_heads": 2, "d_ff": 16}
HYBRID = {"vocab_size": VOCABULARY, "embed_dim": 6, "hidden_dims": [4, 7], "kernel_sizes": [2, [3, 4]]}
TASKS = {
    "topic": {"num_classes": 3},
    "tags": {"num_classes": 2, "type": "sequence"},
    "quality": {"type": "regression"},
}


def ids(*shape):
    return torch.randint(0, VOCABULARY, shape)


def exact(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def transformer(**options):
    return CustomTransformer(**{**ENCODER, **options})


def cnn_lstm(**options):
    return CNNLSTMHybrid(**{**HYBRID, "lstm_hidden_size": 5, "num_classes": 3, **options})


def transformer_cnn(**options):
    stages = {"cnn_hidden_dims": [4, 7], "cnn_kernel_sizes": [2, [3, 4]]}
    return TransformerCNN(**{**ENCODER, **stages, "num_classes": 3, **options})


def multi_task(**options):
    return MultiTaskModel(**{**ENCODER, "task_configs": TASKS, **options})


def hierarchical(**options):
    sizes = {"vocab_size": VOCABULARY, "embed_dim": 6, "hidden_size": 4, "num_classes": 3}
    return HierarchicalAttentionNetwork(**{**sizes, **options})


def residual_cnn(**options):
    return DeepResidualCNN(**{"input_dim": 5, "hidden_dims": [4, 6], "num_classes": 3, **options})


def count(module):
    return sum(p.numel() for p in module.parameters())
