"""Wrong inputs of Arc-Graph specs, and the whole message of each."""

import pytest
from arcgraph_specs import RELU, graph, tensor
from refusal import message

INPUTS = {
    "input_no_mapping": (
        graph(RELU, inputs={"x": 8}),
        ("1 problem in the spec\nspec.inputs.x\n  found: 8\n  expected: an input: {dtype: ..., shape: [...]}"),
    ),
    "input_without_dtype": (
        graph(RELU, inputs={"x": {"shape": [None, 8]}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'dtype'\n"
            "  expected: the key 'dtype', which is required"
        ),
    ),
    "input_without_shape": (
        graph(RELU, inputs={"x": {"dtype": "float32"}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'shape'\n"
            "  expected: the key 'shape', which is required"
        ),
    ),
    "bad_dtype": (
        graph(RELU, inputs={"x": tensor([None, 8], "flaot32")}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.dtype\n"
            "  found: 'flaot32'\n"
            "  expected: a dtype: bfloat16, bool, double, float, float16, float32, float64, int, int16,"
            " int32, int64, int8 and 2 more\n"
            "  hint: did you mean 'float32'?"
        ),
    ),
    "shape_no_list": (
        graph(RELU, inputs={"x": tensor(8)}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape\n"
            "  found: 8\n"
            "  expected: a list of sizes, the batch first: [null, 20]"
        ),
    ),
    "empty_shape": (
        graph(RELU, inputs={"x": tensor([])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape\n"
            "  found: []\n"
            "  expected: a list of sizes, the batch first: [null, 20]"
        ),
    ),
    "size_zero": (
        graph(RELU, inputs={"x": tensor([None, 0])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: 0\n"
            "  expected: an integer above 0, null for any size, or arithmetic over bound names"
        ),
    ),
    "size_boolean": (
        graph(RELU, inputs={"x": tensor([None, True])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: True\n"
            "  expected: an integer above 0, null for any size, or arithmetic over bound names"
        ),
    ),
    "size_fraction": (
        graph(RELU, inputs={"x": tensor([None, "3 / 2"])}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: '3 / 2', which is 1.5\n"
            "  expected: an integer above 0"
        ),
    ),
    "size_unbound": (
        graph(RELU, inputs={"x": tensor([None, "WITDH"])}, vars={"WIDTH": 8}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.shape[1]\n"
            "  found: 'WITDH'\n"
            "  expected: an integer above 0, or arithmetic over the names WIDTH\n"
            "  hint: did you mean 'WIDTH'?"
        ),
    ),
    "columns_no_list": (
        graph(RELU, inputs={"x": {**tensor([None, 8]), "columns": "age"}}),
        ("1 problem in the spec\nspec.inputs.x.columns\n  found: 'age'\n  expected: a list of column names"),
    ),
    "unknown_key_of_an_input": (
        graph(RELU, inputs={"x": {**tensor([None, 8]), "colums": ["age"]}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.colums\n"
            "  found: the key 'colums'\n"
            "  expected: one of the keys: categorical, columns, dtype, embedding_dim, shape, vocab_size\n"
            "  hint: did you mean 'columns'?"
        ),
    ),
    "categorical_without_sizes": (
        graph(RELU, inputs={"x": {**tensor([None], "int64"), "categorical": True}}),
        (
            "2 problems in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'vocab_size'\n"
            "  expected: the key 'vocab_size', which is required\n"
            "  hint: a categorical input is embedded\n"
            "spec.inputs.x\n"
            "  found: no key 'embedding_dim'\n"
            "  expected: the key 'embedding_dim', which is required\n"
            "  hint: a categorical input is embedded"
        ),
    ),
    "categorical_without_width": (
        graph(RELU, inputs={"x": {**tensor([None], "int64"), "categorical": True, "vocab_size": 5}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x\n"
            "  found: no key 'embedding_dim'\n"
            "  expected: the key 'embedding_dim', which is required\n"
            "  hint: a categorical input is embedded"
        ),
    ),
    "categorical_floats": (
        graph(RELU, inputs={"x": {**tensor([None]), "categorical": True, "vocab_size": 5, "embedding_dim": 2}}),
        (
            "1 problem in the spec\n"
            "spec.inputs.x.dtype\n"
            "  found: 'float32'\n"
            "  expected: int64 or int32, as the input is categorical"
        ),
    ),
    "categorical_no_switch": (
        graph(RELU, inputs={"x": {**tensor([None]), "categorical": 1}}),
        ("1 problem in the spec\nspec.inputs.x.categorical\n  found: 1\n  expected: true or false"),
    ),
    "vocabulary_of_nothing": (
        graph(RELU, inputs={"x": {**tensor([None], "long"), "categorical": True, "vocab_size": 0, "embedding_dim": 2}}),
        ("1 problem in the spec\nspec.inputs.x.vocab_size\n  found: 0\n  expected: an integer above 0"),
    ),
}


@pytest.mark.parametrize(("spec", "expected"), INPUTS.values(), ids=INPUTS.keys())
def test_wrong_structure_is_refused(spec, expected):
    assert message(spec) == expected
