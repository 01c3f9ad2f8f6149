"""Booking how attempts ended: quality windows (RTE-13) and Retry-After (SIG-26)."""

from __future__ import annotations

from datetime import datetime

from ..documents.fields import OnOff
from ..model.callers import Kind
from ..quality.windows import MemoryQuality
from ..view import View
from .health import MemoryHealth
from .router import Attempt


class Outcomes:
    """Takes note of the ends of attempts for later decisions."""

    def __init__(self, health: MemoryHealth, quality: MemoryQuality, view: View) -> None:
        self._health = health
        self._quality = quality
        self._view = view

    def book(self, attempt: Attempt, now: datetime) -> None:
        """Take note of one attempt at a gateway; phones have no such record."""
        if attempt.endpoint.kind is not Kind.ROUTING_GATEWAY:
            return
        name = attempt.endpoint.name
        if attempt.retry_after is not None:
            self._health.disable(name, attempt.retry_after, now)
        if self._calculates(name) and not attempt.abandoned:
            self._quality.book(name, answered=attempt.answered, talk=attempt.talk, now=now)

    def _calculates(self, name: str) -> bool:
        """Say whether the gateway's ratio is kept: by its own field, or by the parameter."""
        gateway = self._view.snapshot.gateways.get(name)
        if gateway is None:
            return False
        wanted = gateway.spec.quality
        return (
            self._view.parameters.calculate_ratio if wanted is OnOff.DEFAULT else wanted is OnOff.ON
        )
