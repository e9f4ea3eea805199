"""Nodes that were planned before: a search over related specs pays for each distinct node once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from torcharc.entry import Entry
from torcharc.errors import Path
from torcharc.planning import MOST_CACHED, Feed, Planned, make_key
from torcharc.sequence import plan_layer

_planned: dict[Hashable, Planned] = {}


def plan_once(entry: Entry, params: Mapping[str, Any], feed: Feed, path: Path, beside: Sequence[str]) -> Planned:
    """The plan of a layer as `plan_layer` gives it; one without problems is kept."""
    key = None if feed.broken else make_key(entry, params, feed.structs)
    found = _planned.get(key) if key is not None else None
    if found is not None:
        return found
    planned = plan_layer(entry, params, feed, path, beside)
    if key is not None and not planned.problems:
        if len(_planned) >= MOST_CACHED:
            _planned.pop(next(iter(_planned)))
        _planned[key] = planned
    return planned
