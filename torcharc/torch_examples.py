"""Documented examples of the module classes of `torch.nn`: arguments and inputs that work.

An example is `{"params": {...}, "inputs": {port: input}}`. Arguments that the input determines are
left out. An input is one of

- `[dims]`: a tensor of the type's own dtype, the batch axis left out (where `"N"` stands among the
  dims, it is the batch axis);
- `{"shape": [dims], "dtype": "int64", "range": [low, high]}`: a tensor whose values lie in a range,
  `high` excluded for integers; with `"batch": False` it has no batch axis, as a weight;
- `[input, ...]` or `{name: input, ...}`: a list or a dict of tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Example = Mapping[str, Any]


def one(shape: Any, /, **params: Any) -> Example:
    """The example of a type with the one port `input`."""
    return {"params": params, "inputs": {"input": shape}}


def several(inputs: Mapping[str, Any], /, **params: Any) -> Example:
    """The example of a type with named ports."""
    return {"params": params, "inputs": inputs}


def integers(shape: list[Any], high: int) -> Mapping[str, Any]:
    """A tensor of integers from 0 up to `high`, which is excluded."""
    return {"shape": shape, "dtype": "int64", "range": [0, high]}


def within(shape: list[Any], low: float, high: float) -> Mapping[str, Any]:
    """A floating tensor with values from `low` to `high`."""
    return {"shape": shape, "range": [low, high]}


VECTOR = [6]
SEQUENCE = [5, 8]
SIGNAL = [4, 8]
IMAGE = [4, 6, 6]
VOLUME = [2, 6, 6, 6]
GRIDS = {1: SIGNAL, 2: IMAGE, 3: VOLUME}
PAIR = {"input": VECTOR, "target": VECTOR}
CLASSES = {"input": [5], "target": integers([], 5)}
SHARES = {"input": within(VECTOR, 0.1, 0.9), "target": within(VECTOR, 0.1, 0.9)}
SIGN = within([], 1, 1)
TRIPLET = {"anchor": VECTOR, "positive": VECTOR, "negative": VECTOR}

_ENCODER_LAYER = {
    "type": "TransformerEncoderLayer",
    "d_model": 8,
    "nhead": 2,
    "dim_feedforward": 16,
    "batch_first": True,
}
_DECODER_LAYER = {**_ENCODER_LAYER, "type": "TransformerDecoderLayer"}
_LAYER = {key: value for key, value in _ENCODER_LAYER.items() if key not in ("type", "d_model")}

_ACTIVATIONS = (
    "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid Mish PReLU RReLU ReLU ReLU6 SELU"
    " SiLU Sigmoid Softplus Softshrink Softsign Tanh Tanhshrink"
).split()


def _on_grids(name: str, **params: Any) -> dict[str, Example]:
    """The examples of `name` in one, two and three dimensions."""
    return {name.format(rank): one(shape, **params) for rank, shape in GRIDS.items()}


def _unpool(rank: int) -> Example:
    shape = [2, *[3] * rank]
    return several({"input": shape, "indices": integers(shape, 6**rank)}, kernel_size=2)


MODULES: dict[str, Example] = {
    # linear, convolution, embedding
    "Identity": one(VECTOR),
    "Linear": one(VECTOR, out_features=3),
    "LazyLinear": one(VECTOR, out_features=3),
    "Bilinear": several({"input1": [4], "input2": [5]}, out_features=3),
    "Embedding": one(integers([5], 10), num_embeddings=10, embedding_dim=4),
    "EmbeddingBag": one(integers([5], 10), num_embeddings=10, embedding_dim=4),
    **_on_grids("Conv{}d", out_channels=6, kernel_size=3),
    **_on_grids("LazyConv{}d", out_channels=6, kernel_size=3),
    **_on_grids("ConvTranspose{}d", out_channels=6, kernel_size=3),
    **_on_grids("LazyConvTranspose{}d", out_channels=6, kernel_size=3),
    # activations
    **{name: one(VECTOR) for name in _ACTIVATIONS},
    **{name: one(VECTOR, dim=-1) for name in ("Softmax", "Softmin", "LogSoftmax")},
    "Softmax2d": one(IMAGE),
    "Threshold": one(VECTOR, threshold=0.1, value=2.0),
    # normalization and dropout
    **_on_grids("BatchNorm{}d"),
    **_on_grids("LazyBatchNorm{}d"),
    **_on_grids("InstanceNorm{}d", affine=True),
    **_on_grids("LazyInstanceNorm{}d", affine=True),
    "SyncBatchNorm": one(IMAGE),
    "GroupNorm": one(IMAGE, num_groups=2),
    "LayerNorm": one(VECTOR),
    "RMSNorm": several({"x": VECTOR}),
    "LocalResponseNorm": one(IMAGE, size=2),
    "CrossMapLRN2d": one(IMAGE, size=3),
    **{name: one(VECTOR) for name in ("Dropout", "AlphaDropout", "FeatureAlphaDropout")},
    **_on_grids("Dropout{}d"),
    # pooling
    **_on_grids("MaxPool{}d", kernel_size=2),
    **_on_grids("AvgPool{}d", kernel_size=2),
    **_on_grids("LPPool{}d", norm_type=2, kernel_size=2),
    **_on_grids("AdaptiveAvgPool{}d", output_size=3),
    **_on_grids("AdaptiveMaxPool{}d", output_size=3),
    "FractionalMaxPool2d": one(IMAGE, kernel_size=2, output_size=3),
    "FractionalMaxPool3d": one(VOLUME, kernel_size=2, output_size=3),
    **{f"MaxUnpool{rank}d": _unpool(rank) for rank in GRIDS},
    # padding and reshaping
    **_on_grids("CircularPad{}d", padding=1),
    **_on_grids("ReflectionPad{}d", padding=1),
    **_on_grids("ReplicationPad{}d", padding=1),
    **_on_grids("ZeroPad{}d", padding=1),
    **_on_grids("ConstantPad{}d", padding=1, value=0.5),
    "Flatten": one(IMAGE),
    "Unflatten": one(VECTOR, dim=1, unflattened_size=[2, 3]),
    "Fold": one([8, 9], output_size=[4, 4], kernel_size=2),
    "Unfold": one(IMAGE, kernel_size=2),
    "PixelShuffle": one(IMAGE, upscale_factor=2),
    "PixelUnshuffle": one(IMAGE, downscale_factor=2),
    "ChannelShuffle": one(IMAGE, groups=2),
    "Upsample": one(IMAGE, scale_factor=2),
    "UpsamplingNearest2d": one(IMAGE, scale_factor=2),
    "UpsamplingBilinear2d": one(IMAGE, scale_factor=2),
    # recurrent and attention
    **{name: one(SEQUENCE, hidden_size=6, batch_first=True) for name in ("RNN", "GRU", "LSTM")},
    **{name: one(VECTOR, hidden_size=4) for name in ("RNNCell", "GRUCell", "LSTMCell")},
    "MultiheadAttention": several({"query": [5, 8], "key": [7, 8], "value": [7, 8]}, num_heads=2, batch_first=True),
    "TransformerEncoderLayer": several({"src": SEQUENCE}, **_LAYER),
    "TransformerDecoderLayer": several({"tgt": SEQUENCE, "memory": [7, 8]}, **_LAYER),
    "TransformerEncoder": several({"src": SEQUENCE}, encoder_layer=_ENCODER_LAYER, num_layers=2),
    "TransformerDecoder": several({"tgt": SEQUENCE, "memory": [7, 8]}, decoder_layer=_DECODER_LAYER, num_layers=2),
    "Transformer": several(
        {"src": [7, 8], "tgt": SEQUENCE}, d_model=8, num_encoder_layers=1, num_decoder_layers=1, **_LAYER
    ),
    # distances and losses
    "CosineSimilarity": several({"x1": VECTOR, "x2": VECTOR}),
    "PairwiseDistance": several({"x1": VECTOR, "x2": VECTOR}),
    **{name: several(PAIR) for name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "SoftMarginLoss")},
    "HingeEmbeddingLoss": several({"input": VECTOR, "target": within(VECTOR, 1, 1)}),
    "BCELoss": several(SHARES),
    "BCEWithLogitsLoss": several(SHARES),
    "MultiLabelSoftMarginLoss": several(SHARES),
    "KLDivLoss": several(SHARES, reduction="batchmean"),
    **{name: several(CLASSES) for name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss")},
    "LinearCrossEntropyLoss": several({"input": VECTOR, "target": integers([], 5)}, num_classes=5),
    "MultiLabelMarginLoss": several({"input": [5], "target": integers([5], 5)}),
    "AdaptiveLogSoftmaxWithLoss": several(
        {"input_": VECTOR, "target_": integers([], 9)}, n_classes=9, cutoffs=[3, 6], div_value=2.0
    ),
    "PoissonNLLLoss": several({"log_input": VECTOR, "target": within(VECTOR, 0, 4)}),
    "GaussianNLLLoss": several({**PAIR, "var": within(VECTOR, 0.5, 2)}),
    "CosineEmbeddingLoss": several({"input1": VECTOR, "input2": VECTOR, "target": SIGN}),
    "MarginRankingLoss": several({"input1": VECTOR, "input2": VECTOR, "target": within(VECTOR, 1, 1)}),
    "TripletMarginLoss": several(TRIPLET),
    "TripletMarginWithDistanceLoss": several(TRIPLET),
    "CTCLoss": several(
        {
            "log_probs": within([12, "N", 5], -3, -0.1),
            "targets": {"shape": [4], "dtype": "int64", "range": [1, 5]},
            "input_lengths": {"shape": [], "dtype": "int64", "range": [12, 13]},
            "target_lengths": {"shape": [], "dtype": "int64", "range": [4, 5]},
        }
    ),
}
