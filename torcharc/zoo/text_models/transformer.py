"""A transformer encoder for text, `(N, L)` ids to `(N, L, D)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from torcharc.arguments import read_arguments, read_signature
from torcharc.errors import InputError, Problem, quote
from torcharc.module.positional_encoding import PositionalEncoding, check_length
from torcharc.module.relative_attention import PORTS, Cache
from torcharc.module.text_options import check_sizes, refuse, require_rank
from torcharc.module.token_embedding import TokenEmbedding
from torcharc.module.token_mask import Sizes, check_masks, join_masks, read_keep, read_mask
from torcharc.module.transformer_block import TransformerBlock, check_block, make_norm
from torcharc.registry import register


def check_positions(arguments: Mapping[str, Any], structs: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of masks, and of an input that is longer than the positions of the encoder reach."""
    yield from check_masks(arguments, structs)
    options = arguments.get("encoder_options")
    given = options if isinstance(options, Mapping) else arguments
    if given.get("absolute_pos", True):
        for problem in check_length(given, structs):
            yield problem if given is arguments else problem.under("encoder_options")


IDS = {"shape": [7], "dtype": "int64", "range": [0, 20]}
"""Ids of tokens, as an example of an input."""


@register(
    check=check_positions,
    ports=PORTS,
    input_dtype="int64",
    example={
        "params": {"vocab_size": 20, "d_model": 8, "n_layers": 2, "n_heads": 2, "d_ff": 16, "max_len": 12},
        "inputs": {"x": IDS},
    },
)
class CustomTransformer(nn.Module):
    """Token vectors and positions, transformer blocks, a normalization: `(N, L)` to `(N, L, D)`.

    Args:
        vocab_size: V, how many tokens there are.
        d_model: D.
        n_layers: How many blocks.
        n_heads: Heads of each attention, a divisor of D.
        d_ff: Width within the feed-forward layers.
        max_len: The most tokens of a sequence, if positions are added.
        dropout: Probability, 1 excluded, that a number is zeroed in training.
        activation: That of `TransformerBlock`, as are all that follow but the last.
        use_relative_pos: Whether attention has Shaw's relative positions.
        max_relative_position: The distance beyond which they do not differ.
        norm_first: Whether normalization stands before each layer.
        norm: `layer` or `rms`.
        position: Another kind of relative position.
        causal: Whether a token sees itself and those before it alone.
        n_kv_heads: Heads of keys and values.
        absolute_pos: Whether there is a `PositionalEncoding`.

    Raises:
        ArgumentError: If arguments are out of range or contradict each other; it names all of them.

    Example:
        >>> import torch
        >>> model = CustomTransformer(vocab_size=100, d_model=8, n_layers=2, n_heads=2, d_ff=16)
        >>> model(torch.zeros(4, 5, dtype=torch.int64)).shape
        torch.Size([4, 5, 8])
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int = 512,
        n_layers: int = 6,
        n_heads: int = 8,
        d_ff: int = 2048,
        max_len: int = 5000,
        dropout: float = 0.1,
        activation: str = "gelu",
        use_relative_pos: bool = True,
        *,
        max_relative_position: int = 32,
        norm_first: bool = False,
        norm: str = "layer",
        position: str | None = None,
        causal: bool = False,
        n_kv_heads: int | None = None,
        absolute_pos: bool = True,
    ):
        given = dict(locals())
        refuse([*check_sizes(vocab_size=vocab_size, n_layers=n_layers, max_len=max_len), *check_block(given)])
        super().__init__()
        self.d_model = d_model
        self.n_heads = n_heads
        self.embedding = TokenEmbedding(vocab_size, d_model)
        self.positions = PositionalEncoding(d_model, max_len, dropout) if absolute_pos else nn.Dropout(dropout)
        options = {name: given[name] for name in read_signature(TransformerBlock).arguments}
        self.blocks = nn.ModuleList(TransformerBlock(**options) for _ in range(n_layers))
        self.norm = make_norm(norm, d_model)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        keep: Tensor | None = None,
        *,
        cache: Sequence[Cache] | None = None,
        use_cache: bool = False,
    ) -> Tensor | tuple[Tensor, tuple[Cache, ...]]:
        """The encoded tokens.

        Args:
            x: Ids `(N, L)`; or vectors `(N, L, D)` in place of those that the embedding has for the ids.
            mask: `(N, L, S)` or `(N, h, L, S)`, N and h may be 1; nonzero: the query may attend to the key.
                S is L, and with a cache the number of all tokens so far.
            keep: `(N, S)`; nonzero: the token is real, and may be attended to.
            cache: What an earlier call gave for the tokens before these.
            use_cache: Whether the cache of all tokens so far is given back too; the model must be causal.

        Returns:
            `(N, L, D)`, and with `use_cache` the cache: keys and values of each block.

        Raises:
            InputError: If an id, a length or a shape does not fit, or a cache is not possible.
        """
        if x.is_floating_point():
            require_rank(x, "ids (N, L), or vectors (N, L, D)", 3)
        else:
            require_rank(x, "ids (N, L), or vectors (N, L, D)", 2)
        start = 0 if cache is None else self._read_cache(cache)
        mask, keep = self._read_masks(x, start, mask, keep)
        x = self.embedding(x)  # (N, L, D)
        x = self.positions(x, start) if isinstance(self.positions, PositionalEncoding) else self.positions(x)
        caches = []
        for index, block in enumerate(self.blocks):
            before = None if cache is None else cache[index]
            x = block(x, mask, keep, cache=before, use_cache=use_cache)
            if use_cache:
                x, after = x
                caches.append(after)
        x = self.norm(x)
        return (x, tuple(caches)) if use_cache else x

    def _read_cache(self, cache: Sequence[Cache]) -> int:
        """How many tokens are in the cache."""
        if len(cache) != len(self.blocks):
            expected = f"one for each of the {len(self.blocks)} blocks"
            raise InputError(Problem(("cache",), f"{len(cache)} pairs of keys and values", expected, code="cache"))
        return cache[0][0].shape[-2]

    def _read_masks(
        self, x: Tensor, start: int, mask: Tensor | None, keep: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """The masks as booleans, joined where there are both: once for all blocks."""
        batch, length = x.shape[:2]
        mask = read_mask(mask, Sizes(batch, self.n_heads, length, start + length))
        keep = read_keep(keep, (batch, start + length))
        return (mask, keep) if mask is None else (join_masks(mask, keep), None)


OPTIONS = tuple(
    name
    for name in read_signature(CustomTransformer).arguments
    if name not in ("vocab_size", "d_model", "n_layers", "n_heads", "d_ff", "dropout")
)
"""Arguments that models with an encoder of this kind pass on, from their `encoder_options`."""


def check_encoder(given: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of the arguments of an encoder, given by name, `encoder_options` among them."""
    names = ("vocab_size", "d_model", "n_layers", "n_heads", "d_ff", "dropout")
    options = given["encoder_options"]
    if options is not None and not isinstance(options, Mapping):
        yield Problem(("encoder_options",), quote(options), "nothing, or a mapping of arguments", code="value")
        options = None
    signature = read_signature(CustomTransformer).without(*names)
    values, problems = read_arguments(signature, options or {}, ("encoder_options",))
    yield from problems
    defaults = {name: argument.default for name, argument in signature.arguments.items()}
    whole = {**defaults, **values, **{name: given[name] for name in names}}
    found = [*check_sizes(**{name: whole[name] for name in ("vocab_size", "n_layers", "max_len")}), *check_block(whole)]
    told = {problem.path for problem in problems}
    for problem in found:
        path = problem.path if problem.path[0] in names else ("encoder_options", *problem.path)
        if path not in told:
            yield problem if path == problem.path else problem.under("encoder_options")


def make_encoder(given: Mapping[str, Any]) -> CustomTransformer:
    """The encoder for checked arguments, `encoder_options` among them."""
    names = ("vocab_size", "d_model", "n_layers", "n_heads", "d_ff", "dropout")
    return CustomTransformer(**{name: given[name] for name in names}, **(given["encoder_options"] or {}))
