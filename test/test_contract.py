"""The laws that every type keeps; a type gets these tests by being registered with an example."""

import contextlib
import copy
import functools
import pickle
import warnings

import pytest
import torch
import torch._dynamo
from documented import FUNCTIONS, MODULES, TYPES, Documented
from installed import TORCH
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import torcharc
from torcharc.errors import SpecError
from torcharc.graph import BatchDim, TensorSpec
from torcharc.inspection import TensorInfo
from torcharc.module.token_mask import is_exporting
from torcharc.registry import find, registered, type_names
from torcharc.torch_types import module_classes

# what a type cannot do, and why

WITHOUT_EXAMPLE = {
    "NLLLoss2d": "torch deprecates it: it is NLLLoss, and warns when it is made",
}
NOT_COMPILED = {
    "AdaptiveLogSoftmaxWithLoss": "branches on the values of its input",
    "GaussianNLLLoss": "branches on the values of its input",
    "CTCLoss": "its result's shape depends on values",
    "CrossMapLRN2d": "an autograd function of the old kind, which dynamo cannot trace",
}
NO_COUNT_OF_MACS = {
    "Bilinear": "the counter of torch does not know it; test_rules.py holds its MACs against matrix products",
    "AdaptiveLogSoftmaxWithLoss": "only the clusters that occur in the batch are computed",
}
OPEN = {
    "Identity": "torch's own takes any arguments, to stand for other types",
    "TorchFn": "its keywords are those of the function that it names",
    "Reduce": "further keywords are the lengths of axes in its pattern",
    "Rearrange": "further keywords are the lengths of axes in its pattern",
    "EinMix": "further keywords are the lengths of axes in its pattern",
}

compiled_types = pytest.mark.parametrize("name", [name for name in MODULES if name not in NOT_COMPILED])
types = pytest.mark.parametrize("name", TYPES)
modules = pytest.mark.parametrize("name", MODULES)


