"""A run on meta: what it finds, and that it leaves everything as it was."""

import contextlib
import random
import warnings

import numpy
import pytest
import torch
from einops.layers.torch import Rearrange
from installed import said
from torch import nn

import torcharc
from torcharc.graph import BatchDim, N, TensorSpec
from torcharc.meta import BATCHES, FREE_SIZES, count_parameters, make_on_meta, run_on_meta, untouched
from torcharc.rules import Outcome


def spec(*dims, dtype="float32"):
    return TensorSpec((N, *dims), dtype)


class Apply(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *tensors):
        return self.function(*tensors)


def output_of(function, *inputs):
    return run_on_meta(lambda: Apply(function), inputs, {}).output


def output_shape(function, *inputs):
    return output_of(function, *inputs).shape


LARGE_KERNELS = [
    (nn.Conv1d, {"kernel_size": 9}),
    (nn.Conv2d, {"kernel_size": 3, "dilation": (1, 4), "stride": 2}),
    (nn.Conv3d, {"kernel_size": (2, 11, 2), "padding": (0, 1, 0)}),
]


@pytest.mark.parametrize(("conv", "options"), LARGE_KERNELS)
def test_kernel_larger_than_its_input_is_refused_as_for_real(conv, options):
    sizes = [8] * (LARGE_KERNELS.index((conv, options)) + 1)
    with pytest.raises(RuntimeError) as error:
        run_on_meta(lambda: conv(3, 4, **options), [spec(3, *sizes)], {})
    assert str(error.value) == said(lambda: conv(3, 4, **options)(torch.zeros(2, 3, *sizes)))


def test_kernel_as_large_as_its_input_is_taken():
    found = run_on_meta(lambda: nn.Conv2d(3, 4, 5, dilation=2, padding=1), [spec(3, 7, 7)], {})
    assert found.output == spec(4, 1, 1)


# nothing is touched


