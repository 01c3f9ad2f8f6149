"""What the callee says before it answers: each 18x, and the PRACK for a reliable one (RFC 3262)."""

from __future__ import annotations

from datetime import timedelta

from ..sip.errors import MalformedValue
from ..sip.message import Response
from . import addresses, answer, attempts, provisional
from .acceptance import RELIABLE
from .call import Call
from .codecs import MediaMismatch
from .effects import Outgoing, Send
from .events import ResponseReceived
from .legs import Side
from .live_attempt import LiveAttempt
from .progress import advance
from .session import leg_media, read


def progressed(call: Call, attempt: LiveAttempt, event: ResponseReceived) -> None:
    """A provisional response to the INVITE of the attempt."""
    response = event.response
    if _is_reliable(attempt, response) and not _acknowledge(call, event):
        return
    has_sdp = bool(response.body)
    if response.status > 100:
        _note_progress(call, attempt, response.status, has_sdp)
        provisional.show(call, response.status, _early_media(call, attempt, response))
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


def _acknowledge(call: Call, event: ResponseReceived) -> bool:
    """Send the PRACK for a reliable response; False when that response is not to be looked at."""
    if event.dialog is None:
        return False
    try:
        prack = event.dialog.prack(event.response)
    except MalformedValue as error:
        call.note(f"dropped a reliable {event.response.status}: {error}")
        return False
    if prack is not None:
        dialog, leg = event.dialog, answer.early_leg(call)
        flow = addresses.request_flow(dialog, dialog.flow, leg.policy.request_address)
        outgoing = Outgoing(Side.B, prack, flow, dialog=dialog, credentials=leg.credentials)
        call.emit(Send(outgoing))
    return prack is not None


def _note_progress(call: Call, attempt: LiveAttempt, status: int, has_sdp: bool) -> None:
    record = attempt.record
    record.progressed = True
    if record.post_dial_delay is None:
        record.post_dial_delay = timedelta(seconds=call.now - record.start_time)
    attempt.ringing = attempt.ringing or status in (180, 181, 182)
    attempt.sdp = attempt.sdp or has_sdp


def _early_media(call: Call, attempt: LiveAttempt, response: Response) -> bytes:
    """Return the caller's form of the description in a 18x; one that is malformed is dropped.

    Where several are called at once nobody is heard before the answer.
    """
    if not response.body or attempt.rivals:
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
    call.connect_media((leg, place))
    return body
