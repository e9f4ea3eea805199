"""The snippets of the text architectures guide, as they stand there but for the line of the import.

Those that cannot work as printed are here in the form that works; `doc/text.md` says why.
"""

import pytest
import torch
import torch._dynamo
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from torcharc.zoo.text import (
    MODEL_CONFIGS,
    CNNFeatureExtractor,
    CNNLSTMHybrid,
    ConcatAttention,
    Conv1DBlock,
    CustomTransformer,
    DeepResidualCNN,
    DotProductAttention,
    GeneralAttention,
    HierarchicalAttentionNetwork,
    LSTMWithAttention,
    ModelFactory,
    MultiHeadAttentionWithRelativePosition,
    MultiTaskModel,
    PositionalEncoding,
    ResidualBlock,
    TransformerBlock,
    TransformerCNN,
)


def test_positional_encoding():
    pe = PositionalEncoding(d_model=512, max_len=5000, dropout=0.1)
    x = torch.randn(50, 512)  # (seq_len, d_model)
    output = pe(x)  # (seq_len, d_model)
    assert output.shape == (50, 512)


def test_relative_attention():
    attention = MultiHeadAttentionWithRelativePosition(d_model=512, n_heads=8, dropout=0.1, max_relative_position=32)
    x = torch.randn(4, 20, 512)  # (batch_size, seq_len, d_model)
    mask = torch.ones(4, 20, 20)  # Optional attention mask
    output = attention(x, mask)
    assert output.shape == (4, 20, 512)


def test_transformer_block():
    block = TransformerBlock(d_model=512, n_heads=8, d_ff=2048, dropout=0.1, activation="gelu", use_relative_pos=True)
    x = torch.randn(4, 20, 512)
    mask = torch.ones(4, 20, 20)
    output = block(x, mask)
    assert output.shape == (4, 20, 512)


def test_custom_transformer():
    transformer = CustomTransformer(
        vocab_size=30000,
        d_model=512,
        n_layers=6,
        n_heads=8,
        d_ff=2048,
        max_len=5000,
        dropout=0.1,
        activation="gelu",
        use_relative_pos=True,
    )
    x = torch.randint(0, 30000, (4, 50))  # (batch_size, seq_len)
    mask = torch.ones(4, 50, 50)  # Optional mask
    output = transformer(x, mask)  # (batch_size, seq_len, d_model)
    assert output.shape == (4, 50, 512)


def test_conv1d_block():
    conv_block = Conv1DBlock(
        in_channels=64, out_channels=128, kernel_size=3, activation="relu", dropout=0.1, batch_norm=True
    )
    x = torch.randn(4, 64, 20)  # (batch_size, channels, seq_len)
    output = conv_block(x)  # (batch_size, 128, 20)
    assert output.shape == (4, 128, 20)


def test_cnn_feature_extractor():
    extractor = CNNFeatureExtractor(
        input_dim=300,
        hidden_dims=[128, 256, 512],
        kernel_sizes=[3, 4, 5],
        dropout=0.1,
        activation="relu",
        pool_type="max",
    )
    x = torch.randn(4, 20, 300)  # (batch_size, seq_len, input_dim)
    features = extractor(x)  # (batch_size, total_features)
    assert features.shape == (4, 896)


def test_lstm_with_attention():
    lstm = LSTMWithAttention(
        input_size=256, hidden_size=128, num_layers=2, bidirectional=True, dropout=0.1, attention_type="dot"
    )
    x = torch.randn(4, 20, 256)  # (batch_size, seq_len, input_size)
    lengths = torch.tensor([20, 15, 18, 12])  # Variable lengths
    output = lstm(x, lengths)  # (batch_size, seq_len, hidden_size*2)
    assert output.shape == (4, 20, 256)


@pytest.mark.parametrize("cls", [DotProductAttention, GeneralAttention, ConcatAttention])
def test_attention_mechanisms(cls):
    hidden_states = torch.randn(4, 20, 128)
    attention = cls(hidden_size=128)
    output = attention(hidden_states)  # (batch_size, seq_len, hidden_size)
    assert output.shape == (4, 20, 128)


