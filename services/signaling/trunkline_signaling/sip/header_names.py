"""Names of header fields: one spelling for each, whatever case or compact form came in."""

from __future__ import annotations

from ._wire import canonical

__all__ = ["canonical"]
