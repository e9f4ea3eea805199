"""Building blocks, one family a file. Importing this package registers them as types."""

from torcharc.module import (
    film,
    fork,
    function,
    listed,
    merge,
    parameter,
    perceiver,
    resize,
    stochastic_depth,
    timeseries,
)

__all__ = [
    "film",
    "fork",
    "function",
    "listed",
    "merge",
    "parameter",
    "perceiver",
    "resize",
    "stochastic_depth",
    "timeseries",
]
