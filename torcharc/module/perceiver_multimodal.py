"""Several inputs as one sequence, and one sequence as several outputs, for the Perceiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from torcharc.errors import InputError, Problem, nearest, quote, unknown_keys
from torcharc.module.perceiver_coder import learned
from torcharc.module.perceiver_component import (
    COUNT,
    Component,
    Fill,
    Rule,
    Shape,
    Slot,
    check_component,
    make_component,
    shape_rule,
)
from torcharc.module.perceiver_post import ClassificationPostprocessor, ProjectionPostprocessor
from torcharc.module.perceiver_pre import FourierPreprocessor, Identity, TextPreprocessor

MODE_PREPROCESSOR = Slot(
    "a preprocessor",
    {cls.__name__: cls for cls in (Identity, TextPreprocessor, FourierPreprocessor)},
)
MODE_POSTPROCESSOR = Slot(
    "a postprocessor",
    {cls.__name__: cls for cls in (Identity, ProjectionPostprocessor, ClassificationPostprocessor)},
)


def check_modes(arguments: Mapping[str, Any], slot: Slot) -> list[Problem]:
    """All problems of `in_shapes` and `arc`, which give each mode its shape and its part."""
    problems = []
    for name in ("in_shapes", "arc"):
        if name in arguments and not (isinstance(arguments[name], Mapping) and arguments[name]):
            expected = f"a mapping from each mode to its {'shape' if name == 'in_shapes' else 'part'}"
            problems.append(Problem((name,), quote(arguments[name]), expected, code="kind"))
    if problems or "arc" not in arguments:
        return problems
    arc = arguments["arc"]
    in_shapes = arguments.get("in_shapes", dict.fromkeys(arc))
    problems = [problem for mode in in_shapes for problem in _check_name(mode)]
    if not all(isinstance(mode, str) for mode in in_shapes):
        return problems
    problems += unknown_keys(("arc",), arc, in_shapes, [mode for mode in in_shapes if mode not in arc])
    for mode in in_shapes:
        if mode in arc:
            fill = Fill("in_shape", in_shapes[mode], ("in_shapes", mode), known="in_shapes" in arguments)
            problems += check_component(("arc", mode), arc[mode], slot, fill)
    return problems


def _check_name(mode: object) -> list[Problem]:
    """A mode names a submodule, so it must be free to be one."""
    taken = isinstance(mode, str) and (hasattr(nn.ModuleDict(), mode) or hasattr(nn.ParameterDict(), mode))
    if isinstance(mode, str) and mode and "." not in mode and not taken:
        return []
    expected = "a name that is no attribute of a module" if taken else "a name without dots"
    return [Problem(("in_shapes",), f"the mode {quote(mode)}", expected, code="name")]


def make_modes(in_shapes: Mapping[str, Any], arc: Mapping[str, Any], slot: Slot) -> dict[str, Any]:
    """The parts of a checked `arc`, in the order of `in_shapes`."""
    fills = {mode: Fill("in_shape", shape, ("in_shapes", mode)) for mode, shape in in_shapes.items()}
    return {mode: make_component(("arc", mode), arc[mode], slot, fill) for mode, fill in fills.items()}


class MultimodalPreprocessor(Component):
    """A dict of inputs as one sequence, in the order of `in_shapes`.

    Each mode has its own preprocessor; a vector that is learned for the mode pads its channels to
    those of the widest mode plus `pad_channels`, and tells the modes apart.

    Args:
        in_shapes: The shape of each mode's input, as its preprocessor wants it.
        arc: `{type: ..., **arguments}` of each mode's preprocessor.
        pad_channels: Channels that the widest mode is padded by; 0 leaves it without a vector.

    Raises:
        ArgumentError: With all problems of all modes.

    Example:
        >>> part = {"type": "Identity"}
        >>> MultimodalPreprocessor({"left": (5, 3), "right": (7, 4)}, {"left": part, "right": part}).out_shape
        (12, 6)
    """

    rules: ClassVar[Mapping[str, Rule]] = {"pad_channels": COUNT}

    def __init__(self, in_shapes: Mapping[str, Any], arc: Mapping[str, Any], pad_channels: int = 2) -> None:
        self.require(in_shapes=in_shapes, arc=arc, pad_channels=pad_channels)
        super().__init__()
        parts = make_modes(in_shapes, arc, MODE_PREPROCESSOR)
        shapes = {mode: part.out_shape for mode, part in parts.items()}
        width = max(shape[-1] for shape in shapes.values()) + pad_channels
        lengths = [shape[0] for shape in shapes.values()]
        self.preprocessors = nn.ModuleDict(parts)
        self.pos_encodings = nn.ParameterDict({mode: learned(1, width - shape[-1]) for mode, shape in shapes.items()})
        self.out_shape: Shape = (None if None in lengths else sum(lengths), width)
        self.in_dtype = {mode: getattr(part, "in_dtype", torch.float32) for mode, part in parts.items()}

    @classmethod
    def check(cls, **arguments: Any) -> list[Problem]:
        """All problems of `arguments`, each mode's under its name."""
        return check_modes(arguments, MODE_PREPROCESSOR) + super().check(**arguments)

    def forward(self, xs: Mapping[str, Tensor]) -> Tensor:
        """A dict that has at least the modes, in any order, to (N, positions of all, channels).

        Raises:
            InputError: If a mode is missing, or an input does not fit its preprocessor; it names the mode.
        """
        problems = self._check_inputs(xs)
        if problems:
            raise InputError(problems)
        return torch.cat([self._encode(mode, xs[mode]) for mode in self.preprocessors], dim=1)

    def _encode(self, mode: str, x: Tensor) -> Tensor:
        try:
            array = self.preprocessors[mode](x)  # (N, M, C)
        except InputError as error:
            raise InputError(problem.under(mode) for problem in error.problems) from None
        padding = self.pos_encodings[mode].expand(array.shape[0], array.shape[1], -1)
        return torch.cat([array, padding], dim=-1)

    def _check_inputs(self, xs: object) -> list[Problem]:
        if isinstance(xs, Mapping) and all([mode in xs for mode in self.preprocessors]):  # noqa: C419  # dynamo of 2.6
            return []
        expected = f"a tensor for each mode: {', '.join(self.preprocessors)}"
        if not isinstance(xs, Mapping):
            return [Problem((), f"a {type(xs).__name__}", f"a dict with {expected}", code="kind")]
        others = [name for name in xs if name not in self.preprocessors]
        problems = []
        for mode in self.preprocessors:
            if mode not in xs:
                near = nearest(mode, others)
                hint = f"rename {near!r} to {mode!r}" if near else ""
                problems.append(Problem((), f"no tensor {mode!r}", expected, hint, "missing-input"))
        return problems


