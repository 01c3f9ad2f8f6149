"""The media engine: commands go down, facts come up; nothing in Python runs per packet."""

from ._native import (
    Direction,
    Engine,
    FirstPacket,
    LegCounters,
    LegSettings,
    Load,
    PortsExhausted,
    Protection,
    Resumed,
    SessionCounters,
    Side,
    Silence,
    SourceLearned,
    UnknownSession,
)

Fact = FirstPacket | SourceLearned | Silence | Resumed | SessionCounters

__all__ = [
    "Direction",
    "Engine",
    "Fact",
    "FirstPacket",
    "LegCounters",
    "LegSettings",
    "Load",
    "PortsExhausted",
    "Protection",
    "Resumed",
    "SessionCounters",
    "Side",
    "Silence",
    "SourceLearned",
    "UnknownSession",
]
