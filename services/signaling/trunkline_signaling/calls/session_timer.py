"""What a leg agrees about its session timer (RFC 4028, SIG-03), and the waits that follow.

Pure arithmetic on header fields. `refresh` runs the clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from ..sip.errors import MalformedValue
from ..sip.fields import SessionExpires, parse_delta_seconds
from ..sip.headers import Headers
from ..sip.message import Request, Response

OPTION: Final = "timer"
LEAST_INTERVAL: Final = 90
"""Seconds below which no session interval lies (RFC 4028 section 5)."""
LONGEST_INTERVAL: Final = 86400
"""Seconds beyond which nobody's interval is followed (SIG-03)."""
UAC, UAS = "uac", "uas"


@dataclass(frozen=True, slots=True)
class TimerParameters:
    """The parameters of session timers, in seconds where nothing else is said."""

    ttl: int = 600
    """SS_SIP_SESSION_TTL: the interval we offer, and the longest we accept."""
    min_se: int = 90
    """SS_SIP_SESSION_MIN_SE: the shortest we accept."""
    segment: int = 2
    """SS_SIP_SESSION_UPDATE_SEGMENT: refreshes in an interval."""
    early_hangup: int = 0
    """SS_SIP_SESSION_TIMEOUT_EARLY_HANGUP: how long before its expiry a session is given up."""
    no_timer_limit: int = 7200
    """SS_SIP_NO_TIMER_REINVITE_INTERVAL: longest talk of a caller without timer; 0 is no limit."""

    @property
    def interval(self) -> int:
        """What we offer."""
        return max(self.ttl, self.min_se)


DEFAULT_TIMERS: Final = TimerParameters()


@dataclass(frozen=True, slots=True)
class TimerTerms:
    """What a leg has agreed."""

    interval: int
    """Session-Expires in seconds."""
    refresher: str = UAS
    """Who declared that it refreshes, seen from the request that agreed it."""
    min_se: int = 0
    """The largest Min-SE the peer has asked for; 0 when it asked for none."""

    def refresh_wait(self, parameters: TimerParameters) -> timedelta:
        """Return the time from one refresh to the next (SIG-04)."""
        return timedelta(seconds=self.interval // parameters.segment)

    def ignores_margin(self, parameters: TimerParameters) -> bool:
        """Tell whether the early hang-up would come before the next refresh (SIG-05)."""
        left = timedelta(seconds=self.interval - parameters.early_hangup)
        return parameters.early_hangup > 0 and left <= self.refresh_wait(parameters)

    def release_wait(self, parameters: TimerParameters) -> timedelta:
        """Return the time from the last successful refresh to the release (SIG-05)."""
        margin = 0 if self.ignores_margin(parameters) else parameters.early_hangup
        return timedelta(seconds=self.interval - margin)


def is_supported(headers: Headers) -> bool:
    """Tell whether a peer knows session timers."""
    return OPTION in headers.tokens("Supported") or OPTION in headers.tokens("Require")


def refusal_of(request: Request, parameters: TimerParameters) -> Response | None:
    """Return the 400 or 422 for what a peer asks of the timer, or None (SIG-03 rule 2)."""
    headers = request.headers
    try:
        asked = _session_expires(headers)
        _min_se(headers)
    except MalformedValue as error:
        refusal = request.reply(400)
        refusal.headers.set("Warning", f'399 trunkline "{error.header}: expected {error.expected}"')
        return refusal
    if asked is None or asked.interval >= parameters.min_se or not is_supported(headers):
        return None
    refusal = request.reply(422)
    refusal.headers.set("Min-SE", parameters.min_se)
    return refusal


def accepted(headers: Headers, parameters: TimerParameters) -> TimerTerms | None:
    """Return what a peer's INVITE or UPDATE leads to; None leaves the leg without a timer.

    Only after `refusal_of`.
    """
    if not is_supported(headers):
        return None
    asked = _session_expires(headers)
    least = _min_se(headers)
    interval = parameters.interval if asked is None else min(asked.interval, parameters.interval)
    refresher = asked.refresher if asked is not None else None
    return TimerTerms(max(interval, least), UAC if refresher == UAC else UAS, least)


def granted(headers: Headers, least: int) -> TimerTerms | None:
    """Return what a peer's 2xx grants; None when it keeps no timer, or says so unreadably.

    `least` is the Min-SE of the request.
    """
    try:
        said = _session_expires(headers)
    except MalformedValue:
        return None
    if said is None:
        return None
    return TimerTerms(
        max(said.interval, LEAST_INTERVAL), UAC if said.refresher == UAC else UAS, least
    )


def min_se_of(headers: Headers) -> int:
    """Return the Min-SE of a message; 0 when there is none to be read."""
    try:
        return _min_se(headers)
    except MalformedValue:
        return 0


def offer(headers: Headers, parameters: TimerParameters) -> None:
    """Ask for a timer in our INVITE; who refreshes is left to the peer (SIG-03 rule 1)."""
    headers.set("Session-Expires", parameters.interval)
    headers.set("Min-SE", parameters.min_se)


def prolong(headers: Headers, refusal: Headers) -> bool:
    """Ask for the interval that a 422 demands; False when it demands none that we can give."""
    least, before = min_se_of(refusal), headers.parse("Session-Expires", SessionExpires.parse)
    if before is None or not before.interval < least <= LONGEST_INTERVAL:
        return False
    headers.set("Session-Expires", SessionExpires(least, before.refresher))
    headers.set("Min-SE", least)
    return True


def renew(headers: Headers, terms: TimerTerms, parameters: TimerParameters) -> None:
    """Ask a peer to go on, in a request of ours inside the dialog: we refresh (SIG-04 rule 2)."""
    headers.set("Session-Expires", SessionExpires(terms.interval, UAC))
    headers.set("Min-SE", max(terms.min_se, min(parameters.min_se, terms.interval)))


def grant(headers: Headers, terms: TimerTerms) -> None:
    """Say in a 2xx what is agreed (SIG-03 rule 4)."""
    headers.set("Session-Expires", SessionExpires(terms.interval, terms.refresher))
    if terms.refresher == UAC:
        headers.set("Require", OPTION)


def glare_wait(random: Random, *, owns_call_id: bool) -> timedelta:
    """Return the wait after a 491, in steps of 10 ms (RFC 3261 section 14.1)."""
    steps = random.randint(210, 400) if owns_call_id else random.randint(0, 200)
    return timedelta(milliseconds=10 * steps)


def _session_expires(headers: Headers) -> SessionExpires | None:
    return headers.parse("Session-Expires", SessionExpires.parse)


def _min_se(headers: Headers) -> int:
    return headers.parse("Min-SE", _parse_min_se) or 0


def _parse_min_se(text: str) -> int:
    return parse_delta_seconds(text.partition(";")[0])  # parameters are allowed, none is defined
