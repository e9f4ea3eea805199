"""The table of tensor functions: what is in it, what never is, and what each takes."""

import copy
import os
import pickle
import subprocess
import sys

import pytest
import torch
from documented import FUNCTIONS, Documented
from torch import nn
from torch.nn import functional as F

import torcharc
from torcharc.errors import SpecError
from torcharc.functions import TensorFunction, full_name, function_arguments, functions

ALL = sorted(functions())

# the functions of Arc-Graph's reference, section 5: "ports; other keywords", `?` where it may be left out
ARC_GRAPH = {
    "torch.add torch.sub": "input other; alpha",
    "torch.mul torch.matmul": "input other",
    "torch.div": "input other; rounding_mode",
    "torch.mm torch.bmm": "input mat2",
    "torch.cat torch.stack": "tensors; dim",
    "torch.mean torch.sum": "input; dim keepdim",
    "torch.squeeze torch.unsqueeze torch.softmax torch.log_softmax": "input; dim",
    "torch.reshape": "input; shape",
    "torch.view": "input; size shape",
    "torch.transpose": "input; dim0 dim1",
    "torch.permute": "input; dims",
    "torch.flatten": "input; start_dim end_dim",
    "torch.sigmoid torch.tanh torch.relu torch.exp": "input",
    "torch.chunk": "input; chunks dim",
    "torch.select": "input; dim index",
    "torch.narrow": "input start?; dim length",  # torch takes a tensor for `start` as well
    "torch.max torch.min": "input other?; dim keepdim",
    "torch.pow": "input exponent",
    "torch.split": "tensor; split_size_or_sections dim",
    "torch.einsum": "operands; equation",
    "F.relu F.silu F.sigmoid F.tanh F.leaky_relu F.elu F.softmax F.log_softmax F.dropout": "input",
    "F.gelu": "input; approximate",
    "F.max_pool1d F.max_pool2d": "input; kernel_size stride padding dilation ceil_mode return_indices",
    "F.avg_pool1d": "input; kernel_size stride padding ceil_mode count_include_pad",
    "F.avg_pool2d": "input; kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "F.adaptive_avg_pool1d F.adaptive_avg_pool2d": "input; output_size",
    "F.layer_norm F.group_norm": "input weight? bias?",
    "F.batch_norm": "input running_mean? running_var? weight? bias?",
    "F.linear": "input weight bias?",
    "F.conv1d F.conv2d F.conv3d": "input weight bias?; stride padding dilation groups",
    "F.scaled_dot_product_attention": "query key value attn_mask?; dropout_p is_causal scale enable_gqa",
    "F.smooth_l1_loss F.kl_div F.poisson_nll_loss": "input target",
    "F.mse_loss F.l1_loss F.huber_loss F.nll_loss F.cross_entropy F.binary_cross_entropy": "input target weight?",
    "F.binary_cross_entropy_with_logits": "input target weight? pos_weight?",
}
ROWS = [(full_name(name), text) for names, text in ARC_GRAPH.items() for name in names.split()]


# what is in the table


@pytest.mark.parametrize(("name", "text"), ROWS, ids=[name for name, _ in ROWS])
def test_arguments_are_those_of_the_reference(name, text):
    ports, _, others = text.partition(";")
    expected = {port.rstrip("?"): not port.endswith("?") for port in ports.split() if port != "start?"}
    found = function_arguments(name)
    assert {port: needed for port, needed in found.ports.items() if port != "start"} == expected
    assert set(others.split()) <= {*found.others, *found.ports}


@pytest.mark.parametrize("name", [name for name, _ in ROWS])
def test_functions_of_the_reference_have_an_example(name):
    assert name in FUNCTIONS


@pytest.mark.parametrize("name", ["torch.max", "torch.clamp", "torch.where", "torch.masked_fill"])
def test_ports_that_may_be_numbers_are_arguments_too(name):
    found = function_arguments(name)
    assert found.others.keys().isdisjoint(found.ports)
    entry = torcharc.registry.find(name)
    assert set(entry.signature.arguments) == {*found.ports, *found.others}


