"""torcharc: an architecture is data.

`build(spec)` turns a plain dict or a YAML file into a PyTorch network, `build_optimizer(spec,
model)` into an optimizer for it. `inspect(spec)` tells shapes, parameters and MACs beforehand,
`check(spec)` all that is wrong with a spec; `register` makes your own modules types, `types` lists
them all.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from torcharc.facade import (
        ArcError,
        ArgumentError,
        DAGNet,
        InputError,
        Problem,
        SpecError,
        build,
        build_criterion,
        build_fragment,
        build_optimizer,
        build_scheduler,
        build_training,
        check,
        hash,
        inspect,
        override,
        register,
        repair,
        schema,
        to_spec,
        types,
        unregister,
        zoo,
    )

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
    "build_fragment",
    "build_optimizer",
    "build_scheduler",
    "build_training",
    "check",
    "hash",
    "inspect",
    "override",
    "register",
    "repair",
    "schema",
    "to_spec",
    "types",
    "unregister",
    "zoo",
]


def __getattr__(name: str) -> object:
    """A public name (PEP 562): torch is imported with the first, so that `torcharc --help` is fast."""
    if name not in __all__:
        raise AttributeError(f"module 'torcharc' has no attribute {name!r}")
    from torcharc.collection import CollectionPause

    with CollectionPause():
        from torcharc import facade

    globals().update({public: getattr(facade, public) for public in __all__})
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
