"""What the relay itself plays to a caller before the answer, and the description that lets it.

Only in relayed calls whose caller has made an offer of plain RTP that flows both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from ..sip.sdp import Direction, MediaDescription
from .call import Call
from .codecs import MediaMismatch, allowed
from .formats import PayloadFormat, codec_name, formats_of, write_formats
from .legs import Leg, Side
from .services import MediaConnected, Play, ServiceFailed, StopPlay
from .session import leg_media, read, rewritten, stream_of

RINGBACK: Final = "ringback"
PLAIN_RTP: Final = "RTP/AVP"


def own_description(call: Call, priority: Sequence[str] = ()) -> bytes:
    """Return an answer of ours to the caller's offer, and tell the relay; b"" where none can be.

    It takes every codec the caller has offered, so that whatever the callee will choose is in it;
    one the relay can make sound in comes first. With a `priority`, just the first codec of that.
    """
    leg = call.leg_a
    if leg.relay is None or not call.offered or not call.relayed:
        return b""
    description = read(leg.received)
    stream = stream_of(description)
    if stream is None or stream.media != "audio" or not _can_answer(leg, stream):
        return b""
    if description.direction_of(stream) is not Direction.SENDRECV:
        return b""
    offered = formats_of(stream)
    voices = _playable(allowed(offered, leg.policy.codecs), priority, call.media_codecs)
    if not voices or voices[0].name not in call.media_codecs:
        return b""
    leg.formats = (*voices, *(f for f in offered if f.is_event))
    write_formats(stream, leg.formats)
    place = leg_media(leg, description)
    if leg.policy.srtp:
        leg.keys.write_answer(stream, call.random)
    body = rewritten(leg, description, call.local_ip(leg))
    call.connect_media((leg, place))
    return body


def ring(call: Call, audio: str = RINGBACK) -> None:
    """Play a tone to the caller, from when the relay knows where it is until `silence`."""
    call.tone = call.tone or audio


def connected(call: Call, event: MediaConnected) -> None:
    """The relay knows the caller's side: what is wanted plays."""
    if call.tone and not call.tone_plays:
        play(call)


def play(call: Call) -> None:
    """Begin with the tone that is wanted."""
    call.tone_plays = True
    call.ask(Play(call.id, call.media_instance, Side.A, call.tone, loop=True))


def not_played(call: Call, event: ServiceFailed) -> None:
    """The caller hears silence instead."""
    call.note(f"media did not play: {event.explanation}")


def silence(call: Call) -> None:
    """Play nothing of ours any more: the callee is heard, has answered, or has failed."""
    plays, call.tone_plays, call.tone = call.tone_plays, False, ""
    if plays and call.relayed:
        call.ask(StopPlay(call.id, call.media_instance, Side.A))


def _can_answer(leg: Leg, stream: MediaDescription) -> bool:
    """Tell whether the caller's stream is ours to answer: plain, or SRTP with keys for us."""
    if not leg.policy.srtp:
        return stream.protocol == PLAIN_RTP
    try:
        leg.keys.read_offer(stream)
    except MediaMismatch:
        return False
    return True


def _playable(
    voices: Sequence[PayloadFormat], priority: Sequence[str], codecs: Sequence[str]
) -> list[PayloadFormat]:
    if not priority:
        return sorted(voices, key=lambda f: f.name not in codecs)
    wanted = (f for name in priority for f in voices if f.name == codec_name(name))
    return list(islice((f for f in wanted if f.name in codecs), 1))
