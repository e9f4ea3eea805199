"""The public names in one place; `torcharc` hands them out when one is first asked for."""

from torcharc import zoo
from torcharc.criterion import build_criterion
from torcharc.dagnet import DAGNet
from torcharc.diagnosis import check, repair
from torcharc.errors import ArcError, ArgumentError, InputError, Problem, SpecError
from torcharc.inspection import inspect
from torcharc.network import build, build_fragment
from torcharc.optim import build_optimizer
from torcharc.registration import register
from torcharc.registry import types, unregister
from torcharc.scheduler import build_scheduler
from torcharc.spec.override import override
from torcharc.training import build_training

__all__ = [
    "ArcError",
    "ArgumentError",
    "DAGNet",
    "InputError",
    "Problem",
    "SpecError",
    "build",
    "build_criterion",
    "build_fragment",
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
    "zoo",
]
