"""MultiTaskModel: one encoder, and heads by the names of their tasks."""

import pytest
import torch
from text_cases import exact, ids, multi_task
from torch.nn import functional as F

from torcharc.errors import ArgumentError, InputError


def test_one_task_is_its_entry_in_all():
    model, x = multi_task().double().eval(), ids(3, 6)
    mask, keep = torch.rand(3, 6, 6) > 0.3, torch.rand(3, 6) > 0.3
    found = model(x, mask=mask, keep=keep)
    assert list(found) == ["topic", "tags", "quality"]
    for name in found:
        exact(model(x, name, mask, keep), found[name])
    some = model(x, ["quality", "topic"], mask, keep)
    assert list(some) == ["quality", "topic"]
    exact(some["quality"], found["quality"])


def test_heads_are_their_layers():
    model, x, keep = (
        multi_task().double().eval(),
        ids(3, 6),
        torch.tensor([[1] * 6, [1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0]]),
    )
    encoded = model.encoder(x, keep=keep)
    mean = torch.stack([row[real.bool()].mean(0) for row, real in zip(encoded, keep, strict=True)])
    topic, tags = model.heads["task_topic"], model.heads["task_tags"]
    exact(model(x, "topic", keep=keep), topic[3](F.relu(topic[0](mean))))
    exact(model(x, "tags", keep=keep), tags[3](F.relu(tags[0](encoded))))
    assert (topic[0].out_features, tags[0].out_features) == (4, 8)


def test_encoder_runs_once_for_all_tasks():
    model, runs = multi_task(), []
    model.encoder.register_forward_hook(lambda *_: runs.append(1))
    model(ids(3, 6))
    assert runs == [1]


NAMES = ["type", "keys", "train", "a.b", "", "%2E", "a%2Eb", "task_a", "a", "forward", "task"]


def test_no_name_of_a_task_is_reserved():
    model = multi_task(task_configs={name: {"num_classes": index + 1} for index, name in enumerate(NAMES)})
    found = model(ids(2, 4))
    assert {name: y.shape[1] for name, y in found.items()} == {name: index + 1 for index, name in enumerate(NAMES)}
    copy = multi_task(task_configs={name: {"num_classes": index + 1} for index, name in enumerate(NAMES)})
    copy.load_state_dict(model.state_dict())
    assert "heads.task_a%2Eb.0.weight" in model.state_dict()
    assert model(ids(2, 4), "").shape == (2, 5)


def test_unknown_task_is_told_before_encoding():
    model, runs = multi_task(), []
    model.encoder.register_forward_hook(lambda *_: runs.append(1))
    with pytest.raises(InputError) as error:
        model(ids(3, 6), "topics")
    assert str(error.value) == (
        "1 problem in the inputs\ninputs.task\n  found: 'topics'\n"
        "  expected: one of the tasks: quality, tags, topic\n  hint: did you mean 'topic'?"
    )
    assert runs == []


def test_task_that_is_no_name_is_told():
    with pytest.raises(InputError) as error:
        multi_task()(ids(3, 6), 3)
    assert str(error.value) == (
        "1 problem in the inputs\ninputs.task\n  found: 3\n  expected: one of the tasks: quality, tags, topic"
    )


def test_wrong_tasks_are_told_with_their_places():
    with pytest.raises(ArgumentError) as error:
        multi_task(
            task_configs={
                "topic": {"type": "clasification", "num_classes": 0},
                "b": {"classes": 3},
                "c": None,
                4: {},
            },
            n_heads=3,
            encoder_options={"norm": "layr", "max_length": 3},
        )
    assert str(error.value) == (
        "8 problems in the arguments\n"
        "encoder_options.max_length\n  found: the key 'max_length'\n"
        "  expected: one of the keys: absolute_pos, activation, causal, max_len, max_relative_position, n_kv_heads,"
        " norm, norm_first, position, use_relative_pos\n  hint: did you mean 'max_len'?\n"
        "encoder_options.norm\n  found: 'layr'\n  expected: one of: layer, rms\n  hint: did you mean 'layer'?\n"
        "n_heads\n  found: 3\n  expected: a divisor of d_model=8\n"
        "task_configs.topic.type\n  found: 'clasification'\n"
        "  expected: one of: classification, regression, sequence\n  hint: did you mean 'classification'?\n"
        "task_configs.topic.num_classes\n  found: 0\n  expected: an integer above 0\n"
        "task_configs.b.classes\n  found: the key 'classes'\n  expected: one of the keys: num_classes, type\n"
        "  hint: did you mean 'num_classes'?\n"
        "task_configs.c\n  found: nothing\n  expected: a mapping {num_classes: ..., type: ...}\n"
        "task_configs\n  found: the task 4\n  expected: a string as the name of a task"
    )


def test_model_needs_a_task():
    with pytest.raises(ArgumentError) as error:
        multi_task(task_configs={}, encoder_options=3)
    assert str(error.value) == (
        "2 problems in the arguments\n"
        "encoder_options\n  found: 3\n  expected: nothing, or a mapping of arguments\n"
        "task_configs\n  found: {}\n  expected: at least one task: {name: {num_classes: ..., type: ...}}"
    )


def test_tensors_are_finite_where_no_token_is_real():
    model, keep = multi_task(), torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0]])
    sum(y.square().sum() for y in model(ids(2, 4), keep=keep).values()).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
