"""`build_criterion`: one loss, sums of losses, and registered ones."""

import copy

import omegaconf
import pytest
import torch
from loss_specs import REQUIRED, message
from torch import nn

import torcharc
from torcharc.criterion import build_criterion
from torcharc.errors import SpecError
from torcharc.loss import LOSSES
from torcharc.weighted_criterion import WeightedCriterion

# one loss


@pytest.mark.parametrize("name", sorted(LOSSES.types))
def test_every_loss_builds(name):
    assert type(build_criterion({"type": name, **REQUIRED.get(name, {})})) is LOSSES.types[name]


@pytest.mark.parametrize("name", sorted(LOSSES.types))
def test_every_loss_refuses_an_unknown_key(name):
    with pytest.raises(SpecError) as error:
        build_criterion({"type": name, **REQUIRED.get(name, {}), "unknown": 1})
    assert [problem.path for problem in error.value.problems] == [("unknown",)]


def test_class_weights_are_buffers_in_float32():
    criterion = build_criterion({"type": "CrossEntropyLoss", "weight": [1, "2e0", 0.5], "label_smoothing": "1e-1"})
    assert torch.equal(criterion.weight, torch.tensor([1, 2, 0.5]))
    assert criterion.label_smoothing == 0.1
    assert criterion.to("meta").weight.is_meta


def test_loss_is_that_of_torch():
    x, y = torch.randn(5, 3), torch.rand(5, 3)
    built = build_criterion({"type": "BCEWithLogitsLoss", "pos_weight": [1, 2, 3], "reduction": "sum"})
    expected = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 3.0]), reduction="sum")
    assert torch.equal(built(x, y), expected(x, y))


@pytest.mark.parametrize("spec", ["mse", {"type": "mse"}, "torch.nn.functional.mse_loss", "nn.MSELoss"])
def test_name_alone_is_a_loss(spec):
    assert repr(build_criterion(spec)) == "MSELoss()"


def test_only_weights_become_tensors():
    criterion = build_criterion({"type": "AdaptiveLogSoftmaxWithLoss", **REQUIRED["AdaptiveLogSoftmaxWithLoss"]})
    assert criterion.cutoffs == [2, 6]


def test_power_of_the_triplet_loss_may_exceed_one():
    assert build_criterion({"type": "TripletMarginLoss", "p": 3}).p == 3


def test_distance_may_be_a_function_of_python():
    criterion = build_criterion({"type": "TripletMarginWithDistanceLoss", "distance_function": torch.dist})
    assert criterion.distance_function is torch.dist


def test_spec_is_not_changed():
    spec = {"type": "CrossEntropyLoss", "weight": [1, 2]}
    terms = [{"type": "mse", "inputs": {"input": "a"}, "params": {"reduction": "sum"}, "weight": "1e-1"}]
    before = copy.deepcopy((spec, terms))
    build_criterion(spec)
    build_criterion(terms)
    assert (spec, terms) == before


def test_omegaconf_spec_works():
    spec = omegaconf.OmegaConf.create({"type": "CrossEntropyLoss", "weight": [1, 2]})
    assert torch.equal(build_criterion(spec).weight, torch.tensor([1.0, 2.0]))


# a sum


def test_sum_equals_its_terms_by_hand():
    terms = [
        {
            "type": "CrossEntropyLoss",
            "inputs": {"input": "class", "target": "label"},
            "params": {"weight": [1, 2, 3]},
            "weight": 2.0,
        },
        {"type": "mse", "inputs": {"input": "size"}, "weight": "1e-1"},
    ]
    outputs = {"class": torch.randn(4, 3), "size": torch.randn(4)}
    targets = {"label": torch.tensor([0, 1, 2, 0]), "size": torch.randn(4)}
    criterion = build_criterion(terms)
    assert type(criterion) is WeightedCriterion
    entropy = nn.CrossEntropyLoss(torch.tensor([1.0, 2, 3]))(outputs["class"], targets["label"])
    square = nn.MSELoss()(outputs["size"], targets["size"])
    assert torch.equal(criterion(outputs, targets), 2 * entropy + 0.1 * square)
    assert list(criterion.terms(outputs, targets)) == ["class", "size"]


def test_mapping_with_inputs_is_a_sum_of_one():
    spec = {"type": "L1Loss", "inputs": {"pred": "model.y", "targets": "target_columns.y_true"}, "weight": 3}
    criterion = build_criterion(spec)
    assert criterion({"y": torch.ones(2)}, {"y_true": torch.zeros(2)}).item() == 3.0


def test_names_tell_terms_of_one_output_apart():
    terms = [{"type": name, "inputs": {"input": "y"}, "name": name} for name in ("mse", "l1")]
    values = build_criterion(terms).terms({"y": torch.full((2,), 3.0)}, {"y": torch.ones(2)})
    assert {name: value.item() for name, value in values.items()} == {"mse": 4.0, "l1": 2.0}


