"""The shared state of admission and lists in Redis: one for any number of replicas (spec 0.6).

While Redis is away each replica goes on with its own memory: authentication and lists fail open.
"""

from .connection import SharedStore, open_store
from .state import state_in_redis

__all__ = ["SharedStore", "open_store", "state_in_redis"]
