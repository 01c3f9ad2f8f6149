"""What a REGISTER of an authenticated terminal does to its binding (SIG-24, AUT-06).

One terminal has one binding. Everything here is arithmetic on values: the binding it has, what it
asks for, and the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, TypeAlias

from ..identity import DEFAULT_SIP_PORT, EndpointId, IPAddress, SocketAddress, Transport
from .bindings import Binding
from .contacts import ContactUri

MIN_EXPIRES: Final = timedelta(seconds=60)
WILDCARD: Final = "*"
_ZERO: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class RequestedContact:
    """One Contact of a REGISTER."""

    uri: str
    expires: timedelta | None = None
    """Its own expires parameter; None where it has none."""
    instance_id: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a terminal asks for."""

    endpoint: EndpointId
    contacts: Sequence[RequestedContact]
    """None at all asks what is bound."""
    expires: timedelta | None
    """The Expires header; None where there is none."""
    source: SocketAddress
    transport: Transport
    call_id: str
    cseq: int
    local: SocketAddress | None = None
    sent_by: SocketAddress | None = None
    """Of the topmost Via, port 0 where it names none; None where it has a host name."""
    user_agent: str = ""
    signaling_instance: str = ""


@dataclass(frozen=True, slots=True)
class Bind:
    """The terminal gets this binding."""

    binding: Binding
    replaced: Binding | None
    """The one it takes the place of; None for a first registration and for a refresh."""


@dataclass(frozen=True, slots=True)
class Unbind:
    """The terminal loses its binding."""


@dataclass(frozen=True, slots=True)
class Keep:
    """All stays as it is."""

    binding: Binding | None


class RefusedFor(Enum):
    """Why a registration is not accepted."""

    BAD_CONTACT = auto()
    BAD_WILDCARD = auto()
    TOO_BRIEF = auto()
    BOUND_ELSEWHERE = auto()
    OUT_OF_ORDER = auto()


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing changes, and the terminal is told so."""

    why: RefusedFor


Ruling: TypeAlias = Bind | Unbind | Keep | Refuse


def rule(
    current: Binding | None,
    asked: Registration,
    *,
    longest: timedelta,
    replace_allowed: bool,
    now: datetime,
) -> Ruling:
    """Return what becomes of the terminal's binding.

    Args:
        current: The live binding, if any.
        asked: The REGISTER.
        longest: SS_ENDPOINT_EXPIRE.
        replace_allowed: SS_ENDPOINT_REGISTER_REPLACE.
        now: The present.
    """
    if not asked.contacts:
        return Keep(current)
    if current and current.call_id == asked.call_id and asked.cseq < current.cseq:
        return Refuse(RefusedFor.OUT_OF_ORDER)
    if any(contact.uri == WILDCARD for contact in asked.contacts):
        return _wildcard(asked)
    if any(ContactUri.parse(contact.uri) is None for contact in asked.contacts):
        return Refuse(RefusedFor.BAD_CONTACT)
    wanted = [each for each in asked.contacts if _span(each, asked, longest) > _ZERO]
    if not wanted:
        return _remove(current, asked)
    return _bind(current, asked, wanted[0], longest, replace_allowed, now)


def _wildcard(asked: Registration) -> Ruling:
    if len(asked.contacts) == 1 and asked.expires == _ZERO:
        return Unbind()
    return Refuse(RefusedFor.BAD_WILDCARD)


def _remove(current: Binding | None, asked: Registration) -> Ruling:
    if current and any(is_same_contact(current, contact) for contact in asked.contacts):
        return Unbind()
    return Keep(current)


def _bind(
    current: Binding | None,
    asked: Registration,
    contact: RequestedContact,
    longest: timedelta,
    replace_allowed: bool,
    now: datetime,
) -> Ruling:
    span = _span(contact, asked, longest)
    if span < MIN_EXPIRES:
        return Refuse(RefusedFor.TOO_BRIEF)
    fresh = _binding(asked, contact, now, min(span, longest))
    if current is None:
        return Bind(fresh, replaced=None)
    if is_same_contact(current, contact):
        return Bind(replace(fresh, registered=current.registered), replaced=None)
    removes_old = any(is_same_contact(current, each) for each in asked.contacts)
    if not (replace_allowed or removes_old):
        return Refuse(RefusedFor.BOUND_ELSEWHERE)
    return Bind(fresh, replaced=current)


def _binding(
    asked: Registration, contact: RequestedContact, now: datetime, span: timedelta
) -> Binding:
    return Binding(
        endpoint=asked.endpoint,
        contact=contact.uri,
        received=asked.source,
        transport=asked.transport,
        registered=now,
        updated=now,
        expires=now + span,
        call_id=asked.call_id,
        cseq=asked.cseq,
        local=asked.local,
        user_agent=asked.user_agent,
        instance_id=contact.instance_id,
        signaling_instance=asked.signaling_instance,
        behind_nat=is_behind_nat(contact.uri, asked),
    )


def _span(contact: RequestedContact, asked: Registration, longest: timedelta) -> timedelta:
    if contact.expires is not None:
        return contact.expires
    return longest if asked.expires is None else asked.expires


def is_same_contact(binding: Binding, contact: RequestedContact) -> bool:
    """Return whether a Contact is the one that is bound: same instance, or else the same URI.

    A device that says who it is (+sip.instance) stays the same when its port changes (AUT-06).
    """
    if binding.instance_id and contact.instance_id:
        return binding.instance_id == contact.instance_id
    if binding.contact == contact.uri:
        return True
    return ContactUri.parse(binding.contact) == ContactUri.parse(contact.uri)


def is_behind_nat(uri: str, asked: Registration) -> bool:
    """Return whether Contact or Via say another address than the packet came from (SIG-07).

    Ports count over UDP only: a TCP client's is its system's choice. A host name tells nothing.
    """
    contact = ContactUri.parse(uri)
    said = [(contact.ip, contact.port or DEFAULT_SIP_PORT)] if contact else []
    if asked.sent_by is not None:
        said.append((asked.sent_by.ip, asked.sent_by.port or DEFAULT_SIP_PORT))
    return any(ip is not None and _differs(ip, port, asked) for ip, port in said)


def _differs(ip: IPAddress, port: int, asked: Registration) -> bool:
    if asked.transport is Transport.UDP:
        return SocketAddress(ip, port) != asked.source
    return ip != asked.source.ip
