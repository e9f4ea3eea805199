"""Weights of other libraries: what the tables do to keys and weights, and what is refused."""

import pytest
import torch

import torcharc
from torcharc.spec.template import read_scope
from torcharc.spec.zoo_index import FOLDER
from torcharc.zoo.layout import read_layout

BERT = {"width": 8, "depth": 1, "heads": 2, "vocabulary": 10, "positions": 6}
GPT2 = {"width": 8, "depth": 1, "heads": 2, "vocabulary": 10, "positions": 6}
TABLES = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.yaml"))
SMALL = {
    "albert": {"width": 8, "embedding": 4, "depth": 2, "heads": 2, "vocabulary": 10},
    "bert": BERT,
    "convnext": {"depths": [1, 2], "widths": [4, 8], "size": None},
    "densenet": {"depths": [1, 2, 1, 1], "size": None},
    "efficientnet": {},
    "gpt2": GPT2,
    "gpt_neox": {"width": 32, "depth": 1, "heads": 2, "vocabulary": 10},
    "llama": {"width": 8, "depth": 1, "heads": 2, "groups": 1, "hidden": 8, "vocabulary": 10},
    "inception_v3": {},
    "mixer": {"width": 8, "depth": 1, "size": 8, "patch": 4},
    "mnasnet": {},
    "mobilenet_v1": {"multiplier": 0.25},
    "mobilenet_v2": {},
    "mobilenet_v3": {},
    "resnet": {"depths": [1, 2, 1, 1], "size": None},
    "swin": {"width": 8, "depths": [2, 2], "heads": [2, 4], "size": 32, "patch": 2, "window": 4},
    "t5": {"width": 8, "depth": 1, "heads": 2, "head_size": 4, "vocabulary": 10},
    "vgg": {"batch_norm": True},
    "vit": {"width": 8, "depth": 1, "heads": 2, "size": 8, "patch": 4},
}


def own_weights(network):
    return {key.replace("module_dict.", ""): weight for key, weight in network.state_dict().items()}


def read_vars(network):
    """The variables of a network, worked out."""
    return read_scope(network.spec["vars"], {}, ("vars",))[0]


def bert_weights(**values):
    """Weights as transformers names them, written out by hand, and those of ours that they are."""
    network = torcharc.build("zoo/bert", seed=3, **{**BERT, **values})
    own = own_weights(network)
    layer, ours = "encoder.layer.0", "layer.0"
    names = {
        "embeddings.word_embeddings.weight": "word.weight",
        "embeddings.position_embeddings.weight": "position.weight",
        "embeddings.token_type_embeddings.weight": "segment.weight",
    }
    for part in ("weight", "bias"):
        names |= {
            f"embeddings.LayerNorm.{part}": f"norm.{part}",
            f"{layer}.attention.self.query.{part}": f"{ours}.attention.query.project.{part}",
            f"{layer}.attention.self.key.{part}": f"{ours}.attention.key.project.{part}",
            f"{layer}.attention.self.value.{part}": f"{ours}.attention.value.project.{part}",
            f"{layer}.attention.output.dense.{part}": f"{ours}.attention.project.{part}",
            f"{layer}.attention.output.LayerNorm.{part}": f"{ours}.norm.{part}",
            f"{layer}.intermediate.dense.{part}": f"{ours}.expand.{part}",
            f"{layer}.output.dense.{part}": f"{ours}.reduce.{part}",
            f"{layer}.output.LayerNorm.{part}": f"{ours}.norm2.{part}",
            f"pooler.dense.{part}": f"pool.{part}",
        }
    return {theirs: own[name] for theirs, name in names.items()}, own


def gpt2_weights():
    """Weights as transformers lays them out (input axis first, query, key and value in one), and ours."""
    own = own_weights(torcharc.build("zoo/gpt2", seed=3, **GPT2))
    attention = [f"block.0.attention.{part}.project" for part in ("query", "key", "value")]
    theirs = {
        "wte.weight": own["token.weight"],
        "wpe.weight": own["position.weight"],
        "h.0.attn.c_attn.weight": torch.cat([own[f"{name}.weight"].T for name in attention], 1),
        "h.0.attn.c_attn.bias": torch.cat([own[f"{name}.bias"] for name in attention]),
    }
    for name, target in [
        ("attn.c_proj", "attention.project"),
        ("mlp.c_fc", "mlp.expand"),
        ("mlp.c_proj", "mlp.reduce"),
        ("ln_1", "norm"),
        ("ln_2", "norm2"),
    ]:
        theirs[f"h.0.{name}.weight"] = (
            own[f"block.0.{target}.weight"].T if "c_" in name else own[f"block.0.{target}.weight"]
        )
        theirs[f"h.0.{name}.bias"] = own[f"block.0.{target}.bias"]
    return {**theirs, "ln_f.weight": own["norm.weight"], "ln_f.bias": own["norm.bias"]}, own


