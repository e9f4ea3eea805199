"""The registry: what a name means, and who may give it one."""

import copy
import functools

import pytest
import torch
from torch import nn

import torcharc
from torcharc.entry import Port
from torcharc.errors import ArgumentError, Problem, SpecError
from torcharc.functions import functions
from torcharc.registry import TypeInfo, find, generation, lookup, registered, type_names


@pytest.fixture
def names():
    """The registered names; what a test registers is taken out again."""
    before = list(registered())
    yield before
    for name in [name for name in registered() if name not in before]:
        torcharc.unregister(name)
    assert list(registered()) == before


@pytest.fixture
def own(names):
    """The type `Own` of a class; it is taken out again."""

    class Own(nn.Module):
        """Adds a number.

        More about it.
        """

        def __init__(self, in_features: int, shift: float = 1.0):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(in_features))
            self.shift = shift

        def forward(self, x):
            return x + self.weight + self.shift

    torcharc.register(Own)
    return Own


def refused(*args, **settings):
    with pytest.raises(ArgumentError) as error:
        torcharc.register(*args, **settings)
    return str(error.value)


# the three forms


def test_class_registers_under_its_own_name(own):
    net = torcharc.build({"dag_in_shape": [3], "node": {"type": "Own", "shift": 2}})
    assert type(net.module_dict.node) is own
    assert torch.equal(net(torch.zeros(2, 3)), torch.full((2, 3), 2.0))


def test_decorator_gives_back_the_class(names):
    @torcharc.register
    class Plain(nn.Identity):
        pass

    @torcharc.register("Named", input_dtype="int64")
    class Other(nn.Identity):
        pass

    @torcharc.register(input_dtype="int32")
    class Third(nn.Identity):
        pass

    assert isinstance(Plain, type)
    assert [find(name).make for name in ("Plain", "Named", "Third")] == [Plain, Other, Third]
    assert find("Other") is None
    assert find("Named").input_dtype == "int64"
    assert list(registered())[-3:] == ["Plain", "Named", "Third"]


def test_name_and_class_register(names):
    assert torcharc.register("Alias", nn.Linear) is nn.Linear
    net = torcharc.build({"dag_in_shape": [3], "node": {"type": "Alias", "out_features": 2}})
    assert type(net.module_dict.node) is nn.Linear
    assert net(torch.zeros(4, 3)).shape == (4, 2)


@pytest.mark.parametrize("partial", [False, True])
def test_factory_registers(names, partial):
    def make_pair(in_features: int, width: int = 4, gain: int = 1) -> nn.Module:
        """Two linear layers."""
        return nn.Sequential(nn.Linear(in_features, gain * width), nn.Linear(gain * width, 2))

    torcharc.register("Pair", functools.partial(make_pair, gain=2) if partial else make_pair)
    net = torcharc.build({"dag_in_shape": [3], "node": {"type": "Pair", "width": 5}})
    assert [layer.weight.shape for layer in net.module_dict.node] == [
        (10 if partial else 5, 3),
        (2, 10 if partial else 5),
    ]
    with pytest.raises(SpecError) as error:
        torcharc.build({"dag_in_shape": [3], "node": {"type": "Pair", "widht": 5}})
    assert [(p.path, p.hint) for p in error.value.problems] == [(("node", "widht"), "did you mean 'width'?")]


def test_factory_may_be_a_lambda(names):
    torcharc.register("Three", lambda in_features: nn.Linear(in_features, 3))
    assert torcharc.inspect({"dag_in_shape": [5], "node": {"type": "Three"}}).params == 18


# settings


def test_infer_names_axes(names):
    class Shaped(nn.Module):
        def __init__(self, rows: int, columns: int, shape: list):
            super().__init__()
            self.sizes = (rows, columns, shape)

        def forward(self, x):
            return x

    torcharc.register("Shaped", Shaped, infer={"rows": 1, "columns": -1, "shape": "shape"})
    net = torcharc.build({"dag_in_shape": [3, 4, 5], "node": {"type": "Shaped"}})
    assert net.module_dict.node.sizes == (3, 5, [3, 4, 5])


def test_infer_names_axes_of_other_ports(names):
    class Gate(nn.Module):
        def __init__(self, width: int, size: int):
            super().__init__()
            self.fc = nn.Linear(size, width)

        def forward(self, x, gate):
            return x * self.fc(gate)

    torcharc.register("Gate", Gate, infer={"width": ("x", -1), "size": ("gate", -1)})
    arc = {"dag_in_shape": {"a": [3], "b": [5]}, "node": {"type": "Gate", "in_names": ["a", "b"]}}
    assert torcharc.build(arc).module_dict.node.fc.weight.shape == (3, 5)


