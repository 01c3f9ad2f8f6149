"""A call to a phone, which may pass it on: to whom, when, and how often (SIG-22).

The call that is passed on is a new one of that phone, billed to its account: signaling makes it,
and asks for its route as for any other.
"""

from __future__ import annotations

import random
from enum import StrEnum
from typing import Final

from ..candidates.offer import Forward, Offer, offer_forward, offer_phone
from ..documents.forwarding import ForwardTarget, Method
from ..model.callers import Phone
from ..view import View
from . import refusals
from .course import Course
from .decision import Attempt
from .refusals import Refusal

MOST_FORWARDS: Final = 5

_BUSY: Final = frozenset({486, 600})
_Q850_BUSY: Final = 17
_NOT_THERE: Final = frozenset({0, 408, 480})
"""Final statuses of a phone that takes no part in the call; 0 is none in time."""


class Cause(StrEnum):
    """Why a phone passes a call on, in the words of RFC 5806 section 4."""

    UNCONDITIONAL = "unconditional"
    PERIOD = "time-of-day"
    OFFLINE = "unavailable"
    BUSY = "user-busy"
    NO_ANSWER = "no-answer"


def reach(phone: Phone, course: Course, view: View) -> Offer | Refusal:
    """Let the phone ring, pass the call on before it does, or refuse it, in the order of SIG-22."""
    offer = offer_phone(phone, course.facts, view, course.rng)
    if isinstance(offer, Refusal):
        return offer
    if phone.endpoint.name in _forwarders(course):
        return refusals.forward_limit(f"{phone.endpoint} has forwarded the call before")
    if phone.forwarding.unconditional is not None:
        return pass_on(phone, Cause.UNCONDITIONAL, course, view)
    if _target(phone, Cause.PERIOD, course, view) is not None:
        return pass_on(phone, Cause.PERIOD, course, view)
    return offer


def after(phone: Phone, failed: Attempt) -> Cause | None:
    """Return why a call is passed on that the phone did not answer."""
    forwarding = phone.forwarding
    if failed.sip_status in _BUSY or failed.q850_cause == _Q850_BUSY:
        return Cause.BUSY if forwarding.busy else None
    if failed.sip_status not in _NOT_THERE:
        return None
    if failed.progressed:
        return Cause.NO_ANSWER if forwarding.no_answer else None
    return Cause.OFFLINE if forwarding.offline else None


def pass_on(phone: Phone, cause: Cause, course: Course, view: View) -> Offer | Refusal:
    """Begin to pass a call on."""
    if len(_forwarders(course)) >= MOST_FORWARDS:
        return refusals.forward_limit(f"the call was forwarded {MOST_FORWARDS} times")
    target = _target(phone, cause, course, view)
    assert target is not None
    course.cause = cause
    course.forwards = _ways(target, cause, course.rng)[::-1]
    return following(phone, course)


def following(phone: Phone, course: Course) -> Offer | Refusal:
    """Return the next number that a call is passed on to."""
    if not course.forwards:
        return refusals.no_route("every number it was forwarded to was called")
    forward = course.forwards.pop()
    course.tried.append(",".join(forward.numbers))
    return offer_forward(phone, forward, course.facts)


def resume(phone: Phone, cause: str, course: Course, view: View) -> None:
    """Go on with a call that another replica began to pass on; `course.tried` were called."""
    target = _target(phone, Cause(cause), course, view)
    if target is None:
        return  # the document has changed meanwhile
    course.cause = cause
    ways = _ways(target, Cause(cause), course.rng)[::-1]
    course.forwards = [way for way in ways if ",".join(way.numbers) not in course.tried]


def _forwarders(course: Course) -> tuple[str, ...]:
    passed_on = course.facts.call.passed_on
    return passed_on.forwarders if passed_on is not None else ()


def _target(phone: Phone, cause: Cause, course: Course, view: View) -> ForwardTarget | None:
    forwarding = phone.forwarding
    match cause:
        case Cause.UNCONDITIONAL:
            return forwarding.unconditional
        case Cause.PERIOD:
            return phone.periods.first(course.facts.local, view.snapshot.is_working)
        case Cause.OFFLINE:
            return forwarding.offline
        case Cause.BUSY:
            return forwarding.busy
        case Cause.NO_ANSWER:
            return forwarding.no_answer


def _ways(target: ForwardTarget, cause: Cause, rng: random.Random) -> list[Forward]:
    """Return what is called one after the other; the last one rings on."""
    if target.method is Method.SIMULTANEOUS:
        return [Forward(cause, target.numbers, None)]
    numbers = list(target.numbers)
    if target.method is Method.RANDOM:
        rng.shuffle(numbers)
    ways = [Forward(cause, (number,), target.alert) for number in numbers[:-1]]
    return [*ways, Forward(cause, (numbers[-1],), None)]