def test_terms_of_one_output_are_numbered():
    terms = [{"type": name, "inputs": {"input": "y"}} for name in ("mse", "l1", "huber_loss")]
    values = build_criterion(terms).terms({"y": torch.full((2,), 3.0)}, {"y": torch.ones(2)})
    assert {name: value.item() for name, value in values.items()} == {"y": 4.0, "y_2": 2.0, "y_3": 1.5}


def test_ports_of_any_loss_are_fed_by_name():
    terms = [
        {
            "type": "TripletMarginLoss",
            "inputs": {"anchor": "a", "positive": "b", "negative": "targets.c"},
            "name": "triplet",
        },
        {"type": "GaussianNLLLoss", "inputs": {"var": "b", "input": "a", "target": "c"}, "name": "nll"},
        {"type": "PoissonNLLLoss", "inputs": {"input": "a"}, "name": "poisson"},
    ]
    a, b, c = torch.randn(2, 3), torch.rand(2, 3), torch.randn(2, 3)
    values = build_criterion(terms).terms({"a": a, "b": b}, {"a": c, "c": c})
    assert torch.equal(values["triplet"], nn.TripletMarginLoss()(a, b, c))
    assert torch.equal(values["nll"], nn.GaussianNLLLoss()(a, c, b))
    assert torch.equal(values["poisson"], nn.PoissonNLLLoss()(a, c))


def test_ctc_lengths_come_from_the_targets():
    inputs = {"input": "frames", "target": "text", "input_lengths": "frames", "target_lengths": "letters"}
    frames = torch.randn(5, 2, 4).log_softmax(-1)
    targets = {
        "text": torch.ones(2, 2, dtype=torch.long),
        "frames": torch.tensor([5, 4]),
        "letters": torch.tensor([2, 1]),
    }
    built = build_criterion([{"type": "CTCLoss", "inputs": inputs}])({"frames": frames}, targets)
    expected = nn.CTCLoss()(frames, targets["text"], targets["frames"], targets["letters"])
    assert torch.equal(built, expected)


def test_adaptive_softmax_gives_its_loss():
    params = REQUIRED["AdaptiveLogSoftmaxWithLoss"]
    spec = [{"type": "AdaptiveLogSoftmaxWithLoss", "inputs": {"input": "x", "target": "y"}, "params": params}]
    criterion = build_criterion(spec)
    x, y = torch.randn(3, 4), torch.tensor([0, 3, 5])
    assert torch.equal(criterion({"x": x}, {"y": y}), criterion.losses[0](x, y).loss)


# registered losses


class Pinball(nn.Module):
    """The quantile loss; `mask` leaves examples out."""

    def __init__(self, quantile: float, weight: float = 1.0):
        super().__init__()
        self.quantile, self.weight = quantile, weight

    def forward(self, pred, target, scale=None, mask=None):
        error = target - pred
        value = self.weight * torch.maximum(self.quantile * error, (self.quantile - 1) * error)
        value = value if scale is None else value * scale
        return value.mean() if mask is None else value[mask].mean()


def make_tilted(scale: float = 1.0):
    """Half of a pinball."""
    return Pinball(0.5, scale)


@pytest.fixture
def registered():
    torcharc.register(Pinball)
    torcharc.register("Tilted", make_tilted, kind="loss")
    yield
    torcharc.unregister("Pinball")
    torcharc.unregister("Tilted")


@pytest.mark.usefixtures("registered")
def test_registered_loss_is_found_by_its_name():
    criterion = build_criterion({"type": "Pinball", "quantile": 0.9, "weight": 2})
    assert (type(criterion), criterion.quantile, criterion.weight) == (Pinball, 0.9, 2)
    assert build_criterion("Tilted").quantile == 0.5


@pytest.mark.usefixtures("registered")
def test_registered_losses_are_terms_by_their_ports():
    terms = [
        {"type": "Pinball", "inputs": {"pred": "y"}, "params": {"quantile": "9e-1"}, "weight": 2},
        {"type": "Tilted", "inputs": {"input": "y"}, "params": {"scale": 4}},
    ]
    value = build_criterion(terms)({"y": torch.zeros(2)}, {"y": torch.ones(2)})
    assert value.item() == pytest.approx(2 * 0.9 + 4 * 0.5)


@pytest.mark.usefixtures("registered")
def test_port_before_a_given_one_must_be_given():
    inputs = {"pred": "y", "mask": "m"}
    assert message([{"type": "Pinball", "inputs": inputs, "params": {"quantile": 0.5}}]) == (
        "1 problem in the spec\nspec[0].inputs\n  found: no key 'scale'\n  expected: the key 'scale', which is required"
    )


@pytest.mark.usefixtures("registered")
def test_misspelled_registered_loss_is_hinted_at():
    with pytest.raises(SpecError) as error:
        build_criterion("Pinbal")
    assert error.value.problems[0].hint == "did you mean 'Pinball'?"


def test_registered_module_without_a_target_is_no_loss():
    torcharc.register("Doubled", type("Doubled", (nn.Module,), {"forward": lambda self, input: 2 * input}))
    try:
        with pytest.raises(SpecError) as error:
            build_criterion("Doubled")
    finally:
        torcharc.unregister("Doubled")
    assert error.value.problems[0].code == "unknown-type"
