"""Services' answers in one line each, as the ladder shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..calls.reasons import spoken
from ..calls.services import (
    Admit,
    Allowed,
    Answer,
    Authorize,
    Authorized,
    Blacklisted,
    Challenged,
    CloseMedia,
    ConnectMedia,
    Dropped,
    Exhausted,
    Extend,
    Extended,
    Locate,
    Located,
    MediaOpened,
    NextCandidate,
    NextFound,
    OpenMedia,
    Play,
    Question,
    Rejected,
    Release,
    ReportEnd,
    Route,
    Routed,
    Screen,
    Screened,
    SendDigits,
    ServiceFailed,
    ServiceName,
    StopPlay,
    Unpayable,
    Unroutable,
)

_SERVICES: Final[Mapping[type, ServiceName]] = {
    Admit: "auth",
    Locate: "auth",
    Screen: "auth",
    ReportEnd: "auth",
    Route: "routing",
    NextCandidate: "routing",
    Release: "routing",
    Authorize: "billing",
    Extend: "billing",
    OpenMedia: "media",
    ConnectMedia: "media",
    CloseMedia: "media",
    SendDigits: "media",
    Play: "media",
    StopPlay: "media",
}


def service_of(question: Question) -> ServiceName:
    """Return who was asked."""
    return _SERVICES[type(question)]


def summary_of(question: Question, answer: Answer | ServiceFailed) -> str:
    """Return an answer in one line. Secrets are never in it."""
    match answer:
        case ServiceFailed(explanation=explanation):
            return f"no answer to {type(question).__name__}: {explanation}"
        case Allowed(endpoint):
            return f"allow {endpoint}"
        case Challenged(status):
            return f"challenge with {status}"
        case Rejected(status, reason, explanation):
            return f"reject with {status}, {spoken(reason)}: {explanation}"
        case Dropped(explanation):
            return f"dropped: {explanation}"
        case Located(bindings):
            return ", ".join(str(b.contact) for b in bindings) or "offline"
        case Screened():
            return "no list stops it"
        case Blacklisted(explanation):
            return f"refuse: {explanation}"
        case Routed():
            return _routed(answer)
        case Unroutable(reason, status, explanation):
            return f"refuse with {status}, {spoken(reason)}: {explanation}"
        case NextFound(candidate):
            return f"next {candidate.endpoint}, callee {candidate.request_uri_user}"
        case Exhausted(_, status, explanation):
            return f"no further candidate, {status}: {explanation}"
        case Authorized(max_duration, reserved, _, summary):
            return (
                f"pays {answer_account(question)}: {summary}, reserved {reserved or max_duration}"
            )
        case Unpayable(reason, explanation):
            return f"refuse, {spoken(reason)}: {explanation}"
        case Extended(reserved, end):
            return f"reserved {reserved}" + (f", ends at {end}" if end is not None else "")
        case MediaOpened(instance, leg_a, leg_b):
            return f"opened on {instance}: A {leg_a[0]}:{leg_a[1]}, B {leg_b[0]}:{leg_b[1]}"
        case _:
            return type(question).__name__


def answer_account(question: Question) -> str:
    """Return the account a question names."""
    return question.account if isinstance(question, Authorize) else ""


def _routed(answer: Routed) -> str:
    first = answer.first
    others = "".join(f", {endpoint}" for endpoint in answer.others)
    stages = "".join(f"; {stage}" for stage in answer.numbers.stages)
    return (
        f"{answer.numbers.caller} to {answer.numbers.callee}"
        f" by {first.endpoint}{others}, account {answer.account}{stages}"
    )
