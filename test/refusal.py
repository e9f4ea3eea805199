"""What is said of a spec that is refused."""

import pytest

import torcharc
from torcharc.errors import format_problem


def message(spec, **options):
    """The whole message with which `build` refuses a spec."""
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec, **options)
    return str(error.value)


def shown(problems):
    """All problems, as a user sees them."""
    return "\n".join(map(format_problem, problems))
