"""The reference arcs, as data: what an arc can say, from one layer to a multimodal Perceiver.

`REF_ARCS` holds every arc by name; each is a value of its own, free to be changed.
"""

from __future__ import annotations

import json
from typing import Any

Arc = dict[str, Any]

_CONV = {
    "layers": [[16, 4, 2, 0, 1], [16, 4, 1, 0, 1]],
    "batch_norm": True,
    "activation": "ReLU",
    "dropout": 0.2,
    "init": "kaiming_uniform_",
}
_MLP = {"layers": [64, 32], "batch_norm": True, "activation": "ReLU", "dropout": 0.2}
_FILM = {
    "type": "FiLMMerge",
    "in_names": ["image", "vector"],
    "names": {"feature": "image", "conditioner": "vector"},
}
_MEAN_STD = {"type": "SplitFork", "shapes": {"mean": [4], "std": [4]}}

_SINGLE: dict[str, Arc] = {
    "Conv1d": {"type": "Conv1d", "in_shape": [3, 20], **_CONV},
    "Conv2d": {"type": "Conv2d", "in_shape": [3, 20, 20], **_CONV},
    "Conv3d": {"type": "Conv3d", "in_shape": [3, 20, 20, 20], **_CONV},
    "Linear": {"type": "Linear", "in_features": 8, **_MLP, "init": {"type": "normal_", "std": 0.01}},
    "ConvTranspose2d": {
        "type": "ConvTranspose2d",
        "in_shape": [16, 5, 5],
        "layers": [[8, 4, 2, 1], [3, 4, 2, 1]],
        "activation": "ReLU",
        "init": "xavier_uniform_",
    },
}

_TRANSFORMER = {
    "d_model": 64,
    "nhead": 8,
    "num_encoder_layers": 4,
    "num_decoder_layers": 4,
    "dropout": 0.2,
    "dim_feedforward": 2048,
    "activation": "relu",
    "in_embedding": "Linear",
    "pe": "sinusoid",
    "attention_size": None,
    "in_channels": 1,
    "out_channels": 1,
    "q": 8,
    "v": 8,
    "chunk_mode": None,
}

_TRANSFORMERS: dict[str, Arc] = {
    "tstransformer": {"type": "TSTransformer", **_TRANSFORMER},
    "pytorch_tstransformer": {"type": "PTTSTransformer", **_TRANSFORMER},
}

_DAGS: dict[str, Arc] = {
    "forward": {"dag_in_shape": [8], "type": "Linear", **_MLP, "init": "kaiming_uniform_"},
    "ConcatMerge": {
        "dag_in_shape": {"vector_0": [4], "vector_1": [6], "vector_2": [8]},
        "type": "ConcatMerge",
        "in_names": ["vector_0", "vector_1", "vector_2"],
    },
    "FiLMMerge": {"dag_in_shape": {"image": [3, 20, 20], "vector": [8]}, **_FILM},
    "ReuseFork": {"dag_in_shape": [8], "type": "ReuseFork", "names": ["reuse_0", "reuse_1"]},
    "SplitFork": {"dag_in_shape": [8], **_MEAN_STD},
    "merge_fork": {
        "dag_in_shape": {"vector_0": [8], "vector_1": [16]},
        "merge": {
            "type": "FiLMMerge",
            "in_names": ["vector_0", "vector_1"],
            "names": {"feature": "vector_0", "conditioner": "vector_1"},
        },
        "split": _MEAN_STD,
    },
    "fork_merge": {
        "dag_in_shape": [8],
        "fork": _MEAN_STD,
        "merge": {
            "type": "FiLMMerge",
            "in_names": ["mean", "std"],
            "names": {"feature": "mean", "conditioner": "std"},
        },
    },
    "reuse_fork_forward": {
        "dag_in_shape": [8],
        "fork": {"type": "ReuseFork", "names": ["left", "right"]},
        "forward_left": {"type": "Linear", "in_names": ["left"], "out_features": 8},
        "forward_right": {"type": "Linear", "in_names": ["right"], "out_features": 6},
    },
    "split_fork_forward": {
        "dag_in_shape": [8],
        "fork": {"type": "SplitFork", "shapes": {"left": [4], "right": [4]}},
        "forward_left": {"type": "Linear", "in_names": ["left"], "out_features": 8},
        "forward_right": {"type": "Linear", "in_names": ["right"], "out_features": 6},
    },
    "merge_forward_split": {
        "dag_in_shape": {"image": [3, 20, 20], "vector": [8]},
        "merge": _FILM,
        "Flatten": {"type": "Flatten"},
        "Linear": {"type": "Linear", "out_features": 8},
        "fork": _MEAN_STD,
    },
    "hydra": {
        "dag_in_shape": {"image": [3, 20, 20], "vector": [8]},
        "image": {"type": "Conv2d", "in_names": ["image"], **_CONV},
        "merge": _FILM,
        "Flatten": {"type": "Flatten"},
        "Linear": {"type": "Linear", **_MLP, "init": "kaiming_uniform_"},
        "out": {"type": "Linear", "out_features": 8},
        "fork": _MEAN_STD,
    },
}

