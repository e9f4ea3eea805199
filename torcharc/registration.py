"""`register`: a class, a factory or a spec as a type that specs can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from torch import nn

from torcharc import registry
from torcharc.spec.block import make_block

Made = TypeVar("Made", bound=Callable[..., nn.Module])


@overload
def register(type_: Made, /) -> Made: ...
@overload
def register(type_: str, spec: Mapping[str, Any], /) -> Mapping[str, Any]: ...
@overload
def register(type_: str, make: Made, /, **settings: Any) -> Made: ...
@overload
def register(type_: str | None = None, /, **settings: Any) -> Callable[[Made], Made]: ...
def register(type_: Any = None, make: Any = None, /, **settings: Any) -> Any:
    """Makes a module class, a factory of modules or a spec a type that specs can name.

    Used as `@register`, as `@register("Name", infer={...})`, as `register("Name", cls)`, or as
    `register("Name", spec)` with a module of a graph spec (`{inputs, params, graph, outputs}`) or a
    whole spec of any format, whose variables become params.

    Args:
        type_: The class or factory, or the name of the type; default: the class's own name.
        make: The class, the factory or the spec, when the first argument is a name.
        settings: What cannot be read from a class: `infer` (argument → axis of the input that
            gives its value: `-1` last, `1` channels, `"shape"` all without the batch, None where
            a name that torch.nn would infer is not to be inferred),
            `input_dtype` (`"int64"` for token ids), `outputs` (names of the parts of a tuple
            output), `example` (`{"params": {...}, "inputs": {port: [dims]}}`), `kind`, `ports`.

    Returns:
        What was registered, unchanged.

    Raises:
        ArgumentError: If the name is taken, or what is given makes no module.
        SpecError: With every problem of a spec.

    Example:
        >>> import torch, torcharc
        >>> @torcharc.register
        ... class Scale(torch.nn.Module):
        ...     def __init__(self, in_features: int):
        ...         super().__init__()
        ...         self.weight = torch.nn.Parameter(torch.ones(in_features))
        ...
        ...     def forward(self, x):
        ...         return x * self.weight
        >>> torcharc.build({"dag_in_shape": [4], "scale": {"type": "Scale"}}).module_dict.scale
        Scale()
        >>> block = {
        ...     "params": {"width": 8},
        ...     "inputs": ["x"],
        ...     "graph": [
        ...         {"name": "fc", "type": "Linear", "params": {"out_features": "width"}},
        ...         {"name": "s", "type": "Scale"},
        ...     ],
        ...     "outputs": {"y": "s"},
        ... }
        >>> _ = torcharc.register("ScaledLinear", block)
        >>> torcharc.build({"dag_in_shape": [4], "fc": {"type": "ScaledLinear", "width": 2}})(torch.rand(3, 4)).shape
        torch.Size([3, 2])
        >>> torcharc.unregister("ScaledLinear"), torcharc.unregister("Scale")
        (None, None)
    """
    if isinstance(make, Mapping):
        registry.add(type_, lambda: make_block(type_, make))
        return make
    return registry.register(type_, make, **settings)
