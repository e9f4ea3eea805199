"""Text and sequence architectures: whole models, and the blocks that they are made of.

All are registered types: a spec names them, `{type: TransformerBlock, n_heads: 8, d_ff: 2048}`.
"""

from torcharc.module.cnn_features import CNNFeatureExtractor
from torcharc.module.conv1d_block import Conv1DBlock, ResidualBlock
from torcharc.module.lstm_attention import LSTMWithAttention
from torcharc.module.positional_encoding import PositionalEncoding
from torcharc.module.relative_attention import MultiHeadAttentionWithRelativePosition
from torcharc.module.sequence_attention import ConcatAttention, DotProductAttention, GeneralAttention
from torcharc.module.transformer_block import TransformerBlock
from torcharc.zoo.text_models.factory import MODEL_CONFIGS, ModelFactory
from torcharc.zoo.text_models.hierarchical import HierarchicalAttentionNetwork
from torcharc.zoo.text_models.hybrid import CNNLSTMHybrid, TransformerCNN
from torcharc.zoo.text_models.multi_task import MultiTaskModel
from torcharc.zoo.text_models.residual_cnn import DeepResidualCNN
from torcharc.zoo.text_models.transformer import CustomTransformer

__all__ = [
    "MODEL_CONFIGS",
    "CNNFeatureExtractor",
    "CNNLSTMHybrid",
    "ConcatAttention",
    "Conv1DBlock",
    "CustomTransformer",
    "DeepResidualCNN",
    "DotProductAttention",
    "GeneralAttention",
    "HierarchicalAttentionNetwork",
    "LSTMWithAttention",
    "ModelFactory",
    "MultiHeadAttentionWithRelativePosition",
    "MultiTaskModel",
    "PositionalEncoding",
    "ResidualBlock",
    "TransformerBlock",
    "TransformerCNN",
]
