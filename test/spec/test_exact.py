"""Exact graph specs: everything is read as it stands, and every fault is told."""

# messages are quoted as they are shown

import copy
import json
import random

import graphs
import jsonschema
import pytest
import torch
from arcs import JSON, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusal import message

import torcharc
from torcharc.graph import BatchDim, Graph, N, Node, Ref, TensorSpec
from torcharc.spec.exact_inputs import read_struct, write_struct
from torcharc.spec.exact_references import read_reference, write_reference
from torcharc.spec.formats import parse_spec
from torcharc.spec.write_exact import write_exact

QUICK = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

ACT = {"name": "act", "type": "ReLU", "inputs": {"input": "x"}}
FC = {"name": "fc", "type": "Linear", "params": {"out_features": 4}, "inputs": {"input": "act"}}
BLOCK = {"inputs": ["x"], "graph": [ACT], "outputs": {"y": "act"}}
RUN = {"name": "run", "type": "module.Block", "graph": "Block", "inputs": {"x": "fc"}}


def exact(**changes):
    """A spec with a block, some of its keys changed; None takes a key out."""
    spec = {
        "exact": {},
        "inputs": {"x": {"dtype": "float32", "shape": [None, 8]}},
        "graph": [ACT, FC, RUN],
        "outputs": {"y": "run"},
        "modules": {"Block": BLOCK},
        **changes,
    }
    return copy.deepcopy({key: value for key, value in spec.items() if value is not None})


def test_exact_spec_builds_what_it_says():
    network = torcharc.build(exact())
    assert list(network.state_dict()) == ["module_dict.fc.weight", "module_dict.fc.bias"]
    x = torch.randn(3, 8)
    assert torch.equal(network(x), torch.relu(network.module_dict.fc(torch.relu(x))))


def test_names_words_and_arithmetic_are_read_as_they_stand():
    spec = exact(
        graph=[
            {
                "name": "x",
                "type": "Rearrange",
                "params": {"pattern": "b (h w) -> b h w", "h": 2},
                "inputs": {"input": "inputs.x"},
            }
        ],
        outputs={"a ${x}": "x"},
        modules=None,
    )
    found, problems = parse_spec(spec)
    assert problems == []
    assert found.nodes[0].inputs == (("input", Ref("x", of_input=True)),)
    assert found.nodes[0].params == {"pattern": "b (h w) -> b h w", "h": 2}
    assert torcharc.build(spec)(torch.rand(3, 8)).shape == (3, 2, 4)


def test_text_with_a_dollar_is_no_template():
    found = Graph(
        (("x", None),),
        (Node("a", "Rearrange", {"pattern": "${x}"}, (("input", Ref("x", of_input=True)),)),),
        (("y", Ref("a")),),
    )
    written = write_exact(found)
    assert written["graph"][0]["params"] == {"pattern": "$${x}"}
    assert parse_spec(written)[0] == found


@pytest.mark.parametrize(
    "struct",
    [
        None,
        TensorSpec((N, 8)),
        TensorSpec((N, None, 3), None),
        TensorSpec((None, 3), "int64"),
        TensorSpec((), "bool"),
        TensorSpec((4, N, BatchDim(2, 1), BatchDim(0, 5), BatchDim(3, -2)), "float16"),
        (TensorSpec((N, 8)), (TensorSpec((N,)), None)),
        {"a.b": TensorSpec((N, 8)), "parts": {"c": None}},
    ],
)
def test_inputs_of_any_form_are_read_as_written(struct):
    assert read_struct(json.loads(json.dumps(write_struct(struct))), ()) == (struct, [])


TEXTS = st.text(st.sampled_from("ab.\\01$ éinputs"), min_size=1, max_size=5) | st.sampled_from(["inputs", "0", "a.b"])


