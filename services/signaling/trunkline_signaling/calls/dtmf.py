"""DTMF of the legs: what is written of telephone-event (MED-07), which form of a key counts and
in which it is sent on (MED-06).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple

from ..sip.errors import MalformedValue
from ..sip.message import Request
from .formats import PayloadFormat
from .legs import Leg
from .media_policy import DtmfForm, DtmfPolicy, DtmfReceive, DtmfSend

EVENTS: Final = "0-16"
"""Keys 0-9 * # A-D and flash (RFC 4733 section 3.2)."""
EVENT_RATE: Final = 8000

DTMF_RELAY: Final = "application/dtmf-relay"
DTMF: Final = "application/dtmf"
FLASH: Final = "!"
_KEYS: Final = "0123456789*#ABCD!"
"""By their number as an event: flash is 16."""

USUAL: Final = timedelta(milliseconds=160)
SHORTEST: Final = timedelta(milliseconds=40)
LONGEST: Final = timedelta(milliseconds=8000)


class Pressed(NamedTuple):
    """A key, and for how long it was held."""

    key: str
    duration: timedelta


class UnknownBody(Exception):
    """An INFO whose body is of a type that holds no key."""


def event_to_offer(policy: DtmfPolicy, *, far_has_events: bool) -> PayloadFormat | None:
    """Return the telephone-event that a side is offered, if it is."""
    if policy.use_peer_ability and not far_has_events:
        return None
    return PayloadFormat(policy.payload_type, "telephone-event", EVENT_RATE, EVENTS)


def event_to_answer(
    policy: DtmfPolicy, offered: Sequence[PayloadFormat], clock_rate: int, far_has_events: bool
) -> PayloadFormat | None:
    """Return the telephone-event in an answer to a side: the one it offered, by its number."""
    events = [f for f in offered if f.is_event]
    if not events or (policy.use_peer_ability and not far_has_events):
        return None
    fitting = (f for f in events if f.clock_rate == clock_rate)  # RFC 4733 section 2.1
    return replace(next(fitting, events[0]), parameters=EVENTS)


def recognises(policy: DtmfPolicy, form: DtmfForm) -> bool:
    """Tell whether keys in this form count at all."""
    match policy.receive:
        case DtmfReceive.ALL:
            return form is not DtmfForm.INBAND or policy.detect_inband
        case DtmfReceive.RFC4733:
            return form is DtmfForm.RFC4733
        case DtmfReceive.INFO:
            return form is DtmfForm.INFO
        case DtmfReceive.OFF:
            return False


def accepts(leg: Leg, form: DtmfForm) -> bool:
    """Tell whether a key counts: the first form that one comes in locks the others out."""
    if not recognises(leg.policy.dtmf, form):
        return False
    leg.key_form = leg.key_form or form
    return leg.key_form is form


def form_to(leg: Leg) -> DtmfForm:
    """Return the form in which keys go to a leg (MED-06 rule 3)."""
    policy = leg.policy.dtmf
    match policy.send:
        case DtmfSend.OFF:
            return DtmfForm.NONE
        case DtmfSend.INFO:
            return DtmfForm.INFO
        case DtmfSend.RFC4733:
            return DtmfForm.RFC4733
        case DtmfSend.AUTO:
            if any(f.is_event for f in leg.formats):
                return DtmfForm.RFC4733
            inband = policy.send_inband and "info" not in leg.allow
            return DtmfForm.INBAND if inband else DtmfForm.INFO


def with_events(leg: Leg, form: DtmfForm) -> tuple[PayloadFormat, ...]:
    """Return what is agreed with a leg, with the events that are sent to it whatever it said."""
    if form is not DtmfForm.RFC4733 or any(f.is_event for f in leg.formats):
        return leg.formats
    number = leg.policy.dtmf.payload_type
    return (*leg.formats, PayloadFormat(number, "telephone-event", EVENT_RATE, EVENTS))


def read_info(request: Request) -> Pressed | None:
    """Return the key in an INFO; None when it has no body.

    Raises `UnknownBody`, or `MalformedValue` for a key or duration that is none.
    """
    content_type = request.headers.content_type
    if not request.body:
        return None
    text = request.body.decode("ascii", "replace")
    match content_type.essence if content_type is not None else "":
        case "application/dtmf-relay":
            fields = dict(_field(line) for line in text.splitlines() if line.strip())
            return Pressed(_key(fields.get("signal", "")), _duration(fields.get("duration", "")))
        case "application/dtmf":
            return Pressed(_key(text.strip()), USUAL)
        case _:
            raise UnknownBody


def info_body(key: str, duration: timedelta) -> bytes:
    """Return the body of an INFO that holds a key, of type `DTMF_RELAY`."""
    signal = "16" if key == FLASH else key
    return f"Signal={signal}\r\nDuration={duration // timedelta(milliseconds=1)}\r\n".encode()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip().lower(), value.strip()


def _key(text: str) -> str:
    key = text.upper()
    if len(key) == 1 and key in _KEYS:
        return key
    if key.isdecimal() and 10 <= int(key) < len(_KEYS):
        return _KEYS[int(key)]
    raise MalformedValue("a key 0-9 * # A-D or event 10 to 16", text, "Signal")


def _duration(text: str) -> timedelta:
    if not text:
        return USUAL
    if not text.isdecimal() or len(text) > 9:
        raise MalformedValue("milliseconds", text, "Duration")
    return min(max(timedelta(milliseconds=int(text)), SHORTEST), LONGEST)
