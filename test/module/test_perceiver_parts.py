"""The parts of a Perceiver, each alone, against formulas written out."""

import math

import numpy as np
import pytest
import torch

from torcharc.errors import InputError
from torcharc.module.perceiver import (
    ClassificationPostprocessor,
    FourierPreprocessor,
    Identity,
    MultimodalPostprocessor,
    MultimodalPreprocessor,
    PerceiverDecoder,
    PerceiverEncoder,
    ProjectionPostprocessor,
    TextPreprocessor,
)
from torcharc.module.perceiver_attention import Attention, CrossAttention, Heads
from torcharc.module.perceiver_component import Fill, Slot, check_component, make_component


def fourier_by_hand(grid, reso, bands, cat_pos):
    """The encoding of each cell, one number after another."""
    rows = []
    for cell in np.ndindex(*grid):
        place = [-1 + 2 * index / (size - 1) if size > 1 else -1.0 for index, size in zip(cell, grid, strict=True)]
        angles = []
        for p, most in zip(place, reso, strict=True):
            for band in range(bands):
                step = (most / 2 - 1) / (bands - 1) if bands > 1 else 0.0
                angles.append(math.pi * (1 + step * band) * p)
        rows.append((place if cat_pos else []) + [math.sin(a) for a in angles] + [math.cos(a) for a in angles])
    return np.array(rows)


@pytest.mark.parametrize("cat_pos", [True, False])
@pytest.mark.parametrize(
    ("grid", "reso", "bands"),
    [([5], None, 3), ([5], [64], 1), ([4, 6], None, 3), ([6, 4], [12, 7], 2), ([2, 3, 4], None, 2), ([1, 3], None, 2)],
)
def test_fourier_follows_the_formula_in_row_major_order(grid, reso, bands, cat_pos):
    part = FourierPreprocessor([*grid, 2], bands, reso, cat_pos)
    x = torch.rand(3, *grid, 2)
    y = part(x)
    assert tuple(y.shape[1:]) == part.out_shape == (math.prod(grid), 2 + len(grid) * (2 * bands + cat_pos))
    np.testing.assert_array_equal(y[..., :2].numpy(), x.numpy().reshape(3, -1, 2))
    expected = fourier_by_hand(grid, reso or grid, bands, cat_pos)
    for sample in y[..., 2:].numpy():
        np.testing.assert_allclose(sample, expected, rtol=0, atol=1e-6)


def test_fourier_table_is_a_buffer():
    part = FourierPreprocessor([4, 6, 3], 2)
    assert list(part.parameters()) == []
    assert [name for name, _ in part.named_buffers()] == ["pos_encoding"]
    assert list(part.state_dict()) == ["pos_encoding"]


def test_fourier_is_exact_at_high_frequencies():
    y = FourierPreprocessor([224, 1], 64)(torch.zeros(1, 224, 1))[0, :, 1:].numpy()
    np.testing.assert_allclose(y, fourier_by_hand([224], [224], 64, True), rtol=0, atol=2e-7)


def attention_by_hand(attention, embed, context, heads, mask=None):
    """Softmax attention with loops over samples, heads and positions."""
    q, k, v = (getattr(attention, f"to_flat_{name}") for name in "qkv")
    asked = torch.zeros(*embed.shape[:2], heads.number * heads.v_dim, dtype=embed.dtype)
    for n in range(len(embed)):
        for h in range(heads.number):
            keys, values = slice(h * heads.dim, (h + 1) * heads.dim), slice(h * heads.v_dim, (h + 1) * heads.v_dim)
            for i, row in enumerate(embed[n]):
                query = (q.weight[keys] @ row) + q.bias[keys]
                scores = [
                    math.exp(float(query @ (k.weight[keys] @ other + k.bias[keys])) / math.sqrt(heads.dim))
                    if mask is None or mask[n, i, j]
                    else 0.0
                    for j, other in enumerate(context[n])
                ]
                drawn = [v.weight[values] @ other + v.bias[values] for other in context[n]]
                total = sum(score * value for score, value in zip(scores, drawn, strict=True))
                asked[n, i, values] = total / sum(scores)
    return asked @ attention.to_z.weight.T + attention.to_z.bias


@torch.no_grad()
def test_attention_agrees_with_loops():
    heads = Heads(3, 4, 5)
    attention = Attention(6, 7, heads).double()
    embed, context = torch.randn(2, 3, 6).double(), torch.randn(2, 5, 7).double()
    torch.testing.assert_close(attention(embed, context), attention_by_hand(attention, embed, context, heads))
    mask = torch.rand(2, 3, 5) < 0.6
    mask[:, :, 0] = True
    expected = attention_by_hand(attention, embed, context, heads, mask)
    torch.testing.assert_close(attention(embed, context, mask), expected)
    expected = attention_by_hand(attention, embed, context, heads, mask[:, :1].expand(2, 3, 5))
    torch.testing.assert_close(attention(embed, context, mask[:, 0]), expected)


