"""Picking, slicing, reducing and rearranging, by themselves and in arcs."""

import pytest
import torch

import torcharc
from torcharc.functions import TensorFunction, functions
from torcharc.module.function import Get, IndexSelect, Narrow, TorchReduce, make_function, make_reduce

X = torch.rand(2, 4, 6)


def message(shape, **node):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build({"dag_in_shape": shape, "f": node})
    return str(error.value)


def test_get_picks_from_any_structure():
    assert Get()((1, 2)) == 1
    assert Get(1)([1, 2]) == 2
    assert Get(-1)((1, 2)) == 2
    assert Get("b")({"a": 1, "b": 2}) == 2


def test_narrow_is_a_slice():
    assert torch.equal(Narrow(1, 1, 2)(X), X[:, 1:3])
    assert torch.equal(Narrow(2, -2, 2)(X), X[:, :, -2:])


def test_index_select_keeps_its_positions_as_a_buffer():
    select = IndexSelect(2, [5, 0, 0])
    assert torch.equal(select(X), X[:, :, [5, 0, 0]])
    assert {name: value.tolist() for name, value in select.state_dict().items()} == {"index": [5, 0, 0]}
    assert torch.equal(IndexSelect(1, 3)(X), X[:, 3:4])


@pytest.mark.parametrize("name", ["mean", "torch.mean"])
def test_reduce_by_name(name):
    assert torch.equal(make_reduce(name=name, dim=1)(X), X.mean(1))
    assert torch.equal(make_reduce(name=name, dim=[1, 2], keepdim=True)(X), X.mean((1, 2), keepdim=True))


def test_reduction_that_gives_indices_too_gives_the_values():
    assert torch.equal(TorchReduce("max", 1)(X), X.max(1).values)
    assert torch.equal(TorchReduce("median", 1)(X), X.median(1).values)


def test_reduce_by_pattern():
    assert torch.equal(make_reduce("b c h -> b h", "max")(X), X.amax(1))
    assert torch.equal(make_reduce("b (c k) h -> b c h", "sum", k=2)(X), X.view(2, 2, 2, 6).sum(2))


def test_torch_function_by_its_name():
    values, indices = make_function("topk", k=3)(X)
    assert torch.equal(values, X.topk(3).values)
    assert torch.equal(indices, X.topk(3).indices)
    assert torch.equal(make_function("F.gelu")(X), torch.nn.functional.gelu(X))


def test_modules_print_what_they_do():
    modules = [Get("a"), Narrow(1, 2, 3), IndexSelect(1, [0]), TensorFunction("torch.mean", dim=1)]
    assert [str(module) for module in modules] == [
        "Get('a')",
        "Narrow(dim=1, start=2, length=3)",
        "IndexSelect(dim=1)",
        "TensorFunction(torch.mean, dim=1)",
    ]


def test_dropout_function_follows_the_mode():
    net = torcharc.build({"dag_in_shape": [100], "drop": {"type": "F.dropout", "p": 0.5}})
    x = torch.ones(2, 100)
    assert (net(x) == 0).any()
    assert torch.equal(net.eval()(x), x)


# --- the closed list --------------------------------------------------------------------------------

UNSAFE = ["load", "save", "from_file", "set_printoptions", "manual_seed", "set_default_dtype", "frombuffer", "zeros"]
IN_PLACE = [
    "torch.Tensor.add_",
    "torch.relu_",
    "F.relu_",
    "torch.Tensor.data",
    "torch.Tensor.numpy",
    "torch.Tensor.item",
]
OTHERS = [
    "torch.nn.init.normal_",
    "torch.os.system",
    "os.system",
    "builtins.eval",
    "torch.hub.load",
    "torch.ops.aten.add",
]


@pytest.mark.parametrize("name", [*(f"torch.{name}" for name in UNSAFE), *IN_PLACE, *OTHERS])
def test_what_reads_writes_or_works_in_place_is_no_type(name):
    assert message([4], type=name).startswith(
        f"1 problem in the spec\nspec.f.type\n  found: {name!r}"
        "\n  expected: the name of a type; torcharc.types() lists them"
    )


@pytest.mark.parametrize("name", UNSAFE)
def test_torch_fn_is_bound_to_the_same_list(name):
    assert f"torch.{name}" not in functions()
    assert f"spec.f.name\n  found: {name!r}\n  expected: a tensor function: " in message([4], type="TorchFn", name=name)


def test_misspelt_function_is_hinted():
    assert (
        message([4], type="torch.nn.functional.geluu")
        == """1 problem in the spec
spec.f.type
  found: 'torch.nn.functional.geluu'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'torch.nn.functional.gelu'?"""
    )


def test_misspelt_argument_of_a_function_is_hinted():
    assert (
        message([4], type="torch.mean", dims=1)
        == """1 problem in the spec
spec.f.dims
  found: the key 'dims'
  expected: one of the keys: dim, in_names, init, input, keepdim, type
  hint: did you mean 'dim'?"""
    )


def test_reduce_needs_one_way_in_full():
    for node, found in [
        ({"pattern": "b c -> b"}, "{'pattern': 'b c -> b'}"),
        ({"name": "mean"}, "{'name': 'mean'}"),
        ({"name": "mean", "dim": 1, "pattern": "b c -> b"}, "{'dim': 1, 'name': 'mean', 'pattern': 'b c -> b'}"),
    ]:
        assert (
            message([4], type="Reduce", **node)
            == f"""1 problem in the spec
spec.f
  found: {found}
  expected: pattern and reduction (einops), or name and dim (a torch function)"""
        )


def test_pattern_that_does_not_fit_is_a_problem():
    assert "spec.f" in message([4, 6], type="Rearrange", pattern="b c h w -> b c")
    assert "spec.f" in message([4, 6], type="Rearrange", pattern="b c ->")


def test_slice_beyond_the_axis_is_a_problem():
    text = message([4], type="Narrow", dim=1, start=2, length=5)
    assert text.startswith(
        "1 problem in the spec\nspec.f\n  found: the input (4)\n  expected: inputs that Narrow can take"
    )


def test_key_beyond_the_tuple_is_a_problem():
    arc = {"dag_in_shape": [4], "fork": {"type": "ForkChunk"}, "get": {"type": "Get", "key": 2}}
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(arc)
    assert (
        str(error.value)
        == """1 problem in the spec
spec.get
  found: fork
  expected: inputs that Get can take; it says: tuple index out of range"""
    )