@settings(QUICK, max_examples=300)
@given(
    TEXTS, st.lists(TEXTS | st.integers(0, 99) | st.just(""), max_size=3), st.booleans(), st.sets(TEXTS), st.sets(TEXTS)
)
def test_references_of_any_form_are_read_as_written(name, parts, of_input, inputs, nodes):
    ref = Ref(name, tuple(parts), of_input)
    (inputs if of_input else nodes).add(name)
    text = write_reference(ref, inputs, nodes)
    assert read_reference(text, (), inputs, nodes) == ref


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"exact": 3},
            """spec.exact
  found: 3
  expected: options of the network: {returns: tuple, ...}""",
        ),
        (
            {"exact": {"return": "tuple"}},
            """spec.exact.return
  found: the key 'return'
  expected: one of the keys: bare, carries, firsts, keeps, returns, strict
  hint: did you mean 'returns'?""",
        ),
        (
            {"exact": {"returns": "list"}},
            """spec.exact.returns
  found: 'list'
  expected: one of tensor, tuple, dict; tensor for one output""",
        ),
        (
            {"exact": {"strict": "no"}},
            """spec.exact.strict
  found: 'no'
  expected: true or false""",
        ),
        (
            {"outputs": None},
            """spec
  found: no key 'outputs'
  expected: the key 'outputs', which is required""",
        ),
        (
            {"inputs": 3, "graph": [RUN | {"inputs": {}}]},
            """spec.inputs
  found: 3
  expected: the inputs: {name: {dtype: ..., shape: [...]}}
spec.graph[0].inputs
  found: no key 'x'
  expected: the key 'x', which is required""",
        ),
        (
            {"inputs": {"x": {"dtype": "float32", "shape": [None, 0]}}},
            """spec.inputs.x.shape[1]
  found: 0
  expected: an integer above 0, null for any size, or 2N+1, where N is the batch size""",
        ),
        (
            {"graph": [ACT, FC | {"name": "act"}, RUN]},
            """spec.graph[1].name
  found: 'act'
  expected: a name of its own, without dots
spec.graph[2].inputs.x
  found: 'fc'
  expected: the name of an input or of a node further up: act, x""",
        ),
        (
            {"graph": [FC, ACT, RUN]},
            """spec.graph[0].inputs.input
  found: 'act'
  expected: the name of an input or of a node further up: x""",
        ),
        (
            {"graph": [ACT, FC | {"inputs": {"inputt": "act"}}, RUN]},
            """spec.graph[1].inputs.inputt
  found: the key 'inputt'
  expected: one of the keys: input
  hint: did you mean 'input'?""",
        ),
        (
            {"graph": [ACT, FC, RUN | {"inputs": {"x": ["fc", 2]}}]},
            """spec.graph[2].inputs.x
  found: a number, or an empty list
  expected: tensors, as a module takes them""",
        ),
        (
            {"inputs": {"x": []}},
            """spec.inputs.x
  found: []
  expected: an input: {dtype: ..., shape: [...]}""",
        ),
        (
            {"graph": [ACT, FC | {"type": "Linaer"}, RUN]},
            """spec.graph[1].type
  found: 'Linaer'
  expected: the name of a type; torcharc.types() lists them
  hint: did you mean 'Linear'?""",
        ),
        (
            {"graph": [ACT, FC | {"params": {"out_features": 4, "biass": True}}, RUN]},
            """spec.graph[1].params.biass
  found: the key 'biass'
  expected: one of the keys: bias, in_features, init, out_features
  hint: did you mean 'bias'?""",
        ),
        (
            {"graph": [ACT, FC, RUN | {"graph": "Blokc"}]},
            """spec.graph[2].graph
  found: 'Blokc'
  expected: a module further up: Block
  hint: did you mean 'Block'?""",
        ),
        (
            {"modules": None},
            """spec.graph[2].graph
  found: 'Block'
  expected: a module further up; there is none""",
        ),
        (
            {"graph": [ACT, FC, RUN, {"name": "again", "module": "fcc", "inputs": {"input": "act"}}]},
            """spec.graph[3].module
  found: 'fcc'
  expected: a node further up with a module of its own: act, fc, run
  hint: did you mean 'fc'?""",
        ),
        (
            {"outputs": {"y": "run.\\0"}},
            """spec.outputs.y
  found: 'run.\\\\0'
  expected: no part of it, as it is one tensor (4)""",
        ),
        (
            {"training": {"loss": "mse", "epochs": 0}},
            """spec.training.epochs
  found: 0
  expected: an integer above 0""",
        ),
        (
            {"outputs": {}},
            """spec.outputs
  found: {}
  expected: the outputs, at least one: {name: reference}""",
        ),
        (
            {"modules": {"Block": BLOCK | {"params": {}}}},
            """spec.modules.Block.params
  found: the key 'params'
  expected: one of the keys: exact, graph, inputs, outputs""",
        ),
    ],
    ids=str,
)
def test_fault_is_told(changes, expected):
    count = expected.count("  found: ")
    assert message(exact(**changes)) == f"{count} problem{'s' if count > 1 else ''} in the spec\n{expected}"


def nest(levels, copies):
    """A spec whose modules run the one above them some times."""
    modules = {"m0": {"inputs": ["x"], "graph": [ACT], "outputs": {"y": "act"}}}
    for level in range(1, levels + 1):
        nodes, before = [], "x"
        for copy_ in range(copies):
            nodes.append({"name": f"n{copy_}", "type": "module.m", "graph": f"m{level - 1}", "inputs": {"x": before}})
            before = f"n{copy_}"
        modules[f"m{level}"] = {"inputs": ["x"], "graph": nodes, "outputs": {"y": before}}
    run = {"name": "run", "type": "module.m", "graph": f"m{levels}", "inputs": {"x": "x"}}
    return exact(graph=[run], modules=modules)


def test_modules_of_modules_cannot_take_time_or_memory():
    assert (
        message(nest(30, 10)).split("\n", 4)[1:4]
        == """spec.modules.m4.graph[4].graph
  found: more nodes, those of modules counted
  expected: at most 10,000; torcharc.spec.exact.MOST_NODES sets the limit""".split("\n")
    )


def test_modules_nest_to_a_limit():
    assert torcharc.build(nest(40, 1))(torch.ones(2, 8)).shape == (2, 8)
    assert "at most 50; torcharc.spec.exact.MOST_NESTED sets the limit" in message(nest(120, 1))


@QUICK
@given(graphs.graphs(), st.integers(0, 10**9), JSON)
def test_a_spoilt_spec_builds_or_is_refused(found, seed, value):
    choose, spec = random.Random(seed), json.loads(json.dumps(torcharc.to_spec(found)))
    *way, key = choose.choice(list(walk(spec)))
    place = spec
    for step in way:
        place = place[step]
    if choose.random() < 0.3:
        del place[key]
    else:
        place[key] = value
    if all(problem.severity != "error" for problem in torcharc.check(spec)):
        torcharc.build(spec, device="meta")


def test_schema_takes_exact_specs():
    validator = jsonschema.Draft202012Validator(torcharc.schema())

    @QUICK
    @given(graphs.graphs())
    def check(found):
        spec = json.loads(json.dumps(torcharc.to_spec(found)))
        assert [error.message for error in validator.iter_errors(spec)] == []

    check()
    for changes in ({"exact": {"return": "tuple"}}, {"graph": [ACT | {"typ": 1}]}, {"outputs": {}}, {"extra": 1}):
        assert not validator.is_valid(exact(**changes))
