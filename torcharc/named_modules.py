"""Modules under names of any kind: `type`, `keys` and `training` too, which `nn.ModuleDict` refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

_RESERVED = frozenset(dir(nn.ModuleDict())) | {"attributes", "self"}


class NamedModules(nn.ModuleDict):
    """An `nn.ModuleDict` that takes any name without a dot.

    A name that is an attribute of every module is an attribute with `_` behind it here, so that
    whatever walks over attributes finds the module and not the method: compilers, `torch.export`,
    `functional_call`. In the state dict, and in `module_dict["type"]`, the name is the plain one.

    Example:
        >>> modules = NamedModules({"type": nn.Linear(2, 1)})
        >>> modules["type"], list(modules.state_dict())
        (Linear(in_features=2, out_features=1, bias=True), ['type.weight', 'type.bias'])
        >>> modules.type_
        Linear(in_features=2, out_features=1, bias=True)
    """

    def __init__(self, modules: Mapping[str, nn.Module]):
        self.attributes = name_attributes(modules)
        super().__init__()
        for name, module in modules.items():
            self.add_module(self.attributes.get(name, name), module)

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute; the names alone are there before torch's own attributes are."""
        if name == "attributes":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def __getitem__(self, key: str) -> nn.Module:
        """The module of that name."""
        return super().__getitem__(self.attributes.get(key, key))

    def __contains__(self, key: str) -> bool:
        """Whether there is a module of that name."""
        return super().__contains__(self.attributes.get(key, key))

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The state under the plain names."""
        destination = kwargs.get("destination")
        before = len(destination) if destination is not None else 0
        state = super().state_dict(*args, **kwargs)
        if not self.attributes:
            return state
        prefix = kwargs.get("prefix", "")
        names = {f"{prefix}{attribute}.": f"{prefix}{name}." for name, attribute in self.attributes.items()}
        for key in list(state)[before:]:
            state[_rename(key, names)] = state.pop(key)  # every key moves, so that their order stays
        metadata = getattr(state, "_metadata", {})
        for key in list(metadata):
            plain = _rename(f"{key}.", names)[:-1]
            if plain != key:
                metadata[plain] = metadata.pop(key)
        return state

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        """Loads a state under the plain names."""
        names = {f"{prefix}{name}.": f"{prefix}{attribute}." for name, attribute in self.attributes.items()}
        for key in list(state_dict) if names else ():
            state_dict[_rename(key, names)] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def name_attributes(names: Iterable[str]) -> dict[str, str]:
    """The attribute for each name that cannot be one itself: with as many `_` behind it as no other name has."""
    if _RESERVED.isdisjoint(names):
        return {}
    taken = set(names)
    attributes = {}
    for name in names:
        if name in _RESERVED:
            attribute = f"{name}_"
            while attribute in taken or attribute in _RESERVED:
                attribute += "_"
            taken.add(attribute)
            attributes[name] = attribute
    return attributes


def _rename(key: str, names: Mapping[str, str]) -> str:
    """`key` with the name at its start replaced, if it is one of `names`."""
    return next((new + key[len(old) :] for old, new in names.items() if key.startswith(old)), key)
