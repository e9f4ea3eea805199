"""Running a module on the meta device: what it gives, without memory, random numbers or state.

A module runs at two unusual batch sizes, 89 and 97. An axis that differs between the runs follows
the batch; one that differs in another way has no fixed size.
"""

from __future__ import annotations

import contextlib
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from torcharc.graph import BatchDim, Dim, Struct, TensorSpec
from torcharc.repetition import OperationLimit, Repetition
from torcharc.rules import Outcome

BATCHES = (89, 97)
FREE_SIZES = (53, 59)  # for axes of any size
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
    module = make_on_meta(make)
    free = _is_free(arguments) or _is_free(tuple(named.values()))
    turns = ((0, 0), (1, 0), (0, 1)) if free else ((0, 0), (1, 0))
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
    if free:
        stretched, stretched_flops = results[2]
        output = _loosen(output, first, stretched)
        if stretched_flops != flops:
            return Outcome(output, count_parameters(module), None)
    slope, rest = divmod(more_flops - flops, batches[1] - batches[0])
    constant = flops - slope * batches[0]  # below 0 where they grow faster than the batch
    macs = (slope + constant) // 2 if rest == 0 and constant >= 0 else None
    return Outcome(output, count_parameters(module), macs)


def _is_free(value: Any) -> bool:
    """Whether a spec has an axis of any size."""
    if isinstance(value, TensorSpec):
        return None in value.shape
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, (tuple, list)) else ()
    return any(map(_is_free, items))


def _run(
    module: nn.Module,
    arguments: Sequence[Any],
    named: Mapping[str, Any],
    turn: tuple[int, int],
    repetition: Repetition | None = None,
) -> tuple[Any, int]:
    """The result and the FLOPs with the first or second batch size, and the first or second free size.

    The module runs on meta where `repetition` is given, else for real.
    """
    device = "cpu" if repetition is None else "meta"
    batch = (SMALL_BATCHES if repetition is None else BATCHES)[turn[0]]

    def fill(value: Any) -> Any:
        return _materialize(value, batch, FREE_SIZES[turn[1]], device)

    from torch.utils.flop_counter import FlopCounterMode  # only here: it takes a while to import

    counter = FlopCounterMode(display=False)
    if repetition is not None:
        repetition.start(counter.get_total_flops)
    with untouched(), OperationLimit(), counter:
        result = module(*[fill(value) for value in arguments], **{key: fill(value) for key, value in named.items()})
    return result, counter.get_total_flops() + (repetition.skipped if repetition else 0)


def _materialize(value: Any, batch: int, free: int, device: str) -> Any:
    """A tensor of the given spec; lists and dicts of them likewise."""
    if isinstance(value, TensorSpec):
        sizes = [dim.size(batch) if isinstance(dim, BatchDim) else free if dim is None else dim for dim in value.shape]
        dtype = getattr(torch, value.dtype or "float32")
        return torch.zeros(sizes, dtype=dtype, device=device)
    if isinstance(value, (tuple, list)):
        return type(value)(_materialize(item, batch, free, device) for item in value)
    if isinstance(value, Mapping):
        return {key: _materialize(item, batch, free, device) for key, item in value.items()}
    return value


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


def _loosen(output: Struct, first: Any, stretched: Any) -> Struct:
    """`output` with the axes freed that differ where the free axes do."""
    if isinstance(output, TensorSpec):
        sizes = zip(output.shape, first.shape, stretched.shape, strict=True)
        return TensorSpec(tuple(dim if a == b else None for dim, a, b in sizes), output.dtype)
    if isinstance(output, Mapping):
        return {key: _loosen(item, first[key], stretched[key]) for key, item in output.items()}
    if isinstance(output, tuple):
        return tuple(_loosen(item, a, b) for item, a, b in zip(output, first, stretched, strict=True))
    return output


def _dim(first: int, second: int, batches: tuple[int, int]) -> Dim:
    if first == second:
        return first
    scale, rest = divmod(second - first, batches[1] - batches[0])
    offset = first - scale * batches[0]
    linear = rest == 0 and scale > 0 and offset > -batches[0]  # N * N looks like 186 * N - 8633
    return BatchDim(scale, offset) if linear else None
