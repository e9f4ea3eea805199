"""Rules: what a type gives for an input, in plain Python, without making or running a module.

They are a short cut for the common types; the meta device has the last word. A rule answers
only where all is well, and gives None for anything unusual: then the module runs on meta, which
also words what is wrong. The contract tests hold every rule against that run.

`macs` are multiply-accumulates of convolutions and matrix products, for one sample.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torcharc.graph import BatchDim, Dim, N, Shape, Struct, TensorSpec

Arguments = Mapping[str, Any]


@dataclasses.dataclass(slots=True, unsafe_hash=True)
class Outcome:
    """What a node will give: its output, the number of its parameters, its MACs for one sample.

    It never changes. It is not `frozen`, as its constructor would take three times as long, for each layer.
    """

    output: Struct
    params: int = 0
    macs: int | None = 0


Rule = Callable[[Arguments, Sequence[Any]], Outcome | None]


def _sizes(shape: Sequence[Dim]) -> tuple[int, ...] | None:
    """`shape` if every axis is a known size above 0."""
    for dim in shape:  # `all` of a generator takes twice as long
        if type(dim) is not int or dim < 1:
            return None
    return tuple(shape)  # type: ignore[arg-type]


def _is_float(spec: object, rank: int | None = None) -> bool:
    if type(spec) is not TensorSpec or spec.dtype != "float32":
        return False
    shape = spec.shape
    return bool(shape) and (shape[0] is N or shape[0] == N) and (rank is None or len(shape) == rank)


def same(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
    """The input's own shape: activations, dropout, identity."""
    return Outcome(inputs[0]) if len(inputs) == 1 and _is_float(inputs[0]) else None


def same_rank(rank: int) -> Rule:
    """The input's own shape, for inputs of one rank: dropout of whole channels."""
    return lambda arguments, inputs: Outcome(inputs[0]) if len(inputs) == 1 and _is_float(inputs[0], rank) else None


