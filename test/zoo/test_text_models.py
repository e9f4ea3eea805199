"""The whole text models, against their layers by hand and against their samples alone."""

import collections

import pytest
import torch
from text_cases import VOCABULARY, cnn_lstm, count, hierarchical, multi_task, residual_cnn, transformer, transformer_cnn
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from torcharc.errors import ArgumentError, InputError
from torcharc.zoo.text import (
    CNNLSTMHybrid,
    CustomTransformer,
    DeepResidualCNN,
    HierarchicalAttentionNetwork,
    MultiTaskModel,
    TransformerCNN,
)


def ids(*shape):
    return torch.randint(0, VOCABULARY, shape)


def exact(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


# counts


def test_counts_are_the_published_ones():
    assert count(CustomTransformer(1000, 256)) == 9_451_904
    assert count(CustomTransformer(30000, use_relative_pos=False)) == 36_835_328
    hybrid = {"hidden_dims": [128, 256, 512], "kernel_sizes": [3, 4, 5], "lstm_hidden_size": 256}
    assert count(CNNLSTMHybrid(15000, 300, **hybrid, num_classes=3)) == 7_113_379
    assert count(CNNLSTMHybrid(15000, 300, **hybrid, num_classes=3, mode="pooled")) == 7_899_811
    assert count(CNNLSTMHybrid(30000, 300, **hybrid, num_classes=10, mode="pooled")) == 12_401_610
    assert count(TransformerCNN(20000, 256, 4, 8, 1024, [128, 256, 512], [3, 4, 5], 10)) == 10_695_818
    tasks = {"sentiment": {"num_classes": 3}, "topic": {"num_classes": 5}}
    tasks |= {name: {"num_classes": 1, "type": "regression"} for name in ("readability", "quality")}
    assert count(MultiTaskModel(12000, 384, 3, 6, 1536, tasks)) == 12_174_730
    assert count(HierarchicalAttentionNetwork(8000, 200, 128, 4)) == 2_315_396
    assert count(HierarchicalAttentionNetwork(8000, 200, 128, 4, attention="linear")) == 2_183_814
    assert count(DeepResidualCNN(300, [64, 128, 256, 512], 6)) == 6_993_606


# CustomTransformer


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_transformer_is_its_parts_in_order(norm_first, norm):
    model = transformer(norm_first=norm_first, norm=norm).double().eval()
    x, mask = ids(3, 6), torch.rand(3, 6, 6) > 0.3
    y = model.positions(model.embedding.weight[x] * 8**0.5)
    for block in model.blocks:
        y = block(y, mask)
    exact(model(x, mask), model.norm(y))


def test_vectors_stand_for_ids():
    model = transformer().double().eval()
    x = ids(3, 6)
    vectors = model.embedding.weight[x].detach().requires_grad_()
    exact(model(vectors), model(x))
    (model(vectors) * torch.randn(3, 6, 8)).sum().backward()
    assert vectors.grad.abs().sum() > 1e-3


def test_vectors_start_as_large_as_positions():
    model = CustomTransformer(2000, 64, 1, 2, 8)
    assert abs(model.embedding.weight.std().item() - 64**-0.5) < 0.001


def test_transformer_without_absolute_positions_drops_out_alone():
    model = transformer(absolute_pos=False, position="none").eval()
    x = ids(1, 6)
    order = torch.randperm(6)
    torch.testing.assert_close(model(x)[:, order], model(x[:, order]))  # nothing tells positions apart
    assert isinstance(model.positions, nn.Dropout)
    assert count(transformer()) - count(transformer(absolute_pos=False)) == 5000 * 8


@pytest.mark.parametrize("options", [{}, {"position": "rope", "absolute_pos": False, "norm_first": True, "norm": "rms",
                                          "activation": "swiglu", "n_kv_heads": 1}])  # fmt: skip
def test_cache_gives_what_full_computation_gives(options):
    model = transformer(causal=True, **options).double().eval()
    x = ids(2, 7)
    keep = torch.ones(2, 7)
    keep[1, 2] = 0
    for given in (None, keep):
        found, cache, start = [], None, 0
        for piece in x.split([3, 1, 1, 2], 1):
            start += piece.shape[1]
            seen = None if given is None else given[:, :start]
            out, cache = model(piece, keep=seen, cache=cache, use_cache=True)
            found.append(out)
        torch.testing.assert_close(torch.cat(found, 1), model(x, keep=given))
    assert len(cache) == 2


def test_greedy_generation_is_the_same_with_a_cache():
    model, head = transformer(causal=True).double().eval(), nn.Linear(8, VOCABULARY).double()
    start = ids(2, 3)
    slow = start
    for _ in range(8):
        slow = torch.cat([slow, head(model(slow)[:, -1:]).argmax(-1)], 1)
    fast, piece, cache = start, start, None
    for _ in range(8):
        out, cache = model(piece, cache=cache, use_cache=True)
        piece = head(out[:, -1:]).argmax(-1)
        fast = torch.cat([fast, piece], 1)
    assert torch.equal(fast, slow)


# CNNLSTMHybrid and TransformerCNN


@pytest.mark.parametrize("mode", ["sequence", "pooled"])
@pytest.mark.parametrize("lengths", [None, [6, 2, 4]])
def test_hybrid_is_its_parts_in_order(mode, lengths):
    model = cnn_lstm(mode=mode).double().eval()
    x = ids(3, 6)
    keep = None if lengths is None else torch.arange(6) < torch.tensor(lengths)[:, None]
    vectors = model.embedding(x)
    if mode == "pooled":
        states = model.lstm(model.cnn(vectors, keep)[:, None])[:, 0]
    else:
        found = model.lstm(model.cnn.sequence(vectors, keep), lengths)
        states = torch.stack([row[:n].mean(0) for row, n in zip(found, lengths or [6] * 3, strict=True)])
    exact(model(x, lengths), model.head[3](F.relu(model.head[0](states))))


@pytest.mark.parametrize("mode", ["sequence", "pooled"])
def test_padded_texts_of_the_hybrid_are_the_trimmed_ones(mode):
    model, x, lengths = cnn_lstm(mode=mode).double().eval(), ids(3, 6), [6, 1, 4]
    expected = torch.cat([model(x[i : i + 1, :n]) for i, n in enumerate(lengths)])
    exact(model(x, torch.tensor(lengths)), expected)


def test_transformer_cnn_is_its_parts_in_order():
    model, x, keep = transformer_cnn().double().eval(), ids(3, 6), torch.rand(3, 6) > 0.3
    features = model.cnn(model.encoder(x, keep=keep), keep)
    exact(model(x, keep=keep), model.head[3](F.relu(model.head[0](features))))


def test_tokens_that_some_query_sees_are_real():
    model, x = transformer_cnn().double().eval(), ids(3, 6)
    keep = torch.arange(6) < torch.tensor([6, 2, 4])[:, None]
    exact(model(x, keep[:, None].expand(3, 6, 6)), model(x, keep=keep))
    exact(model(x, torch.ones(1, 6, 6).tril()), model(x, torch.ones(1, 6, 6).tril(), torch.ones(3, 6)))
    heads = torch.zeros(3, 2, 6, 6)
    heads[:, 0, 3, 1] = heads[:, 1, 2, 4] = 1
    seen = torch.zeros(3, 6)
    seen[:, [1, 4]] = 1
    exact(model(x, heads), model(x, heads, seen))


# MultiTaskModel


def test_one_task_is_its_entry_in_all():
    model, x = multi_task().double().eval(), ids(3, 6)
    mask, keep = torch.rand(3, 6, 6) > 0.3, torch.rand(3, 6) > 0.3
    found = model(x, mask=mask, keep=keep)
    assert list(found) == ["topic", "tags", "quality"]
    for name in found:
        exact(model(x, name, mask, keep), found[name])
    some = model(x, ["quality", "topic"], mask, keep)
    assert list(some) == ["quality", "topic"]
    exact(some["quality"], found["quality"])


def test_heads_are_their_layers():
    model, x, keep = (
        multi_task().double().eval(),
        ids(3, 6),
        torch.tensor([[1] * 6, [1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0]]),
    )
    encoded = model.encoder(x, keep=keep)
    mean = torch.stack([row[real.bool()].mean(0) for row, real in zip(encoded, keep, strict=True)])
    topic, tags = model.heads["task_topic"], model.heads["task_tags"]
    exact(model(x, "topic", keep=keep), topic[3](F.relu(topic[0](mean))))
    exact(model(x, "tags", keep=keep), tags[3](F.relu(tags[0](encoded))))
    assert (topic[0].out_features, tags[0].out_features) == (4, 8)


def test_encoder_runs_once_for_all_tasks():
    model, runs = multi_task(), []
    model.encoder.register_forward_hook(lambda *_: runs.append(1))
    model(ids(3, 6))
    assert runs == [1]


NAMES = ["type", "keys", "train", "a.b", "", "%2E", "a%2Eb", "task_a", "a", "forward", "task"]


def test_no_name_of_a_task_is_reserved():
    model = multi_task(task_configs={name: {"num_classes": index + 1} for index, name in enumerate(NAMES)})
    found = model(ids(2, 4))
    assert {name: y.shape[1] for name, y in found.items()} == {name: index + 1 for index, name in enumerate(NAMES)}
    copy = multi_task(task_configs={name: {"num_classes": index + 1} for index, name in enumerate(NAMES)})
    copy.load_state_dict(model.state_dict())
    assert "heads.task_a%2Eb.0.weight" in model.state_dict()
    assert model(ids(2, 4), "").shape == (2, 5)


def test_unknown_task_is_told_before_encoding():
    model, runs = multi_task(), []
    model.encoder.register_forward_hook(lambda *_: runs.append(1))
    with pytest.raises(InputError) as error:
        model(ids(3, 6), "topics")
    assert str(error.value) == (
        "1 problem in the inputs\ninputs.task\n  found: 'topics'\n"
        "  expected: one of the tasks: quality, tags, topic\n  hint: did you mean 'topic'?"
    )
    assert runs == []


def test_task_that_is_no_name_is_told():
    with pytest.raises(InputError) as error:
        multi_task()(ids(3, 6), 3)
    assert str(error.value) == (
        "1 problem in the inputs\ninputs.task\n  found: 3\n  expected: one of the tasks: quality, tags, topic"
    )


def test_wrong_tasks_are_told_with_their_places():
    with pytest.raises(ArgumentError) as error:
        multi_task(
            task_configs={
                "topic": {"type": "clasification", "num_classes": 0},
                "b": {"classes": 3},
                "c": None,
                4: {},
            },
            n_heads=3,
            encoder_options={"norm": "layr", "max_length": 3},
        )
    assert str(error.value) == (
        "8 problems in the arguments\n"
        "encoder_options.max_length\n  found: the key 'max_length'\n"
        "  expected: one of the keys: absolute_pos, activation, causal, max_len, max_relative_position, n_kv_heads,"
        " norm, norm_first, position, use_relative_pos\n  hint: did you mean 'max_len'?\n"
        "encoder_options.norm\n  found: 'layr'\n  expected: one of: layer, rms\n  hint: did you mean 'layer'?\n"
        "n_heads\n  found: 3\n  expected: a divisor of d_model=8\n"
        "task_configs.topic.type\n  found: 'clasification'\n"
        "  expected: one of: classification, regression, sequence\n  hint: did you mean 'classification'?\n"
        "task_configs.topic.num_classes\n  found: 0\n  expected: an integer above 0\n"
        "task_configs.b.classes\n  found: the key 'classes'\n  expected: one of the keys: num_classes, type\n"
        "  hint: did you mean 'num_classes'?\n"
        "task_configs.c\n  found: nothing\n  expected: a mapping {num_classes: ..., type: ...}\n"
        "task_configs\n  found: the task 4\n  expected: a string as the name of a task"
    )


def test_model_needs_a_task():
    with pytest.raises(ArgumentError) as error:
        multi_task(task_configs={}, encoder_options=3)
    assert str(error.value) == (
        "2 problems in the arguments\n"
        "encoder_options\n  found: 3\n  expected: nothing, or a mapping of arguments\n"
        "task_configs\n  found: {}\n  expected: at least one task: {name: {num_classes: ..., type: ...}}"
    )


def test_tensors_are_finite_where_no_token_is_real():
    model, keep = multi_task(), torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0]])
    sum(y.square().sum() for y in model(ids(2, 4), keep=keep).values()).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


