"""Malformed specs as data: the spec, its whole message, and the row of the reference that it belongs to."""

from malformed import forks, init, layers, sizes, types, whole, wiring

CASES = [case for part in (types, layers, init, wiring, forks, sizes, whole) for case in part.CASES]
