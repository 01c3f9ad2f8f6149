"""The clocks of session timers (SIG-04 to SIG-06): refreshes of ours, and the end of who is silent.

Each leg that agreed on a timer has two: one fires when a refresh is due, one when none came in
time. A peer's request that refreshes, and its answer to one of ours, start both anew.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ..sip.errors import MalformedValue
from ..sip.headers import Headers
from ..sip.message import Request, Response
from ..sip.methods import INVITE, UPDATE
from . import answer, correction, ending, glare, session_timer
from .acceptance import ALLOW
from .call import SDP, Call
from .effects import Cancel, Outgoing, Timer
from .events import RequestFailed, ResponseReceived, TimerFired
from .legs import Leg, Side
from .reasons import CallEndReason
from .session import leg_media, read
from .session_timer import TimerTerms

LAST_MOMENT: Final = 1.0
"""Seconds before the expiry of a session in which no refresh is sent any more."""

_REFRESH: Final = {Side.A: Timer.REFRESH_A, Side.B: Timer.REFRESH_B}
_EXPIRY: Final = {Side.A: Timer.EXPIRY_A, Side.B: Timer.EXPIRY_B}
_SIDE: Final = {timer: side for side, timer in (*_REFRESH.items(), *_EXPIRY.items())}


def start(call: Call) -> None:
    """The call is answered: the legs' clocks run, and the cap of a caller that keeps none."""
    for leg in (call.leg_a, call.leg(Side.B)):
        if leg.timer is not None:
            _warn_of_margin(call, leg.timer)
            renewed(call, leg, leg.timer)
    limit = call.settings.timers.no_timer_limit
    if call.leg_a.timer is None and limit:
        call.set_timer(Timer.NO_TIMER, timedelta(seconds=limit))


def renewed(call: Call, leg: Leg, terms: TimerTerms | None) -> None:
    """The peer is there: its leg's clocks start anew, by new terms if there are any."""
    leg.timer = leg.timer and (terms or leg.timer)
    if leg.timer is not None:
        parameters = call.settings.timers
        life = leg.timer.release_wait(parameters)
        leg.expires = call.now + life.total_seconds()
        call.set_timer(_REFRESH[leg.side], leg.timer.refresh_wait(parameters))
        call.set_timer(_EXPIRY[leg.side], life)


def due(call: Call, event: TimerFired) -> None:
    """A leg wants a refresh; one that meets another request of ours waits as after a 491."""
    leg = call.leg(_SIDE[event.timer])
    if leg.expires - call.now < LAST_MOMENT:
        return
    if leg.side in call.refreshes:
        _wait_for_next(call, leg)
    elif _must_wait(call, leg):
        _retry_soon(call, leg)
    else:
        _send(call, leg)


def stop(call: Call, side: Side) -> None:
    """A side's dialog is over, and its session with it."""
    pending = call.refreshes.pop(side, None)
    if pending is not None and pending.request.method == INVITE:
        call.emit(Cancel(pending))  # else it would wait for ever once it is ringing
    call.clear_timer(_REFRESH[side])
    call.clear_timer(_EXPIRY[side])


def expired(call: Call, event: TimerFired) -> None:
    """A leg was not refreshed in time: whoever is there, is gone (SIG-05)."""
    call.note(f"the session of leg {_SIDE[event.timer].value} was not refreshed in time")
    ending.release(call, CallEndReason.SESSION_TIMEOUT)


def too_long_without(call: Call, event: TimerFired) -> None:
    """A caller without session timer has talked for as long as we trust it (SIG-06)."""
    call.note("the caller keeps no session timer, and its longest talk is reached")
    ending.release(call, CallEndReason.SESSION_TIMEOUT)


def answered(call: Call, event: ResponseReceived) -> bool:
    """Take a final response to a refresh of ours; False when it answers something else."""
    outgoing, status = event.outgoing, event.response.status
    if call.refreshes.get(outgoing.side) is not outgoing:
        return False
    if correction.corrected(call, event):
        return True
    del call.refreshes[outgoing.side]
    leg = call.leg(outgoing.side)
    leg.note_allow(event.response.headers)
    if status < 300:
        _succeeded(call, leg, event)
    else:
        _refused(call, leg, outgoing, status)
    return True