class MultimodalPostprocessor(Component):
    """The queries, split among modes in the order of `in_shapes`; a dict of outputs.

    Args:
        in_shapes: `(O, E)` for each mode: how many queries are its own, and their channels.
        arc: `{type: ..., **arguments}` of each mode's postprocessor.
        in_shape: `(O, E)` of all queries together; default: what `in_shapes` sum to.

    Raises:
        ArgumentError: With all problems of all modes; if E differs, or the O do not sum to that of `in_shape`.

    Example:
        >>> arc = {"label": {"type": "ClassificationPostprocessor", "out_dim": 10}, "rest": {"type": "Identity"}}
        >>> MultimodalPostprocessor({"label": (1, 8), "rest": (6, 8)}, arc).out_shape
        {'label': (10,), 'rest': (6, 8)}
    """

    rules: ClassVar[Mapping[str, Rule]] = {"in_shape": shape_rule("[queries, channels]", range(2, 3))}

    def __init__(
        self, in_shapes: Mapping[str, Sequence[int]], arc: Mapping[str, Any], in_shape: Sequence[int] | None = None
    ) -> None:
        self.require(in_shapes=in_shapes, arc=arc, **({} if in_shape is None else {"in_shape": in_shape}))
        super().__init__()
        parts = make_modes(in_shapes, arc, MODE_POSTPROCESSOR)
        self.postprocessors = nn.ModuleDict(parts)
        self.split_sizes = [shape[0] for shape in in_shapes.values()]
        self.out_shape: dict[str, Shape] = {mode: part.out_shape for mode, part in parts.items()}

    @classmethod
    def check(cls, **arguments: Any) -> list[Problem]:
        """All problems of `arguments`, each mode's under its name."""
        in_shapes = arguments.get("in_shapes")
        shape = cls.rules["in_shape"]
        problems = super().check(**arguments) + check_modes(arguments, MODE_POSTPROCESSOR)
        if isinstance(in_shapes, Mapping) and all(shape.accepts(value) for value in in_shapes.values()) and in_shapes:
            total = arguments.get("in_shape")
            problems += _check_split(in_shapes, total if shape.accepts(total) else None)
        return problems

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(N, O, E) to a dict of each mode's (N, ...)."""
        parts = torch.split(x, self.split_sizes, dim=1)
        return {mode: part(piece) for (mode, part), piece in zip(self.postprocessors.items(), parts, strict=True)}


def _check_split(in_shapes: Mapping[str, Sequence[int]], total: Sequence[int] | None) -> list[Problem]:
    """Whether the modes share their channels, and sum to `total`."""
    queries = sum(shape[0] for shape in in_shapes.values())
    first, width = next((mode, shape[1]) for mode, shape in in_shapes.items())
    source = f"as {first!r} has"
    if total is not None:
        width, source = total[1], "as the queries have"
    problems = [
        Problem(("in_shapes", mode), quote(list(shape)), f"{width} channels, {source}", code="shape")
        for mode, shape in in_shapes.items()
        if shape[1] != width
    ]
    if total is not None and queries != total[0]:
        sizes = " + ".join(str(shape[0]) for shape in in_shapes.values())
        expected = f"shapes whose queries sum to {total[0]}, the decoder's"
        problems.append(Problem(("in_shapes",), f"{sizes} = {queries} queries", expected, code="shape"))
    return problems
