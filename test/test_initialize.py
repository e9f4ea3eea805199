"""The `init` key: which weights it draws anew, with which arguments, against hand-called `torch.nn.init`."""

import math

import pytest
import torch
from refusal import message
from torch import nn

import torcharc

SIZES = {"type": "Linear", "in_features": 8, "layers": [6, 4]}


def build(arc, seed=3):
    torch.manual_seed(seed)
    return torcharc.build(arc)


def build_by_hand(make, initialize, seed=3):
    """What `make` gives from the seed, its weights of rank 2 and more drawn anew by `initialize`, in order."""
    torch.manual_seed(seed)
    module = make()
    for parameter in module.parameters():
        if parameter.ndim >= 2:
            initialize(parameter)
    return module


def assert_equal_states(net, by_hand):
    states = list(net.state_dict().values()), list(by_hand.state_dict().values())
    assert len(states[0]) == len(states[1])
    for mine, other in zip(*states, strict=True):
        assert torch.equal(mine, other)


def mlp(*activation):
    return lambda: nn.Sequential(nn.Linear(8, 6), *activation, nn.Linear(6, 4), *activation)


# --- which weights ----------------------------------------------------------------------------------

LAYERS = [
    pytest.param({"type": "Linear", "out_features": 6}, [8], lambda: nn.Linear(8, 6), id="Linear"),
    pytest.param(
        {"type": "Linear", "layers": [6, 4]}, [8], lambda: nn.Sequential(nn.Linear(8, 6), nn.Linear(6, 4)), id="stack"
    ),
    pytest.param(
        {"type": "Conv1d", "layers": [[4, 3]]}, [3, 9], lambda: nn.Sequential(nn.Conv1d(3, 4, 3)), id="Conv1d"
    ),
    pytest.param(
        {"type": "Conv3d", "layers": [[4, 2]]}, [3, 4, 4, 4], lambda: nn.Sequential(nn.Conv3d(3, 4, 2)), id="Conv3d"
    ),
    pytest.param(
        {"type": "ConvTranspose2d", "layers": [[4, 2]]},
        [3, 4, 4],
        lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 2)),
        id="ConvTranspose2d",
    ),
    pytest.param(
        {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 4}, [5], lambda: nn.Embedding(9, 4), id="Embedding"
    ),
    pytest.param(
        {"type": "LSTM", "hidden_size": 4, "num_layers": 2, "bidirectional": True},
        [5, 8],
        lambda: nn.LSTM(8, 4, 2, bidirectional=True),
        id="LSTM",
    ),
    pytest.param({"type": "GRUCell", "hidden_size": 4}, [8], lambda: nn.GRUCell(8, 4), id="GRUCell"),
    pytest.param(
        {"type": "TransformerEncoderLayer", "nhead": 2, "dim_feedforward": 6},
        [5, 8],
        lambda: nn.TransformerEncoderLayer(8, 2, 6),
        id="nested attention",
    ),
]


@pytest.mark.parametrize(("node", "shape", "make"), LAYERS)
def test_weights_are_drawn_anew_in_order_and_nothing_else_is(node, shape, make):
    net = build({"dag_in_shape": shape, "net": {**node, "init": {"type": "normal_", "std": 0.3}}})
    assert_equal_states(net, build_by_hand(make, lambda weight: nn.init.normal_(weight, std=0.3)))


def test_attention_projections_are_weights():
    inputs = {"q": [5, 8], "k": [5, 6], "v": [5, 4]}
    node = {"type": "MultiheadAttention", "num_heads": 2, "in_names": ["q", "k", "v"], "init": "ones_"}
    attention = build({"dag_in_shape": inputs, "attn": node}).module_dict.attn
    for weight in (
        attention.q_proj_weight,
        attention.k_proj_weight,
        attention.v_proj_weight,
        attention.out_proj.weight,
    ):
        assert torch.equal(weight, torch.ones_like(weight))
    assert torch.equal(attention.in_proj_bias, torch.zeros_like(attention.in_proj_bias))


