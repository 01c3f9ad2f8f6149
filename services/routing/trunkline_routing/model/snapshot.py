"""All configuration at one moment, compiled. A change makes a new one; calls keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..documents.checks import NumberClass
from ..numbers.pipeline import Tables
from .callers import Caller, Endpoint, Phone
from .gateways import RoutingGateway
from .prefixes import PrefixIndex


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
