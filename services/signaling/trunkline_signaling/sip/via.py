"""The Via header field (RFC 3261 section 20.42, RFC 3581)."""

from __future__ import annotations

from typing import Final

from ._wire import Via

__all__ = ["BRANCH_MAGIC", "Via"]

BRANCH_MAGIC: Final = "z9hG4bK"
"""What begins every branch made after RFC 3261 section 8.1.1.7."""