def test_normalization_and_biases_are_left_alone():
    arc = {
        "dag_in_shape": [3, 9, 9],
        "conv": {"type": "Conv2d", "layers": [[4, 3]], "norm": "LayerNorm", "init": "zeros_"},
    }
    conv, norm = build(arc).module_dict.conv
    torch.manual_seed(3)
    by_hand = nn.Conv2d(3, 4, 3)
    assert torch.equal(conv.weight, torch.zeros_like(conv.weight))
    assert torch.equal(conv.bias, by_hand.bias)
    assert norm.weight.ndim == 3  # a weight of rank 3, yet no layer's
    assert torch.equal(norm.weight, torch.ones(4, 7, 7))


def test_weights_and_biases_are_told_apart():
    init = {"weight": {"type": "normal_", "std": 0.3}, "bias": {"type": "constant_", "val": 0.5}}
    arc = {"dag_in_shape": [8], "net": {"type": "Linear", "layers": [6, 4], "norm": "LayerNorm", "init": init}}
    first, norm, second, _ = build(arc).module_dict.net
    torch.manual_seed(3)
    expected = nn.Linear(8, 6), nn.Linear(6, 4)
    for layer in expected:
        nn.init.normal_(layer.weight, std=0.3)
    for layer, other in zip((first, second), expected, strict=True):
        assert torch.equal(layer.weight, other.weight)
        assert torch.equal(layer.bias, torch.full_like(layer.bias, 0.5))
    assert torch.equal(norm.bias, torch.zeros(6))


def test_biases_alone_leave_weights_as_they_are():
    lstm = build({"dag_in_shape": [5, 8], "net": {"type": "LSTM", "hidden_size": 4, "init": {"bias": "ones_"}}})
    torch.manual_seed(3)
    by_hand = nn.LSTM(8, 4)
    assert torch.equal(lstm.module_dict.net.weight_hh_l0, by_hand.weight_hh_l0)
    assert torch.equal(lstm.module_dict.net.bias_hh_l0, torch.ones(16))


def test_padding_row_stays_zero():
    node = {"type": "Embedding", "num_embeddings": 5, "embedding_dim": 4, "padding_idx": 2, "init": "normal_"}
    embedding = build({"dag_in_shape": [3], "ids": node}).module_dict.ids
    torch.manual_seed(3)
    nn.Embedding(5, 4, padding_idx=2)
    weight = nn.init.normal_(torch.empty(5, 4))
    weight[2] = 0
    assert torch.equal(embedding.weight, weight)


@pytest.fixture
def guarded():
    """A registered type with a plain layer, and one of a class that sets `skip_init`."""

    class Kept(nn.Sequential):
        skip_init = True

    class Guarded(nn.Module):
        def __init__(self, in_features: int):
            super().__init__()
            self.touched = nn.Linear(in_features, 4)
            self.position = nn.Parameter(torch.full((3, in_features), 2.0))
            self.kept = Kept(nn.Linear(4, 4))
            nn.init.constant_(self.kept[0].weight, 5.0)

        def forward(self, x):
            return self.kept(self.touched(x))

    torcharc.register("test.Guarded", Guarded)
    yield
    torcharc.unregister("test.Guarded")


def test_positions_and_what_skips_init_are_left_alone(guarded):
    net = build({"dag_in_shape": [8], "net": {"type": "test.Guarded", "init": "zeros_"}}).module_dict.net
    assert torch.equal(net.touched.weight, torch.zeros(4, 8))
    assert torch.equal(net.position, torch.full((3, 8), 2.0))
    assert torch.equal(net.kept[0].weight, torch.full((4, 4), 5.0))


def test_absent_and_null_init_draw_nothing():
    by_hand = build_by_hand(mlp(), lambda weight: None)
    assert_equal_states(build(SIZES), by_hand)
    assert_equal_states(build({**SIZES, "init": None}), by_hand)


def test_init_argument_of_a_type_is_its_own():
    class Own(nn.Module):
        def __init__(self, init: str):
            super().__init__()
            self.init = init

    torcharc.register("test.Own", Own)
    try:
        assert torcharc.build({"type": "test.Own", "init": "anything"}).init == "anything"
    finally:
        torcharc.unregister("test.Own")


