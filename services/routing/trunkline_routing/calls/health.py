"""What keeps gateways out for the moment, or lets them take less (SIG-14, SIG-16, SIG-26)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

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


class Condition(NamedTuple):
    """What keeps a gateway out for the moment, or lets it take less."""

    disabled_until: datetime | None = None
    """Until when a Retry-After keeps it out (SIG-26)."""
    reachable: bool | None = None
    """Whether probes or registrations reach it from anywhere; None: nobody speaks of it."""
    published: int | None = None
    """How many calls it said last that it can take (SIG-14)."""

    def is_out_of_reach(self, *, presumed: bool) -> bool:
        """Say whether no call gets there; `presumed` is whether one does while nobody knows."""
        return not (presumed if self.reachable is None else self.reachable)


UNKNOWN: Final = Condition()
PERFECT: Final = Condition(reachable=True)


class _Kept(NamedTuple):
    """A condition and from when until when it holds, if nothing new is heard."""

    since: datetime
    until: datetime
    condition: Condition


class MemoryHealth:
    """Retry-After and reports by gateway, in this process."""

    def __init__(self) -> None:
        self._disabled: dict[str, datetime] = {}
        self._reports: dict[str, tuple[datetime, tuple[GatewayReport, ...]]] = {}
        self._known: dict[str, list[tuple[datetime, GatewayReport]]] = {}
        self._kept: dict[str, _Kept] = {}

    def condition(self, gateway: str, now: datetime) -> Condition:
        """Return what is known of a gateway. Every candidate of every call asks."""
        if gateway not in self._known and gateway not in self._disabled:
            return UNKNOWN
        kept = self._kept.get(gateway)
        if kept is None or not kept.since <= now < kept.until:
            kept = self._kept[gateway] = self._look(gateway, now)
        return kept.condition

    def disable(self, gateway: str, retry_after: timedelta, now: datetime) -> None:
        """Leave the gateway out for `retry_after`, at most an hour."""
        if retry_after > _NOTHING:
            self._disable_until(gateway, now + min(retry_after, LONGEST_RETRY_AFTER))

    def report(self, instance: str, reports: Iterable[GatewayReport], now: datetime) -> None:
        """Take all that an instance knows, in place of what it knew before."""
        self._reports[instance] = (now, tuple(reports))
        self._sort_out()

    def _disable_until(self, gateway: str, until: datetime) -> None:
        self._disabled[gateway] = until
        self._kept.pop(gateway, None)

    def _look(self, gateway: str, now: datetime) -> _Kept:
        fresh = [(at, one) for at, one in self._known.get(gateway, ()) if now - at < REPORTED]
        ends = [at + REPORTED for at, _ in fresh]
        until = self._disabled.get(gateway)
        if until is not None and now < until:
            ends.append(until)
        else:
            until = None
        reached = [one.reachable for _, one in fresh if one.reachable is not None]
        said = [one for _, one in fresh if one.publish_time is not None]
        published = max(said, key=_publish_time).published if said else None
        condition = Condition(until, any(reached) if reached else None, published)
        return _Kept(now, min(ends, default=now + REPORTED), condition)

    def _sort_out(self) -> None:
        """Sort what all instances know by gateway."""
        self._known = {}
        self._kept = {}
        for at, reports in self._reports.values():
            for report in reports:
                self._known.setdefault(report.name, []).append((at, report))


def _publish_time(report: GatewayReport) -> float:
    assert report.publish_time is not None
    return report.publish_time


class PerfectHealth(MemoryHealth):
    """Of a switch that is only thought of: nothing keeps a gateway out."""

    def condition(self, gateway: str, now: datetime) -> Condition:
        """Say that it can be reached."""
        return PERFECT
