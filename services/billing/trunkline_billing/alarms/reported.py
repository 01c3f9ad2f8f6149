"""What other services report of what they watch (MGT-13). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from .alarm import REPORTED, AlarmType, Condition, Key


@dataclass(frozen=True, slots=True)
class Report:
    """What one reporter says of one thing."""

    type: AlarmType
    subject: str
    holds: bool
    """Whether it is wrong."""
    evidence: str = ""

    @property
    def key(self) -> Key:
        """What it is said of."""
        return self.type, self.subject


def agreed(reports: Iterable[Report]) -> list[Condition]:
    """Return what somebody says is wrong and nobody says is right: any success wins (0.6)."""
    reports = list(reports)
    right = {one.key for one in reports if not one.holds}
    wrong = {one.key: one for one in reports if one.holds and one.key not in right}
    return [
        Condition(one.type, one.subject, REPORTED[one.type], evidence=one.evidence)
        for one in wrong.values()
    ]
