"""A codec that changes on one leg of an answered call (MED-03 rule 8): the relay starts or stops
converting, and the other leg hears nothing of it.
"""

from __future__ import annotations

from ..sip.sdp import SessionDescription
from .agreement import answer_change
from .call import Call
from .codecs import MediaMismatch, agree
from .formats import listing_of
from .legs import Leg
from .session import UNSPECIFIED, leg_media, read


def answer_alone(call: Call, leg: Leg, description: SessionDescription) -> bool:
    """Answer an offer here if a change of codec is all it is; `leg.sent` is then the answer."""
    peer = call.leg(leg.side.other)
    stream = description.audio
    if stream is None or not leg.formats or not peer.formats or _is_hold(leg, description):
        return False
    offered = listing_of(stream)
    try:
        agreed = agree(offered.formats, leg.policy.codecs, peer.formats, call.convertible)
        if leg.policy.srtp:
            leg.keys.read_offer(stream)
    except MediaMismatch:
        return False
    if not call.convertible or agreed.offerer[0].kind == leg.formats[0].kind:
        return False
    leg.offered = offered
    place = leg_media(leg, description, relearn=True)
    answer_change(leg, peer, read(leg.sent), agreed, call.terms(leg))
    call.note_codecs()
    call.connect_media((leg, place))
    return True


def _is_hold(leg: Leg, description: SessionDescription) -> bool:
    """Tell whether an offer changes which way media flows."""
    before = read(leg.received)
    if description.audio is None or before.audio is None:
        return True
    if description.address_of(description.audio) in UNSPECIFIED:
        return True
    directions = (one.direction_of(one.audio) for one in (before, description) if one.audio)
    return len(set(directions)) > 1
