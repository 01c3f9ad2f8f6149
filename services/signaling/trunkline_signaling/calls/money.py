"""The clocks of a call: the reservation that is kept ahead of it, and the longest talk time.

The money ends a call to the second; billing being away does not, as long as the reservation lasts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from . import ending
from .call import Call
from .effects import Timer
from .events import TimerFired
from .reasons import CallEndReason, EndDirection
from .services import Extend, Extended, ServiceFailed

RETRY: Final = timedelta(seconds=2)
"""Wait before billing is asked again that gave no answer."""
SHORTEST: Final = timedelta(seconds=1)
"""Least wait between two questions, however small the slices are."""


def keep_reservation(call: Call, reserved: timedelta | None, lease: timedelta | None) -> None:
    """Ask for more when half of what is left, or half of the lease, is used up."""
    waits = []
    if reserved is not None:
        waits.append(max(reserved - call.elapsed, timedelta(0)) / 2)
    if lease is not None:
        waits.append(lease / 2)
    if waits:
        call.set_timer(Timer.EXTEND, max(min(waits), SHORTEST))


def start(call: Call) -> None:
    """The callee has answered: from now on time is money."""
    if call.reserved is not None:
        call.set_timer(Timer.MONEY, call.reserved)
    longest = longest_talk(call)
    if longest is not None:
        call.set_timer(Timer.DURATION, longest)


def longest_talk(call: Call) -> timedelta | None:
    """Return the least of both sides' limits; the parameter stands in for a side without one."""
    assert call.plan is not None and call.attempt is not None
    default = call.settings.max_duration
    sides = call.plan.max_duration, call.attempt.candidate.max_duration
    limits = [own if own is not None else default for own in sides]
    return min((limit for limit in limits if limit is not None), default=None)


def extend(call: Call, event: TimerFired) -> None:
    """It is time to ask for more."""
    call.ask(Extend(call.id, call.elapsed))


def extended(call: Call, event: Extended) -> None:
    """billing has reserved more, or says where the money ends."""
    call.reserved = event.reserved
    if event.end is not None:
        call.reserved = event.end
        call.money_ends = True
        call.clear_timer(Timer.EXTEND)
        if event.lease is not None:
            keep_reservation(call, None, event.lease)
    else:
        call.money_ends = False
        keep_reservation(call, event.reserved, event.lease)
    _watch(call)


def extend_failed(call: Call, event: ServiceFailed) -> None:
    """billing is away: go on within the reservation, and ask again. Other questions can be lost."""
    call.note(f"{event.service} gave no answer: {event.explanation}")
    if isinstance(event.question, Extend) and not event.unknown:
        call.set_timer(Timer.EXTEND, RETRY)


def used_up(call: Call, event: TimerFired) -> None:
    """What was reserved is talked away."""
    if call.money_ends:
        ending.release(call, CallEndReason.BALANCE_INSUFFICIENT, EndDirection.SERVER)
    else:
        call.note("the reservation is used up and billing has given no more")
        ending.release(call, CallEndReason.SERVER_FORCED_RELEASE, EndDirection.SERVER)


def too_long(call: Call, event: TimerFired) -> None:
    """The longest talk time is reached (SIG-25)."""
    ending.release(call, CallEndReason.SERVER_FORCED_RELEASE, EndDirection.SERVER)


def _watch(call: Call) -> None:
    if not call.answered:
        return
    if call.reserved is None:
        call.clear_timer(Timer.MONEY)
    else:
        call.set_timer(Timer.MONEY, max(call.reserved - call.elapsed, timedelta(0)))
