"""One of two processes that run the reference arcs under DistributedDataParallel.

A module of its own: a spawned process imports it by name.
"""

import os

import torch
import torch.distributed as dist
from arc_inputs import light, make_inputs
from torch.nn.parallel import DistributedDataParallel

import torcharc
from torcharc.arc_ref import REF_ARCS

WITHOUT_PARAMETERS = {"ConcatMerge", "ReuseFork", "SplitFork"}


def total(y):
    """A loss that every output enters, with a weight of its own for each value."""
    tensors = y.values() if isinstance(y, dict) else [y]
    return sum((tensor * torch.linspace(0.5, 1.5, tensor.numel()).view(tensor.shape)).sum() for tensor in tensors)


def gradients(net, x):
    net.zero_grad()
    total(net(x)).backward()
    return [parameter.grad.clone() for parameter in net.parameters()]


def run(rank, file):
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    for name in sorted(set(REF_ARCS) - WITHOUT_PARAMETERS):
        arc = light(name)
        net = torcharc.build(arc, seed=0).eval()  # without dropout, so that the oracle sees the same
        expected = [gradients(net, make_inputs(arc, 3, seed)) for seed in (0, 1)]
        found = gradients(DistributedDataParallel(net), make_inputs(arc, 3, seed=rank))
        for a, b, c in zip(found, *expected, strict=True):
            assert torch.allclose(a, (b + c) / 2, rtol=1e-4, atol=1e-5), name
    dist.barrier()
    dist.destroy_process_group()
    # at once: threads of gloo and autograd that are still about can abort the interpreter on its way out
    os._exit(0)
