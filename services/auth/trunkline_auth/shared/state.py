"""The state that replicas share, as one of them reaches it."""

from ..admission.doors import SharedState
from ..memory import (
    MemoryBlackList,
    MemoryCallerSeats,
    MemoryFailures,
    MemoryNonceCounts,
    MemorySessions,
    MemoryWindows,
)
from ..state import AuthState
from .bindings import RedisBindings
from .connection import SharedStore
from .failures import RedisFailures
from .lists import RedisBlackList, RedisCallerSeats, RedisWindows
from .sessions import RedisNonceCounts, RedisSessions


def state_in_redis(store: SharedStore) -> AuthState:
    """Return state that any number of replicas share; each goes on alone while Redis is away."""
    return AuthState(
        SharedState(
            RedisSessions(store, MemorySessions()),
            RedisNonceCounts(store, MemoryNonceCounts()),
            RedisFailures(store, MemoryFailures()),
            RedisBindings(store),
        ),
        RedisBlackList(store, MemoryBlackList()),
        RedisWindows(store, MemoryWindows()),
        RedisCallerSeats(store, MemoryCallerSeats()),
    )
