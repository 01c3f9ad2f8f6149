"""Logins of operators: who they are, from where, and how often they may guess (AUT-16, AUT-18).

Failures are counted for each name, wherever they come from: console, web and API together. A name
that doesn't exist fails as a wrong password does, at the same cost.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from ..admission.authenticator import SuspensionListener
from ..admission.failures import MAX_IDENTITY, FailureKey, Failures, SuspensionKind
from ..identity import AreaMap, IPAddress
from .authority import Listed, Operator, Right
from .tokens import Tokens, fingerprint

_ANYWHERE: Final = ""


@dataclass(frozen=True, slots=True)
class LoginPolicy:
    """Parameters of logins."""

    max_failures: int = 5
    """SERVER_LOGIN_FAILED_MAX."""
    disabled: timedelta = timedelta(seconds=300)
    """SERVER_LOGIN_FAILED_DISABLE_TIME. Zero locks nobody out."""


class LoginRefusal(StrEnum):
    """Why nobody was logged in. The answer's text is the same for all."""

    WRONG = "wrong-credentials"
    DISABLED = "disabled"
    """Too many failures before: HTTP 423."""
    AREA = "area"
    """Not from there (AUT-18)."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """An operator with a token."""

    operator: Operator
    token: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Nobody."""

    reason: LoginRefusal


Login: TypeAlias = LoggedIn | LoginRefused

Verify: TypeAlias = Callable[[str, str], Awaitable[bool]]
"""Says whether a stored hash is that of a password."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an operator wants to do."""

    module: str
    right: Right
    kind: Listed | None = None
    """Kind of the object that agents must be listed for; None where there is none."""
    name: str = ""


class Logins:
    """Lets operators in, and says what they may do."""

    def __init__(
        self,
        find: Callable[[str], Operator | None],
        verify: Verify,
        failures: Failures,
        listener: SuspensionListener,
        tokens: Tokens,
        *,
        policy: Callable[[], LoginPolicy],
        areas: Callable[[], AreaMap],
        nobody_hash: str,
    ) -> None:
        """`nobody_hash` is verified in place of the hash of a name that doesn't exist."""
        self._find = find
        self._verify = verify
        self._failures = failures
        self._listener = listener
        self._tokens = tokens
        self._policy = policy
        self._areas = areas
        self._nobody_hash = nobody_hash

    async def login(self, name: str, password: str, ip: IPAddress, now: datetime) -> Login:
        """Return the operator with a token, or why not."""
        policy, key = self._policy(), _key(name)
        if policy.disabled and await self._failures.suspension(key, now) is not None:
            return LoginRefused(LoginRefusal.DISABLED)
        operator = self._find(name)
        stored = (operator.password_hash if operator else "") or self._nobody_hash
        right = await self._verify(stored, password)
        if not right or operator is None or not operator.password_hash:
            await self._count(key, policy, now)
            return LoginRefused(LoginRefusal.WRONG)
        if not self._areas().permits(operator.areas, ip):
            return LoginRefused(LoginRefusal.AREA)
        await self._failures.clear(key)
        token, expires = self._tokens.issue(operator, now)
        return LoggedIn(operator, token, expires)

    def operator(self, token: str, ip: IPAddress, now: datetime) -> Operator | None:
        """Return whose token this is; None if it is nobody's, or not to be used from there."""
        claim = self._tokens.read(token, now)
        operator = self._find(claim.name) if claim else None
        if claim is None or operator is None or fingerprint(operator) != claim.fingerprint:
            return None
        return operator if self._areas().permits(operator.areas, ip) else None

    async def unlock(self, name: str, now: datetime) -> bool:
        """Let a locked-out operator try again at once; return whether it was locked out."""
        was_locked = await self._failures.suspension(_key(name), now) is not None
        await self._failures.clear(_key(name))
        return was_locked

    async def _count(self, key: FailureKey, policy: LoginPolicy, now: datetime) -> None:
        if not policy.disabled:
            return
        suspension = await self._failures.record(key, policy.max_failures, policy.disabled, now)
        if suspension is not None:
            self._listener.suspended(suspension)


def is_granted(operator: Operator, request: Request) -> bool:
    """Return whether an operator may do something (MGT-12)."""
    if not operator.may(request.module, request.right):
        return False
    return request.kind is None or operator.may_touch(request.kind, request.name)


def _key(name: str) -> FailureKey:
    return FailureKey(SuspensionKind.LOGIN, name[:MAX_IDENTITY], _ANYWHERE)
