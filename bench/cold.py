"""What torcharc keeps of earlier builds, for those who want to build as if there had been none."""

from __future__ import annotations

import importlib

CACHES = (
    ("torcharc.planner", "_plans"),
    ("torcharc.planning", "_planned"),
    ("torcharc.planning", "_outcomes"),
    ("torcharc.schedule", "_known"),
    ("torcharc.spec.arc_known", "_known"),
)


def forget() -> None:
    """Empties torcharc's caches of plans and outcomes; what it has read of types stays."""
    for module, name in CACHES:
        getattr(importlib.import_module(module), name).clear()  # an error where they have moved