def assert_loaded(network, own):
    found = own_weights(network)
    assert list(found) == list(own)
    for name, weight in found.items():
        assert torch.equal(weight, own[name]), name


def message(name, state_dict, **options):
    with pytest.raises(torcharc.ArgumentError) as error:
        torcharc.zoo.load_weights(name, state_dict, **{"layout": "transformers", **options})
    return str(error.value)


def test_keys_get_our_names():
    state_dict, own = bert_weights()
    assert_loaded(torcharc.zoo.load_weights("zoo/bert", state_dict, layout="transformers", **BERT), own)


def test_model_with_more_around_it_has_a_prefix_and_keys_that_are_ignored():
    state_dict, own = bert_weights()
    more = {f"bert.{key}": weight for key, weight in state_dict.items()}
    more |= {"cls.predictions.bias": torch.zeros(10), "bert.embeddings.position_ids": torch.arange(6)}
    assert_loaded(torcharc.zoo.load_weights("zoo/bert", more, layout="transformers", **BERT), own)


def test_matrices_are_turned_and_cut():
    state_dict, own = gpt2_weights()
    assert_loaded(torcharc.zoo.load_weights("zoo/gpt2", state_dict, layout="transformers", **GPT2), own)


def test_heads_have_their_parts_side_by_side():
    values = SMALL["gpt_neox"]
    own = own_weights(torcharc.build("zoo/pythia_70m", seed=3, **values))
    table = read_layout(FOLDER / "transformers" / "gpt_neox.yaml", values)
    parts = [own[f"block.0.attention.{part}.project.weight"] for part in ("query", "key", "value")]
    theirs = torch.cat([part[head * 16 : head * 16 + 16] for head in range(2) for part in parts])
    found, problems = table.convert({"layers.0.attention.query_key_value.weight": theirs})
    assert problems == []
    for (_, weight), part in zip(found.values(), parts, strict=True):
        assert torch.equal(weight, part)


def test_network_takes_options_of_build():
    state_dict, _ = bert_weights()
    network = torcharc.zoo.load_weights("zoo/bert", state_dict, layout="transformers", dtype=torch.float64, **BERT)
    assert network.module_dict.word.weight.dtype == torch.float64


@pytest.mark.parametrize("table", TABLES)
def test_table_has_every_weight_of_its_family(table):
    layout, family = table.split("/")
    network = torcharc.build(str(FOLDER / f"{family}.yaml"), device="meta", **SMALL[family])
    names = own_weights(network)
    rules = read_layout(FOLDER / layout / f"{family}.yaml", read_vars(network), names)
    assert [name for name in names if not rules.sources(name)] == []


def test_keys_there_may_count_on_over_what_is_nested_here():
    network = torcharc.build("zoo/mobilenet_v2", device="meta")
    table = read_layout(FOLDER / "transformers" / "mobilenet_v2.yaml", read_vars(network), own_weights(network))
    assert table.sources("stage.2.block.1.depthwise.1.bias")[0] == "layer.3.conv_3x3.normalization.*"
    assert table.sources("stage.0.block.0.depthwise.0.weight") == ["conv_stem.conv_3x3.convolution.weight"]
    assert table.sources("stage.0.block.0.widen.0.weight") == []


def test_names_of_a_table_follow_the_variables():
    path = FOLDER / "torchvision" / "resnet.yaml"
    weight = torch.zeros(1)
    for block, name in [("Basic", "conv2"), ("Bottleneck", "conv")]:
        found, problems = read_layout(path, {"block": block}).convert({"layer2.0.conv2.weight": weight})
        assert (list(found), problems) == ([f"stage.1.block.0.{name}.0.weight"], [])


def test_layout_adds_to_another():
    timm = read_layout(FOLDER / "timm" / "resnet.yaml", {"block": "Basic"})
    assert timm.sources("stage.0.block.0.weigh.reduce.0.weight") == ["layer{i}.{j}.se.fc1.*"]
    assert timm.sources("head.weight") == ["fc.*"]


def test_number_behind_the_last_is_no_key():
    values = {"block": "Basic", "depths": [1, 1, 1, 1], "size": None}
    own = own_weights(torcharc.build("zoo/resnet18", **values))
    theirs = {"layer1.0.conv3.weight": own["head.bias"], "layer0.0.conv1.weight": own["head.bias"]}
    lines = message("zoo/resnet18", theirs, layout="torchvision", **values).splitlines()
    assert lines[1:7] == [
        "state_dict['layer1.0.conv3.weight']",
        "  found: a key that the layout does not have",
        "  expected: no such key",
        "state_dict['layer0.0.conv1.weight']",
        "  found: a key that the layout does not have",
        "  expected: no such key",
    ]


