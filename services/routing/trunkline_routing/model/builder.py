"""Keeps what documents compile to, and makes snapshots of it.

Only what changed is compiled again, so that one phone more costs the same whether there are ten or
a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import BaseModel
from trunkline_kernel.vault import BadKey

from ..documents.areas import AreaTableSpec, MobileTableSpec
from ..documents.bound_number import BoundNumberSpec
from ..documents.calendar import CalendarSpec
from ..documents.domain import DomainSpec
from ..documents.kinds import (
    AREA_TABLE,
    BOUND_NUMBER,
    CALENDAR,
    DOMAIN,
    GATEWAY_GROUP,
    LRN_TABLE,
    MAPPING_GATEWAY,
    MOBILE_TABLE,
    NUMBER_TRANSFORM,
    PHONE,
    ROUTING_GATEWAY,
)
from ..documents.lrn_table import LrnTableSpec
from ..documents.mapping_gateway import MappingGatewaySpec
from ..documents.phone import PhoneSpec
from ..documents.routing_gateway import RoutingGatewaySpec
from ..documents.tables import GatewayGroupSpec, NumberTransformSpec, TransformRows
from ..documents.vault import GatewayVault
from ..lrn.table import LrnTable
from ..numbers.pipeline import Tables
from ..numbers.transform import TransformTable
from .areas import Areas
from .calendars import Calendar
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
from .snapshot import Snapshot

log = structlog.stdlib.get_logger(__name__)


class SnapshotBuilder:
    """Takes documents as they come and go."""

    def __init__(self, vault: GatewayVault | None = None) -> None:
        """`vault` opens passwords that were sealed; without it they are taken as they are."""
        self._vault = vault
        self._callers: dict[Endpoint, Caller] = {}
        self._phones: dict[str, Phone] = {}
        self._bound_numbers: dict[str, str] = {}
        self._specs: dict[str, RoutingGatewaySpec] = {}
        self._gateways: dict[str, RoutingGateway] = {}
        self._groups: dict[str, Group] = {}
        self._transforms: dict[str, NumberTransformSpec] = {}
        self._index: PrefixIndex[RoutingGateway] = PrefixIndex(())
        self._area_tables: dict[str, AreaTableSpec] = {}
        self._mobile_tables: dict[str, MobileTableSpec] = {}
        self._lrn_tables: dict[str, LrnTableSpec] = {}
        self._calendars: dict[str, Calendar] = {}
        self._domains: dict[str, DomainSpec] = {}
        self._tables = Tables()
        self._areas = Areas()
        self._lrn = LrnTable()
        self._gateways_changed = False
        self._tables_changed = False
        self._lrn_changed = False

    def take(self, kind: str, name: str, spec: BaseModel | None) -> None:
        """Take one document as it is now; without a spec it is gone."""
        if kind == MAPPING_GATEWAY.name:
            self._take_mapping_gateway(name, spec)
        elif kind == ROUTING_GATEWAY.name:
            self._take_routing_gateway(name, spec)
        elif kind == PHONE.name:
            self._take_phone(name, spec)
        elif kind == BOUND_NUMBER.name:
            account = spec.account if isinstance(spec, BoundNumberSpec) else None
            _set(self._bound_numbers, name, account)
        elif kind == GATEWAY_GROUP.name:
            self._take_group(name, spec)
        elif kind == CALENDAR.name:
            calendar = Calendar(spec) if isinstance(spec, CalendarSpec) else None
            _set(self._calendars, name, calendar)
        elif kind == DOMAIN.name:
            _set(self._domains, name, spec)
        elif kind == LRN_TABLE.name:
            _set(self._lrn_tables, name, spec)
            self._lrn_changed = True
        elif (table := self._tables_of(kind)) is not None:
            _set(table, name, spec)
            self._tables_changed = True

    def snapshot(self) -> Snapshot:
        """Return everything as it is now."""
        if self._gateways_changed:
            self._compile_gateways()
        if self._tables_changed:
            self._compile_tables()
        if self._lrn_changed:
            self._lrn = LrnTable([spec.rows for _, spec in sorted(self._lrn_tables.items())])
            self._lrn_changed = False
        return Snapshot(
            dict(self._callers),
            dict(self._phones),
            dict(self._bound_numbers),
            dict(self._gateways),
            self._index,
            self._tables,
            self._areas,
            dict(self._calendars),
            self._lrn,
            dict(self._domains),
        )

    def _take_mapping_gateway(self, name: str, spec: BaseModel | None) -> None:
        endpoint = Endpoint(Kind.MAPPING_GATEWAY, name)
        caller = (
            compile_mapping_gateway(name, spec) if isinstance(spec, MappingGatewaySpec) else None
        )
        _set(self._callers, endpoint, caller)

    def _take_routing_gateway(self, name: str, spec: BaseModel | None) -> None:
        if self._vault is not None and isinstance(spec, RoutingGatewaySpec):
            spec = _opened(self._vault, name, spec)
        _set(self._specs, name, spec)
        self._gateways.pop(name, None)
        self._gateways_changed = True

    def _take_phone(self, name: str, spec: BaseModel | None) -> None:
        endpoint = Endpoint(Kind.PHONE, name)
        if isinstance(spec, PhoneSpec):
            self._callers[endpoint] = compile_calling_phone(name, spec)
            self._phones[name] = compile_called_phone(name, spec)
        else:
            self._callers.pop(endpoint, None)
            self._phones.pop(name, None)

    def _take_group(self, name: str, spec: BaseModel | None) -> None:
        group = Group(name, spec.calls) if isinstance(spec, GatewayGroupSpec) else None
        _set(self._groups, name, group)
        for gateway, each in self._specs.items():
            if name in each.groups:
                self._gateways.pop(gateway, None)
        self._gateways_changed = True

    def _compile_gateways(self) -> None:
        for name, spec in self._specs.items():
            if name not in self._gateways:
                self._gateways[name] = compile_routing_gateway(name, spec, self._groups)
        self._gateways = {name: self._gateways[name] for name in sorted(self._specs)}
        self._index = PrefixIndex(
            (prefix, gateway)
            for gateway in self._gateways.values()
            if gateway.barred is None
            for prefix in gateway.prefixes
        )
        self._gateways_changed = False

    def _tables_of(self, kind: str) -> dict[str, Any] | None:
        tables: dict[str, dict[str, Any]] = {
            NUMBER_TRANSFORM.name: self._transforms,
            AREA_TABLE.name: self._area_tables,
            MOBILE_TABLE.name: self._mobile_tables,
        }
        return tables.get(kind)

    def _compile_tables(self) -> None:
        transforms = sorted(self._transforms.items())
        self._areas = Areas(
            [spec.areas for _, spec in sorted(self._area_tables.items())],
            [spec.mobiles for _, spec in sorted(self._mobile_tables.items())],
        )
        self._tables = Tables(
            TransformTable([TransformRows(name, spec.rows) for name, spec in transforms]),
            self._areas,
        )
        self._tables_changed = False


def build_snapshot(documents: Mapping[str, Mapping[str, BaseModel]]) -> Snapshot:
    """Compile documents by kind and name, which were checked when they were written."""
    builder = SnapshotBuilder()
    for kind, specs in documents.items():
        for name, spec in specs.items():
            builder.take(kind, name, spec)
    return builder.snapshot()


def _opened(vault: GatewayVault, name: str, spec: RoutingGatewaySpec) -> RoutingGatewaySpec:
    """Return the spec with its password; without one when the key is not the right one."""
    try:
        return vault.opened(name, spec)
    except BadKey as error:
        log.error("vendor is used without its password", gateway=name, problem=str(error))
        return spec.model_copy(update={"credentials": None})


def _set(held: dict[Any, Any], key: object, value: object | None) -> None:
    if value is None:
        held.pop(key, None)
    else:
        held[key] = value