def test_cnn_lstm_hybrid():
    model = CNNLSTMHybrid(
        vocab_size=15000,
        embed_dim=300,
        hidden_dims=[128, 256, 512],
        kernel_sizes=[3, 4, 5],
        lstm_hidden_size=256,
        num_classes=3,
        dropout=0.2,
        bidirectional=True,
    )
    x = torch.randint(0, 15000, (4, 50))  # (batch_size, seq_len)
    lengths = torch.tensor([50, 40, 45, 35])  # Variable lengths
    output = model(x, lengths)  # (batch_size, num_classes)
    assert output.shape == (4, 3)


def test_transformer_cnn():
    model = TransformerCNN(
        vocab_size=20000,
        d_model=256,
        n_layers=4,
        n_heads=8,
        d_ff=1024,
        cnn_hidden_dims=[128, 256, 512],
        cnn_kernel_sizes=[3, 4, 5],
        num_classes=10,
        dropout=0.15,
    )
    x = torch.randint(0, 20000, (4, 60))  # (batch_size, seq_len)
    mask = torch.ones(4, 60, 60)  # Attention mask
    output = model(x, mask)  # (batch_size, num_classes)
    assert output.shape == (4, 10)


def test_multi_task_model(capsys):
    task_configs = {
        "sentiment": {"num_classes": 3, "type": "classification"},
        "topic": {"num_classes": 5, "type": "classification"},
        "readability": {"num_classes": 1, "type": "regression"},
        "quality": {"num_classes": 1, "type": "regression"},
    }
    model = MultiTaskModel(
        vocab_size=12000, d_model=384, n_layers=3, n_heads=6, d_ff=1536, task_configs=task_configs, dropout=0.1
    )
    x = torch.randint(0, 12000, (4, 50))  # (batch_size, seq_len)
    for task_name in task_configs.keys():  # noqa: SIM118  # as it is printed
        output = model(x, task_name)  # Task-specific output
        print(f"{task_name} output shape: {output.shape}")  # noqa: T201
    assert capsys.readouterr().out == (
        "sentiment output shape: torch.Size([4, 3])\n"
        "topic output shape: torch.Size([4, 5])\n"
        "readability output shape: torch.Size([4, 1])\n"
        "quality output shape: torch.Size([4, 1])\n"
    )


def test_hierarchical_attention_network():
    model = HierarchicalAttentionNetwork(
        vocab_size=8000, embed_dim=200, hidden_size=128, num_classes=4, num_sentences=25, dropout=0.2
    )
    x = torch.randint(0, 8000, (3, 25, 20))  # (batch, sentences, words)
    output = model(x)  # (batch_size, num_classes)
    assert output.shape == (3, 4)


def test_residual_block():
    block = ResidualBlock(channels=64, kernel_size=3, dropout=0.1)
    x = torch.randn(4, 64, 20)  # (batch_size, channels, seq_len)
    output = block(x)  # (batch_size, 64, 20)
    assert output.shape == (4, 64, 20)


def test_deep_residual_cnn():
    model = DeepResidualCNN(
        input_dim=300, hidden_dims=[64, 128, 256, 512], num_classes=6, num_residual_blocks=3, dropout=0.15
    )
    x = torch.randn(5, 40, 300)  # (batch_size, seq_len, input_dim)
    output = model(x)  # (batch_size, num_classes)
    assert output.shape == (5, 6)


def test_model_factory():
    model = ModelFactory.create_model("transformer", MODEL_CONFIGS["transformer"])
    assert type(model) is CustomTransformer
    custom_config = {"vocab_size": 10000, "d_model": 256, "n_layers": 4, "n_heads": 8, "d_ff": 1024, "dropout": 0.1}
    model = ModelFactory.create_model("transformer", custom_config)
    assert model(torch.zeros(1, 2, dtype=torch.int64)).shape == (1, 2, 256)


# best practices


