"""Names that stay: a published name goes on to mean the same network.

`zoo_hashes.csv` holds the digest of each. A new name is added there; for a network that is to change,
the index gets a new version of its name, and the old one keeps its line.
"""

import csv
import pathlib

import pytest

import torcharc

with (pathlib.Path(__file__).parent / "zoo_hashes.csv").open() as file:
    KNOWN = {row["name"]: row["hash"] for row in csv.DictReader(file)}
ALIASES = {"zoo/bert": "zoo/bert_base"}


def test_every_name_is_known():
    assert list(KNOWN) == torcharc.zoo.list()


@pytest.mark.parametrize("name", KNOWN)
def test_name_means_the_network_that_it_meant(name):
    assert torcharc.hash(name) == KNOWN[name]


def test_names_mean_different_networks():
    digests = {name: digest for name, digest in KNOWN.items() if name not in ALIASES}
    assert len(set(digests.values())) == len(digests)
    assert {name: KNOWN[name] for name in ALIASES} == {name: KNOWN[other] for name, other in ALIASES.items()}


def test_first_version_is_the_name_without_one():
    assert torcharc.hash("zoo/lenet5@1") == KNOWN["zoo/lenet5"]


@pytest.mark.parametrize("values", [{"num_classes": 10}, {"width": 32}, {"depths": [3, 4, 6, 4]}])
def test_another_value_is_another_network(values):
    assert torcharc.hash("zoo/resnet50", **values) != KNOWN["zoo/resnet50"]
