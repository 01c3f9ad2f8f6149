"""What must be one for the whole cluster (spec 0.6): here in this process, in `shared` in Redis."""

from collections.abc import Iterable
from dataclasses import dataclass

from .admission.doors import SharedState
from .lists import BlackList, CallerSeats, Windows
from .memory import (
    Journal,
    MemoryBindings,
    MemoryBlackList,
    MemoryCallerSeats,
    MemoryFailures,
    MemoryNonceCounts,
    MemorySessions,
    MemoryWindows,
)
from .registrations import Binding


@dataclass(frozen=True, slots=True)
class AuthState:
    """All of it, as one replica reaches it."""

    doors: SharedState
    black_list: BlackList
    windows: Windows
    seats: CallerSeats


def state_in_memory(journal: Journal, restored: Iterable[Binding] = ()) -> AuthState:
    """Return state for a single replica; `journal` hears of bindings, `restored` live already."""
    return AuthState(
        SharedState(
            MemorySessions(),
            MemoryNonceCounts(),
            MemoryFailures(),
            MemoryBindings(journal, restored),
        ),
        MemoryBlackList(),
        MemoryWindows(),
        MemoryCallerSeats(),
    )
