"""What a callable accepts, read from its signature, and whether given values fit it.

One reading serves constructors, functions, optimizers and schedulers alike: unknown and
missing keys, kinds (`int`, `float`, `bool`, ...), sizes that must be above 0, probabilities.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch

from torcharc.errors import Edit, Path, Problem, did_you_mean, quote, unknown_keys

SIZES = frozenset(
    "in_features out_features in1_features in2_features in_channels out_channels num_features num_channels"
    " num_groups groups kernel_size stride dilation embed_dim kdim vdim num_heads num_embeddings embedding_dim"
    " input_size hidden_size num_layers normalized_shape d_model nhead dim_feedforward upscale_factor"
    " downscale_factor chunks dag_in_shape n_classes max_len".split()
)
COUNTS = frozenset({"num_layers", "num_encoder_layers", "num_decoder_layers"})
MOST_LAYERS = 128  # of the modules that a constructor makes one by one: with more it would not end
PROBABILITIES = frozenset({"p", "dropout", "dropout_p"})

# numbers that YAML 1.1 reads as strings: an exponent without a point or without a sign
EXPONENT_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d{1,4}")

# what YAML 1.1 reads as true and false, and YAML 1.2 as text, as it may be a name; `true` in quotes is a slip
SWITCH = re.compile(r"yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF")
_MEANT = {"true": True, "false": False}

# names that torch's schedulers import for type checkers only; without them none of their hints can be read
_HINT_NAMES = {name: getattr(collections.abc, name) for name in ("Callable", "Iterable", "Sequence")}

_NAMES = {int: "int", float: "float", bool: "bool", str: "str", type(None): "null", torch.Tensor: "tensor"}
_WORDS = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "str": "a string",
    "null": "null",
    "tensor": "a tensor",
    "dict": "a mapping",
    "module": "a module as {type: ..., ...}",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """The values that an argument takes; no names at all means any value.

    Attributes:
        names: Some of `int float bool str null tensor list dict module`.
        items: The kind of a list's items, if known.
        words: The strings that are allowed, if they are few.
        low: The least number (of the items too), if bounded.
        high: The greatest number, if bounded.
    """

    names: frozenset[str] = frozenset()
    items: Kind | None = None
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def describe(self) -> str:
        """The kind in words: `an integer above 0 or a list of integers above 0`."""
        bound = ""
        if self.low is not None and self.high is not None:
            bound = f" from {self.low:g} to {self.high:g}"
        elif self.low is not None:
            bound = " above 0" if self.low == 1 else f" of at least {self.low:g}"
        texts = []
        for name in ("int", "float", "bool", "str", "tensor", "list", "dict", "module", "null"):
            if name not in self.names or (name == "int" and "float" in self.names):
                continue
            if name == "list":
                item = self.items.describe() if self.items and self.items.names else "values"
                texts.append(f"a list of {_plural(item)}")
            elif name == "str" and self.words:
                texts.append("one of " + ", ".join(self.words))
            else:
                texts.append(_WORDS[name] + (bound if name in ("int", "float") else ""))
        return " or ".join(texts)


def _plural(text: str) -> str:
    return re.sub(r"\ban? (\w+)", r"\1s", text)


@dataclasses.dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a callable: its name, its kind and its default."""

    name: str
    kind: Kind = Kind()
    required: bool = True
    default: Any = None


@dataclasses.dataclass(frozen=True)
class Signature:
    """The arguments of a callable by name, in order; `open` if it takes any other keyword."""

    arguments: Mapping[str, Argument]
    open: bool = False

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all, in order."""
        return tuple(self.arguments)

    @functools.cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the arguments that have no default."""
        return tuple(name for name, argument in self.arguments.items() if argument.required)

    @functools.cached_property
    def modules(self) -> tuple[str, ...]:
        """The names of the arguments that take modules."""
        return tuple(name for name, argument in self.arguments.items() if "module" in argument.kind.names)

    def without(self, *names: str) -> Signature:
        """This signature less the arguments `names`."""
        kept = {name: argument for name, argument in self.arguments.items() if name not in names}
        return Signature(kept, self.open)


