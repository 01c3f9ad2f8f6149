"""The switch's configuration in a simulation: customers, vendors, rates and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from trunkline_signaling.calls.session_timer import TimerParameters
from trunkline_signaling.sip.flow import Address

Specs = dict[str, dict[str, dict[str, Any]]]
"""Specs by kind and name."""

SWITCH: Final[Address] = ("10.0.0.1", 5060)
PASSWORD: Final = "correct horse battery staple"


@dataclass(frozen=True)
class Customer:
    """A mapping gateway."""

    name: str
    address: Address
    account: str
    digest: bool = False
    stranger: bool = False
    """Nobody has configured it."""
    share: int = 4
    """How many of the calls it places, beside the others."""


@dataclass(frozen=True)
class Line(Customer):
    """A phone, which calls as a customer's gateway does, is called, and registers."""

    forwarding: Mapping[str, Any] = field(default_factory=dict)
    refuses: bool = False
    """Do not disturb."""
    moves: bool = False
    """Nobody reaches it at times, though it is registered."""
    registers: bool = True


@dataclass(frozen=True)
class Vendor:
    """A routing gateway."""

    name: str
    address: Address
    account: str


@dataclass(frozen=True)
class Configuration:
    """What is applied before the first call."""

    customers: tuple[Customer, ...]
    lines: tuple[Line, ...]
    vendors: tuple[Vendor, ...]
    auth: Specs
    routing: Specs
    billing: Specs
    routing_parameters: Mapping[str, str]
    billing_parameters: Mapping[str, str]
    media_capacity: int
    timers: TimerParameters


CUSTOMERS: Final = (
    Customer("rich", ("10.0.1.1", 5060), "rich"),
    Customer("relayed", ("10.0.1.2", 5060), "rich"),
    Customer("poor", ("10.0.1.3", 5060), "poor"),
    Customer("child", ("10.0.1.4", 5060), "child"),
    Customer("digest", ("10.0.1.5", 5060), "rich", digest=True),
    Customer("crowded", ("10.0.1.6", 5060), "rich"),
    Customer("broke", ("10.0.1.7", 5060), "broke", share=1),
    Customer("stranger", ("10.0.1.8", 5060), "", stranger=True, share=1),
)

ELSEWHERE: Final = "44900"
"""A vendor's number that phones pass calls on to."""


def _line(place: int, *, share: int = 0, **more: Any) -> Line:
    address = ("10.0.4.1", 5060 + place)
    return Line(f"200{place}", address, "office", digest=True, share=share, **more)


LINES: Final = (
    _line(1, share=1, forwarding={"busy": {"numbers": [ELSEWHERE]}}),
    _line(2, share=1, forwarding={"busy": {"numbers": ["2001"]}}),
    _line(3, forwarding={"noAnswer": {"numbers": ["2001", ELSEWHERE], "alert": 5}}),
    _line(4, moves=True, forwarding={"offline": {"numbers": ["2002"]}}),
    _line(5, forwarding={"unconditional": {"numbers": ["2001", "2003"], "method": "simultaneous"}}),
    _line(6, refuses=True),
    _line(7, forwarding={"unconditional": {"numbers": ["2008"]}}),
    _line(8, forwarding={"unconditional": {"numbers": ["2007"]}}),
    _line(9, registers=False),
)
"""2007 and 2008 pass all calls on to each other: none arrives (SIG-22)."""

VENDORS: Final = (
    Vendor("first", ("10.0.2.1", 5060), "vendor-a"),
    Vendor("second", ("10.0.2.2", 5060), "vendor-b"),
    Vendor("narrow", ("10.0.2.3", 5060), "vendor-b"),
    Vendor("last", ("10.0.2.4", 5060), "vendor-a"),
)


