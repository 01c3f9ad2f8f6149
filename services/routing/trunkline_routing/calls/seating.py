"""Taking the seats of a call: the caller's with those of the first attempt, then each attempt's.

With the seats of an attempt stands the record of its call, for other replicas.
"""

from __future__ import annotations

from datetime import datetime

from ..candidates.judge import no_seat
from ..capacity.seats import CALLER, Holder, Note, Refused, Taken, refusal
from ..model.callers import Claim
from ..view import View
from . import refusals
from .course import Course
from .facts import Facts
from .refusals import Refusal


class CallerFull(Exception):
    """The caller itself finds no seat."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused)
        self.refusal = refusals.full(reason(refused))


async def take(
    course: Course, claims: tuple[Claim, ...], view: View, now: datetime
) -> Refused | None:
    """Take the seats of the present attempt, and the caller's if it has none yet, or none at all.

    Return what refused the attempt. Raises `CallerFull`.
    """
    wanted = [_wanted(course, course.attempt, claims)]
    if not course.seated:
        wanted.insert(0, _wanted(course, CALLER, course.facts.caller.claims))
    return await _take(course, wanted, view, now, course.record.to_json)


async def take_callers(course: Course, view: View, now: datetime) -> None:
    """Take the caller's seats alone. Raises `CallerFull`."""
    await _take(course, [_wanted(course, CALLER, course.facts.caller.claims)], view, now)


def caller_without_seat(facts: Facts, view: View) -> Refusal | None:
    """Look, without taking, whether the caller finds a seat."""
    for claim in facts.caller.claims:
        calls = view.seats.calls(claim.key)
        if refusal(claim, calls):
            return refusals.full(no_seat(claim, calls))
    return None


def reason(refused: Refused) -> str:
    """Say why there was no seat."""
    return no_seat(refused.claim, refused.calls)


async def _take(
    course: Course, wanted: list[Taken], view: View, now: datetime, note: Note | None = None
) -> Refused | None:
    refused = await view.seats.take(wanted, now.timestamp(), note)
    if refused is not None and refused.slot == CALLER:
        raise CallerFull(refused)
    course.seated = course.seated or refused is None
    return refused


def _wanted(course: Course, slot: int, claims: tuple[Claim, ...]) -> Taken:
    call = course.facts.call
    return Taken(Holder(call.id, slot, call.instance), claims)
