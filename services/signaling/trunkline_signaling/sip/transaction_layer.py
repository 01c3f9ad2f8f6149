"""Sends requests, matches responses, absorbs copies (RFC 3261 sections 8, 9, 17 and 18).

Everything a call leads to is queued: after each call take the outputs with `drain`, and call
`on_timer` when `next_deadline` comes. Times are seconds on any clock that never goes back.
"""

from __future__ import annotations

from ._wire import Counters, TransactionLayer

__all__ = ["Counters", "TransactionLayer"]
