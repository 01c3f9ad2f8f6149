"""How much a source may send before anything is read of it: a token bucket for each.

No I/O and no clock. A source is an IPv4 address or an IPv6 /64, which is what one subscriber has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeVar

MOST: Final = 65_536
"""Sources remembered; the one that was quiet for longest is forgotten first."""
KNOWN_FOR: Final = 3600.0
"""Seconds for which a source stays known."""

Network = IPv4Network | IPv6Network
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rate:
    """What a bucket holds and how it fills."""

    per_second: float
    burst: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    time: float

    def take(self, rate: Rate, now: float) -> bool:
        """Take a token, after those that came since the last look; False when there is none."""
        tokens = min(self.tokens + (now - self.time) * rate.per_second, rate.burst)
        admitted = tokens >= 1
        self.tokens = tokens - admitted
        self.time = now
        return admitted


class SourceLimits:
    """Judges messages and new connections by their source's address.

    Strangers have one rate, sources that have proved themselves another; None is no limit.
    """

    def __init__(
        self, strangers: Rate | None, known: Rate | None, trusted: Sequence[Network] = ()
    ) -> None:
        """Sources in `trusted` are known without proof."""
        self._strangers = strangers
        self._known = known
        self._buckets: dict[str, _Bucket] = {}
        self._known_until: dict[str, float] = {}
        self._is_trusted = _membership(trusted)

    def know(self, ip: str, now: float) -> None:
        """Note that a source is no stranger: auth let it in, or we called it."""
        source = source_of(ip)
        self._known_until.pop(source, None)
        self._known_until[source] = now + KNOWN_FOR
        _forget_oldest(self._known_until)

    def knows(self, ip: str, now: float) -> bool:
        """Tell whether a source is no stranger."""
        return now < self._known_until.get(source_of(ip), 0.0) or self._is_trusted(ip)

    def admits(self, ip: str, now: float) -> bool:
        """Take a token from the source's bucket; False when there is none."""
        rate = self._known if self.knows(ip, now) else self._strangers
        if rate is None:
            return True
        source = source_of(ip)
        bucket = self._buckets.pop(source, None) or _Bucket(rate.burst, now)
        self._buckets[source] = bucket
        _forget_oldest(self._buckets)
        return bucket.take(rate, now)


@lru_cache(maxsize=MOST)
def source_of(ip: str) -> str:
    """Return what is counted as one source."""
    if ":" not in ip:
        return ip
    return str(IPv6Address(int(IPv6Address(ip.partition("%")[0])) >> 64 << 64))


def _membership(networks: Sequence[Network]) -> Callable[[str], bool]:
    if not networks:
        return lambda ip: False

    @lru_cache(maxsize=MOST)
    def is_in(ip: str) -> bool:
        address = ip_address(ip)
        return any(address in network for network in networks)

    return is_in


def _forget_oldest(remembered: dict[str, T]) -> None:
    if len(remembered) > MOST:
        del remembered[next(iter(remembered))]
