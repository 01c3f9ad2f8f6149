"""The light check of registered terminals: OPTIONS in turn, offline after two misses (AUT-08).

Signaling sends and listens; here stands when a terminal is due and what an outcome means.
"""

import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..identity import EndpointId
from .bindings import Binding

MAX_MISSES: Final = 2
"""Checks in a row without any SIP response that make a terminal unreachable."""


def first_check(endpoint: EndpointId, interval: timedelta, now: datetime) -> datetime:
    """Return when a terminal is checked first: somewhere in the interval, spread by its name."""
    share = zlib.crc32(str(endpoint).encode()) / 2**32
    return now + interval * share


def checked(binding: Binding, alive: bool) -> Binding:
    """Return the binding after a check; any SIP response means alive."""
    if alive:
        return replace(binding, misses=0, reachable=True)
    misses = binding.misses + 1
    return replace(binding, misses=misses, reachable=misses < MAX_MISSES)
