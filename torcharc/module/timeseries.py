"""Transformers for time series: from `(N, L, in_channels)` to `(N, L, out_channels)`.

Both are the encoder-decoder of Vaswani et al. 2017 (normalization after each sublayer), fed
with numbers in place of words; the decoder starts from the encoder's own output, so that one
sequence goes in and one comes out. `TSTransformer` is made of the layers below,
`PTTSTransformer` of those of PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from torch import Tensor, nn

from torcharc.errors import ArgumentError, InputError, Problem
from torcharc.graph import N, TensorSpec
from torcharc.module.feedforward import make_activation
from torcharc.module.position import make_pe
from torcharc.module.timeseries_layers import Decoder, Encoder
from torcharc.module.timeseries_options import Options, check_head_sizes, check_options
from torcharc.registry import register


class TimeSeriesTransformer(nn.Module):
    """What both transformers share: embedding, positions, the order of the parts, the output layer.

    A subclass makes its layers in `make_layers`, which sets `encoders` and `decoders`.
    """

    def __init__(self, options: Options):
        super().__init__()
        self.num_encoder_layers = options.num_encoder_layers
        self.num_decoder_layers = options.num_decoder_layers
        self.scalar_output = options.scalar_output
        self.in_embedding = _make_embedding(options)
        self.pe = make_pe(options.pe, options.d_model)
        self.make_layers(options)
        self.out_linear = nn.Linear(options.d_model, options.out_channels)
        self.register_load_state_dict_pre_hook(_drop_masks)  # type: ignore[no-untyped-call]

    def make_layers(self, options: Options) -> None:
        """Sets `self.encoders` and `self.decoders`."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> Tensor:
        """The memory `(N, L, D)` for the embedded series `x` `(N, L, D)`; called if there are encoders."""
        raise NotImplementedError

    def decode(self, x: Tensor, memory: Tensor) -> Tensor:
        """The decoded series `(N, L, D)` of `x` and `memory` `(N, L, D)`; called if there are decoders."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """The output series.

        Args:
            x: `(N, L, in_channels)`, or one series `(L, in_channels)`.

        Returns:
            `(N, L, out_channels)`, with `scalar_output` `(N, out_channels)`: that of time 0; no N for one series.

        Raises:
            InputError: If `x` has another number of axes, or is longer than learned positions reach.
        """
        if x.dim() not in (2, 3):
            raise InputError(Problem((), f"shape {tuple(x.shape)}", "a series (L, C), or a batch of them (N, L, C)"))
        x = self._add_position(self.in_embedding(x))  # (N, L, D)
        if self.num_encoder_layers:
            x = self.encode(x)
        if self.num_decoder_layers:
            x = self.decode(self._add_position(x), x)
        out: Tensor = self.out_linear(x[..., 0, :] if self.scalar_output else x)
        return out

    def _add_position(self, x: Tensor) -> Tensor:
        return x if self.pe is None else self.pe(x)


class TSTransformer(TimeSeriesTransformer):
    """Transformer for time series, with heads of any size and causal self-attention in the decoder.

    Embedding -> positions -> encoders -> [positions -> decoders, which attend to the encoders'
    output] -> linear.

    Args:
        d_model: D, the size of a time step inside; it need not be divisible by anything.
        nhead: Number of attention heads.
        num_encoder_layers: Number of encoders; 0 passes the embedded series on.
        num_decoder_layers: Number of decoders; 0 leaves out the second adding of positions too.
        dropout: Probability, 1 excluded, that an element of a sublayer's result is zeroed in training.
        dim_feedforward: Size between the two linear layers of each feed-forward.
        activation: Activation between these two: a function or a class by name (`"relu"`, `"GELU"`), or
            `{type, ...arguments}`.
        in_embedding: `"Linear"`, or `"Conv1d"`: kernel 1 and no bias.
        pe: Position encoding: `None`, `"sinusoid"`, `"periodic"`, `"learned"`, or a mapping
            `{type, max_len: 128, dropout: 0.1, period: 24}`; `period` matters to `periodic` alone.
        attention_size: n: steps at most n apart attend to each other, in every attention; `None`: all.
        in_channels: Size of a time step of the input.
        out_channels: Size of a time step of the output.
        q: Size of a query, and of a key, in each head.
        v: Size of a value in each head.
        chunk_mode: `"chunk"`: attention within blocks of `chunk_size` steps. `"window"`: blocks of
            `chunk_size - 2 * padding` steps, each seeing `padding` more on both sides. `None`: attention
            is not cut.
        chunk_size: Time steps that a block sees at most.
        padding: Time steps that a window sees beyond each end of its block, below `chunk_size / 2`.
        scalar_output: Whether the output at time 0 alone is given back, without the axis L.

    Raises:
        ArgumentError: If arguments are of the wrong kind or do not fit together; it names all of them.

    Example:
        >>> import torch
        >>> model = TSTransformer(6, 2, num_encoder_layers=1, num_decoder_layers=1, pe="sinusoid", in_channels=3)
        >>> model(torch.zeros(4, 10, 3)).shape
        torch.Size([4, 10, 1])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        *,
        num_encoder_layers: int,
        num_decoder_layers: int,
        dropout: float = 0.3,
        dim_feedforward: int = 2048,
        activation: str | Mapping[str, Any] = "relu",
        in_embedding: Literal["Linear", "Conv1d"] = "Linear",
        pe: str | Mapping[str, Any] | None = None,
        attention_size: int | None = None,
        in_channels: int = 1,
        out_channels: int = 1,
        q: int = 8,
        v: int = 8,
        chunk_mode: Literal["chunk", "window"] | None = "chunk",
        chunk_size: int = 168,
        padding: int = 42,
        scalar_output: bool = False,
    ):
        options = Options(
            d_model=d_model,
            nhead=nhead,
            num_encoder_layers=num_encoder_layers,
            num_decoder_layers=num_decoder_layers,
            dropout=dropout,
            dim_feedforward=dim_feedforward,
            activation=activation,
            in_embedding=in_embedding,
            pe=pe,
            attention_size=attention_size,
            in_channels=in_channels,
            out_channels=out_channels,
            q=q,
            v=v,
            chunk_mode=chunk_mode,
            chunk_size=chunk_size,
            padding=padding,
            scalar_output=scalar_output,
        )
        _refuse(check_options(options))
        super().__init__(options)

    def make_layers(self, options: Options) -> None:
        """Sets `self.encoders` and `self.decoders`."""
        self.encoders = nn.Sequential(*(Encoder(options) for _ in range(options.num_encoder_layers)))
        self.decoders = nn.ModuleList(Decoder(options) for _ in range(options.num_decoder_layers))

    def encode(self, x: Tensor) -> Tensor:
        """The memory `(N, L, D)` for the embedded series `x` `(N, L, D)`."""
        memory: Tensor = self.encoders(x)
        return memory

    def decode(self, x: Tensor, memory: Tensor) -> Tensor:
        """The decoded series `(N, L, D)` of `x` and `memory` `(N, L, D)`."""
        for decoder in self.decoders:
            x = decoder(x, memory)
        return x


