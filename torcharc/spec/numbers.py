"""Numbers written as words: where a number is due, a string is one, or arithmetic over bound names.

Arc-Graph writes `in_features: SHARED * 2` and `shape: [null, vars.width]`. Which places are
numeric is read from the signature of the type; words that an argument accepts (`padding: same`)
stay words.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from torcharc.arguments import Argument, Kind, Signature, read_value
from torcharc.errors import Path, Problem, choices, did_you_mean, quote
from torcharc.spec.arithmetic import ExpressionError
from torcharc.spec.template import budget_of, work_out

INTEGER = re.compile(r"\s*[-+]?\d{1,18}\s*")
FLOAT = re.compile(r"\s*[-+]?(\d{1,18}(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?\s*")
NAME = re.compile(r"[A-Za-z_]\w*")

_BOUND = re.compile(r"\s*(vars\.)?[A-Za-z_]\w*\s*")

_PLAIN = (int, float, bool, type(None))

# strings that torch takes where numbers may stand too
_WORDS = {"padding": ("same", "valid"), "ord": ("fro", "nuc"), "p": ("fro", "nuc")}

# arguments of functions and constructors without annotations that are words
_WORDY = frozenset(
    "approximate reduction equation mode rounding_mode indexing padding_mode nonlinearity activation norm driver"
    " side UPLO pattern return_type".split()
)


def read_params(
    signature: Signature, params: Mapping[str, Any], path: Path, scope: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """`params` with the strings in numeric places replaced by numbers; and the problems of those.

    Args:
        signature: What the type takes.
        params: Arguments by name.
        path: Their place in the spec.
        scope: The bound names; a `Scope` bounds what all its expressions cost together.

    Raises:
        SpecError: If the budget of the scope is spent.
    """
    values, problems = {}, []
    for name, value in params.items():
        if type(value) in _PLAIN:
            values[name] = value
            continue
        argument = signature.arguments.get(name)
        values[name], faults = _Reader(name, argument, scope).read(value, (*path, name))
        problems += faults
    return values, problems


def read_number(value: Any, kind: Kind, path: Path, scope: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
    """`value`, as the number of the kind `kind` that it stands for; or the problem that it is none."""
    return _Reader("", Argument("", kind), scope).read(value, path)


def read_value_of(value: Any, scope: Mapping[str, Any], path: Path) -> Any:
    """What `value`, an argument of a block, stands for: bound names and arithmetic are worked out, words stay."""
    if isinstance(value, Mapping):
        return {key: read_value_of(item, scope, (*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [read_value_of(item, scope, (*path, index)) for index, item in enumerate(value)]
    return _try(value, scope, path) if isinstance(value, str) else value


def parse_number(text: str) -> int | float | None:
    """The number that `text` writes out, if it does."""
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if FLOAT.fullmatch(text) else None


def _try(text: str, scope: Mapping[str, Any], path: Path) -> Any:
    number = parse_number(text)
    if number is not None:
        return number
    try:
        return work_out(text, scope, path)
    except ExpressionError:
        return text


@dataclasses.dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the value of one argument."""

    name: str
    argument: Argument | None
    scope: Mapping[str, Any]

    def read(self, value: Any, path: Path) -> tuple[Any, list[Problem]]:
        return self._read(value, self.argument.kind if self.argument else Kind(), path)

    def _read(self, value: Any, kind: Kind, path: Path) -> tuple[Any, list[Problem]]:
        if isinstance(value, (list, tuple)):
            results = [self._read(item, kind.items or kind, (*path, index)) for index, item in enumerate(value)]
            return [item for item, _ in results], [fault for _, faults in results for fault in faults]
        if not isinstance(value, str) or value in kind.words or value in _WORDS.get(self.name, ()):
            return value, []
        if kind.names & {"int", "float"}:
            return self._read_number(value, kind, path)
        bound = _BOUND.fullmatch(value) is not None and "bool" in kind.names
        if bound or (not kind.names and self.name not in _WORDY):
            return _try(value, self.scope, path), []
        return value, []

    def _read_number(self, text: str, kind: Kind, path: Path) -> tuple[Any, list[Problem]]:
        number: Any = parse_number(text)
        if number is None:
            try:
                number = work_out(text, self.scope, path)
            except ExpressionError as error:
                return (text, []) if "str" in kind.names else (text, [self._explain(text, kind, error, path)])
        if isinstance(number, float) and "float" not in kind.names and number.is_integer():
            number = int(number)
        number, faults = read_value(kind, number, path)
        if faults and repr(number) != text.strip():
            found = f"{quote(text)}, which is {quote(number)}"
            faults = [dataclasses.replace(fault, path=path, found=found, hint="") for fault in faults[:1]]
        return number, faults

    def _explain(self, text: str, kind: Kind, error: ExpressionError, path: Path) -> Problem:
        """The problem that `text` is no arithmetic over bound names."""
        names = sorted(self.scope)
        budget_of(self.scope).take(len(names), path)  # to look for the nearest of so many takes its time
        bound = f" over the names {choices(names)}" if names else "; no names are bound"
        wrong = next((word for word in NAME.findall(text) if word not in (*self.scope, "vars")), None)
        if wrong is None:
            return Problem(path, f"{quote(text)}: {error.found}", error.expected, error.hint, "expression")
        expected = f"{kind.describe()}, or arithmetic{bound}"
        return Problem(path, quote(text), expected, did_you_mean(wrong, names), "unbound-name")
