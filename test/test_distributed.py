"""Every reference arc under DistributedDataParallel: two processes on gloo, gradients averaged."""

import pathlib

import pytest
import torch.distributed as dist
import torch.multiprocessing as mp
from distributed_worker import run


@pytest.mark.skipif(not dist.is_available(), reason="torch is built without torch.distributed")
def test_every_reference_arc_trains_in_two_processes(tmp_path: pathlib.Path):
    mp.spawn(run, args=(str(tmp_path / "store"),), nprocs=2)
