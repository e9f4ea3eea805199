"""`build`: where a spec may come from, and what device, dtype and seed do."""

import contextlib
import copy
import gc
import json
import random

import numpy
import omegaconf
import pytest
import torch
import yaml
from torch import nn

import torcharc
from torcharc import SpecError
from torcharc.arc_ref import REF_ARCS

HYDRA = REF_ARCS["hydra"]
SMALL = {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [16, 4], "activation": "ReLU"}}


def weights(net):
    return torch.cat([parameter.flatten() for parameter in net.parameters()])


def test_single_module_is_the_class_itself():
    assert type(torcharc.build({"type": "Linear", "in_features": 8, "out_features": 4})) is nn.Linear
    assert isinstance(torcharc.build(REF_ARCS["Conv2d"]), nn.Sequential)


def test_network_keeps_its_spec_apart_from_the_given_one():
    given = copy.deepcopy(SMALL)
    net = torcharc.build(given)
    given["fc"]["layers"].append(2)
    assert net.spec == SMALL
    net.spec["fc"]["layers"].append(2)
    assert torcharc.build(SMALL).spec == SMALL  # what is cached is not what is handed out
    assert torcharc.build(REF_ARCS["Linear"]).spec == REF_ARCS["Linear"]


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_file_builds_as_its_data_does(tmp_path, suffix):
    path = tmp_path / f"net.{suffix}"
    path.write_text(yaml.safe_dump(HYDRA, sort_keys=False) if suffix == "yaml" else json.dumps(HYDRA))
    for source in (path, str(path)):
        assert torch.equal(weights(torcharc.build(source, seed=1)), weights(torcharc.build(HYDRA, seed=1)))


def test_omegaconf_builds_as_its_data_does():
    spec = omegaconf.OmegaConf.create(HYDRA)
    net = torcharc.build(spec, seed=1)
    assert torch.equal(weights(net), weights(torcharc.build(HYDRA, seed=1)))
    assert net.spec == HYDRA
    assert type(net.spec) is dict


def test_missing_file_is_a_problem_of_the_spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as error:
        torcharc.build("net.yaml")
    assert str(error.value) == (
        "1 problem in the spec\n"
        "spec\n"
        "  found: 'net.yaml'\n"
        "  expected: the path of a spec file; no such file or directory"
    )


def test_seed_gives_the_same_weights_and_leaves_the_random_state():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second, other = (torcharc.build(HYDRA, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(other))
    torch.manual_seed(1)
    assert torch.equal(weights(torcharc.build(HYDRA)), weights(first))


def test_inference_draws_nothing():
    spec = {"dag_in_shape": [6, 8], "tf": {"type": "TransformerEncoderLayer", "nhead": 2, "dim_feedforward": 11}}
    states = torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].copy()
    torcharc.inspect(spec)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert (numpy.random.get_state()[1] == states[2]).all()


def test_failing_build_leaves_no_trace():
    class Fragile(nn.Module):
        """Fails where it is made for real."""

        def __init__(self, in_features: int):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(in_features))
            if self.weight.device.type != "meta":
                raise RuntimeError("no room")

        def forward(self, x):
            return x * self.weight

    torcharc.register(Fragile)
    try:
        state = torch.get_rng_state()
        spec = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 8}, "bad": {"type": "Fragile"}}
        with pytest.raises(SpecError) as error:
            torcharc.build(spec)
        assert str(error.value) == (
            "1 problem in the spec\nspec.bad\n  found: RuntimeError: no room\n  expected: a module that can be made"
        )
        assert isinstance(error.value.__cause__, RuntimeError)
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torcharc.unregister("Fragile")


def test_registering_anew_takes_effect_at_once():
    def make(width):
        return torcharc.register("Widen", lambda in_features: nn.Linear(in_features, width), infer={"in_features": -1})

    spec = {"dag_in_shape": [8], "wide": {"type": "Widen"}}
    for width in (3, 5):
        make(width)
        try:
            assert torcharc.build(spec)(torch.rand(2, 8)).shape == (2, width)
        finally:
            torcharc.unregister("Widen")


def test_device_meta_takes_no_memory():
    net = torcharc.build(REF_ARCS["perceiver_im_classifer"], device="meta")
    assert {tensor.device.type for tensor in net.state_dict().values()} == {"meta"}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dtype_casts_what_floats(dtype):
    net = torcharc.build(HYDRA, dtype=dtype, seed=0)
    assert {parameter.dtype for parameter in net.parameters()} == {dtype}
    counters = [buffer for name, buffer in net.named_buffers() if name.endswith("num_batches_tracked")]
    assert {counter.dtype for counter in counters} == {torch.int64}
    torch.testing.assert_close(weights(net), weights(torcharc.build(HYDRA, seed=0)).to(dtype))


def test_default_dtype_and_device_of_torch_apply():
    torch.set_default_dtype(torch.float64)
    try:
        assert (
            torcharc.build({**SMALL, "fc": {**SMALL["fc"], "layers": [15, 4]}})(torch.rand(2, 8)).dtype == torch.float64
        )
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.device("meta"):
        assert next(torcharc.build(SMALL).parameters()).device.type == "meta"


def test_garbage_collector_is_left_as_it_was():
    for spec in ({"type": "ReLU"}, {"type": "Relu6x"}):
        for set_it, expected in ((gc.disable, False), (gc.enable, True)):
            set_it()
            with contextlib.suppress(torcharc.SpecError):
                torcharc.build(spec)
            assert gc.isenabled() is expected
