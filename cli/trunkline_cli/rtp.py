"""What the legs of a call have sent so far, in words (MGT-09)."""

from typing import Final

from trunkline.common.v1.common_pb2 import StreamStatistics
from trunkline.signaling.v1.signaling_pb2 import Call

from . import words
from .output import Column

UNKNOWN: Final = "unknown"
"""The relay gives no answer now."""
DIRECT: Final = "direct"
"""Media flows past us: nobody counts it."""


def in_words(call: Call, side: str) -> str:
    """Return what a side has sent the relay, in a line; "a" is the caller's side."""
    stream = stream_of(call, side)
    if isinstance(stream, str):
        return stream
    share = f" ({_loss(stream)})" if stream.packets else ""
    parts = [
        f"{stream.packets} packets",
        f"{stream.packets_lost} lost{share}",
        f"jitter {stream.jitter_ms:.1f} ms",
        f"MOS {_mos(stream)}",
    ]
    return ", ".join(parts)


def stream_of(call: Call, side: str) -> StreamStatistics | str:
    """Return what is known of a side, or why nothing is."""
    if call.HasField("media"):
        return call.media.leg_a if side == "a" else call.media.leg_b
    return UNKNOWN if call.media_instance else DIRECT


def _loss(stream: StreamStatistics) -> str:
    expected = stream.packets + stream.packets_lost
    return f"{100 * stream.packets_lost / expected:.2f} %" if expected else words.NONE


def _mos(stream: StreamStatistics) -> str:
    return f"{stream.mos:.2f}" if stream.mos else words.NONE


def _columns(side: str) -> list[Column[Call]]:
    head = f"RTP {side.upper()}"

    def packets(call: Call) -> str:
        stream = stream_of(call, side)
        return stream if isinstance(stream, str) else str(stream.packets)

    def loss(call: Call) -> str:
        stream = stream_of(call, side)
        return words.NONE if isinstance(stream, str) else _loss(stream)

    def jitter(call: Call) -> str:
        stream = stream_of(call, side)
        return words.NONE if isinstance(stream, str) else f"{stream.jitter_ms:.1f} ms"

    def mos(call: Call) -> str:
        stream = stream_of(call, side)
        return words.NONE if isinstance(stream, str) else _mos(stream)

    return [
        Column(head, packets, "cyan", number=True),
        Column("Loss", loss, number=True),
        Column("Jitter", jitter, number=True),
        Column("MOS", mos, number=True),
    ]


COLUMNS: list[Column[Call]] = [*_columns("a"), *_columns("b")]