def unanswered(call: Call, event: RequestFailed) -> bool:
    """Nobody answered a refresh: the next one may be, until the session expires (SIG-04 rule 6)."""
    outgoing = event.outgoing
    if call.refreshes.get(outgoing.side) is not outgoing:
        return False
    del call.refreshes[outgoing.side]
    call.note(f"no answer to the session refresh of leg {outgoing.side.value}")
    return True


def ask(call: Call, leg: Leg, request: Request) -> None:
    """Let a request of ours inside a dialog refresh its session, where there is a timer."""
    if leg.timer is not None:
        request.headers.set("Supported", session_timer.OPTION)
        session_timer.renew(request.headers, leg.timer, call.settings.timers)


def agree(call: Call, leg: Leg, asked: Headers, response: Response) -> None:
    """Say in the 2xx to a peer's INVITE or UPDATE what its session timer is now."""
    if leg.timer is None:
        return
    terms = session_timer.accepted(asked, call.settings.timers)
    if terms is not None:
        session_timer.grant(response.headers, terms)
    renewed(call, leg, terms)


def granted(event: ResponseReceived) -> TimerTerms | None:
    """Return what the 2xx to a request of ours says of the timer that it asked for."""
    least = session_timer.min_se_of(event.outgoing.request.headers)
    return session_timer.granted(event.response.headers, least)


def _must_wait(call: Call, leg: Leg) -> bool:
    """Tell whether a refresh would meet another request of ours; an UPDATE meets only its like."""
    if not leg.takes_update:
        return glare.session_moves(call) or (leg.dialog is not None and leg.dialog.unacknowledged)
    if call.negotiation is None:
        return False
    passed = call.negotiation.outgoing
    return passed.side is leg.side and passed.request.method == UPDATE


def _send(call: Call, leg: Leg) -> None:
    assert leg.dialog is not None
    if leg.takes_update:
        request = leg.dialog.request(UPDATE)
    else:
        request = leg.dialog.request(INVITE, leg.sent, SDP)
        request.headers.set("Allow", ALLOW)
    ask(call, leg, request)
    call.refreshes[leg.side] = call.send(leg, request)
    _wait_for_next(call, leg)


def _succeeded(call: Call, leg: Leg, event: ResponseReceived) -> None:
    if event.outgoing.request.method == INVITE:
        answer.send_ack(call, leg, event.outgoing)
        _take_description(call, leg, event.response.body)
    renewed(call, leg, granted(event))


def _refused(call: Call, leg: Leg, outgoing: Outgoing, status: int) -> None:
    if status == 491:
        _retry_soon(call, leg)
    elif status == 481:
        call.note(f"the dialog of leg {leg.side.value} is gone")
        ending.release(call, CallEndReason.SESSION_TIMEOUT)
    elif status in (405, 501) and outgoing.request.method == UPDATE and not leg.refused_update:
        leg.refused_update = True
        _send(call, leg)
    else:
        call.note(f"leg {leg.side.value} refused a session refresh with {status}")


def _retry_soon(call: Call, leg: Leg) -> None:
    """Let the two sides that met wait for different times; leg B's Call-ID is ours."""
    wait = session_timer.glare_wait(call.random, owns_call_id=leg.side is Side.B)
    call.set_timer(_REFRESH[leg.side], wait)


def _wait_for_next(call: Call, leg: Leg) -> None:
    assert leg.timer is not None
    call.set_timer(_REFRESH[leg.side], leg.timer.refresh_wait(call.settings.timers))


def _take_description(call: Call, leg: Leg, body: bytes) -> None:
    """The answer to a refresh may say that the peer's media has moved; the relay hears of it."""
    if not body or body == leg.received:
        return
    try:
        place = leg_media(leg, read(body), relearn=True)
    except MalformedValue as error:
        call.note(f"the answer of leg {leg.side.value} to a refresh is malformed: {error}")
    else:
        leg.received = body
        call.connect_media((leg, place))


def _warn_of_margin(call: Call, terms: TimerTerms) -> None:
    if terms.ignores_margin(call.settings.timers):
        call.note(
            "SS_SIP_SESSION_TIMEOUT_EARLY_HANGUP is ignored: it would end the call before the next"
            f" refresh of its {terms.interval} s session"
        )
