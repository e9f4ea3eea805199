"""The text models as spec files: the same networks as the classes."""

import pytest
import torch
from text_cases import count

import torcharc
from torcharc.errors import SpecError
from torcharc.zoo.text import (
    CNNLSTMHybrid,
    CustomTransformer,
    DeepResidualCNN,
    HierarchicalAttentionNetwork,
    MultiTaskModel,
    TransformerCNN,
)

TASKS = {
    "sentiment": {"num_classes": 3},
    "topic": {"num_classes": 5},
    "readability": {"type": "regression"},
    "quality": {"type": "regression"},
}
ENCODER = {"vocab_size": 50, "d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 24}
STAGES = {"cnn_hidden_dims": [8, 9], "cnn_kernel_sizes": [2, [3, 4]]}
HYBRID = {"vocab_size": 50, "embed_dim": 8, "hidden_dims": [8, 9], "kernel_sizes": [2, [3, 4]], "lstm_hidden_size": 5}

SHORT = {"encoder_options": {"max_len": 6}}

COUNTS = {
    "custom_transformer": 36_885_248,
    "cnn_lstm_hybrid": 7_113_379,
    "transformer_cnn": 10_695_818,
    "multi_task": 12_174_730,
    "hierarchical_attention": 2_315_396,
    "deep_residual_cnn": 6_993_606,
}


def ids(*shape):
    return torch.randint(0, 50, shape)


# file → a small network of it, the class's, and inputs; the classes are called with the same tensors in order
CASES = {
    "custom_transformer": (
        ENCODER,
        lambda: CustomTransformer(**ENCODER),
        lambda: {"x": ids(3, 7), "mask": (torch.rand(3, 7, 7) > 0.3).float()},
    ),
    "cnn_lstm_hybrid": (
        {**HYBRID, "num_classes": 4},
        lambda: CNNLSTMHybrid(**HYBRID, num_classes=4),
        lambda: {"x": ids(3, 7), "lengths": torch.tensor([7, 2, 5])},
    ),
    "transformer_cnn": (
        {**ENCODER, **STAGES},
        lambda: TransformerCNN(**ENCODER, **STAGES, num_classes=10),
        lambda: {"x": ids(3, 7), "mask": torch.ones(3, 7, 7) * (torch.arange(7) < 5)},
    ),
    "multi_task": (
        ENCODER,
        lambda: MultiTaskModel(**ENCODER, task_configs=TASKS),
        lambda: {"x": ids(3, 7), "keep": torch.arange(7) < torch.tensor([[7], [2], [5]])},
    ),
    "hierarchical_attention": (
        {"vocab_size": 50, "embed_dim": 8, "hidden_size": 6},
        lambda: HierarchicalAttentionNetwork(50, 8, 6, num_classes=4),
        lambda: {"x": ids(3, 4, 7), "keep": torch.rand(3, 4, 7) > 0.3},
    ),
    "deep_residual_cnn": (
        {"input_dim": 5, "hidden_dims": [4, 6], "num_residual_blocks": 2},
        lambda: DeepResidualCNN(5, [4, 6], num_classes=6, num_residual_blocks=2),
        lambda: {"x": torch.randn(3, 7, 5)},
    ),
}


@pytest.mark.parametrize("name", list(COUNTS))
def test_spec_has_the_published_count(name):
    assert torcharc.inspect(f"zoo/{name}").params == COUNTS[name]


@pytest.mark.parametrize("name", list(CASES))
def test_spec_gives_the_network_of_the_class(name):
    torch.manual_seed(0)
    variables, make, feed = CASES[name]
    network = torcharc.build(f"zoo/{name}", **variables).eval()
    model = make().eval()
    assert count(network) == count(model)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    weights = dict(zip(network.state_dict(), model.state_dict().values(), strict=True))
    network.load_state_dict(weights)
    fed = feed()
    call = {"keep": fed.pop("keep")} if "keep" in fed else {}
    torch.testing.assert_close(network({**fed, **call}), model(*fed.values(), **call), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", list(CASES))
def test_weights_start_alike(name):
    variables, make, _ = CASES[name]
    torch.manual_seed(0)
    network = torcharc.build(f"zoo/{name}", **variables)
    torch.manual_seed(0)
    for found, expected in zip(network.state_dict().values(), make().state_dict().values(), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("name", list(CASES))
def test_network_trains(name):
    torch.manual_seed(0)
    variables, _, feed = CASES[name]
    network = torcharc.build(f"zoo/{name}", **variables)
    outputs = network(feed())
    parts = outputs.values() if isinstance(outputs, dict) else [outputs]
    sum((part * torch.randn_like(part)).sum() for part in parts).backward()
    still = [key for key, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert [key for key in still if not key.endswith("key.bias")] == []  # a softmax does not feel that


def test_length_that_is_open_may_be_short():
    network = torcharc.build("zoo/transformer_cnn", **ENCODER, **STAGES, max_len=7)
    assert network({"x": ids(2, 7), "mask": torch.ones(2, 7, 7)}).shape == (2, 10)


@pytest.mark.parametrize(
    ("node", "path"),
    [
        ({"type": "CustomTransformer", **ENCODER, "max_len": 6}, "max_len"),
        ({"type": "MultiTaskModel", **ENCODER, "task_configs": TASKS, **SHORT}, "encoder_options.max_len"),
        ({"type": "TransformerCNN", **ENCODER, **STAGES, "num_classes": 2, **SHORT}, "encoder_options.max_len"),
    ],
)
def test_length_that_is_known_has_to_fit(node, path):
    with pytest.raises(SpecError) as error:
        torcharc.build({"dag_in_shape": [7], "node": node})
    assert str(error.value) == (
        f"1 problem in the spec\nspec.node.{path}\n  found: 6\n  expected: at least 7, the steps of the input\n"
        "  hint: write max_len: 7"
    )
    assert torcharc.inspect({"dag_in_shape": [6], "node": node}).params
    options = {"max_len": 6, "absolute_pos": False}
    free = {**node, **(options if path == "max_len" else {"encoder_options": options})}
    assert torcharc.inspect({"dag_in_shape": [7], "node": free}).params


def test_longer_series_than_positions_is_refused():
    with pytest.raises(SpecError) as error:
        torcharc.build({"dag_in_shape": [9, 4], "node": {"type": "PositionalEncoding", "max_len": 8}})
    assert str(error.value) == (
        "1 problem in the spec\nspec.node.max_len\n  found: 8\n  expected: at least 9, the steps of the input\n"
        "  hint: write max_len: 9"
    )


def test_mask_of_another_length_is_refused():
    spec = {
        "inputs": {
            "x": {"dtype": "float32", "shape": [None, 6, 8]},
            "mask": {"dtype": "float32", "shape": [None, 6, 7]},
            "keep": {"dtype": "bool", "shape": [None, 5]},
        },
        "graph": [
            {"name": "block", "type": "TransformerBlock", "inputs": {"x": "x", "mask": "mask", "keep": "keep"},
             "params": {"n_heads": 2, "d_ff": 8}}
        ],
        "outputs": {"y": "block"},
    }  # fmt: skip
    with pytest.raises(SpecError) as error:
        torcharc.build(spec)
    assert str(error.value) == (
        "2 problems in the spec\n"
        "spec.graph[0].params.keep\n  found: shape (5)\n  expected: a number for each token of (6, 8)\n"
        "spec.graph[0].params.mask\n  found: shape (6, 7)\n  expected: a number for each pair of tokens of (6, 8)"
    )
