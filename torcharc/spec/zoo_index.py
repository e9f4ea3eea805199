"""The index of the zoo: what file and what values a name stands for."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import pathlib
from collections.abc import Mapping
from typing import Any

from torcharc.errors import Problem, SpecError, choices, did_you_mean, quote

FOLDER = pathlib.Path(__file__).parent.parent / "zoo"
PREFIX = "zoo/"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """What a name stands for.

    Attributes:
        name: The name, without `zoo/`.
        file: Path of its spec file.
        version: Counts the networks that the name has stood for, from 1.
        values: Variable → value, in place of what the file gives.
    """

    name: str
    file: pathlib.Path
    version: int = 1
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def is_zoo_name(spec: Any) -> bool:
    """Whether a spec is the name of a zoo entry; `zoo/net.yaml` is a path.

    Example:
        >>> is_zoo_name("zoo/resnet50"), is_zoo_name("zoo/net.yaml")
        (True, False)
    """
    return isinstance(spec, str) and spec.startswith(PREFIX) and not pathlib.PurePath(spec).suffix


@functools.cache
def read_index() -> dict[str, Entry]:
    """All entries by name; older versions stand under `name@version`."""
    import yaml  # it takes a while to import, and only the zoo's users need it here

    items = yaml.safe_load((FOLDER / "index.yaml").read_text(encoding="utf-8"))
    return {
        name: Entry(name, FOLDER / f"{item['file']}.yaml", item.get("version", 1), item.get("values", {}))
        for name, item in items.items()
    }


def list_names(pattern: str = "*") -> list[str]:
    """The names of the zoo that match a pattern, as `build` takes them.

    Example:
        >>> import torcharc
        >>> torcharc.zoo.list("resnet1??")
        ['zoo/resnet101', 'zoo/resnet152']
    """
    short = pattern.removeprefix(PREFIX)
    return [PREFIX + name for name in sorted(read_index()) if "@" not in name and fnmatch.fnmatchcase(name, short)]


def find_entry(spec: str) -> Entry:
    """The entry that a name stands for: `zoo/resnet50`, or `zoo/resnet50@1`.

    Raises:
        SpecError: If there is none of that name or version; it names the nearest.
    """
    index = read_index()
    full = spec.removeprefix(PREFIX)
    name, _, version = full.partition("@")
    if full in index:
        return index[full]
    if name in index and version == str(index[name].version):
        return index[name]
    if name in index:
        known = [PREFIX + other for other in index if other.startswith(f"{name}@")]
        expected = choices([*known, f"{PREFIX}{name}@{index[name].version}"])
        raise SpecError(Problem((), quote(spec), f"a version of the network: {expected}", code="zoo"))
    names = list_names()
    expected = f"a name of the zoo: {choices(names)}"
    raise SpecError(Problem((), quote(spec), expected, did_you_mean(PREFIX + name, names), "zoo"))
