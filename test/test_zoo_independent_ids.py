"""Recommendation networks of the zoo beside those of deepctr-torch, torchfm and torchrec: the same outputs."""

import pytest
import torch
from independent import assert_same, library, shaken

import torcharc

pytestmark = pytest.mark.filterwarnings("ignore")

SIZES = [10, 11, 12, 13]  # ids of each field; theirs have a table for each, ours has one for all
FIRST = torch.tensor([0, 10, 21, 33])
OURS = {"num_ids": 46, "num_fields": 4, "dim": 4}
WIDTHS = [6, 5]


def draw_ids():
    """Ids of each field, from 0."""
    generator = torch.Generator().manual_seed(0)
    return torch.stack([torch.randint(size, (7,), generator=generator) for size in SIZES], 1)


def make_deepctr(name, linear=True, **options):
    """A network of deepctr-torch for the fields, without a sigmoid at its end; or a skipped test."""
    models, inputs = library("deepctr_torch.models", "requests"), library("deepctr_torch.inputs", "requests")
    fields = [inputs.SparseFeat(f"field{index}", size, OURS["dim"]) for index, size in enumerate(SIZES)]
    model = getattr(models, name)(fields if linear else [], fields, task="regression", **options)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5)
    return shaken(model)


def load(name, weights, **values):
    """Our network with exactly these weights."""
    network = torcharc.build(f"zoo/{name}", **values).eval().double()
    own = {key.replace("module_dict.", ""): weight for key, weight in network.state_dict().items()}
    constants = {key for key in own if key.endswith("num_batches_tracked") or key == "pairs.index"}
    assert set(weights) == set(own) - constants
    for key, weight in weights.items():
        assert weight.shape == own[key].shape
        own[key].copy_(weight.detach())
    return network


def read_tables(theirs, embed, first=None):
    """The tables of deepctr-torch as one, and those of its linear part."""
    weights = {embed: torch.cat([table.weight for table in theirs.embedding_dict.values()])}
    if first:
        weights[first] = torch.cat([table.weight for table in theirs.linear_model.embedding_dict.values()])
    return weights


def read_layers(theirs, name, step=2):
    """The perceptron of deepctr-torch, as the stack `name`: of Linear, perhaps a batch norm, and ReLU."""
    weights = {}
    for index, layer in enumerate(theirs.dnn.linears):
        weights |= {f"{name}.{step * index}.{key}": weight for key, weight in layer.state_dict().items()}
    for index, layer in enumerate(theirs.dnn.bn if step == 3 else []):
        counted = {key: weight for key, weight in layer.state_dict().items() if key != "num_batches_tracked"}
        weights |= {f"{name}.{step * index + 1}.{key}": weight for key, weight in counted.items()}
    return weights


def compare(name, library_name, ours, theirs, finish=lambda output: output):
    ids = draw_ids()
    with torch.no_grad():
        expected = finish(theirs(ids.double() if library_name == "deepctr-torch" else ids))
        assert_same(name, library_name, [ours(ids + FIRST)], [expected.reshape(-1, 1)])


def test_deepfm_is_that_of_deepctr():
    theirs = make_deepctr("DeepFM", dnn_hidden_units=WIDTHS)
    weights = read_tables(theirs, "embed.weight", "first.weight") | read_layers(theirs, "hidden")
    weights |= {"deep.weight": theirs.dnn_linear.weight, "deep.bias": torch.zeros(1)}  # theirs has one bias in all
    ours = load("deepfm", weights | {"bias.weight": theirs.out.bias}, widths=WIDTHS, **OURS)
    compare("deepfm", "deepctr-torch", ours, theirs)


def test_nfm_is_that_of_deepctr():
    theirs = make_deepctr("NFM", dnn_hidden_units=WIDTHS)
    weights = read_tables(theirs, "embed.weight", "first.weight") | read_layers(theirs, "hidden")
    weights |= {"deep.weight": theirs.dnn_linear.weight, "deep.bias": theirs.out.bias}
    compare("nfm", "deepctr-torch", load("nfm", weights, widths=WIDTHS, **OURS), theirs)


