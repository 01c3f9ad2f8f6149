"""Looks every few seconds whether something is wrong, and keeps the alarms (MGT-13)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ..accounts.account import Accounts
from ..store.alarms import AlarmStore
from ..store.readings import Readings
from .alarm import REPORTED, Alarm, AlarmChanges, AlarmType, Board, Condition, Key, Level
from .rules import (
    AlarmRule,
    answer_ratios,
    balances,
    long_calls,
    of_type,
    pending,
    spending,
)
from .traffic import TrafficCounter

AWAY: Final = (SQLAlchemyError, OSError, TimeoutError)

log = structlog.stdlib.get_logger(__name__)


class Monitor(Protocol):
    """What this replica notices of its own work, and where alarms are shown."""

    traffic: TrafficCounter
    queues: dict[str, int]
    """CDRs that outputs owe."""
    failing: bool
    """Whether the last group commit failed."""

    def alarmed(self, conditions: Iterable[Condition]) -> None:
        """Show the alarms that hold."""


class Source(Protocol):
    """Somebody else who knows what is wrong."""

    @property
    def types(self) -> Collection[AlarmType]:
        """Return what it watches now; of other types nothing is known."""

    async def conditions(self) -> Iterable[Condition]:
        """Return what is wrong now."""


class Watchman:
    """Compares readings with rules and writes what changed."""

    def __init__(
        self,
        store: AlarmStore,
        readings: Readings,
        rules: Callable[[], Iterable[AlarmRule]],
        accounts: Accounts,
        monitor: Monitor,
        clock: Callable[[], datetime],
        tell: Callable[[], bool],
        sources: Collection[Source] = (),
    ) -> None:
        """`tell` says whether alarms are told to the outside too."""
        self._store = store
        self._readings = readings
        self._rules = rules
        self._accounts = accounts
        self._monitor = monitor
        self._clock = clock
        self._tell = tell
        self._sources = sources
        self._board = Board()
        self._away_since: datetime | None = None

    async def look(self) -> int:
        """Look once; return 0: there is nothing more to do now."""
        now = self._clock()
        try:
            await self._count_traffic(now)
            async with self._store.turn() as ours:
                current = await self._store.current()
                holding = await self._compare(current, now) if ours else _conditions(current)
            await self._remember_outage(now)
        except AWAY as error:
            self._away_since = self._away_since or now
            self._monitor.alarmed([_database(str(error))])
            raise
        self._monitor.alarmed(holding)
        return 0

    async def _compare(self, current: Mapping[Key, Alarm], now: datetime) -> list[Condition]:
        """Write what changed; return what holds now."""
        found = await self._found(now)
        watched = {*AlarmType} - {AlarmType.RECONCILIATION} - REPORTED.keys()
        watched |= {type for source in self._sources for type in source.types}
        changes = self._board.look(found, current, watched)
        if changes.raised or changes.cleared:
            await self._store.change(changes, now, tell=self._tell())
        _log(changes)
        gone = {alarm.condition.key for alarm in changes.cleared}
        return [*(one for one in _conditions(current) if one.key not in gone), *changes.raised]

    async def _remember_outage(self, now: datetime) -> None:
        """Write the alarm of a database that was away while it was."""
        if self._away_since is None:
            return
        condition = _database("could not be read or written")
        await self._store.record(condition, self._away_since, now, tell=self._tell())
        self._away_since = None

    async def _found(self, now: datetime) -> list[Condition]:
        rules = list(self._rules())
        accounts = self._accounts.by_name
        purses = await self._readings.purses()
        found = [
            *balances(of_type(rules, AlarmType.ACCOUNT_BALANCE), accounts, purses),
            *spending(accounts, purses, now),
            *pending(of_type(rules, AlarmType.PENDING_CDRS), self._monitor.queues),
            *await self._ratios(rules, now),
        ]
        if long := of_type(rules, AlarmType.LONG_CALL):
            found += long_calls(long, await self._readings.calls(now))
        if self._monitor.failing:
            found.append(_database("the last group commit failed"))
        for source in self._sources:
            found += await source.conditions()
        return found

    async def _count_traffic(self, now: datetime) -> None:
        taken = self._monitor.traffic.take()
        try:
            await self._readings.add(taken, now)
        except AWAY:
            self._monitor.traffic.put_back(taken)
            raise

    async def _ratios(self, rules: Iterable[AlarmRule], now: datetime) -> list[Condition]:
        mine = of_type(rules, AlarmType.GATEWAY_ASR, AlarmType.GATEWAY_ACD)
        if not mine:
            return []
        traffic = await self._readings.traffic((rule.window for rule in mine), now)
        return list(answer_ratios(mine, traffic))


def _conditions(alarms: Mapping[Key, Alarm]) -> list[Condition]:
    return [alarm.condition for alarm in alarms.values()]


def _log(changes: AlarmChanges) -> None:
    for condition in changes.raised:
        log.warning(
            "alarm",
            type=condition.type,
            subject=condition.subject,
            severity=condition.level.name.lower(),
            evidence=condition.evidence,
        )
    for alarm in changes.cleared:
        log.info("alarm_over", type=alarm.condition.type, subject=alarm.condition.subject)


def _database(evidence: str) -> Condition:
    return Condition(
        AlarmType.DATABASE, "ledger", Level.URGENT, Decimal(1), evidence=evidence[:500]
    )