def test_inference_by_name_can_be_turned_off(names):
    class Layer(nn.Module):
        def __init__(self, d_model: int):
            super().__init__()
            self.fc = nn.LazyLinear(d_model)

        def forward(self, x):
            return self.fc(x)

    torcharc.register("Layer", Layer, infer={"d_model": None})
    assert find("Layer").inferred == {}
    with pytest.raises(SpecError) as error:
        torcharc.build({"dag_in_shape": [3], "node": {"type": "Layer"}})
    assert [(p.path, p.code) for p in error.value.problems] == [(("node",), "missing-key")]


def test_input_dtype_is_that_of_the_first_input(names):
    class Ids(nn.Module):
        def forward(self, ids):
            return nn.functional.one_hot(ids, 7).float()

    torcharc.register("Ids", Ids, input_dtype="int64")
    found = torcharc.inspect({"dag_in_shape": [3], "node": {"type": "Ids"}})
    assert found.inputs["input"].dtype == "int64"
    assert found["node"].output.shape == (3, 7)


def test_outputs_of_a_fork_are_carried_by_name(names):
    class Halves(nn.Module):
        def forward(self, x):
            low, high = x.chunk(2, 1)
            return {"low": low, "high": high}

    torcharc.register("Halves", Halves, kind="fork", outputs=lambda params: ("low", "high"))
    net = torcharc.build({"dag_in_shape": [4], "node": {"type": "Halves"}})
    assert {key: tuple(x.shape) for key, x in net(torch.zeros(3, 4)).items()} == {"low": (3, 2), "high": (3, 2)}


def test_tensors_of_a_starred_argument_are_passed_one_by_one(names):
    class Join(nn.Module):
        def forward(self, *xs):
            return torch.cat(xs, 1)

    torcharc.register("Join", Join)
    assert find("Join").ports == (Port("xs", True, "sequence", spread=True),)
    arc = {"dag_in_shape": {"a": [2], "b": [3]}, "node": {"type": "Join", "in_names": ["b", "a"]}}
    a, b = torch.randn(4, 2), torch.randn(4, 3)
    assert torch.equal(torcharc.build(arc)(a=a, b=b), torch.cat([b, a], 1))


# refusals


@pytest.mark.parametrize(
    "name", ["Linear", "torch.nn.Linear", "nn.Linear", "core.ReLU", "ConcatMerge", "torch.cat", "F.gelu"]
)
def test_taken_name_is_refused(names, name):
    assert refused(name, nn.Identity) == (
        f"1 problem in the arguments\nname\n  found: {name!r}\n  expected: a name that no other type has\n"
        "  hint: choose another name"
    )


def test_own_name_is_refused_twice(own):
    assert refused(own).startswith("1 problem in the arguments\nname\n  found: 'Own'\n")
    assert find("Own").make is own


def test_class_named_as_one_of_torch_is_refused(names):
    class Linear(nn.Module):
        pass

    assert refused(Linear).startswith("1 problem in the arguments\nname\n  found: 'Linear'\n")
    assert find("Linear").make is nn.Linear


@pytest.mark.parametrize("make", [int, 5, "Linear", nn.Linear(2, 2)], ids=repr)
def test_what_makes_no_module_is_refused(names, make):
    assert refused("New", make) == (
        f"1 problem in the arguments\nmake\n  found: {make!r}\n"
        "  expected: a subclass of torch.nn.Module or a factory of modules"
    )


@pytest.mark.parametrize("name", ["", 5, ("a",)])
def test_what_is_no_name_is_refused(names, name):
    assert refused(name, nn.Identity) == (
        f"1 problem in the arguments\nname\n  found: {name!r}\n  expected: a type name"
    )


def test_unknown_setting_is_refused_with_a_hint(names):
    text = refused("New", nn.Identity, exmaple={})
    assert text.startswith(
        "1 problem in the arguments\nexmaple\n  found: the key 'exmaple'\n  expected: one of the keys: "
    )
    assert text.endswith("\n  hint: did you mean 'example'?")
    assert find("New") is None


# taking out


def test_unregistered_type_is_gone(own):
    arc = {"dag_in_shape": [3], "node": {"type": "Own"}}
    torcharc.build(arc)
    torcharc.unregister("Own")
    try:
        with pytest.raises(SpecError) as error:
            torcharc.build(arc)
        assert [(p.path, p.found, p.code) for p in error.value.problems] == [
            (("node", "type"), "'Own'", "unknown-type")
        ]
    finally:
        torcharc.register(own)


