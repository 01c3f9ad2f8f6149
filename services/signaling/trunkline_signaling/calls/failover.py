"""When an attempt has failed: the next candidate, or the end of the call (RTE-09 to RTE-12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ..sip.errors import MalformedValue
from ..sip.fields import Reason, RetryAfter
from ..sip.message import Response
from . import early_offers, ending, preparation, ring_tone
from .call import Call
from .codecs import MediaMismatch
from .effects import Timer
from .live_attempt import LiveAttempt
from .reasons import CallEndReason, EndDirection
from .services import Exhausted, NextCandidate, NextFound
from .states import Trigger
from .stop_rules import Failure, stop_rule

MAX_RETRY_AFTER = timedelta(hours=1)
"""Longest wait a vendor may ask for (SIG-26)."""


def refused(call: Call, attempt: LiveAttempt, response: Response) -> None:
    """The callee's side answered with a failure."""
    record = attempt.record
    if record.post_dial_delay is None:
        record.post_dial_delay = timedelta(seconds=call.now - record.start_time)
    record.q850_cause = _q850_cause(response)
    record.retry_after = _retry_after(response)
    failure = attempt.failure(response.status, record.q850_cause)
    failed(call, failure, "busy" if failure.busy else response.reason.lower())


def failed(call: Call, failure: Failure, outcome: str) -> None:
    """Book the failure; go on with the next candidate unless a rule stops the search."""
    attempt = call.attempt
    assert attempt is not None and call.plan is not None
    _book(attempt, failure, outcome)
    call.last_failure = failure
    call.clear_timer(Timer.PROGRESS)
    ring_tone.stop(call, attempt)
    early_offers.abandon(call)
    rules = attempt.candidate.stop_rules
    rule = stop_rule(failure, rules, call.plan.switch_policy, len(call.cdr.attempts))
    if rule is not None:
        call.note(f"attempt {attempt.record.number} failed ({outcome}); the search ends: {rule}")
        _answer_caller(call, failure)
        return
    call.note(f"attempt {attempt.record.number} failed ({outcome})")
    call.fire(Trigger.FAILED)
    call.ask(NextCandidate(call.id, attempt.record))


def mismatched(call: Call, attempt: LiveAttempt, why: MediaMismatch) -> None:
    """No media could flow to this candidate (MED-03 rule 5)."""
    call.note_codecs()
    call.note(f"attempt {attempt.record.number}: {why}")
    failure = attempt.failure()
    failed(call, replace(failure, own_reason=CallEndReason.CODEC_MISMATCH), "codec mismatch")


def next_found(call: Call, event: NextFound) -> None:
    """There is another way."""
    call.fire(Trigger.NEXT)
    preparation.prepare(call, event.candidate)


def exhausted(call: Call, event: Exhausted) -> None:
    """There is none: the caller hears of the last attempt."""
    call.note(f"no candidate is left: {event.explanation}")
    if event.reason is CallEndReason.FORWARD_LIMIT:
        ending.refuse(call, event.reason, event.status)
        return
    assert call.last_failure is not None
    _answer_caller(call, call.last_failure)


def _answer_caller(call: Call, failure: Failure) -> None:
    assert call.plan is not None
    direction = EndDirection.SERVER if failure.own_reason is not None else EndDirection.CALLEE
    ending.refuse(
        call,
        failure.reason,
        failure.status_for_caller,
        call.plan.failure_codes,
        direction=direction,
    )


def _book(attempt: LiveAttempt, failure: Failure, outcome: str) -> None:
    record = attempt.record
    record.sip_status = failure.status
    record.outcome = outcome
    attempt.note_address()


def _q850_cause(response: Response) -> int:
    try:
        reasons = response.headers.parse_all("Reason", Reason.parse)
    except MalformedValue:
        return 0
    causes = (r.cause for r in reasons if r.value.upper() == "Q.850")
    return next((cause for cause in causes if cause is not None), 0)


def _retry_after(response: Response) -> timedelta | None:
    if response.status != 503:
        return None
    try:
        found = response.headers.parse("Retry-After", RetryAfter.parse)
    except MalformedValue:
        return None
    return None if found is None else min(timedelta(seconds=found.delay), MAX_RETRY_AFTER)
