"""Running a module on the meta device: what it gives, without memory, random numbers or state.

A module runs at two unusual batch sizes, 89 and 97. An axis that differs between the runs follows
the batch; one that differs in another way has no fixed size. Each free axis of the inputs has two
unusual sizes of its own, so that a node which mixes two of them up fails.
"""

from __future__ import annotations

import contextlib
import random
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from torcharc.errors import ArcError
from torcharc.graph import BatchDim, Dim, FreeDim, Struct, TensorSpec
from torcharc.repetition import OperationLimit, Repetition
from torcharc.rules import Outcome

BATCHES = (89, 97)
FREE_SIZES = (53, 59)  # for axes of which nothing is known
AXIS_SIZES = ((61, 67), (71, 73), (79, 83), (101, 103), (107, 109), (113, 127))  # for free axes of the inputs
SMALL_BATCHES = (5, 7)  # where a module only runs for real


@contextlib.contextmanager
def untouched() -> Iterator[None]:
    """Keeps random state (torch, Python, NumPy), default dtype and warnings as they were."""
    python_state = random.getstate()
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy else None
    dtype = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            random.setstate(python_state)
            if numpy:
                numpy.random.set_state(numpy_state)


def make_on_meta(make: Callable[[], nn.Module]) -> nn.Module:
    """The module that `make` gives, in eval mode, with its tensors on meta."""
    with untouched():
        try:
            with torch.device("meta"):
                module = make()
        except (RuntimeError, NotImplementedError, TypeError) as error:
            if "meta" not in str(error).lower():
                raise
            module = make().to("meta")  # a constructor that reads values off tensors
    return module.eval()


def count_parameters(module: nn.Module) -> int:
    """The number of parameters, a shared one once, lazy ones left out."""
    return sum(p.numel() for p in module.parameters() if not nn.parameter.is_lazy(p))


def run_on_meta(make: Callable[[], nn.Module], arguments: Sequence[Any], named: Mapping[str, Any]) -> Outcome:
    """What the module that `make` gives returns for inputs of the given specs.

    Args:
        make: Makes the module.
        arguments: Positional arguments: `TensorSpec`s, numbers, or lists and dicts of these.
        named: Keyword arguments, likewise.

    Returns:
        The output with its batch axes found, the parameters, and the MACs of one sample.

    Raises:
        Exception: Whatever the module raises for such inputs.
    """
    free = {key for value in (*arguments, *named.values()) for key in _list_free(value)}
    try:
        return _run_all(make, arguments, named, sorted(free, key=str))
    except ArcError:  # a limit, or a block's own word on its inputs
        raise
    except Exception:
        if None not in free or len(free) == 1:
            raise
        # what follows from a free axis in a way that is not known may still fit it: all have one size then
        loose = [_forget(value) for value in arguments], {name: _forget(value) for name, value in named.items()}
        return _run_all(make, *loose, [None])


def _run_all(
    make: Callable[[], nn.Module], arguments: Sequence[Any], named: Mapping[str, Any], free: Sequence[int | None]
) -> Outcome:
    """The outcome of runs at two batch sizes, and at two sizes of each free axis."""
    module = make_on_meta(make)
    turns: list[tuple[int, Any]] = [(0, ()), (1, ()), *((0, (key,)) for key in free)]
    repetition = Repetition(module)
    try:
        results = [_run(module, arguments, named, turn, repetition) for turn in turns]
        batches = BATCHES
    except (RuntimeError, NotImplementedError, TypeError) as error:
        if "meta" not in str(error).lower():
            raise
        with untouched():
            real = make().eval()
        results = [_run(real, arguments, named, turn) for turn in turns]
        batches = SMALL_BATCHES
    (first, flops), (second, more_flops) = results[:2]
    output = _compare(first, second, batches)
    for key, (stretched, _) in zip(free, results[2:], strict=True):
        output = _loosen(output, first, stretched, key)
    if any(stretched_flops != flops for _, stretched_flops in results[2:]):
        return Outcome(output, count_parameters(module), None)
    slope, rest = divmod(more_flops - flops, batches[1] - batches[0])
    constant = flops - slope * batches[0]  # below 0 where they grow faster than the batch
    macs = (slope + constant) // 2 if rest == 0 and constant >= 0 else None
    return Outcome(output, count_parameters(module), macs)


def _list_free(value: Any) -> list[int | None]:
    """The free axes of the specs in `value`; None stands for those of which nothing is known."""
    if isinstance(value, TensorSpec):
        free = [dim for dim in value.shape if dim is None or isinstance(dim, FreeDim)]
        return [None if dim is None else dim.axis for dim in free]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (tuple, list)) else ()
    return [key for item in items for key in _list_free(item)]


