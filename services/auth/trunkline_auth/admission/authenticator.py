"""Digest authentication of one request: sessions, failures, nonces (AUT-02 to AUT-04).

An unknown user fails exactly as a wrong password does: same answers, same counters, same work.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from ..digest import NOBODY, Algorithm, Challenge, Credentials, Nonces, NonceState
from ..errors import MalformedCredentials
from ..identity import Directory, Endpoint
from .decisions import Challenged, Reason, Reject
from .failures import FailureKey, Failures, Suspension, SuspensionKind
from .policy import Policy
from .requests import SipRequest
from .sessions import NonceCounts, Sessions, session_key

_CLOCK_SLACK: Final = timedelta(seconds=5)  # between replicas, for what must outlive a nonce


@dataclass(frozen=True, slots=True)
class Reading:
    """What the credential headers of a request say."""

    credentials: Credentials | None = None
    fault: str = ""
    """What is malformed in them; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class Proven:
    """The request is this endpoint's."""

    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Asked:
    """Credentials are wanted; nobody failed."""

    answer: Challenged


@dataclass(frozen=True, slots=True)
class Failed:
    """Credentials were wrong, and counted."""

    answer: Challenged | Reject


@dataclass(frozen=True, slots=True)
class Refused:
    """The terminal is suspended: credentials were not looked at."""

    answer: Reject


Proof: TypeAlias = Proven | Asked | Failed | Refused


class SuspensionListener(Protocol):
    """Hears of suspensions as they begin."""

    def suspended(self, suspension: Suspension) -> None: ...


class Authenticator:
    """Asks for credentials and judges them."""

    def __init__(
        self,
        directory: Directory,
        nonces: Nonces,
        sessions: Sessions,
        nonce_counts: NonceCounts,
        failures: Failures,
        listener: SuspensionListener,
        *,
        realm: str,
        algorithms: Sequence[Algorithm],
        rng: random.Random,
    ) -> None:
        self._directory = directory
        self._nonces = nonces
        self._sessions = sessions
        self._nonce_counts = nonce_counts
        self._failures = failures
        self._listener = listener
        self._realm = realm
        self._algorithms = tuple(algorithms)
        self._rng = rng

    def read(self, request: SipRequest, policy: Policy) -> Reading:
        """Return the credentials for our realm in the header that was asked for, if any."""
        asked_for = policy.challenge_status == 407
        values = request.proxy_authorization if asked_for else request.authorization
        try:
            for value in values:
                credentials = Credentials.parse(value)
                if credentials is not None and credentials.realm == self._realm:
                    self._require_offered(credentials)
                    return Reading(credentials)
        except MalformedCredentials as error:
            return Reading(fault=error.message)
        return Reading()

    async def authenticate(
        self,
        request: SipRequest,
        reading: Reading,
        identity: str,
        policy: Policy,
        now: datetime,
        *,
        barred: bool = False,
    ) -> Proof:
        """Judge a request that must prove itself; `identity` is whom it says it is.

        One that is `barred` may not come from where it comes, and fails as an unknown user does.
        """
        key = FailureKey.of(SuspensionKind.AUTHENTICATION, identity, request.source.ip)
        if policy.max_retry:
            suspension = await self._failures.suspension(key, now)
            if suspension is not None:
                return Refused(_suspended(suspension))
        attempt = _Attempt(request, session_key(request), key, policy, now)
        session = await self._sessions.open(
            attempt.session, policy.session_retry, policy.session_timeout, now
        )
        if session.is_over(now):
            return Failed(Reject(403, Reason.SESSION_OVER, "the authentication session is over"))
        if reading.fault:
            await self._count(attempt)
            return Failed(Reject(400, Reason.MALFORMED, reading.fault))
        if reading.credentials is None:
            return Asked(self._challenge(attempt))
        if barred:
            return await self._fail(attempt, "it may not come from this area")
        return await self._judge(attempt, reading.credentials, session.timeout)

    async def _judge(
        self, attempt: "_Attempt", credentials: Credentials, lifetime: timedelta
    ) -> Proof:
        endpoint = self._directory.terminal(credentials.username)
        secret = (endpoint.secret if endpoint else None) or NOBODY
        right = secret.proves(credentials, attempt.request.method)
        if not right or endpoint is None or endpoint.secret is None:
            return await self._fail(attempt, "wrong credentials")
        state = self._nonces.check(credentials.nonce, attempt.session, attempt.now, lifetime)
        if state is NonceState.STALE:
            return Asked(self._challenge(attempt, stale=True))
        if not await self._first_use(attempt, credentials, lifetime):
            return await self._fail(attempt, "the nonce count did not grow: a replay")
        await self._sessions.end(attempt.session)
        await self._failures.clear(attempt.key)
        return Proven(endpoint)

    async def _first_use(
        self, attempt: "_Attempt", credentials: Credentials, lifetime: timedelta
    ) -> bool:
        return await self._nonce_counts.use(
            credentials.nonce,
            credentials.nonce_count,
            f"{credentials.response} {attempt.request.branch}",
            attempt.now + lifetime + _CLOCK_SLACK,
            attempt.now,
        )

    async def _fail(self, attempt: "_Attempt", explanation: str) -> Failed:
        if await self._count(attempt):
            return Failed(Reject(403, Reason.WRONG_CREDENTIALS, explanation))
        return Failed(self._challenge(attempt))

    async def _count(self, attempt: "_Attempt") -> bool:
        """Count a failure for session and terminal; return whether it closed the session."""
        session = await self._sessions.fail(attempt.session, attempt.now)
        closed = session is None or session.is_over(attempt.now)
        if attempt.policy.max_retry:
            await self._count_for_terminal(attempt, closed)
        return closed

    async def _count_for_terminal(self, attempt: "_Attempt", closed: bool) -> None:
        policy, now = attempt.policy, attempt.now
        suspension = await self._failures.record(attempt.key, policy.max_retry, policy.suspend, now)
        if suspension is None and closed:  # closing by retries suspends as well (AUT-03, flow 5)
            suspension = await self._failures.suspend(attempt.key, policy.suspend, now)
        if suspension is not None:
            self._listener.suspended(suspension)

    def _challenge(self, attempt: "_Attempt", stale: bool = False) -> Challenged:
        nonce = self._nonces.issue(attempt.session, attempt.now, self._rng)
        status = attempt.policy.challenge_status
        return Challenged(Challenge(status, self._realm, nonce, self._algorithms, stale))

    def _require_offered(self, credentials: Credentials) -> None:
        if credentials.algorithm not in self._algorithms:
            raise MalformedCredentials(f"algorithm {credentials.algorithm} was not offered")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What stays the same while one request is judged."""

    request: SipRequest
    session: str
    key: FailureKey
    policy: Policy
    now: datetime


def _suspended(suspension: Suspension) -> Reject:
    until = suspension.until.isoformat(timespec="seconds")
    return Reject(403, Reason.SUSPENDED, f"suspended until {until}")
