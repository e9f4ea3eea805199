"""Planning of one module: its arguments completed from its inputs, checked, and its outcome."""

from __future__ import annotations

import dataclasses
import marshal
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn

from torcharc.arguments import read_arguments
from torcharc.entry import Axis, Entry
from torcharc.errors import ArcError, Path, Problem, quote
from torcharc.graph import TensorSpec
from torcharc.layers import SUBLAYERS, size_argument
from torcharc.meta import count_parameters, make_on_meta, name_sizes, run_on_meta
from torcharc.recipe import Recipe, bind_call
from torcharc.registry import generation, lookup
from torcharc.rules import Outcome

MOST_CACHED = 20_000
MOST_COUNTED = 2**60  # parameters: torch keeps the bytes of a tensor as an integer of 64 bits

_FLOATS = ("float", "bfloat", "complex")

_outcomes: dict[Hashable, Outcome | Problem | Exception] = {}
_planned: dict[Hashable, Planned] = {}


class Feed(NamedTuple):
    """What feeds a node.

    Attributes:
        structs: Port → spec of what is fed; None is not known.
        describe: Says in words what feeds a port: where it comes from, and its shape.
        broken: Whether something further up is faulty, so that what is not known here is no news.
    """

    structs: Mapping[str, Any]
    describe: Callable[[str], str] = str
    broken: bool = False

    @property
    def known(self) -> bool:
        """Whether every spec is known."""
        return False not in [type(struct) is TensorSpec or _is_known(struct) for struct in self.structs.values()]


def _is_known(struct: Any) -> bool:
    if type(struct) is TensorSpec or struct is None:
        return struct is not None
    if isinstance(struct, Mapping):
        return all(map(_is_known, struct.values()))
    return all(map(_is_known, struct)) if isinstance(struct, tuple) else True


class Planned(NamedTuple):
    """A node's recipe and outcome; both None where it has problems."""

    recipe: Recipe | None
    outcome: Outcome | None
    problems: list[Problem]


Plan = Callable[[Entry, Mapping[str, Any], Feed, Path, Sequence[str]], Planned]


def plan_once(
    plan: Plan, entry: Entry, params: Mapping[str, Any], feed: Feed, path: Path, beside: Sequence[str] = ()
) -> Planned:
    """What `plan` gives; what it planned without problems before is not planned again.

    A search over related specs pays for each distinct node, and each layer of a stack, once.
    """
    key = None if feed.broken else make_key(entry, params, feed.structs)
    found = _planned.get(key) if key is not None else None
    if found is not None:
        return found
    planned = plan(entry, params, feed, path, beside)
    if key is not None and not planned.problems:
        if len(_planned) >= MOST_CACHED:
            _planned.pop(next(iter(_planned)))
        _planned[key] = planned
    return planned


def plan_module(entry: Entry, params: Mapping[str, Any], feed: Feed, path: Path, beside: Sequence[str] = ()) -> Planned:
    """The plan of one module: arguments completed and checked, then its outcome."""
    if entry.plan is not None:
        composed: Planned = entry.plan(entry, params, feed, path, beside)
        return composed
    signature = entry.signature
    inferred = infer_arguments(entry, feed.structs)
    filled = entry.inferred if feed.broken else inferred
    values, problems = read_arguments(signature, params, path, filled=filled, extra=beside)
    if problems:
        problems = [_explain_sublayer(problem, entry) for problem in problems]
    if entry.exact and not inferred.keys().isdisjoint(values):
        problems += _contradictions(entry, values, inferred, feed, path)
    if values and signature.modules:
        values, faults = _nest(entry, values, path)
        problems += faults
    if problems:
        return Planned(None, None, problems)
    arguments = {**inferred, **values}
    recipe = Recipe(entry.make, arguments)
    if feed.broken:
        return Planned(recipe, None, [])
    is_known = feed.known
    if entry.check is not None and is_known:
        faults = [problem.under(*path) for problem in entry.check(arguments, feed.structs)]
        if faults:
            return Planned(None, None, faults)
    outcome = entry.rule(arguments, [*feed.structs.values()]) if entry.rule is not None and is_known else None
    if outcome is None:
        return Planned(recipe, *_find_outcome(entry, recipe, feed, path))
    return Planned(recipe, outcome, []) if outcome.params <= MOST_COUNTED else _refuse_count(outcome.params, path)


