import copy
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

from torcharc.errors import ArgumentError
from torcharc.optimizer import OPTIMIZERS, GlobalAdam, GlobalRMSprop, Lookahead


def make_model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def train(model, optimizer, start, stop):
    """Steps `start` to `stop` (excluded) on inputs that depend on the step alone."""
    for step in range(start, stop):
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()


def equal_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


# Lookahead


def test_lookahead_follows_its_formula():
    """Against NumPy: gradient descent on w**2, slow and fast weights by hand."""
    weight = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = Lookahead([weight], alpha=0.3, k=3, optimizer="SGD", lr=0.1)
    fast = slow = np.array([1.0, -2.0])
    for step in range(1, 11):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
        fast = fast - 0.1 * 2 * fast
        if step % 3 == 0:
            slow = slow + 0.3 * (fast - slow)
            fast = slow
        np.testing.assert_allclose(weight.detach().numpy(), fast, rtol=1e-12)


def test_lookahead_has_radam_inside_by_default():
    optimizer = Lookahead(make_model().parameters())
    assert type(optimizer.optimizer) is torch.optim.RAdam
    assert (optimizer.alpha, optimizer.k) == (0.5, 5)
    assert torch.optim.RAdam.__module__ == "torch.optim.radam"


@pytest.mark.parametrize(("alpha", "k"), [(1.0, 1), (1.0, 3)])
def test_lookahead_with_alpha_one_is_the_inner_optimizer(alpha, k):
    one, other = make_model(), make_model()
    train(one, Lookahead(one.parameters(), alpha, k, "Adam", lr=0.1), 0, 7)
    train(other, torch.optim.Adam(other.parameters(), lr=0.1), 0, 7)
    assert equal_weights(one, other)


def test_lookahead_with_alpha_zero_returns_to_the_start():
    model = make_model()
    train(model, Lookahead(model.parameters(), 0, 4, "SGD", lr=0.1), 0, 8)
    assert equal_weights(model, make_model())


def test_lookahead_starts_from_the_weights_before_its_first_step():
    model = make_model(seed=1)
    optimizer = Lookahead(model.parameters(), 0, 2, "SGD", lr=0.1)
    model.load_state_dict(make_model(seed=2).state_dict())
    train(model, optimizer, 0, 2)
    assert equal_weights(model, make_model(seed=2))


@pytest.mark.parametrize("inner", ["RAdam", "Adam", {"type": "RMSprop", "alpha": 0.9}, "Adagrad", "GlobalAdam"])
def test_lookahead_resumes_exactly(inner):
    whole = make_model()
    optimizer = Lookahead(whole.parameters(), optimizer=inner, lr=0.05)
    train(whole, optimizer, 0, 7)
    file = io.BytesIO()
    torch.save({"model": whole.state_dict(), "optimizer": optimizer.state_dict()}, file)
    train(whole, optimizer, 7, 20)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed = make_model(seed=9)
    resumed.load_state_dict(saved["model"])
    optimizer = Lookahead(resumed.parameters(), optimizer=inner, lr=0.5)
    optimizer.load_state_dict(saved["optimizer"])
    assert (optimizer.counter, optimizer.param_groups[0]["lr"]) == (7, 0.05)
    assert optimizer.param_groups is optimizer.optimizer.param_groups
    train(resumed, optimizer, 7, 20)
    assert equal_weights(whole, resumed)


def test_lookahead_state_dict_has_inner_state_slow_weights_and_counter():
    model = make_model()
    optimizer = Lookahead(model.parameters(), 0.5, 2, "Adam")
    train(model, optimizer, 0, 3)
    state = optimizer.state_dict()["state"]
    assert state["counter"] == 3
    assert sorted(state[0]) == ["exp_avg", "exp_avg_sq", "slow", "step"]
    assert sorted(optimizer.state[model[0].weight]) == ["exp_avg", "exp_avg_sq", "step"]


def test_lookahead_loads_a_checkpoint_of_its_inner_optimizer():
    one, other = make_model(), make_model()
    plain = torch.optim.Adam(one.parameters(), lr=0.1)
    train(one, plain, 0, 3)
    train(other, torch.optim.Adam(other.parameters(), lr=0.1), 0, 3)
    lookahead = Lookahead(other.parameters(), 0.5, 9, "Adam")
    lookahead.load_state_dict(copy.deepcopy(plain.state_dict()))
    train(one, plain, 3, 8)
    train(other, lookahead, 3, 8)
    assert equal_weights(one, other)
    assert lookahead.counter == 5


