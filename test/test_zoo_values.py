"""Bad values for the variables of the zoo: each is one error, which names the variable.

Every variable of every file is given every value below; what is taken is in a table here, and all else is refused.
A third of the pairs is tried, the same one each time; with TORCHARC_WHOLE_ZOO=1 all are.
"""

import hashlib
import math
import os
import re

import pytest
from installed import arguments_of
from torch.nn import BatchNorm2d

import torcharc
from torcharc.spec.load import load_spec
from torcharc.spec.zoo_index import read_index

SHARE = 1 if os.environ.get("TORCHARC_WHOLE_ZOO") else 3
NAMES = {entry.file.stem: name for name, entry in reversed(read_index().items()) if not entry.values}
BAD = [0, -1, -0.5, 2.5, 2**40, 10**30, math.nan, math.inf, True, "abc", "3", None, [], [0], [-1], ["a"], {}, {"a": 1}]

# value → the variables that take it, whatever the file; `efficientnet.norm` is that of one file
TAKEN = {
    "0": "dropout drop_path padding resnet.squeeze num_actions num_residual_blocks",
    "-1": "padding",
    "2.5": "multiplier efficientnet.widen deepen llama.base lstm_lm.limit",
    "True": "batch_norm large aux imagenet use_relative_pos",
    "None": "size frames init weights head_weights",
    "[]": "dcn.widths dlrm.bottom reductions",
    "[0]": "reductions",
    "{}": "efficientnet.norm",
}
NOT_TAKEN = {"vit.size": "None", "swin.size": "None", "mixer.size": "None"}
LARGE = 2**40  # many sizes may be as large as that: nothing is made of them before the build
NORM_KEYS = ", ".join(sorted(arguments_of(BatchNorm2d, "device", "dtype")))


def is_sampled(*parts):
    return hashlib.sha256(repr(parts).encode()).digest()[0] % SHARE == 0


def is_taken(file, variable, value):
    words = TAKEN.get(repr(value), "").split()
    return {variable, f"{file}.{variable}"} & set(words) and NOT_TAKEN.get(f"{file}.{variable}") != repr(value)


def variables_of(file):
    return load_spec(f"zoo/{NAMES[file]}").spec["vars"]


def errors(file, **values):
    return [problem for problem in torcharc.check(f"zoo/{NAMES[file]}", **values) if problem.severity == "error"]


def names_it(problem, variable):
    return problem.path[:2] == ("vars", variable) or variable in re.findall(r"\w+", problem.found)


@pytest.mark.parametrize("file", NAMES)
def test_bad_value_is_one_error_that_names_the_variable(file):
    wrong = []
    for variable in variables_of(file):
        for value in BAD:
            if not is_sampled(file, variable, repr(value)):
                continue
            found = errors(file, **{variable: value})
            named = len(found) == 1 and found[0].path[0] == "vars" and names_it(found[0], variable)
            right = not found if is_taken(file, variable, value) else named or (value == LARGE and not found)
            wrong += [] if right else [(variable, value, found)]
    assert wrong == []


@pytest.mark.parametrize("file", NAMES)
def test_list_of_another_length_is_taken_or_one_error_that_names_the_variable(file):
    for variable, own in variables_of(file).items():
        if isinstance(own, list) and is_sampled(file, variable):
            for value in (own[1:], [*own, own[-1]]):
                found = errors(file, **{variable: value})
                assert not found or (len(found) == 1 and names_it(found[0], variable)), (variable, value)


def test_every_file_is_here():
    assert set(NAMES) == {entry.file.stem for entry in read_index().values()}


def message(name, **values):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build(f"zoo/{name}", **values)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        (
            "lstm_lm",
            {"depth": 129},
            "zoo/lstm_lm.yaml:6: spec.vars.depth\n  found: depth = 129\n  expected: a value that fits;"
            " now spec.graph[2].params.num_layers has 129, expected is an integer from 1 to 128",
        ),
        (  # the width is right: without the depth there is no problem
            "lstm_lm",
            {"width": 8, "depth": 129},
            "zoo/lstm_lm.yaml:6: spec.vars.depth\n  found: depth = 129\n  expected: a value that fits;"
            " now spec.graph[2].params.num_layers has 129, expected is an integer from 1 to 128",
        ),
        (  # each would do alone
            "resnet50",
            {"width": 3, "squeeze": 16},
            "zoo/resnet.yaml:9: spec.vars.width\n  found: width = 3, squeeze = 16\n"
            "  expected: values that fit together; now spec.modules.SqueezeExcite.graph[1].params.layers[0][0] has 0,"
            " expected is out_channels, an integer above 0",
        ),
        (
            "efficientnet_b0",
            {"norm": {"epsilon": 1}},
            "zoo/efficientnet.yaml:11: spec.vars.norm\n  found: norm = {'epsilon': 1}\n"
            "  expected: a value that fits; now spec.modules.Block.graph[0].params.batch_norm.epsilon has the key"
            f" 'epsilon', expected is one of the keys: {NORM_KEYS}",
        ),
    ],
    ids=["one", "one of two", "together", "within"],
)
def test_value_that_no_requirement_foresees_is_told_with_what_it_leads_to(name, values, text):
    assert message(name, **values) == f"1 problem in the spec\n{text}"


def test_two_values_that_are_at_fault_are_both_named():
    text = message("convnext_tiny", size=2, init={"type": "no"})
    assert text.startswith(
        "1 problem in the spec\nzoo/convnext.yaml:9: spec.vars.size\n"
        "  found: size = 2, init = {'type': 'no'}\n  expected: values that fit together; now "
    )


def test_file_that_was_changed_keeps_the_faults_of_the_change():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build("zoo/lenet5", overrides={"graph[1].type": "Flaten"}, num_classes=3)
    assert str(error.value).startswith("1 problem in the spec\nzoo/lenet5.yaml:")
    assert str(error.value).endswith("hint: did you mean 'Flatten'?")


def test_dense_blocks_may_be_fewer():
    for count, features in ((1, 64 + 32 * 2), (2, (64 + 32 * 2) // 2 + 32 * 3)):
        found = torcharc.build("zoo/densenet121", depths=[2, 3][:count], device="meta")
        assert found.module_dict.head.in_features == features