def plan_by_rule(entry: Entry, arguments: Mapping[str, Any], tensor: TensorSpec) -> Planned | None:
    """What `plan_module` gives for arguments that were read before and one tensor, where a rule tells it; else None.

    Args:
        entry: The type.
        arguments: Those that its input does not determine, complete and right by themselves.
        tensor: What it is fed.
    """
    if entry.rule is None or entry.check is not None or entry.plan is not None:
        return None
    if entry.inferred:
        inferred = infer_arguments(entry, {"": tensor})
        if len(inferred) < len(entry.inferred) or not inferred.keys().isdisjoint(arguments):
            return None
        arguments = {**inferred, **arguments}
    outcome = entry.rule(arguments, (tensor,))
    if outcome is None or outcome.params > MOST_COUNTED:
        return None
    return Planned(Recipe(entry.make, arguments), outcome, [])


def _refuse_count(count: int, path: Path) -> Planned:
    expected = "at most 2^60: torch counts their bytes in 64 bits"
    return Planned(None, None, [Problem(path, f"{format_count(count)} parameters", expected, code="size")])


def format_count(count: int) -> str:
    """A number in words: `1,024`, or `more than 2^63`."""
    return f"{count:,}" if count < 10**18 else f"more than 2^{count.bit_length() - 1}"


