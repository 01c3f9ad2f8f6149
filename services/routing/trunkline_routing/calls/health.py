"""Gateways that asked to be left alone for a while (SIG-26)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

LONGEST_RETRY_AFTER: Final = timedelta(hours=1)
_NOTHING: Final = timedelta(0)


class MemoryHealth:
    """Retry-After by gateway, in this process."""

    def __init__(self) -> None:
        self._disabled: dict[str, datetime] = {}

    def disabled_until(self, gateway: str, now: datetime) -> datetime | None:
        """Return until when the gateway is out, or nothing."""
        until = self._disabled.get(gateway)
        return until if until is not None and now < until else None

    def disable(self, gateway: str, retry_after: timedelta, now: datetime) -> None:
        """Leave the gateway out for `retry_after`, at most an hour."""
        if retry_after > _NOTHING:
            self._disabled[gateway] = now + min(retry_after, LONGEST_RETRY_AFTER)
