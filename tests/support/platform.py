"""A switch with the real routing between a customer, phones and a vendor, on a virtual clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.routed_switch import VENDOR_ADDRESS, RoutedBench
from support.routing import CUSTOMER, Specs
from support.switch import SWITCH, answers, gives, invite
from support.user_agent import UserAgent
from trunkline_signaling.calls.cdr import Cdr
from trunkline_signaling.shell.handovers import Handovers
from trunkline_signaling.shell.ports import Observer
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.message import Request

PHONE_1: Address = ("10.0.1.1", 5060)
PHONE_2: Address = ("10.0.1.2", 5060)


def platform(
    *agents: UserAgent,
    phones: Specs,
    parameters: Mapping[str, str] | None = None,
    customer: Mapping[str, Any] | None = None,
    observer: Observer | None = None,
    handovers: Handovers | None = None,
    address: Address = SWITCH,
    instance: str = "signaling-1",
) -> RoutedBench:
    """Return a switch with these phones, and a vendor for numbers that begin with 44.

    2001 is registered at `PHONE_1`, 2002 at `PHONE_2`; the others are offline.
    """
    bench = RoutedBench(
        *agents,
        parameters=parameters,
        observer=observer,
        handovers=handovers,
        address=address,
        instance=instance,
        mapping={CUSTOMER.name: customer or {}},
        phones=phones,
        routing={"vox": {"address": VENDOR_ADDRESS, "prefixes": ["44"]}},
    )
    bench.auth.phones = {
        "2001": (bench.binding("sip:2001@10.0.1.1:5060", PHONE_1),),
        "2002": (bench.binding("sip:2002@10.0.1.2:5060", PHONE_2),),
    }
    return bench


def to(callee: str) -> Request:
    """Return an INVITE of the customer to a number."""
    request = invite()
    request.headers.set("To", f"<sip:{callee}@10.0.0.1>")
    return Request("INVITE", f"sip:{callee}@10.0.0.1", request.headers, request.body)


def phone(address: Address, *statuses: int) -> UserAgent:
    """Return a phone that gives these responses, or answers."""
    return UserAgent(address, script=gives(*statuses) if statuses else answers)


def cdr_to(bench: RoutedBench, callee: str) -> Cdr:
    """Return the one CDR of a callee as billed."""
    (cdr,) = (each for each in bench.cdrs.cdrs if each.callee == callee)
    return cdr
