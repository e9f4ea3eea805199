"""The Perceiver IO: any input, any output, with a cost that is linear in both.

Jaegle et al. 2021, "Perceiver: General Perception with Iterative Attention"
(https://arxiv.org/abs/2103.03206) and "Perceiver IO: A General Architecture for Structured
Inputs & Outputs" (https://arxiv.org/abs/2107.14795).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from torcharc.entry import Port
from torcharc.errors import Problem, quote, unknown_keys
from torcharc.graph import N, Struct, TensorSpec
from torcharc.module.perceiver_coder import PerceiverDecoder, PerceiverEncoder, drop_keys
from torcharc.module.perceiver_component import (
    Component,
    Fill,
    Slot,
    check_component,
    component,
    make_component,
    parameters,
)
from torcharc.module.perceiver_multimodal import (
    MODE_POSTPROCESSOR,
    MODE_PREPROCESSOR,
    MultimodalPostprocessor,
    MultimodalPreprocessor,
)
from torcharc.module.perceiver_post import ClassificationPostprocessor, ProjectionPostprocessor
from torcharc.module.perceiver_pre import FourierPreprocessor, Identity, TextPreprocessor
from torcharc.registry import register

__all__ = [
    "ClassificationPostprocessor",
    "FourierPreprocessor",
    "Identity",
    "MultimodalPostprocessor",
    "MultimodalPreprocessor",
    "Perceiver",
    "PerceiverDecoder",
    "PerceiverEncoder",
    "ProjectionPostprocessor",
    "TextPreprocessor",
]

SLOTS = {
    "preprocessor": Slot(
        "a preprocessor", {**MODE_PREPROCESSOR.types, "MultimodalPreprocessor": MultimodalPreprocessor}
    ),
    "encoder": Slot("an encoder", {"PerceiverEncoder": PerceiverEncoder}),
    "decoder": Slot("a decoder", {"PerceiverDecoder": PerceiverDecoder}),
    "postprocessor": Slot(
        "a postprocessor", {**MODE_POSTPROCESSOR.types, "MultimodalPostprocessor": MultimodalPostprocessor}
    ),
}


class Perceiver(Component):
    """Preprocessor, encoder, decoder and postprocessor, one after another.

    Each part gets the shape of its input from the one before it.

    Args:
        arc: `{preprocessor, encoder, decoder, postprocessor}`, each `{type: ..., **arguments}`;
            it stays as it is.
        in_shape: The shape of the input, as the preprocessor wants it.
        in_shapes: The shape of each input by mode, for a `MultimodalPreprocessor`.

    Raises:
        ArgumentError: With all problems of all parts; if both or none of `in_shape` and `in_shapes` are given.

    Example:
        >>> perceiver = Perceiver(
        ...     in_shape=(8, 8, 3),
        ...     arc={
        ...         "preprocessor": {"type": "FourierPreprocessor", "num_freq_bands": 4},
        ...         "encoder": {"type": "PerceiverEncoder", "latent_shape": (16, 32), "num_self_attn_per_block": 1},
        ...         "decoder": {"type": "PerceiverDecoder", "out_shape": (1, 32)},
        ...         "postprocessor": {"type": "ClassificationPostprocessor", "out_dim": 10},
        ...     },
        ... )
        >>> perceiver(torch.rand(2, 8, 8, 3)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        arc: Mapping[str, Any],
        in_shape: Sequence[int | None] | None = None,
        in_shapes: Mapping[str, Any] | None = None,
    ) -> None:
        self.require(in_shape=in_shape, in_shapes=in_shapes, arc=arc)
        super().__init__()
        self._preprocessor = _make("preprocessor", arc, _input_fill(arc, in_shape, in_shapes))
        self._encoder = _make("encoder", arc, Fill("in_shape", self._preprocessor.out_shape))
        self._decoder = _make("decoder", arc, Fill("in_shape", self._encoder.out_shape))
        self._postprocessor = _make("postprocessor", arc, Fill("in_shape", self._decoder.out_shape))
        self.in_dtype = getattr(self._preprocessor, "in_dtype", torch.float32)
        self.out_shape = self._postprocessor.out_shape

    @classmethod
    def check(cls, **arguments: Any) -> list[Problem]:
        """All problems of `arguments`: those of the constructor."""
        arc, shapes = arguments.get("arc"), (arguments.get("in_shape"), arguments.get("in_shapes"))
        problems = _check_choice(arc, *shapes)
        if not isinstance(arc, Mapping):
            expected = f"a mapping with the keys {', '.join(SLOTS)}"
            return [*problems, Problem(("arc",), quote(arc), expected, code="kind")]
        problems += unknown_keys(("arc",), arc, SLOTS, [name for name in SLOTS if name not in arc])
        fills = _known_fills(arc, *shapes)
        for name in SLOTS:
            if name in arc:
                problems += check_component(("arc", name), arc[name], SLOTS[name], fills[name])
        return problems

    def forward(self, x: Tensor | Mapping[str, Tensor], mask: Tensor | None = None) -> Any:
        """(N, *in_shape), or a dict of tensors by mode, to (N, *out_shape), or a dict of them.

        `mask`, bool, (N, M), is true at the positions that count, of those the preprocessor gives.

        Raises:
            InputError: If the preprocessor cannot take `x`.
        """
        x = self._preprocessor(x)
        latent = self._encoder(x) if mask is None else self._encoder(x, mask)
        return self._postprocessor(self._decoder(latent))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # torcharc 1.x kept the four parts once more, as a sequence
        drop_keys(state_dict, f"{prefix}module.")
        super()._load_from_state_dict(state_dict, prefix, *args)


def _make(name: str, arc: Mapping[str, Any], fill: Fill) -> Any:
    return make_component(("arc", name), arc[name], SLOTS[name], fill)


