"""Parameter groups by name: which of a model's parameters get which options."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from torcharc.arguments import Argument, Kind, Signature
from torcharc.catalog import read_values
from torcharc.errors import Path, Problem, choices, did_you_mean, quote

NORMS = tuple(
    cls for name, cls in vars(nn).items() if "Norm" in name and isinstance(cls, type) and issubclass(cls, nn.Module)
)

# what DistributedDataParallel, torch.compile and DAGNet put before the names that a spec gives
_WRAPPING = re.compile(r"(module\.|_orig_mod\.)*(module_dict\.)?")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """The options of the parameters whose name matches a pattern.

    Attributes:
        match: The pattern; `*` stands for any text (dots too), `?` for one letter.
        options: Arguments of the optimizer.
    """

    match: str
    options: Mapping[str, Any]


def read_rules(groups: Any, options: Signature, path: Path) -> tuple[list[Rule | None], list[Problem]]:
    """The rules that the entries of `groups` state (None for one without a pattern), and their problems.

    Args:
        groups: A list of `{match: pattern, ...options}`.
        options: What a group may state.
        path: The place of `groups` in the spec.
    """
    expected = "a mapping {match: pattern, ...options}"
    if not isinstance(groups, list):
        return [], [Problem(path, quote(groups), f"a list, each entry {expected}", code="value")]
    match = Argument("match", Kind(frozenset({"str"})))
    signature = Signature({"match": match, **options.arguments}, options.open)
    rules: list[Rule | None] = []
    problems: list[Problem] = []
    for index, group in enumerate(groups):
        found = [Problem((*path, index), quote(group), expected, code="not-a-mapping")]
        values: dict[str, Any] = {}
        if isinstance(group, Mapping):
            values, found = read_values(signature, group, (*path, index))
        problems += found
        pattern = values.pop("match", None)
        rules.append(Rule(pattern, values) if isinstance(pattern, str) else None)
    return rules, problems


def name_parameters(model: nn.Module) -> dict[nn.Parameter, list[str]]:
    """All names of each parameter, in the order of `model.parameters()`; wrapped ones short too."""
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        short = _WRAPPING.sub("", name, count=1)
        names.setdefault(parameter, []).extend([short] if short == name else [short, name])
    return names


def assign_parameters(
    rules: Sequence[Rule | None], names: Mapping[nn.Parameter, Sequence[str]], path: Path
) -> tuple[list[list[nn.Parameter]], list[Problem]]:
    """The parameters of each rule, those of none last, and problems for the rules without any.

    A parameter goes to the first rule that matches one of its names.
    """
    assigned: list[list[nn.Parameter]] = [[] for _ in (*rules, None)]
    takers: list[list[int]] = [[] for _ in rules]  # for each match of a rule, the rule that takes the parameter
    for parameter, spellings in names.items():
        hits = [index for index, rule in enumerate(rules) if rule is not None and _matches(rule, spellings)]
        taker = hits[0] if hits else len(rules)
        assigned[taker].append(parameter)
        for index in hits:
            takers[index].append(taker)
    problems = []
    for index, rule in enumerate(rules):
        if rule is not None and index not in takers[index]:
            place = (*path, index, "match")
            earlier = sorted(set(takers[index]))
            problems.append(_taken(rule, earlier, place) if earlier else _unmatched(rule, names, place))
    return assigned, problems


def _matches(rule: Rule, names: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, rule.match) for name in names)


def _taken(rule: Rule, earlier: Sequence[int], path: Path) -> Problem:
    takers = ", ".join(f"groups[{index}]" for index in earlier)
    expected = f"a pattern with a match that no earlier group takes; {takers} took all of them"
    return Problem(path, quote(rule.match), expected, "place narrow patterns before wide ones", "taken")


def _unmatched(rule: Rule, names: Mapping[nn.Parameter, Sequence[str]], path: Path) -> Problem:
    shortest = [spellings[0] for spellings in names.values()]
    tops = dict.fromkeys(name.split(".")[0] for name in shortest)
    patterns = [*shortest, *(f"{top}.*" for top in tops), *(f"*.{name.rsplit('.', 1)[-1]}" for name in shortest)]
    expected = f"a pattern that matches a parameter; their names begin with: {choices(tops)}"
    return Problem(path, quote(rule.match), expected, did_you_mean(rule.match, patterns), "unmatched")


def make_groups(
    rules: Sequence[Rule], assigned: Sequence[Sequence[nn.Parameter]], undecayed: set[nn.Parameter]
) -> list[dict[str, Any]]:
    """Groups as torch.optim takes them: those of the rules in order, then the rest.

    Frozen parameters and empty groups are left out. Parameters in `undecayed` stand in a group
    of their own, right behind, with `weight_decay` 0, unless the rule states `weight_decay`.
    """
    groups = []
    for rule, parameters in zip([*rules, Rule("*", {})], assigned, strict=True):
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        spared = set() if "weight_decay" in rule.options else undecayed
        decayed = [parameter for parameter in trained if parameter not in spared]
        others = [parameter for parameter in trained if parameter in spared]
        groups.append({"params": decayed, **rule.options})
        groups.append({"params": others, **rule.options, "weight_decay": 0})
    return [group for group in groups if group["params"]]


def list_undecayed(model: nn.Module) -> set[nn.Parameter]:
    """Biases (`bias`, `in_proj_bias`, `bias_ih_l0`, ...; of one axis) and what normalizations own."""
    found = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(module, NORMS) or ("bias" in name.split("_") and _is_flat(parameter)):
                found.add(parameter)
    return found


def _is_flat(parameter: nn.Parameter) -> bool:
    return isinstance(parameter, nn.parameter.UninitializedParameter) or parameter.ndim <= 1
