"""The inputs of an Arc-Graph spec: dtypes, shapes, and the embedding of categorical ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from torcharc.arguments import Kind
from torcharc.errors import Edit, Path, Problem, missing_key, nearest, quote, respell, unknown_keys, wrong_choice
from torcharc.graph import Dim, N, Node, Ref, TensorSpec
from torcharc.spec.numbers import read_number
from torcharc.spec.references import NAME, Source

KEYS = ("dtype", "shape", "columns", "categorical", "vocab_size", "embedding_dim")

DTYPES = {
    "float": "float32",
    "double": "float64",
    "long": "int64",
    "int": "int32",
    **{name: name for name in "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()},
}

EMBEDDING = "embedding:"
"""What the name of the node that embeds a categorical input begins with; no node of a spec can be called so."""

_SIZE = Kind(frozenset({"int"}), low=1)


class Inputs:
    """The inputs of a spec, read.

    Attributes:
        specs: Shape and dtype of each; None where they are faulty.
        nodes: The embeddings of the categorical ones.
        sources: What a reference to each stands for.
        problems: What is wrong with them.
    """

    def __init__(self) -> None:
        self.specs: dict[str, TensorSpec | None] = {}
        self.nodes: list[Node] = []
        self.sources: dict[str, Source] = {}
        self.problems: list[Problem] = []


def read_inputs(value: Any, path: Path, scope: Mapping[str, Any]) -> Inputs:
    """The inputs that `value` declares: `{name: {dtype, shape, ...}}`."""
    inputs = Inputs()
    if not isinstance(value, Mapping) or not value:
        expected = "the inputs of the network, at least one: {name: {dtype: ..., shape: [...]}}"
        inputs.problems.append(Problem(path, quote(value), expected, code="inputs"))
        return inputs
    for name, item in value.items():
        if not is_name(name):
            inputs.problems.append(wrong_name(name, (*path, name), "an input"))
            continue
        _add_input(inputs, name, item, (*path, name), scope)
    return inputs


def is_name(name: Any) -> bool:
    """Whether `name` may be the name of an input, a node or an output."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def wrong_name(name: Any, path: Path, what: str) -> Problem:
    """The problem that `name` is no name for `what`."""
    hint = f"write '{name}' in quotes" if type(name) in (int, bool) else ""
    return Problem(path, quote(name), f"the name of {what}: letters, digits and _", hint, "name")


def _add_input(inputs: Inputs, name: str, item: Any, path: Path, scope: Mapping[str, Any]) -> None:
    inputs.specs[name] = None
    inputs.sources[name] = Source(None)
    if not isinstance(item, Mapping):
        inputs.problems.append(Problem(path, quote(item), "an input: {dtype: ..., shape: [...]}", code="inputs"))
        return
    missing = [key for key in ("dtype", "shape") if key not in item]
    problems = unknown_keys(path, item, KEYS, missing)
    item = respell(item, problems)
    dtype = DTYPES.get(item["dtype"]) if isinstance(item.get("dtype"), str) else None
    if "dtype" in item and dtype is None:
        problems.append(wrong_choice((*path, "dtype"), item["dtype"], "a dtype", DTYPES))
    shape: tuple[Dim, ...] = ()
    if "shape" in item:
        shape, faults = read_shape(item["shape"], (*path, "shape"), scope)
        problems += faults
    if not isinstance(item.get("columns", []), (list, tuple)):
        problems.append(Problem((*path, "columns"), quote(item["columns"]), "a list of column names", code="value"))
    sizes, faults = _read_categorical(item, dtype, path, scope)
    problems += faults
    inputs.problems += problems
    if problems:
        return
    inputs.specs[name] = TensorSpec(shape, dtype)
    ref = Ref(name, of_input=True)
    if sizes:
        node = EMBEDDING + name
        inputs.nodes.append(Node(node, "Embedding", sizes, (("input", ref),), path=path, arguments_path=path))
        ref = Ref(node)
    inputs.sources[name] = Source(ref)


def read_shape(value: Any, path: Path, scope: Mapping[str, Any]) -> tuple[tuple[Dim, ...], list[Problem]]:
    """A shape, batch axis first: `[null, 20]` is `(N, 20)`."""
    if not isinstance(value, (list, tuple)) or not value:
        return (), [Problem(path, quote(value), "a list of sizes, the batch first: [null, 20]", code="value")]
    dims: list[Dim] = []
    problems = []
    for index, size in enumerate(value):
        number, faults = read_number(size, _SIZE, (*path, index), scope)
        if size is not None and not faults and (type(number) is not int or number < 1):
            expected = "an integer above 0, null for any size, or arithmetic over bound names"
            found = quote(size) if number == size else f"{quote(size)}, which is {quote(number)}"
            faults = [Problem((*path, index), found, expected, code="value")]
        problems += [_mean_null(fault) if nearest(size, ["null"]) else fault for fault in faults]
        dims.append(number if size is not None else (None if index else N))
    return tuple(dims), problems


def _mean_null(fault: Problem) -> Problem:
    """The problem of a size that is a misspelt `null`."""
    return dataclasses.replace(fault, hint="did you mean null?", patch=(Edit("set", fault.path, None),))


def _read_categorical(
    item: Mapping[str, Any], dtype: str | None, path: Path, scope: Mapping[str, Any]
) -> tuple[dict[str, int], list[Problem]]:
    """The sizes of the embedding of a categorical input; none for other inputs."""
    if not isinstance(item.get("categorical", False), bool):
        return {}, [Problem((*path, "categorical"), quote(item["categorical"]), "true or false", code="value")]
    if not item.get("categorical"):
        return {}, []
    sizes, problems = {}, []
    for key, argument in (("vocab_size", "num_embeddings"), ("embedding_dim", "embedding_dim")):
        if item.get(key) is None:
            problems.append(missing_key(path, key, "a categorical input is embedded"))
            continue
        number, faults = read_number(item[key], _SIZE, (*path, key), scope)
        if not faults and (type(number) is not int or number < 1):
            faults = [Problem((*path, key), quote(item[key]), "an integer above 0", code="value")]
        problems += faults
        sizes[argument] = number
    if dtype is not None and dtype not in ("int64", "int32"):
        expected = "int64 or int32, as the input is categorical"
        problems.append(Problem((*path, "dtype"), quote(item["dtype"]), expected, code="value"))
    return sizes, problems
