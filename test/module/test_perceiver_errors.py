"""What a Perceiver says to arguments that it cannot work with; every message is compared whole."""

import copy

import pytest

from torcharc.errors import ArgumentError
from torcharc.module.perceiver import (
    MultimodalPostprocessor,
    Perceiver,
    PerceiverDecoder,
    PerceiverEncoder,
    TextPreprocessor,
)

ARC = {
    "preprocessor": {"type": "FourierPreprocessor", "num_freq_bands": 2},
    "encoder": {"type": "PerceiverEncoder", "latent_shape": [4, 6]},
    "decoder": {"type": "PerceiverDecoder", "out_shape": [3, 8]},
    "postprocessor": {"type": "ClassificationPostprocessor", "out_dim": 2},
}
TEXT = {"preprocessor": {"type": "TextPreprocessor", "vocab_size": 11, "embed_dim": 7, "max_seq_len": 9}}
SERIES = {"preprocessor": {"type": "Identity"}}
FOURIER = ARC["preprocessor"]
MODES = {
    "preprocessor": {"type": "MultimodalPreprocessor", "arc": {"image": FOURIER, "vector": FOURIER}},
    "postprocessor": {
        "type": "MultimodalPostprocessor",
        "in_shapes": {"label": [1, 8], "series": [2, 8]},
        "arc": {"label": ARC["postprocessor"], "series": {"type": "Identity"}},
    },
}
IMAGE, BOTH = [4, 6, 3], {"image": [4, 6, 3], "vector": [7, 2]}
GONE = object()


def edit(arc, changes):
    """A copy of `arc` with the value at each dotted path replaced, or, with GONE, removed."""
    arc = copy.deepcopy(arc)
    for path, value in changes.items():
        *way, last = path.split(".")
        place = arc
        for key in way:
            place = place[key]
        place[last] = value
        if value is GONE:
            del place[last]
    return arc


def refusal(cls, *args, **kwargs):
    with pytest.raises(ArgumentError) as caught:
        cls(*args, **kwargs)
    return str(caught.value).splitlines()


def refused(arc, **shapes):
    return refusal(Perceiver, arc, **shapes)


def test_faults_of_all_parts_come_at_once():
    changes = {
        "preprocessor.num_freq_bands": GONE,
        "preprocessor.num_freq_bandz": 4,
        "encoder.type": "PerceiverEncodr",
        "decoder.type": GONE,
        "decoder.typ": "PerceiverDecoder",
        "postprocessor": 5,
    }
    assert refused(edit(ARC, changes), in_shape=IMAGE) == [
        "4 problems in the arguments",
        "arc.preprocessor.num_freq_bandz",
        "  found: the key 'num_freq_bandz'",
        "  expected: one of the keys: cat_pos, in_shape, max_reso, num_freq_bands",
        "  hint: did you mean 'num_freq_bands'?",
        "arc.encoder.type",
        "  found: 'PerceiverEncodr'",
        "  expected: an encoder: PerceiverEncoder",
        "  hint: did you mean 'PerceiverEncoder'?",
        "arc.decoder",
        "  found: no key 'type'",
        "  expected: the key 'type', which is required",
        "  hint: rename 'typ' to 'type'",
        "arc.postprocessor",
        "  found: 5",
        "  expected: a mapping with the key 'type'",
    ]


def test_misspelt_part_is_paired_with_the_missing_one():
    assert refused(edit(ARC, {"encoder": GONE, "encodr": {}}), in_shape=IMAGE) == [
        "1 problem in the arguments",
        "arc.encodr",
        "  found: the key 'encodr'",
        "  expected: one of the keys: decoder, encoder, postprocessor, preprocessor",
        "  hint: did you mean 'encoder'?",
    ]


def test_missing_parts_are_named():
    assert refused(edit(ARC, {"encoder": GONE, "decoder": GONE}), in_shape=IMAGE) == [
        "2 problems in the arguments",
        "arc",
        "  found: no key 'encoder'",
        "  expected: the key 'encoder', which is required",
        "arc",
        "  found: no key 'decoder'",
        "  expected: the key 'decoder', which is required",
    ]


def test_no_arc_and_no_shape():
    assert refused(None) == [
        "2 problems in the arguments",
        "in_shape",
        "  found: neither in_shape nor in_shapes",
        "  expected: in_shape, or in_shapes by mode",
        "arc",
        "  found: nothing",
        "  expected: a mapping with the keys preprocessor, encoder, decoder, postprocessor",
    ]


