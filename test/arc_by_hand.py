"""An arc beside the module that one would write by hand."""

import torch

import torcharc


def assert_same(arc, make, *inputs):
    """The arc's network has the weights that `make` draws from the same seed, and gives what it gives."""
    torch.manual_seed(7)
    net = torcharc.build(arc).eval()
    torch.manual_seed(7)
    hand = make().eval()
    weights = list(hand.state_dict().values())
    assert [w.shape for w in net.state_dict().values()] == [w.shape for w in weights]
    for weight, by_hand in zip(net.state_dict().values(), weights, strict=True):
        assert torch.equal(weight, by_hand)
    torch.testing.assert_close(net(*inputs), hand(*inputs), atol=1e-6, rtol=1e-6)
    return net


def dag(shape, **nodes):
    return {"dag_in_shape": shape, **nodes}
