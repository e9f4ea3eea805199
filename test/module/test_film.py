"""Feature-wise linear modulation, by itself and in arcs."""

import pytest
import torch

import torcharc
from torcharc.module.film import FiLM, FiLMMerge

NAMES = {"feature": "image", "conditioner": "vector"}
SHAPES = {"image": [3, 5, 5], "vector": [8]}


def arguments_message(*args, **kwargs):
    with pytest.raises(torcharc.ArgumentError) as error:
        FiLMMerge(*args, **kwargs)
    return str(error.value)


def spec_message(inputs, film):
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build({"dag_in_shape": inputs, "film": {"type": "FiLMMerge", "in_names": list(inputs), **film}})
    return str(error.value)


@pytest.mark.parametrize("axes", [[], [5], [5, 4], [5, 4, 3]], ids=len)
def test_film_scales_and_shifts_channel_by_channel(axes):
    film = FiLMMerge(NAMES, shapes={"image": [3, *axes], "vector": [8]})
    feature, conditioner = torch.rand(2, 3, *axes), torch.rand(2, 8)
    scale, shift = film.conditioner_scale(conditioner), film.conditioner_shift(conditioner)
    expected = torch.stack([scale[n, c] * feature[n, c] + shift[n, c] for n in range(2) for c in range(3)])
    assert torch.allclose(film({"image": feature, "vector": conditioner}), expected.view(feature.shape), atol=1e-6)


def test_scale_is_drawn_before_shift():
    torch.manual_seed(3)
    film = FiLMMerge(NAMES, shapes=SHAPES)
    torch.manual_seed(3)
    scale, shift = torch.nn.Linear(8, 3), torch.nn.Linear(8, 3)
    assert torch.equal(film.conditioner_scale.weight, scale.weight)
    assert torch.equal(film.conditioner_shift.bias, shift.bias)
    assert list(film.state_dict()) == [
        *("conditioner_scale.weight", "conditioner_scale.bias"),
        *("conditioner_shift.weight", "conditioner_shift.bias"),
    ]


def test_film_of_ports_is_the_same_with_other_names():
    film = FiLM(3, 8)
    feature, conditioner = torch.rand(2, 3, 5, 4), torch.rand(2, 8)
    gamma, beta = film.gamma(conditioner)[:, :, None, None], film.beta(conditioner)[:, :, None, None]
    assert torch.allclose(film(feature, conditioner), gamma * feature + beta)
    assert list(dict(film.named_children())) == ["gamma", "beta"]


@pytest.mark.parametrize("film", [FiLMMerge(NAMES, shapes=SHAPES), FiLM(3, 8)], ids=["FiLMMerge", "FiLM"])
def test_unequal_batches_are_refused(film):
    feature, conditioner = torch.rand(16, 3, 5, 5), torch.rand(1, 8)
    arguments = ({"image": feature, "vector": conditioner},) if isinstance(film, FiLMMerge) else (feature, conditioner)
    with pytest.raises(ValueError, match=r"^the feature has a batch of 16, the conditioner one of 1$"):
        film(*arguments)


ARGUMENTS = [
    (5, SHAPES, "names\n  found: 5\n  expected: {feature: name, conditioner: name}"),
    (
        {"feature": "image"},
        SHAPES,
        "names\n  found: no key 'conditioner'\n  expected: the key 'conditioner', which is required",
    ),
    (
        {**NAMES, "other": "x"},
        SHAPES,
        "names.other\n  found: the key 'other'\n  expected: one of the keys: conditioner, feature",
    ),
    ({**NAMES, "feature": 1}, SHAPES, "names.feature\n  found: 1\n  expected: the name of a tensor"),
    (
        {"feature": "image", "conditioner": "image"},
        SHAPES,
        "names\n  found: {'conditioner': 'image', 'feature': 'image'}\n  expected: two tensors that differ",
    ),
    (NAMES, 5, "shapes\n  found: 5\n  expected: {name: [sizes]} of the feature and the conditioner"),
    (
        NAMES,
        {"image": [3, 5]},
        "shapes.vector\n  found: nothing\n  expected: the shape [K] of a vector, as 'vector' is the conditioner",
    ),
    (
        NAMES,
        {"image": [3], "vector": [8, 2]},
        "shapes.vector\n  found: [8, 2]\n  expected: the shape [K] of a vector, as 'vector' is the conditioner",
    ),
    (
        NAMES,
        {"image": [0, 3], "vector": [8]},
        "shapes.image\n  found: [0, 3]\n  expected: a shape [C, ...], as 'image' is the feature",
    ),
]


