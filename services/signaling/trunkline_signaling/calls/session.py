"""Offers and answers on their way (RFC 3264): read for the relay, rewritten for the peer."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from ..sip.errors import MalformedValue
from ..sip.flow import Address
from ..sip.sdp import (
    Direction,
    MediaDescription,
    Origin,
    SessionDescription,
    address_type,
)
from .formats import formats_of
from .legs import Leg
from .policy import MediaCheck
from .services import LegMedia

UNSPECIFIED: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  # hold as of RFC 2543, no socket
FAX: Final = "image"
NOT_RELAYED: Final = ("rtcp", "rtcp-mux", "candidate", "remote-candidates", "ice-ufrag", "ice-pwd")
"""Attributes that speak of the peer's own sockets, which the other side never reaches."""


def stream_of(description: SessionDescription) -> MediaDescription | None:
    """Return the stream a call lives on: the first audio, else a fax."""
    return description.audio or description.stream(FAX)


def leg_media(leg: Leg, description: SessionDescription, *, relearn: bool = False) -> LegMedia:
    """Note what a peer's description says of its media, and return it for the relay.

    `relearn` lets the relay learn anew where packets come from. Raises `MalformedValue`.
    """
    stream = stream_of(description)
    if stream is None:
        return LegMedia(direction=Direction.INACTIVE)
    host = description.address_of(stream)
    leg.media_address = host, stream.port
    direction = description.direction_of(stream)
    if host in UNSPECIFIED:
        return LegMedia(direction=Direction.INACTIVE)
    remote = host, stream.port
    has_rtcp = stream.has_attribute("rtcp")
    return LegMedia(
        remote=remote,
        remote_rtcp=(host, stream.rtcp_port) if has_rtcp else None,
        latch=leg.behind_nat or is_private(host),
        direction=direction,
        check=leg.policy.media_check if leg.policy.media_check is not MediaCheck.NONE else None,
        formats=formats_of(stream),
        relearn=relearn,
        fax=stream.media == FAX,
    )


def holds(leg: Leg) -> bool:
    """Tell whether a peer's last description keeps the other side on hold (RFC 3264 8.4)."""
    if not leg.received:
        return False
    description = read(leg.received)
    stream = stream_of(description)
    if stream is None:
        return False
    if description.address_of(stream) in UNSPECIFIED:
        return True
    return description.direction_of(stream) in (Direction.SENDONLY, Direction.INACTIVE)


def rewritten(leg: Leg, description: SessionDescription, local_ip: str) -> bytes:
    """Print a description for `leg`: with our origin, and the relay's address where it has one.

    The version in o= grows when anything else changed (RFC 3264 section 8). `description` is used
    up.
    """
    relay = leg.relay
    if relay is not None:
        _relocate(description, relay)
    address = relay[0] if relay is not None else local_ip
    body = _print(leg, description, address)
    if leg.sent and body != leg.sent:
        leg.version += 1
        body = _print(leg, description, address)
    leg.sent = body
    return body


def refusing(leg: Leg, offer: bytes, local_ip: str) -> bytes:
    """Print the answer to an offer that refuses each of its streams (RFC 3264 section 6)."""
    description = read(offer)
    for media in description.media:
        media.move(0)
    return rewritten(leg, description, local_ip)


def read(body: bytes) -> SessionDescription:
    """Parse a description that has a stream we can carry. Raises `MalformedValue`."""
    description = SessionDescription.parse(body)
    if not description.media:
        raise MalformedValue("a media description", "none", "m=")
    for media in description.media:
        _ = description.address_of(media)
    return description


@lru_cache(maxsize=4096)
def is_private(host: str) -> bool:
    """Tell whether an address is one that only its own network reaches. A name is not."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def _print(leg: Leg, description: SessionDescription, address: str) -> bytes:
    description.origin = Origin("-", leg.session_id, leg.version, address, address_type(address))
    return description.encode()


def _relocate(description: SessionDescription, relay: Address) -> None:
    stream = stream_of(description)
    description.relocate(relay[0])
    for media in description.media:
        if media is stream:
            media.move(relay[1])
            media.remove_attributes(*NOT_RELAYED)
        else:
            media.move(0)  # one stream is relayed
