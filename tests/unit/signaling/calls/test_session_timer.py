"""What a leg agrees about its session timer, and the waits that follow (SIG-03 to SIG-06)."""

from datetime import timedelta
from random import Random

import pytest
from support.switch import invite
from trunkline_kernel.parameters import BadParameters, Parameters
from trunkline_signaling.calls.session_timer import (
    DEFAULT_TIMERS,
    UAC,
    UAS,
    TimerParameters,
    TimerTerms,
    accepted,
    glare_wait,
    grant,
    granted,
    offer,
    prolong,
    refusal_of,
)
from trunkline_signaling.parameters import CHECKS, PARAMETERS
from trunkline_signaling.parameters.calls import timer_parameters
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request


def asking(**headers: str) -> Request:
    """Return an INVITE with header fields of RFC 4028."""
    request = invite()
    for name, value in headers.items():
        request.headers.set(name.replace("_", "-"), value)
    return request


def test_sig03_an_invite_offers_the_ttl_and_leaves_the_refresher_open() -> None:
    headers = Headers()

    offer(headers, DEFAULT_TIMERS)

    assert headers.get("Session-Expires") == "600"
    assert headers.get("Min-SE") == "90"


def test_sig03_a_ttl_below_the_least_interval_is_offered_as_that() -> None:
    headers = Headers()

    offer(headers, TimerParameters(ttl=60, min_se=90))

    assert headers.get("Session-Expires") == "90"


def test_sig03_a_an_interval_of_30_is_refused_with_the_least_one() -> None:
    refusal = refusal_of(asking(Supported="timer", Session_Expires="30"), DEFAULT_TIMERS)

    assert refusal is not None
    assert refusal.status == 422
    assert refusal.headers.get("Min-SE") == "90"


def test_sig03_a_short_interval_of_who_does_not_know_timers_is_ignored() -> None:
    request = asking(Session_Expires="30")

    assert refusal_of(request, DEFAULT_TIMERS) is None
    assert accepted(request.headers, DEFAULT_TIMERS) is None


@pytest.mark.parametrize(
    ("headers", "terms"),
    [
        ({"Session_Expires": "1800"}, TimerTerms(600, UAS)),
        ({"Session_Expires": "300"}, TimerTerms(300, UAS)),
        ({"Session_Expires": "300;refresher=uac"}, TimerTerms(300, UAC)),
        ({"Session_Expires": "300;refresher=uas"}, TimerTerms(300, UAS)),
        ({"Session_Expires": "1800", "Min_SE": "900"}, TimerTerms(900, UAS, 900)),
        ({"Session_Expires": "100000"}, TimerTerms(600, UAS)),
        ({}, TimerTerms(600, UAS)),
    ],
    ids=[
        "b: a longer one is lowered to the TTL",
        "a shorter one is taken",
        "the caller refreshes when it says so",
        "we refresh when it says so",
        "not below the caller's Min-SE",
        "beyond a day it is lowered to the TTL",
        "without one it is the TTL",
    ],
)
def test_sig03_a_caller_that_knows_timers_gets(headers: dict[str, str], terms: TimerTerms) -> None:
    request = asking(Supported="100rel, timer", **headers)

    assert refusal_of(request, DEFAULT_TIMERS) is None
    assert accepted(request.headers, DEFAULT_TIMERS) == terms


@pytest.mark.parametrize("name", ["Session_Expires", "Min_SE"])
def test_sig03_what_is_no_number_is_refused_as_malformed(name: str) -> None:
    refusal = refusal_of(asking(Supported="timer", **{name: "soon"}), DEFAULT_TIMERS)

    assert refusal is not None
    assert refusal.status == 400
    assert name.replace("_", "-") in (refusal.headers.get("Warning") or "")


def test_sig03_a_caller_that_refreshes_must_know_timers() -> None:
    by_caller, by_us = Headers(), Headers()

    grant(by_caller, TimerTerms(600, UAC))
    grant(by_us, TimerTerms(600, UAS))

    assert by_caller.get("Session-Expires") == "600;refresher=uac"
    assert by_caller.get("Require") == "timer"
    assert by_us.get("Session-Expires") == "600;refresher=uas"
    assert "Require" not in by_us


