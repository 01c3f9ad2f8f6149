"""All configuration at one moment, compiled. A change makes a new one; calls keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ..documents.checks import NumberClass
from ..documents.mapping_gateway import MappingGatewaySpec
from ..documents.phone import PhoneSpec
from ..documents.routing_gateway import RoutingGatewaySpec
from ..documents.tables import GatewayGroupSpec, NumberTransformSpec
from ..numbers.pipeline import Tables
from ..numbers.transform import TransformTable
from .callers import (
    Caller,
    Endpoint,
    Kind,
    Phone,
    compile_called_phone,
    compile_calling_phone,
    compile_mapping_gateway,
)
from .gateways import Group, RoutingGateway, compile_routing_gateway
from .prefixes import PrefixIndex


class Documents(NamedTuple):
    """The documents a snapshot is made of, by name."""

    mapping_gateways: Mapping[str, MappingGatewaySpec] = {}
    routing_gateways: Mapping[str, RoutingGatewaySpec] = {}
    phones: Mapping[str, PhoneSpec] = {}
    groups: Mapping[str, GatewayGroupSpec] = {}
    transforms: Mapping[str, NumberTransformSpec] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Who calls, where calls can go, and what rewrites numbers."""

    callers: Mapping[Endpoint, Caller] = field(default_factory=dict)
    phones: Mapping[str, Phone] = field(default_factory=dict)
    gateways: Mapping[str, RoutingGateway] = field(default_factory=dict)
    index: PrefixIndex[RoutingGateway] = field(default_factory=lambda: PrefixIndex(()))
    """Gateways that can be candidates at all, by prefix."""
    tables: Tables = field(default_factory=Tables)

    def is_phone(self, number: str) -> bool:
        """Say whether a phone of this platform has the number."""
        return number in self.phones

    def is_working(self, calendar: str, local: datetime) -> bool:
        """Say whether a calendar calls that day working: without calendars every day is."""
        return True

    def number_class(self, number: str) -> NumberClass:
        """Return the class of a number: without area tables none is a city's or a mobile's."""
        return NumberClass.OTHER

    def area_code(self, number: str) -> str | None:
        """Return the code of the number's area, when a table knows it."""
        return self.tables.areas.area_code(number)

    def is_listed(self, number_list: str, number: str) -> bool:
        """Say whether a list holds the number: without a replica of the lists none does."""
        return False

    def is_white(self, number: str) -> bool:
        """Say whether the system white list holds the number."""
        return False


def build_snapshot(documents: Documents) -> Snapshot:
    """Compile `documents`, which were checked when they were written."""
    groups = {name: Group(name, spec.calls) for name, spec in documents.groups.items()}
    gateways = {
        name: compile_routing_gateway(name, spec, groups)
        for name, spec in sorted(documents.routing_gateways.items())
    }
    return Snapshot(
        callers=dict(_callers(documents)),
        phones={name: compile_called_phone(name, spec) for name, spec in documents.phones.items()},
        gateways=gateways,
        index=PrefixIndex(
            (prefix, gateway)
            for gateway in gateways.values()
            if gateway.barred is None
            for prefix in gateway.prefixes
        ),
        tables=Tables(_transforms(documents)),
    )


def _callers(documents: Documents) -> list[tuple[Endpoint, Caller]]:
    mapping = [
        (Endpoint(Kind.MAPPING_GATEWAY, name), compile_mapping_gateway(name, spec))
        for name, spec in documents.mapping_gateways.items()
    ]
    phones = [
        (Endpoint(Kind.PHONE, name), compile_calling_phone(name, spec))
        for name, spec in documents.phones.items()
    ]
    return mapping + phones


def _transforms(documents: Documents) -> TransformTable:
    return TransformTable(
        row for name, spec in sorted(documents.transforms.items()) for row in spec.parsed(name)
    )