# --- gains ------------------------------------------------------------------------------------------

GAINS = [
    ("Tanh", 5 / 3, [nn.Tanh()]),
    ("ReLU", math.sqrt(2), [nn.ReLU()]),
    ("SELU", 0.75, [nn.SELU()]),
    ("Sigmoid", 1.0, [nn.Sigmoid()]),
    ({"type": "ReLU", "inplace": True}, math.sqrt(2), [nn.ReLU()]),
    ("torch.nn.ReLU", math.sqrt(2), [nn.ReLU()]),
    ("LeakyReLU", math.sqrt(2 / (1 + 0.01**2)), [nn.LeakyReLU()]),
    ({"type": "LeakyReLU", "negative_slope": 0.3}, math.sqrt(2 / (1 + 0.3**2)), [nn.LeakyReLU()]),
    ("GELU", 1.0, [nn.GELU()]),
    ("ELU", 1.0, [nn.ELU()]),
    (None, 1.0, []),
]


@pytest.mark.parametrize("name", ["xavier_uniform_", "xavier_normal_", "orthogonal_"])
@pytest.mark.parametrize(("activation", "gain", "modules"), GAINS, ids=str)
def test_gain_is_that_of_the_activation(name, activation, gain, modules):
    net = build({**SIZES, "activation": activation, "init": name})
    assert_equal_states(net, build_by_hand(mlp(*modules), lambda weight: getattr(nn.init, name)(weight, gain=gain)))


NONLINEARITIES = [
    ("ReLU", {"nonlinearity": "relu"}, [nn.ReLU()]),
    ("Tanh", {"nonlinearity": "tanh"}, [nn.Tanh()]),
    ("SELU", {"nonlinearity": "selu"}, [nn.SELU()]),
    ("LeakyReLU", {"nonlinearity": "leaky_relu", "a": 0.01}, [nn.LeakyReLU()]),
    ({"type": "LeakyReLU", "negative_slope": 0.3}, {"nonlinearity": "leaky_relu", "a": 0.3}, [nn.LeakyReLU()]),
    ("GELU", {}, [nn.GELU()]),
    (None, {}, []),
]


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
@pytest.mark.parametrize(("activation", "arguments", "modules"), NONLINEARITIES, ids=str)
def test_kaiming_gets_the_name_of_the_activation(name, activation, arguments, modules):
    net = build({**SIZES, "activation": activation, "init": name})
    assert_equal_states(net, build_by_hand(mlp(*modules), lambda weight: getattr(nn.init, name)(weight, **arguments)))


@pytest.mark.parametrize(
    ("init", "initialize"),
    [
        ({"type": "xavier_uniform_", "gain": 0.5}, lambda weight: nn.init.xavier_uniform_(weight, gain=0.5)),
        (
            {"type": "kaiming_normal_", "nonlinearity": "linear"},
            lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="linear"),
        ),
        (
            {"type": "kaiming_normal_", "mode": "fan_out"},
            lambda weight: nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="tanh"),
        ),
        ({"type": "normal_", "std": "1e-2"}, lambda weight: nn.init.normal_(weight, std=0.01)),
        ({"type": "uniform_", "a": -1, "b": 1}, lambda weight: nn.init.uniform_(weight, -1, 1)),
        ({"type": "constant_", "val": 3}, lambda weight: nn.init.constant_(weight, 3)),
        ({"type": "trunc_normal_", "std": 0.02}, lambda weight: nn.init.trunc_normal_(weight, std=0.02)),
        ({"type": "eye_"}, nn.init.eye_),
        ({"type": "sparse_", "sparsity": 0.5}, lambda weight: nn.init.sparse_(weight, 0.5)),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_values_of_the_user_win(init, initialize):
    net = build({**SIZES, "activation": "Tanh", "init": init})
    assert_equal_states(net, build_by_hand(mlp(nn.Tanh()), initialize))


