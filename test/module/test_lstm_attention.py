import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence
from torch.utils.flop_counter import FlopCounterMode

from torcharc.errors import ArgumentError, InputError
from torcharc.module.attentive_gru import AttentiveGRU
from torcharc.module.lstm_attention import LSTMWithAttention
from torcharc.module.recurrence import run_recurrent

LENGTHS = [7, 1, 4, 7, 3]


def packed(rnn, x, lengths):
    sequence = pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(rnn(sequence)[0], batch_first=True, total_length=x.shape[1])[0]


@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
def test_recurrence_gives_what_packing_gives(cls, bidirectional, layers):
    rnn = cls(5, 4, layers, batch_first=True, bidirectional=bidirectional).double()
    x = torch.randn(5, 7, 5, dtype=torch.float64)
    found = run_recurrent(rnn, x, torch.tensor(LENGTHS))
    torch.testing.assert_close(found, packed(rnn, x, LENGTHS), rtol=0, atol=1e-12)
    torch.testing.assert_close(run_recurrent(rnn, x), rnn(x)[0])


@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_products_on_meta_are_those_of_the_steps(cls, bidirectional):
    rnn = cls(5, 4, 2, batch_first=True, bidirectional=bidirectional, device="meta")
    x, counts = torch.zeros(3, 7, 5, device="meta"), []
    for run in (lambda: run_recurrent(rnn, x), lambda: rnn(x)[0]):
        with FlopCounterMode(display=False) as counter:
            shape = run().shape
        counts.append((counter.get_total_flops(), shape))
    assert counts[0] == counts[1]


def test_recurrence_of_nothing_is_zero():
    rnn = nn.GRU(5, 4, batch_first=True, bidirectional=True)
    found = run_recurrent(rnn, torch.randn(2, 3, 5), torch.tensor([0, 3]))
    assert not found[0].any()


def test_recurrence_drops_out_between_layers():
    rnn = nn.LSTM(5, 4, 2, batch_first=True, dropout=0.5)
    x, lengths = torch.randn(2, 3, 5), torch.tensor([3, 2])
    assert not torch.equal(run_recurrent(rnn, x, lengths), run_recurrent(rnn, x, lengths))
    rnn.eval()
    assert torch.equal(run_recurrent(rnn, x, lengths), run_recurrent(rnn, x, lengths))


@pytest.mark.parametrize("kind", ["dot", "general", "concat"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_lstm_is_torchs_with_attention_behind(kind, bidirectional):
    model = LSTMWithAttention(5, 4, 2, bidirectional, attention_type=kind).double().eval()
    x = torch.randn(5, 7, 5, dtype=torch.float64)
    keep = torch.arange(7) < torch.tensor(LENGTHS)[:, None]
    expected = model.attention(packed(model.lstm, x, LENGTHS), keep)
    torch.testing.assert_close(model(x, LENGTHS), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(model(x), model.attention(model.lstm(x)[0]), rtol=0, atol=1e-12)
    assert model.output_dim == model(x).shape[-1] == (8 if bidirectional else 4)


@pytest.mark.parametrize("kind", ["dot", "general", "concat"])
def test_padded_batch_is_its_trimmed_samples(kind):
    model = LSTMWithAttention(5, 4, 2, attention_type=kind).double().eval()
    x = torch.randn(5, 9, 5, dtype=torch.float64)  # longer than the longest sequence
    found = model(x, torch.tensor(LENGTHS, dtype=torch.int32))
    assert found.shape == (5, 9, 8)
    for sample, whole, length in zip(found, x, LENGTHS, strict=True):
        torch.testing.assert_close(sample[:length], model(whole[None, :length])[0], rtol=0, atol=1e-12)
        assert torch.equal(sample[length:], torch.zeros_like(sample[length:]))


@pytest.mark.parametrize("sort", [True, False])
def test_packed_sequence_brings_its_lengths(sort):
    model = LSTMWithAttention(5, 4).eval()
    lengths = sorted(LENGTHS, reverse=True) if sort else LENGTHS
    samples = [torch.randn(length, 5) for length in lengths]
    found = model(pack_sequence(samples, enforce_sorted=sort))
    torch.testing.assert_close(found, model(nn.utils.rnn.pad_sequence(samples, batch_first=True), lengths))


def test_full_lengths_are_no_lengths():
    model = LSTMWithAttention(5, 4).eval()
    x = torch.randn(2, 6, 5)
    assert torch.equal(model(x, [6, 6]), model(x))


def test_parameters_are_as_counted():
    counts = {
        kind: sum(p.numel() for p in LSTMWithAttention(256, 128, 2, attention_type=kind).parameters())
        for kind in ("dot", "general", "concat")
    }
    assert counts == {"dot": 790_528, "general": 856_320, "concat": 922_112}


def test_one_layer_has_nothing_to_drop():
    assert LSTMWithAttention(5, 4, dropout=0.3).lstm.dropout == 0
    assert LSTMWithAttention(5, 4, 2, dropout=0.3).lstm.dropout == 0.3


def test_gradients_reach_every_parameter():
    model = LSTMWithAttention(5, 4, 2, attention_type="concat")
    model(torch.randn(3, 6, 5), [6, 2, 4]).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


def test_lengths_twice_are_refused():
    with pytest.raises(InputError) as error:
        LSTMWithAttention(5, 4)(pack_sequence([torch.zeros(3, 5)]), [3])
    assert str(error.value) == (
        "1 problem in the inputs\ninputs.lengths\n  found: lengths\n"
        "  expected: nothing beside a PackedSequence, which knows them"
    )


def test_length_beyond_the_batch_is_refused():
    with pytest.raises(InputError) as error:
        LSTMWithAttention(5, 4)(torch.zeros(2, 3, 5), [3, 4])
    assert str(error.value) == (
        "1 problem in the inputs\ninputs.lengths[1]\n  found: 4\n  expected: from 1 to L=3, the steps of the batch"
    )


def test_wrong_arguments_are_told_together():
    with pytest.raises(ArgumentError) as error:
        LSTMWithAttention(5, 0, attention_type="dots", dropout=-1)
    assert str(error.value) == (
        "3 problems in the arguments\n"
        "hidden_size\n  found: 0\n  expected: an integer above 0\n"
        "dropout\n  found: -1\n  expected: a number from 0 to 1, 1 excluded\n"
        "attention_type\n  found: 'dots'\n  expected: one of: concat, dot, general\n  hint: did you mean 'dot'?"
    )


# one level of a hierarchy


def test_level_reads_up_to_the_last_real_step():
    level = AttentiveGRU(5, 4).double().eval()
    x = torch.randn(3, 6, 5, dtype=torch.float64)
    keep = torch.tensor([[1, 0, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]])
    found = level(x, keep)
    states = level.gru(x[:1, :4])[0]
    torch.testing.assert_close(found[:1], level.pool(states, keep[:1, :4]))
    torch.testing.assert_close(found[1:2], level.pool(level.gru(x[1:2])[0]))
    assert not found[2].any()


def test_level_takes_sequences_of_sequences():
    level = AttentiveGRU(5, 4).eval()
    x, keep = torch.randn(2, 3, 6, 5), torch.rand(2, 3, 6) > 0.3
    for batched, single, real in zip(level(x, keep), x, keep, strict=True):
        torch.testing.assert_close(batched, level(single, real))
