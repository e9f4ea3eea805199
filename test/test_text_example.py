"""The example of text classification, on a small part of its corpus."""

import importlib
import pathlib
import xml.etree.ElementTree

import pytest
import torch

EXAMPLE = pathlib.Path(__file__).parent.parent / "example"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE)
    return importlib.import_module("text_classification")


@pytest.fixture
def corpus(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE)
    return importlib.import_module("text_corpus")


def test_corpus_has_all_origins_in_both_parts(corpus):
    train, test = corpus.read_corpus(pages=40, vocabulary=300)
    for part in (train, test):
        assert sorted(set(part.labels.tolist())) == [0, 1, 2, 3]
        assert part.ids.shape == (len(part.labels), corpus.WORDS)
        assert int(part.ids.max()) < 300
        real = torch.arange(corpus.WORDS) < part.lengths[:, None]
        assert torch.equal(part.ids != corpus.PADDING, real)
    assert len(train.ids) > 2 * len(test.ids)
    again, _ = corpus.read_corpus(pages=40, vocabulary=300)
    assert torch.equal(again.ids, train.ids)


def test_example_trains_and_draws(example, tmp_path, capsys):
    results = example.main(["--pages", "60", "--epochs", "2", "--out", str(tmp_path)])
    assert list(results) == ["cnn_lstm_hybrid", "transformer_cnn", "hierarchical_attention"]
    printed = capsys.readouterr().out
    for name, found in results.items():
        assert len(found["curve"]) == 2
        assert f"{found['params']:,}" in printed
        assert name in printed
    root = xml.etree.ElementTree.parse(tmp_path / "text_classification.svg").getroot()
    assert len(root.findall(f"{SVG}polyline")) == 3
    assert len(root.findall(f"{SVG}circle")) == 6


def test_curves_rise_to_the_top(example):
    root = xml.etree.ElementTree.fromstring(example.draw_curves({"a": [0.2, 1.0]}))
    (low, high) = (point.split(",") for point in root.find(f"{SVG}polyline").get("points").split())
    assert (float(low[1]), float(high[1])) == (270.0, 20.0)
    assert float(low[0]) < float(high[0])
