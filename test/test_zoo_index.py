"""Names of the zoo: what they stand for, and what they are mistaken for."""

import pytest
import torch

import torcharc
from torcharc.spec.load import load_spec
from torcharc.spec.zoo_index import FOLDER, find_entry, is_zoo_name, read_index

NAMES = torcharc.zoo.list()


def message(spec, **variables):
    """What the error says that a spec raises."""
    with pytest.raises(torcharc.SpecError) as caught:
        torcharc.build(spec, device="meta", **variables)
    return str(caught.value)


def test_list_matches_patterns():
    assert torcharc.zoo.list("resnet1??") == ["zoo/resnet101", "zoo/resnet152"]
    assert torcharc.zoo.list("zoo/resnet18") == ["zoo/resnet18"]
    assert torcharc.zoo.list("nothing") == []


def test_version_names_the_same_network():
    assert find_entry("zoo/resnet50@1") == find_entry("zoo/resnet50")


def test_variables_are_overridden():
    network = torcharc.build("zoo/resnet18", device="meta", num_classes=10)
    assert network.module_dict.head.out_features == 10
    assert network.spec["vars"]["depths"] == [2, 2, 2, 2]


def test_all_verbs_take_names():
    assert torcharc.inspect("zoo/resnet18").outputs["logits"].shape == (1000,)
    assert [problem for problem in torcharc.check("zoo/resnet18") if problem.severity == "error"] == []
    spec = torcharc.override("zoo/resnet18", {"vars.num_classes": 10})
    assert torcharc.inspect(spec).outputs["logits"].shape == (10,)
    torcharc.register("Resnet18", torcharc.override("zoo/resnet18", {}))
    try:
        arc = {"dag_in_shape": [3, 32, 32], "backbone": {"type": "Resnet18"}, "relu": {"type": "ReLU"}}
        assert torcharc.build(arc).eval()(torch.rand(2, 3, 32, 32)).shape == (2, 1000)
    finally:
        torcharc.unregister("Resnet18")


def test_file_of_the_same_folder_name_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "net.yaml").write_text("{type: Linear, in_features: 3, out_features: 2}")
    assert torcharc.build("zoo/net.yaml").out_features == 2
    assert not is_zoo_name("zoo/net.yaml")


def test_unknown_name_is_told_the_nearest():
    found = message("zoo/resnet5").split("\n")
    assert found[:3] == ["1 problem in the spec", "spec", "  found: 'zoo/resnet5'"]
    assert found[3].startswith("  expected: a name of the zoo: zoo/")
    assert found[4:] == ["  hint: did you mean 'zoo/resnet50'?"]


def test_unknown_version_is_refused():
    assert message("zoo/resnet50@2") == (
        "1 problem in the spec\nspec\n  found: 'zoo/resnet50@2'\n  expected: a version of the network: zoo/resnet50@1"
    )


def test_unknown_variable_is_told_the_nearest():
    assert message("zoo/resnet50", num_clases=10) == (
        "1 problem in the spec\n"
        "zoo/resnet.yaml:6: spec.vars.num_clases\n"
        "  found: a value for the variable 'num_clases'\n"
        "  expected: one of the variables: block, conv, depths, group_width, groups, he, num_classes, size, squeeze, "
        "width\n"
        "  hint: did you mean 'num_classes'?"
    )


@pytest.mark.parametrize("name", read_index())
def test_entry_sets_variables_that_its_file_has(name):
    entry = read_index()[name]
    assert set(entry.values) <= set(load_spec(entry.file).spec["vars"])


def test_every_file_is_in_the_index_and_short():
    files = {path for path in FOLDER.glob("*.yaml") if path.name != "index.yaml"}
    assert {entry.file for entry in read_index().values()} == files
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("# ")
        assert len(lines) <= 150


@pytest.mark.parametrize("name", NAMES)
def test_entry_has_no_problems(name):
    assert [problem for problem in torcharc.check(name) if problem.severity != "note"] == []


@pytest.mark.parametrize(
    ("name", "variables", "problem"),
    [
        ("resnet50", {"num_classes": 0}, "vars.num_classes\n  found: num_classes = 0\n  expected: num_classes > 0"),
        ("resnet50", {"depths": [3, 0]}, "vars.depths\n  found: depths = [3, 0]\n  expected: min(depths) > 0"),
        (
            "resnet50",
            {"width": "64"},
            "vars.width\n  found: width = '64'\n  expected: an integer\n  hint: write 64 without quotes",
        ),
        (
            "resnet50",
            {"block": "Bottlenek"},
            "vars.block\n  found: block = 'Bottlenek'\n  expected: block in ['Bottleneck', 'Basic']",
        ),
        (
            "resnet50",
            {"conv": {"bias": True}},
            "vars.conv\n  found: a value for the variable 'conv'\n"
            "  expected: a value for a variable that something uses; this one is merged as the file is read",
        ),
        ("resnet50", {"size": 0}, "vars.size\n  found: size = 0\n  expected: size == None or size > 0"),
        ("vgg16", {"depths": 0}, "vars.depths\n  found: depths = 0\n  expected: a list of integers"),
        ("bert", {"width": None}, "vars.width\n  found: width = nothing\n  expected: width > 0"),
        ("efficientnet_b0", {"widen": "a"}, "vars.widen\n  found: widen = 'a'\n  expected: a number"),
        ("custom_transformer", {"n_layers": 0}, "vars.n_layers\n  found: n_layers = 0\n  expected: n_layers > 0"),
        (
            "custom_transformer",
            {"n_heads": 7},
            "vars.n_heads\n  found: n_heads = 7, d_model = 512\n  expected: n_heads > 0 and d_model % n_heads == 0",
        ),
        (
            "swin_t",
            {"width": 97},
            "vars.heads\n  found: heads = [3, 6, 12, 24], depths = [2, 2, 6, 2], width = 97\n"
            "  expected: len(heads) == len(depths) and "
            "max([width * 2 ** i % heads[i] for i in range(len(heads))]) == 0",
        ),
        (
            "autoint",
            {"heads": 3},
            "vars.heads\n  found: heads = 3, width = 128\n  expected: heads > 0 and width % heads == 0",
        ),
        (
            "resnet20_cifar",
            {"depth": 21},
            "vars.depth\n  found: depth = 21\n  expected: depth > 2 and depth % 6 == 2",
        ),
        (
            "unet",
            {"size": 100},
            "vars.size\n  found: size = 100\n  expected: size == None or size > 0 and size % 16 == 0",
        ),
    ],
)
def test_bad_value_is_one_problem_of_the_variable(name, variables, problem):
    head, place, *rest = message(f"zoo/{name}", **variables).split("\n")
    assert head == "1 problem in the spec"
    assert "\n".join([place.partition("spec.")[2], *rest]) == problem