@pytest.mark.parametrize(
    ("arc", "shapes", "lines"),
    [
        (
            ARC,
            {"in_shape": IMAGE, "in_shapes": BOTH},
            ["in_shapes", "  found: both in_shape and in_shapes", "  expected: one of them"],
        ),
        (ARC, {}, ["in_shape", "  found: neither in_shape nor in_shapes", "  expected: in_shape"]),
        (
            ARC | MODES,
            {},
            [
                "in_shape",
                "  found: neither in_shape nor in_shapes",
                "  expected: in_shapes, a shape for each mode",
            ],
        ),
        (
            ARC | MODES,
            {"in_shape": IMAGE},
            [
                "in_shape",
                "  found: the key 'in_shape'",
                "  expected: in_shapes, a shape for each mode, which the preprocessor takes",
            ],
        ),
        (
            ARC,
            {"in_shapes": BOTH},
            ["in_shapes", "  found: the key 'in_shapes'", "  expected: in_shape, which the preprocessor takes"],
        ),
        (
            ARC,
            {"in_shape": [4, "6", 3]},
            ["in_shape", "  found: [4, '6', 3]", "  expected: [*grid, channels], integers above 0"],
        ),
        (
            ARC,
            {"in_shape": [4, None, 3]},
            ["in_shape", "  found: [4, None, 3]", "  expected: [*grid, channels], integers above 0"],
        ),
        (ARC, {"in_shape": [3]}, ["in_shape", "  found: [3]", "  expected: [*grid, channels], integers above 0"]),
        (ARC | TEXT, {"in_shape": [10]}, ["in_shape", "  found: [10]", "  expected: at most max_seq_len=9 positions"]),
        (
            ARC | TEXT,
            {"in_shape": [9, 5]},
            ["in_shape", "  found: [9, 5]", "  expected: [positions], an integer above 0 or null"],
        ),
        (
            ARC | SERIES,
            {"in_shape": [3, 4, 5]},
            [
                "in_shape",
                "  found: [3, 4, 5]",
                "  expected: [channels] or [positions, channels], integers above 0",
            ],
        ),
        (
            ARC | SERIES,
            {"in_shape": [None]},
            ["in_shape", "  found: [None]", "  expected: [channels] or [positions, channels], integers above 0"],
        ),
    ],
)
def test_wrong_input_shape(arc, shapes, lines):
    assert refused(arc, **shapes) == ["1 problem in the arguments", *lines]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (
            {"encoder.in_shape": [24, 14]},
            ["arc.encoder.in_shape", "  found: [24, 14]", "  expected: [24, 13], or no such key"],
        ),
        (
            {"preprocessor.in_shape": [4, 5, 3], "decoder.in_shape": 6},
            [
                "arc.preprocessor.in_shape",
                "  found: [4, 5, 3]",
                "  expected: [4, 6, 3], or no such key",
                "arc.decoder.in_shape",
                "  found: 6",
                "  expected: [4, 6], or no such key",
            ],
        ),
        (
            {"preprocessor.cat_pos": 1, "preprocessor.max_reso": [224]},
            [
                "arc.preprocessor.cat_pos",
                "  found: 1",
                "  expected: true or false",
                "arc.preprocessor.max_reso",
                "  found: [224]",
                "  expected: 2 integers, one for each axis of the grid [4, 6]",
            ],
        ),
        (
            {"preprocessor.max_reso": [4, 0]},
            [
                "arc.preprocessor.max_reso",
                "  found: [4, 0]",
                "  expected: an integer above 0 for each axis of the grid, or null",
            ],
        ),
        (
            {"encoder.latent_shape": [4], "encoder.v_head_dim": 0, "encoder.num_self_attn_blocks": 4.0},
            [
                "arc.encoder.latent_shape",
                "  found: [4]",
                "  expected: [latents, channels], integers above 0",
                "arc.encoder.v_head_dim",
                "  found: 0",
                "  expected: an integer above 0 or null",
                "arc.encoder.num_self_attn_blocks",
                "  found: 4.0",
                "  expected: an integer from 1 to 128",
                "  hint: write 4",
            ],
        ),
        (
            {"decoder.out_shape": [0, 8], "decoder.cross_attn_num_heads": "4", "decoder.dropout_p": 1.0},
            [
                "arc.decoder.out_shape",
                "  found: [0, 8]",
                "  expected: [queries, channels], integers above 0",
                "arc.decoder.cross_attn_num_heads",
                "  found: '4'",
                "  expected: an integer above 0",
                "  hint: write 4 without quotes",
                "arc.decoder.dropout_p",
                "  found: 1.0",
                "  expected: a number from 0 (included) to 1 (excluded)",
            ],
        ),
    ],
)
def test_wrong_argument_of_a_part(changes, lines):
    count = sum(not line.startswith(" ") for line in lines)
    head = f"{count} problem{'s' if count > 1 else ''} in the arguments"
    assert refused(edit(ARC, changes), in_shape=IMAGE) == [head, *lines]