def linear(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
    """`nn.Linear`: acts on the last axis."""
    x = inputs[0]
    if len(inputs) != 1 or not _is_float(x) or len(x.shape) < 2 or x.shape[-1] != arguments["in_features"]:
        return None
    in_features, out = arguments["in_features"], arguments["out_features"]
    positions = _sizes(x.shape[1:-1])
    macs = None if positions is None else math.prod(positions) * in_features * out
    params = in_features * out + (out if arguments.get("bias", True) else 0)
    return Outcome(TensorSpec((*x.shape[:-1], out)), params, macs)


def bilinear(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
    """`nn.Bilinear`: on meta it would take one feature after the other."""
    if len(inputs) != 2 or not all(_is_float(x) and len(x.shape) > 1 for x in inputs):
        return None
    one, two = inputs
    first, second, out = arguments["in1_features"], arguments["in2_features"], arguments["out_features"]
    if one.shape[-1] != first or two.shape[-1] != second or one.shape[:-1] != two.shape[:-1]:
        return None
    positions = _sizes(one.shape[1:-1])
    macs = None if positions is None else math.prod(positions) * out * first * (second + 1)
    params = out * (first * second + (1 if arguments.get("bias", True) else 0))
    return Outcome(TensorSpec((*one.shape[:-1], out)), params, macs)


def _spread(value: Any, rank: int) -> tuple[int, ...] | None:
    """One value per spatial axis."""
    if type(value) is int:
        return (value,) * rank
    if isinstance(value, (list, tuple)) and len(value) == rank and all(type(item) is int for item in value):
        return tuple(value)
    return None


def _windows(arguments: Arguments, rank: int, *defaults: tuple[str, Any]) -> list[tuple[int, ...]] | None:
    found = []
    for name, default in defaults:
        value = arguments.get(name, default)
        sizes = (value,) * rank if type(value) is int else _spread(value, rank)
        if sizes is None:
            return None
        found.append(sizes)
    return found


def conv(rank: int) -> Rule:
    """`nn.Conv{rank}d`: the convolution arithmetic of torch's documentation."""

    def rule(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
        x = inputs[0]
        groups, out, padding = arguments.get("groups", 1), arguments["out_channels"], arguments.get("padding", 0)
        if len(inputs) != 1 or not _is_float(x, rank + 2) or x.shape[1] != arguments["in_channels"]:
            return None
        sizes = _sizes(x.shape[1:])
        names = (("kernel_size", 0), ("stride", 1), ("" if isinstance(padding, str) else "padding", 0), ("dilation", 1))
        window = _windows(arguments, rank, *names)
        if sizes is None or window is None or sizes[0] % groups or out % groups:
            return None
        if arguments.get("padding_mode", "zeros") != "zeros":
            return None
        kernel, stride, pad, dilation = window
        spatial = sizes[1:]
        if padding == "same":
            if stride != (1,) * rank:
                return None
        elif padding == "valid" or not isinstance(padding, str):
            axes = zip(spatial, kernel, stride, pad, dilation, strict=True)
            spatial = tuple([(size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, s, p, d in axes])
        else:
            return None
        if min(spatial) < 1:
            return None
        weights = out * (sizes[0] // groups) * math.prod(kernel)
        params = weights + (out if arguments.get("bias", True) else 0)
        return Outcome(TensorSpec((x.shape[0], out, *spatial)), params, weights * math.prod(spatial))

    return rule


def conv_transpose(rank: int) -> Rule:
    """`nn.ConvTranspose{rank}d`."""

    def rule(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
        x = inputs[0]
        groups, out = arguments.get("groups", 1), arguments["out_channels"]
        if len(inputs) != 1 or not _is_float(x, rank + 2) or x.shape[1] != arguments["in_channels"]:
            return None
        sizes = _sizes(x.shape[1:])
        names = (("kernel_size", 0), ("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1))
        window = _windows(arguments, rank, *names)
        if sizes is None or window is None or sizes[0] % groups or out % groups:
            return None
        kernel, stride, pad, extra, dilation = window
        if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
            return None
        if arguments.get("padding_mode", "zeros") != "zeros":
            return None
        spatial = tuple(
            (size - 1) * s - 2 * p + d * (k - 1) + e + 1
            for size, k, s, p, e, d in zip(sizes[1:], kernel, stride, pad, extra, dilation, strict=True)
        )
        if min(spatial) < 1:
            return None
        weights = sizes[0] * (out // groups) * math.prod(kernel)
        params = weights + (out if arguments.get("bias", True) else 0)
        return Outcome(TensorSpec((x.shape[0], out, *spatial)), params, weights * math.prod(sizes[1:]))

    return rule


def channel_norm(name: str, ranks: tuple[int, ...], *, affine: bool = True) -> Rule:
    """Batch, instance and group norm: the input's shape, a weight and a bias per channel."""

    def rule(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
        x = inputs[0]
        if len(inputs) != 1 or not _is_float(x) or len(x.shape) not in ranks or x.shape[1] != arguments[name]:
            return None
        if arguments[name] % arguments.get("num_groups", 1):
            return None
        if name == "num_features" and not affine and _sizes(x.shape[1:]) is None:
            return None
        weights = arguments[name] * (2 if arguments.get("bias", True) else 1)
        return Outcome(x, weights if arguments.get("affine", affine) else 0)

    return rule


def last_axes_norm(bias: bool) -> Rule:
    """Layer norm and RMS norm: the input's shape, a weight (and a bias) over the last axes."""

    def rule(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
        x, axes = inputs[0], arguments["normalized_shape"]
        axes = (axes,) if type(axes) is int else tuple(axes)
        if len(inputs) != 1 or not _is_float(x) or len(axes) >= len(x.shape) or x.shape[-len(axes) :] != axes:
            return None
        copies = 2 if bias and arguments.get("bias", True) else 1
        return Outcome(x, math.prod(axes) * copies if arguments.get("elementwise_affine", True) else 0)

    return rule


def pool(rank: int, *, dilated: bool) -> Rule:
    """`nn.MaxPool{rank}d` and `nn.AvgPool{rank}d`."""

    def rule(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
        x = inputs[0]
        if len(inputs) != 1 or not _is_float(x, rank + 2) or arguments.get("return_indices"):
            return None
        stride = arguments.get("stride") or arguments["kernel_size"]
        given = {**arguments, "stride": stride}
        names = (("kernel_size", 0), ("stride", 1), ("padding", 0), ("dilation" if dilated else "", 1))
        sizes, window = _sizes(x.shape[2:]), _windows(given, rank, *names)
        if sizes is None or window is None or arguments.get("ceil_mode"):
            return None
        kernel, strides, pad, dilation = window
        if any(2 * p > k for p, k in zip(pad, kernel, strict=True)):
            return None
        spatial = tuple(
            (size + 2 * p - d * (k - 1) - 1) // s + 1
            for size, k, s, p, d in zip(sizes, kernel, strides, pad, dilation, strict=True)
        )
        return Outcome(TensorSpec((*x.shape[:2], *spatial))) if min(spatial) > 0 else None

    return rule


def adaptive_pool(rank: int) -> Rule:
    """`nn.AdaptiveAvgPool{rank}d` and its max kin."""

    def rule(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
        x, size = inputs[0], _spread(arguments["output_size"], rank)
        if len(inputs) != 1 or not _is_float(x, rank + 2) or size is None or min(size) < 1:
            return None
        if _sizes(x.shape[2:]) is None or arguments.get("return_indices"):
            return None
        return Outcome(TensorSpec((*x.shape[:2], *size)))

    return rule


def flatten(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
    """`nn.Flatten` behind the batch axis."""
    x = inputs[0]
    if len(inputs) != 1 or arguments.get("start_dim", 1) != 1 or arguments.get("end_dim", -1) != -1:
        return None
    if not isinstance(x, TensorSpec) or len(x.shape) < 2 or x.shape[0] != N:
        return None
    sizes = _sizes(x.shape[1:])
    return Outcome(TensorSpec((x.shape[0], math.prod(sizes)), x.dtype)) if sizes else None


def embedding(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
    """`nn.Embedding`: one vector per index."""
    x = inputs[0]
    rows, width, padding = arguments["num_embeddings"], arguments["embedding_dim"], arguments.get("padding_idx")
    if len(inputs) != 1 or not isinstance(x, TensorSpec) or x.dtype not in ("int64", "int32"):
        return None
    if padding is not None and not -rows <= padding < rows:
        return None
    return Outcome(TensorSpec((*x.shape, width)), rows * width)


def recurrent(gates: int) -> Rule:
    """`nn.RNN`, `nn.GRU` and `nn.LSTM`: on meta they would run step by step."""

    def rule(arguments: Arguments, inputs: Sequence[Any]) -> Outcome | None:
        x, width, hidden = inputs[0], arguments["input_size"], arguments["hidden_size"]
        proj, layers = arguments.get("proj_size", 0), arguments.get("num_layers", 1)
        if not isinstance(x, TensorSpec) or x.dtype != "float32" or len(x.shape) not in (2, 3):
            return None
        if x.shape[-1] != width or not 0 <= proj < hidden:
            return None
        ways, out = 2 if arguments.get("bidirectional") else 1, proj or hidden
        batch = () if len(x.shape) == 2 else (x.shape[0 if arguments.get("batch_first") else 1],)
        kinds = [TensorSpec((ways * layers, *batch, size)) for size in ((out, hidden) if gates == 4 else (out,))]
        states = tuple(kinds) if gates == 4 else kinds[0]
        if len(inputs) > 2 or (len(inputs) == 2 and inputs[1] != states):
            return None
        products = gates * hidden * (width + out + (layers - 1) * (ways * out + out)) + layers * hidden * proj
        biases = 2 * layers * gates * hidden if arguments.get("bias", True) else 0
        steps = _sizes([dim.size(1) if isinstance(dim, BatchDim) else dim for dim in x.shape[:-1]])
        macs = None if steps is None else math.prod(steps) * ways * products
        output = TensorSpec((*x.shape[:-1], ways * out))
        return Outcome((output, states), ways * (products + biases), macs)

    return rule


def common_shape(specs: Sequence[Any]) -> Shape | None:
    """The shape that all of `specs` have, if they have one and are float32 batches."""
    if not specs or not all(_is_float(spec) for spec in specs):
        return None
    shape: Shape = specs[0].shape
    return shape if all(spec.shape == shape for spec in specs) and None not in shape else None


_SAME = (
    "Identity ReLU ReLU6 Sigmoid Tanh Softplus LeakyReLU ELU SELU CELU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh"
    " LogSigmoid Softsign Tanhshrink Softshrink Hardshrink AlphaDropout Dropout"
).split()

RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, same),
    "Linear": linear,
    "Bilinear": bilinear,
    "Flatten": flatten,
    "Embedding": embedding,
    **{name: recurrent(gates) for name, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4))},
    "LayerNorm": last_axes_norm(True),
    "RMSNorm": last_axes_norm(False),
    "GroupNorm": channel_norm("num_channels", (2, 3, 4, 5)),
    "BatchNorm1d": channel_norm("num_features", (2, 3)),
    **{f"BatchNorm{d}d": channel_norm("num_features", (d + 2,)) for d in (2, 3)},
    **{f"Dropout{d}d": same_rank(d + 2) for d in (1, 2, 3)},
    **{f"Conv{d}d": conv(d) for d in (1, 2, 3)},
    **{f"ConvTranspose{d}d": conv_transpose(d) for d in (1, 2, 3)},
    **{f"MaxPool{d}d": pool(d, dilated=True) for d in (1, 2, 3)},
    **{f"AvgPool{d}d": pool(d, dilated=False) for d in (1, 2, 3)},
    **{f"Adaptive{kind}Pool{d}d": adaptive_pool(d) for d in (1, 2, 3) for kind in ("Avg", "Max")},
}
