"""What a decision looks at: configuration, prices, seats, health, quality, all as of one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from .capacity.seats import Seats
from .model.snapshot import Snapshot
from .parameters import Parameters
from .quality.windows import Ratios
from .rates.book import RateBook


class Health(Protocol):
    """Which gateways can't be used for the moment, whatever configuration says."""

    def disabled_until(self, gateway: str, now: datetime) -> datetime | None:
        """Return until when a Retry-After keeps the gateway out (SIG-26), or nothing."""


class Quality(Protocol):
    """How gateways did lately (RTE-13)."""

    def answer_ratio(self, gateway: str, now: datetime) -> int | None:
        """Return answers in whole percent of attempts, or nothing without attempts."""

    def ratios(self, name: str, now: datetime) -> Ratios:
        """Return everything the window holds."""


@dataclass(slots=True)
class View:
    """The parts that change, each replaced as a whole."""

    seats: Seats
    health: Health
    quality: Quality
    snapshot: Snapshot = field(default_factory=Snapshot)
    rates: RateBook = field(default_factory=RateBook)
    parameters: Parameters = field(default_factory=Parameters)
    zone: tzinfo = UTC
    """The platform's time zone, which period control goes by."""
