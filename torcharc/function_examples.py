"""Documented examples of tensor functions, in the notation of `torch_examples`."""

from __future__ import annotations

from torcharc.torch_examples import (
    CLASSES,
    IMAGE,
    PAIR,
    SEQUENCE,
    SHARES,
    SIGNAL,
    VECTOR,
    VOLUME,
    Example,
    integers,
    one,
    several,
    within,
)

_ELEMENTWISE = (
    "abs atan ceil cos cosh erf exp expm1 floor log_softmax neg positive reciprocal relu round selu sigmoid sign sin"
    " sinh softmax square tan tanh trunc detach clone"
).split()
_POSITIVE = "acosh lgamma log log10 log1p log2 rsqrt sqrt".split()
_ACTIVATIONS = (
    "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish relu relu6 rrelu selu"
    " sigmoid silu softplus softshrink softsign tanh tanhshrink"
).split()
_BINARY = "add sub mul div maximum minimum fmax fmin atan2 hypot logaddexp eq ne lt le gt ge isclose".split()
_REDUCTIONS = "mean sum prod amax amin std var argmax argmin logsumexp cumsum cumprod all any median".split()
_MASK = {"shape": VECTOR, "dtype": "bool", "range": [0, 2]}
_MATRIX = [4, 4]
_DIM = ("softmax", "log_softmax", "softmin")
_GRIDS = {1: SIGNAL, 2: IMAGE, 3: VOLUME}


def _weights(*shape: int) -> dict[str, object]:
    """A tensor without a batch axis."""
    return {"shape": list(shape), "batch": False}


_TORCH: dict[str, Example] = {
    **{name: one(VECTOR) for name in _ELEMENTWISE if name not in _DIM},
    **{name: one(VECTOR, dim=-1) for name in ("softmax", "log_softmax")},
    **{name: one(within(VECTOR, 1.5, 3)) for name in _POSITIVE},
    **{name: several({"input": VECTOR, "other": VECTOR}) for name in _BINARY},
    **{name: one(SEQUENCE, dim=1) for name in _REDUCTIONS},
    "max": one(SEQUENCE, dim=1),
    "min": one(SEQUENCE, dim=1),
    "norm": one(SEQUENCE, dim=1),
    "pow": one(within(VECTOR, 0.5, 2), exponent=2),
    "clamp": one(VECTOR, min=-1, max=1),
    "lerp": several({"input": VECTOR, "end": VECTOR}, weight=0.5),
    "addcmul": several({"input": VECTOR, "tensor1": VECTOR, "tensor2": VECTOR}),
    "where": several({"condition": _MASK, "input": VECTOR, "other": VECTOR}),
    "masked_fill": several({"input": VECTOR, "mask": _MASK}, value=0.0),
    "matmul": several({"input": [3, 4], "other": [4, 5]}),
    "bmm": several({"input": [3, 4], "mat2": [4, 5]}),
    "mm": several({"input": [4], "mat2": _weights(4, 5)}),
    "baddbmm": several({"input": [3, 5], "batch1": [3, 4], "batch2": [4, 5]}),
    "einsum": several({"operands": [[3, 4], [4, 5]]}, equation="bij,bjk->bik"),
    "cat": several({"tensors": [[3], [5]]}, dim=1),
    "stack": several({"tensors": [VECTOR, VECTOR]}, dim=1),
    "hstack": several({"tensors": [[3], [5]]}),
    "cdist": several({"x1": [4, 3], "x2": [5, 3]}),
    "cosine_similarity": several({"x1": VECTOR, "x2": VECTOR}),
    "bilinear": several({"input1": [4], "input2": [5], "weight": _weights(3, 4, 5)}),
    "reshape": one(VECTOR, shape=[-1, 2, 3]),
    "view": one(VECTOR, size=[-1, 2, 3]),
    "flatten": one(IMAGE, start_dim=1, end_dim=-1),
    "unflatten": one(VECTOR, dim=1, sizes=[2, 3]),
    "squeeze": one([1, 6], dim=1),
    "unsqueeze": one(VECTOR, dim=1),
    "transpose": one(SEQUENCE, dim0=1, dim1=2),
    "permute": one(SEQUENCE, dims=[0, 2, 1]),
    "movedim": one(SEQUENCE, source=1, destination=2),
    "flip": one(SEQUENCE, dims=[1]),
    "roll": one(SEQUENCE, shifts=1, dims=1),
    "tile": one(VECTOR, dims=[1, 2]),
    "repeat_interleave": one(VECTOR, repeats=2, dim=1),
    "chunk": one(VECTOR, chunks=2, dim=1),
    "split": several({"tensor": VECTOR}, split_size_or_sections=[2, 4], dim=1),
    "unbind": one(SEQUENCE, dim=1),
    "select": one(SEQUENCE, dim=1, index=-1),
    "narrow": one(SEQUENCE, dim=1, start=1, length=2),
    "index_select": several({"input": SEQUENCE, "index": {**integers([3], 5), "batch": False}}, dim=1),
    "gather": several({"input": VECTOR, "index": integers([3], 6)}, dim=1),
    "take_along_dim": several({"input": VECTOR, "indices": integers([3], 6)}, dim=1),
    "topk": one(VECTOR, k=3),
    "sort": one(VECTOR, dim=1),
    "argsort": one(VECTOR, dim=1),
    "kthvalue": one(VECTOR, k=2, dim=1),
    "tril": one(_MATRIX),
    "triu": one(_MATRIX),
    "diagonal": one(_MATRIX, dim1=1, dim2=2),
    "diff": one(VECTOR, dim=1),
    "bucketize": several({"input": VECTOR, "boundaries": _weights(1)}),
    "pixel_shuffle": one(IMAGE, upscale_factor=2),
    "channel_shuffle": one(IMAGE, groups=2),
}


