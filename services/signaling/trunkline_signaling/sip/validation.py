"""What every element checks before it acts on a message (RFC 3261 sections 8.1.1, 8.2 and 16.3)."""

from __future__ import annotations

from ._wire import check_request, check_response

__all__ = ["check_request", "check_response"]
