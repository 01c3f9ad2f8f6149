"""Decides what becomes of a request that is no REGISTER (AUT-01, AUT-05).

Order: static gateway by address and port, by address, live binding, credentials. What none of them
knows is a stranger's: refused, or met with silence, as SS_REPLY_UNAUTHORIZED says.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from .authenticator import Authenticator, Proven, Reading
from .decisions import AdmittedBy, Allow, Decision
from .gate import Gate
from .policy import Policy
from .requests import SipRequest
from .sources import Sources

CHALLENGED_METHODS: Final = frozenset({"REGISTER", "INVITE", "REFER", "SUBSCRIBE"})
"""Those that need credentials; in a dialog it is the dialog that vouches (AUT-02)."""


class Admitter:
    """The door for calls and all else that is not a registration."""

    def __init__(
        self,
        sources: Sources,
        authenticator: Authenticator,
        gate: Gate,
        policy: Callable[[], Policy],
    ) -> None:
        self._sources = sources
        self._authenticator = authenticator
        self._gate = gate
        self._policy = policy

    async def admit(self, request: SipRequest, now: datetime) -> Decision:
        """Return who the request is of, or what its sender gets."""
        policy = self._policy()
        reading = self._authenticator.read(request, policy)
        username = reading.credentials.username if reading.credentials else ""
        allowed = self._sources.by_address(request, username)
        if allowed is not None:
            return self._fenced(allowed, request, policy)
        if request.method in CHALLENGED_METHODS:
            return await self._call(request, reading, username, policy, now)
        if await self._is_known(request, username, now):
            return Allow(None, AdmittedBy.NAME)
        return self._gate.stranger(request, policy)

    async def _call(
        self, request: SipRequest, reading: Reading, username: str, policy: Policy, now: datetime
    ) -> Decision:
        allowed = await self._sources.by_binding(request, now)
        if allowed is not None:
            return self._fenced(allowed, request, policy)
        if not await self._is_known(request, username, now):
            return self._gate.stranger(request, policy)
        identity = username or request.from_user
        if policy.access_ip_check and self._sources.is_barred(
            self._sources.named(identity), request
        ):
            return self._gate.stranger(request, policy)
        proof = await self._authenticator.authenticate(request, reading, identity, policy, now)
        if isinstance(proof, Proven):
            return Allow(proof.endpoint, AdmittedBy.DIGEST)
        return self._gate.refuse(proof.answer, request, policy, now)

    def _fenced(self, allowed: Allow, request: SipRequest, policy: Policy) -> Decision:
        if policy.access_ip_check and self._sources.is_barred(allowed.endpoint, request):
            return self._gate.stranger(request, policy)
        return allowed

    async def _is_known(self, request: SipRequest, username: str, now: datetime) -> bool:
        if self._sources.names_terminal(request, username):
            return True
        return await self._sources.has_binding(request, now)
