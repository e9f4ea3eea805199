"""`hash`: equal for every spelling of one network, different for different ones, the same in every process."""

import copy
import json
import os
import subprocess
import sys

import graphs
import pytest
import torch
from arcgraph_specs import graph, node
from hypothesis import given
from test_conversion import RANDOM, SPECS

import torcharc

ARC = {
    "dag_in_shape": {"image": [3, 8, 8], "vector": [5]},
    "conv": {"type": "Conv2d", "in_names": ["image"], "layers": [[4, 3], [6, 3]], "activation": "ReLU"},
    "flat": {"type": "Flatten", "in_names": ["image"]},
    "fc": {"type": "Linear", "in_names": ["vector"], "out_features": 7, "init": "normal_"},
    "cat": {"type": "ConcatMerge", "in_names": ["image", "vector"]},
}
DIGEST = "d2f65f0b2b909c51a64376762142bf6409df6b5875fd592fc1ef03d4819824ba"


def changed(path, value):
    """The arc with another value at a place; None takes it out."""
    arc = copy.deepcopy(ARC)
    *way, key = path
    place = arc
    for step in way:
        place = place[step]
    if value is None:
        del place[key]
    else:
        place[key] = value
    return arc


def test_digest_is_that_of_the_first_version():
    assert torcharc.hash(ARC) == DIGEST


def test_digest_is_the_same_in_another_process():
    code = "import json, sys, torcharc; print(torcharc.hash(json.load(sys.stdin)))"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            input=json.dumps(ARC),
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == torcharc.hash(ARC)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("fc", "type"), "torch.nn.Linear"),
        (("fc", "type"), "nn.Linear"),
        (("fc", "type"), "LazyLinear"),
        (("fc", "bias"), True),
        (("fc", "in_features"), 5),
        (("fc", "init"), {"type": "normal_"}),
        (("fc", "init"), {"type": "normal_", "std": 1, "mean": 0.0}),
        (("conv", "layers"), [[4, 3, 1], [6, 3, 1, 0]]),
        (("conv", "layers"), [{"kernel_size": 3, "out_channels": 4}, [6, 3]]),
        (("conv", "layers"), "${[[4, 3], [2 * 3, 3]]}"),
        (("conv", "activation"), {"type": "ReLU", "inplace": False}),
        (("conv", "activation"), "torch.nn.ReLU"),
        (("conv", "batch_norm"), False),
        (("conv", "dropout"), 0),
        (("conv", "stride"), 1),
        (("flat", "start_dim"), 1),
        (("flat", "in_names"), None),
        (("dag_vars",), {"unused": 3}),
    ],
    ids=str,
)
def test_another_spelling_has_the_same_digest(path, value):
    assert torcharc.hash(changed(path, value)) == torcharc.hash(ARC)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("fc", "out_features"), 8),
        (("fc", "bias"), False),
        (("fc", "init"), None),
        (("fc", "init"), {"type": "normal_", "std": 0.1}),
        (("conv", "layers"), [[4, 3], [6, 3, 2]]),
        (("conv", "activation"), "ReLU6"),
        (("conv", "activation"), {"type": "ReLU", "inplace": True}),
        (("conv", "batch_norm"), True),
        (("conv", "dropout"), 0.1),
        (("flat", "type"), "torch.flatten"),
        (("dag_in_shape", "vector"), [6]),
        (("dag_in_shape", "extra"), [6]),
        (("cat", "in_names"), ["vector", "image"]),
    ],
    ids=str,
)
def test_another_network_has_another_digest(path, value):
    other = changed(path, value)
    if path == ("flat", "type"):
        other["flat"]["start_dim"] = 1
    assert torcharc.hash(other) != torcharc.hash(ARC)


def test_node_names_count_and_their_order():
    renamed = {("head" if key == "fc" else key): value for key, value in ARC.items()}
    moved = {key: ARC[key] for key in ("dag_in_shape", "fc", "conv", "flat", "cat")}
    assert len({torcharc.hash(spec) for spec in (ARC, renamed, moved)}) == 3


def test_order_of_keys_does_not_count():
    turned = {**ARC, "fc": dict(reversed(ARC["fc"].items()))}
    spec = graph(node("a", "Linear", out_features=2))
    assert torcharc.hash(turned) == torcharc.hash(ARC)
    assert torcharc.hash(dict(reversed(spec.items()))) == torcharc.hash(spec)


def test_order_of_sublayers_counts():
    stack = {"type": "Linear", "in_features": 3, "layers": [4], "activation": "ReLU", "batch_norm": True}
    turned = {"type": "Linear", "in_features": 3, "layers": [4], "batch_norm": True, "activation": "ReLU"}
    assert torcharc.hash(stack) != torcharc.hash(turned)


