"""Session descriptions of test endpoints: one audio stream of G.711 with telephone events."""

from trunkline_signaling.sip.sdp import Direction, SessionDescription

from .g711 import PCMA, PCMU

CODECS = {PCMA: "PCMA/8000", PCMU: "PCMU/8000", 101: "telephone-event/8000"}


def describe(
    host: str,
    port: int,
    version: int = 1,
    formats: tuple[int, ...] = (PCMA, PCMU, 101),
    direction: Direction = Direction.SENDRECV,
) -> SessionDescription:
    """Return an offer, or an answer with the formats chosen."""
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {' '.join(map(str, formats))}",
        *(f"a=rtpmap:{payload_type} {CODECS[payload_type]}" for payload_type in formats),
        "a=ptime:20",
        f"a={direction}",
    ]
    return SessionDescription.parse("\r\n".join(lines).encode())


def common_formats(offer: SessionDescription) -> tuple[int, ...]:
    """Return the offered formats that we have, in the order of the offer."""
    offered = offer.audio.formats if offer.audio else []
    return tuple(int(name) for name in offered if name.isdigit() and int(name) in CODECS)


def media_address(description: SessionDescription) -> tuple[str, int] | None:
    """Return where the peer wants its audio; None when it wants none."""
    audio = description.audio
    listening = (Direction.SENDRECV, Direction.RECVONLY)
    if audio is None or description.direction_of(audio) not in listening:
        return None
    return description.address_of(audio), audio.port