_RESIDUAL = {
    "fork": {"type": "ReuseFork", "names": ["x", "skip"]},
    "norm": {"type": "LayerNorm"},
    "hidden": {"type": "Linear", "layers": [64], "activation": "GELU"},
    "back": {"type": "Linear", "out_features": 32},
    "sum": {"type": "SumMerge", "in_names": ["x", "skip"]},
}

_NEW: dict[str, Arc] = {
    # a carried tensor is a skip connection: the fork's `skip` waits until the sum takes it
    "residual_mlp": {
        "dag_in_shape": {"x": [16]},
        "embed": {"type": "Linear", "out_features": 32},
        **{f"{name}_{block}": node for block in range(2) for name, node in _RESIDUAL.items()},
        "head": {"type": "Linear", "out_features": 4},
    },
    # recommendation: a tower for each side, their dot product is the score
    "two_tower": {
        "dag_in_shape": {"user": [24], "item": [40]},
        "user_tower": {"type": "Linear", "in_names": ["user"], "layers": [64, 32], "activation": "ReLU"},
        "item_tower": {"type": "Linear", "in_names": ["item"], "layers": [64, 32], "activation": "ReLU"},
        "score": {"type": "DotMerge", "in_names": ["user", "item"]},
    },
    "autoencoder": {
        "dag_in_shape": [1, 28, 28],
        "encoder": {
            "type": "Conv2d",
            "layers": [[16, 3, 2, 1], [32, 3, 2, 1]],
            "batch_norm": True,
            "activation": "ReLU",
        },
        "flat": {"type": "Flatten"},
        "code": {"type": "Linear", "out_features": 16},
        "wide": {"type": "Linear", "layers": [1568], "activation": "ReLU"},
        "grid": {"type": "Rearrange", "pattern": "n (c h w) -> n c h w", "h": 7, "w": 7},
        "decoder": {"type": "ConvTranspose2d", "layers": [[16, 4, 2, 1], [1, 4, 2, 1]], "activation": "Sigmoid"},
    },
    # 48 hours of 3 channels give the next 12 of one: LSTM, its last step, a linear head
    "forecaster": {
        "dag_in_shape": {"series": [48, 3]},
        "lstm": {"type": "LSTM", "hidden_size": 32, "num_layers": 2, "batch_first": True},
        "last": {"type": "torch.select", "dim": 1, "index": -1},
        "head": {"type": "Linear", "out_features": 12},
    },
    # both eyes through one convolution: `conv~right` runs the weights of `conv` again
    "stereo_conv": {
        "dag_in_shape": {"left": [3, 32, 32], "right": [3, 32, 32]},
        "conv": {
            "type": "Conv2d",
            "in_names": ["left"],
            "layers": [[16, 4, 2], [32, 4, 2]],
            "batch_norm": True,
            "activation": "ReLU",
        },
        "conv~right": {"in_names": ["right"]},
        "join": {"type": "ConcatMerge", "in_names": ["left", "right"]},
        "pool": {"type": "AdaptiveAvgPool2d", "output_size": 1},
        "flat": {"type": "Flatten"},
        "head": {"type": "Linear", "out_features": 10},
    },
    # two heads on one image and the sums of its rows and columns: the demo trains it
    "digits_hydra": {
        "dag_in_shape": {"image": [1, 8, 8], "sums": [16]},
        "image": {
            "type": "Conv2d",
            "in_names": ["image"],
            "layers": [[32, 3, 1, 1], [64, 3, 1, 1]],
            "batch_norm": True,
            "activation": "ReLU",
            "init": "kaiming_uniform_",
        },
        "film": {
            "type": "FiLMMerge",
            "in_names": ["image", "sums"],
            "names": {"feature": "image", "conditioner": "sums"},
        },
        "pool": {"type": "MaxPool2d", "kernel_size": 2},
        "flat": {"type": "Flatten"},
        "trunk": {
            "type": "Linear",
            "layers": [128],
            "batch_norm": True,
            "activation": "ReLU",
            "dropout": 0.3,
            "init": "kaiming_uniform_",
        },
        "heads": {"type": "ReuseFork", "names": ["digit", "ink"]},
        "digit": {"type": "Linear", "in_names": ["digit"], "out_features": 10},
        "ink": {"type": "Linear", "in_names": ["ink"], "out_features": 1},
    },
}