def draw_configuration(random: Random) -> Configuration:
    """Return a configuration; what may differ between installations is drawn."""
    return Configuration(
        CUSTOMERS,
        LINES,
        VENDORS,
        auth={
            "MappingGateway": {c.name: _access(c) for c in CUSTOMERS if not c.stranger},
            "Phone": {line.name: {"access": {"password": PASSWORD}} for line in LINES},
        },
        routing={
            "MappingGateway": {c.name: _customer(c, random) for c in CUSTOMERS if not c.stranger},
            "RoutingGateway": {
                v.name: _vendor(v, place, random) for place, v in enumerate(VENDORS)
            },
            "Phone": {line.name: _phone(line, random) for line in LINES},
        },
        billing=_money(),
        routing_parameters={
            "SS_GATEWAY_SWITCH_UNTIL_CONNECT": random.choice(("On", "Off")),
        },
        billing_parameters={
            "SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME": random.choice(("0", "30", "60")),
            "SERVER_BILLING_FEE_PRECISION": random.choice(("2", "4")),
        },
        media_capacity=random.choice((60, 1000)),
        timers=TimerParameters(
            ttl=random.choice((90, 120, 600)),
            segment=random.choice((2, 5, 10)),
            early_hangup=random.choice((0, 0, 20, 60)),
            no_timer_limit=random.choice((0, 100, 7200)),
        ),
    )


def _access(customer: Customer) -> dict[str, Any]:
    if customer.digest:
        return {"access": {"mode": "digest", "username": customer.name, "password": PASSWORD}}
    return {"access": {"mode": "ip", "addresses": [customer.address[0]]}}


def _customer(customer: Customer, random: Random) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "account": customer.account,
        "duration": {"least": 240, "most": 300},  # ends calls that both sides have left
    }
    if customer.name == "relayed":
        spec["media"] = {"proxy": "mustOn", "check": "received"}
    else:
        spec["media"] = {"proxy": random.choice(("on", "auto", "off")), "check": "received"}
    spec["sip"] = _sip(random)
    if customer.name == "crowded":
        spec["capacity"] = {"calls": 8}
        spec["setupTimeout"] = 25
    return spec


def _phone(line: Line, random: Random) -> dict[str, Any]:
    return {
        "account": line.account,
        "duration": {"least": 240, "most": 300},
        "media": {"proxy": random.choice(("on", "auto", "off")), "check": "received"},
        "sip": _sip(random),
        "doNotDisturb": line.refuses,
        "forwarding": dict(line.forwarding),
        "transfer": {"allowed": True},
    }


def _sip(random: Random) -> dict[str, Any]:
    """Return a side's SIP options (SIG-03, SIG-19)."""
    return {
        "sessionTimer": random.random() < 0.8,
        "reliableProvisionals": random.random() < 0.5,
        "remoteRingSignal": random.choice(("passthrough", "183WithSdp", "180WithSdp")),
    }


def _vendor(vendor: Vendor, place: int, random: Random) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "account": vendor.account,
        "address": f"{vendor.address[0]}:{vendor.address[1]}",
        "prefixes": ["44"],
        "priority": 10 * (place + 1),
        "timeouts": {"invite": 6},
        "sip": _sip(random),
    }
    if vendor.name == "narrow":
        spec["capacity"] = {"calls": 3}
    return spec


def _money() -> Specs:
    def account(balance: str, **more: Any) -> dict[str, Any]:
        plain = {"currency": "USD", "openingBalance": balance, "rateGroup": "retail"}
        return {**plain, **more}

    rates = {
        "retail": {"perMinute": "0.6000", "firstInterval": 30, "interval": 6},
        "wholesale": {"perMinute": "0.1370", "firstInterval": 1, "interval": 1},
    }
    return {
        "RateGroup": {
            name: {"rates": [{"prefix": prefix, **rate} for prefix in ("2", "44")]}
            for name, rate in rates.items()
        },
        "Account": {
            "rich": account("100000"),
            "poor": account("25.00"),
            "office": account("100000"),
            "agent": account("100000", rateGroup="wholesale"),
            "child": account("100000", agent="agent"),
            "broke": account("0"),
            "vendor-a": account("0", type="clearing", rateGroup="wholesale"),
            "vendor-b": account("0", type="clearing", rateGroup="wholesale"),
        },
    }
