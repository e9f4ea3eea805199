"""Stacks run as `nn.Sequential` does, and leave idle dropout layers alone."""

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

import torcharc
from torcharc.stack import IDLE, Sequential

LAYERS = [nn.Linear(6, 5), nn.Dropout(0.5), nn.ReLU(), nn.Dropout(0.9), nn.Linear(5, 4)]


def test_sequential_gives_what_nn_sequential_gives_in_eval_and_training():
    ours, torchs, x = Sequential(*LAYERS), nn.Sequential(*LAYERS), torch.rand(3, 6)
    for training in (False, True):
        results = []
        for network in (ours, torchs):
            torch.manual_seed(0)
            results.append(network.train(training)(x))
        assert torch.equal(*results)


def test_sequential_calls_a_dropout_layer_in_training_alone(monkeypatch):
    calls = []
    monkeypatch.setattr(nn.Dropout, "forward", lambda self, x: calls.append(self.training) or x)
    network = Sequential(nn.Dropout(0.5))
    network(torch.rand(2))
    network.eval()(torch.rand(2))
    assert calls == [True]


def test_sequential_calls_a_layer_with_a_hook_in_eval_too():
    for register in ("register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"):
        network, calls = Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).eval(), []
        getattr(network[1], register)(lambda *args, calls=calls: calls.append(1))
        network(torch.rand(1, 2)).sum().backward()
        assert calls == [1], register


def test_sequential_calls_every_layer_while_a_global_hook_is_set():
    network, seen = Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).eval(), []
    handle = register_module_forward_hook(lambda module, *args: seen.append(type(module).__name__))
    try:
        network(torch.rand(1, 2))
    finally:
        handle.remove()
    assert seen == ["Linear", "Dropout", "Sequential"]


def test_idle_layers_give_back_their_input_in_eval():
    x = torch.rand(2, 3, 4, 4)
    for kind in IDLE:
        fed = {"Dropout1d": x[0], "Dropout3d": x[None]}.get(kind.__name__, x)
        assert kind(0.5).eval()(fed) is fed or torch.equal(kind(0.5).eval()(fed), fed)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_stack_that_stands_alone_goes_through_torch_script():
    network = torcharc.build({"type": "Linear", "in_features": 4, "layers": [3, 2], "dropout": 0.5}).eval()
    x = torch.rand(2, 4)
    assert isinstance(network, nn.Sequential)
    assert torch.equal(torch.jit.script(network)(x), network(x))
    assert repr(network).startswith("Sequential(\n  (0): Linear(in_features=4, out_features=3, bias=True)")
