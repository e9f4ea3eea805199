import pytest

from torcharc.errors import ArgumentError
from torcharc.module.attention_window import AttentionSpan
from torcharc.module.timeseries_options import Options, check_head_sizes, check_options


def test_defaults_have_no_problems():
    assert list(check_options(Options(d_model=7, nhead=2))) == []


@pytest.mark.parametrize(
    ("options", "span"),
    [
        ({}, AttentionSpan(block=168)),
        ({"chunk_mode": None, "attention_size": 5}, AttentionSpan(reach=5)),
        ({"chunk_mode": "chunk", "chunk_size": 10, "padding": 30}, AttentionSpan(block=10)),
        ({"chunk_mode": "window", "attention_size": 0}, AttentionSpan(reach=0, block=84, margin=42)),
    ],
)
def test_span_of_options(options, span):
    assert Options(d_model=8, nhead=2, **options).span() == span


def test_span_of_options_is_causal_on_demand():
    assert Options(d_model=8, nhead=2).span(causal=True) == AttentionSpan(block=168, causal=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"d_model": 0}, "d_model\n  found: 0\n  expected: an integer above 0"),
        ({"d_model": 8.0}, "d_model\n  found: 8.0\n  expected: an integer above 0\n  hint: write 8"),
        ({"nhead": True}, "nhead\n  found: True\n  expected: an integer above 0"),
        ({"num_encoder_layers": -1}, "num_encoder_layers\n  found: -1\n  expected: an integer of at least 0"),
        ({"num_decoder_layers": -1}, "num_decoder_layers\n  found: -1\n  expected: an integer of at least 0"),
        (
            {"dim_feedforward": "16"},
            "dim_feedforward\n  found: '16'\n  expected: an integer above 0\n  hint: write 16 without quotes",
        ),
        ({"q": None}, "q\n  found: nothing\n  expected: an integer above 0"),
        ({"v": None}, "v\n  found: nothing\n  expected: an integer above 0"),
        ({"in_channels": 0}, "in_channels\n  found: 0\n  expected: an integer above 0"),
        ({"out_channels": 0}, "out_channels\n  found: 0\n  expected: an integer above 0"),
        ({"attention_size": -1}, "attention_size\n  found: -1\n  expected: an integer of at least 0 or null"),
        ({"scalar_output": 1}, "scalar_output\n  found: 1\n  expected: true or false"),
        ({"dropout": 1}, "dropout\n  found: 1\n  expected: a number from 0 to 1, 1 excluded"),
        ({"chunk_size": 0}, "chunk_size\n  found: 0\n  expected: an integer above 0"),
        ({"padding": -1}, "padding\n  found: -1\n  expected: an integer of at least 0"),
        (
            {"chunk_mode": "windows"},
            "chunk_mode\n  found: 'windows'\n  expected: one of chunk, window or null\n  hint: did you mean 'window'?",
        ),
        (
            {"chunk_mode": "window", "chunk_size": 8, "padding": 4},
            "padding\n  found: 4\n  expected: less than half of chunk_size=8",
        ),
        (
            {"in_embedding": "Conv2d"},
            "in_embedding\n  found: 'Conv2d'\n  expected: one of Linear, Conv1d\n  hint: did you mean 'Conv1d'?",
        ),
    ],
)
def test_wrong_option_is_named(options, message):
    problems = check_options(Options(**{"d_model": 8, "nhead": 2, **options}))
    assert str(ArgumentError(problems)) == "1 problem in the arguments\n" + message


def test_padding_is_free_without_windows():
    assert list(check_options(Options(d_model=8, nhead=2, chunk_mode="chunk", chunk_size=8, padding=4))) == []


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"nhead": 3}, "nhead\n  found: 3\n  expected: a divisor of d_model=8"),
        ({"q": 8}, "q\n  found: 8\n  expected: 4, which is d_model / nhead\n  hint: leave out q"),
        (
            {"d_model": 2, "q": True},
            "q\n  found: True\n  expected: 1, which is d_model / nhead\n  hint: leave out q",
        ),
        ({"v": 4.5}, "v\n  found: 4.5\n  expected: 4, which is d_model / nhead\n  hint: leave out v"),
    ],
)
def test_head_sizes_of_pytorch(sizes, message):
    problems = check_head_sizes(**{"d_model": 8, "nhead": 2, "q": None, "v": None, **sizes})
    assert str(ArgumentError(problems)) == "1 problem in the arguments\n" + message


@pytest.mark.parametrize("q", [None, 4])
def test_head_sizes_that_fit(q):
    assert list(check_head_sizes(8, 2, q=q, v=q)) == []


def test_head_sizes_wait_for_good_numbers():
    assert list(check_head_sizes("8", 0, q=1, v=1)) == []
