"""The doors of auth over memory on a clock of the test's own, and clients that knock at them."""

import hashlib
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from trunkline_auth.admission.decisions import (
    Allow,
    Challenged,
    Decision,
    Drop,
    Refusal,
    Reject,
)
from trunkline_auth.admission.doors import Digest, Doors, SharedState, open_doors
from trunkline_auth.admission.failures import Suspension
from trunkline_auth.admission.policy import Policy
from trunkline_auth.admission.registrar import Registered, RegisterRequest
from trunkline_auth.admission.requests import SipRequest
from trunkline_auth.digest import Nonces, Secret
from trunkline_auth.identity import (
    AccessMode,
    AddressPattern,
    AreaMap,
    BindingTrust,
    Directory,
    Endpoint,
    EndpointId,
    EndpointKind,
    SocketAddress,
    parse_ip,
)
from trunkline_auth.memory import (
    MemoryBindings,
    MemoryFailures,
    MemoryNonceCounts,
    MemorySessions,
    NoJournal,
)
from trunkline_auth.registrations import Binding, RequestedContact

NOON: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REALM: Final = "trunkline.test"
SECRET: Final = b"a secret that all replicas share"


def address(text: str) -> SocketAddress:
    ip, _, port = text.rpartition(":")
    return SocketAddress(parse_ip(ip), int(port))


def phone(name: str, password: str, trust: BindingTrust = BindingTrust.NONE) -> Endpoint:
    return Endpoint(
        EndpointId(EndpointKind.PHONE, name),
        AccessMode.DIGEST,
        username=name,
        secret=Secret.of_password(name, REALM, password),
        trust=trust,
    )


def digest_gateway(
    name: str, username: str, password: str, trust: BindingTrust = BindingTrust.NONE
) -> Endpoint:
    return Endpoint(
        EndpointId(EndpointKind.MAPPING_GATEWAY, name),
        AccessMode.DIGEST,
        username=username,
        secret=Secret.of_password(username, REALM, password),
        trust=trust,
    )


def static_gateway(
    name: str,
    *addresses: str,
    mode: AccessMode = AccessMode.IP,
    kind: EndpointKind = EndpointKind.MAPPING_GATEWAY,
    username: str = "",
    callee_prefixes: tuple[str, ...] = (),
    priority: int = 100,
) -> Endpoint:
    return Endpoint(
        EndpointId(kind, name),
        mode,
        addresses=tuple(AddressPattern.parse(text) for text in addresses),
        username=username,
        callee_prefixes=callee_prefixes,
        priority=priority,
    )


@dataclass
class Witness:
    """Remembers what was said of terminals."""

    online: list[str] = field(default_factory=list)
    offline: list[str] = field(default_factory=list)
    suspensions: list[Suspension] = field(default_factory=list)

    def came_online(self, binding: Binding) -> None:
        self.online.append(binding.endpoint.name)

    def went_offline(self, binding: Binding) -> None:
        self.offline.append(binding.endpoint.name)

    def suspended(self, suspension: Suspension) -> None:
        self.suspensions.append(suspension)


def memory_state() -> SharedState:
    return SharedState(
        MemorySessions(), MemoryNonceCounts(), MemoryFailures(), MemoryBindings(NoJournal())
    )


class House:
    """A switch's doors, its clock and its parameters. Several replicas may share one state."""

    def __init__(
        self,
        *endpoints: Endpoint,
        policy: Policy | None = None,
        state: SharedState | None = None,
        seed: int = 1,
    ) -> None:
        self.now = NOON
        self.policy = policy or Policy()
        self.directory = Directory(endpoints)
        self.state = state or memory_state()
        self.witness = Witness()
        self.areas = AreaMap()
        self.doors: Doors = open_doors(
            self.directory,
            self.state,
            Digest(REALM, Nonces(SECRET)),
            self.witness,
            lambda: self.policy,
            random.Random(seed),
            lambda: self.areas,
        )

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def set(self, **parameters: object) -> None:
        self.policy = replace(self.policy, **parameters)  # type: ignore[arg-type]

    async def admit(self, request: SipRequest) -> Decision:
        return await self.doors.admitter.admit(request, self.now)

    async def register(self, request: RegisterRequest) -> Registered | Refusal:
        return await self.doors.registrar.register(request, self.now)

    async def locate(self, endpoint: Endpoint) -> Binding | None:
        return await self.doors.registrar.locate(endpoint.id, self.now)