def _takes_modes(arc: object) -> bool | None:
    """Whether the preprocessor wants `in_shapes`; None if it is not known what it is."""
    spec = arc.get("preprocessor") if isinstance(arc, Mapping) else None
    cls = component(spec.get("type"), SLOTS["preprocessor"].types) if isinstance(spec, Mapping) else None
    return None if cls is None else "in_shapes" in parameters(cls)


def _input_fill(arc: Mapping[str, Any], in_shape: object, in_shapes: object) -> Fill:
    """What the preprocessor gets from outside."""
    if _takes_modes(arc):
        return Fill("in_shapes", in_shapes, ("in_shapes",), known=in_shapes is not None)
    return Fill("in_shape", in_shape, ("in_shape",), known=in_shape is not None)


def _known_fills(arc: Mapping[str, Any], in_shape: object, in_shapes: object) -> dict[str, Fill]:
    """What each part gets from the others, as far as that is known before any is made."""
    fills = {"preprocessor": _input_fill(arc, in_shape, in_shapes), "encoder": Fill("in_shape", known=False)}
    for name, before, key in (("decoder", "encoder", "latent_shape"), ("postprocessor", "decoder", "out_shape")):
        spec = arc.get(before)
        shape = spec.get(key) if isinstance(spec, Mapping) else None
        known = PerceiverDecoder.rules["out_shape"].accepts(shape)
        fills[name] = Fill("in_shape", shape, ("arc", before, key), known)
    return fills


def _check_choice(arc: object, in_shape: object, in_shapes: object) -> list[Problem]:
    """Exactly one of the two must be given, the one that suits the preprocessor."""
    if in_shape is not None and in_shapes is not None:
        return [Problem(("in_shapes",), "both in_shape and in_shapes", "one of them", code="shape")]
    modes = _takes_modes(arc)
    expected = "in_shape, or in_shapes by mode"
    if modes is not None:
        expected = "in_shapes, a shape for each mode" if modes else "in_shape"
    if in_shape is None and in_shapes is None:
        return [Problem(("in_shape",), "neither in_shape nor in_shapes", expected, code="missing-key")]
    if modes is not None and modes != (in_shapes is not None):
        given = "in_shape" if modes else "in_shapes"
        return [Problem((given,), f"the key {given!r}", f"{expected}, which the preprocessor takes", code="shape")]
    return []


def _part(arc: object, name: str) -> Mapping[str, Any]:
    part = arc.get(name) if isinstance(arc, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _state_tensor(part: Mapping[str, Any], shape: object) -> TensorSpec | None:
    """The input of one preprocessor; for `Identity`, a shape [C] stands for (any length, C)."""
    if not isinstance(shape, (list, tuple)) or not shape or not all(s is None or type(s) is int for s in shape):
        return None
    dims = (None, *shape) if part.get("type") == "Identity" and len(shape) == 1 else tuple(shape)
    return TensorSpec((N, *dims), _dtype(part))


def _dtype(part: Mapping[str, Any]) -> str:
    return "int64" if part.get("type") == "TextPreprocessor" else "float32"


def _state_input(params: Mapping[str, Any]) -> Struct:
    """The input that `in_shape` or `in_shapes` state, as far as they are well formed."""
    part, shapes = _part(params.get("arc"), "preprocessor"), params.get("in_shapes")
    if not isinstance(shapes, Mapping):
        return _state_tensor(part, params.get("in_shape"))
    states = {mode: _state_tensor(_part(part.get("arc"), mode), shape) for mode, shape in shapes.items()}
    return None if None in states.values() else states


def _output_names(params: Mapping[str, Any]) -> tuple[str, ...]:
    """The modes of a multimodal output."""
    part = _part(params.get("arc"), "postprocessor")
    shapes = part.get("in_shapes") if part.get("type") == "MultimodalPostprocessor" else None
    return tuple(shapes) if isinstance(shapes, Mapping) else ()


_SMALL = {
    "preprocessor": {"type": "FourierPreprocessor", "num_freq_bands": 2},
    "encoder": {"type": "PerceiverEncoder", "latent_shape": [4, 16], "num_self_attn_per_block": 1},
    "decoder": {"type": "PerceiverDecoder", "out_shape": [1, 16]},
    "postprocessor": {"type": "ClassificationPostprocessor", "out_dim": 10},
}
_SEQUENCE = {"x": [6, 8]}

register(
    "Perceiver",
    Perceiver,
    infer={"in_shape": "shape", "in_shapes": "shapes"},
    ports=(Port("x", takes="any"), Port("mask", required=False)),
    input_dtype=lambda params: _dtype(_part(params.get("arc"), "preprocessor")),
    states=_state_input,
    outputs=_output_names,
    example={"params": {"arc": _SMALL}, "inputs": {"x": [6, 6, 3]}},
)
for _part_type, _params, _inputs in (
    (FourierPreprocessor, {"num_freq_bands": 2}, {"x": [6, 6, 3]}),
    (PerceiverEncoder, {"latent_shape": [4, 16], "num_self_attn_per_block": 1}, _SEQUENCE),
    (PerceiverDecoder, {"out_shape": [2, 16]}, {"latent": [6, 8]}),
    (ProjectionPostprocessor, {"out_dim": 3}, _SEQUENCE),
    (ClassificationPostprocessor, {"out_dim": 3}, _SEQUENCE),
):
    register(
        _part_type.__name__, _part_type, infer={"in_shape": "shape"}, example={"params": _params, "inputs": _inputs}
    )
register(
    "TextPreprocessor",
    TextPreprocessor,
    infer={"in_shape": "shape"},
    input_dtype="int64",
    example={"params": {"vocab_size": 20, "embed_dim": 8, "max_seq_len": 16}, "inputs": {"x": [6]}},
)