@functools.cache
def read_signature(function: Callable[..., Any]) -> Signature:
    """The arguments of `function` (a class: of its constructor), `device` and `dtype` left out."""
    if isinstance(function, type) and issubclass(function, torch.nn.RNNBase) and function is not torch.nn.RNNBase:
        return _read_recurrent(function)
    if isinstance(function, type) and vars(torch.nn.Module)["__init__"] is getattr(function, "__init__", None):
        return Signature({})  # it shows `*args, **kwargs`, and takes none
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return Signature({}, open=True)
    hints = _read_hints(function)
    arguments = {}
    for parameter in parameters:
        if parameter.name in ("device", "dtype") or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        kind = _read_kind(parameter.name, hints.get(parameter.name, parameter.default if not required else Any))
        if not required and name_kind(parameter.default) == "float" and not _in_bounds(kind, parameter.default):
            kind = dataclasses.replace(kind, low=None, high=None)  # `p=2.0` is the power of a norm, no probability
        arguments[parameter.name] = Argument(parameter.name, kind, required, None if required else parameter.default)
    return Signature(arguments, any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters))


def _read_recurrent(function: type) -> Signature:
    """LSTM, GRU and RNN show `*args, **kwargs`; their base has the names."""
    arguments = dict(read_signature(torch.nn.RNNBase).without("mode").arguments)
    if function is not torch.nn.LSTM:
        arguments.pop("proj_size")
    if function is torch.nn.RNN:
        words = Kind(frozenset({"str"}), words=("tanh", "relu"))
        arguments["nonlinearity"] = Argument("nonlinearity", words, required=False, default="tanh")
    return Signature(arguments)


def _read_hints(function: Callable[..., Any]) -> dict[str, Any]:
    target = getattr(function, "__init__", function) if isinstance(function, type) else function
    try:
        return typing.get_type_hints(target, localns=_HINT_NAMES)
    except Exception:  # noqa: BLE001  # an annotation that cannot be resolved says nothing: any value is let through
        return {}


def _read_kind(name: str, hint: Any) -> Kind:
    kind = _kind_of_hint(hint)
    if not kind.names and name in SIZES:
        kind = Kind(frozenset({"int", "list"}), Kind(frozenset({"int"})))
    if name in PROBABILITIES and "float" in kind.names:
        return dataclasses.replace(kind, low=0, high=1)
    if name in COUNTS and "int" in kind.names:
        return dataclasses.replace(kind, low=1 if name in SIZES else 0, high=MOST_LAYERS)
    if name in SIZES and "int" in kind.names:
        items = dataclasses.replace(kind.items, low=1) if kind.items else None
        return dataclasses.replace(kind, low=1, items=items)
    return kind


def _kind_of_hint(hint: Any) -> Kind:
    """The kind that an annotation, or in its absence a default value, allows."""
    if hint in _NAMES:
        return Kind(frozenset({_NAMES[hint]}))
    if hint is not None and type(hint) in (int, float, bool):
        return Kind(frozenset({_NAMES[type(hint)]}))
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union([_kind_of_hint(part) for part in parts])
    if origin is typing.Literal and all(isinstance(part, str) for part in parts):
        return Kind(frozenset({"str"}), words=parts)
    container = origin or hint
    if isinstance(container, type):
        if issubclass(container, torch.nn.Module):
            return Kind(frozenset({"module"}))
        if issubclass(container, collections.abc.Mapping):
            return Kind(frozenset({"dict"}))
        if issubclass(container, (list, tuple, collections.abc.Sequence, collections.abc.Iterable)):
            items = [_kind_of_hint(part) for part in parts if part is not ...]
            return Kind(frozenset({"list"}), _union(items) if items else None)
    return Kind()


def _union(kinds: list[Kind]) -> Kind:
    if not all(kind.names for kind in kinds):
        return Kind()
    names = frozenset().union(*(kind.names for kind in kinds))
    items = next((kind.items for kind in kinds if kind.items), None)
    plain_strings = any("str" in kind.names and not kind.words for kind in kinds)
    words = () if plain_strings else tuple(word for kind in kinds for word in kind.words)
    return Kind(names, items, words)