def test_faults_of_all_modes_come_at_once():
    changes = {
        "preprocessor.arc.image": {"type": "MultimodalPreprocessor"},
        "preprocessor.arc.vector.num_freq_bands": True,
        "preprocessor.pad_channels": -1,
        "postprocessor.arc.label.out_dimm": 3,
        "postprocessor.in_shapes.series": [3, 7],
    }
    assert refused(edit(ARC | MODES, changes), in_shapes=BOTH) == [
        "6 problems in the arguments",
        "arc.preprocessor.arc.image.type",
        "  found: 'MultimodalPreprocessor'",
        "  expected: a preprocessor: FourierPreprocessor, Identity, TextPreprocessor",
        "arc.preprocessor.arc.vector.num_freq_bands",
        "  found: True",
        "  expected: an integer above 0",
        "arc.preprocessor.pad_channels",
        "  found: -1",
        "  expected: an integer of at least 0",
        "arc.postprocessor.arc.label.out_dimm",
        "  found: the key 'out_dimm'",
        "  expected: one of the keys: in_shape, out_dim",
        "  hint: did you mean 'out_dim'?",
        "arc.postprocessor.in_shapes.series",
        "  found: [3, 7]",
        "  expected: 8 channels, as the queries have",
        "arc.postprocessor.in_shapes",
        "  found: 1 + 3 = 4 queries",
        "  expected: shapes whose queries sum to 3, the decoder's",
    ]


def test_modes_of_shapes_and_parts_must_be_the_same():
    assert refused(ARC | MODES, in_shapes={"image": [4], "vectr": [7, 2]}) == [
        "2 problems in the arguments",
        "arc.preprocessor.arc.vector",
        "  found: the key 'vector'",
        "  expected: one of the keys: image, vectr",
        "  hint: did you mean 'vectr'?",
        "in_shapes.image",
        "  found: [4]",
        "  expected: [*grid, channels], integers above 0",
    ]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("a.b", "a name without dots"),
        ("type", "a name that is no attribute of a module"),
        (5, "a name without dots"),
        ("", "a name without dots"),
    ],
)
def test_mode_must_be_a_name_that_is_free(mode, expected):
    arc = edit(ARC | MODES, {"preprocessor.arc": {mode: FOURIER}})
    assert refused(arc, in_shapes={mode: [4, 3]}) == [
        "1 problem in the arguments",
        "in_shapes",
        f"  found: the mode {mode!r}",
        f"  expected: {expected}",
    ]


@pytest.mark.parametrize(
    ("cls", "arguments", "lines"),
    [
        (
            PerceiverEncoder,
            {"in_shape": (5,), "latent_shape": (4, 6), "head_dim": -1},
            [
                "2 problems in the arguments",
                "in_shape",
                "  found: (5,)",
                "  expected: [positions, channels], integers above 0",
                "head_dim",
                "  found: -1",
                "  expected: an integer above 0",
            ],
        ),
        (
            PerceiverDecoder,
            {"in_shape": (None, None), "out_shape": (4, 6)},
            [
                "1 problem in the arguments",
                "in_shape",
                "  found: (None, None)",
                "  expected: [latents, channels], integers above 0",
            ],
        ),
        (
            TextPreprocessor,
            {"vocab_size": 0, "embed_dim": 7},
            ["1 problem in the arguments", "vocab_size", "  found: 0", "  expected: an integer above 0"],
        ),
        (
            MultimodalPostprocessor,
            {"in_shapes": {"a": [1, 8], "b": [2, 7]}, "arc": {"a": {"type": "Identity"}, "b": {"type": "Identity"}}},
            ["1 problem in the arguments", "in_shapes.b", "  found: [2, 7]", "  expected: 8 channels, as 'a' has"],
        ),
        (
            MultimodalPostprocessor,
            {"in_shapes": {}, "arc": 5},
            [
                "2 problems in the arguments",
                "in_shapes",
                "  found: {}",
                "  expected: a mapping from each mode to its shape",
                "arc",
                "  found: 5",
                "  expected: a mapping from each mode to its part",
            ],
        ),
    ],
)
def test_a_part_alone_names_its_own_arguments(cls, arguments, lines):
    assert refusal(cls, **arguments) == lines