@pytest.mark.parametrize(("names", "shapes", "lines"), ARGUMENTS)
def test_unusable_arguments_are_told(names, shapes, lines):
    assert arguments_message(names, shapes=shapes) == f"1 problem in the arguments\n{lines}"


def test_shapes_are_inferred_in_a_dag():
    arc = {"dag_in_shape": SHAPES, "film": {"type": "FiLMMerge", "in_names": ["image", "vector"], "names": NAMES}}
    net = torcharc.build(arc)
    assert net.module_dict.film.conditioner_scale.weight.shape == (3, 8)
    assert sum(p.numel() for p in net.parameters()) == 54
    arc["film"]["shapes"] = {"image": [3, 5, 5], "vector": [8]}
    assert torcharc.build(arc)(torch.rand(2, 3, 5, 5), torch.rand(2, 8)).shape == (2, 3, 5, 5)


def test_film_outside_a_dag_needs_shapes():
    film = torcharc.build({"type": "FiLMMerge", "names": NAMES, "shapes": SHAPES})
    assert film({"image": torch.rand(2, 3, 5, 5), "vector": torch.rand(2, 8)}).shape == (2, 3, 5, 5)
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.build({"type": "FiLMMerge", "names": NAMES})
    assert (
        str(error.value)
        == """1 problem in the spec
spec
  found: no key 'shapes'
  expected: the key 'shapes', which is required"""
    )


def test_ports_infer_their_sizes_in_a_dag():
    arc = {"dag_in_shape": SHAPES, "film": {"type": "MergeFiLM", "in_names": ["image", "vector"]}}
    film = torcharc.build(arc).module_dict.film
    assert (film.gamma.in_features, film.gamma.out_features) == (8, 3)


SPECS = [
    (
        SHAPES,
        {},
        "spec.film\n  found: no key 'names'\n  expected: the key 'names', which is required",
    ),
    (
        SHAPES,
        {"names": {"feature": "imag", "conditioner": "vector"}},
        "spec.film.names.feature\n  found: 'imag'\n  expected: one of in_names: image, vector"
        "\n  hint: did you mean 'image'?",
    ),
    (
        SHAPES,
        {"names": {"feature": "vector", "conditioner": "image"}},
        "spec.film.names.conditioner\n  found: 'image' (3, 5, 5)\n  expected: the shape [K] of a vector",
    ),
    (
        {"image": [None, 5], "vector": [8]},
        {"names": NAMES},
        "spec.film.names.feature\n  found: 'image' (any, 5)\n  expected: a shape [C, ...]",
    ),
    (
        SHAPES,
        {"names": NAMES, "shapes": {"image": [4, 5, 5], "vector": [8]}},
        "spec.film.shapes\n  found: {'image': [4, 5, 5], 'vector': [8]}\n"
        "  expected: {'image': [3, 5, 5], 'vector': [8]}\n  hint: leave shapes out: they are inferred",
    ),
    (
        SHAPES,
        {"names": NAMES, "shapes": {"image": 3, "vector": [8]}},
        "spec.film.shapes.image\n  found: 3\n  expected: a shape [C, ...], as 'image' is the feature",
    ),
    (
        {**SHAPES, "more": [2]},
        {"names": NAMES},
        "spec.film.in_names\n  found: 3 tensors\n  expected: 2 tensors: the feature and the conditioner",
    ),
]


@pytest.mark.parametrize(("inputs", "film", "lines"), SPECS)
def test_unusable_film_in_an_arc_is_told(inputs, film, lines):
    assert spec_message(inputs, film) == f"1 problem in the spec\n{lines}"
