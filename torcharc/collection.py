"""The garbage collector, paused while much is made that stays."""

from __future__ import annotations

import gc


class CollectionPause:
    """Within it the garbage collector rests: it would look through all that lives, while what is made here stays."""

    __slots__ = ("_enabled",)

    def __enter__(self) -> None:
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._enabled:
            gc.enable()
