"""What must be one for all replicas: in memory for one of them, in Redis for several (0.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from .calls.health import MemoryHealth
from .calls.router import Rotation
from .capacity.memory import MemorySeats
from .capacity.rotation import MemoryRotation
from .capacity.seats import Seats
from .quality.windows import MemoryQuality
from .shared.connection import SharedStore
from .shared.health import SharedHealth
from .shared.quality import SharedQuality
from .shared.seats import RedisSeats
from .shared.turns import RedisRotation


@dataclass(frozen=True, slots=True)
class RoutingState:
    """The state of decisions, wherever it is kept."""

    seats: Seats
    health: MemoryHealth
    quality: MemoryQuality
    rotation: Rotation
    exchange: Callable[[datetime], Awaitable[None]]
    """To be called every second: tells other replicas and hears of them."""


def state_in_memory() -> RoutingState:
    """Return the state of a replica that is alone."""
    return RoutingState(MemorySeats(), MemoryHealth(), MemoryQuality(), MemoryRotation(), _alone)


def state_in_redis(store: SharedStore) -> RoutingState:
    """Return the state that all replicas on `store` share."""
    health, quality = SharedHealth(store), SharedQuality(store)

    async def exchange(now: datetime) -> None:
        await health.exchange(now)
        await quality.exchange(now)

    return RoutingState(RedisSeats(store), health, quality, RedisRotation(store), exchange)


async def _alone(now: datetime) -> None:
    """There is nobody to tell."""