@pytest.mark.parametrize(
    ("said", "terms"),
    [
        ("1200;refresher=uac", TimerTerms(1200, UAC, 90)),
        ("1200", TimerTerms(1200, UAS, 90)),
        ("5", TimerTerms(90, UAS, 90)),
        ("soon", None),
        (None, None),
    ],
    ids=["as it says", "a refresher left out", "nothing below the RFC's least", "noise", "none"],
)
def test_sig03_a_vendors_answer_settles_its_leg(said: str | None, terms: TimerTerms | None) -> None:
    headers = Headers()
    if said is not None:
        headers.set("Session-Expires", said)

    assert granted(headers, 90) == terms


@pytest.mark.parametrize(
    ("demanded", "asked"),
    [("1800", "1800"), ("600", None), ("86401", None), ("lots", None)],
    ids=["a longer one", "no longer one", "more than a day", "noise"],
)
def test_sig03_a_422_is_followed_to(demanded: str, asked: str | None) -> None:
    headers, refusal = Headers((("Session-Expires", "600"),)), Headers((("Min-SE", demanded),))

    assert prolong(headers, refusal) is (asked is not None)
    assert headers.get("Session-Expires") == (asked or "600")


@pytest.mark.parametrize(
    ("interval", "segment", "wait"), [(600, 2, 300), (900, 3, 300), (300, 2, 150), (100, 3, 33)]
)
def test_sig04_a_refresh_is_due_after(interval: int, segment: int, wait: int) -> None:
    parameters = TimerParameters(segment=segment)

    assert TimerTerms(interval).refresh_wait(parameters) == timedelta(seconds=wait)


@pytest.mark.parametrize(
    ("margin", "wait"),
    [(0, 600), (60, 540), (299, 301), (300, 600)],
    ids=["none", "a minute", "just after the refresh", "ignored: not after the refresh"],
)
def test_sig05_a_session_is_given_up_after(margin: int, wait: int) -> None:
    parameters = TimerParameters(early_hangup=margin)

    assert TimerTerms(600).release_wait(parameters) == timedelta(seconds=wait)


def test_rfc3261_14_1_who_owns_the_call_id_waits_longer_after_a_491() -> None:
    random = Random(1)

    owner = {glare_wait(random, owns_call_id=True).total_seconds() for _ in range(500)}
    other = {glare_wait(random, owns_call_id=False).total_seconds() for _ in range(500)}

    assert min(owner) >= 2.1 and max(owner) <= 4.0
    assert min(other) >= 0.0 and max(other) <= 2.0


def test_sig03_to_sig06_the_parameters_reach_new_calls() -> None:
    values = Parameters(PARAMETERS, CHECKS)
    assert timer_parameters(values) == TimerParameters(600, 90, 2, 0, 7200)

    values.replace({"SS_SIP_SESSION_TTL": "900", "SS_SIP_SESSION_TIMEOUT_EARLY_HANGUP": "60"})

    assert timer_parameters(values) == TimerParameters(900, 90, 2, 60, 7200)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SS_SIP_SESSION_TTL", "59"),
        ("SS_SIP_SESSION_TTL", "86401"),
        ("SS_SIP_SESSION_MIN_SE", "89"),
        ("SS_SIP_SESSION_MIN_SE", "3601"),
        ("SS_SIP_SESSION_UPDATE_SEGMENT", "1"),
        ("SS_SIP_SESSION_UPDATE_SEGMENT", "11"),
        ("SS_SIP_SESSION_TIMEOUT_EARLY_HANGUP", "600"),
        ("SS_SIP_NO_TIMER_REINVITE_INTERVAL", "90000"),
    ],
)
def test_sig03_to_sig06_values_out_of_range_are_refused(name: str, value: str) -> None:
    values = Parameters(PARAMETERS, CHECKS)

    with pytest.raises(BadParameters) as refused:
        values.plan({name: value})

    assert name in str(refused.value.violations)