@torch.no_grad()
def test_a_row_that_may_look_at_nothing_gives_the_bias():
    attention = Attention(6, 7, Heads(2, 3, 4))
    y = attention(torch.randn(1, 3, 6), torch.randn(1, 5, 7), torch.zeros(1, 5, dtype=torch.bool))
    torch.testing.assert_close(y, attention.to_z.bias.expand(1, 3, 6))


@torch.no_grad()
def test_decoder_is_a_pre_norm_layer_on_its_queries():
    decoder = PerceiverDecoder((4, 6), (3, 8), 3, 5, 2, 2).double()
    for parameter in decoder.parameters():
        parameter.normal_()
    latent = torch.randn(2, 4, 6).double()
    cross, mlp = decoder.decoder[0].module, decoder.decoder[1].module.module
    assert isinstance(cross, CrossAttention)

    def normalize(x, norm):
        mean, variance = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
        return (x - mean) / (variance + 1e-5).sqrt() * norm.weight + norm.bias

    query = decoder.output_query.expand(2, 3, 8)
    embed, context = normalize(query, cross.embed_layer_norm), normalize(latent, cross.context_layer_norm)
    x = query + attention_by_hand(cross.attn, embed, context, Heads(2, 3, 5))
    wide = normalize(x, mlp[0]) @ mlp[1].weight.T + mlp[1].bias
    gelu = wide * (1 + torch.erf(wide / math.sqrt(2))) / 2
    assert wide.shape == (2, 3, 16)
    torch.testing.assert_close(decoder(latent), x + gelu @ mlp[3].weight.T + mlp[3].bias)


@torch.no_grad()
def test_encoder_applies_one_block_again_and_again():
    options = {"head_dim": 3, "num_self_attn_per_block": 2, "self_attn_num_heads": 2}
    encoder = PerceiverEncoder((5, 7), (4, 6), num_self_attn_blocks=3, **options)
    x = torch.randn(2, 5, 7)
    cross, block = encoder.encoder_processor
    expected = cross(encoder.latent.expand(2, 4, 6), x)
    for _ in range(3):
        for layer in block:
            expected = layer(expected)
    torch.testing.assert_close(encoder(x), expected)
    once = PerceiverEncoder((5, 7), (4, 6), num_self_attn_blocks=1, **options)
    assert once.state_dict().keys() == encoder.state_dict().keys()
    assert encoder.out_shape == (4, 6)


def test_learned_arrays_start_small():
    encoder = PerceiverEncoder((5, 7), (64, 128), num_self_attn_per_block=1)
    assert 0.019 < encoder.latent.std().item() < 0.021
    assert abs(encoder.latent.mean().item()) < 0.001


def test_text_is_scaled_embedding_plus_position():
    text = TextPreprocessor(vocab_size=11, embed_dim=7, max_seq_len=9)
    ids = torch.randint(0, 11, (2, 5))
    with torch.no_grad():
        y = text(ids).numpy()
    for n in range(2):
        for position in range(5):
            row = text.embedding.weight[ids[n, position]] * math.sqrt(7) + text.pos_encoding[position]
            np.testing.assert_allclose(y[n, position], row.detach().numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("in_shape", "out_shape"), [(None, (9, 7)), ([5], (5, 7)), ([None], (None, 7))])
def test_text_out_shape_follows_in_shape(in_shape, out_shape):
    assert TextPreprocessor(11, 7, 9, in_shape=in_shape).out_shape == out_shape


@pytest.mark.parametrize(("in_shape", "out_shape"), [([5], (None, 5)), ([12, 5], (12, 5)), ([None, 5], (None, 5))])
def test_identity_gives_its_input(in_shape, out_shape):
    part, x = Identity(in_shape), torch.rand(2, 12, 5)
    assert part(x) is x
    assert part.out_shape == out_shape


ARC = {"left": {"type": "Identity"}, "right": {"type": "Identity"}, "text": {"type": "TextPreprocessor"}}
ARC["text"] |= {"vocab_size": 11, "embed_dim": 6, "max_seq_len": 4}


@pytest.mark.parametrize("pad_channels", [0, 2])
def test_modes_are_padded_with_their_vectors_in_declared_order(pad_channels):
    part = MultimodalPreprocessor({"left": [3, 2], "right": [5, 4], "text": [4]}, ARC, pad_channels)
    x = {"text": torch.randint(0, 11, (2, 4)), "right": torch.rand(2, 5, 4), "left": torch.rand(2, 3, 2)}
    y = part(x)
    width = 6 + pad_channels
    assert tuple(y.shape[1:]) == part.out_shape == (12, width)
    for mode, start, length, channels in (("left", 0, 3, 2), ("right", 3, 5, 4), ("text", 8, 4, 6)):
        rows = y[:, start : start + length]
        assert torch.equal(rows[..., :channels], part.preprocessors[mode](x[mode]))
        assert torch.equal(rows[..., channels:], part.pos_encodings[mode].expand(2, length, width - channels))
    assert part.in_dtype == {"left": torch.float32, "right": torch.float32, "text": torch.int64}


