"""The training part of a spec: losses, optimizer and settings, in all the places where Arc-Graph writes them.

`loss`, `optimizer` and `config` may stand at the top, in `trainer` or in `training`; `model` is
unwrapped. What stands twice must agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from torcharc.errors import Path, Problem, quote, unknown_keys
from torcharc.spec.agreement import Given, list_clashes
from torcharc.spec.choice import refuse_choices
from torcharc.spec.form import find_form, variables_key
from torcharc.spec.template import Scope, bind_further, fill, read_scope
from torcharc.spec.training_loss import NAMELESS, Context, read_losses
from torcharc.spec.training_optimizer import read_optimizer
from torcharc.spec.training_settings import KEPT, RATES, SETTINGS, read_setting

METADATA = ("version", "model_name", "description", "name", "data_table", "plan_id", "model_ref")
TRAINING_KEYS = ("loss", "optimizer", "config", "trainer", "training", *KEPT, *METADATA)
"""The keys at the top of a spec that are read here."""

_BLOCKS = ("trainer", "training")
_SCHEDULERS = ("scheduler", "lr_scheduler", "schedulers")


@dataclasses.dataclass(frozen=True, slots=True)
class Training:
    """How a network is trained, checked.

    Attributes:
        criterion: The terms of the loss as `build_criterion` takes them; `[]` if none is stated.
        optimizer: The optimizer as `build_optimizer` takes it; `{}` if none is stated.
        settings: `epochs`, `batch_size`, ... as stated; defaults are left to who trains.
        evaluator: The evaluator as stated, or None.
        predictor: The predictor as stated, or None.
        metadata: `name`, `version`, `features`, ... as stated.
        places: Where the criterion's terms and the optimizer stand: `("criterion", 0)` or
            `("optimizer",)` → path in the spec.
    """

    criterion: list[dict[str, Any]]
    optimizer: dict[str, Any]
    settings: dict[str, Any]
    evaluator: Any = None
    predictor: Any = None
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)
    places: dict[Path, Path] = dataclasses.field(default_factory=dict, compare=False)


def read_training(
    spec: Mapping[str, Any],
    outputs: Collection[str] | None = None,
    path: Path = (),
    *,
    scope: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> tuple[Training | None, list[Problem]]:
    """The training part of a spec, or None; and all its problems.

    Other keys at the top of the spec are passed over: they are the graph's, and who reads that knows them.

    Args:
        spec: A whole spec, or a training document of its own.
        outputs: The names of the network's outputs, which losses may compare; None if not known.
        path: The place of `spec`.
        scope: The bound names; default: the spec's own `vars`.
        variables: Name → value, in place of what `vars` says.
    """
    names, problems = _read_vars(spec, path, variables or {}) if scope is None else (scope, [])
    names = names if isinstance(names, Scope) else Scope(names)
    roots, found = _fill_roots(spec, path, names)
    if problems or found:
        return None, [*problems, *found]
    reader = _Reader()
    for root, place in roots:
        reader.add_root(root, place)
    settings, problems = _read_settings(reader.settings, names, outputs)
    default = _find_default(outputs, settings.get("target_output_key"), "target_output_key" in reader.settings)
    criterion, found = _read_criterion(reader.losses, Context(names, outputs, default))
    problems = [*reader.problems, *found, *problems]
    optimizer, found = read_optimizer(reader.optimizers, reader.rates, names)
    problems += found
    for group in reader.kept.values():
        problems += list_clashes(group)
    if problems:
        return None, problems
    kept = {name: group[0].value for name, group in reader.kept.items()}
    evaluator, predictor = kept.pop("evaluator", None), kept.pop("predictor", None)
    places = _list_places(reader)
    return Training(criterion, optimizer, settings, evaluator, predictor, kept, places), []


def check_training(
    spec: Mapping[str, Any], outputs: Collection[str] | None, scope: Mapping[str, Any], path: Path = ()
) -> list[Problem]:
    """The problems of the training part of a spec, if it has one; the arguments are those of `read_training`."""
    if not any(key in root for root, _ in list_roots(spec) for key in TRAINING_KEYS):
        return []
    names = None if outputs is None else [name for name in outputs if isinstance(name, str)]
    return read_training(spec, names, path, scope=scope)[1]


def split_block(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """An arc or a 2.x spec without its `training`, and that; None where it has none.

    The other keys of an arc name nodes: `training` alone says there how to train.
    """
    block = spec.get("training")
    if find_form(spec) is None or not isinstance(block, Mapping) or "type" in block:  # with a type it is a node
        return spec, None
    return {key: value for key, value in spec.items() if key != "training"}, block


def read_block_scope(spec: Mapping[str, Any], variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """What the names in the `training` of an arc or of a 2.x spec stand for, and their problems."""
    key = variables_key(spec)
    return read_scope(spec.get(key), variables, (key,))


def list_roots(spec: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """The mappings whose keys stand at the top, and their places: the spec, and its `model`."""
    yield spec, path
    if isinstance(spec.get("model"), Mapping):
        yield spec["model"], (*path, "model")


def _read_vars(
    spec: Mapping[str, Any], path: Path, variables: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """What the names of a spec stand for, those of its `model` too."""
    roots = [(root.get("vars"), (*place, "vars")) for root, place in list_roots(spec, path)]
    declared = [name for names, _ in roots if isinstance(names, Mapping) for name in names]
    bound, problems = bind_further(spec, declared, variables, roots[0][1])
    for names, place in roots:
        given = {name: value for name, value in variables.items() if isinstance(names, Mapping) and name in names}
        bound, found = read_scope(names, given, place, base=bound)
        problems += found
    return bound, problems


def _fill_roots(
    spec: Mapping[str, Any], path: Path, scope: Mapping[str, Any]
) -> tuple[list[tuple[dict[str, Any], Path]], list[Problem]]:
    """The training keys at the top with their templates filled, and what keeps them from being read."""
    roots = []
    problems: list[Problem] = []
    for root, place in list_roots(spec, path):
        part: dict[str, Any] = {}
        for key in TRAINING_KEYS:
            if key in root:
                part[key], found = fill(root[key], scope, (*place, key))
                problems += found or refuse_choices(part[key], (*place, key))
        roots.append((part, place))
    return roots, problems


def _list_places(reader: _Reader) -> dict[Path, Path]:
    places: dict[Path, Path] = {}
    if reader.optimizers:
        places["optimizer",] = reader.optimizers[0].path
    for one in reader.losses[:1]:
        count = len(one.value) if isinstance(one.value, list) else 0
        places |= {("criterion", index): (*one.path, index) for index in range(count)} or {("criterion", 0): one.path}
    return places


class _Reader:
    """Gathers the statements of a spec, each with its place."""

    def __init__(self) -> None:
        self.losses: list[Given] = []
        self.optimizers: list[Given] = []
        self.rates: list[Given] = []
        self.settings: dict[str, list[Given]] = {}
        self.kept: dict[str, list[Given]] = {}
        self.problems: list[Problem] = []

    def add_root(self, root: Mapping[str, Any], path: Path) -> None:
        """Reads the top of a spec, and the blocks in it."""
        for key in ("loss", "optimizer", "config"):
            self._add(key, root.get(key), (*path, key))
        for key in _BLOCKS:
            self._add_block(root.get(key), (*path, key))
        for key in METADATA:
            if root.get(key) is not None:
                self._keep(key, root[key], (*path, key))
        for key, check in KEPT.items():
            if self._is_mapping(root.get(key), (*path, key)):
                self.problems += check(root[key], (*path, key))
                self._keep(key, root[key], (*path, key))

    def _add_block(self, block: Any, path: Path) -> None:
        """Reads a `trainer` or `training`."""
        if not self._is_mapping(block, path):
            return
        self._check_keys(block, path, ("loss", "optimizer", "config", "model_ref", *RATES, *SETTINGS))
        for key, value in block.items():
            self._add(key, value, (*path, key))

    def _add(self, key: str, value: Any, path: Path) -> None:
        if key == "loss" and value is not None:
            self.losses.append(Given(value, path))
        elif key == "optimizer" and value is not None:
            self.optimizers.append(Given(value, path))
        elif key == "model_ref":
            self._keep(key, value, path)
        elif key in RATES:
            self.rates.append(Given(value, path))
        elif key in SETTINGS:
            self.settings.setdefault(key, []).append(Given(value, path))
        elif key == "config" and self._is_mapping(value, path):
            self._check_keys(value, path, (*RATES, *SETTINGS))
            for name in value:
                if name in RATES or name in SETTINGS:
                    self._add(name, value[name], (*path, name))

    def _keep(self, key: str, value: Any, path: Path) -> None:
        self.kept.setdefault(key, []).append(Given(value, path))

    def _is_mapping(self, value: Any, path: Path) -> bool:
        """Whether a block is there; one that is no mapping is a problem."""
        if value is None:
            return False
        if not isinstance(value, Mapping):
            expected = f"a mapping from the keys of {path[-1]!r} to values"
            self.problems.append(Problem(path, quote(value), expected, code="not-a-mapping"))
        return isinstance(value, Mapping)

    def _check_keys(self, block: Mapping[str, Any], path: Path, known: Collection[str]) -> None:
        for problem in unknown_keys(path, block, known):
            if problem.path[-1] in _SCHEDULERS:
                hint = "a training block has no scheduler; torcharc.build_scheduler(spec, optimizer) makes one"
                problem = dataclasses.replace(problem, hint=hint)
            self.problems.append(problem)


def _read_settings(
    stated: Mapping[str, list[Given]], scope: Mapping[str, Any], outputs: Collection[str] | None
) -> tuple[dict[str, Any], list[Problem]]:
    settings, problems = {}, []
    for name, group in stated.items():
        read = []
        for one in group:
            value, found = read_setting(name, one.value, one.path, scope, outputs)
            problems += found
            read += [] if found else [Given(value, one.path, quote(one.value))]
        problems += list_clashes(read)
        if read:
            settings[name] = read[0].value
    return settings, problems


def _find_default(outputs: Collection[str] | None, chosen: str | None, stated: bool) -> str | None:
    """The output that a loss without inputs compares: the one chosen, or the only one."""
    if chosen is not None or outputs is None:
        return chosen or NAMELESS
    sure = stated or len(outputs) == 1  # a faulty choice is a problem already
    return next(iter(outputs), None) if sure else None


def _read_criterion(stated: list[Given], context: Context) -> tuple[list[dict[str, Any]], list[Problem]]:
    read, problems = [], []
    for one in stated:
        terms, found = read_losses(one, context)
        problems += found
        read += [] if found else [terms]
    problems += list_clashes(read)
    return (read[0].value if read else []), problems