# HierarchicalAttentionNetwork


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


# DeepResidualCNN


def test_residual_network_is_its_layers():
    model = residual_cnn(num_residual_blocks=1).double().eval()
    x = torch.randn(3, 9, 5, dtype=torch.float64)
    y = x.transpose(1, 2)
    for layer in model.stages:
        if hasattr(layer, "conv"):
            y = F.relu(layer.norm(F.conv1d(y, layer.conv.weight, layer.conv.bias, padding=1)))
            continue
        z = F.relu(layer.first.norm(F.conv1d(y, layer.first.conv.weight, layer.first.conv.bias, padding=1)))
        z = layer.second.norm(F.conv1d(z, layer.second.conv.weight, layer.second.conv.bias, padding=1))
        y = F.relu(z + y)
    exact(model(x), model.head[3](F.relu(model.head[0](y.mean(-1)))))


def test_stages_may_have_no_residual_blocks():
    assert len(residual_cnn(num_residual_blocks=0).stages) == 2
    assert len(residual_cnn(num_residual_blocks=3).stages) == 8


def test_wrong_stages_are_refused():
    with pytest.raises(ArgumentError) as error:
        residual_cnn(hidden_dims=[4, 0], num_residual_blocks=-1)
    assert str(error.value) == (
        "2 problems in the arguments\n"
        "num_residual_blocks\n  found: -1\n  expected: an integer of at least 0\n"
        "hidden_dims\n  found: [4, 0]\n  expected: a list of integers above 0, one for each stage"
    )


