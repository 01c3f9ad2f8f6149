"""Rate decks: which rate of a rate group serves a number at a moment (BIL-01).

The longest prefix with a version in force wins. A locked rate wins too, and refuses.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from ..errors import BadNumber, BadRate, RateNotFound
from ..money import Currency
from .tariff import Tariff

PREFIX: Final = re.compile(r"[0-9*#]{1,32}")
"""What rates are found by: dialled digits, without a plus sign."""


class CallLevel(IntEnum):
    """Permission level a rate demands (AUT-19)."""

    NETWORK = 1
    LOCAL = 2
    DOMESTIC = 4
    INTERNATIONAL = 5


def parse_number(text: str) -> str:
    """Return `text` as digits that can be rated, its leading plus removed; raise `BadNumber`."""
    digits = text.removeprefix("+")
    if not PREFIX.fullmatch(digits):
        raise BadNumber(f"number {text!r}: expected 1 to 32 digits, '*' or '#'")
    return digits


@dataclass(frozen=True, slots=True)
class Rate:
    """What one prefix costs from a moment on."""

    prefix: str
    tariff: Tariff
    level: CallLevel = CallLevel.INTERNATIONAL
    locked: bool = False
    """Whether the prefix is refused instead of sold."""
    valid_from: datetime | None = None
    """When this version comes into force. None: always was."""
    area: str = ""
    """Name of the destination, for people."""

    def __post_init__(self) -> None:
        if not PREFIX.fullmatch(self.prefix):
            raise BadRate(f"prefix {self.prefix!r}: expected 1 to 32 digits, '*' or '#'")

    def in_force(self, moment: datetime) -> bool:
        """Whether this version applies at `moment`, unless a later one does."""
        return self.valid_from is None or self.valid_from <= moment


class RateDeck:
    """The rates of one rate group, in memory."""

    def __init__(
        self, name: str, rates: Iterable[Rate] = (), currency: Currency | None = None
    ) -> None:
        self.name = name
        self.currency = currency
        """Currency of its prices. None: that of whoever is charged by it."""
        self._versions: dict[str, tuple[Rate, ...]] = {}  # newest first
        self._lengths: dict[int, int] = {}
        self._descending: tuple[int, ...] = ()
        for rate in rates:
            self.put(rate)

    def __len__(self) -> int:
        return len(self._versions)

    def __iter__(self) -> Iterator[Rate]:
        for versions in self._versions.values():
            yield from versions

    def versions(self, prefix: str) -> tuple[Rate, ...]:
        """Return every version of `prefix`, newest first."""
        return self._versions.get(prefix, ())

    def put(self, rate: Rate) -> None:
        """Add a version, replacing the one of the same prefix and moment."""
        present = self._versions.get(rate.prefix)
        if present is None:
            self._versions[rate.prefix] = (rate,)
            self._count(len(rate.prefix), 1)
            return
        others = (version for version in present if version.valid_from != rate.valid_from)
        self._versions[rate.prefix] = tuple(sorted((rate, *others), key=_newest_first))

    def drop(self, prefix: str) -> None:
        """Remove every version of `prefix`, if there is one."""
        if self._versions.pop(prefix, None) is not None:
            self._count(len(prefix), -1)

    def dismantle(self) -> None:
        """Give every rate back, one by one: freed at once, a million would keep a process busy."""
        while self._versions:
            self._versions.popitem()

    def find(self, number: str, moment: datetime) -> Rate:
        """Return the rate of `number` for a call that begins at `moment`.

        Raises `RateNotFound` when no version is in force or the longest prefix is locked.
        """
        for length in self._descending:
            versions = self._versions.get(number[:length])
            if versions is None or length > len(number):
                continue
            for rate in versions:
                if rate.in_force(moment):
                    return self._sold(rate, number)
        raise RateNotFound(f"rate group {self.name} has no rate for {number}")

    def _sold(self, rate: Rate, number: str) -> Rate:
        if rate.locked:
            raise RateNotFound(f"rate group {self.name} locks {rate.prefix}, which serves {number}")
        return rate

    def _count(self, length: int, change: int) -> None:
        count = self._lengths.get(length, 0) + change
        self._lengths[length] = count
        if count == abs(change) or not count:  # a length came or went
            self._descending = tuple(
                sorted((size for size, held in self._lengths.items() if held), reverse=True)
            )


def _newest_first(rate: Rate) -> float:
    return -rate.valid_from.timestamp() if rate.valid_from else float("inf")
