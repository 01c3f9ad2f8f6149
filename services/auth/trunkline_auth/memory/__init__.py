"""The shared state of admission in one process's memory: right for one replica."""

from .bindings import Journal, MemoryBindings, NoJournal
from .failures import MemoryFailures
from .lists import MemoryBlackList, MemoryCallerSeats, MemoryWindows
from .sessions import MemoryNonceCounts, MemorySessions

__all__ = [
    "Journal",
    "MemoryBindings",
    "MemoryBlackList",
    "MemoryCallerSeats",
    "MemoryFailures",
    "MemoryNonceCounts",
    "MemorySessions",
    "MemoryWindows",
    "NoJournal",
]
