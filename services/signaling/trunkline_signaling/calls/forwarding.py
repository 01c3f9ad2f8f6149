"""A call that its callee's phone passes on: a new call of that phone (SIG-22).

Routing says whom to call. Our INVITE goes to ourselves, where a call begins that has its own route,
money and CDR; this call's leg B is that one's leg A.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..sip.flow import Transport
from ..sip.headers import Headers
from ..sip.uri import SipUri
from .call import Call
from .live_attempt import LiveAttempt
from .parties import Diversion, PassedOn, Passing, Target
from .policy import Candidate


def ways(attempt: LiveAttempt) -> Iterable[Candidate]:
    """Return the candidate, once for each number that is called at the same time."""
    candidate = attempt.candidate
    if candidate.forward is None:
        return (candidate,)
    numbers = candidate.forward.numbers
    return [replace(candidate, request_uri_user=one, to_user=one) for one in numbers]


def own_target(call: Call) -> Target:
    """Return ourselves as the caller sees us."""
    flow = call.invite.flow
    host, port = call.settings.own.seen_by(flow.remote[0], flow.transport)
    return Target(host, port, Transport.TCP)


def passed_on(call: Call, attempt: LiveAttempt) -> PassedOn | None:
    """Say what the new call takes over from this one; None where the phone rings itself."""
    candidate = attempt.candidate
    if candidate.forward is None:
        return None
    to = " and ".join(candidate.forward.numbers)
    call.note(f"{candidate.endpoint} forwards to {to}: {candidate.forward.reason}")
    before = call.passed_on.diversions if call.passed_on is not None else ()
    diversion = Diversion(candidate.endpoint.name, candidate.forward.reason)
    return PassedOn(
        candidate.endpoint,
        Passing.FORWARDED,
        call.is_screened,
        call.cdr.caller_address,
        (*before, diversion),
    )


def write_diversions(headers: Headers, call: Call, host: str) -> None:
    """Tell the callee who has forwarded the call, the last one first (RFC 5806 section 5)."""
    if call.passed_on is None:
        return
    received = headers.lines("Diversion")
    own = [
        f"<{SipUri(host, each.number)}>;reason={each.reason}"
        for each in reversed(call.passed_on.diversions)
    ]
    headers.set("Diversion", *own, *received)
