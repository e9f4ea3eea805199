"""`python doc/zoo.py` writes the tables of `doc/zoo.md`: names with values and counts, and how each file starts."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import torcharc
from torcharc.spec.zoo_index import read_index

PAGE = pathlib.Path(__file__).parent / "zoo.md"
BEGIN, END = "<!-- {}, written by doc/zoo.py -->\n", "<!-- end -->"
INITIALIZATION = re.compile(r"^# Initialization, (.*?): (.*(?:\n#   .*)*)", re.MULTILINE)


def rows() -> Iterator[str]:
    """The lines of the table, in the order of the index."""
    yield "| name | file | values | parameters | MACs |"
    yield "| --- | --- | --- | ---: | ---: |"
    for name, entry in read_index().items():
        found = torcharc.inspect(f"zoo/{name}")
        counts = [f"{count:,}" if count else "" for count in (found.params, found.macs)]
        yield f"| `{name}` | {_link(entry.file)} | {_show(entry.values)} | {' | '.join(counts)} |"


def initializations() -> Iterator[str]:
    """The lines of the table of initializations, which each file states above its variables."""
    yield "| file | in the paper | in the file |"
    yield "| --- | --- | --- |"
    for file in dict.fromkeys(entry.file for entry in read_index().values()):
        match = INITIALIZATION.search(file.read_text(encoding="utf-8"))
        whence, how = match.groups() if match else ("", "")
        whence = whence.replace("as the paper states", "stated").replace("which the paper leaves open", "left open")
        how = re.sub(r"\n# +", " ", how).removesuffix(".")
        yield f"| {_link(file)} | {whence} | {how} |"


def _link(file: pathlib.Path) -> str:
    return f"[{file.name}](../torcharc/zoo/{file.name})"


def _show(values: Any) -> str:
    """The values as YAML writes them, shortened where they are long."""
    pairs = [f"{key}: {json.dumps(value)}" for key, value in values.items()]
    return ", ".join(f"`{pair if len(pair) <= 60 else pair[:57] + '...'}`" for pair in pairs)


def write(page: str) -> str:
    """The page with the tables as they are now."""
    for name, lines in (("initialization", initializations()), ("names", rows())):
        begin, table = BEGIN.format(name), "\n".join(lines)
        page = re.sub(f"{begin}.*?{END}", f"{begin}\n{table}\n\n{END}", page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
