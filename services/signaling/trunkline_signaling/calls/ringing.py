"""What the callee says before it answers: each 18x, and the PRACK for a reliable one (RFC 3262)."""

from __future__ import annotations

from datetime import timedelta

from ..sip.errors import MalformedValue
from ..sip.message import Response
from . import addresses, answer, attempts, early_offers, provisional
from .acceptance import RELIABLE
from .call import Call
from .codecs import MediaMismatch
from .effects import Outgoing
from .events import ResponseReceived
from .legs import Side
from .live_attempt import LiveAttempt
from .progress import advance
from .session import leg_media, read


def progressed(call: Call, attempt: LiveAttempt, event: ResponseReceived) -> None:
    """A provisional response to the INVITE of the attempt."""
    response = event.response
    reliable = _is_reliable(attempt, response)
    prack = _prack(call, event) if reliable else None
    if reliable and prack is None:
        return
    has_sdp = bool(response.body)
    if response.status > 100:
        _note_progress(call, attempt, response.status, has_sdp)
        body = _early_media(call, attempt, event)
        if prack is not None:
            early_offers.acknowledge(call, attempt, prack, response, shown=bool(body))
        provisional.show(call, response.status, body)
    before, attempt.progress = attempt.progress, advance(attempt.progress, response.status, has_sdp)
    if attempt.progress is not before:
        attempts.watch(call, attempt)


def _is_reliable(attempt: LiveAttempt, response: Response) -> bool:
    """Tell whether a provisional response wants a PRACK, which we had offered."""
    return (
        response.status > 100
        and attempt.candidate.leg_b.reliable_provisionals
        and RELIABLE in response.headers.tokens("Require")
    )


def _prack(call: Call, event: ResponseReceived) -> Outgoing | None:
    """Return the PRACK for a reliable response; None when that response is not to be looked at."""
    dialog = event.dialog
    if dialog is None:
        return None
    try:
        prack = dialog.prack(event.response)
    except MalformedValue as error:
        call.note(f"dropped a reliable {event.response.status}: {error}")
        return None
    if prack is None:
        return None
    leg = answer.early_leg(call)
    flow = addresses.request_flow(dialog, dialog.flow, leg.policy.request_address)
    return Outgoing(Side.B, prack, flow, dialog=dialog, credentials=leg.credentials)


def _note_progress(call: Call, attempt: LiveAttempt, status: int, has_sdp: bool) -> None:
    record = attempt.record
    record.progressed = True
    if record.post_dial_delay is None:
        record.post_dial_delay = timedelta(seconds=call.now - record.start_time)
    attempt.ringing = attempt.ringing or status in (180, 181, 182)
    attempt.sdp = attempt.sdp or has_sdp


def _early_media(call: Call, attempt: LiveAttempt, event: ResponseReceived) -> bytes:
    """Return the caller's form of the description in a 18x; one that is malformed is dropped.

    Where several are called at once nobody is heard before the answer; where the caller has been
    offered a session, no other (RFC 3262 section 5).
    """
    response = event.response
    if not response.body or attempt.rivals or attempt.prack is not None or attempt.agreed:
        return b""
    try:
        description = read(response.body)
        leg = answer.early_leg(call)
        leg.received = attempt.descriptions[response.to_tag] = response.body
        place = leg_media(leg, description)
        body = answer.tell_caller(call, leg, description)
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"dropped the description in a {response.status}: {error}")
        return b""
    leg.early = event.dialog
    leg.note_allow(response.headers)
    call.connect_media((leg, place))
    return body
