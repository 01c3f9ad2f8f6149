"""Booking how attempts ended: Retry-After keeps a gateway out for a while (SIG-26)."""

from __future__ import annotations

from datetime import datetime

from ..model.callers import Kind
from .health import MemoryHealth
from .router import Attempt


class Outcomes:
    """Takes note of the ends of attempts for later decisions."""

    def __init__(self, health: MemoryHealth) -> None:
        self._health = health

    def book(self, attempt: Attempt, now: datetime) -> None:
        """Take note of one attempt at a gateway; phones have no such record."""
        if attempt.endpoint.kind is not Kind.ROUTING_GATEWAY:
            return
        if attempt.retry_after is not None:
            self._health.disable(attempt.endpoint.name, attempt.retry_after, now)
