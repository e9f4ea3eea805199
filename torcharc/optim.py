"""Optimizers from specs, with options by the names of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from torcharc.arguments import Kind, Signature, read_value
from torcharc.catalog import Selection, to_plain
from torcharc.errors import Problem, SpecError, choices, quote
from torcharc.optimizer import OPTIMIZERS, Lookahead, read_lookahead, read_optimizer
from torcharc.param_groups import (
    Rule,
    assign_parameters,
    list_undecayed,
    make_groups,
    name_parameters,
    read_rules,
)


def build_optimizer(spec: str | Mapping[str, Any], model: nn.Module) -> Optimizer:
    """The optimizer that `spec` describes, for the parameters of `model`.

    Args:
        spec: `{type, ...kwargs}`, or the type alone: a class of `torch.optim` (`Adam`, `adam`,
            `torch.optim.Adam`), `Lookahead`, `GlobalAdam` or `GlobalRMSprop`, with the arguments
            of its constructor. Two keys besides: `groups`, a list of `{match: pattern,
            ...options}`, gives options to the parameters whose name matches (`*` stands for any
            text, the first matching entry counts, a leading `module_dict.` may be left out);
            `no_decay: true` keeps biases and the parameters of normalizations from weight decay.
        model: Any module; its frozen parameters are left out.

    Returns:
        The optimizer, its groups in the order of `groups`, the other parameters last; of each,
        the part without weight decay second.

    Raises:
        SpecError: With all problems of the spec.

    Example:
        >>> import torch
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.LayerNorm(4))
        >>> optimizer = build_optimizer({"type": "AdamW", "groups": [{"match": "0.*", "lr": 1e-4}]}, model)
        >>> [(len(group["params"]), group["lr"]) for group in optimizer.param_groups]
        [(2, 0.0001), (2, 0.001)]
    """
    given = to_plain(spec)
    selection, problems = read_optimizer(given, (), extra=("groups", "no_decay"))
    stepping = None if selection is None else _inner(selection)
    extras = given if isinstance(given, dict) else {}
    options = Signature({}, open=True) if stepping is None else _list_options(stepping.cls)
    rules, found = _read_extras(extras, options, stepping)
    names = name_parameters(model)
    assigned, clashes = assign_parameters(rules, names, ("groups",))
    problems = [*problems, *found, *clashes]
    if selection is None or stepping is None or problems:
        raise SpecError(problems)
    checked = [rule for rule in rules if rule is not None]
    _try_out(selection, stepping, checked)
    groups = make_groups(checked, assigned, list_undecayed(model) if extras.get("no_decay") else set())
    _check_parameters(stepping, groups, names, "type" if stepping is selection else "optimizer")
    plain = len(groups) == 1 and list(groups[0]) == ["params"]
    made: Optimizer = selection.make(groups[0]["params"] if plain else groups)
    return made


def _inner(selection: Selection) -> Selection | None:
    """The selection of the optimizer that does the steps: Lookahead's inner one, or itself."""
    return read_lookahead(selection.values, selection.path)[1] if selection.cls is Lookahead else selection


def _list_options(cls: Callable[..., Any]) -> Signature:
    """The arguments of an optimizer that a group may state."""
    signature, defaults = OPTIMIZERS.read_signature(cls), cls([_dummy()]).defaults
    return signature.without(*(name for name in signature.arguments if name not in defaults))


def _dummy() -> nn.Parameter:
    return nn.Parameter(torch.zeros(1, 1))  # two axes, as Muon wants them


def _read_extras(
    given: Mapping[str, Any], options: Signature, stepping: Selection | None
) -> tuple[list[Rule | None], list[Problem]]:
    """The rules of `groups`, and the problems of `groups` and `no_decay`."""
    flag, problems = read_value(Kind(frozenset({"bool"})), given.get("no_decay", False), ("no_decay",))
    name = "" if stepping is None else stepping.cls.__name__
    if flag and not problems and stepping is not None and "weight_decay" not in options.arguments:
        problems = [Problem(("no_decay",), "true", f"an optimizer with weight_decay, which {name} has not")]
    if "groups" not in given:
        return [], problems
    if name == "LBFGS":
        expected = "no groups: LBFGS keeps all parameters in one"
        return [], [*problems, Problem(("groups",), quote(given["groups"]), expected, code="groups")]
    rules, found = read_rules(given["groups"], options, ("groups",))
    return rules, [*problems, *found]


def _try_out(selection: Selection, stepping: Selection, rules: Sequence[Rule]) -> None:
    """Raises what the optimizer's constructor says of the arguments, and of each group's (which torch lets pass)."""
    selection.make([_dummy()])
    refusals = []
    for index, rule in enumerate(rules):
        words = quote({"match": rule.match, **rule.options})
        merged = Selection(stepping.cls, {**stepping.values, **rule.options}, ("groups", index), words)
        try:
            merged.make([_dummy()])
        except SpecError as error:
            refusals.append(error)
    if refusals:
        raise SpecError([problem for error in refusals for problem in error.problems]) from refusals[0].__cause__


def _check_parameters(
    stepping: Selection,
    groups: Sequence[Mapping[str, Any]],
    names: Mapping[nn.Parameter, Sequence[str]],
    key: str,
) -> None:
    """Raises if there is nothing to train, or something that Muon, which `key` names, cannot train."""
    if not groups:
        expected = "a model with parameters that require gradients"
        raise SpecError(Problem((), "a model without any to train", expected, code="no-parameters"))
    parameters = [parameter for group in groups for parameter in group["params"]]
    others = [names[parameter][0] for parameter in parameters if parameter.ndim != 2]
    if stepping.cls.__name__ == "Muon" and others:
        expected = f"an optimizer for all parameters; Muon takes matrices alone, not: {choices(others)}"
        raise SpecError(Problem((key,), "Muon", expected, "freeze those, or give them an optimizer of their own"))
