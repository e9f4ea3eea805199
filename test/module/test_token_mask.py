import itertools

import pytest
import torch

from torcharc.errors import InputError
from torcharc.module.token_mask import (
    LengthMask,
    Sizes,
    join_masks,
    mark_causal,
    mark_steps,
    read_keep,
    read_lengths,
    read_mask,
)

SIZES = Sizes(2, 3, 4, 5)


def told(function, *arguments):
    with pytest.raises(InputError) as error:
        function(*arguments)
    return str(error.value).removeprefix("1 problem in the inputs\n")


@pytest.mark.parametrize("shape", [(2, 4, 5), (1, 4, 5), (2, 3, 4, 5), (1, 1, 4, 5), (1, 3, 4, 5), (2, 1, 4, 5)])
@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float32, torch.float16, torch.uint8])
def test_nonzero_is_seen_in_any_dtype(shape, dtype):
    seen = torch.rand(shape) > 0.5
    found = read_mask((seen * 3).to(dtype), SIZES)
    assert found.dtype is torch.bool
    assert torch.equal(found, seen if len(shape) == 4 else seen[:, None])


def test_no_mask_is_none():
    assert read_mask(None, SIZES) is None
    assert read_keep(None, (2, 4)) is None
    assert join_masks(None, None) is None


@pytest.mark.parametrize("shape", [(5,), (4, 4, 5), (2, 5, 4), (2, 2, 4, 5), (3, 3, 4, 5), (1, 2, 3, 4, 5)])
def test_mask_of_another_shape_is_refused(shape):
    assert told(read_mask, torch.ones(shape), SIZES) == (
        f"inputs.mask\n  found: shape {shape}\n  expected: (N, L, S) or (N, h, L, S), here (2, 4, 5) or (2, 3, 4, 5)"
    )


def test_mask_of_two_axes_is_told_of_keep():
    assert told(read_mask, torch.ones(2, 4), SIZES) == (
        "inputs.mask\n  found: shape (2, 4)\n"
        "  expected: (N, L, S) or (N, h, L, S), here (2, 4, 5) or (2, 3, 4, 5)\n"
        "  hint: keep takes which tokens are real, (N, L); a mask for all samples is mask[None]"
    )


def test_mask_that_is_to_be_added_is_refused():
    mask = torch.zeros(2, 4, 5)
    mask[0, 1, 2] = -torch.inf
    assert told(read_mask, mask, SIZES) == (
        "inputs.mask\n  found: the number -inf\n"
        "  expected: 1 where a query may attend to a key, 0 where not\n"
        "  hint: a mask that is to be added to the scores: pass mask == 0"
    )


def test_mask_that_is_no_tensor_is_refused():
    assert told(read_mask, [[1]], SIZES) == "inputs.mask\n  found: a value of type list\n  expected: a tensor"
    assert told(read_keep, [[1]], (1, 1)) == "inputs.keep\n  found: a value of type list\n  expected: a tensor"


def test_values_are_not_looked_at_on_meta():
    assert read_mask(torch.ones(2, 4, 5, device="meta"), SIZES).is_meta
    assert read_lengths(torch.ones(2, dtype=torch.int64, device="meta"), 2, 4, torch.device("meta")).is_meta


@pytest.mark.parametrize("shape", [(2,), (4, 2), (2, 3), (2, 4, 1)])
def test_keep_of_another_shape_is_refused(shape):
    assert told(read_keep, torch.ones(shape), (2, 4)) == (
        f"inputs.keep\n  found: shape {shape}\n  expected: one number for each token, shape (2, 4)"
    )


def test_joined_mask_is_both():
    mask, keep = torch.rand(2, 3, 4, 5) > 0.5, torch.rand(2, 5) > 0.5
    joined = join_masks(mask, keep)
    for b, h, i, j in itertools.product(range(2), range(3), range(4), range(5)):
        assert joined[b, h, i, j] == (mask[b, h, i, j] and keep[b, j])


@pytest.mark.parametrize(
    "lengths",
    [[3, 1], (3, 1), torch.tensor([3, 1]), torch.tensor([3, 1], dtype=torch.int32), torch.tensor([3, 1]).byte()],
)
def test_lengths_are_read(lengths):
    found = read_lengths(lengths, 2, 4)
    assert (found.tolist(), found.dtype) == ([3, 1], torch.int64)
    assert mark_steps(found, 4).int().tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([3, 5], "lengths[1]\n  found: 5\n  expected: from 1 to L=4, the steps of the batch"),
        ([0, 4], "lengths[0]\n  found: 0\n  expected: from 1 to L=4, the steps of the batch"),
        ([1, 2, 3], "lengths\n  found: shape (3,)\n  expected: one for each sample, shape (2,)"),
        (torch.ones(2, 1).long(), "lengths\n  found: shape (2, 1)\n  expected: one for each sample, shape (2,)"),
        ([1.0, 2], "lengths\n  found: 1.0\n  expected: integers"),
        ([True, 2], "lengths\n  found: True\n  expected: integers"),
        (torch.ones(2), "lengths\n  found: a tensor of float32\n  expected: integers"),
        (torch.ones(2) > 0, "lengths\n  found: a tensor of bool\n  expected: integers"),
        (3, "lengths\n  found: a value of type int\n  expected: a list or a tensor of integers"),
    ],
)  # fmt: skip
def test_wrong_lengths_are_refused(lengths, message):
    assert told(read_lengths, lengths, 2, 4) == f"inputs.{message}"


def test_last_query_sees_all_keys():
    assert mark_causal(2, 4).int().tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert torch.equal(mark_causal(5, 5), torch.ones(5, 5).tril().bool())


def test_length_mask_marks_real_steps():
    assert LengthMask()(torch.zeros(2, 3, 1), [2, 3]).tolist() == [[True, True, False], [True, True, True]]
