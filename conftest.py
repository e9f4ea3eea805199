"""Examples in the documentation are tests: fences tagged `python`, and docstrings."""

from doctest import ELLIPSIS

import pytest
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

import torcharc.planner  # noqa: F401  # registers the building blocks, also for tests that import a part of the package

pytest_collect_file = (
    Sybil(parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)], patterns=["README.md", "doc/*.md"])
    + Sybil(parsers=[DocTestParser(optionflags=ELLIPSIS)], patterns=["torcharc/**/*.py", "torcharc/*.py"])
).pytest()


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in the same hook
def pytest_collection_modifyitems(items):
    """Keeps the examples of a document together: what one defines the next ones use."""
    for item in items:
        if isinstance(item, SybilItem):
            item.add_marker(pytest.mark.xdist_group(item.path.name))
