"""The transformers for series compile, export, trace, copy and train like any module."""

import copy
import io
import pickle
import warnings

import pytest
import torch
from small_series import BOTH, EACH_SPAN, make, make_series

pytestmark = pytest.mark.usefixtures("one_thread")


@BOTH
@EACH_SPAN
@pytest.mark.parametrize("pe", ["sinusoid", "learned"])
def test_every_parameter_gets_a_gradient(cls, span, pe):
    model = make(cls, pe=pe, activation="PReLU", **span).train()
    model(make_series()).square().sum().backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []
    assert model.in_embedding.weight.grad.abs().sum() > 0
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@BOTH
@EACH_SPAN
def test_compiles_in_one_piece(cls, span):
    model, x = make(cls, **span), make_series()
    torch.compiler.reset()
    torch.testing.assert_close(torch.compile(model, fullgraph=True, backend="eager")(x), model(x))


@BOTH
@EACH_SPAN
def test_exports_for_any_batch(cls, span):
    model = make(cls, **span)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, inside of export
        program = torch.export.export(model, (make_series(),), dynamic_shapes=({0: torch.export.Dim("n")},))
    torch.testing.assert_close(program.module()(make_series(batch=5)), model(make_series(batch=5)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@BOTH
@EACH_SPAN
def test_traces(cls, span):
    model = make(cls, **span)
    with torch.no_grad():
        traced = torch.jit.trace(model, make_series())
        torch.testing.assert_close(traced(make_series(batch=5)), model(make_series(batch=5)), rtol=1e-4, atol=1e-5)


@BOTH
@EACH_SPAN
def test_runs_on_meta(cls, span):
    with torch.device("meta"):
        model = cls(8, 2, num_encoder_layers=1, num_decoder_layers=1, in_channels=3, pe="sinusoid", **span)
    assert all(value.is_meta for value in model.state_dict().values())
    assert model(make_series().to("meta")).shape == (3, 11, 1)


@BOTH
@EACH_SPAN
def test_copies_pickles_saves_and_calls_functionally(cls, span):
    model, x = make(cls, activation={"type": "LeakyReLU", "negative_slope": 0.3}, **span), make_series()
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), torch.load(file, weights_only=False)):
        torch.testing.assert_close(copied(x), model(x))
        copied.load_state_dict(model.state_dict())
    other = make(cls, activation={"type": "LeakyReLU", "negative_slope": 0.3}, **span)
    for parameter in other.parameters():
        parameter.data.zero_()
    torch.testing.assert_close(torch.func.functional_call(other, model.state_dict(), (x,)), model(x))


@BOTH
def test_runs_in_other_precisions(cls):
    model, x = make(cls), make_series()
    torch.testing.assert_close(copy.deepcopy(model).double()(x.double()).float(), model(x), rtol=1e-4, atol=1e-5)
    assert copy.deepcopy(model).bfloat16()(x.bfloat16()).dtype == torch.bfloat16


@BOTH
def test_options_stay_as_they_are(cls):
    pe, activation = {"type": "periodic", "period": 7}, {"type": "ELU", "alpha": 2.0}
    make(cls, pe=pe, activation=activation)
    assert (pe, activation) == ({"type": "periodic", "period": 7}, {"type": "ELU", "alpha": 2.0})


@BOTH
def test_same_seed_same_weights(cls):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(cls(8, 2, num_encoder_layers=1, num_decoder_layers=1, pe="learned").state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=0, atol=0)
