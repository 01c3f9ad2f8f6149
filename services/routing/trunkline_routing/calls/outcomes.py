"""Booking how attempts ended: quality windows (RTE-13) and Retry-After (SIG-26)."""

from __future__ import annotations

from datetime import datetime

from ..documents.fields import OnOff
from ..model.callers import Caller, Kind
from ..quality.windows import MemoryQuality
from ..view import View
from .decision import Attempt
from .health import MemoryHealth


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

    def book_call(self, caller: Caller, last: Attempt, now: datetime) -> None:
        """Take note of a call's end for the caller's side, whose ratio is shown only."""
        if self._wanted(caller.quality) and not last.abandoned:
            name = str(caller.endpoint)
            self._quality.book(name, answered=last.answered, talk=last.talk, now=now)

    def _calculates(self, name: str) -> bool:
        """Say whether the gateway's ratio is kept: by its own field, or by the parameter."""
        gateway = self._view.snapshot.gateways.get(name)
        return gateway is not None and self._wanted(gateway.spec.quality)

    def _wanted(self, quality: OnOff) -> bool:
        if quality is OnOff.DEFAULT:
            return self._view.parameters.calculate_ratio
        return quality is OnOff.ON
