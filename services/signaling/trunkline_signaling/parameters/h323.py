"""Waits of H.323: stored for compatibility, without effect (SIG-28)."""

from __future__ import annotations

from typing import Final

from .spans import wait

_STORED: Final = "Stored for compatibility; H.323 gateways are not routable (SIG-28)."
PARAMETERS: Final = (
    wait("SS_H323_TIMEOUT_SETUP", 10, 600, _STORED, "h323"),
    wait("SS_H323_TIMEOUT_CALLPROCEEDING", 20, 600, _STORED, "h323"),
    wait("SS_H323_TIMEOUT_CALLPROCEEDING_OLC", 60, 600, _STORED, "h323"),
    wait("SS_H323_TIMEOUT_ALERTING", 120, 600, _STORED, "h323"),
)
