"""The module that a stack is, and a node of type `Sequential`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as every_module

IDLE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
"""The layers that give back their input in eval mode."""


class Sequential(nn.Sequential):
    """An `nn.Sequential` that does not call its dropout layers in eval mode, where they do nothing.

    A layer with a hook of its own is called always.

    Shapes:
        what the first module takes → what the last gives.

    Example:
        >>> import torch
        >>> Sequential(nn.Linear(8, 4), nn.Dropout(0.5)).eval()(torch.rand(2, 8)).shape
        torch.Size([2, 4])
    """

    def __init__(self, *modules: Any):
        hooked = bool(every_module._global_module_registration_hooks)
        if hooked or not all(isinstance(module, nn.Module) for module in modules):
            super().__init__(*modules)
        else:  # `add_module` looks each position up as an attribute first, which takes as long as a small layer
            super().__init__()
            self._modules.update([(str(index), module) for index, module in enumerate(modules)])

    def forward(self, input: Tensor) -> Tensor:
        """What the last module gives."""
        if torch.jit.is_scripting():  # type: ignore[attr-defined]
            for module in self:
                input = module(input)
        else:
            for module in self._modules.values():
                if module.training or type(module) not in IDLE or _has_hooks(module):
                    input = module(input)
        return input


def _has_hooks(module: nn.Module) -> bool:
    """Whether a call of the module runs more than its `forward`."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or every_module._global_forward_hooks
        or every_module._global_forward_pre_hooks
        or every_module._global_backward_hooks
        or every_module._global_backward_pre_hooks
    )
