"""Keys on their way through a relayed call: each ends here and is sent on in the form that the
other leg takes (MED-06). Without a relay, INFO goes through as it is and the rest we never see.
"""

from __future__ import annotations

from ..sip.errors import MalformedValue
from ..sip.methods import INFO
from ..sip.transactions import ServerTransaction
from .call import Call
from .dtmf import (
    DTMF,
    DTMF_RELAY,
    UnknownBody,
    accepts,
    form_to,
    info_body,
    read_info,
)
from .effects import Reply
from .events import Digit
from .legs import Leg
from .media_policy import DtmfForm
from .services import SendDigits


def ends_here(call: Call) -> bool:
    """Tell whether keys are terminated: voice is relayed on both legs."""
    legs = call.leg_a, call.leg_b
    return call.relayed and all(leg is not None and leg.relay and leg.formats for leg in legs)


def heard(call: Call, event: Digit) -> None:
    """The relay recognised a key. It may tell of one twice when its news had to come again."""
    if not ends_here(call):
        return
    leg = call.leg(event.side)
    if event.time > leg.last_key_time:
        leg.last_key_time = event.time
        _pressed(call, leg, event)


def info_received(call: Call, leg: Leg, transaction: ServerTransaction) -> None:
    """A key came by INFO, or something that is none."""
    request = transaction.request
    try:
        pressed = read_info(request)
    except UnknownBody:
        refusal = request.reply(415)
        refusal.headers.set("Accept", f"{DTMF_RELAY}, {DTMF}")
        call.emit(Reply(transaction, refusal))
    except MalformedValue as error:
        call.note(f"refused an INFO of leg {leg.side.value}: {error}")
        call.emit(Reply(transaction, request.reply(400)))
    else:
        call.emit(Reply(transaction, request.reply(200)))
        if pressed is not None:
            _pressed(call, leg, Digit(leg.side, *pressed, DtmfForm.INFO, call.now))


def _pressed(call: Call, leg: Leg, digit: Digit) -> None:
    if not accepts(leg, digit.form):
        return
    other = call.leg(leg.side.other)
    match form_to(other):
        case DtmfForm.INFO:
            _send_info(call, other, digit)
        case DtmfForm.INBAND if digit.form is DtmfForm.INBAND:
            pass  # the tone is in the voice already
        case DtmfForm.INBAND | DtmfForm.RFC4733:
            side, key, duration = other.side, digit.key, digit.duration
            call.ask(SendDigits(call.id, call.media_instance, side, key, duration))
        case DtmfForm.NONE:
            pass


def _send_info(call: Call, leg: Leg, digit: Digit) -> None:
    dialog = leg.dialog or leg.early
    if dialog is None:
        return  # it has left; who follows it has not answered yet
    info = dialog.request(INFO, info_body(digit.key, digit.duration), DTMF_RELAY)
    call.send(leg, info)
