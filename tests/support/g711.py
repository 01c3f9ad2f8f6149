"""G.711 as tests need it: tones made and recognised, not speech quality."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from typing import Final

CLOCK_RATE: Final = 8000
SAMPLES: Final = 160
"""Samples of one packet of 20 ms."""

PCMU, PCMA = 0, 8
"""Static payload types (RFC 3551 section 6)."""

AMPLITUDE: Final = 8000
INVERTED_BITS: Final = 0x55
"""A-law flips every other bit on the wire (ITU-T G.711)."""


def decode_alaw(octet: int) -> int:
    """Return the 16-bit sample of one octet."""
    octet ^= INVERTED_BITS
    segment, mantissa = octet >> 4 & 7, octet & 15
    magnitude = (mantissa << 4) + 8
    if segment:
        magnitude = (magnitude + 0x100) << (segment - 1)
    return magnitude if octet & 0x80 else -magnitude


_LEVELS: Final = sorted((decode_alaw(octet), octet) for octet in range(256))


def encode_alaw(sample: int) -> int:
    """Return the octet of the level at or above the sample."""
    place = bisect_left(_LEVELS, (sample, 0))
    return _LEVELS[min(place, len(_LEVELS) - 1)][1]


@cache
def tone(frequency: int) -> list[bytes]:
    """Return one second of a sine as A-law packets that may be repeated without a step."""
    step = 2 * math.pi * frequency / CLOCK_RATE
    wave = bytes(encode_alaw(int(AMPLITUDE * math.sin(step * n))) for n in range(CLOCK_RATE))
    return [wave[start : start + SAMPLES] for start in range(0, CLOCK_RATE, SAMPLES)]


def strength(payloads: Iterable[bytes], frequency: int) -> float:
    """Return how much of the sound's energy is at `frequency`, 0 to 1 (Goertzel's algorithm)."""
    samples = [decode_alaw(octet) for payload in payloads for octet in payload]
    energy = sum(sample * sample for sample in samples)
    if not energy:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * frequency / CLOCK_RATE)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = last * last + before * before - turn * last * before
    return 2 * power / (len(samples) * energy)
