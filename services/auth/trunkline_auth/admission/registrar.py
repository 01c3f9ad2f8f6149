"""Admits a REGISTER and changes the terminal's binding in one step (SIG-24, AUT-06, AUT-07)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from ..identity import Directory, Endpoint, EndpointId, SocketAddress
from ..registrations import (
    MIN_EXPIRES,
    Bind,
    Binding,
    Bindings,
    Keep,
    Refuse,
    RefusedFor,
    Registration,
    RequestedContact,
    Ruling,
    Unbind,
    checked,
    rule,
)
from .authenticator import Asked, Authenticator, Proven, Reading, Refused
from .decisions import Challenged, Drop, Reason, Refusal, Reject
from .failures import FailureKey, Failures, Suspension, SuspensionKind
from .gate import Gate
from .policy import Policy
from .requests import SipRequest
from .sources import Sources

_REFUSALS: Final = {
    RefusedFor.BAD_CONTACT: Reject(400, Reason.MALFORMED, "a Contact is no SIP URI"),
    RefusedFor.BAD_WILDCARD: Reject(
        400, Reason.MALFORMED, "Contact * stands alone, with Expires 0 (RFC 3261 section 10.2.2)"
    ),
    RefusedFor.TOO_BRIEF: Reject(
        423,
        Reason.INTERVAL_TOO_BRIEF,
        "registrations last 60 s at least",
        min_expires=MIN_EXPIRES,
    ),
    RefusedFor.BOUND_ELSEWHERE: Reject(
        403, Reason.BOUND_ELSEWHERE, "another contact is bound and may not be replaced"
    ),
    RefusedFor.OUT_OF_ORDER: Reject(500, Reason.OUT_OF_ORDER, "a newer REGISTER came before"),
}


@dataclass(frozen=True, slots=True)
class RegisterRequest:
    """A REGISTER as signaling read it."""

    request: SipRequest
    contacts: Sequence[RequestedContact] = ()
    expires: timedelta | None = None
    cseq: int = 1
    sent_by: SocketAddress | None = None
    signaling_instance: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """The registration after the request: the 200's Contact."""

    endpoint: EndpointId
    binding: Binding | None
    """None when the terminal is bound no more, or never was."""
    granted: timedelta = timedelta(0)
    """Time to live of the binding from now."""


