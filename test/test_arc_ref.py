"""Every reference arc: its figures, its outputs beside a hand-written module, and the laws of a network."""

import copy
import io
import pickle

import pytest
import torch
import torch._dynamo
from arc_inputs import light, make_inputs, only
from handwritten import HANDWRITTEN
from torch.func import functional_call

import torcharc
from torcharc.arc_ref import REF_ARCS

# shapes without the batch axis; None is any length. Parameters and keys: reference table.
FIGURES = {
    "Conv1d": ((3, 20), (16, 6), 1_312, 14),
    "Conv2d": ((3, 20, 20), (16, 6, 6), 4_960, 14),
    "Conv3d": ((3, 20, 20, 20), (16, 6, 6, 6), 19_552, 14),
    "Linear": ((8,), (32,), 2_848, 14),
    "forward": ((8,), (32,), 2_848, 14),
    "tstransformer": ((None, 1), (None, 1), 2_316_481, 173),
    "pytorch_tstransformer": ((None, 1), (None, 1), 2_316_481, 125),
    "ConcatMerge": ({"vector_0": (4,), "vector_1": (6,), "vector_2": (8,)}, (18,), 0, 0),
    "FiLMMerge": ({"image": (3, 20, 20), "vector": (8,)}, (3, 20, 20), 54, 4),
    "ReuseFork": ((8,), {"reuse_0": (8,), "reuse_1": (8,)}, 0, 0),
    "SplitFork": ((8,), {"mean": (4,), "std": (4,)}, 0, 0),
    "merge_fork": ({"vector_0": (8,), "vector_1": (16,)}, {"mean": (4,), "std": (4,)}, 272, 4),
    "fork_merge": ((8,), (4,), 40, 4),
    "reuse_fork_forward": ((8,), {"right": (6,), "left": (8,)}, 126, 4),
    "split_fork_forward": ((8,), {"right": (6,), "left": (8,)}, 70, 4),
    "merge_forward_split": ({"image": (3, 20, 20), "vector": (8,)}, {"mean": (4,), "std": (4,)}, 9_662, 6),
    "hydra": ({"image": (3, 20, 20), "vector": (8,)}, {"mean": (4,), "std": (4,)}, 44_712, 34),
    # published less the Fourier tables, which are buffers here: 12,945,408 (image) and 1,023 (vector)
    "perceiver_im_classifer": ((224, 224, 3), (10,), 238_624_276 - 12_945_408, None),
    "perceiver_im2text": ((224, 224, 3), (512, 1024), 233_494_538 - 12_945_408, None),
    "perceiver_text2text": ((512,), (512, 1024), 15_942_592, None),
    "perceiver_ts2ts": ((None, 512), (512, 1), 15_778_401, None),
    "perceiver_ts2classifier_ts": ((None, 512), (512, 2), 15_778_562, None),
    "perceiver_ts2multimodal": (
        (None, 512),
        {"classifier": (10,), "ts_1": (512, 4), "ts_2": (128, 4)},
        15_801_778,
        None,
    ),
    "perceiver_multimodal2classifier": (
        {"image": (224, 224, 3), "vector": (31, 2)},
        (10,),
        238_629_629 - 12_946_431,
        None,
    ),
    "perceiver_multimodal2multimodal": (
        {"image": (224, 224, 3), "vector": (31, 2)},
        {"classifier": (10,), "ts_1": (512, 4), "ts_2": (128, 4)},
        233_688_133 - 12_946_431,
        None,
    ),
}


def shapes(infos):
    values = {
        name: shapes(info) if isinstance(info, dict) else info.shape if info is not None else None
        for name, info in infos.items()
    }
    return values


def assert_equal(found, expected, tolerance=0.0):
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, tensor in expected.items():
            assert_equal(found[name], tensor, tolerance)
    else:
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", FIGURES)
def test_reference_arc_has_the_figures_of_the_table(name):
    inputs, outputs, params, keys = FIGURES[name]
    found = torcharc.inspect(REF_ARCS[name])
    assert only(shapes(found.inputs)) == inputs
    shown = only(shapes(found.outputs))
    assert shown == outputs
    assert not isinstance(outputs, dict) or list(shown) == list(outputs)
    assert found.params == params
    net = torcharc.build(REF_ARCS[name], device="meta")
    assert sum(parameter.numel() for parameter in net.parameters()) == params
    assert keys is None or len(net.state_dict()) == keys


def test_every_reference_arc_has_an_oracle():
    assert set(REF_ARCS) - set(HANDWRITTEN) == {
        name for name in REF_ARCS if "transformer" in name or "perceiver" in name
    }


def test_hydra_state_dict_keys_name_the_nodes():
    keys = list(torcharc.build(REF_ARCS["hydra"]).state_dict())
    assert {key.rsplit(".", 1)[0] for key in keys} == {
        *[f"module_dict.image.{i}" for i in (0, 1, 4, 5)],
        *[f"module_dict.merge.conditioner_{part}" for part in ("scale", "shift")],
        *[f"module_dict.Linear.{i}" for i in (0, 1, 4, 5)],
        "module_dict.out",
    }