class Restless(nn.Module):
    """Draws from every source of random numbers, changes the default dtype, and warns."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3))
        random.random()
        numpy.random.rand()
        torch.set_default_dtype(torch.float16)
        warnings.warn("made", stacklevel=1)

    def forward(self, x):
        random.random()
        numpy.random.rand()
        torch.set_default_dtype(torch.float64)
        warnings.warn("run", stacklevel=1)
        return x + self.weight + torch.rand(3, device=x.device, dtype=x.dtype)


class RestlessOnCpu(Restless):
    """As its base; and its constructor and forward read values, so that both run for real."""

    def __init__(self):
        super().__init__()
        self.scale = self.weight.sum().item()

    def forward(self, x):
        return super().forward(x) * x.sum().item()


class Failing(Restless):
    """Fails in forward."""

    def forward(self, x):
        super().forward(x)
        raise ArithmeticError("no")


def random_states():
    kind, keys, *rest = numpy.random.get_state()
    return random.getstate(), torch.get_rng_state().tolist(), (kind, keys.tolist(), *rest)


@pytest.mark.parametrize("cls", [Restless, RestlessOnCpu, Failing])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_run_leaves_random_state_dtype_and_warnings(cls, dtype):
    before = random_states()
    torch.set_default_dtype(dtype)
    try:
        if cls is Failing:
            with pytest.raises(ArithmeticError):
                run_on_meta(cls, [spec(3)], {})
        else:
            assert run_on_meta(cls, [spec(3)], {}) == Outcome(spec(3), 3, 0)
        assert torch.get_default_dtype() == dtype
    finally:
        torch.set_default_dtype(torch.float32)
    assert random_states() == before


def test_inspect_draws_no_random_numbers():
    before = random_states()
    torcharc.inspect(
        {"dag_in_shape": [7, 12], "a": {"type": "LSTM", "hidden_size": 5, "batch_first": True, "dropout": 0}}
    )
    assert random_states() == before


def test_untouched_restores_after_an_error():
    before = random_states()
    with contextlib.suppress(KeyError), untouched():
        torch.rand(3)
        raise KeyError
    assert random_states() == before
    with untouched():
        torch.rand(3)
        inside = random_states()
    assert inside != before
    assert random_states() == before


def test_statistics_of_a_built_network_stay():
    arc = {"dag_in_shape": [3, 8, 8], "conv": {"type": "Conv2d", "layers": [[4, 3]], "batch_norm": True}}
    net = torcharc.build(arc)
    norm = net.module_dict.conv[1]
    torcharc.inspect(arc)
    torcharc.build(arc)
    assert norm.num_batches_tracked == 0
    assert torch.equal(norm.running_mean, torch.zeros(4))
    assert torch.equal(norm.running_var, torch.ones(4))


def test_no_memory_is_taken():
    size = 10**6
    made = make_on_meta(lambda: nn.Linear(size, size))
    assert made.weight.is_meta
    found = run_on_meta(lambda: nn.Linear(size, size), [spec(size)], {})
    assert found == Outcome(spec(size), size**2 + size, size**2)  # 4 TB, were it real
    arc = {
        "dag_in_shape": {"a": [size], "b": [size]},
        "fc": {"type": "Bilinear", "out_features": 1, "in_names": ["a", "b"]},
    }
    assert torcharc.inspect(arc).params == 10**12 + 1


def test_dtypes_are_those_of_float32_weights():
    torch.set_default_dtype(torch.float64)
    try:
        assert run_on_meta(lambda: nn.Linear(3, 2), [spec(3)], {}).output == spec(2)
    finally:
        torch.set_default_dtype(torch.float32)


def test_module_runs_in_eval_mode():
    class Mode(nn.Module):
        def forward(self, x):
            return x[:, 0] if self.training else x

    assert run_on_meta(Mode, [spec(3)], {}).output == spec(3)


# the batch axis


def test_batch_sizes_are_told_apart_from_others():
    assert output_shape(lambda x: x, spec(89)) == (N, 89)
    assert output_shape(lambda x: x.transpose(0, 1), spec(97)) == (97, N)
    assert {*BATCHES}.isdisjoint(FREE_SIZES)


def test_folded_batch_is_a_multiple():
    fold = run_on_meta(lambda: Rearrange("b t c -> (b t) c"), [spec(5, 8)], {})
    assert fold.output == TensorSpec((BatchDim(5), 8))
    assert str(fold.output.shape[0]) == "5N"
    unfold = run_on_meta(lambda: Rearrange("(b t) c -> b t c", t=5), [fold.output], {})
    assert unfold.output == spec(5, 8)


def test_linear_functions_of_the_batch_are_found():
    assert output_shape(lambda x: torch.cat([x, x, x]), spec(4)) == (BatchDim(3), 4)
    assert output_shape(lambda x: x[1:], spec(4)) == (BatchDim(1, -1), 4)
    assert output_shape(lambda x: torch.cat([x, x[:2]]), spec(4)) == (BatchDim(1, 2), 4)
    assert str(BatchDim(2, -1)) == "2N-1"
    assert str(BatchDim(1, 3)) == "N+3"


def test_lost_batch_is_a_fixed_size():
    assert output_shape(lambda x: x.sum(0), spec(4)) == (4,)
    assert output_shape(lambda x: x.sum(), spec(4)) == ()
    assert output_shape(lambda x: x[:3], spec(4)) == (3, 4)


def test_other_functions_of_the_batch_have_no_size():
    assert output_shape(lambda x: (x @ x.T).flatten(), spec(4)) == (None,)
    assert output_shape(lambda x: x[: x.shape[0] // 2], spec(4)) == (None, 4)
    assert output_shape(lambda x: x.new_zeros(x.shape[0] * (x.shape[0] - 1) // 2), spec(4)) == (None,)
    assert output_shape(lambda x: x.new_zeros(x.shape[0] ** 3), spec(4)) == (None,)


def test_structures_keep_their_form():
    found = output_of(lambda x: {"a": x, "b": (x.sum(1), [x.long(), None])}, spec(4))
    assert found == {"a": spec(4), "b": (spec(), (spec(4, dtype="int64"), None))}


def test_lists_and_dicts_are_fed():
    found = run_on_meta(
        lambda: Apply(lambda xs, d: torch.cat([*xs, d["z"]], 1)), [(spec(1), spec(2)), {"z": spec(3)}], {}
    )
    assert found.output == spec(6)


def test_named_arguments_and_numbers_are_fed():
    class Scale(nn.Module):
        def forward(self, x, factor, *, shift):
            assert factor == 2
            return x[:, :factor] + shift

    assert run_on_meta(Scale, [spec(5), 2], {"shift": spec(2)}).output == spec(2)


# axes of any size


def test_free_axes_stay_free():
    assert output_shape(lambda x: x, spec(None, 3)) == (N, None, 3)
    assert output_shape(lambda x: x.transpose(1, 2), spec(None, 3)) == (N, 3, None)
    assert output_shape(lambda x: x.mean(1), spec(None, 3)) == (N, 3)
    assert output_shape(lambda x: x.flatten(1), spec(None, 3)) == (N, None)


def test_free_axis_leaves_a_folded_batch_without_a_size():
    assert output_shape(lambda x: x.flatten(0, 1), spec(None, 3)) == (None, 3)


# multiply-accumulates


def test_macs_are_those_of_one_sample():
    linear = run_on_meta(lambda: nn.Linear(8, 3), [spec(5, 8)], {})
    assert linear.macs == 5 * 8 * 3
    assert run_on_meta(lambda: nn.Conv2d(3, 4, 3), [spec(3, 10, 10)], {}).macs == 4 * 3 * 9 * 64
    attention = output_of, run_on_meta(lambda: Apply(lambda x: x @ x.mT), [spec(5, 8)], {}).macs
    assert attention[1] == 5 * 5 * 8


def test_macs_that_grow_with_the_square_of_the_batch_are_not_known():
    assert run_on_meta(lambda: Apply(lambda x: x @ x.T), [spec(8)], {}).macs is None


def test_macs_that_depend_on_a_free_axis_are_not_known():
    assert run_on_meta(lambda: nn.Linear(8, 3), [spec(None, 8)], {}).macs is None
    assert run_on_meta(lambda: Apply(lambda x: x.mean(1) @ x.new_zeros(8, 3)), [spec(None, 8)], {}).macs == 24


def test_macs_without_a_batch_count_once():
    weight = nn.Parameter(torch.zeros(4, 4, device="meta"))
    found = run_on_meta(lambda: Apply(lambda x: x @ (weight @ weight)), [spec(4)], {})
    assert found.macs == 4 * 4 + 4 * 4 * 4


# modules that cannot be made or run on meta


class ReadsInConstructor(nn.Module):
    """Stochastic depth and the like: rates are read off a tensor."""

    def __init__(self):
        super().__init__()
        self.rates = [rate.item() for rate in torch.linspace(0, 0.1, 3)]
        self.fc = nn.Linear(4, len(self.rates))

    def forward(self, x):
        return self.fc(x)


def test_constructor_may_read_values():
    made = make_on_meta(ReadsInConstructor)
    assert made.rates == pytest.approx([0, 0.05, 0.1])
    assert made.fc.weight.is_meta
    assert run_on_meta(ReadsInConstructor, [spec(4)], {}) == Outcome(spec(3), 15, 12)


class FromNumpy(nn.Module):
    """Has a buffer that `torch.device` does not move."""

    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.from_numpy(numpy.ones((4, 2), dtype=numpy.float32)))

    def forward(self, x):
        return x @ self.table


def test_buffers_may_come_from_numpy():
    assert run_on_meta(FromNumpy, [spec(4)], {}).output == spec(2)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x.sum().item(),
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x + torch.from_numpy(x.numpy()),
        lambda x: x + x.new_tensor(x.tolist()),
        lambda x: x + len(x.nonzero()),
        lambda x: x + len(torch.unique(x)),
        lambda x: x + int(x.max()),
    ],
)
def test_forward_may_read_values(function):
    assert run_on_meta(lambda: Apply(function), [spec(4)], {}).output == spec(4)


def test_batch_is_found_in_a_real_run_too():
    found = run_on_meta(lambda: Apply(lambda x: x.flatten(0, 1) * x.max().item()), [spec(4, 3)], {})
    assert found.output == TensorSpec((BatchDim(4), 3))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.Linear(3, 2), RuntimeError, "same reduction dim"),
        (lambda: nn.Conv2d(3, 4, 1, groups=2), ValueError, "divisible by groups"),
        (lambda: Apply(lambda x: 1 / 0), ZeroDivisionError, "division by zero"),
    ],
)
def test_errors_of_the_module_are_its_own(make, error, text):
    with pytest.raises(error, match=text):
        run_on_meta(make, [spec(4)], {})


# parameters


def test_shared_parameters_count_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.left = nn.Linear(4, 4)
            self.right = nn.Linear(4, 4)
            self.right.weight = self.left.weight

    assert count_parameters(Tied()) == 16 + 4 + 4


def test_lazy_parameters_are_left_out_until_they_are_known():
    assert count_parameters(nn.LazyLinear(3)) == 0
    assert run_on_meta(lambda: nn.LazyLinear(3), [spec(4)], {}).params == 15