# torch's own documentation, as an oracle that the table does not read
DOCUMENTED = {
    "torch.argmax": "input; dim keepdim",
    "torch.amax": "input; dim keepdim",
    "torch.sort": "input; dim descending stable",
    "torch.logsumexp": "input; dim keepdim",
    "torch.where": "condition input other",
    "torch.gather": "input index; dim sparse_grad",
    "torch.index_select": "input index; dim",
    "torch.scatter_reduce": "input index src; dim reduce include_self",
    "torch.repeat_interleave": "input repeats; dim output_size",
    "torch.diag_embed": "input; offset dim1 dim2",
    "torch.embedding": "weight indices; padding_idx scale_grad_by_freq sparse",
    "torch.dot": "input tensor",
    "torch.cross": "input other; dim",
    "torch.xlogy": "input other",
    "torch.linalg.vecdot": "x y; dim",
    "torch.linalg.inv": "A",
    "torch.nn.functional.one_hot": "input; num_classes",
    "torch.nn.functional.pad": "input; pad mode value",
    "torch.nn.functional.poisson_nll_loss": "input target; log_input full eps reduction",
    "torch.nn.functional.threshold": "input; threshold value",
    "torch.tensordot": "a b; dims",
    "torch.cdist": "x1 x2; p compute_mode",
    "torch.searchsorted": "sorted_sequence input sorter; out_int32 right side",
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_arguments_are_those_of_the_documentation(name):
    ports, _, others = DOCUMENTED[name].partition(";")
    found = function_arguments(name)
    assert list(found.ports) == ports.split()
    assert list(found.others) == others.split()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_those_of_a_real_call(name):
    """Every port and argument of the example is a keyword of torch's own function."""
    example = Documented(name)
    fed = example.feed()
    network = example.build()
    named = {**example.arguments(fed), **example.params}
    named = {
        key: tuple(value) if isinstance(value, list) and key != "tensors" else value for key, value in named.items()
    }
    known = function_arguments(name)
    assert set(named) <= {*known.ports, *known.others}
    torch.manual_seed(0)
    expected = call_by_keyword(name, named)
    torch.manual_seed(0)
    torch.testing.assert_close(network(fed), expected, rtol=0, atol=0, equal_nan=True)


def call_by_keyword(name, named):
    space, short = name.rsplit(".", 1)
    if name == "torch.einsum":
        return torch.einsum(named["equation"], *named["operands"])
    if name == "torch.view" or space == "torch.Tensor":  # methods: `self` and sizes have no keyword
        method, self = getattr(torch.Tensor, short), named.pop("input")
        sizes = [named.pop(key) for key in ("size", "repeats") if key in named and short != "unfold"]
        return method(self, *sizes, **named)
    if "dropout" in short or short == "rrelu":
        named["training"] = False  # networks of examples are in eval mode
    function = getattr({"torch": torch, "torch.nn.functional": F}.get(space) or getattr(torch, space[6:]), short)
    return function(**named)


def test_arguments_name_each_once():
    never = {"out", "inplace", "dtype", "device", "generator", "self"}
    for name in ALL:
        found = function_arguments(name)
        assert found.ports, name
        assert found.leading <= len(found.ports), name
        assert set(found.ports).isdisjoint(found.others), name
        assert not never & {*found.ports, *found.others}, name


# what a function is as a module


def test_every_function_copies_and_pickles():
    for name in ALL:
        function = TensorFunction(name, dim=[1, 2])
        assert callable(function._function), name
        for other in (copy.deepcopy(function), pickle.loads(pickle.dumps(function))):
            assert (other.name, other.arguments) == (name, {"dim": (1, 2)})
            assert other._function is function._function, name


def test_pickle_holds_no_function():
    text = pickle.dumps(TensorFunction("torch.nn.functional.gelu"))
    assert b"gelu" in text
    assert b"_function" not in text


def test_aliases_are_written_out():
    assert full_name("F.gelu") == "torch.nn.functional.gelu"
    assert full_name("nn.functional.gelu") == "torch.nn.functional.gelu"
    assert full_name("Tensor.view") == "torch.Tensor.view"
    assert full_name("torch.cat") == "torch.cat"
    assert TensorFunction("F.relu").name == "torch.nn.functional.relu"


def test_repr_reads_as_a_call():
    assert repr(TensorFunction("torch.mean", dim=1)) == "TensorFunction(torch.mean, dim=1)"


def test_views_take_sizes_under_either_name():
    x = torch.arange(6.0).view(1, 6)
    for name in ("torch.view", "torch.Tensor.view"):
        for key in ("size", "shape"):
            assert TensorFunction(name, **{key: [-1, 2, 3]})(x).shape == (1, 2, 3)
    assert TensorFunction("torch.Tensor.expand", size=[4, -1])(x).shape == (4, 6)
    assert TensorFunction("torch.Tensor.repeat", repeats=[1, 2])(x).shape == (1, 12)


@pytest.mark.parametrize(
    "name", ["dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout", "rrelu"]
)
def test_dropout_follows_train_and_eval(name):
    function, x = TensorFunction(f"F.{name}"), -torch.ones(2, 8, 8, 8)[..., *([0] if name == "dropout1d" else [])]
    torch.manual_seed(0)
    assert not torch.equal(function(x), function.eval()(x))
    if name != "rrelu":
        torch.testing.assert_close(function(x), x)
    always = TensorFunction(f"F.{name}", training=True).eval()
    assert not torch.equal(always(x), function(x))


def test_attention_drops_in_training_only():
    attention, x = TensorFunction("F.scaled_dot_product_attention", dropout_p=0.9), torch.randn(2, 5, 8)
    expected = F.scaled_dot_product_attention(x, x, x)
    torch.manual_seed(0)
    assert not torch.allclose(attention(x, x, x), expected)
    torch.testing.assert_close(attention.eval()(x, x, x), expected)


def test_batch_norm_without_statistics():
    x = torch.randn(8, 3)
    found = TensorFunction("F.batch_norm", training=True)(x)
    torch.testing.assert_close(found, (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt())
    mean, var = torch.ones(3), torch.full((3,), 4.0)
    found = TensorFunction("F.batch_norm")(x, mean, var)
    torch.testing.assert_close(found, (x - 1) / 2, rtol=1e-4, atol=1e-5)
    found = TensorFunction("F.batch_norm")(x, running_mean=mean, running_var=var)
    torch.testing.assert_close(found, (x - 1) / 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("torch.meshgrid", [(2,), (3,)]),
        ("torch.broadcast_tensors", [(2, 1), (1, 3)]),
        ("torch.block_diag", [(2, 2), (1, 3)]),
        ("torch.cartesian_prod", [(2,), (3,)]),
    ],
)
def test_functions_of_many_tensors_take_a_list(name, shapes):
    tensors = [torch.randn(shape) for shape in shapes]
    arguments = {"indexing": "ij"} if name == "torch.meshgrid" else {}
    expected = getattr(torch, name.removeprefix("torch."))(*tensors, **arguments)
    torch.testing.assert_close(TensorFunction(name, **arguments)(tensors), expected)


# what must not be in the table

FORBIDDEN = (
    "load save from_file from_numpy frombuffer from_dlpack to_dlpack compile jit set_ set_default_dtype manual_seed"
    " item numpy tolist data_ptr storage untyped_storage storage_offset share_memory_ pin_memory apply_ map_"
    " register_hook requires_grad_ retain_grad backward resize_ resize_as_ random_ normal_ uniform_ zero_ fill_"
    " copy_ relu_ add_ put_ index_put_ empty empty_like rand randn zeros ones full arange tensor as_tensor asarray"
    " set_printoptions quantize_per_tensor quantize_per_channel fake_quantize_per_tensor_affine dequantize"
    " choose_qparams_optimized fbgemm_linear_fp16_weight fused_moving_avg_obs_fake_quant autocast_increment_nesting"
    " get_device is_tensor numel handle_torch_function has_torch_function boolean_dispatch unsafe_chunk unsafe_split"
    " _assert_async library ops import_ir_module hub cuda cudnn_batch_norm miopen_convolution mkldnn_convolution"
    " native_batch_norm native_dropout batch_norm_stats view_copy detach_ as_strided_ _make_dual _is_zerotensor cpu"
    " to type __class__ __reduce_ex__"
).split()


@pytest.mark.parametrize("space", ["torch", "torch.Tensor", "torch.nn.functional", "torch.linalg"])
def test_what_must_not_be_named_is_absent(space):
    assert [short for short in FORBIDDEN if f"{space}.{short}" in functions()] == []


def test_no_function_is_private_or_works_in_place():
    shorts = {name: name.rsplit(".", 1)[-1] for name in ALL}
    assert [name for name, short in shorts.items() if short.startswith("_") or short.endswith("_")] == []


def test_no_function_writes_into_its_input():
    """By the schemas of torch's own operators."""
    written = {name: names for name in ALL if (names := written_by(name))}
    statistics = {"running_mean", "running_var"}  # a spec feeds them to have them updated
    assert {name for name, names in written.items() if not names <= statistics} == set()


def written_by(name):
    space, short = name.rsplit(".", 1)
    prefix = {"torch.linalg": "linalg_", "torch.fft": "fft_", "torch.special": "special_"}.get(space, "")
    operator = getattr(torch.ops.aten, prefix + short, None)
    schemas = [getattr(operator, key)._schema for key in operator.overloads()] if operator is not None else []
    return {
        argument.name
        for schema in schemas
        for argument in schema.arguments
        if not argument.is_out
        and argument.alias_info is not None
        and argument.alias_info.is_write
        and not str(argument.type).startswith("List")  # of TorchScript, no function of Python
    }


def test_reader_of_schemas_sees_writing():
    assert written_by("torch.add_") == {"self"}
    assert written_by("torch.nn.functional.batch_norm") <= {"running_mean", "running_var"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_example_is_not_changed_by_the_call(name):
    example = Documented(name)
    fed = example.feed()
    before = {key: x.clone() for key, x in fed.items()}
    example.build()(fed)
    torch.testing.assert_close(fed, before, rtol=0, atol=0)


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "torch.load", "torch.Tensor.item", "numpy.array", "eval"]
)
def test_names_outside_the_table_are_no_types(name):
    with pytest.raises(SpecError) as error:
        torcharc.build({"dag_in_shape": [4], "node": {"type": name}})
    assert [(p.path, p.found, p.code) for p in error.value.problems] == [(("node", "type"), repr(name), "unknown-type")]
    with pytest.raises(KeyError):
        TensorFunction(name)


def test_a_name_in_a_spec_imports_nothing():
    code = (
        "import sys, torcharc\n"
        "torcharc.build({'type': 'ReLU'})\n"  # what torch and the formats import themselves
        "before = set(sys.modules)\n"
        "for name in ('antigravity.x', 'this.s', 'torch.utils.tensorboard.SummaryWriter', 'xml.dom.minidom'):\n"
        "    try:\n"
        "        torcharc.build({'dag_in_shape': [4], 'node': {'type': name}})\n"
        "    except torcharc.SpecError:\n"
        "        pass\n"
        "    else:\n"
        "        raise SystemExit(name)\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "assert not new & {'antigravity', 'this', 'tensorboard', 'xml'}, new\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)


def test_table_is_the_same_in_every_process():
    assert list(functions()) == list(dict.fromkeys(functions()))
    methods = [name for name in functions() if name.startswith("torch.Tensor.")]
    assert methods == sorted(methods)


def test_function_has_no_parameters_and_no_state():
    function = TensorFunction("torch.mean", dim=1)
    assert isinstance(function, nn.Module)
    assert list(function.state_dict()) == []