def test_convolution_of_the_whole_input_is_a_linear_here():
    values = {"depths": [1, 1, 1, 1, 1], "widths": [1, 1, 1, 1, 2]}
    own = own_weights(torcharc.build("zoo/vgg16", seed=0, **values))
    theirs = {}
    for part in ("weight", "bias"):
        theirs |= {f"features.{3 * stage}.{part}": own[f"stage.{stage}.convs.0.{part}"] for stage in range(5)}
        names = {"pre_logits.fc1": "dense.0", "pre_logits.fc2": "dense.3", "head.fc": "head.0"}
        theirs |= {f"{key}.{part}": own[f"{name}.{part}"] for key, name in names.items()}
    theirs["pre_logits.fc1.weight"] = own["dense.0.weight"].reshape(4096, 2, 7, 7)
    theirs["pre_logits.fc2.weight"] = own["dense.3.weight"][:, :, None, None]
    assert_loaded(torcharc.zoo.load_weights("zoo/vgg16", theirs, layout="timm", **values), own)


# --- what is refused ----------------------------------------------------------------------------------


def test_all_faults_are_told_at_once():
    state_dict, _ = bert_weights()
    del state_dict["pooler.dense.bias"]
    state_dict["encoder.layer.0.intermediate.dense.weight"] = torch.zeros(8, 32)
    state_dict["encoder.layer.0.intermediate.danse.weight"] = torch.zeros(8, 32)
    state_dict["encoder.layer.1.output.dense.bias"] = torch.zeros(8)
    assert message("zoo/bert", state_dict, **BERT) == (
        "4 problems in the arguments\n"
        "state_dict['encoder.layer.0.intermediate.danse.weight']\n"
        "  found: a key that the layout does not have\n"
        "  expected: no such key\n"
        "state_dict['encoder.layer.1.output.dense.bias']\n"
        "  found: a weight for 'layer.1.reduce.bias'\n"
        "  expected: one that the network has\n"
        "state_dict['encoder.layer.0.intermediate.dense.weight']\n"
        "  found: the shape (8, 32)\n"
        "  expected: (32, 8), that of 'layer.0.expand.weight'\n"
        "state_dict\n"
        "  found: no weight for 'pool.bias'\n"
        "  expected: the key pooler.dense.*"
    )


def test_weight_that_has_no_equal_parts_is_refused():
    state_dict, _ = gpt2_weights()
    state_dict["h.0.attn.c_attn.bias"] = torch.zeros(25)
    assert message("zoo/gpt2", state_dict, **GPT2).startswith(
        "4 problems in the arguments\n"
        "state_dict['h.0.attn.c_attn.bias']\n"
        "  found: the shape (25,)\n"
        "  expected: a first axis of 3 equal parts\n"
        "state_dict\n"
        "  found: no weight for 'block.0.attention.query.project.bias'\n"
        "  expected: the key h.{i}.attn.c_attn.*\n"
    )


def test_head_that_is_not_tied_is_refused():
    state_dict, _ = gpt2_weights()
    state_dict["lm_head.weight"] = state_dict["wte.weight"] + 1
    assert message("zoo/gpt2", state_dict, **GPT2) == (
        "1 problem in the arguments\n"
        "state_dict['lm_head.weight']\n"
        "  found: other numbers\n"
        "  expected: those of 'wte.weight', as both are 'token.weight' here"
    )


@pytest.mark.parametrize(
    ("name", "layout", "text"),
    [
        (
            "zoo/bert",
            "transfomers",
            "'transfomers'\n  expected: a layout of bert: transformers\n  hint: did you mean 'transformers'?",
        ),
        ("zoo/lstm_lm", "transformers", "'transformers'\n  expected: a network that has layouts; lstm_lm has none"),
    ],
    ids=["misspelt", "none"],
)
def test_unknown_layout_names_those_there_are(name, layout, text):
    assert message(name, {}, layout=layout) == f"1 problem in the arguments\nlayout\n  found: {text}"


def test_what_is_no_name_of_the_zoo_is_refused():
    with pytest.raises(torcharc.SpecError) as error:
        torcharc.zoo.load_weights("zoo/bertt", {}, layout="transformers")
    assert str(error.value).split("\n")[-1] == "  hint: did you mean 'zoo/bert'?"
