"""One name for a call on all its ways: Session-ID (RFC 7989).

Each end has a UUID. What goes to one end carries the other's first and its own as `remote`, so a
call is found again in everybody's traces though its Call-IDs differ. For an end that has none we
make one up (section 7).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from ..sip.headers import Headers
from .call import Call
from .effects import Answer, Effect, Reply, ReplyReliably, Send, SendAck, SendBye
from .events import AckReceived, Event, RequestReceived, ResponseReceived

SESSION_ID: Final = "Session-ID"
NIL: Final = "0" * 32
"""An end that nobody has heard of yet (section 5)."""

_UUID: Final = re.compile(r"[0-9a-fA-F]{32}(?![0-9a-fA-F])")


_HEARD: Final[Mapping[type[Event], Callable[[Any], Headers]]] = {
    ResponseReceived: attrgetter("response.headers"),
    RequestReceived: attrgetter("transaction.request.headers"),
    AckReceived: attrgetter("request.headers"),
}
_SAID: Final[Mapping[type[Effect], Callable[[Any], Headers]]] = {
    Reply: attrgetter("response.headers"),
    Answer: attrgetter("response.headers"),
    ReplyReliably: attrgetter("response.headers"),
    Send: attrgetter("outgoing.request.headers"),
    SendBye: attrgetter("bye.request.headers"),
    SendAck: attrgetter("ack.headers"),
}
"""Where the messages of events and effects have what names the ends."""


def note(call: Call, event: Event) -> None:
    """Take down how an end names itself."""
    headers_of = _HEARD.get(type(event))
    if headers_of is not None:
        learn(call, headers_of(event))


def stamp(call: Call, effects: Iterable[Effect]) -> None:
    """Name both ends in what is to be sent."""
    for effect in effects:
        headers_of = _SAID.get(type(effect))
        if headers_of is not None:
            _write(call, headers_of(effect))


def learn(call: Call, headers: Headers) -> None:
    """Take down the UUID of whoever has sent this."""
    value = headers.get(SESSION_ID)
    said = _UUID.match(value) if value else None
    if said is not None and said[0] != NIL:
        call.session_ids[headers.call_id] = said[0].lower()


def _write(call: Call, headers: Headers) -> None:
    call_id, caller = headers.call_id, _call_id_a(call)
    if call_id == caller:
        other = call.session_ids.get(_call_id_b(call)) or _made_up(call, "")
        remote = _made_up(call, caller)
    else:
        other = _made_up(call, caller)
        remote = call.session_ids.get(call_id, NIL)
    headers.set(SESSION_ID, f"{other};remote={remote}")


def _made_up(call: Call, call_id: str) -> str:
    """Return the UUID of an end, or one that stands for it as long as it has said none."""
    known = call.session_ids.get(call_id)
    if known is None:
        known = UUID(int=call.random.getrandbits(128), version=4).hex
        call.session_ids[call_id] = known
    return known


def _call_id_a(call: Call) -> str:
    dialog = call.leg_a.dialog
    return call.cdr.sip_call_id if dialog is None else dialog.call_id


def _call_id_b(call: Call) -> str:
    if call.leg_b is not None and call.leg_b.dialog is not None:
        return call.leg_b.dialog.call_id
    outgoing = call.attempt.outgoing if call.attempt is not None else None
    return "" if outgoing is None else outgoing.request.headers.call_id
