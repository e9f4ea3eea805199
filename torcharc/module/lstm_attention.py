"""An LSTM whose steps then attend to each other; sequences may differ in length."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from torcharc.entry import Port
from torcharc.errors import InputError, Problem
from torcharc.module.position import check_dropout
from torcharc.module.recurrence import run_recurrent
from torcharc.module.sequence_attention import ATTENTIONS
from torcharc.module.text_options import check_choice, check_sizes, refuse, require_rank
from torcharc.module.token_mask import Lengths, are_values_known, mark_steps, read_lengths
from torcharc.registry import register


@register(
    ports=(Port("x"), Port("lengths", required=False)),
    example={"params": {"hidden_size": 6, "num_layers": 2, "attention_type": "general"}, "inputs": {"x": [5, 4]}},
)
class LSTMWithAttention(nn.Module):
    """LSTM, then attention of its steps to each other, `(N, L, I)` to `(N, L, D)`.

    Args:
        input_size: I.
        hidden_size: Width of each direction.
        num_layers: Number of layers.
        bidirectional: Whether each layer reads in both directions.
        dropout: Probability, 1 excluded, that a number between two layers is zeroed in training.
        attention_type: `dot`, `general` or `concat`: `DotProductAttention` and its kin.

    Attributes:
        output_dim: D, `hidden_size`, or twice that.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> lstm = LSTMWithAttention(4, 6)
        >>> lstm(torch.zeros(2, 5, 4), lengths=[5, 3]).shape
        torch.Size([2, 5, 12])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.1,
        attention_type: str = "dot",
    ):
        wrong = check_sizes(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        refuse([*wrong, *check_dropout(dropout), *check_choice("attention_type", attention_type, ATTENTIONS)])
        super().__init__()
        self.output_dim = hidden_size * (2 if bidirectional else 1)
        self.lstm = nn.LSTM(
            input_size,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,  # torch warns: one layer has nothing to drop
            bidirectional=bidirectional,
        )
        self.attention = ATTENTIONS[attention_type](self.output_dim)

    def forward(self, x: Tensor | PackedSequence, lengths: Lengths | None = None) -> Tensor:
        """The steps' contexts.

        Args:
            x: `(N, L, I)`, or a `PackedSequence`, which knows its lengths.
            lengths: Real steps of each sequence, integers from 1 to L; `None`: all are real.

        Returns:
            `(N, L, D)`, zero behind the end of a sequence.

        Raises:
            InputError: If lengths are out of range, not N, or given twice.
        """
        if isinstance(x, PackedSequence):
            if lengths is not None:
                expected = "nothing beside a PackedSequence, which knows them"
                raise InputError(Problem(("lengths",), "lengths", expected, code="lengths"))
            x, lengths = pad_packed_sequence(x, batch_first=True)
        require_rank(x, "(N, L, I)", 3)
        if lengths is None:
            return self._run(x, None)
        lengths = read_lengths(lengths, x.shape[0], x.shape[1], x.device)
        if are_values_known(lengths) and bool((lengths == x.shape[1]).all()):
            return self._run(x, None)
        return self._run(x, lengths)

    def _run(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        states = run_recurrent(self.lstm, x, lengths)
        out: Tensor = self.attention(states, None if lengths is None else mark_steps(lengths, x.shape[1]))
        return out
