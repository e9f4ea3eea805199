"""What torch itself brings as types: the module classes of `torch.nn` and the tensor functions."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torcharc.arguments import Argument, Kind, Signature
from torcharc.entry import Axis, Entry, Port, make_entry
from torcharc.errors import Problem, quote
from torcharc.function_examples import FUNCTIONS
from torcharc.function_kinds import FUNCTION_KINDS
from torcharc.functions import SEQUENCES, TensorFunction, full_name, function_arguments, functions
from torcharc.graph import Struct
from torcharc.rules import RULES, Outcome
from torcharc.torch_examples import MODULES

# containers hold modules and have no forward of their own
_LEFT_OUT = {
    "Module",
    "Container",
    "ModuleList",
    "ModuleDict",
    "ParameterList",
    "ParameterDict",
    "Sequential",
    "DataParallel",
}

_INTEGER_INPUT = (nn.Embedding, nn.EmbeddingBag)

_ATTENTION: dict[str, Axis] = {"embed_dim": ("query", -1), "kdim": ("key", -1), "vdim": ("value", -1)}

_OUTPUTS: dict[type, tuple[str, ...]] = {
    nn.LSTM: ("output", "states"),
    nn.GRU: ("output", "hidden_state"),
    nn.RNN: ("output", "hidden_state"),
    nn.LSTMCell: ("hidden_state", "cell_state"),
    nn.MultiheadAttention: ("output", "weights"),
}

_PREFIXES = ("torch.nn.", "nn.", "core.")


@functools.cache
def module_classes() -> dict[str, type[nn.Module]]:
    """The module classes of `torch.nn` that can be nodes, by class name."""
    found = {}
    for name, cls in vars(nn).items():
        if isinstance(cls, type) and issubclass(cls, nn.Module) and name not in _LEFT_OUT and "Base" not in name:
            found[name] = cls
    return found


@functools.lru_cache(maxsize=1024)
def find_torch_type(name: str) -> Entry | None:
    """The entry of `Linear`, `torch.nn.Linear`, `torch.cat`, `F.gelu`, ...; None if there is none."""
    short = next((name[len(prefix) :] for prefix in _PREFIXES if name.startswith(prefix)), name)
    if short in module_classes():
        return _module_entry(short)
    full = full_name(name)
    return _function_entry(full) if full in functions() else None


def torch_type_names() -> list[str]:
    """The canonical names of all types that torch brings."""
    return [*module_classes(), *functions()]


@functools.cache
def _module_entry(name: str) -> Entry:
    cls = module_classes()[name]
    if issubclass(cls, LazyModuleMixin):
        return _lazy_entry(name, cls)
    known: dict[str, Any] = {"exact": True, "defined": f"torch.nn.{name}"}
    known |= {"rule": RULES.get(name), "example": MODULES.get(name)}
    if issubclass(cls, nn.modules.loss._Loss):
        known["kind"] = "loss"
    if issubclass(cls, _INTEGER_INPUT):
        known["input_dtype"] = "int64"
    if cls is nn.MultiheadAttention:
        known["inferred"] = _ATTENTION
    if cls is nn.Transformer:
        known["inferred"] = {}
    if issubclass(cls, nn.modules.conv._ConvTransposeNd):
        known["check"] = _check_output_padding
    if cls in _OUTPUTS:
        known["outputs"] = _OUTPUTS[cls]
    if issubclass(cls, nn.RNNBase):
        known["ports"] = (Port("input"), Port("hx", required=False, takes="any"))
    return make_entry(name, cls, **known)


def _check_output_padding(arguments: Mapping[str, Any], structs: Mapping[str, Struct]) -> Iterator[Problem]:
    """The output padding that torch refuses, but not on meta."""
    names = {"output_padding": 0, "stride": 1, "dilation": 1}
    values = [arguments.get(name, default) for name, default in names.items()]
    rank = max(len(value) if isinstance(value, (list, tuple)) else 1 for value in values)
    spread = [value if isinstance(value, (list, tuple)) else [value] * rank for value in values]
    if any(extra >= max(stride, dilation) for extra, stride, dilation in zip(*spread, strict=False)):
        expected = f"less than stride={values[1]}, or than dilation={values[2]}"
        yield Problem(("output_padding",), quote(values[0]), expected, code="value")


def _lazy_entry(name: str, cls: type[nn.Module]) -> Entry:
    """The entry of a lazy class: it is the class that it becomes, as soon as the input's size is known."""
    eager = _module_entry(cls.cls_to_become.__name__)  # type: ignore[attr-defined]
    size = next(iter(eager.inferred))

    def make(**arguments: Any) -> nn.Module:
        return (eager.make if size in arguments else cls)(**arguments)

    def rule(arguments: Mapping[str, Any], inputs: Sequence[Any]) -> Outcome | None:
        return eager.rule(arguments, inputs) if eager.rule is not None and size in arguments else None

    return dataclasses.replace(
        eager,
        name=name,
        make=make,
        signature=eager.signature.without(size),
        exact=False,
        rule=rule,
        example=MODULES.get(name),
        defined=f"torch.nn.{name}",
    )


@functools.cache
def _function_entry(name: str) -> Entry:
    known = function_arguments(name)
    kinds = {key: FUNCTION_KINDS.get(key, Kind()) for key in known.others}
    arguments = {key: Argument(key, kinds[key], needed) for key, needed in known.others.items()}
    # a number may stand where a tensor may: `value` of masked_fill, `other` of add
    arguments |= {key: Argument(key, required=False) for key in known.ports if key not in SEQUENCES}
    return Entry(
        name=name,
        make=functools.partial(TensorFunction, name),
        kind="function",
        ports=tuple(
            Port(key, needed, "sequence" if key in SEQUENCES else "tensor", index >= known.leading)
            for index, (key, needed) in enumerate(known.ports.items())
        ),
        signature=Signature(arguments),
        outputs=_function_outputs(name),
        example=FUNCTIONS.get(name),
        summary=_first_sentence(functions()[name]),
        defined=name,
    )


def _function_outputs(name: str) -> tuple[str, ...]:
    short = name.rsplit(".", 1)[-1]
    return ("values", "indices") if short in ("max", "min", "topk", "sort", "median", "mode", "kthvalue") else ()


def _first_sentence(function: Any) -> str:
    lines = [line.strip() for line in (inspect.getdoc(function) or "").split("\n")]
    text = next((line for line in lines if line and "->" not in line and not line.startswith(("..", "torch."))), "")
    return text.split(". ")[0]
