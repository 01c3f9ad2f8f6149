"""From, To, Contact, Route and their kind: `"Name" <uri>;parameters` (RFC 3261 section 20.10)."""

from __future__ import annotations

from ._wire import NameAddr

__all__ = ["NameAddr"]