def test_wide_deep_is_that_of_deepctr():
    theirs = make_deepctr("WDL", dnn_hidden_units=WIDTHS, dnn_use_bn=True)
    weights = read_tables(theirs, "embed.weight", "wide.weight") | read_layers(theirs, "hidden", step=3)
    weights |= {"deep.weight": theirs.dnn_linear.weight, "deep.bias": theirs.out.bias}
    compare("wide_deep", "deepctr-torch", load("wide_deep", weights, widths=WIDTHS, **OURS), theirs)


@pytest.mark.parametrize(("name", "widths"), [("dcn", WIDTHS), ("crossnet", [])])
def test_dcn_is_that_of_deepctr(name, widths):
    theirs = make_deepctr("DCN", linear=False, cross_num=3, dnn_hidden_units=WIDTHS)
    weights = read_tables(theirs, "embed.weight") | (read_layers(theirs, "deep") if widths else {})
    for index, (kernel, bias) in enumerate(zip(theirs.crossnet.kernels, theirs.crossnet.bias, strict=True)):
        weights |= {f"cross.{index}.weigh.weight": kernel.T, f"cross.{index}.bias.weight": bias[:, 0]}
    if not widths:  # theirs has both parts; its last layer reads the cross part alone
        theirs.dnn_linear.weight.data[:, 16:] = 0
    weights |= {"logit.weight": theirs.dnn_linear.weight[:, : None if widths else 16], "logit.bias": theirs.out.bias}
    compare(name, "deepctr-torch", load(name, weights, widths=widths, layers=3, **OURS), theirs)


def test_cin_is_that_of_deepctr():
    options = {"cin_layer_size": [5, 4, 2], "cin_split_half": False, "cin_activation": "linear"}
    theirs = make_deepctr("xDeepFM", dnn_hidden_units=(), **options)
    weights = read_tables(theirs, "x0.weight", "linear.weight")
    for index, layer in enumerate(theirs.cin.conv1ds):
        weights |= {f"layer{index + 1}.compress.{key}": weight for key, weight in layer.state_dict().items()}
    weights |= {"interactions.weight": theirs.cin_linear.weight, "interactions.bias": theirs.out.bias}
    compare("cin", "deepctr-torch", load("cin", weights, widths=[5, 4, 2], **OURS), theirs)


def test_autoint_is_that_of_deepctr():
    theirs = make_deepctr("AutoInt", linear=False, dnn_hidden_units=(), att_layer_num=2, att_head_num=2)
    weights = read_tables(theirs, "embed.weight")
    for index, layer in enumerate(theirs.int_layers):
        layer.W_Res.data = torch.eye(4, dtype=torch.float64)  # ours projects where the width changes alone
        for part, weight in enumerate([layer.W_Query, layer.W_key, layer.W_Value]):
            weights[f"interact.{index}.qkv.{part}.linear.weight"] = weight.T
    weights |= {"logit.weight": theirs.dnn_linear.weight, "logit.bias": theirs.out.bias}
    compare("autoint", "deepctr-torch", load("autoint", weights, layers=2, width=4, heads=2, **OURS), theirs)


def test_mmoe_is_that_of_deepctr():
    models, inputs = library("deepctr_torch.models", "requests"), library("deepctr_torch.inputs", "requests")
    towers = {"gate_dnn_hidden_units": (), "tower_dnn_hidden_units": (8,), "task_types": ["regression"] * 2}
    features = [inputs.DenseFeat("features", 9)]
    theirs = models.MMOE(features, num_experts=3, expert_dnn_hidden_units=(4,), task_names=["a", "b"], **towers)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(0, 0.5)
    weights = {}
    for index, expert in enumerate(theirs.expert_dnn):
        weights |= {f"expert.{index}.0.{key}": weight for key, weight in expert.linears[0].state_dict().items()}
    for index, task in enumerate(["income", "marital"]):
        tower, gate = theirs.tower_dnn[index].linears[0], theirs.gate_dnn_final_layer[index]
        weights |= {f"{task}.tower.0.{key}": weight for key, weight in tower.state_dict().items()}
        weights |= {f"{task}.gate.0.weight": gate.weight, f"{task}.gate.0.bias": torch.zeros(3)}  # theirs has none
        weights |= {f"{task}.head.weight": theirs.tower_dnn_final_layer[index].weight}
        weights |= {f"{task}.head.bias": theirs.out[index].bias}
    ours = load("mmoe", weights, num_features=9, experts=3, num_classes=[1, 1])
    x = torch.randn(7, 9, dtype=torch.float64)
    with torch.no_grad():
        assert_same("mmoe", "deepctr-torch", [torch.cat(list(ours(x).values()), 1)], [theirs.eval().double()(x)])


