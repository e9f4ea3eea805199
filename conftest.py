"""Examples in the documentation are tests: fences tagged `python`, and docstrings."""

import sys
from doctest import ELLIPSIS

from installed import TORCH
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

import torcharc.planner  # noqa: F401  # registers the building blocks, also for tests that import a part of the package

# what some versions warn of on their own account, by the beginning of the text; other warnings are errors
OWN_WARNINGS = [
    (TORCH < (2, 13), "The epoch parameter in `scheduler.step"),  # SequentialLR calls its parts so
    (TORCH < (2, 13), "Skipping serialization of"),  # inductor, of its own settings
    (TORCH < (2, 13), "Attempted to insert a get_attr Node"),  # export, of constants that it lifted itself
    (TORCH < (2, 13), "Node lifted_tensor"),
    (TORCH > (2, 13), r"`torch\.jit\.(script|trace|trace_method)` is deprecated"),  # tests of it call it themselves
    (sys.version_info[:3] == (3, 13, 0), "Guards may run slower on Python 3.13.0"),  # dynamo
]


def pytest_configure(config):
    for applies, text in OWN_WARNINGS:
        if applies:
            config.addinivalue_line("filterwarnings", f"ignore:{text}")


pytest_collect_file = (
    Sybil(parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)], patterns=["README.md", "doc/*.md"])
    + Sybil(parsers=[DocTestParser(optionflags=ELLIPSIS)], patterns=["torcharc/**/*.py", "torcharc/*.py"])
).pytest()
