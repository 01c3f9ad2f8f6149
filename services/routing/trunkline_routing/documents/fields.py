"""Types that fields of several documents share, each checked where it is read.

Fields are camelCase words; spans are in seconds. An unset three-valued field means the parameter.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, Field
from trunkline_kernel.documents import Spec

from ..numbers.dialplan import DialPlan

_DIGITS: Final = re.compile(r"[0-9*#]{0,32}\Z")
_HOST: Final = re.compile(r"\[[0-9A-Fa-f:.]+\]\Z|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")


class Switch(StrEnum):
    """A setting of an object that may leave the decision to the parameter."""

    DEFAULT = "default"
    ALLOW = "allow"
    FORBID = "forbid"


class OnOff(StrEnum):
    """A feature of an object that may leave the decision to the parameter."""

    DEFAULT = "default"
    ON = "on"
    OFF = "off"


class CallLevel(StrEnum):
    """How far calls may go: the rate's own level must not be above it (AUT-19)."""

    NETWORK = "network"
    LOCAL = "local"
    DOMESTIC = "domestic"
    INTERNATIONAL = "international"


class ListMode(StrEnum):
    """Whether what is listed may pass, or all but what is listed."""

    ALLOW = "allow"
    DENY = "deny"


def _prefix(text: str) -> str:
    if not _DIGITS.match(text):
        raise ValueError(f"{text!r} is not a prefix: expected up to 32 digits, * or #")
    return text


def _plan(text: str) -> str:
    DialPlan.parse(text)
    return text


Name = Annotated[str, Field(min_length=1, max_length=64)]
"""Name of another document."""

Prefix = Annotated[str, AfterValidator(_prefix)]
"""Beginning of a number; empty matches every number."""

AreaCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9*#-]{1,32}$")]
"""What an area is called in rules: its dialling code, or a state's letters."""

PlanText = Annotated[str, AfterValidator(_plan)]
"""A dial plan in its text form (RTE-03)."""

Length = Annotated[int, Field(ge=1, le=32)]
"""Length of a number."""

Price = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=10, allow_inf_nan=False)]
"""Money, not negative, in the currency of the account it concerns."""

Calls = Annotated[int, Field(ge=0, le=1_000_000)]
"""A number of calls at once."""

Seconds = Annotated[int, Field(ge=0, le=3600)]
"""A wait; 0 means the parameter."""

SipFailure = Annotated[int, Field(ge=300, le=699)]
"""A final SIP status that is no success."""

T = TypeVar("T")


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) != len(values):
        raise ValueError("expected each value once")
    return values


Distinct = Annotated[tuple[T, ...], AfterValidator(_distinct)]
"""A list in which nothing stands twice."""


class Transport(StrEnum):
    """How a gateway is spoken to."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Address(Spec):
    """A host and port; port 0 leaves it to DNS or the transport."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def parse_address(text: str) -> Address:
    """Read `host`, `host:port` or `[ipv6]:port`. Raises `ValueError` saying what was expected."""
    host, colon, port = text.rpartition(":") if re.search(r":\d+\Z", text) else (text, "", "")
    if not _HOST.match(host) or (host.count(":") and not host.startswith("[")):
        raise ValueError(f"{text!r} is not an address: expected host, host:port or [ipv6]:port")
    if colon and not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r}: port {port} is out of 1-65535")
    return Address(host=host.strip("[]"), port=int(port or 0))


def _address(text: str) -> str:
    parse_address(text)
    return text


AddressText = Annotated[str, AfterValidator(_address)]
"""Where a gateway is: host, host:port or [ipv6]:port."""


def domain_in(text: str) -> str:
    """Return the host of an address as the name of a Domain, lower case."""
    return parse_address(text).host.lower()


def _host(text: str) -> str:
    if not _HOST.match(text):
        raise ValueError(f"{text!r} is not a host: expected a name, an IPv4 address or [ipv6]")
    return text.strip("[]")


HostText = Annotated[str, AfterValidator(_host)]
"""A host name or an IP address."""
