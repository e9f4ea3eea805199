"""Building blocks, one family a file. Importing this package registers them as types."""

from torcharc.module import (
    film,
    fork,
    function,
    listed,
    merge,
    parameter,
    perceiver,
    position_bias,
    position_table,
    resize,
    rotary,
    stochastic_depth,
    timeseries,
    window_bias,
)

__all__ = [
    "film",
    "fork",
    "function",
    "listed",
    "merge",
    "parameter",
    "perceiver",
    "position_bias",
    "position_table",
    "resize",
    "rotary",
    "stochastic_depth",
    "timeseries",
    "window_bias",
]
