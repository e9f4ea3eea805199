"""The relative bias of T5 against the buckets of the paper, one distance at a time."""

import math

import pytest
import torch

from torcharc.errors import ArgumentError
from torcharc.module.position_bias import RelativePositionBias


def bucket(distance, causal, buckets=32, reach=128):
    """The bucket of one distance of a key from a query; of an exact power the logarithm is taken as it is."""
    offset = 0
    if not causal:
        buckets //= 2
        offset = buckets if distance > 0 else 0
    size = -distance if causal else abs(distance)
    exact = buckets // 2
    if size < exact:
        return offset + size
    far = exact + math.floor(math.log(size / exact) / math.log(reach / exact) * (buckets - exact) + 1e-7)
    return offset + min(far, buckets - 1)


@pytest.mark.parametrize("causal", [False, True])
def test_each_distance_gets_the_row_of_its_bucket(causal):
    bias, query, key = RelativePositionBias(3, causal=causal), torch.zeros(2, 200, 4), torch.zeros(2, 150, 4)
    found = bias(query, key)
    assert found.shape == (1, 3, 200, 150)
    for row in range(0, 200, 7):
        for column in range(150):
            distance = column - row
            if causal and distance > 0:
                assert torch.equal(found[0, :, row, column], torch.full((3,), -math.inf))
            else:
                assert torch.equal(found[0, :, row, column], bias.weight[bucket(distance, causal)])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"buckets": 3}, "buckets\n  found: 3\n  expected: at least 4"),
        ({"buckets": 1, "causal": True}, "buckets\n  found: 1\n  expected: at least 2"),
        ({"max_distance": 8}, "max_distance\n  found: 8\n  expected: more than 8"),
    ],
)
def test_faulty_arguments_are_refused(arguments, text):
    with pytest.raises(ArgumentError) as error:
        RelativePositionBias(2, **arguments)
    assert str(error.value) == f"1 problem in the arguments\n{text}"
