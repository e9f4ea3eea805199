"""The command line: what it prints, and how it exits."""

import json
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

import torcharc
from torcharc.cli import main

GOOD = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 4}}
BAD = {"dag_in_shape": [8], "fc": {"type": "Linaer", "out_features": 4}}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, spec in (("good.yaml", GOOD), ("bad.yaml", BAD)):
        (tmp_path / name).write_text(yaml.safe_dump(spec, sort_keys=False))


def run(*arguments):
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


@pytest.mark.usefixtures("files")
def test_clean_file_exits_with_0():
    assert run("check", "good.yaml") == (0, "good.yaml: no problems\n")


@pytest.mark.usefixtures("files")
def test_faulty_file_exits_with_2_and_names_the_line():
    status, output = run("check", "good.yaml", "bad.yaml")
    assert status == 2
    first, place, found, expected, hint = output.split("\n")[:5]
    assert first == "good.yaml: no problems"
    assert place == "error bad.yaml:4: spec.fc.type"
    assert found == "  found: 'Linaer'"
    assert expected == "  expected: the name of a type; torcharc.types() lists them"
    assert hint == "  hint: did you mean 'Linear'?"


@pytest.mark.usefixtures("files")
def test_missing_file_exits_with_2():
    status, output = run("check", "none.yaml")
    assert (status, output.split("\n")[0]) == (2, "error spec")


@pytest.mark.usefixtures("files")
def test_json_is_the_problems_as_data():
    status, output = run("check", "--json", "bad.yaml", "good.yaml")
    found = json.loads(output)
    assert status == 2
    assert found["good.yaml"] == []
    [problem] = found["bad.yaml"]
    assert (problem["place"], problem["path"], problem["source"]) == ("spec.fc.type", ["fc", "type"], "bad.yaml:4")
    assert problem["patch"] == [{"action": "set", "path": ["fc", "type"], "value": "Linear"}]


def test_types_lists_what_matches():
    status, output = run("types", "*Fork")
    assert status == 0
    lines = [line for line in output.split("\n") if line and not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == ["type", "ChunkFork", "ReuseFork", "SplitFork"]
    assert run("types", "Nothing*") == (1, "no type matches Nothing*\n")


def test_help_does_not_import_torch():
    code = (
        "import sys; from torcharc.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("False\n")


def test_schema_is_that_of_the_package(tmp_path):
    status, output = run("schema")
    assert (status, json.loads(output)) == (0, torcharc.schema())
    file = tmp_path / "schema.json"
    assert run("schema", "-o", str(file)) == (0, "")
    assert file.read_text() == output
