"""All configuration at one moment, compiled. A change makes a new one; calls keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..documents.checks import NumberClass
from ..documents.domain import DomainSpec
from ..lrn.table import LrnTable
from ..numbers.pipeline import Tables
from .areas import Areas
from .calendars import Calendar
from .callers import Caller, Endpoint, Phone
from .gateways import RoutingGateway
from .prefixes import PrefixIndex


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Who calls, where calls can go, and what rewrites numbers."""

    callers: Mapping[Endpoint, Caller] = field(default_factory=dict)
    phones: Mapping[str, Phone] = field(default_factory=dict)
    bound_numbers: Mapping[str, str] = field(default_factory=dict)
    """Accounts by the number that is bound to them."""
    gateways: Mapping[str, RoutingGateway] = field(default_factory=dict)
    index: PrefixIndex[RoutingGateway] = field(default_factory=lambda: PrefixIndex(()))
    """Gateways that can be candidates at all, by prefix."""
    tables: Tables = field(default_factory=Tables)
    areas: Areas = field(default_factory=Areas)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    lrn: LrnTable = field(default_factory=LrnTable)
    domains: Mapping[str, DomainSpec] = field(default_factory=dict)
    """Host names that are configured (MGT-06), whether or not a gateway is given by them."""

    def is_phone(self, number: str) -> bool:
        """Say whether a phone of this platform has the number."""
        return number in self.phones

    def is_working(self, calendar: str, local: datetime) -> bool:
        """Say whether a calendar calls that local time working; one that is gone does not."""
        known = self.calendars.get(calendar)
        return known is not None and known.is_working(local)

    def number_class(self, number: str) -> NumberClass:
        """Return what kind of number the area and mobile tables make of it."""
        return self.areas.number_class(number)

    def area_code(self, number: str) -> str | None:
        """Return the code of the number's area, mobile or fixed."""
        return self.areas.area_code(number)
