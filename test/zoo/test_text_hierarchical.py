"""HierarchicalAttentionNetwork reads documents sentence by sentence."""

import pytest
import torch
from text_cases import exact, hierarchical, ids

from torcharc.errors import ArgumentError


def sentence_by_sentence(model, document):
    """A document as a list of lists of ids, each read alone, without padding."""
    sentences = [model.words(model.embedding(torch.tensor([words]))) for words in document if words]
    if not sentences:
        return model.head(torch.zeros(1, 8, dtype=torch.float64))
    return model.head(model.sentences(torch.stack(sentences, 1)))


DOCUMENTS = [
    [[3, 4, 5], [6, 7], [8]],
    [[9, 10]],
    [[1, 2, 3, 4, 5], [6], [7, 8, 9], [4]],
    [],
]


@pytest.mark.parametrize("attention", ["yang", "linear"])
def test_documents_are_read_sentence_by_sentence(attention):
    model = hierarchical(attention=attention, padding_idx=0).double().eval()
    x = torch.zeros(4, 5, 6, dtype=torch.int64)
    for n, document in enumerate(DOCUMENTS):
        for s, words in enumerate(document):
            x[n, s, : len(words)] = torch.tensor(words)
    expected = torch.cat([sentence_by_sentence(model, document) for document in DOCUMENTS])
    exact(model(x), expected)
    exact(model(x, x != 0), expected)
    exact(model(torch.where(x == 0, 7, x), x != 0), expected)


def test_every_id_is_a_word_by_default():
    model = hierarchical().double().eval()
    x = ids(3, 2, 4)
    exact(model(x), torch.cat([sentence_by_sentence(model, document) for document in x.tolist()]))


def test_input_need_not_be_contiguous():
    model = hierarchical().eval()
    x = ids(4, 3, 2).permute(2, 1, 0)
    assert not x.is_contiguous()
    torch.testing.assert_close(model(x), model(x.contiguous()))


def test_empty_document_has_finite_gradients():
    model = hierarchical(padding_idx=0)
    x = torch.zeros(2, 3, 4, dtype=torch.int64)
    x[0, 1, 2] = 5
    model(x).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_any_number_of_sentences_is_read():
    assert hierarchical(num_sentences=25)(ids(2, 3, 4)).shape == (2, 3)


def test_wrong_padding_is_refused():
    with pytest.raises(ArgumentError) as error:
        hierarchical(padding_idx=30, attention="yang ")
    assert str(error.value) == (
        "2 problems in the arguments\n"
        "padding_idx\n  found: 30\n  expected: nothing, or an id from 0 to 29\n"
        "attention\n  found: 'yang '\n  expected: one of: linear, yang\n  hint: did you mean 'yang'?"
    )