Outcome: TypeAlias = Registered | Refusal


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What a light check of one terminal found (AUT-08)."""

    endpoint: EndpointId
    contact: str
    """Which contact was asked."""
    alive: bool
    """Whether any SIP response came."""


class RegistrationListener(Protocol):
    """Hears of terminals as they come and go (MGT-14), and of suspensions."""

    def came_online(self, binding: Binding) -> None: ...

    def went_offline(self, binding: Binding) -> None: ...

    def suspended(self, suspension: Suspension) -> None: ...


class Registrar:
    """The door for registrations."""

    def __init__(
        self,
        directory: Directory,
        sources: Sources,
        authenticator: Authenticator,
        gate: Gate,
        bindings: Bindings,
        failures: Failures,
        listener: RegistrationListener,
        policy: Callable[[], Policy],
    ) -> None:
        self._directory = directory
        self._sources = sources
        self._authenticator = authenticator
        self._gate = gate
        self._bindings = bindings
        self._failures = failures
        self._listener = listener
        self._policy = policy

    async def register(self, asked: RegisterRequest, now: datetime) -> Outcome:
        """Return the registration as it stands after the request, or what its sender gets."""
        request, policy = asked.request, self._policy()
        reading = self._authenticator.read(request, policy)
        identity = _identity(request, reading)
        barred = policy.access_ip_check and self._sources.is_barred(
            self._sources.named(identity), request
        )
        known = not barred and await self._is_known(request, identity, now)
        if not known and not policy.reply_unauthorized:
            return self._gate.stranger(request, policy)
        key = FailureKey.of(SuspensionKind.REGISTRATION, identity, request.source.ip)
        suspension = await self._failures.suspension(key, now) if policy.register_retry else None
        if suspension is not None:
            return _suspended(suspension)
        proof = await self._authenticator.authenticate(
            request, reading, identity, policy, now, barred=barred
        )
        if isinstance(proof, Proven):
            return await self._bind(proof.endpoint, asked, key, policy, now)
        if not isinstance(proof, Asked | Refused):
            await self._count(key, policy, now)
        answer = self._gate.refuse(proof.answer, request, policy, now)
        return answer if known else _to_stranger(answer)

    async def _is_known(self, request: SipRequest, identity: str, now: datetime) -> bool:
        if self._sources.names_terminal(request, identity):
            return True
        if self._sources.by_address(request, identity) is not None:
            return True
        return await self._sources.has_binding(request, now)

    async def _bind(
        self,
        endpoint: Endpoint,
        asked: RegisterRequest,
        key: FailureKey,
        policy: Policy,
        now: datetime,
    ) -> Outcome:
        if asked.request.to_user not in (endpoint.username, endpoint.id.name):
            await self._count(key, policy, now)
            explanation = f"{endpoint.id} may not register another address-of-record"
            return Reject(403, Reason.FOREIGN_ADDRESS_OF_RECORD, explanation)
        current = await self._bindings.get(endpoint.id, now)
        ruling = rule(
            current,
            _registration(endpoint.id, asked),
            longest=policy.expire,
            replace_allowed=policy.register_replace,
            now=now,
        )
        if isinstance(ruling, Refuse):
            if ruling.why is not RefusedFor.BOUND_ELSEWHERE:  # AUT-07, edge
                await self._count(key, policy, now)
            return _REFUSALS[ruling.why]
        await self._failures.clear(key)
        return await self._apply(endpoint.id, ruling, current, now)

    async def _apply(
        self,
        endpoint: EndpointId,
        ruling: Ruling,
        current: Binding | None,
        now: datetime,
    ) -> Registered:
        match ruling:
            case Bind(binding=binding):
                await self._bindings.put(binding)
                if current is None or not current.reachable:
                    self._listener.came_online(binding)
                return Registered(endpoint, binding, binding.expires - now)
            case Unbind():
                await self.remove(endpoint)
                return Registered(endpoint, None)
            case Keep(binding=binding) if binding is not None:
                return Registered(endpoint, binding, binding.expires - now)
        return Registered(endpoint, None)

    async def remove(self, endpoint: EndpointId) -> Binding | None:
        """Unbind a terminal and return what it had; an operator may do so at any time."""
        gone = await self._bindings.remove(endpoint)
        if gone is not None and gone.reachable:
            self._listener.went_offline(gone)
        return gone

    async def expire(self, now: datetime) -> None:
        """Forget bindings that were not refreshed. To be called about every second."""
        for binding in await self._bindings.expire(now):
            if binding.reachable:
                self._listener.went_offline(binding)

    async def due_checks(
        self, signaling_instance: str, limit: int, now: datetime
    ) -> Sequence[Binding]:
        """Return the terminals that an instance is to check now (AUT-08)."""
        return await self._bindings.due(signaling_instance, self.check_interval, limit, now)

    @property
    def check_interval(self) -> timedelta:
        """Time between two light checks of a terminal."""
        return self._policy().check_interval

    async def report_check(self, found: CheckOutcome, now: datetime) -> None:
        """Take note of a light check; one of a contact that is bound no more changes nothing."""
        before = await self._bindings.get(found.endpoint, now)
        if before is None or before.contact != found.contact:
            return
        after = checked(before, found.alive)
        if after == before:
            return
        await self._bindings.put(after)
        if before.reachable and not after.reachable:
            self._listener.went_offline(after)
        if after.reachable and not before.reachable:
            self._listener.came_online(after)

    async def locate(self, endpoint: EndpointId, now: datetime) -> Binding | None:
        """Return where a terminal can be reached, or None while it is offline (SIG-24, AUT-08)."""
        if self._directory.get(endpoint) is None:
            return None
        binding = await self._bindings.get(endpoint, now)
        return binding if binding is not None and binding.reachable else None

    async def _count(self, key: FailureKey, policy: Policy, now: datetime) -> None:
        if not policy.register_retry:
            return
        suspension = await self._failures.record(
            key, policy.register_retry, policy.register_suspend, now
        )
        if suspension is not None:
            self._listener.suspended(suspension)


def _identity(request: SipRequest, reading: Reading) -> str:
    return reading.credentials.username if reading.credentials else request.to_user


def _suspended(suspension: Suspension) -> Reject:
    until = suspension.until.isoformat(timespec="seconds")
    return Reject(403, Reason.REGISTRATION_SUSPENDED, f"may not register until {until}")


def _to_stranger(answer: Refusal) -> Refusal:
    match answer:
        case Challenged(challenge):
            return Challenged(challenge, unknown_source=True)
        case Reject(status_code, reason, explanation):
            return Reject(status_code, reason, explanation, unknown_source=True)
        case Drop(reason, explanation):
            return Drop(reason, explanation, unknown_source=True)


def _registration(endpoint: EndpointId, asked: RegisterRequest) -> Registration:
    request = asked.request
    return Registration(
        endpoint=endpoint,
        contacts=asked.contacts,
        expires=asked.expires,
        source=request.source,
        transport=request.transport,
        call_id=request.call_id,
        cseq=asked.cseq,
        local=request.local,
        sent_by=asked.sent_by,
        user_agent=request.user_agent,
        signaling_instance=asked.signaling_instance,
    )
