"""Requirements: what the variables of a spec have to meet, told as one problem of the variable.

`require: {heads: "${heads > 0 and width % heads == 0}"}`: without it, heads that do not divide the width
are a problem of each node that splits them. A value of another kind than the spec's own is refused as well: where
the spec has `heads: 12`, 2.5 and '4' are no heads.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torcharc.errors import Path, Problem, format_path, quote, unknown_keys
from torcharc.spec.template import fill, is_wrong_text
from torcharc.spec.variable_kinds import check_kind

_NAME = re.compile(r"[A-Za-z_]\w*")
_TEMPLATE = re.compile(r"\$\{([^}]*)\}")


@dataclasses.dataclass(frozen=True, slots=True)
class Variables:
    """The variables of a spec, before what is required of them is checked.

    Attributes:
        place: Where they stand.
        texts: Variable → the text that makes its value; None for one that the caller gives.
        own: Variable → what the spec gives it, for those that the caller gives another value.
        faults: The problems of those whose text cannot be worked out.
    """

    place: Path = ("vars",)
    texts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    own: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    faults: Sequence[Problem] = ()

    def name_at(self, path: Path) -> str:
        """The variable that a place belongs to; the empty text for none."""
        depth = len(self.place)
        return str(path[depth]) if path[:depth] == self.place and len(path) > depth else ""


def check_requirements(value: Any, scope: Mapping[str, Any], path: Path, variables: Variables) -> list[Problem]:
    """The variables that do not meet what is required of them, and faulty requirements.

    A variable at fault is told alone: what follows from it for other variables is left out.

    Args:
        value: Variable → condition.
        scope: What the variables stand for.
        path: The place of `value` in the spec.
        variables: What is known of them; their faults are given back too.

    Example:
        >>> (problem,) = check_requirements({"heads": "${8 % heads == 0}"}, {"heads": 3}, ("require",), Variables())
        >>> problem.found, problem.expected
        ('heads = 3', '8 % heads == 0')
    """
    if not isinstance(value, Mapping):
        expected = "variables with their conditions: {depth: '${depth > 0}'}"
        return [*variables.faults, Problem(path, quote(value), expected, code="value")]
    texts = {**dict.fromkeys(scope), **variables.texts}
    problems = list(unknown_keys(path, value, texts))
    sources = {name: trace_variables([value[name], f"${{{name}}}"], texts) for name in value if name in scope}
    told: set[str] = set()
    faulty = {variables.name_at(fault.path) for fault in variables.faults}
    for name in sorted(sources, key=lambda name: len(sources[name])):
        if not (told | faulty) & sources[name]:
            wrong = _check_kind(name, scope, variables)
            found = [wrong] if wrong else list(_check_requirement(name, value[name], scope, path, variables))
            told |= {name} if found else set()
            problems += found
    faults = [fault for fault in variables.faults if not told & trace_variables(_text_of(fault, variables), texts)]
    return faults + problems


def _text_of(fault: Problem, variables: Variables) -> str:
    return f"${{{variables.name_at(fault.path)}}}"


def trace_variables(text: Any, definitions: Mapping[str, Any]) -> set[str]:
    """The variables that a text uses, itself or by the texts of those that it uses.

    Example:
        >>> sorted(trace_variables("${half > 0}", {"width": 8, "half": "${width // 2}", "depth": 1}))
        ['half', 'width']
    """
    found: set[str] = set()
    left = [text]
    while left:
        words = {word for part in _TEMPLATE.findall(str(left.pop())) for word in _NAME.findall(part)}
        left += [definitions[word] for word in words if word in definitions and word not in found]
        found |= words & set(definitions)
    return found


def _check_kind(name: str, scope: Mapping[str, Any], variables: Variables) -> Problem | None:
    """The problem that the caller gives a variable a value of another kind than the spec's own."""
    if name not in variables.own:
        return None
    place = (*variables.place, name)
    own, faults = fill(variables.own[name], scope, place)
    problem = None if faults else check_kind(scope[name], own, place)
    if problem is None:
        return None
    part = format_path(problem.path[len(variables.place) :], root="")
    return dataclasses.replace(problem, found=f"{part} = {problem.found}")


def _check_requirement(
    name: str, value: Any, scope: Mapping[str, Any], path: Path, variables: Variables
) -> Iterator[Problem]:
    """The problem of a variable that fails its condition, or those of the condition."""
    met, faults = fill(value, scope, (*path, name))
    text = str(value).strip().removeprefix("${").removesuffix("}")
    used = [used for used in dict.fromkeys(_NAME.findall(text)) if used in scope]
    if met is True and not faults:
        return
    # a condition that cannot be worked out is at fault itself, unless a value is of no kind that it can be of
    is_given = any(known in variables.texts and variables.texts[known] is None for known in used)
    is_number = all(isinstance(scope[known], (int, float)) for known in used)
    if not used or (faults and ((is_number and not is_given) or is_wrong_text(value, scope))):
        yield from faults or [Problem((*path, name), quote(value), "a condition: '${depth > 0}'")]
        return
    found = ", ".join(f"{known} = {quote(scope[known])}" for known in used)
    yield Problem((*variables.place, name), found, text, code="require")
