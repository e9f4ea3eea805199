"""Networks of the zoo beside independent implementations: weights move over, and outputs are compared.

The libraries are no dependencies: what is not installed is skipped. `make numerics` has an environment
with all of them. `NUMERICS_OUT` names a file for the differences, from which doc/numerics.py writes its
table.
"""

import csv
import importlib
import importlib.abc
import importlib.machinery
import os
import pathlib
import sys
import types
import warnings

import pytest
import torch
from torch import nn

import torcharc

TOLERANCE = 1e-8  # of float64, relative to the greatest output


class AnyNames(type):
    """The type of an empty class that has any name, too."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return AnyNames(name, (), {})


class StandIn(types.ModuleType):
    """A module that has any name, each an empty class."""

    __getattr__ = AnyNames.__getattr__


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands for packages that a library imports at its start, and that its networks use nothing of."""

    def __init__(self, *packages):
        self.packages = packages

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.packages:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        module.__version__ = "0.0"


def library(name, *stand_ins):
    """A module of a library, or a skipped test; a package of `stand_ins` is empty where it is not installed."""
    finder = StandIns(*stand_ins)
    sys.meta_path.append(finder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:
        return pytest.skip(f"{name}: {error}")
    finally:
        sys.meta_path.remove(finder)
        for key in [key for key, module in sys.modules.items() if isinstance(module, StandIn)]:
            del sys.modules[key]


def shaken(model, seed=0):
    """The network in eval mode and float64, with statistics as of training, and no weights that are all alike."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.3, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
        for weight in model.parameters():
            if weight.numel() and (weight == weight.flatten()[0]).all():  # ones, zeros, a scale
                weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.3)
    return model.eval().double()


def find_leaves(model, *inputs):
    """The modules that hold weights of their own: as registered, or with `inputs` in the order of the calls."""
    own = [module for module in model.modules() if any(weight is not None for weight in module._parameters.values())]
    if not inputs:
        return own
    called = {}
    handles = [module.register_forward_hook(lambda module, *_: called.setdefault(module)) for module in own]
    with torch.no_grad():
        model(*inputs)
    for handle in handles:
        handle.remove()
    return list(called)


def move_weights(theirs, ours):
    """Copies the weights of modules to modules: those of the same shapes, in order.

    Axes of size 1 do not count, as a Linear is a convolution of 1x1. Whether the order is the right one
    is seen in the outputs.
    """
    waiting = {}
    for module in theirs:
        waiting.setdefault(_shapes(module), []).append(module.state_dict())
    for module in ours:
        own = module.state_dict()
        assert waiting.get(_shapes(module)), f"theirs has no more of {type(module).__name__} {_shapes(module)}"
        weights = waiting[_shapes(module)].pop(0).values()
        module.load_state_dict({key: new.reshape(own[key].shape) for key, new in zip(own, weights, strict=True)})
    assert not [shapes for shapes, modules in waiting.items() if modules]


def _shapes(module):
    return tuple(tuple(size for size in weight.shape if size != 1) for weight in module.state_dict().values())


def assert_same(name, library_name, found, expected, tolerance=TOLERANCE):
    """Asserts that tensors agree, each relative to its greatest number, and writes the greatest difference down."""
    assert [tensor.shape for tensor in found] == [tensor.shape for tensor in expected]
    pairs = zip(found, expected, strict=True)
    difference = max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)
    assert min(tensor.abs().max() for tensor in expected) > 1e-6  # else nothing is seen in them
    assert difference <= tolerance
    if path := os.environ.get("NUMERICS_OUT"):
        with pathlib.Path(path).open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow([name, library_name, found[0].dtype, f"{difference:.1e}"])


def as_list(output):
    """The tensors of an output, in order."""
    if isinstance(output, torch.Tensor):
        return [output]
    return list(output.values()) if isinstance(output, dict) else list(output)


def assert_moved(name, library_name, theirs, x, called=False, finish=as_list, **values):
    """Asserts that our network gives what `theirs` gives for `x`, with its weights.

    Args:
        called: Whether the order of the calls in theirs is that of ours; else that of registration is.
        finish: What is done with the output of theirs.
    """
    theirs = shaken(theirs)
    ours = torcharc.build(f"zoo/{name}", seed=1, **values).eval().double()
    move_weights(find_leaves(theirs, *([x] if called else [])), find_leaves(ours))
    with torch.no_grad():
        assert_same(name, library_name, as_list(ours(x)), finish(theirs(x)))
