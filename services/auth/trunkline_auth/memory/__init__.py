"""The shared state of admission in one process's memory: right for one replica."""

from .bindings import Journal, MemoryBindings, NoJournal
from .failures import MemoryFailures
from .sessions import MemoryNonceCounts, MemorySessions

__all__ = [
    "Journal",
    "MemoryBindings",
    "MemoryFailures",
    "MemoryNonceCounts",
    "MemorySessions",
    "NoJournal",
]
