"""Fixtures of several tests of specs."""

import pytest
from schema_validation import make_validator


@pytest.fixture
def write(tmp_path):
    """Writes a spec file and gives its path."""

    def write_file(text, name="net.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture(scope="module")
def validator():
    """What validates specs against the JSON Schema."""
    return make_validator()