@pytest.mark.parametrize("name", HANDWRITTEN)
def test_same_seed_gives_the_weights_of_the_hand_written_module(name):
    torch.manual_seed(3)
    ours = torcharc.build(REF_ARCS[name])
    torch.manual_seed(3)
    theirs = HANDWRITTEN[name]()
    pairs = list(zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    x = make_inputs(REF_ARCS[name], 4)
    for mode in (True, False):  # the same dropout masks, the same statistics
        torch.manual_seed(5)
        y = ours.train(mode)(x)
        torch.manual_seed(5)
        expected = theirs.train(mode)(**x) if isinstance(x, dict) else theirs.train(mode)(x)
        assert_equal(y, expected, 1e-6)


@pytest.mark.parametrize("name", REF_ARCS)
def test_reference_arc_compiles_whole(name, allow_rnn):
    arc = light(name)
    net, x = torcharc.build(arc, seed=0).eval(), make_inputs(arc, 3)
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    assert_equal(compiled(x), net(x), 1e-6)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # inside inductor
@pytest.mark.parametrize("name", ["hydra", "residual_mlp", "perceiver_ts2multimodal"])
def test_reference_arc_compiles_with_inductor(name):
    arc = light(name)
    net, x = torcharc.build(arc, seed=0).eval(), make_inputs(arc, 3)
    torch._dynamo.reset()
    assert_equal(torch.compile(net, fullgraph=True)(x), net(x), 1e-5)


@pytest.mark.parametrize("name", REF_ARCS)
def test_reference_arc_exports_strictly_with_a_dynamic_batch(name, allow_rnn):
    arc = light(name)
    net, x = torcharc.build(arc, seed=0).eval(), make_inputs(arc, 3)
    batch = torch.export.Dim("batch", min=2, max=64)
    dynamic = {key: {0: batch} for key in x} if isinstance(x, dict) else {0: batch}
    shapes_of = (dynamic,) if REF_ARCS[name].get("dag_in_shape") is None else ((dynamic,),)
    exported = torch.export.export(net, (x,), dynamic_shapes=shapes_of, strict=True)
    more = make_inputs(arc, 7, seed=1)
    assert_equal(exported.module()(more), net(more), 1e-6)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("name", REF_ARCS)
def test_reference_arc_traces(name):
    arc = light(name)
    net, x = torcharc.build(arc, seed=0).eval(), make_inputs(arc, 3)
    with torch.no_grad():
        traced = torch.jit.trace(net, (x,), strict=not isinstance(net(x), dict))
        for given in (x, make_inputs(arc, 5, seed=1)):
            assert_equal(traced(given), net(given), 1e-6)


@pytest.mark.parametrize("name", REF_ARCS)
def test_reference_arc_copies_and_pickles(name):
    arc = light(name)
    net, x = torcharc.build(arc, seed=0).eval(), make_inputs(arc, 2)
    y = net(x)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert_equal(twin(x), y)
        assert twin.spec == arc
        with torch.no_grad():
            for parameter in twin.parameters():
                parameter.zero_()
        assert_equal(net(x), y)  # nothing is shared


@pytest.mark.parametrize("name", REF_ARCS)
def test_reference_arc_state_round_trips(name):
    arc = light(name)
    net, other, x = torcharc.build(arc, seed=0).eval(), torcharc.build(arc, seed=1).eval(), make_inputs(arc, 2)
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True), strict=True)
    assert_equal(other(x), net(x))


@pytest.mark.parametrize("name", REF_ARCS)
def test_reference_arc_runs_functionally_in_double_and_on_meta(name):
    arc = light(name)
    net, x = torcharc.build(arc, seed=0).eval(), make_inputs(arc, 2)
    state = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    assert_equal(functional_call(torcharc.build(arc, device="meta").eval(), state, (x,)), net(x), 1e-6)
    precise = copy.deepcopy(net).double()(make_inputs(arc, 2, dtype=torch.float64))
    flat = only(precise) if isinstance(precise, dict) and len(precise) == 1 else precise
    assert all(y.dtype == torch.float64 for y in (flat.values() if isinstance(flat, dict) else [flat]))
    on_meta = torcharc.build(arc, device="meta").eval()(
        {k: v.to("meta") for k, v in x.items()} if isinstance(x, dict) else x.to("meta")
    )
    real = net(x)
    if isinstance(real, dict):
        assert {k: v.shape for k, v in on_meta.items()} == {k: v.shape for k, v in real.items()}
    else:
        assert on_meta.shape == real.shape


@pytest.fixture
def allow_rnn():
    # torch.compile refuses LSTM unless told otherwise
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        yield
