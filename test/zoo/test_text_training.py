"""Training of the text models: several tasks at once, lower precision, a checkpoint."""

import pytest
import torch
from text_cases import VOCABULARY, multi_task, transformer
from torch import nn
from torch.utils.checkpoint import checkpoint

import torcharc

CRITERION = [
    {"type": "CrossEntropyLoss", "inputs": {"input": "topic"}},
    {"type": "SequenceCrossEntropyLoss", "inputs": {"input": "tags"}, "weight": 0.5},
    {"type": "MSELoss", "inputs": {"input": "quality"}, "weight": 2.0},
]


def make_batch():
    """Ids, and targets that the ids determine: the first id's class, whether each is even, their mean."""
    x = torch.randint(0, VOCABULARY, (16, 6))
    targets = {
        "topic": x[:, 0] % 3,
        "tags": x % 2,
        "quality": x.float().mean(1, keepdim=True) / VOCABULARY,
    }
    return x, targets


def test_one_backward_trains_all_tasks():
    torch.manual_seed(0)
    model, (x, targets) = multi_task(dropout=0.0), make_batch()
    criterion = torcharc.build_criterion(CRITERION)
    optimizer = torcharc.build_optimizer({"type": "Adam", "lr": 0.01}, model)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = criterion(model(x), targets)
        loss.backward()
        optimizer.step()
        losses.append(criterion.terms(model(x), targets))
    for name in losses[0]:
        assert losses[-1][name] < 0.5 * losses[0][name], name
    still = [name for name, p in model.named_parameters() if not p.grad.abs().sum() > 0]
    assert [name for name in still if not name.endswith("key.bias") and "embedding" not in name] == []


def test_loss_is_the_weighted_sum_by_hand():
    torch.manual_seed(0)
    model, (x, targets) = multi_task().eval(), make_batch()
    outputs = model(x)
    expected = nn.functional.cross_entropy(outputs["topic"], targets["topic"])
    expected = expected + 0.5 * nn.functional.cross_entropy(outputs["tags"].flatten(0, 1), targets["tags"].flatten())
    expected = expected + 2 * nn.functional.mse_loss(outputs["quality"], targets["quality"])
    torch.testing.assert_close(torcharc.build_criterion(CRITERION)(model(x), targets), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_models_train_in_lower_precision(dtype):
    torch.manual_seed(0)
    model, (x, targets) = multi_task(dropout=0.0), make_batch()
    criterion, optimizer = torcharc.build_criterion(CRITERION), torch.optim.Adam(model.parameters(), 0.01)
    scaler = torch.amp.GradScaler("cpu", enabled=dtype is torch.float16)
    keep = torch.ones(16, 6)
    keep[3:, 4:] = 0
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype):
            outputs = model(x, keep=keep)
        loss = criterion({name: y.float() for name, y in outputs.items()}, targets)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_checkpointed_gradients_are_the_plain_ones():
    model, x = transformer(dropout=0.0), torch.randint(0, VOCABULARY, (2, 5))
    weight = torch.randn(2, 5, 8)
    (model(x) * weight).sum().backward()
    plain = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    (checkpoint(model, x, use_reentrant=False) * weight).sum().backward()
    torch.testing.assert_close({name: p.grad for name, p in model.named_parameters()}, plain)