def small(**options):
    return CustomTransformer(**{"vocab_size": 100, "d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 32, **options})


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        if m.bias is not None:
            nn.init.zeros_(m.bias)
    elif isinstance(m, nn.Conv1d):
        nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")


@pytest.mark.parametrize("name", list(MODEL_CONFIGS))
def test_model_initialization(name):
    sizes = {"vocab_size": 50, "d_model": 12, "n_heads": 2, "n_layers": 1, "d_ff": 16, "num_residual_blocks": 1}
    config = {**MODEL_CONFIGS[name], **{key: value for key, value in sizes.items() if key in MODEL_CONFIGS[name]}}
    model = ModelFactory.create_model(name, config)
    before = {key: p.clone() for key, p in model.named_parameters()}
    model.apply(init_weights)
    linears = [key for key, m in model.named_modules() if isinstance(m, (nn.Linear, nn.Conv1d))]
    assert all(not torch.equal(model.get_submodule(key).weight, before[f"{key}.weight"]) for key in linears)


def test_gradient_clipping():
    model = small()
    (model(torch.randint(0, 100, (2, 5))) * 1e3 * torch.randn(16)).sum().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    norm = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
    assert norm < 1.001


def test_model_checkpointing(tmp_path):
    model = small()
    optimizer = torch.optim.Adam(model.parameters())
    x, weight = torch.randint(0, 100, (2, 5)), torch.randn(16)
    loss = (model(x) * weight).sum()
    loss.backward()
    optimizer.step()
    checkpoint = {
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "epoch": 1,
        "loss": loss,
    }
    torch.save(checkpoint, tmp_path / "model_checkpoint.pth")
    other = small()
    optimizer = torch.optim.Adam(other.parameters())
    checkpoint = torch.load(tmp_path / "model_checkpoint.pth")
    other.load_state_dict(checkpoint["model_state_dict"])
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
    torch.testing.assert_close(other.eval()(x), model.eval()(x))


def test_efficient_data_loading():
    dataset = TensorDataset(torch.randint(0, 100, (40, 5)))
    dataloader = DataLoader(dataset, batch_size=32, num_workers=0)
    assert [small()(x).shape[0] for (x,) in dataloader] == [32, 8]


# tests of the guide


def test_model_output_shape():
    model = CustomTransformer(vocab_size=1000, d_model=256)
    x = torch.randint(0, 1000, (2, 10))
    output = model(x)
    assert output.shape == (2, 10, 256)


def test_training_pipeline():
    model = CustomTransformer(vocab_size=1000, d_model=256)
    optimizer = torch.optim.Adam(model.parameters())
    criterion = nn.CrossEntropyLoss()
    x = torch.randint(0, 1000, (4, 20))
    y = torch.randint(0, 5, (4,))
    optimizer.zero_grad()
    output = model(x)
    loss = criterion(output.mean(dim=1), y)
    loss.backward()
    optimizer.step()
    assert loss.item() > 0


# in place of those that cannot work as printed


def test_model_gradients():
    model = CustomTransformer(vocab_size=1000, d_model=256)
    ids = torch.randint(0, 1000, (2, 10))
    x = model.embedding.weight[ids].detach().requires_grad_()  # ids have no gradient, their vectors do
    output = model(x)
    loss = (output * torch.randn_like(output)).sum()  # behind a LayerNorm, a plain sum is constant
    loss.backward()
    assert x.grad.abs().sum() > 0


def test_inference_cost():
    model = CustomTransformer(vocab_size=1000, d_model=256).eval()
    x = torch.randint(0, 1000, (4, 20))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(x)
    tokens, pairs = 4 * 20, 4 * 20 * 20
    linear = tokens * (4 * 256**2 + 2 * 256 * 2048)
    attention = pairs * 256 * 4  # keys and values, and what stands for their distance
    assert counter.get_total_flops() == 2 * 6 * (linear + attention)


def test_compilation():
    model = small().eval()
    x = torch.randint(0, 100, (3, 5))
    torch._dynamo.reset()
    torch.testing.assert_close(torch.compile(model, fullgraph=True, backend="eager")(x), model(x))


def test_data_parallel_training():
    model = CustomTransformer(vocab_size=20, d_model=8, n_layers=1, n_heads=2, d_ff=16).eval()
    ids = torch.randint(0, 20, (2, 5))
    expected = model(ids)
    if torch.cuda.device_count() > 1:
        model = nn.DataParallel(model)
    assert torch.allclose(model(ids), expected, atol=1e-6)
    assert torch.allclose(nn.DataParallel(model)(ids), expected, atol=1e-6)