def answer(
    challenge: str,
    username: str,
    password: str,
    method: str,
    *,
    nc: int = 1,
    uri: str = "sip:trunkline.test",
) -> str:
    """Return the Authorization that answers one challenge, worked out apart from the service."""
    parameters = {
        name: quoted or token
        for name, quoted, token in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', challenge)
    }
    algorithm = parameters["algorithm"]
    hash_: Callable[[str], str] = {
        "MD5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "SHA-256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    }[algorithm]
    ha1 = hash_(f"{username}:{parameters['realm']}:{password}")
    ha2 = hash_(f"{method}:{uri}")
    response = hash_(f"{ha1}:{parameters['nonce']}:{nc:08x}:0a4f113b:auth:{ha2}")
    return (
        f'Digest username="{username}", realm="{parameters["realm"]}", '
        f'nonce="{parameters["nonce"]}", uri="{uri}", response="{response}", '
        f'algorithm={algorithm}, cnonce="0a4f113b", qop=auth, nc={nc:08x}'
    )


class Knocker:
    """A client at one address, with one Call-ID at a time."""

    def __init__(
        self, house: House, user: str, password: str, source: str = "203.0.113.7:5060"
    ) -> None:
        self.house = house
        self.user = user
        self.password = password
        self.source = address(source)
        self.call_id = "call-1"
        self.cseq = 0
        self.nc = 0
        self.challenge: Challenged | None = None

    def new_call(self) -> None:
        """Begin anew, with another Call-ID and no challenge to answer."""
        self.call_id = f"call-{int(self.call_id.partition('-')[2]) + 1}"
        self.challenge = None

    def request(self, method: str, to_user: str = "", password: str | None = None) -> SipRequest:
        """Return a request that answers the last challenge, if there was one."""
        self.cseq += 1
        values = self._credentials(method, password)
        in_proxy_header = self.challenge is not None and self.status == 407
        return SipRequest(
            method,
            self.source,
            self.call_id,
            request_user=to_user,
            from_user=self.user,
            to_user=to_user or self.user,
            branch=f"z9hG4bK-{self.cseq}",
            authorization=() if in_proxy_header else values,
            proxy_authorization=values if in_proxy_header else (),
        )

    @property
    def status(self) -> int:
        assert self.challenge is not None
        return self.challenge.challenge.status_code

    def _credentials(self, method: str, password: str | None) -> tuple[str, ...]:
        if self.challenge is None:
            return ()
        self.nc += 1
        value = self.challenge.challenge.header_values()[0]
        return (answer(value, self.user, password or self.password, method, nc=self.nc),)

    async def invite(self, callee: str = "4930123456", password: str | None = None) -> Decision:
        """Send one INVITE, and keep the challenge it meets."""
        decision = await self.house.admit(self.request("INVITE", callee, password))
        self._keep(decision)
        return decision

    async def register(
        self,
        *contacts: str,
        password: str | None = None,
        expires: int | None = None,
        instance_id: str = "",
    ) -> Registered | Refusal:
        """Send one REGISTER, and keep the challenge it meets."""
        outcome = await self.house.register(
            self.registration(contacts, password, expires, instance_id)
        )
        self._keep(outcome)
        return outcome

    def registration(
        self,
        contacts: Iterable[str] = (),
        password: str | None = None,
        expires: int | None = None,
        instance_id: str = "",
    ) -> RegisterRequest:
        wanted = tuple(contacts) or (f"sip:{self.user}@{self.source}",)
        return RegisterRequest(
            self.request("REGISTER", password=password),
            contacts=[RequestedContact(uri, instance_id=instance_id) for uri in wanted],
            expires=None if expires is None else timedelta(seconds=expires),
            cseq=self.cseq,
        )

    def _keep(self, decision: Decision | Registered) -> None:
        if isinstance(decision, Challenged):
            self.challenge = decision
            self.nc = 0

    async def signed_register(self, *contacts: str, **more: object) -> Registered | Refusal:
        """Register through a challenge."""
        await self.register(*contacts, **more)  # type: ignore[arg-type]
        return await self.register(*contacts, **more)  # type: ignore[arg-type]


def status(decision: Decision | Registered) -> int:
    """Return the SIP status a decision becomes: 200 where it goes on, 0 for silence."""
    match decision:
        case Allow() | Registered():
            return 200
        case Challenged(challenge):
            return challenge.status_code
        case Reject(status_code):
            return status_code
        case Drop():
            return 0
