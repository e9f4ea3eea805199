"""torcharc: an architecture is data.

`build(spec)` turns a plain dict or a YAML file into a PyTorch network, `build_optimizer(spec,
model)` into an optimizer for it. `inspect(spec)` tells shapes, parameters and MACs beforehand,
`register` makes your own modules types, `types` lists them all.
"""

from torcharc import module as module  # registers the building blocks
from torcharc.build import build
from torcharc.criterion import build_criterion
from torcharc.dagnet import DAGNet
from torcharc.errors import ArcError, ArgumentError, InputError, Problem, SpecError
from torcharc.inspection import inspect
from torcharc.optim import build_optimizer
from torcharc.registry import register, types, unregister
from torcharc.scheduler import build_scheduler
from torcharc.training import build_training

__version__ = "0.1.0"

__all__ = [
    "ArcError",
    "ArgumentError",
    "DAGNet",
    "InputError",
    "Problem",
    "SpecError",
    "build",
    "build_criterion",
    "build_optimizer",
    "build_scheduler",
    "build_training",
    "inspect",
    "register",
    "types",
    "unregister",
]