def test_formats_have_the_same_digest():
    arc = {"dag_in_shape": {"x": [8]}, "fc": {"type": "Linear", "out_features": 4}, "act": {"type": "F.gelu"}}
    spec = graph(node("fc", "torch.nn.Linear", "x", in_features=8, out_features=4), node("act", "F.gelu"))
    modules = {
        "modules": {"fc": {"LazyLinear": {"out_features": 4}}, "act": {"F.gelu": None}},
        "graph": {"input": {"x": [8]}, "modules": {"fc": ["x"], "act": ["fc"]}, "output": "act"},
    }
    assert torcharc.hash(arc) == torcharc.hash(spec) == torcharc.hash(modules)


def test_stack_has_the_digest_of_its_modules():
    stack = {"dag_in_shape": [8], "fc": {"type": "Linear", "layers": [4, 2], "activation": "ReLU"}}
    layers = [{"type": "Linear", "out_features": 4}, {"type": "ReLU"}, {"type": "Linear", "out_features": 2}]
    spelt = {"dag_in_shape": [8], "fc": {"type": "Sequential", "layers": [*layers, {"type": "ReLU"}]}}
    assert torcharc.hash(stack) == torcharc.hash(spelt)


def test_blocks_and_templates_have_the_digest_of_what_they_become(request):
    block = {
        "inputs": ["x"],
        "params": {"width": 4},
        "graph": [node("fc", "Linear", out_features="width")],
        "outputs": {"y": "fc"},
    }
    inline = graph(node("a", "module.Block", "x", width="2 * N"), modules={"Block": block}, vars={"N": 3})
    other = {**block, "params": {"width": 6}}
    torcharc.register("HashedBlock", block)
    request.addfinalizer(lambda: torcharc.unregister("HashedBlock"))
    assert torcharc.hash(inline) == torcharc.hash(graph(node("a", "module.B", "x"), modules={"B": other}))
    assert torcharc.hash(inline) == torcharc.hash(graph(node("a", "HashedBlock", "x", width=6)))
    assert torcharc.hash(inline) != torcharc.hash(graph(node("a", "HashedBlock", "x", width=5)))


def test_shared_modules_count():
    shared = graph(node("a", "Linear", "x", out_features=8), {"name": "b", "module": "a", "inputs": "a"})
    apart = graph(node("a", "Linear", "x", out_features=8), node("b", "Linear", "a", out_features=8))
    assert torcharc.hash(shared) != torcharc.hash(apart)


def test_single_module_differs_from_a_network_of_it():
    linear = {"type": "Linear", "layers": [4], "in_features": 8}
    assert torcharc.hash(linear) != torcharc.hash({"dag_in_shape": [8], **linear})


def test_variables_and_networks_are_hashed_as_what_they_are():
    arc = {"dag_vars": {"n": 4}, "dag_in_shape": [8], "fc": {"type": "Linear", "out_features": "${n}"}}
    plain = {"dag_in_shape": [8], "fc": {"type": "Linear", "out_features": 6}}
    network = torcharc.build(arc, n=6)
    assert torcharc.hash(arc, n=6) == torcharc.hash(plain) == torcharc.hash(network) == torcharc.hash(network.graph)
    assert torcharc.hash(arc) != torcharc.hash(plain)


def test_training_does_not_count():
    spec = graph(node("a", "Linear", out_features=1))
    assert torcharc.hash({**spec, "training": {"loss": "mse"}, "name": "x"}) == torcharc.hash(spec)


def test_specs_of_different_networks_have_different_digests():
    digests = {}
    for name, spec in SPECS.items():
        digests.setdefault(torcharc.hash(spec), []).append(name)
    again = sorted(
        sorted({name.rsplit("/", 1)[-1].removesuffix(".yaml") for name in names})
        for names in digests.values()
        if len(names) > 1
    )
    assert again == [
        ["mlp", "mlp_lazy"],  # both with shapes: a lazy module has its size then
        ["modules_dict", "modules_list_multi"],  # one call, by names and by positions
        ["modules_dict", "modules_list_multi"],  # the same with shapes
    ]


@RANDOM
@given(graphs.graphs(), graphs.graphs())
def test_random_graphs_have_one_digest_each(one, other):
    keys = [list(graphs.build(found).state_dict()) for found in (one, other)]
    assert torcharc.hash(one) == torcharc.hash(copy.deepcopy(one))
    assert torcharc.hash(one) != torcharc.hash(other) or keys[0] == keys[1]


def test_faulty_spec_has_no_digest():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.hash({"dag_in_shape": [8], "fc": {"type": "Linear", "in_features": 9, "out_features": 4}})
    assert (
        str(error.value)
        == """1 problem in the spec
spec.fc.in_features
  found: 9
  expected: 8, as it is fed the input (8)
  hint: leave in_features out: it is inferred"""
    )


def test_argument_that_no_file_can_hold_has_no_digest():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.hash({"dag_in_shape": [8], "fn": {"type": "torch.add", "other": torch.ones(8)}})
    assert (
        str(error.value)
        == """1 problem in the spec
spec.fn.other
  found: tensor([1., 1., 1., 1., 1., 1., 1., 1.])
  expected: a plain value, as a spec file can hold it"""
    )
