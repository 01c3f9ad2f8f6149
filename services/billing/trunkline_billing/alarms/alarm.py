"""Conditions that somebody must know of, and the alarms they raise (MGT-13). Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Final


class Level(IntEnum):
    """How bad it is."""

    GENERAL = 0
    MINOR = 1
    MAJOR = 2
    URGENT = 3


class AlarmType(StrEnum):
    """What is watched."""

    ACCOUNT_BALANCE = "account balance"
    SPENDING = "spending"
    GATEWAY_ASR = "gateway ASR"
    GATEWAY_ACD = "gateway ACD"
    LONG_CALL = "long call"
    PENDING_CDRS = "pending CDRs"
    DATABASE = "database"
    RECONCILIATION = "reconciliation"
    GATEWAY_UNREACHABLE = "gateway unreachable"
    NOT_REGISTERED = "not registered"
    DOMAIN_UNRESOLVED = "domain unresolved"
    LOGIN_DISABLED = "login disabled"


REPORTED: Final = {
    AlarmType.GATEWAY_UNREACHABLE: Level.MAJOR,
    AlarmType.NOT_REGISTERED: Level.MAJOR,
    AlarmType.DOMAIN_UNRESOLVED: Level.MAJOR,
    AlarmType.LOGIN_DISABLED: Level.MINOR,
}
"""What other services watch, and how bad it is."""


Key = tuple[AlarmType, str]
"""What an alarm is of: raised once while the condition holds."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is out of its limits now."""

    type: AlarmType
    subject: str
    """Account, gateway, call, output, or peer."""
    level: Level
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    evidence: str = ""
    patience: int = 1
    """Looks in a row that must find it before it is an alarm."""

    @property
    def key(self) -> Key:
        """What the alarm is of."""
        return self.type, self.subject


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition with its history."""

    id: int
    condition: Condition
    start: datetime
    stop: datetime | None = None
    """When it was over. None: it holds."""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlarmChanges:
    """What one look changes."""

    raised: tuple[Condition, ...] = ()
    cleared: tuple[Alarm, ...] = ()


class Board:
    """Compares what is found with what is known."""

    def __init__(self) -> None:
        self._streaks: Counter[Key] = Counter()

    def look(
        self,
        found: Iterable[Condition],
        current: Mapping[Key, Alarm],
        watched: Collection[AlarmType],
    ) -> AlarmChanges:
        """Return the alarms to raise and to clear; of types not `watched` nothing is known."""
        conditions = {one.key: one for one in found}
        self._streaks = Counter({key: self._streaks[key] + 1 for key in conditions})
        raised = (
            one
            for key, one in conditions.items()
            if key not in current and self._streaks[key] >= one.patience
        )
        cleared = (
            alarm for key, alarm in current.items() if key[0] in watched and key not in conditions
        )
        return AlarmChanges(tuple(raised), tuple(cleared))
