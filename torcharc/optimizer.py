"""Optimizers that torch.optim has not, and the catalog of all of them."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.optim import Optimizer

from torcharc.arguments import Argument, Kind, Signature, read_arguments, read_signature
from torcharc.catalog import Catalog, Selection, find_type, read_selection, read_values, spell, to_plain
from torcharc.errors import ArgumentError, Path, Problem, quote


class Lookahead(Optimizer):
    """Fast weights, stepped by an inner optimizer, that slow weights draw back every `k` steps.

    Every `k`-th step does `slow += alpha * (fast - slow)`, then `fast = slow`. The slow weights
    start as the weights before the first step, so that weights loaded before it count.
    `param_groups` and `defaults` are the inner optimizer's own; `state_dict` holds its state,
    the slow weights (`slow`, a parameter each) and the number of steps (`counter`).
    Zhang et al. 2019, *Lookahead Optimizer: k steps forward, 1 step back*.

    Args:
        params: As in `torch.optim`: parameters, or groups of them.
        alpha: How far the slow weights go towards the fast ones, from 0 to 1.
        k: Steps between two meetings, at least 1.
        optimizer: The inner optimizer: a name, or a mapping `{type, ...}`. An argument that
            Lookahead has too (RMSprop's `alpha`) can be given in the mapping alone.
        inner: Arguments of the inner optimizer.

    Raises:
        ArgumentError: If the arguments do not fit.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Lookahead([weight], alpha=0.5, k=2, optimizer="SGD", lr=0.5)
        >>> for _ in range(2):
        ...     weight.grad = torch.tensor([1.0])
        ...     optimizer.step()
        >>> weight  # 1 -> 0.5 -> 0, and half of the way back
        Parameter containing:
        tensor([0.5000], requires_grad=True)
    """

    def __init__(
        self, params: Any, alpha: float = 0.5, k: int = 5, optimizer: str | Mapping[str, Any] = "RAdam", **inner: Any
    ) -> None:
        given = to_plain({"alpha": alpha, "k": k, "optimizer": optimizer, **inner})
        own, selection, problems = read_lookahead(given, ())
        if selection is None or problems:
            raise ArgumentError(problems)
        made = selection.cls(params, **selection.values)
        super().__init__(made.param_groups, made.defaults)
        self._share(made)
        self.alpha: float = own["alpha"]
        self.k: int = own["k"]
        self.counter = 0
        self._slow: dict[Tensor, Tensor] = {}

    def _share(self, optimizer: Optimizer) -> None:
        """Makes `optimizer` the inner one, whose groups and state are this one's."""
        self.optimizer = optimizer
        self.defaults = optimizer.defaults
        self.state = optimizer.state
        self.param_groups = optimizer.param_groups

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of the inner optimizer, and at every `k`-th the meeting of slow and fast.

        Args:
            closure: Evaluates the model anew and gives the loss; it is handed to the inner optimizer.

        Returns:
            The loss, if there is a `closure`.
        """
        for parameter in self._parameters():
            if parameter not in self._slow:
                self._slow[parameter] = parameter.detach().clone()
        loss = self.optimizer.step() if closure is None else self.optimizer.step(closure)
        self.counter += 1
        if self.counter % self.k == 0:
            self._meet()
        return loss

    @torch.no_grad()
    def _meet(self) -> None:
        for parameter in self._parameters():
            slow = self._slow[parameter]
            slow.lerp_(parameter, self.alpha)
            parameter.copy_(slow)

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group, to the inner optimizer and so to this one."""
        if "optimizer" in self.__dict__:
            self.optimizer.add_param_group(param_group)
        else:  # called by the constructor, with the groups that the inner optimizer has
            super().add_param_group(param_group)

    def state_dict(self) -> dict[str, Any]:
        """As torch's: `state` by parameter, with `slow` and `counter` in it, and `param_groups`."""
        state: collections.defaultdict[Any, Any] = collections.defaultdict(dict, self.optimizer.state)
        for parameter, slow in self._slow.items():
            state[parameter] = {**state[parameter], "slow": slow}
        state["counter"] = self.counter
        self.state = state  # torch reads it from here, then runs the hooks
        try:
            return super().state_dict()
        finally:
            self.state = self.optimizer.state

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("optimizer", "alpha", "k", "counter", "_slow")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "optimizer" not in state:  # torch's load_state_dict calls this too, with what it has read
            self._load(state["state"])
            self.optimizer.__setstate__(state)
            state = {}
        super().__setstate__({"defaults": {}, **state})
        self._share(self.optimizer)

    def _load(self, state: dict[Any, Any]) -> None:
        """Takes its own part out of `state`; a checkpoint of the inner optimizer has none."""
        self.counter = state.pop("counter", 0)
        self._slow = {
            parameter: values.pop("slow").clone()
            for parameter, values in state.items()
            if isinstance(values, dict) and "slow" in values
        }


class SharedState(Optimizer):
    """An optimizer whose state exists from the start and can be shared between processes.

    Worker processes that step the same shared parameters so share the running means too
    (Hogwild; Recht et al. 2011). The numbers are those of the plain optimizer.

    Attributes:
        plain: The optimizer of torch, all of whose state starts as zeros.
    """

    plain: ClassVar[type[Optimizer]]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group, and its state."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        twins = [torch.zeros_like(parameter, requires_grad=True) for parameter in group["params"]]
        for twin in twins:
            twin.grad = torch.zeros_like(twin)
        # torch makes the state in the first step: the names and dtypes are learned from one on zeros
        plain: Any = self.plain
        optimizer = plain([{**group, "params": twins, "differentiable": False}])
        optimizer.step()
        for parameter, twin in zip(group["params"], twins, strict=True):
            self.state[parameter] = {name: value.zero_() for name, value in optimizer.state[twin].items()}

    def share_memory(self) -> Self:
        """Moves the state into shared memory; call it again after `load_state_dict`."""
        for state in self.state.values():
            for value in state.values():
                value.share_memory_()
        return self


class GlobalAdam(SharedState, torch.optim.Adam):
    """`torch.optim.Adam` with state that exists at once and `share_memory()`.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1).share_memory()
        >>> optimizer = GlobalAdam(model.parameters(), lr=1e-3).share_memory()
        >>> sorted(optimizer.state[model.weight])
        ['exp_avg', 'exp_avg_sq', 'step']
    """

    plain = torch.optim.Adam


class GlobalRMSprop(SharedState, torch.optim.RMSprop):
    """`torch.optim.RMSprop` with state that exists at once and `share_memory()`.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1).share_memory()
        >>> optimizer = GlobalRMSprop(model.parameters(), lr=1e-2, alpha=0.99).share_memory()
        >>> sorted(optimizer.state[model.weight])
        ['square_avg', 'step']
    """

    plain = torch.optim.RMSprop


LOOKAHEAD = Signature(
    {
        "alpha": Argument("alpha", Kind(frozenset({"float"}), low=0, high=1), required=False, default=0.5),
        "k": Argument("k", Kind(frozenset({"int"}), low=1), required=False, default=5),
        "optimizer": Argument("optimizer", Kind(frozenset({"str", "dict"})), required=False, default="RAdam"),
    },
    open=True,
)


def _read_signature(cls: Callable[..., Any]) -> Signature:
    """What an optimizer takes besides `params`."""
    if cls is Lookahead:
        return LOOKAHEAD
    signature = read_signature(cls).without("params")
    search = signature.arguments.get("line_search_fn")
    if search is None:
        return signature
    kind = dataclasses.replace(search.kind, words=("strong_wolfe",))  # torch looks at it in the first step only
    return Signature({**signature.arguments, "line_search_fn": dataclasses.replace(search, kind=kind)})


def _list_optimizers() -> dict[str, type[Optimizer]]:
    own: tuple[type[Optimizer], ...] = (GlobalAdam, GlobalRMSprop, Lookahead)
    of_torch = (cls for cls in vars(torch.optim).values() if isinstance(cls, type) and issubclass(cls, Optimizer))
    return {cls.__name__: cls for cls in (*of_torch, *own) if cls is not Optimizer}


_TYPES = _list_optimizers()
_PREFIXES = ("", "optim.", "torch.optim.", "torcharc.")
OPTIMIZERS = Catalog("an optimizer", _TYPES, spell(_TYPES, _PREFIXES), _read_signature)


def read_optimizer(spec: Any, path: Path, *, extra: Collection[str] = ()) -> tuple[Selection | None, list[Problem]]:
    """As `read_selection`, for an optimizer; what Lookahead hands on is checked too."""
    selection, problems = read_selection(OPTIMIZERS, spec, path, extra=extra)
    if selection is not None and selection.cls is Lookahead and not problems:
        values, _, problems = read_lookahead(selection.values, path, extra=("type", *extra))
        selection = dataclasses.replace(selection, values=values)
    return selection, problems


def read_lookahead(
    given: Mapping[str, Any], path: Path, *, extra: Collection[str] = ()
) -> tuple[dict[str, Any], Selection | None, list[Problem]]:
    """Lookahead's arguments, the selection of its inner optimizer, and the problems of both."""
    values, problems = read_arguments(LOOKAHEAD, given, path)
    inner = {name: value for name, value in given.items() if name not in LOOKAHEAD.arguments}
    if problems:
        return values, None, problems
    spec = values.get("optimizer", "RAdam")
    place = (*path, "optimizer")
    cls, problems = find_type(OPTIMIZERS, spec, place)
    if cls is None or cls is Lookahead:
        nested = Problem(place, quote(spec), "an optimizer other than Lookahead", code="nested")
        return values, None, problems or [nested]
    selection, problems = read_selection(OPTIMIZERS, spec, place)
    known = (*LOOKAHEAD.arguments, *extra)
    more, found = read_values(_read_signature(cls), inner, path, extra=known)
    stated = () if selection is None else selection.values
    twice = [
        Problem((*path, name), quote(inner[name]), "one value; `optimizer` states another", code="twice")
        for name in more
        if name in stated
    ]
    if selection is not None:
        selection = dataclasses.replace(selection, values={**selection.values, **more}, path=path)
    return {**values, **more}, selection, [*problems, *found, *twice]