def assert_same(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def run(network, fed, seed=0):
    """The output, random layers drawing from a seed."""
    torch.manual_seed(seed)
    return network(fed)


def assert_fits(spec, found, batch):
    """That a result is what was inferred: structure, shapes, dtypes."""
    if isinstance(spec, TensorSpec):
        sizes = tuple(dim.size(batch) if isinstance(dim, BatchDim) else dim for dim in spec.shape)
        assert (sizes, f"torch.{spec.dtype}") == (tuple(found.shape), str(found.dtype))
    elif isinstance(spec, dict):
        assert list(spec) == list(found)
        for key in spec:
            assert_fits(spec[key], found[key], batch)
    else:
        assert isinstance(spec, tuple)
        assert isinstance(found, (tuple, list))
        assert len(spec) == len(found)
        for part, item in zip(spec, found, strict=True):
            assert_fits(part, item, batch)


@contextlib.contextmanager
def counted_in_full():
    """Attention and recurrent layers as plain matrix products, which the counter of torch knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of flags that other machines have
        with sdpa_kernel(SDPBackend.MATH), torch.backends.mkldnn.flags(enabled=False):
            yield


# the examples themselves


def test_every_type_but_functions_has_an_example():
    without = [name for name in type_names() if find(name).kind != "function" and find(name).example is None]
    assert without == list(WITHOUT_EXAMPLE)


def test_suite_runs_blocks_modules_and_functions():
    assert {"ConcatMerge", "SplitFork", "Perceiver", "TSTransformer", "Linear", "MSELoss", "torch.cat"} <= set(TYPES)
    assert set(registered()) <= set(MODULES)


def test_exceptions_are_types():
    listed = [*WITHOUT_EXAMPLE, *NOT_COMPILED, *NO_COUNT_OF_MACS, *OPEN]
    assert [name for name in listed if name not in type_names()] == []


@types
def test_example_feeds_the_ports(name):
    example = Documented(name)
    ports = [port.name for port in example.entry.ports]
    assert list(example.inputs) == [port for port in ports if port in example.inputs]
    required = {port.name for port in example.entry.ports if port.required} - set(example.params)
    assert required <= set(example.inputs)


@types
def test_example_leaves_out_what_the_input_determines(name):
    example = Documented(name)
    determined = set() if example.dtype == "int64" else set(example.entry.inferred)  # ids have no features
    assert set(example.params) & determined == set()


# building and inference


@pytest.mark.parametrize("name", [name for name in module_classes() if name not in WITHOUT_EXAMPLE])
def test_type_of_torch_is_that_class(name):
    network = Documented(name).build()
    assert type(network.module_dict.node) is getattr(nn, name.removeprefix("Lazy"))  # its input's size is known


@types
def test_arc_of_the_example_builds_the_same(name):
    example = Documented(name)
    arc = example.arc()
    if arc is None:
        pytest.skip("an arc cannot say it")
    before = copy.deepcopy(arc)
    network = torcharc.build(arc, seed=0).eval()
    assert arc == before
    fed = example.feed()
    found, expected = run(network, fed), run(example.build(), fed)
    if isinstance(expected, tuple):
        expected = expected[0]  # of a tuple, an arc carries the first
    assert_same(found, expected)
    output = torcharc.inspect(arc).outputs
    parts = {"output": expected} if isinstance(expected, torch.Tensor) else expected
    assert list(output) == (list(parts) if example.entry.kind == "fork" else [example.arc()["node"]["in_names"][0]])
    batch = len(next(iter(fed.values())))
    for info, part in zip(output.values(), parts.values(), strict=True):
        shape = tuple(part.shape[1:] if part.shape[:1] == (batch,) else part.shape)  # a bias has no batch axis
        assert info == TensorInfo(shape, str(part.dtype).removeprefix("torch."))


@pytest.mark.parametrize("batch", [2, 5])
@types
def test_inferred_output_is_that_of_forward(name, batch):
    example = Documented(name)
    assert_fits(example.outcome().output, run(example.build(), example.feed(batch)), batch)


@types
def test_inferred_parameters_are_those_of_the_network(name):
    example = Documented(name)
    network = example.build()
    assert example.outcome().params == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", [name for name in TYPES if name not in NO_COUNT_OF_MACS])
def test_inferred_macs_are_those_of_forward(name):
    example = Documented(name)
    network, batch = example.build(), 3
    with counted_in_full(), FlopCounterMode(display=False) as counter:
        run(network, example.feed(batch))
    assert 2 * batch * example.outcome().macs == counter.get_total_flops()


# what a network can do


@types
def test_network_deep_copies(name):
    example = Documented(name)
    network = example.build()
    copied, fed = copy.deepcopy(network), example.feed()
    assert_same(run(copied, fed), run(network, fed))
    shared = {id(p) for p in network.parameters()} & {id(p) for p in copied.parameters()}
    assert not shared


@types
def test_network_pickles(name):
    example = Documented(name)
    network = example.build()
    loaded, fed = pickle.loads(pickle.dumps(network)), example.feed()
    assert_same(run(loaded, fed), run(network, fed))


@modules
def test_state_dict_round_trips(name):
    example = Documented(name)
    first, second, fed = example.build(seed=1), example.build(seed=2), example.feed()
    expected = run(first, fed)
    state = first.state_dict()
    assert all(key.startswith("module_dict.node.") for key in state)
    second.load_state_dict(state, strict=True)
    assert_same(run(second, fed), expected)


@modules
def test_functional_call_takes_other_weights(name):
    example = Documented(name)
    first, second, fed = example.build(seed=1), example.build(seed=2), example.feed()
    expected = run(first, fed)
    torch.manual_seed(0)
    assert_same(
        functional_call(second, {**dict(first.named_parameters()), **dict(first.named_buffers())}, (fed,)), expected
    )


@modules
def test_same_seed_gives_the_same_weights(name):
    example = Documented(name)
    first, second, third = example.build(seed=1), example.build(seed=1), example.build(seed=2)
    assert_same(dict(second.named_parameters()), dict(first.named_parameters()))
    if any(p.ndim > 1 for p in first.parameters()):  # a vector may start at ones
        assert any(not torch.equal(p, q) for p, q in zip(first.parameters(), third.parameters(), strict=True))


@types
def test_network_works_in_double(name):
    example = Documented(name)
    network, fed = example.build(), example.feed()
    expected = run(network, fed)
    wide = {key: x.double() if x.is_floating_point() else x for key, x in fed.items()}
    found = run(network.double(), wide)
    drawn = name in RANDOM
    for part, single in zip(flatten(found), flatten(expected), strict=True):
        changed = single.is_floating_point() and part.dtype != torch.float64 and name != "torch.Tensor.float"
        assert not changed
        if not drawn and not name.endswith("loss"):
            torch.testing.assert_close(part, single, check_dtype=False, rtol=1e-4, atol=1e-5)


RANDOM = {"FractionalMaxPool2d", "FractionalMaxPool3d"}  # draw numbers of their input's dtype


def flatten(result):
    if isinstance(result, torch.Tensor):
        return [result]
    values = result.values() if isinstance(result, dict) else result
    return [tensor for value in values for tensor in flatten(value)]


@functools.cache
def compiles_as_for_an_export():
    """Whether dynamo of this torch tells modules that they are exported: attention then rounds in another order."""
    probe = torch.compile(lambda x: x + is_exporting(), fullgraph=True, backend="eager")
    return bool(probe(torch.zeros(())))


@compiled_types
def test_network_compiles_without_a_break(name):
    if name == "Get" and TORCH < (2, 7):
        pytest.skip("dynamo of torch 2.6 gives up a graph without operations")
    example = Documented(name)
    network, fed = example.build(), example.feed()
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):  # dynamo refuses RNN, GRU and LSTM unless told otherwise
        compiled = torch.compile(network, fullgraph=True, backend="eager")
        found, expected = run(compiled, fed), run(network, fed)
    rounding = 1e-6 if compiles_as_for_an_export() else 0
    torch.testing.assert_close(found, expected, rtol=rounding, atol=rounding, equal_nan=True)


@compiled_types
def test_network_exports(name):
    example = Documented(name)
    network, fed = example.build(), example.feed()
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        program = torch.export.export(network, (fed,), strict=True)
    found, expected = run(program.module(), fed), run(network, fed)
    torch.testing.assert_close(flatten(found), flatten(expected))


class Side(nn.Module):
    """Networks beside one another."""

    def __init__(self, networks):
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, feeds):
        return [network(fed) for network, fed in zip(self.networks, feeds, strict=True)]


def test_all_functions_compile_without_a_break():
    examples = [Documented(name) for name in FUNCTIONS]
    side, feeds = Side([example.build() for example in examples]), [example.feed() for example in examples]
    torch._dynamo.reset()
    compiled = torch.compile(side, fullgraph=True, backend="eager")
    for name, found, expected in zip(FUNCTIONS, run(compiled, feeds), run(side, feeds), strict=True):
        torch.testing.assert_close(found, expected, msg=name)


# errors


@pytest.mark.parametrize("name", [name for name in TYPES if name not in OPEN])
def test_unknown_key_is_refused_with_a_hint(name):
    example = Documented(name)
    name = max((key for key in example.entry.signature.arguments if len(key) > 2), key=len, default=None)
    key = name + name[-1] if name else "colour"
    _, problems = example.plan(**{key: 1})
    hint = f"did you mean {name!r}?" if name else ""
    assert [(problem.path, problem.found, problem.hint) for problem in problems] == [
        (("node", key), f"the key {key!r}", hint)
    ]
    assert str(SpecError(problems)).startswith(f"1 problem in the spec\nspec.node.{key}\n  found: the key {key!r}\n")
