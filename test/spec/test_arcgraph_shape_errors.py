"""Shapes that do not fit in Arc-Graph specs, and the whole message of each."""

import pytest
from arcgraph_specs import FC, SEQUENCE, graph, module, node, tensor
from refusal import message

SHAPES = {
    "wrong_in_features": (
        graph(node("fc", "Linear", "x", in_features=9, out_features=4)),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params.in_features\n"
            "  found: 9\n"
            "  expected: 8, as it is fed the input x (8)\n"
            "  hint: leave in_features out: it is inferred"
        ),
    ),
    "linear_on_a_wider_input": (
        graph(FC, node("sum", "torch.add", ["x", "fc"])),
        (
            "1 problem in the spec\n"
            "spec.graph[1]\n"
            "  found: the node 'sum' (torch.add) with input = the input x (8), other = fc (4)\n"
            "  expected: inputs that torch.add can take; it says: Attempting to broadcast a dimension of"
            " length 4 at -1! Mismatching argument at index 1 had torch.Size([N, 4]); but expected shape"
            " should be broadcastable to [N, 8]\n"
            "  hint: torch.nn.Linear with out_features: 4 on input makes it fit"
        ),
    ),
    "product_that_needs_a_transpose": (
        graph(node("p", "torch.bmm", {"input": "x", "mat2": "x"}), inputs=SEQUENCE),
        (
            "1 problem in the spec\n"
            "spec.graph[0]\n"
            "  found: the node 'p' (torch.bmm) with input = the input x (5, 8), mat2 = the input x (5, 8)\n"
            "  expected: inputs that torch.bmm can take; it says: Expected size for first two dimensions of"
            " batch2 tensor to be: [N, 8] but got: [N, 5].\n"
            "  hint: torch.transpose with dim0: 1, dim1: 2 on input makes it fit"
        ),
    ),
    "clash_within_a_module": (
        graph(
            node("b", "module.block", "x", width=4),
            modules=module(
                graph=[node("in", "Linear", "a", out_features="width"), node("sum", "torch.add", ["in", "a"])],
                outputs={"o": "sum"},
            ),
        ),
        (
            "1 problem in the spec\n"
            "spec.modules.block.graph[1]\n"
            "  found: the node 'sum' (torch.add) with input = in (4), other = the input a (8)\n"
            "  expected: inputs that torch.add can take; it says: Attempting to broadcast a dimension of"
            " length 8 at -1! Mismatching argument at index 1 had torch.Size([N, 8]); but expected shape"
            " should be broadcastable to [N, 4]\n"
            "  hint: torch.nn.Linear with out_features: 8 on input makes it fit"
        ),
    ),
    "integers_where_floats_are_due": (
        graph(FC, inputs={"x": tensor([None, 8], "int64")}),
        (
            "1 problem in the spec\n"
            "spec.graph[0].params\n"
            "  found: no key 'in_features'\n"
            "  expected: the key 'in_features', which is required"
        ),
    ),
    "floats_where_ids_are_due": (
        graph(node("e", "Embedding", "x", num_embeddings=5, embedding_dim=2)),
        (
            "1 problem in the spec\n"
            "spec.graph[0]\n"
            "  found: the node 'e' (Embedding) with input = the input x (8)\n"
            "  expected: inputs that Embedding can take; it says: Expected tensor for argument #1 'indices'"
            " to have one of the following scalar types: Long, Int; but got torch.float32 instead"
        ),
    ),
}


@pytest.mark.parametrize(("spec", "expected"), SHAPES.values(), ids=SHAPES.keys())
def test_wrong_shape_is_refused(spec, expected):
    assert message(spec) == expected
