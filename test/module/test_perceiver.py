"""Whole Perceivers: shapes, published counts, old files, and what PyTorch does with modules."""

import copy
import pickle

import pytest
import torch

from torcharc.module.perceiver import Perceiver

ENCODER = {
    "type": "PerceiverEncoder",
    "latent_shape": [4, 6],
    "head_dim": 3,
    "v_head_dim": 5,
    "cross_attn_num_heads": 2,
    "cross_attn_widening_factor": 2,
    "num_self_attn_blocks": 3,
    "num_self_attn_per_block": 2,
    "self_attn_num_heads": 2,
    "self_attn_widening_factor": 3,
}
DECODER = {
    "type": "PerceiverDecoder",
    "out_shape": [3, 8],
    "head_dim": 3,
    "v_head_dim": 2,
    "cross_attn_num_heads": 2,
}
FOURIER = {"type": "FourierPreprocessor", "num_freq_bands": 2}
TEXT = {"type": "TextPreprocessor", "vocab_size": 11, "embed_dim": 7, "max_seq_len": 9}
CLASSES = {"type": "ClassificationPostprocessor", "out_dim": 2}
MODES_IN = {"type": "MultimodalPreprocessor", "arc": {"image": FOURIER, "vector": FOURIER}, "pad_channels": 2}
MODES_OUT = {
    "type": "MultimodalPostprocessor",
    "in_shapes": {"label": [1, 8], "series": [2, 8]},
    "arc": {
        "label": {"type": "ClassificationPostprocessor", "out_dim": 3},
        "series": {"type": "ProjectionPostprocessor", "out_dim": 2},
    },
}
BOTH = {"image": [4, 6, 3], "vector": [7, 2]}
SPLIT = {"label": (3,), "series": (2, 2)}