def test_lookahead_loaded_state_is_its_own():
    model = make_model()
    optimizer = Lookahead(model.parameters(), 0.5, 2, "SGD", lr=0.1)
    train(model, optimizer, 0, 1)
    saved = optimizer.state_dict()
    before = copy.deepcopy(saved)
    optimizer.load_state_dict(saved)
    train(model, optimizer, 1, 5)
    assert torch.equal(saved["state"][0]["slow"], before["state"][0]["slow"])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_lookahead_copy_goes_on_alike(duplicate):
    model = make_model()
    optimizer = Lookahead(model.parameters(), lr=0.05)
    train(model, optimizer, 0, 7)
    twin, optimizer_of_twin = duplicate((model, optimizer))
    train(model, optimizer, 7, 13)
    train(twin, optimizer_of_twin, 7, 13)
    assert equal_weights(model, twin)
    assert optimizer_of_twin.param_groups is optimizer_of_twin.optimizer.param_groups
    assert optimizer_of_twin.defaults == optimizer.defaults


def test_lookahead_runs_the_closure_once_and_returns_its_loss():
    weight = nn.Parameter(torch.tensor(3.0))
    optimizer = Lookahead([weight], optimizer="SGD", lr=0.1)
    calls = []

    def closure():
        optimizer.zero_grad()
        loss = weight.square()
        loss.backward()
        calls.append(loss.item())
        return loss

    assert optimizer.step(closure).item() == 9.0
    assert calls == [9.0]
    assert optimizer.step() is None


def test_lookahead_runs_step_hooks_once_a_step():
    model, seen = make_model(), []
    optimizer = Lookahead(model.parameters())
    optimizer.register_step_pre_hook(lambda *_: seen.append("pre"))
    optimizer.register_step_post_hook(lambda *_: seen.append("post"))
    train(model, optimizer, 0, 2)
    assert seen == ["pre", "post", "pre", "post"]


def test_lookahead_state_dict_hooks_see_the_whole_state():
    model, seen = make_model(), []
    optimizer = Lookahead(model.parameters())
    optimizer.register_state_dict_post_hook(lambda _, state: seen.append(state["state"]["counter"]))
    train(model, optimizer, 0, 2)
    optimizer.state_dict()
    assert seen == [2]


def test_lookahead_zero_grad_clears_gradients():
    model = make_model()
    optimizer = Lookahead(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_lookahead_steps_at_the_rates_of_a_scheduler():
    weight = nn.Parameter(torch.tensor(0.0))
    optimizer = Lookahead([weight], k=100, optimizer="SGD", lr=1.0)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
    for _ in range(3):
        weight.grad = torch.tensor(-1.0)
        optimizer.step()
        scheduler.step()
    assert weight.item() == 1 + 0.5 + 0.25


def test_lookahead_steps_an_added_group():
    first, second = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(1.0))
    optimizer = Lookahead([first], alpha=0.5, k=1, optimizer="SGD", lr=1.0)
    optimizer.add_param_group({"params": [second], "lr": 2.0})
    second.grad = torch.tensor(1.0)
    optimizer.step()
    assert second.item() == 1 - 0.5 * 2.0
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 2.0]


def test_lookahead_prints_as_the_inner_optimizer_does():
    model = make_model()
    assert repr(Lookahead(model.parameters(), optimizer="SGD")) == (
        repr(torch.optim.SGD(model.parameters())).replace("SGD (", "Lookahead (")
    )


def test_lookahead_names_all_faulty_arguments():
    with pytest.raises(ArgumentError) as error:
        Lookahead(make_model().parameters(), alpha=1.5, k=0)
    assert str(error.value) == (
        "2 problems in the arguments\n"
        "alpha\n"
        "  found: 1.5\n"
        "  expected: a number from 0 to 1\n"
        "k\n"
        "  found: 0\n"
        "  expected: an integer above 0"
    )


def test_lookahead_names_an_unknown_inner_argument():
    with pytest.raises(ArgumentError) as error:
        Lookahead(make_model().parameters(), optimizer="SparseAdam", beta=0.9)
    assert str(error.value) == (
        "1 problem in the arguments\n"
        "beta\n"
        "  found: the key 'beta'\n"
        "  expected: one of the keys: alpha, betas, eps, k, lr, maximize, optimizer\n"
        "  hint: did you mean 'betas'?"
    )


# GlobalAdam, GlobalRMSprop

