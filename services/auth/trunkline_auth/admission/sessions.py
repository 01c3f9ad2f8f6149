"""Authentication sessions: how often and how long one request may be tried again (AUT-03).

A session is all tries of one request: same source, same Call-ID, same method. It keeps the limits
it began with. One that failed stays closed for a while: the same Call-ID can't begin afresh.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from .requests import SipRequest

CLOSED_LINGER: Final = timedelta(seconds=32)
"""How long a closed session is remembered: 64*T1, when the last repeat of a request has come."""


def session_key(request: SipRequest) -> str:
    """Return the name of the session a request belongs to, of one length whatever the Call-ID."""
    text = f"{request.source}\n{request.call_id}\n{request.method}"
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """The state of one session."""

    opened: datetime
    retry: int
    """Wrong credentials that close it."""
    timeout: timedelta
    failures: int = 0

    def is_over(self, now: datetime) -> bool:
        """Return whether its tries or its time are used up; each limit stands for itself."""
        return self.failures >= self.retry or now - self.opened > self.timeout

    def forget_at(self) -> datetime:
        """Return when nothing of it needs to be remembered."""
        return self.opened + self.timeout + CLOSED_LINGER


class Sessions(Protocol):
    """Where sessions are kept: one place for the whole cluster (spec 0.6)."""

    async def open(self, key: str, retry: int, longest: timedelta, now: datetime) -> Session:
        """Return the session, a new one with these limits if there is none."""

    async def fail(self, key: str, now: datetime) -> Session | None:
        """Count wrong credentials and return the session, or None if it is forgotten."""

    async def end(self, key: str) -> None:
        """Forget a session that succeeded."""


class NonceCounts(Protocol):
    """Which counts of which nonces were used: one place for the whole cluster."""

    async def use(
        self, nonce: str, count: int, request: str, until: datetime, now: datetime
    ) -> bool:
        """Take `count` of `nonce` for the request named `request`; remember it until `until`.

        Return False where the count does not grow: a replay. The same request may come again with
        the count it has, since an RPC may be repeated.
        """
