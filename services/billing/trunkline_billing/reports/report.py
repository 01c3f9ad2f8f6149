"""What a report is made of (BIL-16, MGT-11): its dimensions and its rows. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final

from ..cdrs.cdr import NOTHING
from ..money import ZERO, Currency


class Dimension(IntEnum):
    """What a report groups by. The numbers are those on the wire."""

    HOUR = 1
    DAY = 2
    MONTH = 3
    ACCOUNT = 4
    CLEARING_ACCOUNT = 5
    CALLER = 6
    VENDOR = 7
    PREFIX = 8
    CALL_END_REASON = 9
    DURATION = 10


DURATION_CLASSES: Final = (
    (0, "0"),
    (10, "1-10"),
    (30, "11-30"),
    (60, "31-60"),
    (180, "61-180"),
    (600, "181-600"),
)
"""Most seconds of talk and the class's name, in order (MGT-11)."""
LONGEST_CLASS: Final = ">600"


@dataclass(slots=True)
class Row:
    """One group: of calls, or of attempts where vendors are told apart.

    A call's time and money count on its last attempt.
    """

    keys: tuple[str, ...]
    charge_currency: Currency | None
    cost_currency: Currency | None
    calls: int = 0
    answered: int = 0
    hold_time: timedelta = NOTHING
    charged_time: timedelta = NOTHING
    charge: Decimal = ZERO
    cost: Decimal = ZERO
    delays: int = 0
    """How many post-dial delays are known."""
    delay: timedelta = NOTHING
    """Their sum."""
    by_level: defaultdict[int, timedelta] = field(default_factory=lambda: defaultdict(timedelta))

    @property
    def post_dial_delay(self) -> timedelta | None:
        """Mean of the delays that are known."""
        return self.delay / self.delays if self.delays else None
