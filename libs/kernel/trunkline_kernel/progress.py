"""How far long work is, for whoever waits for it."""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What a file goes through on its way into a table."""

    READ = "read"
    CHECKED = "checked"
    STORED = "stored"


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows that a stage has behind it."""

    stage: Stage
    done: int
    total: int