# kind: (in_shape or in_shapes, preprocessor, postprocessor, out_shape)
KINDS = {
    "image": ([4, 6, 3], FOURIER, CLASSES, (3, 2)),
    "text": ([9], TEXT, CLASSES, (3, 2)),
    "series": ([5], {"type": "Identity"}, {"type": "ProjectionPostprocessor", "out_dim": 1}, (3, 1)),
    "modes_in": (BOTH, MODES_IN, {"type": "Identity"}, (3, 8)),
    "modes_out": ([12, 5], {"type": "Identity"}, MODES_OUT, SPLIT),
    "modes_both": (BOTH, MODES_IN, MODES_OUT, SPLIT),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def arguments(kind):
    shape, preprocessor, postprocessor, _ = KINDS[kind]
    arc = {"preprocessor": preprocessor, "encoder": ENCODER, "decoder": DECODER, "postprocessor": postprocessor}
    return {"in_shapes" if isinstance(shape, dict) else "in_shape": shape, "arc": arc}


def make(kind, seed=0, **encoder):
    torch.manual_seed(seed)
    given = arguments(kind)
    given["arc"]["encoder"] = ENCODER | encoder
    return Perceiver(**given).eval()


def make_light(kind):
    """Few layers, where a compiler looks at each of them."""
    return make(kind, num_self_attn_blocks=2, num_self_attn_per_block=1)


def draw(kind, batch=2, dtype=torch.float32):
    """Inputs of a kind; a series has 12 positions."""
    if kind == "text":
        return torch.randint(0, 11, (batch, 9))
    shape = KINDS[kind][0]
    if isinstance(shape, dict):
        return {mode: torch.rand(batch, *size, dtype=dtype) for mode, size in shape.items()}
    return torch.rand(batch, *([12, 5] if kind == "series" else shape), dtype=dtype)


def shapes(y):
    return {mode: tuple(x.shape[1:]) for mode, x in y.items()} if isinstance(y, dict) else tuple(y.shape[1:])


def same(left, right):
    torch.testing.assert_close(left, right, rtol=0, atol=1e-6)
    return list(left) == list(right) if isinstance(left, dict) else True


# the eight reference arcs


def vision(out_shape, head_dim):
    encoder = {"type": "PerceiverEncoder", "latent_shape": [512, 1024], "head_dim": 1024}
    return encoder, {"type": "PerceiverDecoder", "out_shape": out_shape, "head_dim": head_dim}


def sequence(out_shape):
    encoder = {
        "type": "PerceiverEncoder",
        "latent_shape": [256, 160],
        "v_head_dim": 160,
        "cross_attn_num_heads": 8,
        "num_self_attn_blocks": 1,
        "num_self_attn_per_block": 26,
    }
    return encoder, {"type": "PerceiverDecoder", "out_shape": out_shape, "v_head_dim": 96, "cross_attn_num_heads": 8}


PIXELS = {"type": "FourierPreprocessor", "num_freq_bands": 64, "max_reso": [224, 224]}
STATES = {"type": "FourierPreprocessor", "num_freq_bands": 16, "max_reso": [31]}
PIXELS_STATES = {"type": "MultimodalPreprocessor", "arc": {"image": PIXELS, "vector": STATES}}
WORDS = {"type": "TextPreprocessor", "vocab_size": 1024, "embed_dim": 256}
OUTPUTS = {
    "type": "MultimodalPostprocessor",
    "in_shapes": {"classifier": [1, 160], "ts_1": [512, 160], "ts_2": [128, 160]},
    "arc": {
        "classifier": {"type": "ClassificationPostprocessor", "out_dim": 10},
        "ts_1": {"type": "ProjectionPostprocessor", "out_dim": 4},
        "ts_2": {"type": "ProjectionPostprocessor", "out_dim": 4},
    },
}
IMAGE, IMAGE_VECTOR, SERIES = [224, 224, 3], {"image": [224, 224, 3], "vector": [31, 2]}, {"type": "Identity"}
IMAGE_TABLE, VECTOR_TABLE = 12_945_408, 1_023  # parameters there, buffers here
SIZES_OUT = {"classifier": (10,), "ts_1": (512, 4), "ts_2": (128, 4)}

# in_shape, preprocessor, encoder and decoder, postprocessor, input, output, published count, size of the tables
REFERENCE = {
    "im_classifer": (IMAGE, PIXELS, vision([1, 1024], 1024), 10, (10,), 238_624_276, IMAGE_TABLE),
    "im2text": (IMAGE, PIXELS, vision([512, 256], 256), 1024, (512, 1024), 233_494_538, IMAGE_TABLE),
    "text2text": ([512], WORDS, sequence([512, 160]), 1024, (512, 1024), 15_942_592, 0),
    "ts2ts": ([512], SERIES, sequence([512, 160]), 1, (512, 1), 15_778_401, 0),
    "ts2classifier_ts": ([512], SERIES, sequence([512, 160]), 2, (512, 2), 15_778_562, 0),
    "ts2multimodal": ([512], SERIES, sequence([641, 160]), OUTPUTS, SIZES_OUT, 15_801_778, 0),
    "multimodal2classifier": (
        IMAGE_VECTOR,
        PIXELS_STATES,
        vision([1, 1024], 1024),
        10,
        (10,),
        238_629_629,
        IMAGE_TABLE + VECTOR_TABLE,
    ),
    "multimodal2multimodal": (
        IMAGE_VECTOR,
        PIXELS_STATES,
        (vision([1, 1024], 1024)[0], sequence([641, 160])[1]),
        OUTPUTS,
        SIZES_OUT,
        233_688_133,
        IMAGE_TABLE + VECTOR_TABLE,
    ),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_arc_has_published_shape_and_count(name):
    shape, preprocessor, (encoder, decoder), post, out_shape, published, tables = REFERENCE[name]
    post = post if isinstance(post, dict) else {"type": "ClassificationPostprocessor", "out_dim": post}
    arc = {"preprocessor": preprocessor, "encoder": encoder, "decoder": decoder, "postprocessor": post}
    modes = isinstance(shape, dict)
    with torch.device("meta"):
        perceiver = Perceiver(arc, **{"in_shapes" if modes else "in_shape": shape})
        if modes:
            y = perceiver({mode: torch.empty(2, *size) for mode, size in shape.items()})
        elif name == "text2text":
            y = perceiver(torch.empty(2, 512, dtype=torch.int64))
        else:
            y = perceiver(torch.empty(2, *(shape if len(shape) > 1 else (100, *shape))))
    assert shapes(y) == out_shape == perceiver.out_shape
    assert sum(x.numel() for x in perceiver.parameters()) == published - tables
    assert sum(x.numel() for x in perceiver.buffers()) == tables


# old files


def fill(names_and_shapes):
    """Values by formula: the n-th name in sorted order gets sin(n), sin(2n), ... / 2."""
    return {
        name: torch.sin((n + 1.0) * torch.arange(1, shape.numel() + 1, dtype=torch.float64)).view(shape) / 2
        for n, (name, shape) in enumerate(sorted(names_and_shapes.items()))
    }


def with_aliases(state):
    """`state` as torcharc 1.x wrote it: the block once per application, all parts again as a sequence."""
    block = "_encoder.encoder_processor.1."
    old = dict(state)
    for key, value in state.items():
        if key.startswith(block):
            old |= {key.replace(block, f"_encoder.encoder_processor.{n}."): value for n in (2, 3)}
    parts = ("_preprocessor.", "_encoder.", "_decoder.", "_postprocessor.")
    for key in list(old):
        number = next(n for n, part in enumerate(parts) if key.startswith(part))
        old[f"module.{number}.{key.removeprefix(parts[number])}"] = old[key]
    return old


# outputs of torcharc 1.2.1 in float64, for the weights of `fill`
OLD_OUTPUTS = {
    "modes_both": {
        "label": [[0.46283214, -0.62839658, 0.02907479]],
        "series": [[[-0.51031593, -0.06162047], [-0.64220112, 0.10619232]]],
    },
    "text": [[[0.45244253, -0.58385665], [0.50387026, -0.53560191], [0.61528519, -0.69684759]]],
}
OLD_KEYS = {"modes_both": 284, "text": 276}


@pytest.mark.parametrize("kind", OLD_OUTPUTS)
def test_file_of_torcharc_1_loads_strictly_and_gives_its_numbers(kind):
    perceiver = make(kind).double()
    old = with_aliases(fill({key: value.shape for key, value in perceiver.state_dict().items()}))
    assert len(old) == OLD_KEYS[kind]
    perceiver.load_state_dict(old)

    def wave(*size):
        return torch.arange(1, torch.Size(size).numel() + 1, dtype=torch.float64).sin().view(1, *size)

    x = torch.arange(8)[None] if kind == "text" else {mode: wave(*size) for mode, size in BOTH.items()}
    expected = OLD_OUTPUTS[kind]
    y = perceiver(x)
    for got, want in zip(y.values(), expected.values(), strict=True) if kind != "text" else [(y, expected)]:
        torch.testing.assert_close(got, torch.tensor(want, dtype=torch.float64), rtol=0, atol=1e-7)


def test_old_file_loads_below_a_prefix():
    perceiver = make("series")
    parent = torch.nn.ModuleDict({"node": perceiver})
    old = {f"node.{key}": value for key, value in with_aliases(make("series", seed=1).state_dict()).items()}
    parent.load_state_dict(old)
    x = draw("series")
    assert same(perceiver(x), make("series", seed=1)(x))
    assert any(".module.0." in key for key in old)  # the caller's dict stays whole


@every_kind
def test_state_holds_each_tensor_once(kind):
    perceiver = make(kind)
    state = perceiver.state_dict(keep_vars=True)
    assert len({id(value) for value in state.values()}) == len(state)
    parts = {key.split(".")[0] for key in state}
    assert parts <= {"_preprocessor", "_encoder", "_decoder", "_postprocessor"}
    other = make(kind, seed=1)
    other.load_state_dict(perceiver.state_dict())
    x = draw(kind)
    assert same(other(x), perceiver(x))


def test_strict_load_still_refuses_a_surplus_key():
    state = make("series").state_dict()
    with pytest.raises(RuntimeError, match="Unexpected key"):
        make("series").load_state_dict({**state, "_decoder.bonus": torch.zeros(1)})


# laws of every kind


@every_kind
def test_out_shape_agrees_with_forward(kind):
    perceiver = make(kind)
    for batch in (1, 3):
        assert shapes(perceiver(draw(kind, batch))) == perceiver.out_shape == KINDS[kind][3]


@every_kind
def test_arc_stays_as_it_is(kind):
    before = copy.deepcopy(arguments(kind))
    given = arguments(kind)
    Perceiver(**given)
    assert given == before


@every_kind
def test_gradient_reaches_every_parameter(kind):
    perceiver = make(kind).train()
    y = perceiver(draw(kind))
    loss = sum(x.square().sum() for x in y.values()) if isinstance(y, dict) else y.square().sum()
    loss.backward()
    assert [name for name, parameter in perceiver.named_parameters() if parameter.grad is None] == []


@every_kind
def test_samples_do_not_mix(kind):
    perceiver, x = make(kind), draw(kind, 3)
    first = {mode: t[:1] for mode, t in x.items()} if isinstance(x, dict) else x[:1]
    y, alone = perceiver(x), perceiver(first)
    assert same({mode: t[:1] for mode, t in y.items()} if isinstance(y, dict) else y[:1], alone)


@every_kind
def test_compiles_as_one_graph(kind):
    torch.compiler.reset()
    perceiver, x = make_light(kind), draw(kind)
    assert same(torch.compile(perceiver, fullgraph=True, backend="eager")(x), perceiver(x))


@every_kind
def test_exports_strictly_for_any_batch(kind):
    perceiver, x = make_light(kind), draw(kind)
    batch = {0: torch.export.Dim("batch")}
    dynamic = dict.fromkeys(x, batch) if isinstance(x, dict) else batch
    program = torch.export.export(perceiver, (x,), dynamic_shapes=(dynamic,), strict=True)
    other = draw(kind, 5)
    assert same(program.module()(other), perceiver(other))


@every_kind
@pytest.mark.filterwarnings("ignore:`torch.jit.trace:DeprecationWarning")
def test_traces(kind):
    perceiver, x = make_light(kind), draw(kind)
    traced = torch.jit.trace(perceiver, (x,), strict=False)
    other = draw(kind, 5)
    assert same(traced(other), perceiver(other))


@every_kind
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
def test_copies_give_the_same(kind, duplicate):
    perceiver, x = make(kind), draw(kind)
    assert same(duplicate(perceiver)(x), perceiver(x))


@every_kind
def test_double_agrees(kind):
    perceiver, x = make(kind), draw(kind, dtype=torch.float64)
    wide = copy.deepcopy(perceiver).double()(x)
    single = {mode: t.float() for mode, t in x.items()} if isinstance(x, dict) else x
    single = single.float() if kind not in ("text", "modes_in", "modes_both") else single
    y = perceiver(single)
    for left, right in zip(wide.values(), y.values(), strict=True) if isinstance(y, dict) else [(wide, y)]:
        assert left.dtype == torch.float64
        torch.testing.assert_close(left.float(), right, rtol=0, atol=1e-5)


@every_kind
def test_functional_call_takes_other_weights(kind):
    perceiver, other, x = make(kind), make(kind, seed=1), draw(kind)
    assert same(torch.func.functional_call(perceiver, other.state_dict(), (x,)), other(x))


@every_kind
def test_meta_takes_no_memory_and_no_random_numbers(kind):
    torch.manual_seed(0)
    with torch.device("meta"):
        perceiver = Perceiver(**arguments(kind))
    assert all(x.is_meta for x in perceiver.state_dict().values())
    after = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(3))
    perceiver.to_empty(device="cpu").load_state_dict(make(kind).state_dict())
    x = draw(kind)
    assert same(perceiver.eval()(x), make(kind)(x))


@every_kind
def test_in_dtype_is_what_the_preprocessor_needs(kind):
    x = draw(kind)
    assert make(kind).in_dtype == ({mode: t.dtype for mode, t in x.items()} if isinstance(x, dict) else x.dtype)


def test_dropout_acts_in_training_only():
    given = arguments("series")
    given["arc"] |= {"encoder": ENCODER | {"dropout_p": 0.5}, "decoder": DECODER | {"dropout_p": 0.5}}
    perceiver, x = Perceiver(**given), draw("series")
    assert not torch.equal(perceiver(x), perceiver(x))
    perceiver.eval()
    assert torch.equal(perceiver(x), perceiver(x))


def test_series_may_have_any_length():
    assert [shapes(make("series")(torch.rand(2, length, 5))) for length in (1, 3, 50)] == [(3, 1)] * 3


def test_order_of_the_callers_dict_does_not_matter():
    perceiver, x = make("modes_both"), draw("modes_both")
    assert same(perceiver(dict(reversed(x.items()))), perceiver(x))
    assert list(perceiver(x)) == ["label", "series"]


def test_masked_positions_are_not_seen():
    perceiver, x = make("series"), draw("series")
    mask = torch.arange(12).expand(2, 12) < torch.tensor([[5], [12]])
    y = perceiver(x, mask)
    assert same(y[:1], perceiver(x[:1, :5]))
    assert same(y[1:], perceiver(x[1:]))


def test_parts_may_repeat_the_shapes_they_get():
    given = arguments("image")
    positions = {"encoder": [24, 13], "decoder": [4, 6], "postprocessor": [3, 8], "preprocessor": [4, 6, 3]}
    given["arc"] = {name: spec | {"in_shape": positions[name]} for name, spec in given["arc"].items()}
    assert shapes(Perceiver(**given)(draw("image"))) == (3, 2)