class PTTSTransformer(TimeSeriesTransformer):
    """`TSTransformer` out of PyTorch's own `nn.TransformerEncoder` and `nn.TransformerDecoder`.

    Three things differ, as in PyTorch: the decoder's self-attention is not causal; attention
    weights and the inside of the feed-forward have dropout too; all layers of a stack start as
    copies of one. The spans of attention are the same, but are computed in full under a mask.

    Args:
        d_model: D, the size of a time step inside; divisible by `nhead`.
        nhead: Number of attention heads.
        num_encoder_layers: Number of encoders; 0 passes the embedded series on.
        num_decoder_layers: Number of decoders; 0 leaves out the second adding of positions too.
        dropout: As in `TSTransformer`; so are all arguments that follow, but `q` and `v`.
        dim_feedforward: Size between the two linear layers of each feed-forward.
        activation: Activation between these two.
        in_embedding: `"Linear"` or `"Conv1d"`.
        pe: Position encoding.
        attention_size: How far apart steps may be that attend to each other.
        in_channels: Size of a time step of the input.
        out_channels: Size of a time step of the output.
        q: `None`, or `d_model / nhead`, the only size that PyTorch's layers have.
        v: `None`, or `d_model / nhead`.
        chunk_mode: `"chunk"`, `"window"` or `None`.
        chunk_size: Time steps that a block sees at most.
        padding: Time steps that a window sees beyond each end of its block.
        scalar_output: Whether the output at time 0 alone is given back, without the axis L.

    Raises:
        ArgumentError: If arguments are of the wrong kind or do not fit together; it names all of them.

    Example:
        >>> import torch
        >>> model = PTTSTransformer(6, 2, num_encoder_layers=1, num_decoder_layers=0, scalar_output=True)
        >>> model(torch.zeros(4, 10, 1)).shape
        torch.Size([4, 1])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        *,
        num_encoder_layers: int,
        num_decoder_layers: int,
        dropout: float = 0.3,
        dim_feedforward: int = 2048,
        activation: str | Mapping[str, Any] = "relu",
        in_embedding: Literal["Linear", "Conv1d"] = "Linear",
        pe: str | Mapping[str, Any] | None = None,
        attention_size: int | None = None,
        in_channels: int = 1,
        out_channels: int = 1,
        q: int | None = None,
        v: int | None = None,
        chunk_mode: Literal["chunk", "window"] | None = "chunk",
        chunk_size: int = 168,
        padding: int = 42,
        scalar_output: bool = False,
    ):
        options = Options(
            d_model=d_model,
            nhead=nhead,
            num_encoder_layers=num_encoder_layers,
            num_decoder_layers=num_decoder_layers,
            dropout=dropout,
            dim_feedforward=dim_feedforward,
            activation=activation,
            in_embedding=in_embedding,
            pe=pe,
            attention_size=attention_size,
            in_channels=in_channels,
            out_channels=out_channels,
            chunk_mode=chunk_mode,
            chunk_size=chunk_size,
            padding=padding,
            scalar_output=scalar_output,
        )
        _refuse([*check_options(options), *check_head_sizes(d_model, nhead, q=q, v=v)])
        super().__init__(options)

    def make_layers(self, options: Options) -> None:
        """Sets `self.encoders` and `self.decoders`."""
        self.span = options.span()
        arguments: dict[str, Any] = {
            "d_model": options.d_model,
            "nhead": options.nhead,
            "dim_feedforward": options.dim_feedforward,
            "dropout": options.dropout,
            "batch_first": True,
        }
        encoder = nn.TransformerEncoderLayer(activation=make_activation(options.activation), **arguments)
        if getattr(encoder.activation, "approximate", "none") != "none":
            encoder.activation_relu_or_gelu = 0  # else PyTorch's fast path computes the exact GELU in its place
        self.encoders = nn.TransformerEncoder(encoder, options.num_encoder_layers, enable_nested_tensor=False)
        decoder = DecoderLayer(activation=make_activation(options.activation), **arguments)
        self.decoders = nn.TransformerDecoder(decoder, options.num_decoder_layers)

    def encode(self, x: Tensor) -> Tensor:
        """The memory `(N, L, D)` for the embedded series `x` `(N, L, D)`."""
        memory: Tensor = self.encoders(x, mask=self._mask(x), is_causal=False)
        return memory

    def decode(self, x: Tensor, memory: Tensor) -> Tensor:
        """The decoded series `(N, L, D)` of `x` and `memory` `(N, L, D)`."""
        mask = self._mask(x)
        out: Tensor = self.decoders(x, memory, tgt_mask=mask, memory_mask=mask, tgt_is_causal=False)
        return out

    def _mask(self, x: Tensor) -> Tensor | None:
        """Booleans `(L, L)`, true where attention is *forbidden*, as PyTorch's layers have it."""
        length = x.shape[-2]
        return ~self.span.mask(length, x.device) if self.span.is_limited(length) else None


