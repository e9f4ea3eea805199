"""Causes: what one edit would mend is one problem, at the place of that edit, and its patch gives the spec back."""

import copy

import pytest

import torcharc
from torcharc.spec.causes import MOST_TRIALS, find_causes

IMAGE = {"x": {"dtype": "float32", "shape": [None, 3, 32, 32]}}
VECTOR = {"x": {"dtype": "float32", "shape": [None, 8]}}


def linear(name, size, **keys):
    return {"name": name, "type": "Linear", "params": {"out_features": size}, **keys}


BLOCK = {
    "params": {"width": None},
    "inputs": ["image"],
    "graph": [
        linear("left", "${width}", inputs="image"),
        linear("right", "${width}", inputs="image"),
        {"name": "total", "type": "torch.add", "inputs": ["left", "right"]},
    ],
    "outputs": {"features": "total"},
}
SPEC = {
    "vars": {"size": 4},
    "modules": {"Block": BLOCK},
    "inputs": VECTOR,
    "graph": [
        {"name": "first", "type": "module.Block", "inputs": {"image": "x"}, "params": {"width": "${size}"}},
        {"name": "second", "type": "module.Block", "inputs": {"image": "x"}, "params": {"width": "${size}"}},
        linear("one", 2, inputs="first.features"),
        {"name": "sum", "type": "torch.add", "inputs": ["first", "second"]},
    ],
    "outputs": {"y": "one", "z": "sum"},
}
ARC = {
    "dag_vars": {"size": 4},
    "dag_in_shape": {"image": [3, 8, 8], "vector": [4]},
    "conv": {"type": "Conv2d", "in_names": ["image"], "layers": [["${size}", 3]]},
    "flat": {"type": "Flatten", "in_names": ["image"]},
    "fc": {"type": "Linear", "in_names": ["vector"], "layers": ["${size}"]},
    "split": {"type": "SplitFork", "in_names": ["vector"], "shapes": {"mean": [2], "spread": [2]}},
    "up": {"type": "Linear", "in_names": ["mean"], "layers": [3]},
    "merge": {"type": "ConcatMerge", "in_names": ["image", "mean", "spread"]},
}


def message(spec):
    with pytest.raises(torcharc.SpecError) as refusal:
        torcharc.build(spec)
    return str(refusal.value)


def change(spec, path, value, rename=False):
    spec = copy.deepcopy(spec)
    part = spec
    for key in path[:-1]:
        part = part[key]
    if rename:
        items = {value if key == path[-1] else key: item for key, item in part.items()}
        part.clear()
        part.update(items)
    else:
        part[path[-1]] = value
    return spec


def told(place, typo, word, uses):
    return (
        f"1 problem in the spec\nspec.{place}\n  found: the name '{typo}', which nothing else names\n"
        f"  expected: '{word}', which spec.{uses}\n  hint: did you mean '{word}'?"
    )


DEFINITIONS = {
    "variable": (SPEC, ("vars", "size"), "siez", "graph[0].params.width and 1 more place name"),
    "module": (SPEC, ("modules", "Block"), "Blok", "graph[0].type and 1 more place name"),
    "param of a module": (
        SPEC,
        ("modules", "Block", "params", "width"),
        "widht",
        "modules.Block.graph[0].params.out_features and 3 more places name",
    ),
    "input of a module": (
        SPEC,
        ("modules", "Block", "inputs", 0),
        "imgae",
        "modules.Block.graph[0].inputs and 1 more place name",
    ),
    "node": (SPEC, ("graph", 0, "name"), "frist", "graph[2].inputs and 1 more place name"),
    "node of a module": (SPEC, ("modules", "Block", "graph", 2, "name"), "toatl", None),
    "input": (SPEC, ("inputs", "x"), "xx", None),
    "variable of an arc": (ARC, ("dag_vars", "size"), "siez", "conv.layers[0][0] and 1 more place name"),
    "input of an arc": (ARC, ("dag_in_shape", "image"), "imgae", "conv.in_names[0] names"),
    "output of a fork": (ARC, ("split", "shapes", "mean"), "maen", "up.in_names[0] names"),
}


