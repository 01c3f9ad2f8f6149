"""What each side is told of the other's offer or answer: codecs, spelling, events, addresses.

An offer is rewritten for who is to answer it, the answer for who offered. Both leave on the legs
what was offered and what is agreed, which is what the relay is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from ..sip.sdp import MediaDescription, SessionDescription
from .codecs import Agreement, MediaMismatch, agree, numbered, to_offer
from .dtmf import event_to_answer, event_to_offer, form_to, recognises, with_events
from .encryption import is_secure, write_plain
from .formats import COMFORT_NOISE, PayloadFormat, formats_of, write_formats
from .legs import Leg
from .media_policy import DtmfForm
from .services import LegDtmf, LegMedia, Plain
from .session import FAX, rewritten, stream_of
from .spelling import spelled_answer, spelled_offer

Formats = tuple[PayloadFormat, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for both legs of a call."""

    local_ip: str
    """Our address as seen by who gets the description."""
    random: Random
    """For keys."""
    convertible: Sequence[str] = ()
    """Codecs the relay may convert between, as both sides allow."""


def offer_to(leg: Leg, peer: Leg, description: SessionDescription, terms: Terms) -> bytes:
    """Return `peer`'s offer as `leg` is to see it; uses `description` up.

    Raises `MediaMismatch` when no answer to it could be carried.
    """
    stream = _voice_of(description)
    _note_codecs(peer, stream)
    peer.offered = ()
    if _is_fax(description) and not (leg.policy.t38 and peer.policy.t38):
        raise MediaMismatch("fax by T.38 is not allowed on both sides")  # MED-09
    if stream is not None and not _is_opaque(leg, peer, stream):
        peer.offered = formats_of(stream)
        _pass_offered_keys(leg, peer, stream, terms.random)
        if _has_voice(peer.offered):
            formats = _formats_to_offer(leg, peer, terms.convertible)
            if set(formats) != set(peer.offered) or leg.policy.codecs:
                write_formats(stream, formats)
    return rewritten(leg, description, terms.local_ip)


def answer_to(leg: Leg, peer: Leg, description: SessionDescription, terms: Terms) -> bytes:
    """Return `peer`'s answer as `leg`, which had offered, is to see it; uses `description` up.

    Raises `MediaMismatch` when the two have no codec for each other.
    """
    stream = _voice_of(description)
    _note_codecs(peer, stream)
    if stream is None:
        leg.formats = peer.formats = ()
    if stream is not None and leg.offered:
        _pass_answered_keys(leg, peer, stream, terms.random)
    if stream is not None and _has_voice(leg.offered):
        answered = formats_of(stream)
        agreed = agree(leg.offered, leg.policy.codecs, answered, terms.convertible)
        peer.formats = (*agreed.answerer, *_beside_voice(answered))
        peer.codec = peer.formats[0].encoding
        _write_agreed(leg, stream, answered, agreed)
    return rewritten(leg, description, terms.local_ip)


def answer_change(
    leg: Leg, peer: Leg, ours: SessionDescription, agreed: Agreement, terms: Terms
) -> bytes:
    """Return the answer to an offer of `leg` that `peer` hears nothing of: `ours`, changed."""
    stream = _voice_of(ours)
    assert stream is not None
    _write_agreed(leg, stream, peer.formats, agreed)
    if leg.policy.srtp:
        leg.keys.write_answer(stream, terms.random)
    return rewritten(leg, ours, terms.local_ip)


def treated(leg: Leg, place: LegMedia) -> LegMedia:
    """Return what the relay is told of a leg: where its media goes, and what is agreed of it."""
    dtmf = LegDtmf(recognises(leg.policy.dtmf, DtmfForm.INBAND), form_to(leg) is DtmfForm.INBAND)
    keys = leg.keys.agreed if leg.policy.srtp else leg.encryption
    return replace(place, formats=with_events(leg), dtmf=dtmf, protection=keys or Plain())


def _write_agreed(leg: Leg, stream: MediaDescription, answered: Formats, agreed: Agreement) -> None:
    leg.formats = _formats_to_answer(leg, answered, agreed)
    leg.codec = leg.formats[0].encoding
    write_formats(stream, leg.formats)


def _note_codecs(leg: Leg, stream: MediaDescription | None) -> None:
    if stream is not None:
        leg.listed = tuple(f.encoding for f in formats_of(stream) if f.is_voice)


def _is_opaque(leg: Leg, peer: Leg, stream: MediaDescription) -> bool:
    """Tell whether the ends have keys of their own: then nothing in the stream is ours to change.

    Raises `MediaMismatch` where the far side is to get our keys.
    """
    if not is_secure(stream) or peer.policy.srtp:
        return False
    if leg.policy.srtp:
        raise MediaMismatch("SRTP was offered by a side that is to speak plain RTP")
    return True


def _pass_offered_keys(leg: Leg, peer: Leg, stream: MediaDescription, random: Random) -> None:
    if peer.policy.srtp:
        peer.keys.read_offer(stream)
        write_plain(stream)
    if leg.policy.srtp:
        leg.keys.write_offer(stream, random)


def _pass_answered_keys(leg: Leg, peer: Leg, stream: MediaDescription, random: Random) -> None:
    if peer.policy.srtp:
        peer.keys.read_answer(stream)
        write_plain(stream)
    if leg.policy.srtp:
        leg.keys.write_answer(stream, random)


def _formats_to_offer(leg: Leg, peer: Leg, convertible: Sequence[str]) -> Formats:
    voices = to_offer(peer.offered, peer.policy.codecs, leg.policy.codecs, convertible)
    spelled = spelled_offer(voices, leg.policy.g729)
    beside = _beside_voice(peer.offered)
    if leg.relay is not None:
        event = event_to_offer(leg.policy.dtmf, far_has_events=any(f.is_event for f in beside))
        beside = (*_events(event), *(f for f in beside if not f.is_event))
    if convertible or leg.policy.codecs:
        beside = tuple(f for f in beside if f.is_event)
    first = list(numbered((*beside, *spelled)))  # events keep the number that they are given
    return (*first[len(beside) :], *first[: len(beside)])


def _formats_to_answer(leg: Leg, answered: Formats, agreed: Agreement) -> Formats:
    voices = tuple(spelled_answer(agreed.offerer, leg.offered, agreed.answerer, leg.policy.g729))
    beside = tuple(f for f in leg.offered if not f.is_voice and _has_kind(answered, f))
    if leg.relay is not None:
        far = any(f.is_event for f in answered)
        event = event_to_answer(leg.policy.dtmf, leg.offered, voices[0].clock_rate, far)
        beside = (*_events(event), *(f for f in beside if not f.is_event))
    if voices[0].kind != agreed.answerer[0].kind:
        beside = tuple(f for f in beside if f.name != COMFORT_NOISE)
    return (*voices, *beside)


def _is_fax(description: SessionDescription) -> bool:
    stream = stream_of(description)
    return stream is not None and stream.media == FAX


def _voice_of(description: SessionDescription) -> MediaDescription | None:
    stream = stream_of(description)
    return stream if stream is not None and stream.media == "audio" else None


def _has_voice(formats: Iterable[PayloadFormat]) -> bool:
    return any(f.is_voice for f in formats)


def _has_kind(formats: Iterable[PayloadFormat], wanted: PayloadFormat) -> bool:
    return any(f.kind == wanted.kind for f in formats)


def _beside_voice(formats: Formats) -> Formats:
    return tuple(f for f in formats if not f.is_voice)


def _events(event: PayloadFormat | None) -> Formats:
    return () if event is None else (event,)
