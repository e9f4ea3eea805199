"""`check` and `repair`: problems as data, and what a program can mend."""

from arcgraph_specs import graph, node

import torcharc

BLOCK = {
    "inputs": ["x"],
    "graph": [node("fc", "Linear", "x", out_features=5), node("sum", "torch.add", ["x", "fc"])],
    "outputs": {"y": "sum"},
}


def test_repair_mends_a_misspelt_tensor_name():
    arc = {
        "dag_in_shape": {"image": [4], "vector": [4]},
        "sum": {"type": "SumMerge", "in_names": ["image", "vectr"]},
    }
    mended, applied = torcharc.repair(arc)
    assert mended["sum"]["in_names"] == ["image", "vector"]
    assert [problem.path for problem in applied] == [("sum", "in_names", 1)]
    assert torcharc.check(mended) == []


def test_repair_projects_within_a_module_that_runs_at_one_size():
    spec = graph(node("one", "module.B", "x"), node("two", "module.B", "x"), modules={"B": BLOCK})
    mended, applied = torcharc.repair(spec)
    assert [problem.path for problem in applied] == [("modules", "B", "graph", 1)]
    assert torcharc.inspect(mended).outputs["y"].shape == (5,)


def test_repair_leaves_a_module_that_runs_at_several_sizes():
    nodes = [
        node("one", "module.B", "x"),
        node("wide", "Linear", "one", out_features=6),
        node("two", "module.B", "wide"),
    ]
    spec = graph(*nodes, modules={"B": BLOCK})
    assert torcharc.repair(spec) == (spec, [])


def test_repair_does_not_go_back_and_forth_between_the_sizes_of_a_module():
    block = {**BLOCK, "graph": [node("fc", "Linear", "x", in_features=7, out_features=5)], "outputs": {"y": "fc"}}
    spec = graph(node("one", "module.B", "x"), node("two", "module.B", "one"), modules={"B": block})
    assert torcharc.repair(spec) == (spec, [])
