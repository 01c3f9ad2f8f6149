"""What a decision looks at: configuration, prices, lists, seats, health, quality."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from .calls.health import Condition
from .capacity.seats import Seats
from .documents.checks import NumberClass
from .lists.replicated import NumberLists
from .lrn.answers import Answers
from .model.snapshot import Snapshot
from .parameters import Parameters
from .quality.windows import Ratios
from .rates.book import RateBook


class Health(Protocol):
    """Which gateways can't be used for the moment, whatever configuration says."""

    def condition(self, gateway: str, now: datetime) -> Condition:
        """Return what is known of it (SIG-02, SIG-14, SIG-16, SIG-26)."""


class Quality(Protocol):
    """How gateways did lately (RTE-13)."""

    def answer_ratio(self, gateway: str, now: datetime) -> int | None:
        """Return answers in whole percent of attempts, or nothing without attempts."""

    def ratios(self, name: str, now: datetime) -> Ratios:
        """Return everything the window holds."""


class Portability(Protocol):
    """Which routing numbers numbers have (RTE-23)."""

    async def look_up(self, caller: str, callee: str, eaten: int) -> Answers:
        """Return what is known of both numbers behind their first `eaten` digits."""

    def known(self, caller: str, callee: str, eaten: int) -> Answers:
        """Return what is known without asking anybody."""


@dataclass(slots=True)
class View:
    """The parts that change, each replaced as a whole."""

    seats: Seats
    health: Health
    quality: Quality
    snapshot: Snapshot = field(default_factory=Snapshot)
    rates: RateBook = field(default_factory=RateBook)
    parameters: Parameters = field(default_factory=Parameters)
    lists: NumberLists = field(default_factory=NumberLists)
    zone: tzinfo = UTC
    """The platform's time zone, which period control goes by."""

    def is_phone(self, number: str) -> bool:
        """Say whether a phone of this platform has the number."""
        return self.snapshot.is_phone(number)

    def number_class(self, number: str) -> NumberClass:
        """Return what kind of number the area and mobile tables make of it."""
        return self.snapshot.number_class(number)

    def area_code(self, number: str) -> str | None:
        """Return the code of the area it belongs to, fixed or mobile."""
        return self.snapshot.area_code(number)

    def is_listed(self, number_list: str, number: str) -> bool:
        """Say whether a list group holds the number (AUT-14)."""
        return self.lists.is_listed(number_list, number)

    def is_white(self, number: str) -> bool:
        """Say whether the system white list holds the number (AUT-15)."""
        return self.lists.is_white(number)
