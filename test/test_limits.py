"""The page on limits names those that there are, with their defaults."""

import importlib
import pathlib
import re

import pytest

PAGE = (pathlib.Path(__file__).parent.parent / "doc" / "limits.md").read_text(encoding="utf-8")
ROWS = re.findall(r"\| `(torcharc\.[\w.]+)\.(\w+)` \| ([^|]+) \|", PAGE)


@pytest.mark.parametrize(("module", "name", "default"), ROWS, ids=[f"{module}.{name}" for module, name, _ in ROWS])
def test_limit_has_the_default_that_the_page_tells(module, name, default):
    value = getattr(importlib.import_module(module), name)
    assert value == (2**63 - 1 if default == "2^63 - 1" else int(default.replace(",", "")))


def test_page_has_every_limit():
    assert len(ROWS) == PAGE.count("\n| `torcharc.") == 20
