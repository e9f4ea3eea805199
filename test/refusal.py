"""What is said of a spec that is refused."""

import pytest

import torcharc


def message(spec, **options):
    """The whole message with which `build` refuses a spec."""
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(spec, **options)
    return str(error.value)
