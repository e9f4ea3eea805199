"""Examples in the documentation are tests: fences tagged `python`, and docstrings."""

from doctest import ELLIPSIS

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

import torcharc.planner  # noqa: F401  # registers the building blocks, also for tests that import a part of the package

pytest_collect_file = (
    Sybil(parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)], patterns=["README.md", "doc/*.md"])
    + Sybil(parsers=[DocTestParser(optionflags=ELLIPSIS)], patterns=["torcharc/**/*.py", "torcharc/*.py"])
).pytest()