PLAIN = [(GlobalAdam, torch.optim.Adam), (GlobalRMSprop, torch.optim.RMSprop)]
OPTIONS = [
    (GlobalAdam, torch.optim.Adam, {}),
    (GlobalAdam, torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}),
    (GlobalAdam, torch.optim.Adam, {"foreach": True}),
    (GlobalRMSprop, torch.optim.RMSprop, {}),
    (GlobalRMSprop, torch.optim.RMSprop, {"alpha": 0.9, "momentum": 0.9, "centered": True, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("cls", "plain", "options"), OPTIONS)
def test_shared_optimizer_equals_the_plain_one_at_every_step(cls, plain, options):
    one, other = make_model(), make_model()
    shared, single = cls(one.parameters(), **options), plain(other.parameters(), **options)
    for step in range(6):
        train(one, shared, step, step + 1)
        train(other, single, step, step + 1)
        assert equal_weights(one, other)
    assert shared.param_groups[0].keys() == single.param_groups[0].keys()


@pytest.mark.parametrize(("cls", "plain", "options"), OPTIONS)
def test_shared_state_exists_at_once_and_is_the_plain_one_before_a_step(cls, plain, options):
    model = make_model()
    optimizer, single = cls(model.parameters(), **options), plain(model.parameters(), **options)
    train(model, single, 0, 1)
    for parameter in model.parameters():
        assert optimizer.state[parameter].keys() == single.state[parameter].keys()
        for name, value in optimizer.state[parameter].items():
            assert (value.shape, value.dtype) == (single.state[parameter][name].shape, torch.float32)
            assert not value.any()


@pytest.mark.parametrize(("cls", "plain"), PLAIN)
def test_share_memory_moves_all_state(cls, plain):
    model = make_model()
    optimizer = cls(model.parameters(), lr=1e-2)
    assert optimizer.share_memory() is optimizer
    values = [value for state in optimizer.state.values() for value in state.values()]
    assert len(values) >= 8
    assert all(value.is_shared() for value in values)


@pytest.mark.parametrize(("cls", "plain"), PLAIN)
def test_shared_optimizer_resumes_exactly(cls, plain):
    whole = make_model()
    optimizer = cls(whole.parameters())
    train(whole, optimizer, 0, 3)
    resumed, state = copy.deepcopy(whole), copy.deepcopy(optimizer.state_dict())
    again = cls(resumed.parameters())
    again.load_state_dict(state)
    train(whole, optimizer, 3, 6)
    train(resumed, again, 3, 6)
    assert equal_weights(whole, resumed)


def test_added_group_has_state_at_once():
    optimizer = GlobalAdam([nn.Parameter(torch.ones(2))])
    added = nn.Parameter(torch.ones(3))
    optimizer.add_param_group({"params": [added]})
    assert optimizer.state[added]["exp_avg"].shape == (3,)


HOGWILD = """
import torch
from torcharc.optimizer import GlobalAdam

def work(model, optimizer, lock):
    torch.set_num_threads(1)
    for _ in range(10):
        with lock:
            model.weight.grad = torch.ones(1, 1)
            optimizer.step()

if __name__ == "__main__":
    context = torch.multiprocessing.get_context("spawn")
    model = torch.nn.Linear(1, 1, bias=False).share_memory()
    alone = torch.nn.Linear(1, 1, bias=False)
    alone.load_state_dict(model.state_dict())
    optimizer = GlobalAdam(model.parameters(), lr=0.1).share_memory()
    lock = context.Lock()
    workers = [context.Process(target=work, args=(model, optimizer, lock)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    adam = torch.optim.Adam(alone.parameters(), lr=0.1)
    for _ in range(20):
        alone.weight.grad = torch.ones(1, 1)
        adam.step()
    print(int(optimizer.state[model.weight]["step"]), torch.equal(model.weight, alone.weight))
"""


def test_two_processes_step_as_one_on_shared_state(tmp_path):
    script = tmp_path / "hogwild.py"
    script.write_text(HOGWILD)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == ("20 True\n", 0), done.stderr


# the catalog


def test_catalog_has_every_optimizer_of_torch():
    of_torch = {
        name
        for name, cls in vars(torch.optim).items()
        if isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer) and name != "Optimizer"
    }
    assert set(OPTIMIZERS.types) == of_torch | {"GlobalAdam", "GlobalRMSprop", "Lookahead"}
    assert {"Adam", "AdamW", "LBFGS", "SGD", "SparseAdam"} < of_torch


@pytest.mark.parametrize("word", ["Adam", "adam", "ADAM", "optim.Adam", "torch.optim.Adam", "torch.optim.adam"])
def test_optimizer_is_found_by_all_spellings(word):
    assert OPTIMIZERS.find(word) is torch.optim.Adam
