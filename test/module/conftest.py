"""Fixtures of several tests of building blocks."""

import pytest
import torch


@pytest.fixture
def one_thread():
    """Threads only slow such small tensors down."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(count)
