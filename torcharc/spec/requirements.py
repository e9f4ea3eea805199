"""Requirements: what the variables of a spec have to meet, told as one problem of the variable.

`require: {heads: "${heads > 0 and width % heads == 0}"}`: without it, heads that do not divide the width
are a problem of each node that splits them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote, unknown_keys
from torcharc.spec.template import fill

_NAME = re.compile(r"[A-Za-z_]\w*")


def check_requirements(value: Any, scope: Mapping[str, Any], path: Path, variables: Path) -> Iterator[Problem]:
    """The variables that do not meet what is required of them, and faulty requirements.

    Args:
        value: Variable → condition.
        scope: What the variables stand for.
        path: The place of `value` in the spec.
        variables: The place of the variables.

    Example:
        >>> (problem,) = check_requirements({"heads": "${8 % heads == 0}"}, {"heads": 3}, ("require",), ("vars",))
        >>> problem.found, problem.expected
        ('heads = 3', '8 % heads == 0')
    """
    if not isinstance(value, Mapping):
        yield Problem(path, quote(value), "variables with their conditions: {depth: '${depth > 0}'}", code="value")
        return
    yield from unknown_keys(path, value, scope)
    for name in [name for name in value if name in scope]:
        met, faults = fill(value[name], scope, (*path, name))
        text = str(value[name]).strip().removeprefix("${").removesuffix("}")
        used = [used for used in dict.fromkeys(_NAME.findall(text)) if used in scope]
        if met is True and not faults:
            continue
        if (faults and all(isinstance(scope[known], (int, float)) for known in used)) or not used:
            yield from faults or [Problem((*path, name), quote(value[name]), "a condition: '${depth > 0}'")]
            continue
        found = ", ".join(f"{known} = {quote(scope[known])}" for known in used)
        yield Problem((*variables, name), found, text, code="require")
