import pytest
import torch
from torch import nn

import torcharc
from torcharc.errors import InputError
from torcharc.module.sequence_loss import SequenceCrossEntropyLoss


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(3, 5), (4,), (2, 3, 4)])
def test_loss_is_cross_entropy_with_the_classes_on_axis_1(reduction, shape):
    scores, target = torch.randn(*shape, 6), torch.randint(0, 6, shape)
    target[0] = -100
    options = {"reduction": reduction, "weight": torch.rand(6), "label_smoothing": 0.1}
    expected = nn.CrossEntropyLoss(**options)(scores.movedim(-1, 1), target)
    torch.testing.assert_close(SequenceCrossEntropyLoss(**options)(scores, target), expected)


def test_targets_may_be_probabilities():
    scores, target = torch.randn(3, 5, 6), torch.rand(3, 5, 6).softmax(-1)
    expected = -(target * scores.log_softmax(-1)).sum(-1).mean()
    torch.testing.assert_close(SequenceCrossEntropyLoss()(scores, target), expected)


def test_loss_stands_in_a_sum():
    spec = [{"type": "SequenceCrossEntropyLoss", "inputs": {"input": "tags"}, "params": {"weight": [1, 2]}}]
    outputs, target = {"tags": torch.randn(3, 5, 2)}, torch.randint(0, 2, (3, 5))
    expected = nn.functional.cross_entropy(outputs["tags"].flatten(0, 1), target.flatten(), torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(torcharc.build_criterion(spec)(outputs, {"tags": target}), expected)


def test_targets_of_another_shape_are_refused():
    with pytest.raises(InputError) as error:
        SequenceCrossEntropyLoss()(torch.zeros(3, 5, 2), torch.zeros(3, 4, dtype=torch.int64))
    assert str(error.value) == (
        "1 problem in the inputs\ninputs.target\n  found: shape (3, 4)\n  expected: a class for each step, shape (3, 5)"
    )