_IMAGE = {"type": "FourierPreprocessor", "num_freq_bands": 64, "max_reso": [224, 224], "cat_pos": True}
_VECTOR = {"type": "FourierPreprocessor", "num_freq_bands": 16, "max_reso": [31], "cat_pos": True}
_TEXT = {"type": "TextPreprocessor", "vocab_size": 1024, "embed_dim": 256, "max_seq_len": 512}
_IMAGE_VECTOR = {"type": "MultimodalPreprocessor", "arc": {"image": _IMAGE, "vector": _VECTOR}, "pad_channels": 2}
_IMAGE_VECTOR_SHAPES = {"image": [224, 224, 3], "vector": [31, 2]}

# Jaegle et al. 2021, ImageNet: a block of 6 layers applied 8 times
_VISION_ENCODER = {
    "type": "PerceiverEncoder",
    "latent_shape": [512, 1024],
    "head_dim": 1024,
    "v_head_dim": None,
    "cross_attn_num_heads": 1,
    "cross_attn_widening_factor": 1,
    "num_self_attn_blocks": 8,
    "num_self_attn_per_block": 6,
    "self_attn_num_heads": 8,
    "self_attn_widening_factor": 1,
    "dropout_p": 0.0,
}
# the same paper, language modelling, made smaller: 26 layers applied once
_SEQUENCE_ENCODER = {
    **_VISION_ENCODER,
    "latent_shape": [256, 160],
    "head_dim": 32,
    "v_head_dim": 160,
    "cross_attn_num_heads": 8,
    "num_self_attn_blocks": 1,
    "num_self_attn_per_block": 26,
}
_VISION_DECODER = {
    "type": "PerceiverDecoder",
    "out_shape": [1, 1024],
    "head_dim": 1024,
    "v_head_dim": None,
    "cross_attn_num_heads": 1,
    "cross_attn_widening_factor": 1,
    "dropout_p": 0.0,
}
_SEQUENCE_DECODER = {
    **_VISION_DECODER,
    "out_shape": [512, 160],
    "head_dim": 32,
    "v_head_dim": 96,
    "cross_attn_num_heads": 8,
}
_MODES_DECODER = {**_SEQUENCE_DECODER, "out_shape": [641, 160]}
_MODES = {
    "type": "MultimodalPostprocessor",
    "in_shapes": {"classifier": [1, 160], "ts_1": [512, 160], "ts_2": [128, 160]},
    "arc": {
        "classifier": {"type": "ClassificationPostprocessor", "out_dim": 10},
        "ts_1": {"type": "ProjectionPostprocessor", "out_dim": 4},
        "ts_2": {"type": "ProjectionPostprocessor", "out_dim": 4},
    },
}


def _perceiver(preprocessor: Arc, encoder: Arc, decoder: Arc, postprocessor: Arc, **shape: Any) -> Arc:
    parts = {"preprocessor": preprocessor, "encoder": encoder, "decoder": decoder, "postprocessor": postprocessor}
    return {"type": "Perceiver", **shape, "arc": parts}


def _classify(out_dim: int) -> Arc:
    return {"type": "ClassificationPostprocessor", "out_dim": out_dim}


_SERIES: Arc = {"type": "Identity"}
_TEXT_DECODER = {**_VISION_DECODER, "out_shape": [512, 256], "head_dim": 256}

_PERCEIVERS: dict[str, Arc] = {
    "perceiver_im_classifer": _perceiver(
        _IMAGE, _VISION_ENCODER, _VISION_DECODER, _classify(10), in_shape=[224, 224, 3]
    ),
    "perceiver_im2text": _perceiver(_IMAGE, _VISION_ENCODER, _TEXT_DECODER, _classify(1024), in_shape=[224, 224, 3]),
    "perceiver_text2text": _perceiver(_TEXT, _SEQUENCE_ENCODER, _SEQUENCE_DECODER, _classify(1024), in_shape=[512]),
    "perceiver_ts2ts": _perceiver(
        _SERIES,
        _SEQUENCE_ENCODER,
        _SEQUENCE_DECODER,
        {"type": "ProjectionPostprocessor", "out_dim": 1},
        in_shape=[512],
    ),
    "perceiver_ts2classifier_ts": _perceiver(
        _SERIES, _SEQUENCE_ENCODER, _SEQUENCE_DECODER, _classify(2), in_shape=[512]
    ),
    "perceiver_ts2multimodal": _perceiver(_SERIES, _SEQUENCE_ENCODER, _MODES_DECODER, _MODES, in_shape=[512]),
    "perceiver_multimodal2classifier": _perceiver(
        _IMAGE_VECTOR, _VISION_ENCODER, _VISION_DECODER, _classify(10), in_shapes=_IMAGE_VECTOR_SHAPES
    ),
    "perceiver_multimodal2multimodal": _perceiver(
        _IMAGE_VECTOR, _VISION_ENCODER, _MODES_DECODER, _MODES, in_shapes=_IMAGE_VECTOR_SHAPES
    ),
}

# through JSON, so that no two arcs share a part
REF_ARCS: dict[str, Arc] = json.loads(json.dumps({**_SINGLE, **_TRANSFORMERS, **_DAGS, **_NEW, **_PERCEIVERS}))
