"""A classifier of documents that reads words to sentences and sentences to the document."""

from __future__ import annotations

from torch import Tensor, nn

from torcharc.entry import Port
from torcharc.errors import Problem, quote
from torcharc.module.attentive_gru import AttentiveGRU
from torcharc.module.position import check_dropout
from torcharc.module.text_options import check_choice, check_sizes, refuse, require_rank
from torcharc.module.token_embedding import check_ids
from torcharc.module.token_mask import check_masks, read_keep
from torcharc.module.token_pool import SCORES
from torcharc.registry import register
from torcharc.zoo.text_models.heads import Head


@register(
    check=check_masks,
    ports=(Port("x"), Port("keep", required=False)),
    input_dtype="int64",
    example={
        "params": {"vocab_size": 20, "embed_dim": 6, "hidden_size": 4, "num_classes": 3},
        "inputs": {"x": {"shape": [3, 5], "dtype": "int64", "range": [0, 20]}},
    },
)
class HierarchicalAttentionNetwork(nn.Module):
    """A GRU with attention over words, another over sentences: `(N, S, W)` ids to `(N, classes)` (Yang et al. 2016).

    Args:
        vocab_size: V, how many tokens there are.
        embed_dim: Size of a token's vector.
        hidden_size: H, width of each direction of the two GRUs.
        num_classes: How many classes.
        num_sentences: How many sentences a document usually has; documents of any number are read.
        dropout: Probability, 1 excluded, that a number is zeroed in training.
        attention: Scores of words and of sentences: `yang` or `linear`, as in `AttentionPool`.
        padding_idx: The id that stands where there is no word; `None`: every id is a word.

    Raises:
        ArgumentError: If an argument is out of range; it names all of them.

    Example:
        >>> import torch
        >>> model = HierarchicalAttentionNetwork(100, 8, 4, num_classes=3)
        >>> model(torch.zeros(2, 5, 6, dtype=torch.int64)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int,
        hidden_size: int,
        num_classes: int,
        num_sentences: int = 30,
        dropout: float = 0.1,
        *,
        attention: str = "yang",
        padding_idx: int | None = None,
    ):
        sizes = {"vocab_size": vocab_size, "embed_dim": embed_dim, "hidden_size": hidden_size}
        wrong = list(check_sizes(**sizes, num_classes=num_classes, num_sentences=num_sentences))
        if (
            not wrong
            and padding_idx is not None
            and (type(padding_idx) is not int or not 0 <= padding_idx < vocab_size)
        ):
            expected = f"nothing, or an id from 0 to {vocab_size - 1}"
            wrong.append(Problem(("padding_idx",), quote(padding_idx), expected, code="value"))
        refuse([*wrong, *check_dropout(dropout), *check_choice("attention", attention, SCORES)])
        super().__init__()
        self.num_sentences = num_sentences
        self.padding_idx = padding_idx
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx)
        self.words = AttentiveGRU(embed_dim, hidden_size, attention)
        self.sentences = AttentiveGRU(2 * hidden_size, hidden_size, attention)
        self.head = Head(2 * hidden_size, hidden_size, num_classes, dropout)

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """The classes' scores.

        Args:
            x: Ids `(N, S, W)`: W words in each of S sentences.
            keep: `(N, S, W)`; nonzero: the word is real. Without it, those are that are not `padding_idx`.
                A sentence is real if a word of it is.

        Returns:
            `(N, classes)`, before any softmax.

        Raises:
            InputError: If an id or a shape does not fit.
        """
        require_rank(x, "ids (N, S, W)", 3)
        check_ids(x, self.embedding.num_embeddings)
        keep = read_keep(keep, x.shape)
        if keep is None and self.padding_idx is not None:
            keep = x != self.padding_idx
        sentences = self.words(self.embedding(x), keep)  # (N, S, 2H)
        document = self.sentences(sentences, None if keep is None else keep.any(-1))  # (N, 2H)
        out: Tensor = self.head(document)
        return out