# inputs of all


@pytest.mark.parametrize("make", [transformer, cnn_lstm, transformer_cnn, multi_task])
@pytest.mark.parametrize("word", [-1, 30])
def test_id_outside_the_vocabulary_is_refused(make, word):
    x = ids(2, 5)
    x[1, 3] = word
    with pytest.raises(InputError) as error:
        make()(x)
    assert str(error.value) == (
        f"1 problem in the inputs\ninputs.x\n  found: the id {word}\n  expected: from 0 to 29, as vocab_size=30"
    )


def test_ids_are_integers():
    for make, x in ((cnn_lstm, torch.zeros(2, 5)), (hierarchical, torch.zeros(2, 5, 3))):
        with pytest.raises(InputError) as error:
            make()(x)
        assert str(error.value) == (
            "1 problem in the inputs\ninputs.x\n  found: a tensor of float32\n  expected: ids of tokens, integers"
        )


def test_input_of_another_rank_is_refused():
    cases = {
        transformer: "ids (N, L), or vectors (N, L, D)",
        cnn_lstm: "ids (N, L)",
        hierarchical: "ids (N, S, W)",
        residual_cnn: "(N, L, C)",
    }
    for make, words in cases.items():
        with pytest.raises(InputError) as error:
            make()(torch.zeros(5, dtype=torch.int64))
        assert str(error.value) == f"1 problem in the inputs\ninputs.x\n  found: shape (5,)\n  expected: {words}"


def test_gradients_reach_every_parameter():
    inputs = {
        transformer: ids(3, 40),
        cnn_lstm: ids(3, 8),
        transformer_cnn: ids(3, 40),
        hierarchical: ids(3, 4, 5),
        residual_cnn: torch.randn(3, 9, 5),
    }
    torch.manual_seed(0)
    for make, x in inputs.items():
        model = make()
        y = model(x)
        (y * torch.randn_like(y)).sum().backward()
        still = [name for name, p in model.named_parameters() if not p.grad.abs().sum() > 0]
        assert [name for name in still if not name.endswith("key.bias")] == []  # a softmax does not feel that


class Operations(TorchDispatchMode):
    """Counts the operations of a call by name."""

    def __init__(self):
        super().__init__()
        self.counts = collections.Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.counts[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("make", [transformer, transformer_cnn, multi_task])
def test_values_are_looked_at_once(make):
    with Operations() as operations:
        make(n_layers=4).eval()(ids(3, 6), mask=torch.ones(3, 6, 6), keep=torch.ones(3, 6))
    assert operations.counts["lt"] == 1  # is a number of the mask below 0?
    assert operations.counts["aminmax"] == 1  # are the ids those of the vocabulary?
