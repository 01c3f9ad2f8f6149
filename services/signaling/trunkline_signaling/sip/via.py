"""The Via header field (RFC 3261 section 20.42, RFC 3581)."""

from __future__ import annotations

from ._wire import Via

__all__ = ["Via"]
