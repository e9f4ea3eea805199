"""Rules for recurrent layers agree with torch over random arguments, or do not answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_against_meta import assert_agrees, checked, optional, spec

from torcharc.graph import BatchDim, N, TensorSpec

pytestmark = pytest.mark.usefixtures("every_step")


@settings(checked, max_examples=12)  # a run on meta takes every step
@given(
    st.sampled_from(["RNN", "GRU", "LSTM"]),
    st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3)),
    optional(
        num_layers=st.integers(1, 3),
        bidirectional=st.booleans(),
        bias=st.booleans(),
    ),
    st.integers(0, 3),
)
def test_recurrent_rules_agree(name, dims, options, proj):
    steps, width, hidden = dims
    arguments = {"input_size": width, "hidden_size": hidden, "batch_first": True, **options}
    if name == "LSTM":
        arguments["proj_size"] = proj
    answer = assert_agrees(name, arguments, [spec(steps, width)])
    assert (answer is None) == (name == "LSTM" and proj >= hidden)


LAYOUTS = {
    "batch first": ((N, 3, 4), True, (N,)),
    "steps first": ((3, N, 4), False, (N,)),
    "batch as steps": ((N, 3, 4), False, (3,)),
    "one sequence": ((3, 4), False, ()),
    "batch as one sequence": ((N, 4), True, ()),
    "no batch": ((2, 3, 4), True, (2,)),
    "shifted batch": ((BatchDim(1, 2), 2, 4), True, (BatchDim(1, 2),)),
}


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("stated", [False, True], ids=["alone", "with a state"])
def test_recurrent_rules_know_every_layout(name, layout, stated):
    shape, batch_first, batch = LAYOUTS[layout]
    layers = 1 if N in shape and N not in batch else 2  # with a batch of steps, each takes a while on meta
    state = TensorSpec((layers, *batch, 5))
    states = (state, state) if name == "LSTM" else state
    arguments = {"input_size": 4, "hidden_size": 5, "num_layers": layers, "batch_first": batch_first}
    answer = assert_agrees(name, arguments, [TensorSpec(shape), states] if stated else [TensorSpec(shape)])
    assert answer.output == (TensorSpec((*shape[:-1], 5)), states)


@pytest.mark.parametrize("wrong", [TensorSpec((2, N, 6)), TensorSpec((1, N, 5)), TensorSpec((2, N, 5), "int64"), None])
def test_recurrent_rules_leave_a_wrong_state_to_torch(wrong):
    arguments = {"input_size": 4, "hidden_size": 5, "num_layers": 2, "batch_first": True}
    assert assert_agrees("GRU", arguments, [spec(3, 4), wrong]) is None
