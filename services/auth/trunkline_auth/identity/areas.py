"""Areas of IPv4 addresses, and who may come from which (AUT-18)."""

import ipaddress
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from ..errors import InvalidAddress
from .addresses import IPAddress

_END: Final = 2**32


@dataclass(frozen=True, slots=True)
class AddressRange:
    """`count` addresses from `start` that belong to an area."""

    area: str
    start: ipaddress.IPv4Address
    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidAddress(str(self.start), f"a count of 1 at least, not {self.count}")
        if int(self.start) + self.count > _END:
            raise InvalidAddress(str(self.start), f"{self.count} go past 255.255.255.255")


@dataclass(frozen=True, slots=True)
class AreaRule:
    """From where somebody may come."""

    areas: frozenset[str]
    allowed: bool = True
    """Whether `areas` are the only ones to come from, or the only ones not to."""

    def permits(self, area: str | None) -> bool:
        """Return whether one may come from `area`; None is outside of every area."""
        return (area in self.areas) is self.allowed


class AreaMap:
    """Which area an address belongs to; of ranges that overlap, the smallest wins."""

    def __init__(self, ranges: Iterable[AddressRange] = ()) -> None:
        self._starts, self._places = array("Q"), array("I")
        places: dict[str | None, int] = {}
        for start, area in _segments(list(ranges)):
            self._starts.append(start)
            self._places.append(places.setdefault(area, len(places)))
        self._areas = list(places)

    def area_of(self, address: IPAddress) -> str | None:
        """Return the area of an address; None if it is in none, as IPv6 always is."""
        if address.version != 4:
            return None
        place = bisect_right(self._starts, int(address))
        return self._areas[self._places[place - 1]] if place else None

    def permits(self, rule: AreaRule | None, address: IPAddress) -> bool:
        """Return whether `rule` lets somebody come from `address`; no rule lets everybody."""
        return rule is None or rule.permits(self.area_of(address))


def _segments(ranges: list[AddressRange]) -> Iterable[tuple[int, str | None]]:
    """Yield where the area changes, and to which: a sweep over starts and ends."""
    coming = sorted(ranges, key=lambda each: int(each.start))
    borders = sorted(
        {b for each in ranges for b in (int(each.start), int(each.start) + each.count)}
    )
    open_: list[tuple[int, int, int, str]] = []
    place = 0
    for border in borders:
        while place < len(coming) and int(coming[place].start) <= border:
            each = coming[place]
            heappush(open_, (each.count, place, int(each.start) + each.count, each.area))
            place += 1
        while open_ and open_[0][2] <= border:
            heappop(open_)
        yield border, open_[0][3] if open_ else None
