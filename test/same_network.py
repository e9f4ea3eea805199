"""Networks that two specs build, compared."""

import copy
import json

import modules_examples
import torch
from arc_inputs import make_inputs

import torcharc
from torcharc.spec.formats import parse_spec
from torcharc.spec.load import load_spec


def read(spec):
    """The graph of a spec, which has no errors."""
    found, problems = parse_spec(load_spec(spec).spec)
    assert [problem for problem in problems if problem.severity == "error"] == []
    return found


def feed(spec):
    """Inputs for a spec: as its shapes say, or as the table of examples says; None where nothing does."""
    name = next((name for name in modules_examples.EXAMPLES if str(spec).endswith(f"torcharc2/{name}.yaml")), None)
    if name is not None:
        return modules_examples.feed(name)
    return None if None in torcharc.inspect(spec).inputs.values() else lower(make_inputs(spec, 2))


def lower(fed):
    """Inputs with ids below 5, which every embedding has."""
    if isinstance(fed, dict):
        return {key: lower(value) for key, value in fed.items()}
    return fed if fed.is_floating_point() else fed % 5


def plain(spec):
    """A written spec as a file has it."""
    return json.loads(json.dumps(spec))


def assert_same_network(found, expected, fed):
    """Both have the same keys and, with the same weights, the same outputs."""
    found, expected = found.eval(), expected.eval()
    with torch.no_grad():
        wanted = None if fed is None else expected(copy.deepcopy(fed))  # makes the weights of lazy modules
        if fed is not None:
            found(copy.deepcopy(fed))
        assert list(found.state_dict()) == list(expected.state_dict())
        found.load_state_dict(expected.state_dict())
        if fed is not None:
            assert_equal(found(copy.deepcopy(fed)), wanted)


def assert_equal(found, expected):
    assert type(found) is type(expected)
    if isinstance(found, torch.Tensor):
        assert torch.equal(found, expected)
    elif isinstance(found, dict):
        assert list(found) == list(expected)
        assert_equal(list(found.values()), list(expected.values()))
    else:
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
