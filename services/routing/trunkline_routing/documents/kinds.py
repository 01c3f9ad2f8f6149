"""The kinds that routing keeps, in the order of their applying, and what must fit across them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations
from typing import Any, Final

from trunkline_kernel.documents import Kind, Planned, Problem

from ..numbers.transform import duplicates
from .areas import AreaTableSpec, MobileTableSpec
from .bound_number import BoundNumberSpec
from .calendar import CalendarSpec
from .domain import HOST_NAME, DomainSpec
from .lrn_table import LrnTableSpec
from .mapping_gateway import MappingGatewaySpec
from .phone import PhoneSpec
from .route_test import RouteTestSpec
from .routing_gateway import RoutingGatewaySpec
from .tables import GatewayGroupSpec, NumberTransformSpec
from .vault import GatewayVault

_NUMBER: Final = re.compile(r"[0-9]{1,32}\Z")

DOMAIN: Final = Kind("Domain", DomainSpec, module="gateways")
GATEWAY_GROUP: Final = Kind("GatewayGroup", GatewayGroupSpec, module="gateways")
CALENDAR: Final = Kind("Calendar", CalendarSpec, module="gateways")
AREA_TABLE: Final = Kind("AreaTable", AreaTableSpec, keeps_version=True, module="numbers")
MOBILE_TABLE: Final = Kind("MobileTable", MobileTableSpec, keeps_version=True, module="numbers")
LRN_TABLE: Final = Kind("LrnTable", LrnTableSpec, keeps_version=True, module="numbers")
NUMBER_TRANSFORM: Final = Kind(
    "NumberTransform", NumberTransformSpec, keeps_version=True, module="numbers"
)
MAPPING_GATEWAY: Final = Kind("MappingGateway", MappingGatewaySpec, module="gateways")
ROUTING_GATEWAY: Final = Kind("RoutingGateway", RoutingGatewaySpec, module="gateways")
PHONE: Final = Kind("Phone", PhoneSpec, module="phones")
BOUND_NUMBER: Final = Kind("BoundNumber", BoundNumberSpec, module="phones")
ROUTE_TEST: Final = Kind("RouteTest", RouteTestSpec, module="gateways")

KINDS: Final = (
    DOMAIN,
    GATEWAY_GROUP,
    CALENDAR,
    AREA_TABLE,
    MOBILE_TABLE,
    LRN_TABLE,
    NUMBER_TRANSFORM,
    MAPPING_GATEWAY,
    ROUTING_GATEWAY,
    PHONE,
    BOUND_NUMBER,
    ROUTE_TEST,
)


def kinds_sealed_by(vault: GatewayVault) -> list[Kind[Any]]:
    """Return the kinds, passwords sealed before they are stored."""
    sealed = replace(ROUTING_GATEWAY, prepare=vault.prepare)
    return [sealed if kind is ROUTING_GATEWAY else kind for kind in KINDS]


def transforms_are_unique(planned: Planned) -> Iterator[Problem]:
    """Refuse a row whose party, point and original another document's row has (RTE-01)."""
    documents = sorted(planned.of(NUMBER_TRANSFORM.name).items())
    for (one, spec), (other, another) in combinations(documents, 2):
        rows = chain(spec.shared(another, one), another.shared(spec, other))
        for first, again in duplicates(rows):
            name, _, place = again.id.partition("[")
            message = f"the {again.party} original {again.original.text!r} is that of {first.id}"
            yield Problem(NUMBER_TRANSFORM.name, name, f"spec.rows[{place}", message)


def names_are_numbers(planned: Planned) -> Iterator[Problem]:
    """Refuse a phone whose name can't be dialled, and a bound number that nobody can call from."""
    for kind in (PHONE, BOUND_NUMBER):
        for name in planned.of(kind.name):
            if not _NUMBER.match(name):
                yield Problem(kind.name, name, "name", "expected its number, 1-32 digits")


def domains_are_host_names(planned: Planned) -> Iterator[Problem]:
    """Refuse a domain whose name is no host name, in lower case (MGT-06)."""
    for name in planned.of(DOMAIN.name):
        if name != name.lower() or not HOST_NAME.fullmatch(name):
            expected = "expected a host name of two labels or more, lower case: sip.example.com"
            yield Problem(DOMAIN.name, name, "name", expected)


CHECKS: Final = (transforms_are_unique, names_are_numbers, domains_are_host_names)
