"""What each side is told of the other's offer or answer: codecs, spelling, events, addresses.

An offer is rewritten for who is to answer it, the answer for who offered. Both leave on the legs
what was offered and what is agreed, which is what the relay is told.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from ..sip.sdp import MediaDescription, SessionDescription
from .codecs import Agreement, MediaMismatch
from .dtmf import form_to, recognises, with_events
from .encryption import is_secure, write_plain
from .format_choice import Hearer, formats_to_answer, formats_to_offer, settle
from .formats import NOTHING_LISTED, Formats, Listing, listing_of, write_formats
from .legs import Leg
from .media_policy import DtmfForm
from .services import LegDtmf, LegMedia, Plain
from .session import FAX, rewritten, stream_of


class Terms(NamedTuple):
    """What holds for both legs of a call."""

    local_ip: str
    """Our address as seen by who gets the description."""
    random: Random
    """For keys."""
    convertible: tuple[str, ...] = ()
    """Codecs the relay may convert between, as both sides allow."""


def offer_to(leg: Leg, peer: Leg, description: SessionDescription, terms: Terms) -> bytes:
    """Return `peer`'s offer as `leg` is to see it; uses `description` up.

    Raises `MediaMismatch` when no answer to it could be carried.
    """
    stream = stream_of(description)
    peer.offered = NOTHING_LISTED
    if stream is not None and stream.media == FAX:
        _require_fax(leg, peer)
    elif stream is not None:
        _offer_voice(leg, peer, stream, terms)
    return rewritten(leg, description, terms.local_ip)


def answer_to(leg: Leg, peer: Leg, description: SessionDescription, terms: Terms) -> bytes:
    """Return `peer`'s answer as `leg`, which had offered, is to see it; uses `description` up.

    Raises `MediaMismatch` when the two have no codec for each other.
    """
    stream = _voice_of(description)
    if stream is None:
        leg.formats = peer.formats = ()
    else:
        _answer_voice(leg, peer, stream, terms)
    return rewritten(leg, description, terms.local_ip)


def answer_change(
    leg: Leg, peer: Leg, ours: SessionDescription, agreed: Agreement, terms: Terms
) -> bytes:
    """Return the answer to an offer of `leg` that `peer` hears nothing of: `ours`, changed."""
    stream = _voice_of(ours)
    assert stream is not None
    _agree(leg, stream, formats_to_answer(leg.offered, peer.formats, agreed, Hearer.of(leg)))
    if leg.policy.srtp:
        leg.keys.write_answer(stream, terms.random)
    return rewritten(leg, ours, terms.local_ip)


def treated(leg: Leg, place: LegMedia) -> LegMedia:
    """Return what the relay is told of a leg: where its media goes, and what is agreed of it."""
    form = form_to(leg)
    dtmf = LegDtmf(recognises(leg.policy.dtmf, DtmfForm.INBAND), form is DtmfForm.INBAND)
    keys = leg.keys.agreed if leg.policy.srtp else leg.encryption
    return place._replace(formats=with_events(leg, form), dtmf=dtmf, protection=keys or Plain())


def _offer_voice(leg: Leg, peer: Leg, stream: MediaDescription, terms: Terms) -> None:
    offered = _listed_by(peer, stream)
    if _is_opaque(leg, peer, stream):
        return
    peer.offered = offered
    _pass_offered_keys(leg, peer, stream, terms.random)
    if offered.voices:
        told = formats_to_offer(offered, peer.policy.codecs, Hearer.of(leg), terms.convertible)
        if told is not None:
            write_formats(stream, told)


def _answer_voice(leg: Leg, peer: Leg, stream: MediaDescription, terms: Terms) -> None:
    answered = _listed_by(peer, stream)
    if leg.offered.formats:
        _pass_answered_keys(leg, peer, stream, terms.random)
    if leg.offered.voices:
        settled = settle(leg.offered, answered, Hearer.of(leg), terms.convertible)
        peer.formats = settled.answerer
        peer.codec = peer.formats[0].encoding
        _agree(leg, stream, settled.offerer)


def _agree(leg: Leg, stream: MediaDescription, formats: Formats) -> None:
    leg.formats = formats
    leg.codec = formats[0].encoding
    write_formats(stream, formats)


def _listed_by(leg: Leg, stream: MediaDescription) -> Listing:
    listing = listing_of(stream)
    leg.listed = listing.codecs
    return listing


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


def _require_fax(leg: Leg, peer: Leg) -> None:
    if not (leg.policy.t38 and peer.policy.t38):
        raise MediaMismatch("fax by T.38 is not allowed on both sides")  # MED-09


def _voice_of(description: SessionDescription) -> MediaDescription | None:
    stream = stream_of(description)
    return stream if stream is not None and stream.media == "audio" else None
