import torch
from torch import nn

from torcharc.arguments import Argument, Kind, Signature
from torcharc.errors import Problem
from torcharc.param_groups import (
    NORMS,
    Rule,
    assign_parameters,
    list_undecayed,
    make_groups,
    name_parameters,
    read_rules,
)

OPTIONS = Signature({"lr": Argument("lr", Kind(frozenset({"float"})), required=False, default=0.1)})


class Graph(nn.Module):
    """Names its parameters as a DAGNet does."""

    def __init__(self):
        super().__init__()
        self.module_dict = nn.ModuleDict({"image": nn.Linear(2, 2), "head": nn.Linear(2, 1)})


def assigned_names(patterns, model):
    names = name_parameters(model)
    assigned, problems = assign_parameters([Rule(pattern, {}) for pattern in patterns], names, ("groups",))
    return [[names[parameter][0] for parameter in group] for group in assigned], problems


def test_rules_are_read():
    rules, problems = read_rules([{"match": "*.bias", "lr": "1e-3"}, {"match": "a"}], OPTIONS, ("groups",))
    assert (rules, problems) == ([Rule("*.bias", {"lr": 0.001}), Rule("a", {})], [])


def test_rule_without_match_is_a_problem():
    rules, problems = read_rules([{"lr": 1.0}], OPTIONS, ("groups",))
    expected = "the key 'match', which is required"
    assert (rules, problems) == (
        [None],
        [Problem(("groups", 0), "no key 'match'", expected, code="missing-key")],
    )


def test_names_leave_the_leading_module_dict_out():
    assert next(iter(name_parameters(Graph()).values())) == ["image.weight", "module_dict.image.weight"]


def test_names_leave_wrappers_out():
    wrapped = nn.ModuleDict({"module": Graph()})
    assert next(iter(name_parameters(wrapped).values())) == ["image.weight", "module.module_dict.image.weight"]


def test_short_and_full_names_match():
    short, problems = assigned_names(["image.*"], Graph())
    full, more = assigned_names(["module_dict.image.*"], Graph())
    assert short == full == [["image.weight", "image.bias"], ["head.weight", "head.bias"]]
    assert problems == more == []


def test_first_match_wins():
    assigned, problems = assigned_names(["image.weight", "*.weight"], Graph())
    assert (assigned, problems) == ([["image.weight"], ["head.weight"], ["image.bias", "head.bias"]], [])


def test_shared_parameter_counts_once_and_has_both_names():
    model = Graph()
    model.module_dict["twin"] = model.module_dict["head"]
    assigned, problems = assigned_names(["twin.*"], model)
    assert (assigned, problems) == ([["head.weight", "head.bias"], ["image.weight", "image.bias"]], [])


def test_unmatched_pattern_names_the_nearest():
    _, problems = assigned_names(["imag.*", "*.bais", "qqq"], Graph())
    expected = "a pattern that matches a parameter; their names begin with: head, image"
    assert problems == [
        Problem(("groups", 0, "match"), "'imag.*'", expected, "did you mean 'image.*'?", "unmatched"),
        Problem(("groups", 1, "match"), "'*.bais'", expected, "did you mean '*.bias'?", "unmatched"),
        Problem(("groups", 2, "match"), "'qqq'", expected, "", "unmatched"),
    ]


def test_pattern_whose_matches_are_taken_is_a_problem():
    _, problems = assigned_names(["*.weight", "image.bias", "image.*"], Graph())
    expected = "a pattern with a match that no earlier group takes; groups[0], groups[1] took all of them"
    hint = "place narrow patterns before wide ones"
    assert problems == [Problem(("groups", 2, "match"), "'image.*'", expected, hint, "taken")]


def test_frozen_parameters_and_empty_groups_are_left_out():
    model = Graph()
    model.module_dict["image"].requires_grad_(False)
    names = name_parameters(model)
    assigned, problems = assign_parameters([Rule("image.*", {"lr": 1.0})], names, ())
    head = list(model.module_dict["head"].parameters())
    assert problems == []
    assert make_groups([Rule("image.*", {"lr": 1.0})], assigned, set()) == [{"params": head}]


def test_groups_split_by_decay_unless_they_state_it():
    model = Graph()
    image, head = model.module_dict["image"], model.module_dict["head"]
    rules = [Rule("image.*", {"weight_decay": 0.5})]
    assigned, _ = assign_parameters(rules, name_parameters(model), ())
    assert make_groups(rules, assigned, {image.bias, head.bias}) == [
        {"params": [image.weight, image.bias], "weight_decay": 0.5},
        {"params": [head.weight]},
        {"params": [head.bias], "weight_decay": 0},
    ]


def test_undecayed_are_biases_and_norms():
    model = nn.ModuleDict(
        {
            "linear": nn.Linear(2, 2),
            "conv": nn.Conv1d(2, 2, 1),
            "lstm": nn.LSTM(2, 2),
            "attention": nn.MultiheadAttention(2, 1, add_bias_kv=True),
            "embedding": nn.Embedding(2, 2),
            "batch": nn.BatchNorm1d(2),
            "layer": nn.LayerNorm(2),
            "group": nn.GroupNorm(1, 2),
            "instance": nn.InstanceNorm1d(2, affine=True),
            "rms": nn.RMSNorm(2),
            "lazy": nn.LazyLinear(2),
            "prelu": nn.PReLU(),
        }
    )
    undecayed = list_undecayed(model)
    assert [name for name, parameter in model.named_parameters() if parameter not in undecayed] == [
        "linear.weight",
        "conv.weight",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "attention.in_proj_weight",
        "attention.bias_k",  # keys and values that are learned, not biases
        "attention.bias_v",
        "attention.out_proj.weight",
        "embedding.weight",
        "lazy.weight",
        "prelu.weight",
    ]


def test_norms_are_those_of_torch():
    assert {nn.BatchNorm2d, nn.SyncBatchNorm, nn.InstanceNorm3d, nn.LayerNorm, nn.LocalResponseNorm} <= set(NORMS)
    assert all(issubclass(cls, torch.nn.Module) for cls in NORMS)
