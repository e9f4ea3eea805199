"""The tensor functions that a spec may name: a closed table, and a module that calls one.

The table starts from `torch.overrides.get_overridable_functions()`, which lists what acts on
tensors, and leaves out what writes into its input, reads or makes storage, draws on global
state, or belongs to a backend.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import re
from collections.abc import Callable
from types import MethodDescriptorType
from typing import Any, NamedTuple

import torch
from torch.overrides import get_overridable_functions

_NAMESPACES = {torch: "torch", torch.functional: "torch", torch.nn.functional: "torch.nn.functional"}
_NAMESPACES |= {torch.linalg: "torch.linalg", torch.fft: "torch.fft", torch.special: "torch.special"}

# prefixes of the operators behind a namespace
_OPERATORS = {"torch.linalg": "linalg_", "torch.fft": "fft_", "torch.special": "special_"}

_LEFT_OUT = re.compile(
    r".*_$|_.*|.*_copy$|.*_like$|sym_.*|is_.*|q_.*|int_repr|autocast|.*quant.*|fbgemm_.*|miopen_.*|native_.*"
    r"|batch_norm_.*|unsafe_.*|slice_inverse|.*_with_indices|numel|get_device|equal|allclose|hash_tensor"
    r"|choose_qparams.*|index_put|smm|spmm|hsmm|dsmm|hspmm|saddmm|sspaddmm"
    r"|(lstm|gru|rnn_tanh|rnn_relu)(_cell)?|cudnn_.*|mkldnn_.*|fused_.*|boolean_dispatch|handle_torch_function"
)

METHODS = frozenset(
    "view reshape expand repeat contiguous permute transpose flatten unflatten squeeze unsqueeze chunk split"
    " unbind select narrow mean sum prod amax amin max min argmax argmin std var norm abs neg exp log sqrt rsqrt"
    " square pow clamp relu sigmoid tanh softmax log_softmax add sub mul div matmul bmm mm t flip roll cumsum"
    " cumprod sort topk gather index_select masked_fill float double half long int bool type_as expand_as view_as"
    " unfold diagonal tril triu detach".split()
)
"""Methods of `torch.Tensor` that may be named, as `torch.Tensor.view`."""

# functions of torch.nn.functional that call others, and so are not overridable themselves
_CALLERS = ("hardsigmoid", "hardswish", "sigmoid", "tanh")

# argument names where torch shows no usable ones
_POOL = "torch.nn.functional.{}max_pool{}d"
_ARGUMENTS = {
    "torch.einsum": "operands equation",
    "torch.block_diag": "tensors",
    "torch.broadcast_tensors": "tensors",
    "torch.cartesian_prod": "tensors",
    "torch.chain_matmul": "tensors",
    "torch.meshgrid": "tensors indexing?",
    "torch.view": "input size? shape?",
    "torch.Tensor.view": "input size? shape?",
}
for _rank in (1, 2, 3):
    _ARGUMENTS |= {
        _POOL.format("", _rank): "input kernel_size stride? padding? dilation? ceil_mode? return_indices?",
        _POOL.format("adaptive_", _rank): "input output_size return_indices?",
        _POOL.format("fractional_", _rank): "input kernel_size output_size? output_ratio? return_indices?",
    }

_MAY_BE_NONE = re.compile("None|Optional")  # as annotations have it

SEQUENCES = frozenset({"tensors", "operands"})
"""Names of arguments that take a list of tensors."""

_TENSORS = SEQUENCES | {"b", "x2"}
"""Names of arguments that take tensors, in Python functions that do not say so."""

_UNUSED = frozenset(
    "out inplace dtype out_dtype device layout pin_memory memory_format generator implicit _stacklevel"
    " size_average".split()
)


@functools.cache
def functions() -> dict[str, Callable[..., Any]]:
    """Every tensor function that a spec may name, by its full name."""
    table: dict[str, Callable[..., Any]] = {"torch.view": torch.Tensor.view}  # as Arc-Graph writes it
    for namespace, listed in get_overridable_functions().items():
        prefix = _NAMESPACES.get(namespace)
        if prefix is None:
            continue
        known = {id(function) for function in listed}
        for short, function in vars(namespace).items():  # one function may have two names: torch.mm is torch.spmm
            if id(function) in known and not _LEFT_OUT.fullmatch(short):
                table[f"{prefix}.{short}"] = function
    for name in _CALLERS:
        table[f"torch.nn.functional.{name}"] = getattr(torch.nn.functional, name)
    for name in sorted(METHODS):
        table[f"torch.Tensor.{name}"] = getattr(torch.Tensor, name)
    return table


def full_name(name: str) -> str:
    """`F.gelu` as `torch.nn.functional.gelu`; other names as they are."""
    for short, full in (("F.", "torch.nn.functional."), ("nn.functional.", "torch.nn.functional.")):
        if name.startswith(short):
            return full + name[len(short) :]
    return "torch.Tensor." + name[len("Tensor.") :] if name.startswith("Tensor.") else name


class FunctionArguments(NamedTuple):
    """Argument names of a function.

    Attributes:
        ports: Those that take tensors, with whether they are required.
        others: The other ones, likewise.
        leading: How many ports stand before the first other one, and so can go by position.
    """

    ports: dict[str, bool]
    others: dict[str, bool]
    leading: int


@functools.cache
def function_arguments(name: str) -> FunctionArguments:
    """The argument names of a listed function."""
    if name in _ARGUMENTS:
        names = {word.rstrip("?"): not word.endswith("?") for word in _ARGUMENTS[name].split()}
        tensors = set(_TENSORS)
    else:
        names, tensors = _read_names(functions()[name])
    if not names:
        names, tensors = _read_schemas(name)
    unused = _UNUSED | {"reduce"} if "size_average" in names else _UNUSED
    names = {key: needed for key, needed in names.items() if key not in unused} or {"self": True}
    names = {"input" if key == "self" else key: needed for key, needed in names.items()}
    is_port = {key: key in tensors or key == "input" for key in names}
    leading = next((index for index, port in enumerate(is_port.values()) if not port), len(names))
    ports = {key: needed for key, needed in names.items() if is_port[key]}
    return FunctionArguments(ports, {key: needed for key, needed in names.items() if not is_port[key]}, leading)


def _read_names(function: Callable[..., Any]) -> tuple[dict[str, bool], set[str]]:
    """Argument names of a Python function, with whether they are required, and those that take tensors.

    A builtin has no names.
    """
    try:
        every = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}, set()
    parameters = [p for p in every if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    tensors = {p.name for p in parameters[:1]}  # the first argument of a function on tensors, whatever its name
    for parameter in parameters:
        kind = "" if parameter.annotation is parameter.empty else str(parameter.annotation)
        if ("Tensor" in kind and "Callable" not in kind) if kind else parameter.name in _TENSORS:
            tensors.add(parameter.name)
    return {p.name: p.default is p.empty and not _MAY_BE_NONE.search(str(p.annotation)) for p in parameters}, tensors


def _read_schemas(name: str) -> tuple[dict[str, bool], set[str]]:
    """Argument names of a builtin, from the schemas of its overloads; and those that take tensors."""
    space, short = name.rsplit(".", 1)
    prefix = _OPERATORS.get(space, "")
    operator = getattr(torch.ops.aten, prefix + short, None)
    overloads = [] if operator is None else [getattr(operator, key)._schema for key in operator.overloads()]
    overloads = [schema.arguments for schema in overloads if _is_public(schema)]
    if any(arguments[0].name == "self" for arguments in overloads):
        overloads = [arguments for arguments in overloads if arguments[0].name == "self"]
    names: dict[str, bool] = {}
    for argument in itertools.chain.from_iterable(overloads):
        names[argument.name] = names.get(argument.name, True) and not argument.has_default_value()
    for arguments in overloads:
        present = {argument.name for argument in arguments}
        names = {key: needed and key in present for key, needed in names.items()}
    return names, {a.name for arguments in overloads for a in arguments if "Tensor" in str(a.type)}


def _is_public(schema: Any) -> bool:
    """Whether a schema takes tensors, without named axes, and writes into none of them."""
    kinds = [str(argument.type) for argument in schema.arguments]
    writes = any(argument.alias_info is not None and argument.alias_info.is_write for argument in schema.arguments)
    return any("Tensor" in kind for kind in kinds) and not any("Dimname" in kind for kind in kinds) and not writes


_BY_POSITION = {
    "torch.view": "size",
    "torch.Tensor.view": "size",
    "torch.Tensor.expand": "size",
    "torch.Tensor.repeat": "repeats",
}


# functions of torch.nn.functional that act in training only
_DROPPING = frozenset(
    f"torch.nn.functional.{name}"
    for name in (*(f"dropout{d}" for d in ("", "1d", "2d", "3d")), "alpha_dropout", "feature_alpha_dropout", "rrelu")
)

# functions that take their tensors one by one
_SPREAD = frozenset(
    f"torch.{name}"
    for name in ("einsum", "block_diag", "broadcast_tensors", "cartesian_prod", "chain_matmul", "meshgrid")
)


@functools.cache
def _callable(name: str) -> Callable[..., Any]:
    """The function of that name; a method is looked up in its tensor, as dynamo of torch 2.6 can call no other."""
    function = functions()[name]
    if not isinstance(function, MethodDescriptorType):
        return function

    def call(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return getattr(tensor, function.__name__)(*args, **kwargs)

    return call


class TensorFunction(torch.nn.Module):
    """A tensor function with fixed keyword arguments, as a module without parameters.

    Args:
        name: Name in `functions()`.
        arguments: Keyword arguments of every call.

    Shapes:
        As the function's.
    """

    def __init__(self, name: str, **arguments: Any):
        super().__init__()
        self.name = full_name(name)
        self.arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
        self._function = _callable(self.name)

    def forward(self, *tensors: Any, **named: Any) -> Any:
        """The function's result."""
        arguments = {**self.arguments, **named}
        if self.name in _SPREAD:
            leading = [arguments.pop("equation")] if self.name == "torch.einsum" else []
            return self._function(*leading, *tensors[0], **arguments)
        if self.name in _DROPPING:
            arguments.setdefault("training", self.training)
        elif self.name == "torch.nn.functional.scaled_dot_product_attention" and not self.training:
            arguments.pop("dropout_p", None)
        elif self.name == "torch.nn.functional.batch_norm":
            arguments = dict.fromkeys(("running_mean", "running_var")[len(tensors) - 1 :]) | arguments
        by_position = _BY_POSITION.get(self.name)
        if by_position is not None:
            size = arguments.pop("shape") if "shape" in arguments else arguments.pop(by_position)
            tensors = (*tensors, size)
        return self._function(*tensors, **arguments)

    def __getstate__(self) -> dict[str, Any]:
        """The state without the function, as torch has some that cannot be pickled."""
        return {key: value for key, value in self.__dict__.items() if key != "_function"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Takes the function from the table again."""
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._function = _callable(self.name)

    def extra_repr(self) -> str:
        """Name and arguments, as they would be called."""
        return ", ".join([self.name, *(f"{key}={value!r}" for key, value in self.arguments.items())])
