"""torcharc: an architecture is data.

`build(spec)` turns a plain dict or a YAML file into a PyTorch network, `build_optimizer(spec,
model)` into an optimizer for it. `inspect(spec)` tells shapes, parameters and MACs beforehand,
`check(spec)` all that is wrong with a spec; `register` makes your own modules types, `types` lists
them all.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torcharc.criterion import build_criterion
    from torcharc.dagnet import DAGNet
    from torcharc.diagnosis import check, repair
    from torcharc.errors import ArcError, ArgumentError, InputError, Problem, SpecError
    from torcharc.inspection import inspect
    from torcharc.network import build
    from torcharc.optim import build_optimizer
    from torcharc.registry import register, types, unregister
    from torcharc.scheduler import build_scheduler
    from torcharc.spec.override import override
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
    "check",
    "inspect",
    "override",
    "register",
    "repair",
    "types",
    "unregister",
]

# where each name is defined; torch is imported with the first use, so that `torcharc --help` is fast
_HOMES = {
    "criterion": ["build_criterion"],
    "dagnet": ["DAGNet"],
    "diagnosis": ["check", "repair"],
    "errors": ["ArcError", "ArgumentError", "InputError", "Problem", "SpecError"],
    "inspection": ["inspect"],
    "network": ["build"],
    "optim": ["build_optimizer"],
    "registry": ["register", "types", "unregister"],
    "scheduler": ["build_scheduler"],
    "spec.override": ["override"],
    "training": ["build_training"],
}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'torcharc' has no attribute {name!r}")
    importlib.import_module("torcharc.planner")  # registers the building blocks
    for home, names in _HOMES.items():
        if name in names:
            globals()[name] = getattr(importlib.import_module(f"torcharc.{home}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