def _conv(rank: int, *, transposed: bool = False) -> Example:
    channels = _GRIDS[rank][0]
    sizes = (channels, 3) if transposed else (3, channels)
    return several({"input": _GRIDS[rank], "weight": _weights(*sizes, *[3] * rank)}, stride=1, padding=1)


_FUNCTIONAL: dict[str, Example] = {
    **{name: one(VECTOR) for name in _ACTIVATIONS},
    **{name: one(VECTOR, dim=-1) for name in _DIM},
    **{name: one(VECTOR) for name in ("dropout", "alpha_dropout", "feature_alpha_dropout")},
    **{f"dropout{rank}d": one(_GRIDS[rank]) for rank in _GRIDS},
    **{f"{kind}_pool{rank}d": one(_GRIDS[rank], kernel_size=2) for rank in _GRIDS for kind in ("max", "avg")},
    **{f"lp_pool{rank}d": one(_GRIDS[rank], norm_type=2, kernel_size=2) for rank in _GRIDS},
    **{f"adaptive_{kind}_pool{rank}d": one(_GRIDS[rank], output_size=2) for rank in _GRIDS for kind in ("max", "avg")},
    **{f"conv{rank}d": _conv(rank) for rank in _GRIDS},
    **{f"conv_transpose{rank}d": _conv(rank, transposed=True) for rank in _GRIDS},
    "linear": several({"input": VECTOR, "weight": _weights(3, 6), "bias": _weights(3)}),
    "bilinear": several({"input1": [4], "input2": [5], "weight": _weights(3, 4, 5)}),
    "layer_norm": one(VECTOR, normalized_shape=[6]),
    "rms_norm": one(VECTOR, normalized_shape=[6]),
    "group_norm": one(IMAGE, num_groups=2),
    "instance_norm": one(IMAGE),
    "batch_norm": several(
        {"input": VECTOR, "running_mean": _weights(6), "running_var": {**_weights(6), "range": [1, 2]}}
    ),
    "local_response_norm": one(IMAGE, size=2),
    "normalize": one(VECTOR, dim=1),
    "embedding": several({"input": integers([5], 10), "weight": _weights(10, 4)}),
    "one_hot": one(integers([5], 10), num_classes=10),
    "scaled_dot_product_attention": several({"query": SEQUENCE, "key": [7, 8], "value": [7, 8]}),
    "threshold": one(VECTOR, threshold=0.1, value=2.0),
    "prelu": several({"input": VECTOR, "weight": _weights(1)}),
    "pad": one(SIGNAL, pad=[1, 2]),
    "interpolate": one(IMAGE, scale_factor=2),
    "unfold": one(IMAGE, kernel_size=2),
    "fold": one([8, 9], output_size=[4, 4], kernel_size=2),
    "pixel_shuffle": one(IMAGE, upscale_factor=2),
    "pixel_unshuffle": one(IMAGE, downscale_factor=2),
    "cosine_similarity": several({"x1": VECTOR, "x2": VECTOR}),
    "pairwise_distance": several({"x1": VECTOR, "x2": VECTOR}),
    **{name: several(PAIR) for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")},
    "poisson_nll_loss": several({"input": VECTOR, "target": within(VECTOR, 0, 4)}),
    "kl_div": several(SHARES, reduction="batchmean"),
    "binary_cross_entropy": several(SHARES),
    "binary_cross_entropy_with_logits": several(SHARES),
    "cross_entropy": several(CLASSES),
    "nll_loss": several(CLASSES),
}

_TENSOR: dict[str, Example] = {
    "view": one(VECTOR, size=[-1, 2, 3]),
    "reshape": one(VECTOR, shape=[-1, 2, 3]),
    "expand": one([1, 6], size=[-1, 4, -1]),
    "repeat": one(VECTOR, repeats=[1, 2]),
    "permute": one(SEQUENCE, dims=[0, 2, 1]),
    "transpose": one(SEQUENCE, dim0=1, dim1=2),
    "contiguous": one(VECTOR),
    "float": one(integers([5], 10)),
    "long": one(VECTOR),
    "mean": one(SEQUENCE, dim=1),
    "sum": one(SEQUENCE, dim=1),
    "softmax": one(VECTOR, dim=-1),
    "masked_fill": several({"input": VECTOR, "mask": _MASK}, value=0.0),
    "type_as": several({"input": VECTOR, "other": integers(VECTOR, 3)}),
    "view_as": several({"input": VECTOR, "other": [2, 3]}),
    "unfold": one(SIGNAL, dimension=2, size=3, step=1),
}

FUNCTIONS: dict[str, Example] = {
    **{f"torch.{name}": example for name, example in _TORCH.items()},
    **{f"torch.nn.functional.{name}": example for name, example in _FUNCTIONAL.items()},
    **{f"torch.Tensor.{name}": example for name, example in _TENSOR.items()},
    "torch.linalg.vector_norm": one(VECTOR, dim=1),
    "torch.linalg.norm": one(VECTOR, dim=1),
    "torch.linalg.inv": several({"A": _MATRIX}),
    "torch.fft.fft": one(VECTOR),
    "torch.fft.rfft": one(VECTOR),
    "torch.special.expit": one(VECTOR),
}
