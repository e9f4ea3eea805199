"""DAGNet: the module that runs a graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from torcharc.call_checks import check_inputs, make_checks
from torcharc.errors import InputError, Problem, choices, did_you_mean, quote
from torcharc.graph import Graph
from torcharc.named_modules import NamedModules, name_attributes
from torcharc.plan import Plan
from torcharc.schedule import Run, fill, run_more, split_inputs


class DAGNet(nn.Module):
    """A network that runs the nodes of a graph in order.

    A call takes a Tensor (where there is one input), a dict or NamedTuple, keywords, or tensors in
    the order of the inputs. It returns a Tensor where one is left at the end, else a dict. In a
    network from an arc, inputs that are not declared are carried to the output untouched.

    Attributes:
        module_dict: The modules under their node names.
        spec: The spec that the network was built from; None in a block of another network.
        graph: The graph of that spec.

    Raises:
        InputError: At the call, if an input is missing or unknown; in a network from a graph spec also
            if a tensor is not what the spec declares.
        Exception: What a module raises; a note names the node and the shapes that it was fed.
    """

    spec: Any
    graph: Graph
    _names: tuple[str, ...]
    _keys: frozenset[str]
    _runs: tuple[Run, ...]
    _empty: tuple[None, ...]
    _outputs: tuple[tuple[str, int], ...]
    _form: str
    _checks: tuple[Any, ...]
    _splits: tuple[Any, ...]

    def __init__(self, plan: Plan, modules: Mapping[str, nn.Module], spec: Any = None):
        super().__init__()
        attributes = name_attributes(modules)  # for names that torch's own container refuses, as `type`
        self.module_dict = NamedModules(modules) if attributes else nn.ModuleDict()
        if not attributes:
            self.module_dict._modules.update(modules)  # `nn.ModuleDict(modules)` checks each name again
        schedule, names = plan.schedule, tuple(name for name, _ in plan.inputs)
        runs = schedule.runs
        if attributes:
            runs = tuple(run._replace(name=attributes.get(run.name, run.name)) for run in runs)
        self.__dict__.update(  # no modules, no parameters: `nn.Module.__setattr__` would only look for them
            spec=spec,
            graph=plan.graph,
            _names=names,
            _keys=frozenset(names),
            _runs=runs,
            _empty=(None,) * (schedule.size - len(names)),
            _outputs=schedule.outputs,
            _form=plan.graph.form,
            _checks=make_checks(plan.inputs) if plan.graph.strict else (),
            _splits=schedule.splits,
        )

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The outputs for one batch.

        Args:
            inputs: One Tensor, dict or NamedTuple; or a tensor for each input.
            named: Tensors by input name.
        """
        extra: dict[str, Any] = {}
        given = inputs[0] if len(inputs) == 1 and not named else None
        if type(given) is dict and given.keys() == self._keys:  # the usual call, without a detour
            values = [*[given[name] for name in self._names], *self._empty]
        else:
            values, extra = self._read(inputs, named)
        if self._checks:
            check_inputs(self._checks, values)
        if self._splits:
            split_inputs(self._splits, values)
        modules: Any = self._modules["module_dict"]._modules  # type: ignore[union-attr]  # `self.module_dict` takes as long as a whole step
        step = None
        try:
            for step in self._runs:
                name, slot, out, more = step
                if more is None:
                    values[out] = modules[name](values[slot])
                else:
                    run_more(modules[name], out, more, values)
        except Exception as error:
            if step is not None:
                error.add_note(self._describe(step, values))
            raise
        if self._form == "dict" and not extra:
            return {name: values[slot] for name, slot in self._outputs}
        return self._write(values, extra)

    def _describe(self, step: Run, values: Sequence[Any]) -> str:
        """Which node a step runs, and what it is fed."""
        slots, call = ((step.slot,), None) if step.more is None else (step.more.slots, step.more.call)
        fed: Any = [values[slot] for slot in slots]
        if step.more is not None and step.more.names is not None:
            fed = dict(zip(step.more.names, fed, strict=True))
        if call is not None:
            fed = [fill(value, values) for value in call[0]] + [fill(call[1], values)]
        attributes = self.module_dict.attributes if isinstance(self.module_dict, NamedModules) else {}
        names = {attribute: name for name, attribute in attributes.items()}
        type_ = type(self.module_dict._modules[step.name]).__name__
        return f"in the node {names.get(step.name, step.name)!r} ({type_}), fed {_shapes(fed)}"

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        """Loads as torch does; keys as TorchArc 2.x writes them, without `module_dict.`, serve too."""
        if not any(key.startswith(f"{prefix}module_dict.") for key in state_dict):
            for key, name in _rename_keys(state_dict, prefix, self.state_dict(prefix=prefix)).items():
                state_dict[name] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _read(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The values of the inputs in order, and what was given beside them."""
        names = self._names
        if len(inputs) == 1 and not named:
            first = inputs[0]
            if type(first) is dict or isinstance(first, Mapping):  # the second takes long
                given = first
            elif isinstance(first, Tensor) or not hasattr(first, "_asdict"):
                given = {names[0]: first}
            else:
                given = first._asdict()
        else:
            given = self._gather(inputs, named)
        values = [given[name] for name in names if name in given]
        if len(values) < len(names):
            raise InputError([_missing(name, given, names) for name in names if name not in given])
        values += self._empty
        if len(given) == len(names):
            return values, {}
        extra = {name: given[name] for name in given if name not in names}
        self._check_extra(extra)
        return values, extra

    def _gather(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """All that was given, by name."""
        if len(inputs) > len(self._names):
            expected = f"at most {len(self._names)}: {', '.join(self._names)}"
            raise InputError(Problem((), f"{len(inputs)} tensors by position", expected))
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            return {**inputs[0], **named}
        given = dict(zip(self._names[: len(inputs)], inputs, strict=True))  # dynamo of torch 2.6 knows no other
        found = "a tensor by position and one by name"
        twice = [Problem((name,), found, "one tensor") for name in named if name in given]
        if twice:
            raise InputError(twice)
        return {**given, **named}

    def _check_extra(self, extra: Mapping[str, Any]) -> None:
        """Refuses extra inputs that cannot be carried to the output."""
        names = [name for name, _ in self._outputs]
        if not self.graph.carries:
            problems = [
                Problem(
                    (name,),
                    f"the input {quote(name)}",
                    f"one of the inputs: {choices(self._names)}",
                    did_you_mean(name, self._names),
                )
                for name in extra
            ]
        else:
            expected = "a name that is no output, as it is carried to the output"
            problems = [Problem((name,), f"the input {quote(name)}", expected) for name in extra if name in names]
        if problems:
            raise InputError(problems)

    def _write(self, values: Sequence[Any], extra: Mapping[str, Any]) -> Any:
        if self._form == "tensor" and not extra:
            return values[self._outputs[0][1]]
        if self._form == "tuple":
            return tuple([values[slot] for _, slot in self._outputs])
        result = {name: values[slot] for name, slot in self._outputs}
        return {**result, **extra} if extra else result


def _rename_keys(keys: Iterable[str], prefix: str, own: Collection[str]) -> dict[str, str]:
    """The keys of a 2.x network, which lack `module_dict.`, and those of ours; `{}` unless every one fits."""
    names = {key: f"{prefix}module_dict.{key[len(prefix) :]}" for key in keys if key.startswith(prefix)}
    return names if all(name in own for name in names.values()) else {}


def _missing(name: str, given: Mapping[str, Any], names: Sequence[str]) -> Problem:
    found = f"the inputs {choices(map(str, given))}" if given else "no inputs"
    hint = did_you_mean(name, (str(key) for key in given if key not in names))
    return Problem((name,), found, f"the input {quote(name)}", hint)


def _shapes(fed: Any) -> str:
    """Shapes and dtypes of what a node was fed, in words."""
    if isinstance(fed, Tensor):
        return f"({', '.join(map(str, fed.shape))}) {str(fed.dtype).removeprefix('torch.')}"
    if isinstance(fed, Mapping):
        return ", ".join(f"{key} {_shapes(item)}" for key, item in fed.items())
    if isinstance(fed, (list, tuple)):
        return ", ".join(text for text in (_shapes(item) for item in fed) if text)
    return type(fed).__name__