def test_fm_is_that_of_torchfm():
    theirs = shaken(library("torchfm.model.fm").FactorizationMachineModel(SIZES, OURS["dim"]))
    weights = {"embed.weight": theirs.embedding.embedding.weight, "first.weight": theirs.linear.fc.weight}
    ours = load("fm", weights | {"bias.weight": theirs.linear.bias}, **OURS)
    compare("fm", "torchfm", ours, theirs, finish=torch.logit)


def test_wide_deep_is_that_of_torchfm():
    theirs = shaken(library("torchfm.model.wd").WideAndDeepModel(SIZES, OURS["dim"], WIDTHS, 0.0))
    weights = {"embed.weight": theirs.embedding.embedding.weight, "wide.weight": theirs.linear.fc.weight}
    for key, weight in theirs.mlp.mlp.state_dict().items():
        index, _, rest = key.partition(".")  # each layer has a Dropout in its stack
        name = "deep" if index == "8" else f"hidden.{int(index) // 4 * 3 + int(index) % 4}"
        weights[f"{name}.{rest}"] = weight
    weights = {key: weight for key, weight in weights.items() if not key.endswith("num_batches_tracked")}
    weights["deep.bias"] = weights["deep.bias"] + theirs.linear.bias  # ours has one bias in all
    ours = load("wide_deep", weights, widths=WIDTHS, **OURS)
    compare("wide_deep", "torchfm", ours, theirs, finish=torch.logit)


def test_dlrm_is_that_of_torchrec():
    module = library("torchrec.models.dlrm", "fbgemm_gpu", "torchmetrics", "iopath", "pyre_extensions", "tensordict")
    bottom, interact = module.DenseArch(5, [6, 4]), module.InteractionArch(4)
    top = module.OverArch(4 + 4 * 5 // 2, [7, 1])
    tables = [torch.randn(size, 4, dtype=torch.float64) for size in SIZES]
    theirs = shaken(torch.nn.ModuleList([bottom, top]))
    weights = {f"tables.{field}.embed.weight": table for field, table in enumerate(tables)}
    layers = [layer for layer in theirs.modules() if isinstance(layer, torch.nn.Linear)]
    for name, layer in zip(["bottom.0", "bottom.2", "top.0", "logit"], layers, strict=True):
        weights |= {f"{name}.{key}": weight for key, weight in layer.state_dict().items()}
    # theirs has the pairs (0, 1), (0, 2), ..., ours (1, 0), (2, 0), (2, 1), ...
    pairs = list(zip(*torch.triu_indices(5, 5, 1).tolist(), strict=True))
    order = [0, 1, 2, 3, *(4 + pairs.index((b, a)) for a in range(5) for b in range(a))]
    weights["top.0.weight"] = weights["top.0.weight"][:, order]
    ours = load("dlrm", weights, sizes=SIZES, num_dense=5, dim=4, bottom=[6], top=[7])
    dense, ids = torch.randn(7, 5, dtype=torch.float64), draw_ids()
    with torch.no_grad():
        vectors = torch.stack([table[ids[:, field]] for field, table in enumerate(tables)], 1)
        lower = bottom(dense)
        assert_same("dlrm", "torchrec", [ours(dense=dense, ids=ids)], [top(interact(lower, vectors))])
