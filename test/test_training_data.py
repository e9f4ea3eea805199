"""Training with a setup from a spec, on real data."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.preprocessing import StandardScaler
from training_setup import build, make_net

import torcharc
from torcharc.training import TrainingSetup


def run(setup, model, inputs, targets):
    """Trains as a loop would that reads the settings, and gives the loss of each epoch."""
    losses = []
    for epoch in range(setup.settings["epochs"]):
        order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(setup.settings["batch_size"]):
            loss = setup.criterion(model(inputs[rows]), {name: values[rows] for name, values in targets.items()})
            setup.optimizer.zero_grad()
            loss.backward()
            setup.optimizer.step()
        losses.append(loss.item())
    return losses


def test_classifier_learns_breast_cancer():
    data = load_breast_cancer()
    x = torch.tensor(StandardScaler().fit_transform(data.data), dtype=torch.float32)
    y = torch.tensor(data.target, dtype=torch.float32)[:, None]
    arc = {
        "dag_in_shape": [30],
        "hidden": {"type": "Linear", "layers": [16], "activation": "ReLU"},
        "logit": {"type": "Linear", "out_features": 1},
    }
    spec = {
        "trainer": {
            "loss": {"type": "binary_cross_entropy_with_logits", "inputs": {"pred": "logit", "target": "benign"}},
            "optimizer": {"type": "Adam", "config": {"learning_rate": "1e-2"}},
            "config": {"epochs": 8, "batch_size": 32},
        }
    }
    net = torcharc.build(arc, seed=0)
    held_out = torch.arange(len(x)) % 4 == 0
    setup = build(spec, net)
    run(setup, net, x[~held_out], {"benign": y[~held_out]})
    accuracy = ((net(x[held_out]) > 0) == (y[held_out] > 0.5)).float().mean().item()
    assert accuracy > 0.95


def test_two_heads_learn_diabetes_as_by_hand():
    data = load_diabetes()
    x = torch.tensor(data.data[:, :4] * 20, dtype=torch.float32)
    progress = torch.tensor(data.target[:, None] / 100, dtype=torch.float32)
    targets = {"progress": progress, "severe": (progress > 1.5).float()}
    spec = {
        "training": {
            "loss": [
                {"type": "mse", "inputs": {"input": "amount", "target": "progress"}, "weight": 0.5},
                {"type": "BCEWithLogitsLoss", "inputs": {"input": "risk", "target": "severe"}, "weight": 2},
            ],
            "optimizer": {"type": "sgd", "lr": 0.05, "params": {"momentum": "9e-1"}},
            "epochs": 6,
            "batch_size": 64,
        }
    }
    net, twin = make_net(amount=1, risk=1), make_net(amount=1, risk=1)
    setup = build(spec, net)
    before = setup.criterion(net(x), targets).item()
    losses = run(setup, net, x, targets)
    assert setup.criterion(net(x), targets).item() < 0.75 * before

    def criterion(outputs, targets):
        square = F.mse_loss(outputs["amount"], targets["progress"])
        return 0.5 * square + 2.0 * F.binary_cross_entropy_with_logits(outputs["risk"], targets["severe"])

    optimizer = torch.optim.SGD(twin.parameters(), lr=0.05, momentum=0.9)
    by_hand = TrainingSetup(criterion, optimizer, {"epochs": 6, "batch_size": 64})
    assert losses == run(by_hand, twin, x, targets)
