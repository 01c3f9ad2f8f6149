"""What keeps gateways out for the moment, or lets them take less (SIG-14, SIG-16, SIG-26)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LONGEST_RETRY_AFTER: Final = timedelta(hours=1)

REPORTED: Final = timedelta(seconds=30)
"""How long a report of a signaling instance holds."""

_NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """What a signaling instance knows about one gateway; nothing is not known."""

    name: str
    reachable: bool | None = None
    published: int | None = None
    """Calls at once it said it can take."""
    publish_time: float | None = None
    """When it said so last, UNIX seconds; with nothing published it took that back."""


class MemoryHealth:
    """Retry-After and reports by gateway, in this process."""

    def __init__(self) -> None:
        self._disabled: dict[str, datetime] = {}
        self._reports: dict[str, tuple[datetime, tuple[GatewayReport, ...]]] = {}
        self._known: dict[str, list[tuple[datetime, GatewayReport]]] = {}

    def disabled_until(self, gateway: str, now: datetime) -> datetime | None:
        """Return until when a Retry-After keeps the gateway out, or nothing."""
        until = self._disabled.get(gateway)
        return until if until is not None and now < until else None

    def disable(self, gateway: str, retry_after: timedelta, now: datetime) -> None:
        """Leave the gateway out for `retry_after`, at most an hour."""
        if retry_after > _NOTHING:
            self._disabled[gateway] = now + min(retry_after, LONGEST_RETRY_AFTER)

    def report(self, instance: str, reports: Iterable[GatewayReport], now: datetime) -> None:
        """Take all that an instance knows, in place of what it knew before."""
        self._reports[instance] = (now, tuple(reports))
        self._sort_out()

    def unreachable(self, gateway: str, now: datetime, *, presumed: bool = True) -> bool:
        """Say whether somebody can't reach the gateway and nobody can.

        `presumed` is whether one that nobody speaks of can be reached.
        """
        known = [each.reachable for each in self._fresh(gateway, now)]
        if True in known:
            return False
        return False in known or not presumed

    def published(self, gateway: str, now: datetime) -> int | None:
        """Return how many calls the gateway said last that it can take, or nothing."""
        said = [each for each in self._fresh(gateway, now) if each.publish_time is not None]
        return max(said, key=_publish_time).published if said else None

    def _fresh(self, gateway: str, now: datetime) -> list[GatewayReport]:
        known = self._known.get(gateway, ())
        return [report for at, report in known if now - at < REPORTED]

    def _sort_out(self) -> None:
        """Sort what all instances know by gateway."""
        self._known = {}
        for at, reports in self._reports.values():
            for report in reports:
                self._known.setdefault(report.name, []).append((at, report))


def _publish_time(report: GatewayReport) -> float:
    assert report.publish_time is not None
    return report.publish_time


class PerfectHealth(MemoryHealth):
    """Of a switch that is only thought of: nothing keeps a gateway out."""

    def unreachable(self, gateway: str, now: datetime, *, presumed: bool = True) -> bool:
        """Say no."""
        return False
