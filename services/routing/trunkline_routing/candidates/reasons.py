"""Stable words for what keeps a gateway out."""

from __future__ import annotations

from enum import StrEnum


class Excluded(StrEnum):
    """What keeps a gateway out of a call (RTE-07)."""

    LOCKED = "LOCKED"
    PREFIX = "PREFIX"
    LONGER_PREFIX = "LONGER_PREFIX"
    DISABLED = "DISABLED"
    UNREACHABLE = "UNREACHABLE"
    GROUP = "GROUP"
    SAME_PEER = "SAME_PEER"
    BLACKLISTED = "BLACKLISTED"
    PERIOD = "PERIOD"
    RATE = "RATE"
    COST = "COST"
    PROFIT = "PROFIT"
    CAPACITY = "CAPACITY"
    NUMBERS = "NUMBERS"