def infer_arguments(entry: Entry, structs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the inputs determine, as far as they are known."""
    found = {}
    for name, axis in entry.inferred.items():
        first = next(iter(structs.values()), None)
        value = _read_size(first, axis) if type(axis) is int else _read_axis(axis, structs)
        if value is not None:
            found[name] = value
    return found


def _read_axis(axis: Axis, structs: Mapping[str, Any]) -> Any:
    if axis == "shapes":
        tensors = next(iter(structs.values()), None)
        if not isinstance(tensors, Mapping) or not all(isinstance(spec, TensorSpec) for spec in tensors.values()):
            return None
        return {name: list(spec.sample_shape) for name, spec in tensors.items()}
    spec = structs.get(axis[0]) if isinstance(axis, tuple) else next(iter(structs.values()), None)
    if axis == "shape":
        return list(spec.sample_shape) if isinstance(spec, TensorSpec) else None
    return _read_size(spec, axis[1]) if isinstance(axis, tuple) else None


def _read_size(spec: Any, position: int) -> int | None:
    """The size of an axis of a tensor of floats, if it is known."""
    if type(spec) is not TensorSpec or (spec.dtype != "float32" and not (spec.dtype or "").startswith(_FLOATS)):
        return None
    shape = spec.shape
    size = shape[position] if -len(shape) < position < len(shape) else None
    return size if type(size) is int else None


def _contradictions(
    entry: Entry, values: Mapping[str, Any], inferred: Mapping[str, Any], feed: Feed, path: Path
) -> list[Problem]:
    """Given arguments that differ from what the inputs determine."""
    problems = []
    for name, size in inferred.items():
        given = values.get(name)
        if isinstance(given, (list, tuple)) and isinstance(size, int):
            given = given[-1] if given else None  # normalized_shape: the last axis decides here, the run the others
        if name not in values or given is None or given == size:
            continue
        axis = entry.inferred[name]
        port = axis[0] if isinstance(axis, tuple) else next(iter(feed.structs))
        expected = f"{quote(size)}, as it is fed {feed.describe(port)}"
        hint = f"leave {name} out: it is inferred"
        problems.append(Problem((*path, name), quote(values[name]), expected, hint, "shape"))
    return problems


def _explain_sublayer(problem: Problem, entry: Entry) -> Problem:
    """Sublayer keys belong to stacks: say so, where one stands beside a single module."""
    key = problem.path[-1] if problem.path else None
    if problem.code == "unknown-key" and key in SUBLAYERS and size_argument(entry) is not None:
        return dataclasses.replace(problem, hint=f"{key!r} goes with 'layers': write layers: [...]")
    return problem


def _nest(entry: Entry, values: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """Arguments that are modules themselves, written `{type: ..., ...}`, as recipes."""
    nested, problems = dict(values), []
    for name, value in values.items():
        if name not in entry.signature.modules or not isinstance(value, Mapping):
            continue
        params = dict(value)
        inner = lookup(params.pop("type", None), (*path, name, "type"))
        if isinstance(inner, Problem):
            problems.append(inner)
            continue
        planned = plan_module(inner, params, Feed({"": None}), (*path, name), ("type",))
        problems += planned.problems
        nested[name] = planned.recipe
    return nested, problems


def _find_outcome(entry: Entry, recipe: Recipe, feed: Feed, path: Path) -> tuple[Outcome | None, list[Problem]]:
    """The outcome by cache, or by a run on meta; or the one problem of that run."""
    key = make_key(entry, recipe.arguments, feed.structs)
    found = _outcomes.get(key) if key is not None else None
    if found is None:
        found = _try_outcome(entry, recipe, feed)
        if key is not None and found is not None:
            if len(_outcomes) >= MOST_CACHED:
                _outcomes.pop(next(iter(_outcomes)))
            _outcomes[key] = found
    if found is None or isinstance(found, Outcome):
        return found, []
    return None, _explain(entry, recipe, feed, found, path)


def make_key(entry: Entry, arguments: Mapping[str, Any], structs: Mapping[str, Any]) -> Hashable:
    """What an outcome depends on: type, arguments and inputs; None where that is no plain data."""
    try:
        frozen = tuple(
            [  # a spec as its parts: its own hash is worked out in Python
                (port, fed.shape, fed.dtype) if type(fed) is TensorSpec else (port, _freeze(fed))
                for port, fed in structs.items()
            ]
        )
        return (generation(), entry.name, marshal.dumps(arguments, 2), frozen)  # type: ignore[arg-type]
    except ValueError:  # an argument that is no plain value
        return None


def _freeze(value: Any) -> Hashable:
    if type(value) is TensorSpec:
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return tuple([(key, _freeze(item)) for key, item in value.items()])
    return tuple(map(_freeze, value)) if isinstance(value, tuple) else (type(value), value)


def _try_outcome(entry: Entry, recipe: Recipe, feed: Feed) -> Outcome | Exception | None:
    """The outcome of a run on meta, or what that run raised; None if the module stays lazy."""
    try:
        if not feed.known:
            module = make_on_meta(recipe)
            lazy = any(nn.parameter.is_lazy(parameter) for parameter in module.parameters())
            return None if lazy else Outcome(None, count_parameters(module), None)
        call = bind_call(entry.ports, feed.structs)
        return run_on_meta(recipe, call.positional, call.named)
    except Exception as error:  # noqa: BLE001  # whatever a foreign module raises becomes a problem of the spec
        return error.with_traceback(None)


def _explain(entry: Entry, recipe: Recipe, feed: Feed, error: Any, path: Path) -> list[Problem]:
    """What a run on meta raised, as problems of the spec."""
    if isinstance(error, ArcError):
        return [problem.under(*path) for problem in error.problems]
    reason = name_sizes(str(error).split("\n")[0], feed.structs) or type(error).__name__
    found = ", ".join(feed.describe(port) for port in feed.structs)
    if not feed.known or _fails_to_make(recipe):
        arguments = ", ".join(f"{name}={value!r}" for name, value in recipe.arguments.items())
        expected = f"arguments that {entry.name} can take; it says: {reason}"
        return [Problem(path, f"{entry.name}({arguments})", expected, code="arguments")]
    return [Problem(path, found, f"inputs that {entry.name} can take; it says: {reason}", code="shape")]


def _fails_to_make(recipe: Recipe) -> bool:
    try:
        make_on_meta(recipe)
    except Exception:  # noqa: BLE001  # only whether it fails is asked
        return True
    return False
