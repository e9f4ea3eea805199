"""The models for text: their counts, and laws that hold for all of them."""

import collections

import pytest
import torch
from text_cases import cnn_lstm, count, hierarchical, ids, multi_task, residual_cnn, transformer, transformer_cnn
from torch.utils._python_dispatch import TorchDispatchMode

from torcharc.errors import InputError
from torcharc.zoo.text import (
    CNNLSTMHybrid,
    CustomTransformer,
    DeepResidualCNN,
    HierarchicalAttentionNetwork,
    MultiTaskModel,
    TransformerCNN,
)

# counts


def test_counts_are_the_published_ones():
    assert count(CustomTransformer(1000, 256)) == 9_451_904
    assert count(CustomTransformer(30000, use_relative_pos=False)) == 36_835_328
    hybrid = {"hidden_dims": [128, 256, 512], "kernel_sizes": [3, 4, 5], "lstm_hidden_size": 256}
    assert count(CNNLSTMHybrid(15000, 300, **hybrid, num_classes=3)) == 7_113_379
    assert count(CNNLSTMHybrid(15000, 300, **hybrid, num_classes=3, mode="pooled")) == 7_899_811
    assert count(CNNLSTMHybrid(30000, 300, **hybrid, num_classes=10, mode="pooled")) == 12_401_610
    assert count(TransformerCNN(20000, 256, 4, 8, 1024, [128, 256, 512], [3, 4, 5], 10)) == 10_695_818
    tasks = {"sentiment": {"num_classes": 3}, "topic": {"num_classes": 5}}
    tasks |= {name: {"num_classes": 1, "type": "regression"} for name in ("readability", "quality")}
    assert count(MultiTaskModel(12000, 384, 3, 6, 1536, tasks)) == 12_174_730
    assert count(HierarchicalAttentionNetwork(8000, 200, 128, 4)) == 2_315_396
    assert count(HierarchicalAttentionNetwork(8000, 200, 128, 4, attention="linear")) == 2_183_814
    assert count(DeepResidualCNN(300, [64, 128, 256, 512], 6)) == 6_993_606


# inputs of all


@pytest.mark.parametrize("make", [transformer, cnn_lstm, transformer_cnn, multi_task])
@pytest.mark.parametrize("word", [-1, 30])
def test_id_outside_the_vocabulary_is_refused(make, word):
    x = ids(2, 5)
    x[1, 3] = word
    with pytest.raises(InputError) as error:
        make()(x)
    assert str(error.value) == (
        f"1 problem in the inputs\ninputs.x\n  found: the id {word}\n  expected: from 0 to 29, as vocab_size=30"
    )


def test_ids_are_integers():
    for make, x in ((cnn_lstm, torch.zeros(2, 5)), (hierarchical, torch.zeros(2, 5, 3))):
        with pytest.raises(InputError) as error:
            make()(x)
        assert str(error.value) == (
            "1 problem in the inputs\ninputs.x\n  found: a tensor of float32\n  expected: ids of tokens, integers"
        )


def test_input_of_another_rank_is_refused():
    cases = {
        transformer: "ids (N, L), or vectors (N, L, D)",
        cnn_lstm: "ids (N, L)",
        hierarchical: "ids (N, S, W)",
        residual_cnn: "(N, L, C)",
    }
    for make, words in cases.items():
        with pytest.raises(InputError) as error:
            make()(torch.zeros(5, dtype=torch.int64))
        assert str(error.value) == f"1 problem in the inputs\ninputs.x\n  found: shape (5,)\n  expected: {words}"


def test_gradients_reach_every_parameter():
    inputs = {
        transformer: ids(3, 40),
        cnn_lstm: ids(3, 8),
        transformer_cnn: ids(3, 40),
        hierarchical: ids(3, 4, 5),
        residual_cnn: torch.randn(3, 9, 5),
    }
    torch.manual_seed(0)
    for make, x in inputs.items():
        model = make()
        y = model(x)
        (y * torch.randn_like(y)).sum().backward()
        still = [name for name, p in model.named_parameters() if not p.grad.abs().sum() > 0]
        assert [name for name in still if not name.endswith("key.bias")] == []  # a softmax does not feel that


class Operations(TorchDispatchMode):
    """Counts the operations of a call by name."""

    def __init__(self):
        super().__init__()
        self.counts = collections.Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.counts[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("make", [transformer, transformer_cnn, multi_task])
def test_values_are_looked_at_once(make):
    with Operations() as operations:
        make(n_layers=4).eval()(ids(3, 6), mask=torch.ones(3, 6, 6), keep=torch.ones(3, 6))
    assert operations.counts["lt"] == 1  # is a number of the mask below 0?
    assert operations.counts["aminmax"] == 1  # are the ids those of the vocabulary?
