import copy

import pytest
from text_cases import count

import torcharc
from torcharc.errors import ArgumentError
from torcharc.zoo import text
from torcharc.zoo.text import MODEL_CONFIGS, ModelFactory

COUNTS = {
    "transformer": 36_885_248,
    "cnn_lstm": 11_615_178,
    "transformer_cnn": 32_013_578,
    "multi_task": 12_174_730,
    "hierarchical": 2_315_396,
    "residual_cnn": 6_993_606,
}
CLASSES = "CustomTransformer CNNLSTMHybrid TransformerCNN MultiTaskModel HierarchicalAttentionNetwork DeepResidualCNN"


@pytest.mark.parametrize("name", list(MODEL_CONFIGS))
def test_configured_model_has_the_published_count(name):
    before = copy.deepcopy(MODEL_CONFIGS[name])
    model = ModelFactory.create_model(name, MODEL_CONFIGS[name])
    assert count(model) == COUNTS[name]
    assert MODEL_CONFIGS[name] == before


def test_models_are_in_the_documented_order():
    assert list(ModelFactory.models) == list(MODEL_CONFIGS) == list(COUNTS)
    assert [cls.__name__ for cls in ModelFactory.models.values()] == CLASSES.split()


def test_custom_configuration():
    config = {"vocab_size": 10000, "d_model": 256, "n_layers": 4, "n_heads": 8, "d_ff": 1024, "dropout": 0.1}
    assert count(ModelFactory.create_model("transformer", config)) == 7_016_192


def test_configurations_are_specs():
    for name, config in MODEL_CONFIGS.items():
        found = torcharc.inspect({"type": ModelFactory.models[name].__name__, **config})
        assert found.params == COUNTS[name]


def test_module_shows_what_it_exports():
    assert sorted(text.__all__, key=str) == sorted(name for name in vars(text) if not name.startswith("_"))
    registered = {info.name for info in torcharc.types()}
    assert set(text.__all__) - registered == {"MODEL_CONFIGS", "ModelFactory"}


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        (
            "transfomer",
            {},
            "1 problem in the arguments\nmodel_type\n  found: Unknown model type: 'transfomer'\n"
            "  expected: one of: cnn_lstm, hierarchical, multi_task, residual_cnn, transformer, transformer_cnn\n"
            "  hint: did you mean 'transformer'?",
        ),
        (
            None,
            {},
            "1 problem in the arguments\nmodel_type\n  found: Unknown model type: nothing\n"
            "  expected: one of: cnn_lstm, hierarchical, multi_task, residual_cnn, transformer, transformer_cnn",
        ),
        (
            "residual_cnn",
            {"input_dims": 300, "hidden_dims": [64], "classes": 6},
            "2 problems in the arguments\n"
            "residual_cnn: config.input_dims\n  found: the key 'input_dims'\n"
            "  expected: one of the keys: dropout, hidden_dims, input_dim, num_classes, num_residual_blocks\n"
            "  hint: did you mean 'input_dim'?\n"
            "residual_cnn: config.classes\n  found: the key 'classes'\n"
            "  expected: one of the keys: dropout, hidden_dims, input_dim, num_classes, num_residual_blocks\n"
            "  hint: did you mean 'num_classes'?",
        ),
        (
            "hierarchical",
            {"vocab_size": 10, "embed_dim": 4, "hidden_size": 4},
            "1 problem in the arguments\nhierarchical: config\n"
            "  found: no key 'num_classes'\n  expected: the key 'num_classes', which is required",
        ),
        (
            "transformer",
            {"vocab_size": 10, "d_model": 10, "activation": "gleu"},
            "2 problems in the arguments\n"
            "transformer: config.activation\n  found: 'gleu'\n"
            "  expected: one of: geglu, gelu, leaky_relu, relu, silu, swiglu, swish, tanh\n"
            "  hint: did you mean 'gelu'?\n"
            "transformer: config.n_heads\n  found: 8\n  expected: a divisor of d_model=10",
        ),
        (
            "cnn_lstm",
            None,
            "1 problem in the arguments\nconfig\n  found: nothing\n  expected: the arguments of cnn_lstm",
        ),
    ],
)
def test_wrong_configuration_is_told(name, config, message):
    with pytest.raises(ArgumentError) as error:
        ModelFactory.create_model(name, config)
    assert str(error.value) == message
