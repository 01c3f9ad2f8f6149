"""Who calls, and whether we can do anything with the request at all."""

from __future__ import annotations

from ..sip.errors import MalformedValue
from . import ending
from .acceptance import refusal_of
from .call import Call
from .effects import Ignore, Note, Reply
from .identity import identity_of
from .reasons import CallEndReason
from .services import (
    Allowed,
    Challenged,
    Dropped,
    Rejected,
    Route,
)
from .session import read
from .states import Trigger


def admitted(call: Call, event: Allowed) -> None:
    """The caller is known: ask where the call goes."""
    assert event.endpoint is not None, "auth lets no INVITE in that it knows by name alone"
    call.fire(Trigger.ADMITTED)
    call.endpoint = call.cdr.caller_endpoint = event.endpoint
    call.is_screened = event.screened
    refusal = refusal_of(call.invite.request)
    if refusal is not None:
        ending.refuse(call, CallEndReason.PROTOCOL_LIMIT, refusal.status, extra=refusal.headers)
        return
    try:
        call.offer = read(call.leg_a.received) if call.leg_a.received else None
    except MalformedValue as error:
        call.note(f"the offer is malformed: {error}")
        ending.refuse(call, CallEndReason.CODEC_MISMATCH)
        return
    call.reply(call.invite, 100)
    call.ask(
        Route(
            call.id,
            call.settings.instance,
            event.endpoint,
            call.cdr.caller_address,
            identity_of(call.invite.request),
            call.cdr.setup_time,
            call.passed_on,
            call.held_by(event.endpoint),
        )
    )


def challenged(call: Call, event: Challenged) -> None:
    """The caller must prove itself; the call begins with its next INVITE."""
    response = call.response(call.invite, event.status)
    name = "WWW-Authenticate" if event.status == 401 else "Proxy-Authenticate"
    response.headers.set(name, *event.challenges)
    call.emit(Reply(call.invite, response))
    ending.vanish(call)


def rejected(call: Call, event: Rejected) -> None:
    """The caller is refused."""
    call.note(f"rejected: {event.explanation}")
    ending.refuse(call, event.reason, event.status)


def dropped(call: Call, event: Dropped) -> None:
    """The caller hears nothing at all (AUT-01)."""
    call.emit(Ignore(call.invite))
    call.emit(Note(f"dropped: {event.explanation}", dropped=True))
    ending.vanish(call)
