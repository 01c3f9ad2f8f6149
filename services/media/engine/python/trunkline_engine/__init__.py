"""The media engine: commands go down, facts come up; nothing in Python runs per packet."""

from ._native import (
    Audio,
    AudioBack,
    AudioMissing,
    Digit,
    Direction,
    Engine,
    FirstPacket,
    KernelPathRefused,
    LegCounters,
    LegSettings,
    Load,
    PlayEnded,
    PortsExhausted,
    Protection,
    RecordingFailed,
    Resumed,
    SessionCounters,
    Side,
    Silence,
    SourceLearned,
    UnknownSession,
    VoiceFormat,
)

Fact = (
    FirstPacket
    | SourceLearned
    | Silence
    | Resumed
    | AudioMissing
    | AudioBack
    | Digit
    | PlayEnded
    | RecordingFailed
    | SessionCounters
)

__all__ = [
    "Audio",
    "AudioBack",
    "AudioMissing",
    "Digit",
    "Direction",
    "Engine",
    "Fact",
    "FirstPacket",
    "KernelPathRefused",
    "LegCounters",
    "LegSettings",
    "Load",
    "PlayEnded",
    "PortsExhausted",
    "Protection",
    "RecordingFailed",
    "Resumed",
    "SessionCounters",
    "Side",
    "Silence",
    "SourceLearned",
    "UnknownSession",
    "VoiceFormat",
]
