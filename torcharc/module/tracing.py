"""Whether a call is being traced."""

import torch


def is_tracing() -> bool:
    """Whether `torch.jit.trace` runs: it keeps sizes as tensors, and warns when they are compared."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]