class DecoderLayer(nn.TransformerDecoderLayer):
    """PyTorch's decoder layer, whose copies keep an activation that is a module.

    PyTorch's own puts `relu` in its place whenever it is copied or unpickled, and
    `nn.TransformerDecoder` copies the layer that it is given.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        nn.Module.__setstate__(self, state)  # type: ignore[no-untyped-call]


class SwapAxes(nn.Module):
    """`x` `(..., A, B)` as `(..., B, A)`: between `(N, L, C)` and the `(N, C, L)` of convolutions."""

    def forward(self, x: Tensor) -> Tensor:
        """`x` with its last two axes exchanged."""
        return x.transpose(-2, -1)


def _make_embedding(options: Options) -> nn.Module:
    if options.in_embedding == "Linear":
        return nn.Linear(options.in_channels, options.d_model)
    conv = nn.Conv1d(options.in_channels, options.d_model, kernel_size=1, bias=False)
    return nn.Sequential(SwapAxes(), conv, SwapAxes())


def _refuse(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise ArgumentError(found)


def _drop_masks(module: nn.Module, state_dict: dict[str, Any], *_: object) -> None:
    """Checkpoints of early TorchArc hold attention masks, which are made from the arguments here."""
    for key in [key for key in state_dict if key.endswith("mask")]:
        del state_dict[key]


_EXAMPLE = {
    "params": {"d_model": 16, "nhead": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "dim_feedforward": 8},
    "inputs": {"x": [6, 3]},
}


def _state_input(params: Mapping[str, Any]) -> TensorSpec | None:
    """A series of any length; a single module states its channels."""
    channels = params.get("in_channels", 1)
    return TensorSpec((N, None, channels)) if type(channels) is int and channels > 0 else None


for _type in (TSTransformer, PTTSTransformer):
    _settings = {"infer": {"in_channels": -1, "d_model": None}, "states": _state_input, "example": _EXAMPLE}
    register(_type.__name__, _type, **_settings)