def read_arguments(
    signature: Signature,
    given: Mapping[str, Any],
    path: Path,
    *,
    filled: Collection[str] = (),
    extra: Collection[str] = (),
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of `given`, made fit for the call, and the problems they have.

    Args:
        signature: What the callable accepts.
        given: Arguments by name, as the user wrote them.
        path: The place of `given` in the spec.
        filled: Arguments that come from elsewhere and so may be absent.
        extra: Further keys that are allowed here (named in the error of an unknown key).

    Returns:
        The values (numbers that were written as `"1e-3"` as floats), and all problems: unknown
        and missing keys, values of the wrong kind, numbers out of range.
    """
    arguments = signature.arguments
    values: dict[str, Any] = {}
    faults: list[Problem] = []
    unknown = []
    for name, value in given.items():
        argument = arguments.get(name)
        values[name] = value
        if argument is None:
            unknown.append(name)
        elif not is_fit(argument.kind, value) and (
            value is not None or argument.required or argument.default is not None
        ):
            values[name], found = read_value(argument.kind, value, (*path, name))
            faults += found
    missing = [name for name in signature.required if name not in given and name not in filled]
    if missing or (unknown and not signature.open):
        wrong = [] if signature.open else unknown
        return values, unknown_keys(path, wrong, [*arguments, *extra], missing) + faults
    return values, faults


def is_fit(kind: Kind, value: Any) -> bool:
    """Whether `value` is a number or a switch that is right for `kind` as it is; of others `read_value` tells."""
    names, plain = kind.names, type(value)
    if plain is int:
        right = "int" in names or "float" in names
    elif plain is float:
        right = "float" in names
    else:
        return not names or (plain is bool and "bool" in names)
    if right and names:
        low, high = kind.low, kind.high
        return (low is None or value >= low) and (high is None or value <= high)
    return not names


def read_value(kind: Kind, value: Any, path: Path) -> tuple[Any, list[Problem]]:
    """`value` made fit for `kind`, and the problems it has there (none or one)."""
    if is_fit(kind, value):
        return value, []
    if "float" in kind.names and isinstance(value, str) and EXPONENT_NUMBER.fullmatch(value):
        value = float(value)
    if "bool" in kind.names and "str" not in kind.names:
        value = read_switch(value)
    name = name_kind(value)
    if name == "list" and "list" in kind.names:
        return _read_items(kind, value, path)
    fits = name in kind.names or (name == "int" and "float" in kind.names) or _is_foreign(name, kind)
    if fits and name == "str" and kind.words and value not in kind.words:
        return value, [Problem(path, quote(value), kind.describe(), did_you_mean(value, kind.words), "value")]
    if fits and name in ("int", "float") and not _in_bounds(kind, value):
        fits = False
    if fits:
        return value, []
    meant = _find_meant(kind, value)
    if meant is None:
        return value, [Problem(path, quote(value), kind.describe(), code="value")]
    quoted = isinstance(value, str) and value.strip().lower() == quote_yaml(meant)
    hint = f"write {quote_yaml(meant)}" + (" without quotes" if quoted else "")
    return value, [Problem(path, quote(value), kind.describe(), hint, "value", patch=(Edit("set", path, meant),))]


def read_switch(value: Any) -> Any:
    """True or False where `value` is a word that YAML 1.1 reads so, as `on`; else `value`."""
    if isinstance(value, str) and SWITCH.fullmatch(value):
        return value.lower() in ("yes", "on")
    return value


def _read_items(kind: Kind, value: list[Any], path: Path) -> tuple[Any, list[Problem]]:
    if kind.items is None:
        return value, []
    results = [read_value(kind.items, item, (*path, index)) for index, item in enumerate(value)]
    return [item for item, _ in results], [problem for _, problems in results for problem in problems]


def name_kind(value: object) -> str:
    """The kind of a value in a spec: `int float bool str null list dict`, else its class name."""
    if isinstance(value, enum.Enum):
        return type(value).__name__
    for cls, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "str"), (type(None), "null")):
        if isinstance(value, cls):
            return name
    if isinstance(value, (list, tuple)):
        return "list"
    if isinstance(value, Mapping):
        return "module" if "type" in value else "dict"
    return "tensor" if isinstance(value, torch.Tensor) else type(value).__name__


def _is_foreign(name: str, kind: Kind) -> bool:
    """A Python object that no spec file can hold is the callable's own affair."""
    return name not in ("bool", "int", "float", "str", "null", "list", "dict", "module", "tensor") or (
        name == "module" and "dict" in kind.names
    )


def _in_bounds(kind: Kind, value: float) -> bool:
    return (kind.low is None or value >= kind.low) and (kind.high is None or value <= kind.high)


def quote_yaml(value: object) -> str:
    """A number or a switch as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _find_meant(kind: Kind, value: object) -> Any:
    """The number or switch that was probably meant, or None."""
    if isinstance(value, str) and kind.names & {"int", "float"}:
        text = value.strip()
        if re.fullmatch(r"[-+]?\d{1,18}", text) and _in_bounds(kind, int(text)):
            return int(text)
        if "float" in kind.names and re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)", text) and _in_bounds(kind, float(text)):
            return float(text)
    if isinstance(value, float) and "int" in kind.names and value.is_integer() and _in_bounds(kind, value):
        return int(value)
    if isinstance(value, str) and "bool" in kind.names:
        return _MEANT.get(value.lower())
    return None
