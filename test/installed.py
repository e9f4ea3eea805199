"""What the installed torch is, and what it says itself: messages and lists differ between its versions."""

import inspect

import torch

TORCH = tuple(int(part) for part in torch.__version__.split(".")[:2])


def said(call):
    """The first line of what torch says of a call that fails."""
    try:
        call()
    except Exception as error:  # noqa: BLE001  # whatever it is
        return str(error).split("\n")[0]
    raise AssertionError("torch takes it")


def arguments_of(cls, *left_out):
    """The names of a constructor's arguments."""
    return [name for name in inspect.signature(cls).parameters if name not in left_out]