def _forget(value: Any) -> Any:
    """`value` with nothing known of the free axes in it."""
    if isinstance(value, TensorSpec):
        return TensorSpec(tuple(None if isinstance(dim, FreeDim) else dim for dim in value.shape), value.dtype)
    if isinstance(value, (tuple, list)):
        return type(value)(map(_forget, value))
    return {key: _forget(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def free_size(axis: int | None, stretched: bool = False) -> int:
    """The size in a run of a free axis of the inputs; None stands for an axis of which nothing is known."""
    if axis is None:
        return FREE_SIZES[stretched]
    return AXIS_SIZES[axis - 1][stretched] if axis <= len(AXIS_SIZES) else 131 + 12 * axis + 5 * stretched


def name_sizes(text: str, inputs: Any) -> str:
    """What a run said, with the sizes it had in place of `N`, and of the free axes of its inputs, in words."""
    text = re.sub(rf"\b{BATCHES[0]}\b", "N", text)
    for axis in {key for key in _list_free(inputs) if key is not None}:
        text = re.sub(rf"\b{free_size(axis)}\b", f"free axis {axis}", text)
    return text


def _run(
    module: nn.Module,
    arguments: Sequence[Any],
    named: Mapping[str, Any],
    turn: tuple[int, Any],
    repetition: Repetition | None = None,
) -> tuple[Any, int]:
    """The result and the FLOPs with the first or second batch size, and the second size of some free axes.

    The module runs on meta where `repetition` is given, else for real.
    """
    device = "cpu" if repetition is None else "meta"
    batch = (SMALL_BATCHES if repetition is None else BATCHES)[turn[0]]

    def fill(value: Any) -> Any:
        return _materialize(value, batch, turn[1], device)

    from torch.utils.flop_counter import FlopCounterMode  # only here: it takes a while to import

    counter = FlopCounterMode(display=False)
    if repetition is not None:
        repetition.start(counter.get_total_flops)
    with untouched(), OperationLimit(), counter:
        result = module(*[fill(value) for value in arguments], **{key: fill(value) for key, value in named.items()})
    return result, counter.get_total_flops() + (repetition.skipped if repetition else 0)


def _materialize(value: Any, batch: int, stretched: Collection[int | None], device: str) -> Any:
    """A tensor of the given spec; lists and dicts of them likewise."""
    if isinstance(value, TensorSpec):
        sizes = [_size(dim, batch, stretched) for dim in value.shape]
        dtype = getattr(torch, value.dtype or "float32")
        return torch.zeros(sizes, dtype=dtype, device=device)
    if isinstance(value, (tuple, list)):
        return type(value)(_materialize(item, batch, stretched, device) for item in value)
    if isinstance(value, Mapping):
        return {key: _materialize(item, batch, stretched, device) for key, item in value.items()}
    return value


def _size(dim: Dim, batch: int, stretched: Collection[int | None]) -> int:
    if isinstance(dim, BatchDim):
        return dim.size(batch)
    if isinstance(dim, FreeDim):
        return dim.size(free_size(dim.axis, dim.axis in stretched))
    return free_size(None, None in stretched) if dim is None else dim


def _compare(first: Any, second: Any, batches: tuple[int, int]) -> Struct:
    """The structure of two results at two batch sizes, with the axes that follow the batch."""
    if isinstance(first, torch.Tensor):
        if first.ndim != second.ndim:
            return None
        dims = tuple(_dim(a, b, batches) for a, b in zip(first.shape, second.shape, strict=True))
        return TensorSpec(dims, str(first.dtype).removeprefix("torch."))
    if isinstance(first, Mapping):
        return {str(key): _compare(first[key], second[key], batches) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(_compare(a, b, batches) for a, b in zip(first, second, strict=True))
    return None


def _loosen(output: Struct, first: Any, stretched: Any, axis: int | None) -> Struct:
    """`output` with the axes freed that differ where one free axis of the inputs does."""
    if isinstance(output, TensorSpec):
        sizes = zip(output.shape, first.shape, stretched.shape, strict=True)
        return TensorSpec(tuple(dim if a == b else _free_dim(dim, a, b, axis) for dim, a, b in sizes), output.dtype)
    if isinstance(output, Mapping):
        return {key: _loosen(item, first[key], stretched[key], axis) for key, item in output.items()}
    if isinstance(output, tuple):
        return tuple(_loosen(item, a, b, axis) for item, a, b in zip(output, first, stretched, strict=True))
    return output


def _free_dim(dim: Dim, first: int, stretched: int, axis: int | None) -> Dim:
    """The axis that a size follows which differs with one free axis; None where that is not all that it follows."""
    if axis is None or not isinstance(dim, int):
        return None
    scale, rest = divmod(stretched - first, free_size(axis, True) - free_size(axis))
    offset = first - scale * free_size(axis)
    return FreeDim(axis, scale, offset) if rest == 0 and scale > 0 and offset > -free_size(axis) else None


def _dim(first: int, second: int, batches: tuple[int, int]) -> Dim:
    if first == second:
        return first
    scale, rest = divmod(second - first, batches[1] - batches[0])
    offset = first - scale * batches[0]
    linear = rest == 0 and scale > 0 and offset > -batches[0]  # N * N looks like 186 * N - 8633
    return BatchDim(scale, offset) if linear else None
