"""Numbers that may not call or be called, or always may (AUT-09 to AUT-15). No I/O, no clock."""

from .entries import (
    PLATFORM,
    BlackList,
    CallerSeats,
    Entry,
    EntryFilter,
    EntryKey,
    ListedFor,
    Party,
    WindowKey,
    Windows,
)
from .policy import Detector, ListPolicy
from .screener import EndedCall, ListListener, Passed, ScreenedCall, Screener, Stopped
from .white import WhiteList

__all__ = [
    "PLATFORM",
    "BlackList",
    "CallerSeats",
    "Detector",
    "EndedCall",
    "Entry",
    "EntryFilter",
    "EntryKey",
    "ListListener",
    "ListPolicy",
    "ListedFor",
    "Party",
    "Passed",
    "ScreenedCall",
    "Screener",
    "Stopped",
    "WhiteList",
    "WindowKey",
    "Windows",
]
