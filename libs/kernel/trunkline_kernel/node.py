"""What a service says of the process that runs it (MGT-07)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """One instance of a service."""

    name: str
    """No two alike."""
    version: str
    """Of the service that runs there."""
    start_time: float
    """UNIX seconds."""
