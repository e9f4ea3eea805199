"""The 46 examples of TorchArc 2.x: they build, run, and agree with what is inferred."""

import copy
import pickle

import pytest
import torch
from modules_examples import EXAMPLES, ROOT, feed, read, read_with_shapes, shapes_of
from torch import nn

import torcharc

examples = pytest.mark.parametrize("name", EXAMPLES)


def sizes_of(info):
    """The sizes of what is inferred, in the notation of the table."""
    if isinstance(info, dict):
        return {key: sizes_of(item) for key, item in info.items()}
    return [sizes_of(item) for item in info] if isinstance(info, tuple) else info.shape


def is_lazy(network):
    return any(nn.parameter.is_lazy(parameter) for parameter in network.parameters())


def test_every_file_is_listed():
    assert sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.rglob("*.yaml")) == sorted(
        EXAMPLES
    )
    assert len(EXAMPLES) == 46


@examples
def test_example_gives_its_shapes(name):
    network, batch_sizes = torcharc.build(read(name), seed=0).eval(), (2, 5)
    assert [shapes_of(network(feed(name, batch))) for batch in batch_sizes] == [EXAMPLES[name][1]] * 2


@examples
def test_example_with_shapes_is_inferred_in_full(name):
    found, form = torcharc.inspect(read_with_shapes(name)), read(name)["graph"]["output"]
    outputs = sizes_of(found.outputs)
    sizes = outputs if isinstance(form, dict) else list(outputs.values()) if isinstance(form, list) else outputs[form]
    assert sizes == EXAMPLES[name][1]
    network = torcharc.build(read_with_shapes(name), seed=0)
    assert not is_lazy(network)
    assert found.params == sum(parameter.numel() for parameter in network.parameters())


@examples
def test_lazy_and_inferred_have_the_same_state(name):
    lazy, eager = torcharc.build(read(name), seed=0).eval(), torcharc.build(read_with_shapes(name), seed=0).eval()
    fed = feed(name)
    lazy(fed)
    assert not is_lazy(lazy)
    lazy.load_state_dict(eager.state_dict(), strict=True)
    torch.testing.assert_close(lazy(fed), eager(fed), rtol=0, atol=0)


@examples
def test_example_takes_positions_keywords_or_a_dict(name):
    network, fed = torcharc.build(read_with_shapes(name), seed=0).eval(), feed(name)
    expected = network(fed)
    torch.testing.assert_close(network(**fed), expected, rtol=0, atol=0)
    torch.testing.assert_close(network(*fed.values()), expected, rtol=0, atol=0)


# torch cannot copy a buffer without a size
LAZY_BUFFERS = ("basic/conv_lazy", "compact/mlp_classifier", "compact/conv_classifier")


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in LAZY_BUFFERS])
def test_example_copies_and_pickles_before_its_first_call(name):
    network, fed = torcharc.build(read(name), seed=0).eval(), feed(name)
    copies = [copy.deepcopy(network), pickle.loads(pickle.dumps(network)), network]
    results = []
    for each in copies:
        torch.manual_seed(1)
        results.append(each(fed))
    for result in results[:2]:
        torch.testing.assert_close(result, results[2], rtol=0, atol=0)


@examples
def test_example_trains(name):
    network, fed = torcharc.build(read_with_shapes(name), seed=0), feed(name)
    if not list(network.parameters()):
        pytest.skip("it has no parameters")
    result = network(fed)
    parts = (
        [result] if isinstance(result, torch.Tensor) else list(result.values()) if isinstance(result, dict) else result
    )
    sum(part.sum() for part in parts if part.is_floating_point()).backward()
    assert [key for key, parameter in network.named_parameters() if parameter.grad is None] == []
