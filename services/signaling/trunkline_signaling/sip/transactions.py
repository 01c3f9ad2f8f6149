"""The transaction machines (RFC 3261 section 17, RFC 6026), as their users see them.

What rules them stands in `wire/crates/sip/src/transactions/tables.rs`.
"""

from __future__ import annotations

from ._wire import ClientTransaction, ServerTransaction, State

__all__ = ["ClientTransaction", "ServerTransaction", "State"]