def test_name_can_be_given_anew(names):
    arc = {"dag_in_shape": [3], "node": {"type": "Shift"}}
    torcharc.register("Shift", lambda: nn.Hardtanh(0, 1))
    first = torcharc.build(arc)
    torcharc.unregister("Shift")
    torcharc.register("Shift", lambda in_features: nn.Linear(in_features, 2))
    assert type(first.module_dict.node) is nn.Hardtanh
    assert type(torcharc.build(arc).module_dict.node) is nn.Linear


@pytest.mark.parametrize(("name", "hint"), [("Linear", ""), ("own", "\n  hint: did you mean 'Own'?")])
def test_what_is_not_registered_cannot_be_taken_out(own, name, hint):
    with pytest.raises(ArgumentError) as error:
        torcharc.unregister(name)
    text = str(error.value)
    assert text.startswith(f"1 problem in the arguments\nname\n  found: {name!r}\n  expected: a registered type: ")
    assert text.endswith(hint or "more")


def test_generation_changes_with_the_registry(names):
    first = generation()
    torcharc.register("New", nn.Identity)
    second = generation()
    torcharc.unregister("New")
    assert len({first, second, generation()}) == 3
    with pytest.raises(ArgumentError):
        torcharc.register("Linear", nn.Identity)
    assert generation() == first + 2


def test_registered_is_a_copy():
    before = list(registered())
    registered().clear()
    assert list(registered()) == before


# looking up


@pytest.mark.parametrize("name", ["Linear", "torch.nn.Linear", "nn.Linear", "core.Linear"])
def test_spellings_of_a_module_type(name):
    assert find(name) is find("Linear")
    assert find(name).name == "Linear"
    assert find(name).defined == "torch.nn.Linear"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("F.gelu", "torch.nn.functional.gelu"),
        ("nn.functional.gelu", "torch.nn.functional.gelu"),
        ("Tensor.view", "torch.Tensor.view"),
        ("torch.cat", "torch.cat"),
    ],
)
def test_spellings_of_a_function_type(name, full):
    assert find(name).name == full


@pytest.mark.parametrize(
    "name", ["linear", "LINEAR", "Module", "ModuleList", "torch.nn.Module", "torch.Linear", "nn.nn.Linear", ""]
)
def test_other_names_are_no_types(name):
    assert find(name) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Linaer", "did you mean 'Linear'?"), ("relu", "did you mean 'ReLU'?"), (5, ""), (["Linear"], "")],
)
def test_unknown_type_is_a_problem(name, hint):
    problem = lookup(name, ("node", "type"))
    expected = "the name of a type; torcharc.types() lists them"
    assert problem == Problem(("node", "type"), repr(name), expected, hint, "unknown-type")


# the list


def test_types_lists_every_name_once_in_order():
    listed = [info.name for info in torcharc.types()]
    assert listed == sorted(set(type_names()))
    assert {"Linear", "ConcatMerge", "torch.cat", *functions()} <= set(listed)


def test_types_tell_kind_ports_summary_and_place(own):
    (info,) = torcharc.types("Own")
    defined = f"{__name__}.own.<locals>.Own"
    assert info == TypeInfo("Own", "module", ("x",), "Adds a number.", defined)


@pytest.mark.parametrize(
    ("name", "kind", "ports", "defined"),
    [
        ("Linear", "module", ("input",), "torch.nn.Linear"),
        ("MSELoss", "loss", ("input", "target"), "torch.nn.MSELoss"),
        ("LSTM", "module", ("input", "hx"), "torch.nn.LSTM"),
        ("ConcatMerge", "merge", ("xs",), "torcharc.module.merge.ConcatMerge"),
        ("SplitFork", "fork", ("x",), "torcharc.module.fork.SplitFork"),
        ("torch.where", "function", ("condition", "input", "other"), "torch.where"),
    ],
)
def test_types_of_the_package(name, kind, ports, defined):
    (info,) = torcharc.types(name)
    assert (info.kind, info.ports, info.defined) == (kind, ports, defined)
    assert info.summary


def test_wildcards_pick_types():
    assert [info.name for info in torcharc.types("Conv?d")] == ["Conv1d", "Conv2d", "Conv3d"]
    assert [info.name for info in torcharc.types("F*Merge")] == ["FiLMMerge"]
    assert {info.name for info in torcharc.types("torch.fft.*")} == {
        n for n in functions() if n.startswith("torch.fft.")
    }
    assert torcharc.types("conv?d") == []
    assert torcharc.types("nothing*") == []


def test_types_do_not_change_with_use():
    before = torcharc.types("*Norm*")
    torcharc.build({"dag_in_shape": [3], "node": {"type": "LayerNorm"}})
    assert copy.deepcopy(torcharc.types("*Norm*")) == before