def test_dirac_takes_convolutions():
    net = build({"type": "Conv2d", "in_shape": [4, 8, 8], "layers": [[4, 3]], "init": {"type": "dirac_", "groups": 2}})
    assert torch.equal(net[0].weight, nn.init.dirac_(torch.empty(4, 4, 3, 3), groups=2))


# --- problems ---------------------------------------------------------------------------------------

NAMES = (
    "constant_, dirac_, eye_, kaiming_normal_, kaiming_uniform_, normal_, ones_, orthogonal_, sparse_, trunc_normal_,"
    " uniform_, xavier_normal_ and 2 more"
)


WORDS = (
    "linear, conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d, sigmoid, tanh, relu,"
    " leaky_relu, selu"
)


@pytest.mark.parametrize(
    ("init", "lines"),
    [
        ("xavier", f"spec.init\n  found: 'xavier'\n  expected: an initializer of torch.nn.init: {NAMES}"),
        (
            "Normal_",
            f"spec.init\n  found: 'Normal_'\n  expected: an initializer of torch.nn.init: {NAMES}"
            "\n  hint: did you mean 'normal_'?",
        ),
        (
            "_no_grad_fill_",
            f"spec.init\n  found: '_no_grad_fill_'\n  expected: an initializer of torch.nn.init: {NAMES}",
        ),
        (
            {"type": ["normal_"]},
            f"spec.init.type\n  found: ['normal_']\n  expected: an initializer of torch.nn.init: {NAMES}",
        ),
        (
            {"typ": "normal_"},
            "spec.init.typ\n  found: the key 'typ'\n  expected: one of the keys: type\n  hint: did you mean 'type'?",
        ),
        (
            {"type": "normal_", "tensor": 1},
            "spec.init.tensor\n  found: the key 'tensor'\n  expected: one of the keys: mean, per, std, type",
        ),
        ({"type": "constant_"}, "spec.init\n  found: no key 'val'\n  expected: the key 'val', which is required"),
        (
            {"type": "constant_", "value": 1},
            "spec.init.value\n  found: the key 'value'\n  expected: one of the keys: per, type, val"
            "\n  hint: did you mean 'val'?",
        ),
        ({"type": "sparse_", "sparsity": 1.5}, "spec.init.sparsity\n  found: 1.5\n  expected: a number from 0 to 1"),
        (
            {"type": "kaiming_normal_", "nonlinearity": "ReLU"},
            f"spec.init.nonlinearity\n  found: 'ReLU'\n  expected: one of {WORDS}\n  hint: did you mean 'relu'?",
        ),
        (
            {"weight": "zeros_", "bais": "zeros_"},
            "spec.init.bais\n  found: the key 'bais'\n  expected: one of the keys: bias, weight"
            "\n  hint: did you mean 'bias'?",
        ),
        (
            {"bias": "xavier_normal_"},
            "spec.init.bias\n  found: 'xavier_normal_'\n  expected: an initializer of vectors: constant_, normal_,"
            " ones_, trunc_normal_, uniform_, zeros_",
        ),
        (
            {"weight": "dirac_"},
            "spec.init.weight\n  found: 'dirac_'\n  expected: weights of rank 3 or 4 or 5; there is one of rank 2",
        ),
        ("dirac_", "spec.init\n  found: 'dirac_'\n  expected: weights of rank 3 or 4 or 5; there is one of rank 2"),
    ],
    ids=str,
)
def test_faulty_init_is_a_problem(init, lines):
    assert message({**SIZES, "init": init}) == f"1 problem in the spec\n{lines}"


def test_activation_that_is_faulty_is_told_once():
    text = message({**SIZES, "activation": {"type": "LeakyReLU", "negative_slope": "x"}, "init": "xavier_normal_"})
    assert (
        text
        == """1 problem in the spec
spec.activation.negative_slope
  found: 'x'
  expected: a number"""
    )


def test_initializer_that_fails_names_the_node():
    text = message(
        {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4], "init": {"type": "normal_", "std": -1}}}
    )
    assert text.startswith("1 problem in the spec\nspec.fc\n  found: RuntimeError: normal expects std >= 0.0")