@pytest.mark.parametrize("name", [name for name in DEFINITIONS if DEFINITIONS[name][3]])
def test_misspelt_definition_is_one_problem_there_and_its_patch_mends_it(name):
    spec, path, typo, uses = DEFINITIONS[name]
    is_key = isinstance(path[-1], str) and path[-1] != "name"
    word = path[-1] if is_key else "image" if "inputs" in path else "first"
    changed = change(spec, path, typo, rename=is_key)
    place = torcharc.errors.format_path((*path[:-1], typo) if is_key else path, "")
    assert message(changed) == told(place, typo, word, uses)
    assert torcharc.repair(changed).spec == spec


def test_misspelt_definition_that_one_place_uses_is_one_problem_at_the_use():
    changed = change(SPEC, ("modules", "Block", "graph", 2, "name"), "toatl")
    assert message(changed) == (
        "1 problem in the spec\nspec.modules.Block.outputs.features\n  found: 'total' in the outputs\n"
        "  expected: the name of an input or a node: image, left, right, toatl\n  hint: did you mean 'toatl'?"
    )


def test_word_that_a_variable_gives_is_refused_at_the_variable():
    spec = {
        "vars": {"init": {"type": "zeros"}},
        "inputs": VECTOR,
        "graph": [
            {"name": name, "type": "Linear", "params": {"layers": [4], "init": "${init}"}} for name in ("a", "b", "c")
        ],
        "outputs": {"y": "c"},
    }
    problems = [problem for problem in torcharc.check(spec) if problem.severity == "error"]
    assert [(problem.path, problem.found, problem.hint) for problem in problems] == [
        (("vars", "init", "type"), "'zeros'", "did you mean 'zeros_'?")
    ]
    assert torcharc.repair(spec).spec["vars"] == {"init": {"type": "zeros_"}}


def test_number_in_a_wrong_form_is_refused_where_it_stands():
    assert message(change(SPEC, ("vars", "size"), 4.0)) == (
        "1 problem in the spec\nspec.vars.size\n  found: 4.0\n  expected: an integer above 0\n  hint: write 4"
    )
    assert torcharc.repair(change(SPEC, ("vars", "size"), 4.0)).spec == SPEC


def test_values_of_several_callers_are_a_problem_each():
    spec = change(SPEC, ("graph", 0, "params", "width"), 4.0)
    spec = change(spec, ("graph", 1, "params", "width"), "4x")
    assert message(spec) == (
        "2 problems in the spec\nspec.graph[0].params.width\n  found: 4.0\n  expected: an integer above 0\n"
        "  hint: write 4\nspec.graph[1].params.width\n  found: '4x'\n"
        "  expected: an integer above 0, or arithmetic over the names size, width"
    )


def test_fault_of_a_module_is_told_once_for_all_its_copies():
    conv = {"out_channels": "${index + 1}", "kernel_size": 3, "groups": 7}
    block = {**BLOCK, "graph": [{"name": "c", "type": "Conv2d", "params": conv}], "outputs": {"features": "c"}}
    block["params"] = {"index": None}
    node = {"name": "stage", "type": "module.Block", "repeat": 8, "params": {"index": "${index}"}}
    spec = {"modules": {"Block": block}, "inputs": IMAGE, "graph": [node], "outputs": {"y": "stage"}}
    assert message(spec) == (
        "1 problem in the spec\nspec.modules.Block.graph[0]\n"
        "  found: the node 'c' (Conv2d) with Conv2d(in_channels=3, out_channels=1, kernel_size=3, groups=7)\n"
        "  expected: arguments that Conv2d can take; it says: in_channels must be divisible by groups"
    )


