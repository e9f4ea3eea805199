import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from torcharc.errors import InputError
from torcharc.weighted_criterion import Term, WeightedCriterion


def make_criterion():
    return WeightedCriterion(
        [
            (
                Term("class", 2.0, (("outputs", "class"), ("targets", "label"))),
                nn.CrossEntropyLoss(torch.tensor([1.0, 3])),
            ),
            (Term("size", 0.5, (("outputs", "size"), ("targets", "size"))), nn.MSELoss()),
        ]
    )


def make_tensors():
    torch.manual_seed(0)
    outputs = {"class": torch.randn(4, 2), "size": torch.randn(4, 1), "unused": torch.zeros(1)}
    return outputs, {"label": torch.tensor([0, 1, 1, 0]), "size": torch.randn(4, 1)}


def message(outputs, targets):
    with pytest.raises(InputError) as error:
        make_criterion()(outputs, targets)
    return str(error.value)


def test_sum_follows_its_formula():
    outputs, targets = make_tensors()
    logits, label = outputs["class"].double().numpy(), targets["label"].numpy()
    picked = (logits - np.log(np.exp(logits).sum(1, keepdims=True)))[np.arange(4), label]
    weights = np.array([1.0, 3.0])[label]
    entropy = -(weights * picked).sum() / weights.sum()
    square = ((outputs["size"] - targets["size"]).double().numpy() ** 2).mean()
    assert make_criterion()(outputs, targets).item() == pytest.approx(2 * entropy + 0.5 * square, rel=1e-5)
    terms = make_criterion().terms(outputs, targets)
    assert list(terms) == ["class", "size"]
    assert [value.item() for value in terms.values()] == pytest.approx([entropy, square], rel=1e-5)


def test_tensor_stands_for_the_one_name():
    outputs, targets = make_tensors()
    term = Term("size", 2.0, (("outputs", "size"), ("targets", "size")))
    criterion = WeightedCriterion([(term, nn.MSELoss()), (Term("other", 1.0, term.inputs), nn.L1Loss())])
    expected = criterion(outputs, targets)
    for one in (outputs, outputs["size"]):
        for other in (targets, targets["size"]):
            assert torch.equal(criterion(one, other), expected)


def test_sum_is_a_scalar_that_gradients_flow_through():
    outputs, targets = make_tensors()
    outputs["class"].requires_grad_()
    loss = make_criterion()(outputs, targets)
    loss.backward()
    assert loss.shape == ()
    assert outputs["class"].grad.abs().sum() > 0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda criterion: pickle.loads(pickle.dumps(criterion))])
def test_copy_gives_the_same_sum(duplicate):
    criterion, tensors = make_criterion(), make_tensors()
    assert torch.equal(duplicate(criterion)(*tensors), criterion(*tensors))


def test_device_moves_the_class_weights():
    criterion = make_criterion().to("meta")
    assert criterion.losses[0].weight.is_meta


def test_missing_names_come_at_once():
    assert message({"clas": torch.zeros(1), "size": torch.zeros(1)}, {}) == (
        "3 problems in the inputs\n"
        "inputs.outputs\n"
        "  found: 'clas', 'size'\n"
        "  expected: the name 'class', which the term 'class' takes\n"
        "  hint: did you mean 'clas'?\n"
        "inputs.targets\n"
        "  found: nothing\n"
        "  expected: the name 'label', which the term 'class' takes\n"
        "inputs.targets\n"
        "  found: nothing\n"
        "  expected: the name 'size', which the term 'size' takes"
    )


def test_tensor_in_place_of_a_mapping_is_named():
    _, targets = make_tensors()
    assert message(torch.zeros(4, 2), targets) == (
        "1 problem in the inputs\ninputs.outputs\n  found: a Tensor\n  expected: a mapping from names to tensors"
    )


def test_shapes_that_broadcast_are_an_error():
    outputs, targets = make_tensors()
    assert message(outputs, {**targets, "size": torch.zeros(4)}) == (
        "1 problem in the inputs\n"
        "inputs.outputs.size\n"
        "  found: shape (4, 1)\n"
        "  expected: the shape of targets.size, (4,): MSELoss compares element with element"
    )
