"""The page on the zoo: its table is that of the files, and its snippets run."""

import importlib.util
import pathlib
import re

import pytest

import torcharc

PATH = pathlib.Path(__file__).parent.parent / "doc" / "zoo.py"


def load():
    """The script that writes the table."""
    spec = importlib.util.spec_from_file_location("zoo_page", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_is_up_to_date():
    script = load()
    page = script.PAGE.read_text(encoding="utf-8")
    assert page == script.write(page), "run: python doc/zoo.py"


def test_snippets_run(capsys):
    snippets = re.findall(r"```python\n(.*?)```", load().PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    for snippet in snippets:
        exec(snippet, names)  # noqa: S102  # the page's own text
    assert capsys.readouterr().out.startswith("66347960 37745884192 ['zoo/vgg11_bn'")


def test_problem_is_the_one_that_is_shown():
    (shown,) = re.findall(r"```text\n(.*?)\n```", load().PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build("zoo/vit_b_16", heads=7)
    assert str(error.value) == shown