def test_modes_of_open_length_leave_the_sum_open():
    assert MultimodalPreprocessor({"left": [2], "right": [5, 4]}, {m: ARC[m] for m in ("left", "right")}).out_shape == (
        None,
        6,
    )


def test_surplus_inputs_are_left_alone():
    part = MultimodalPreprocessor({"left": [3, 2]}, {"left": ARC["left"]})
    x = torch.rand(2, 3, 2)
    assert torch.equal(part({"left": x, "target": torch.rand(1)}), part({"left": x}))


def test_projection_and_classification():
    x = torch.rand(2, 3, 8)
    for cls in (ProjectionPostprocessor, ClassificationPostprocessor):
        part = cls((3, 8), 4)
        torch.testing.assert_close(part(x), x @ part.linear.weight.T + part.linear.bias)
        assert part.out_shape == (3, 4)
    assert ProjectionPostprocessor((1, 8), 4)(x[:, :1]).shape == (2, 1, 4)
    single = ClassificationPostprocessor((1, 8), 4)
    assert single(x[:, :1]).shape == (2, 4)
    assert single.out_shape == (4,)


def test_queries_are_split_in_declared_order():
    arc = {"tail": {"type": "Identity"}, "label": {"type": "ClassificationPostprocessor", "out_dim": 4}}
    part = MultimodalPostprocessor({"label": [1, 8], "tail": [2, 8]}, arc, in_shape=[3, 8])
    x = torch.rand(2, 3, 8)
    y = part(x)
    assert list(y) == ["label", "tail"]
    assert torch.equal(y["tail"], x[:, 1:])
    assert torch.equal(y["label"], part.postprocessors["label"](x[:, :1]))
    assert part.out_shape == {"label": (4,), "tail": (2, 8)}


class Every(torch.nn.Module):
    """A part of a user's own: any module that takes `in_shape` and tells `out_shape`."""

    def __init__(self, in_shape, step=2, **others):
        super().__init__()
        self.step, self.out_shape = step, (in_shape[0] // step, in_shape[1])

    def forward(self, x):
        return x[:, :: self.step]


def test_any_module_with_in_shape_and_out_shape_is_a_part():
    slot, fill = Slot("a preprocessor", {"Every": Every}), Fill("in_shape", [12, 5], ("in_shape",))
    spec = {"type": "Every", "step": 3}
    assert check_component(("arc", "preprocessor"), spec, slot, fill) == []
    part = make_component(("arc", "preprocessor"), spec, slot, fill)
    assert part(torch.rand(2, 12, 5)).shape[1:] == part.out_shape == (4, 5)
    (problem,) = check_component(("arc", "preprocessor"), {"type": "Every", "stepp": 3}, slot, fill)
    assert problem.path == ("arc", "preprocessor", "stepp")


# wrong inputs

FOURIER = {"type": "FourierPreprocessor", "num_freq_bands": 2}


def refusal(part, x):
    with pytest.raises(InputError) as caught:
        part(x)
    return str(caught.value)


def test_too_long_text_names_the_limit():
    assert refusal(TextPreprocessor(11, 7, 9), torch.zeros(2, 12, dtype=torch.int64)) == (
        "1 problem in the inputs\n"
        "inputs\n"
        "  found: sequences of 12 ids\n"
        "  expected: at most max_seq_len=9 positions\n"
        "  hint: raise max_seq_len"
    )


def test_transposed_grid_is_refused():
    assert refusal(FourierPreprocessor([4, 6, 3], 2), torch.rand(2, 6, 4, 3)) == (
        "1 problem in the inputs\ninputs\n  found: the shape (N, 6, 4, 3)\n  expected: the shape (N, 4, 6, 3)"
    )


def test_wrong_grid_names_its_mode():
    part = MultimodalPreprocessor({"image": [4, 6, 3]}, {"image": FOURIER})
    assert refusal(part, {"image": torch.rand(2, 6, 4, 3)}) == (
        "1 problem in the inputs\ninputs.image\n  found: the shape (N, 6, 4, 3)\n  expected: the shape (N, 4, 6, 3)"
    )


def test_missing_mode_is_named():
    part = MultimodalPreprocessor({"image": [4, 6, 3], "vector": [7, 2]}, {"image": FOURIER, "vector": FOURIER})
    assert refusal(part, {"image": torch.rand(2, 4, 6, 3), "vectr": torch.rand(2, 7, 2)}) == (
        "1 problem in the inputs\n"
        "inputs\n"
        "  found: no tensor 'vector'\n"
        "  expected: a tensor for each mode: image, vector\n"
        "  hint: rename 'vectr' to 'vector'"
    )
    assert refusal(part, torch.rand(2, 4)) == (
        "1 problem in the inputs\n"
        "inputs\n"
        "  found: a Tensor\n"
        "  expected: a dict with a tensor for each mode: image, vector"
    )
