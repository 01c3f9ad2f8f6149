"""What the relay itself plays to a caller before the answer, and the description that lets it.

Only in relayed calls whose caller has made an offer of plain RTP that flows both ways.
"""

from __future__ import annotations

from typing import Final

from ..sip.sdp import Direction
from .call import Call
from .codecs import allowed
from .formats import formats_of, write_formats
from .legs import Side
from .services import MediaConnected, Play, ServiceFailed, StopPlay
from .session import leg_media, read, rewritten, stream_of

RINGBACK: Final = "ringback"
PLAIN_RTP: Final = "RTP/AVP"


def own_description(call: Call) -> bytes:
    """Return an answer of ours to the caller's offer, and tell the relay; b"" where none can be.

    It takes every codec the caller has offered, so that whatever the callee will choose is in it;
    one the relay can make sound in comes first.
    """
    leg = call.leg_a
    if leg.relay is None or not leg.received or not call.relayed:
        return b""
    description = read(leg.received)
    stream = stream_of(description)
    if stream is None or stream.protocol != PLAIN_RTP:
        return b""
    if description.direction_of(stream) is not Direction.SENDRECV:
        return b""
    offered = formats_of(stream)
    voices = sorted(
        allowed(offered, leg.policy.codecs), key=lambda f: f.name not in call.media_codecs
    )
    if not voices or voices[0].name not in call.media_codecs:
        return b""
    write_formats(stream, (*voices, *(f for f in offered if f.is_event)))
    place = leg_media(leg, description)
    body = rewritten(leg, description, call.local_ip(leg))
    call.connect_media((leg, place))
    return body


def ring(call: Call) -> None:
    """Play the ring tone to the caller, from when the relay knows where it is until `silence`."""
    call.tone_wanted = True


def connected(call: Call, event: MediaConnected) -> None:
    """The relay knows the caller's side: what is wanted plays."""
    if call.tone_wanted and not call.tone_plays:
        call.tone_plays = True
        call.ask(Play(call.id, call.media_instance, Side.A, RINGBACK, loop=True))


def not_played(call: Call, event: ServiceFailed) -> None:
    """The caller hears silence instead."""
    call.note(f"media did not play: {event.explanation}")


def silence(call: Call) -> None:
    """Play nothing of ours any more: the callee is heard, has answered, or has failed."""
    plays, call.tone_plays, call.tone_wanted = call.tone_plays, False, False
    if plays and call.relayed:
        call.ask(StopPlay(call.id, call.media_instance, Side.A))
