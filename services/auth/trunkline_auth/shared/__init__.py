"""The shared state of admission and lists in Redis: one for any number of replicas (spec 0.6).

While Redis is away each replica goes on with its own memory: authentication and lists fail open.
"""

from .bindings import RedisBindings
from .connection import SharedStore, open_store
from .failures import RedisFailures
from .lists import RedisBlackList, RedisCallerSeats, RedisWindows
from .sessions import RedisNonceCounts, RedisSessions

__all__ = [
    "RedisBindings",
    "RedisBlackList",
    "RedisCallerSeats",
    "RedisFailures",
    "RedisNonceCounts",
    "RedisSessions",
    "RedisWindows",
    "SharedStore",
    "open_store",
]