def test_two_typos_are_two_problems():
    spec = change(change(SPEC, ("vars", "size"), "siez", rename=True), ("graph", 3, "type"), "torch.ad")
    assert message(spec) == (
        "2 problems in the spec\nspec.vars.siez\n  found: the name 'siez', which nothing else names\n"
        "  expected: 'size', which spec.graph[0].params.width and 1 more place name\n  hint: did you mean 'size'?\n"
        "spec.graph[3].type\n  found: 'torch.ad'\n  expected: the name of a type; torcharc.types() lists them\n"
        "  hint: did you mean 'torch.add'?"
    )


def test_problem_that_a_misspelt_definition_hides_is_told_beside_it():
    hidden = change(SPEC, ("vars", "size"), "siez", rename=True)
    params = ("modules", "Block", "graph", 0, "params")
    hidden = change(hidden, (*params, "out_features"), "out_featurs", rename=True)
    assert [(problem.path, problem.hint) for problem in torcharc.check(hidden)] == [
        (("vars", "siez"), "did you mean 'size'?"),
        ((*params, "out_featurs"), "did you mean 'out_features'?"),
    ]


def test_what_follows_from_a_misspelt_key_is_not_told():
    spec = change(SPEC, ("graph", 0), {**SPEC["graph"][0], "repaet": 2})
    spec["graph"][0]["params"] = {"width": "${8 // (index + 1)}"}
    assert message(spec) == (
        "1 problem in the spec\nspec.graph[0].repaet\n  found: the key 'repaet'\n"
        "  expected: one of the keys: inputs, module, name, parallel, params, repeat, share, type, when\n"
        "  hint: did you mean 'repeat'?"
    )


def test_typo_in_an_anchor_is_one_problem_at_the_anchor(tmp_path):
    text = """vars: {linear: &linear {bais: false}}
inputs: {x: {dtype: float32, shape: [null, 8]}}
graph:
  - {name: a, type: Linear, params: {<<: *linear, out_features: 4}}
  - {name: b, type: Linear, params: {<<: *linear, out_features: 4}}
outputs: {y: b}
"""
    file = tmp_path / "net.yaml"
    file.write_text(text)
    assert message(file) == (
        "1 problem in the spec\nnet.yaml:1: spec.vars.linear.bais\n  found: the key 'bais'\n"
        "  expected: one of the keys: bias, in_features, init, out_features\n  hint: did you mean 'bias'?"
    )


def test_misspelt_definition_of_a_registered_spec_is_one_problem():
    with pytest.raises(torcharc.SpecError) as refusal:
        torcharc.register("MisspeltBlock", {**BLOCK, "inputs": ["imgae"]})
    assert str(refusal.value) == told("inputs[0]", "imgae", "image", "graph[0].inputs and 1 more place name")


def test_trials_are_bounded():
    problems = [
        torcharc.errors.Problem((f"k{i}",), f"the name 'word{i}x'", "", f"did you mean 'word{i}'?") for i in range(50)
    ]
    spec = {f"k{i}": f"word{i}x" for i in range(50)}
    tried = []

    def find(changed):
        tried.append(changed)
        return problems, 1

    assert len(find_causes(problems, spec, find)) == 50
    assert len(tried) == MOST_TRIALS
    assert spec == {f"k{i}": f"word{i}x" for i in range(50)}


def test_problems_of_a_sound_spec_cost_no_trial():
    def find(changed):
        raise AssertionError("read again")

    note = torcharc.errors.Problem(("a",), "x", "y", severity="note")
    assert find_causes([note], {"a": 1}, find) == [note]


def test_node_whose_module_runs_again_is_not_missed_where_it_cannot_be_read():
    nodes = [linear("first", "${with}", inputs="x"), {"name": "again", "module": "first", "inputs": "x"}]
    spec = {"inputs": VECTOR, "graph": nodes, "outputs": {"y": "first", "z": "again"}}
    problems = [problem for problem in torcharc.check(spec) if problem.severity == "error"]
    assert [problem.path for problem in problems] == [("graph", 0, "params", "out_features")]
