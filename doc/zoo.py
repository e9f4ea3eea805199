"""`python doc/zoo.py` writes the table of `doc/zoo.md`: names, their values, parameters and MACs."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import torcharc
from torcharc.spec.zoo_index import Entry, read_index

PAGE = pathlib.Path(__file__).parent / "zoo.md"
BEGIN, END = "<!-- written by doc/zoo.py -->\n", "<!-- end -->"


def rows() -> Iterator[str]:
    """The lines of the table, in the order of the index."""
    yield "| name | file | values | parameters | MACs |"
    yield "| --- | --- | --- | ---: | ---: |"
    for name, entry in read_index().items():
        found = torcharc.inspect(f"zoo/{name}")
        counts = [f"{count:,}" if count else "" for count in (found.params, found.macs)]
        yield f"| `{name}` | {_link(entry)} | {_show(entry.values)} | {' | '.join(counts)} |"


def _link(entry: Entry) -> str:
    return f"[{entry.file.name}](../torcharc/zoo/{entry.file.name})"


def _show(values: Any) -> str:
    """The values as YAML writes them, shortened where they are long."""
    pairs = [f"{key}: {json.dumps(value)}" for key, value in values.items()]
    return ", ".join(f"`{pair if len(pair) <= 60 else pair[:57] + '...'}`" for pair in pairs)


def write(page: str) -> str:
    """The page with the table as it is now."""
    table = "\n".join(rows())
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{table}\n\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
