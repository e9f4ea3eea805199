"""The examples in `example/torcharc2`: what each is fed and gives.

Sizes leave the batch axis out; `ids` are integers below 1000.
"""

from __future__ import annotations

import pathlib

import torch

from torcharc.spec.load import load_spec

ROOT = pathlib.Path(__file__).parents[1] / "example" / "torcharc2"

IMAGE = (3, 32, 32)
PAIR = {"x_0": (8,), "x_1": (9,)}
STEREO = {"left_image": IMAGE, "right_image": IMAGE}
DLRM = {"dense": (256,), "sparse_0": "ids", "sparse_1": "ids", "sparse_2": "ids"}

EXAMPLES = {
    "basic/mlp": ({"x": (128,)}, (10,)),
    "basic/mlp_lazy": ({"x": (128,)}, (10,)),
    "basic/conv": ({"image": IMAGE}, (10,)),
    "basic/conv_lazy": ({"image": IMAGE}, (10,)),
    "basic/rnn": ({"x": (10, 7)}, (10,)),
    "basic/stereo_conv_reuse": (STEREO, [(10,), (10,)]),
    "compact/mlp": ({"x": (128,)}, (16,)),
    "compact/mlp_classifier": ({"x": (128,)}, (10,)),
    "compact/conv": ({"image": IMAGE}, (64, 26, 26)),
    "compact/conv_classifier": ({"image": IMAGE}, (10,)),
    "fn/fn_topk": ({"x": (128,)}, [(3,), (3,)]),
    "fn/reduce_mean": ({"text": "ids 10"}, (128,)),
    "fork/chunk": ({"x": (32,)}, [(5,), (5,)]),
    "fork/split": ({"x": (32,)}, [(4,), (6,)]),
    "get/get": ({"x": (32,)}, [(5,), (5,)]),
    "get/index_select": ({"x": (32,)}, (3,)),
    "get/narrow": ({"x": (10, 7)}, (10,)),
    "graph_format/input_str": ({"x": (8,)}, (10,)),
    "graph_format/input_list": (PAIR, (1,)),
    "graph_format/output_str": ({"x": (8,)}, (10,)),
    "graph_format/output_list": ({"x": (8,)}, [(5,), (5,)]),
    "graph_format/output_dict": ({"x": (8,)}, {"y_0": (5,), "y_1": (5,)}),
    "graph_format/modules_list_single": ({"x": (8,)}, (10,)),
    "graph_format/modules_list_multi": ({"src_x": (10, 8), "tgt_x": (12, 8)}, (12, 10)),
    "graph_format/modules_dict": ({"src_x": (10, 8), "tgt_x": (12, 8)}, (12, 10)),
    "graph_format/modules_nested_list": (PAIR, (1,)),
    "graph_format/modules_reuse": (STEREO, (10,)),
    "merge/sum": (PAIR, (1,)),
    "merge/prod": (PAIR, (1,)),
    "merge/mean": (PAIR, (1,)),
    "merge/concat": (PAIR, (1,)),
    "merge/film": (PAIR, (1,)),
    "merge/stack": (PAIR, (2, 10)),
    "merge/dot": (PAIR, ()),
    "merge/bmm": ({"mat_0": (3, 5), "mat_1": (5, 6)}, (3, 6)),
    "mnist/conv": ({"image": (1, 28, 28)}, (10,)),
    "mnist/mlp": ({"image": (1, 28, 28)}, (10,)),
    "transformer/attn": ({"x": (10, 8), "memory": (12, 9)}, (10, 10)),
    "transformer/transformer": ({"src": (10, 8), "tgt": (12, 8)}, (12, 10)),
    "transformer/text_classifier": ({"text": "ids 10"}, (10,)),
    "transformer/text_summarizer": ({"text": "ids 10", "summary": "ids 12"}, (12, 10000)),
    "advanced/dlrm_sum": (DLRM, (1,)),
    "advanced/dlrm_attn": (DLRM, (1,)),
    "advanced/film_image_state": ({"image": IMAGE, "state": (4,)}, (10,)),
    "advanced/film_image_text": ({"image": IMAGE, "text": "ids 10"}, (10,)),
    "advanced/stereo_conv": (STEREO, (10,)),
}


def read(name):
    """The example as plain data."""
    return load_spec(ROOT / f"{name}.yaml").spec


def read_size(size):
    """A size of the table, and whether it is of ids."""
    return (tuple(map(int, size.split()[1:])), True) if isinstance(size, str) else (size, False)


def read_with_shapes(name):
    """The example with the shapes of its inputs stated."""
    spec = read(name)
    shapes = {key: list(read_size(size)[0]) for key, size in EXAMPLES[name][0].items()}
    return {**spec, "graph": {**spec["graph"], "input": shapes}}


def feed(name, batch=3, seed=0):
    """Tensors by input name."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for key, size in EXAMPLES[name][0].items():
        sizes, ids = read_size(size)
        if ids:
            found[key] = torch.randint(0, 1000, (batch, *sizes), generator=generator)
        else:
            found[key] = torch.randn((batch, *sizes), generator=generator)
    return found


def shapes_of(result):
    """The shapes of a result, the batch axis left out."""
    if isinstance(result, torch.Tensor):
        return tuple(result.shape[1:])
    if isinstance(result, dict):
        return {key: shapes_of(item) for key, item in result.items()}
    return [shapes_of(item) for item in result]
