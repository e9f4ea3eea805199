"""Two classifiers of token sequences with convolutions, one with an LSTM and one with a transformer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.module.cnn_features import CNNFeatureExtractor, check_stages
from torcharc.module.lstm_attention import LSTMWithAttention
from torcharc.module.position import check_dropout
from torcharc.module.relative_attention import PORTS
from torcharc.module.text_options import check_choice, check_sizes, refuse, require_rank
from torcharc.module.token_embedding import check_ids
from torcharc.module.token_mask import Lengths, Sizes, mark_steps, read_keep, read_lengths, read_mask
from torcharc.module.token_pool import pool_mean
from torcharc.registry import register
from torcharc.zoo.text_models.heads import Head
from torcharc.zoo.text_models.transformer import IDS, check_encoder, check_positions, make_encoder

MODES = ("sequence", "pooled")


@register(
    ports=(Port("x"), Port("lengths", required=False)),
    input_dtype="int64",
    example={
        "params": {
            "vocab_size": 20,
            "embed_dim": 6,
            "hidden_dims": [4, 6],
            "kernel_sizes": [2, 3],
            "lstm_hidden_size": 4,
            "num_classes": 3,
        },
        "inputs": {"x": IDS},
    },
)
class CNNLSTMHybrid(nn.Module):
    """Token vectors, convolutions, LSTM with attention, mean, two linear layers: `(N, L)` ids to `(N, classes)`.

    Args:
        vocab_size: V, how many tokens there are.
        embed_dim: Size of a token's vector.
        hidden_dims: Channels of each stage of convolutions.
        kernel_sizes: For each stage a kernel size, or a list of them.
        lstm_hidden_size: Width of each direction of the LSTM.
        num_classes: How many classes.
        dropout: Probability, 1 excluded, that a number is zeroed in training.
        bidirectional: Whether the LSTM reads in both directions.
        mode: `sequence`: the LSTM reads what the last stage found; `pooled`: what all stages found, pooled
            over time, as a sequence of one step.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> model = CNNLSTMHybrid(100, 8, [4, 6], [3, [2, 3]], lstm_hidden_size=5, num_classes=3)
        >>> model(torch.zeros(2, 7, dtype=torch.int64), lengths=[7, 4]).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int,
        hidden_dims: Sequence[int],
        kernel_sizes: Sequence[int | Sequence[int]],
        lstm_hidden_size: int,
        num_classes: int,
        dropout: float = 0.1,
        bidirectional: bool = True,
        *,
        mode: str = "sequence",
    ):
        sizes = {"vocab_size": vocab_size, "embed_dim": embed_dim, "lstm_hidden_size": lstm_hidden_size}
        wrong = [*check_sizes(**sizes, num_classes=num_classes), *check_stages(hidden_dims, kernel_sizes)]
        refuse([*wrong, *check_dropout(dropout), *check_choice("mode", mode, MODES)])
        super().__init__()
        self.mode = mode
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.cnn = CNNFeatureExtractor(embed_dim, hidden_dims, kernel_sizes, dropout)
        width = self.cnn.sequence_dim if mode == "sequence" else self.cnn.output_dim
        self.lstm = LSTMWithAttention(width, lstm_hidden_size, bidirectional=bidirectional, dropout=dropout)
        self.head = Head(self.lstm.output_dim, self.lstm.output_dim // 2, num_classes, dropout)

    def forward(self, x: Tensor, lengths: Lengths | None = None) -> Tensor:
        """The classes' scores.

        Args:
            x: Ids `(N, L)`; those behind the end of a sequence may be any of the vocabulary.
            lengths: Real tokens of each sequence, integers from 1 to L; `None`: all are real.

        Returns:
            `(N, classes)`, before any softmax.

        Raises:
            InputError: If an id or a length is out of range.
        """
        require_rank(x, "ids (N, L)", 2)
        check_ids(x, self.embedding.num_embeddings)
        keep = None
        if lengths is not None:
            lengths = read_lengths(lengths, x.shape[0], x.shape[1], x.device)
            keep = mark_steps(lengths, x.shape[1])
        vectors = self.embedding(x)  # (N, L, E)
        if self.mode == "pooled":
            states = self.lstm(self.cnn(vectors, keep)[:, None])
            keep = None
        else:
            states = self.lstm(self.cnn.sequence(vectors, keep), lengths)
        out: Tensor = self.head(pool_mean(states, keep))
        return out


@register(
    check=check_positions,
    ports=PORTS,
    input_dtype="int64",
    example={
        "params": {
            "vocab_size": 20,
            "d_model": 8,
            "n_layers": 1,
            "n_heads": 2,
            "d_ff": 16,
            "cnn_hidden_dims": [4, 6],
            "cnn_kernel_sizes": [2, 3],
            "num_classes": 3,
            "encoder_options": {"max_len": 12},
        },
        "inputs": {"x": IDS},
    },
)
class TransformerCNN(nn.Module):
    """Transformer encoder, convolutions pooled over time, two linear layers: `(N, L)` ids to `(N, classes)`.

    Args:
        vocab_size: V, how many tokens there are.
        d_model: D, width of the encoder.
        n_layers: Blocks of the encoder.
        n_heads: Heads of each attention, a divisor of D.
        d_ff: Width within the feed-forward layers.
        cnn_hidden_dims: Channels of each stage of convolutions.
        cnn_kernel_sizes: For each stage a kernel size, or a list of them.
        num_classes: How many classes.
        dropout: Probability, 1 excluded, that a number is zeroed in training.
        encoder_options: Further arguments of `CustomTransformer`.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> model = TransformerCNN(100, 8, 1, 2, 16, [4, 6], [2, 3], num_classes=3)
        >>> model(torch.zeros(2, 7, dtype=torch.int64)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        n_layers: int,
        n_heads: int,
        d_ff: int,
        cnn_hidden_dims: Sequence[int],
        cnn_kernel_sizes: Sequence[int | Sequence[int]],
        num_classes: int,
        dropout: float = 0.1,
        *,
        encoder_options: Mapping[str, Any] | None = None,
    ):
        given = dict(locals())
        stages = check_stages(cnn_hidden_dims, cnn_kernel_sizes, "cnn_")
        refuse([*check_encoder(given), *stages, *check_sizes(num_classes=num_classes)])
        super().__init__()
        self.encoder = make_encoder(given)
        self.cnn = CNNFeatureExtractor(d_model, cnn_hidden_dims, cnn_kernel_sizes, dropout)
        self.head = Head(self.cnn.output_dim, d_model, num_classes, dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, keep: Tensor | None = None) -> Tensor:
        """The classes' scores.

        Args:
            x: Ids `(N, L)`, or vectors `(N, L, D)`.
            mask: `(N, L, L)` or `(N, h, L, L)`, as in `CustomTransformer`.
            keep: `(N, L)`; nonzero: the token is real. Without it, tokens are real that any query may see.

        Returns:
            `(N, classes)`, before any softmax.

        Raises:
            InputError: If an id or a shape does not fit.
        """
        batch, length = x.shape[:2]
        mask = read_mask(mask, Sizes(batch, self.encoder.n_heads, length, length))
        keep = read_keep(keep, (batch, length))
        encoded = self.encoder(x, mask, keep)
        if keep is None and mask is not None:
            keep = mask.any(-2).any(1).expand(batch, length)
        out: Tensor = self.head(self.cnn(encoded, keep))
        return out
